package change

import "fmt"

// MaxRisk is the highest score there is.
const MaxRisk = 100

// The levels of risk.
const (
	RiskLow    = "low"
	RiskMedium = "medium"
	RiskHigh   = "high"
)

// Weights are the points of the calculator. What is left out has the default of DefaultWeights.
type Weights struct {
	// CriticalService, HighService and MediumService count once, for the most critical service that is touched.
	CriticalService *int `json:"critical_service,omitempty"`
	HighService     *int `json:"high_service,omitempty"`
	MediumService   *int `json:"medium_service,omitempty"`
	// SomeItems count from 2 configuration items on, ManyItems from 10 on.
	SomeItems *int `json:"some_items,omitempty"`
	ManyItems *int `json:"many_items,omitempty"`
	// FailureRecord counts where one in five or more of the model's or the team's last changes failed.
	FailureRecord *int `json:"failure_record,omitempty"`
	// InFreeze counts where the window lies in a freeze, InBusinessHours where the service's hours of support are touched.
	InFreeze        *int `json:"in_freeze,omitempty"`
	InBusinessHours *int `json:"in_business_hours,omitempty"`
	// UntestedBackOut counts where nobody says that the way back was tested.
	UntestedBackOut *int `json:"untested_back_out,omitempty"`
	// Medium and High are the scores from which on a change is of that level.
	Medium *int `json:"medium,omitempty"`
	High   *int `json:"high,omitempty"`
}

// points is one weight, or its default.
func points(weight *int, otherwise int) int {
	if weight == nil {
		return otherwise
	}
	return *weight
}

// Measured is what the calculator looks at.
type Measured struct {
	// Services counts the services that are touched, directly or by what depends on the items, by criticality.
	CriticalServices int `json:"critical_services,omitempty"`
	HighServices     int `json:"high_services,omitempty"`
	MediumServices   int `json:"medium_services,omitempty"`
	// Items counts the configuration items that it names.
	Items int `json:"items,omitempty"`
	// Failed and Ended count the last changes of its model or team, whichever failed more often.
	Failed int `json:"failed,omitempty"`
	Ended  int `json:"ended,omitempty"`
	// WhoseRecord says whose they are: "model restart-web", "team network".
	WhoseRecord     string `json:"whose_record,omitempty"`
	InFreeze        bool   `json:"in_freeze,omitempty"`
	InBusinessHours bool   `json:"in_business_hours,omitempty"`
	// BackOutTested: the question tested_back_out was answered with yes.
	BackOutTested bool `json:"back_out_tested,omitempty"`
}

// With is the same with what the answers say of it.
func (m Measured) With(answers map[string]string) Measured {
	m.BackOutTested = sameAnswer(answers[AnswerBackOutTested], "yes")
	return m
}

// OrRecord is the same with another record of failures, where that has the greater share of them.
func (m Measured) OrRecord(failed, ended int, whose string) Measured {
	if m.Ended == 0 || failed*m.Ended > m.Failed*ended {
		m.Failed, m.Ended, m.WhoseRecord = failed, ended, whose
	}
	return m
}

// Risk is how risky a change is, from 0 to 100, and every point of it explained.
type Risk struct {
	Score int    `json:"score"`
	Level string `json:"level"`
	// From says which of the two counts, the higher one: "questionnaire" or "calculator".
	From          string  `json:"from"`
	Questionnaire []Point `json:"questionnaire"`
	Calculator    []Point `json:"calculator"`
}

// Point is one reason for points.
type Point struct {
	Why    string `json:"why"`
	Points int    `json:"points"`
}

// AnswerBackOutTested is the question that the calculator knows too.
const AnswerBackOutTested = "tested_back_out"

// Assess scores a change: the higher of what its questionnaire and what the calculator say (peers.md §3.4: as ServiceNow does).
func Assess(model Model, answers map[string]string, measured Measured) Risk {
	risk := Risk{Questionnaire: []Point{}, Calculator: calculate(model, measured)}
	for _, question := range model.Questionnaire {
		answer := answers[question.ID]
		if p := question.points(answer); p > 0 {
			risk.Questionnaire = append(risk.Questionnaire, Point{fmt.Sprintf("%s %s", question.Ask, answer), p})
		}
	}
	asked, calculated := sum(risk.Questionnaire), sum(risk.Calculator)
	risk.Score, risk.From = calculated, "calculator"
	if asked > calculated {
		risk.Score, risk.From = asked, "questionnaire"
	}
	risk.Level = level(model, risk.Score)
	return risk
}

// The scores from which on a change is of medium and of high risk, where its model does not say.
const (
	mediumFrom = 30
	highFrom   = 60
)

func level(model Model, score int) string {
	weights := model.weights()
	switch {
	case score >= points(weights.High, highFrom):
		return RiskHigh
	case score >= points(weights.Medium, mediumFrom):
		return RiskMedium
	}
	return RiskLow
}

func (m Model) weights() Weights {
	if m.Weights == nil {
		return Weights{}
	}
	return *m.Weights
}

// calculate gives the points of what can be measured.
func calculate(model Model, m Measured) []Point {
	w, list := model.weights(), []Point{}
	add := func(holds bool, weight *int, otherwise int, why string, args ...any) {
		if p := points(weight, otherwise); holds && p > 0 {
			list = append(list, Point{fmt.Sprintf(why, args...), p})
		}
	}
	add(m.CriticalServices > 0, w.CriticalService, 40, "%s", touched(m.CriticalServices, "a critical service", "critical services"))
	add(m.CriticalServices == 0 && m.HighServices > 0, w.HighService, 25, "%s",
		touched(m.HighServices, "a service of high criticality", "services of high criticality"))
	add(m.CriticalServices+m.HighServices == 0 && m.MediumServices > 0, w.MediumService, 10, "%s",
		touched(m.MediumServices, "a service of medium criticality", "services of medium criticality"))
	add(m.Items >= 10, w.ManyItems, 20, "%d configuration items", m.Items)
	add(m.Items >= 2 && m.Items < 10, w.SomeItems, 10, "%d configuration items", m.Items)
	add(m.Ended > 0 && m.Failed*5 >= m.Ended, w.FailureRecord, 20, "%d of the last %d changes of %s failed", m.Failed, m.Ended, m.WhoseRecord)
	add(m.InFreeze, w.InFreeze, 20, "the window lies in a freeze")
	add(m.InBusinessHours, w.InBusinessHours, 10, "the window touches the hours of support")
	add(!m.BackOutTested, w.UntestedBackOut, 10, "nobody says that the way back was tested")
	return list
}

func touched(n int, one, many string) string {
	if n == 1 {
		return one + " is touched"
	}
	return fmt.Sprintf("%d %s are touched", n, many)
}

func sum(list []Point) int {
	total := 0
	for _, point := range list {
		total += point.Points
	}
	return min(total, MaxRisk)
}
