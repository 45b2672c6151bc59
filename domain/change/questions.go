package change

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// Question is one of those that tell how risky a change is.
type Question struct {
	ID  string `json:"id"`
	Ask string `json:"ask"`
	// Risk are the points that an answer adds, by answer; an answer that is not among them adds none.
	Risk map[string]int `json:"risk"`
	// Answers are all that there are, in the order in which they are offered. Left out: those of Risk where one of them adds no
	// points, otherwise yes and no, and what else Risk has.
	Answers []string `json:"answers,omitempty"`
	// Optional: it need not be answered.
	Optional bool `json:"optional,omitempty"`
}

// Asked is a question as it stands before whoever assesses a change.
type Asked struct {
	ID       string   `json:"id"`
	Ask      string   `json:"ask"`
	Choices  []Choice `json:"choices"`
	Optional bool     `json:"optional,omitempty"`
}

// Choice is one answer that a question takes, with the points that it adds.
type Choice struct {
	Answer string `json:"answer"`
	Points int    `json:"points"`
}

// Asked are the questions of the model.
func (m Model) Asked() []Asked {
	var list []Asked
	for _, question := range m.Questionnaire {
		list = append(list, question.asked())
	}
	return list
}

func (q Question) asked() Asked {
	asked := Asked{ID: q.ID, Ask: q.Ask, Optional: q.Optional}
	for _, answer := range q.answers() {
		asked.Choices = append(asked.Choices, Choice{answer, q.points(answer)})
	}
	return asked
}

// answers are all that the question takes.
func (q Question) answers() []string {
	if len(q.Answers) > 0 {
		return q.Answers
	}
	var list []string
	harmless := false
	for _, points := range q.Risk {
		harmless = harmless || points == 0
	}
	if !harmless {
		list = []string{"yes", "no"}
	}
	named := slices.SortedFunc(maps.Keys(q.Risk), func(a, b string) int {
		if q.Risk[a] != q.Risk[b] {
			return q.Risk[a] - q.Risk[b]
		}
		return strings.Compare(a, b)
	})
	for _, answer := range named {
		if !slices.ContainsFunc(list, func(one string) bool { return sameAnswer(one, answer) }) {
			list = append(list, answer)
		}
	}
	return list
}

// sameAnswer: an answer is the same however it is capitalised.
func sameAnswer(one, other string) bool {
	return strings.EqualFold(strings.TrimSpace(one), strings.TrimSpace(other))
}

// points are those of an answer.
func (q Question) points(answer string) int {
	most := 0
	for known, points := range q.Risk {
		if sameAnswer(known, answer) {
			most = max(most, points)
		}
	}
	return most
}

// choose gives an answer as the question writes it; false where it takes none such.
func (q Question) choose(answer string) (string, bool) {
	for _, one := range q.answers() {
		if sameAnswer(one, answer) {
			return one, true
		}
	}
	return "", false
}

// Words are the question with the answers that it takes: "Was the way back tested? (yes, no)".
func (a Asked) Words() string {
	answers := make([]string, len(a.Choices))
	for i, choice := range a.Choices {
		answers[i] = choice.Answer
	}
	return a.Ask + " (" + strings.Join(answers, ", ") + ")"
}

// Unasked lists those of some answers that are to no question of the model.
func (m Model) Unasked(answers map[string]string) []string {
	var wrong []string
	for _, id := range slices.Sorted(maps.Keys(answers)) {
		if !slices.ContainsFunc(m.Questionnaire, func(q Question) bool { return q.ID == id }) {
			wrong = append(wrong, id)
		}
	}
	return wrong
}

// Misanswered lists those of some answers that their question does not take, each with what it does.
func (m Model) Misanswered(answers map[string]string) []string {
	var wrong []string
	for _, question := range m.Questionnaire {
		answer, given := answers[question.ID]
		if _, known := question.choose(answer); given && !known {
			wrong = append(wrong, fmt.Sprintf("%s: %q is no answer: %s", question.ID, answer, question.asked().Words()))
		}
	}
	return wrong
}

// Answered adds answers to those that were given before, as the questions write them. It refuses answers that a question does not
// take, and to leave a question open that must be answered. What a question no longer takes of those before is asked again.
func (m Model) Answered(before, given map[string]string) (map[string]string, error) {
	if wrong := m.Unasked(given); len(wrong) > 0 {
		return nil, domain.Invalid("answers", "there is no question %s", strings.Join(wrong, ", "))
	}
	answers := map[string]string{}
	var wrong []domain.FieldError
	refuse := func(q Question, why string) {
		wrong = append(wrong, domain.FieldError{Location: "body.answers." + q.ID, Message: why + q.asked().Words()})
	}
	for _, question := range m.Questionnaire {
		answer, isGiven := given[question.ID]
		if !isGiven {
			answer = before[question.ID]
		}
		chosen, known := question.choose(answer)
		switch {
		case known:
			answers[question.ID] = chosen
		case isGiven && strings.TrimSpace(answer) != "":
			refuse(question, fmt.Sprintf("%q is no answer: ", answer))
		case !question.Optional:
			refuse(question, "")
		}
	}
	if len(wrong) > 0 {
		return nil, unanswered(wrong)
	}
	return answers, nil
}

// unanswered words a refusal so that whoever reads its sentence alone can answer.
func unanswered(wrong []domain.FieldError) error {
	lines := make([]string, len(wrong))
	for i, one := range wrong {
		lines[i] = strings.TrimPrefix(one.Location, "body.answers.") + ": " + one.Message
	}
	return &domain.Error{Code: domain.CodeInvalid, Message: "answers are needed: " + strings.Join(lines, "; "), Fields: wrong}
}

// questions answers what is wrong with a questionnaire.
func (f *findings) questions(questions []Question) {
	if len(questions) > MaxQuestions {
		f.add("questionnaire", "takes at most %d", MaxQuestions)
	}
	seen := map[string]bool{}
	for i, question := range questions {
		at := placeOf("questionnaire", i)
		switch {
		case question.ID == "" || question.Ask == "":
			f.add(at, "needs id and ask")
		case seen[question.ID]:
			f.add(at+".id", "%q stands here a second time", question.ID)
		}
		seen[question.ID] = true
		for answer, points := range question.Risk {
			if points < 0 || points > MaxRisk {
				f.add(at+".risk."+answer, "takes 0 to %d points", MaxRisk)
			}
		}
		f.answers(at, question)
	}
}

// answers answers what is wrong with the answers that a question says that it takes.
func (f *findings) answers(at string, question Question) {
	if len(question.Answers) == 0 {
		return
	}
	if len(question.Answers) < 2 || len(question.Answers) > MaxAnswers {
		f.add(at+".answers", "takes 2 to %d", MaxAnswers)
	}
	for i, answer := range question.Answers {
		place := placeOf(at+".answers", i)
		if wrong := content.Line(nil, place, answer, 1, domain.MaxItemBytes); wrong != nil {
			f.add(place, "%s", wrong[0].Message)
		}
		if slices.ContainsFunc(question.Answers[:i], func(one string) bool { return sameAnswer(one, answer) }) {
			f.add(place, "%q stands here a second time", answer)
		}
	}
	for answer := range question.Risk {
		if _, known := question.choose(answer); !known {
			f.add(at+".risk."+answer, "is none of the answers %s", strings.Join(question.Answers, ", "))
		}
	}
	if _, takes := question.choose("yes"); question.ID == AnswerBackOutTested && !takes {
		f.add(at+".answers", "need a yes, which says that the way back was tested")
	}
}
