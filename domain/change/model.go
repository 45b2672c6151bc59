package change

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// DefaultModel names the model whose questionnaire, weights and lead time hold for changes that follow none.
const DefaultModel = "default"

// Bounds of a model.
const (
	MaxTasks     = 50
	MaxQuestions = 30
	// MaxAnswers bounds how many a question takes.
	MaxAnswers = 20
	// maxOf bounds how many changes a record of failures looks back on.
	maxOf = 1000
)

// Model is the content of a ChangeModel document. A change that follows a standard model has its plan, and needs no vote.
type Model struct {
	Title string `json:"title,omitempty"`
	// Type is standard, normal or emergency.
	Type               string   `json:"type"`
	Description        string   `json:"description,omitempty"`
	Service            string   `json:"service,omitempty"`
	Team               string   `json:"team,omitempty"`
	Environment        string   `json:"environment,omitempty"`
	ConfigurationItems []string `json:"configuration_items,omitempty"`
	Justification      string   `json:"justification,omitempty"`
	Plan               string   `json:"plan,omitempty"`
	TestPlan           string   `json:"test_plan,omitempty"`
	BackOutPlan        string   `json:"back_out_plan,omitempty"`
	ExpectedOutage     string   `json:"expected_outage,omitempty"`
	// Exclusive: while it is carried out, nobody else may touch its configuration items.
	Exclusive     bool        `json:"exclusive,omitempty"`
	AutoStart     bool        `json:"auto_start,omitempty"`
	Tasks         []ModelTask `json:"tasks,omitempty"`
	Questionnaire []Question  `json:"questionnaire,omitempty"`
	// SuspendAfter takes a standard model out of use when its changes fail.
	SuspendAfter *SuspendAfter `json:"suspend_after,omitempty"`
	// LeadTime is how long before its window a normal change is to be submitted; left out: 5wd.
	LeadTime *calendar.Duration `json:"lead_time,omitempty"`
	Weights  *Weights           `json:"risk,omitempty"`
}

// ModelTask is one step of carrying out a change of a model.
type ModelTask struct {
	// ID is what After of other tasks names; left out, tasks are called t1, t2, … by their place.
	ID    string   `json:"id,omitempty"`
	Title string   `json:"title"`
	Owner string   `json:"owner,omitempty"`
	After []string `json:"after,omitempty"`
}

// SuspendAfter says how many failures among how many of the last changes, and within which time, are too many.
type SuspendAfter struct {
	Failures int `json:"failures"`
	Of       int `json:"of"`
	// Within is clock time in days: "180d".
	Within Days `json:"within"`
}

// DefaultSuspension is what holds where a standard model does not say (lifecycles, "Change enablement").
var DefaultSuspension = SuspendAfter{Failures: 2, Of: 10, Within: 180}

// Suspension is when the model is taken out of use.
func (m Model) Suspension() SuspendAfter {
	if m.SuspendAfter == nil {
		return DefaultSuspension
	}
	return *m.SuspendAfter
}

// SuspendedBy says why so many failures among the last changes of one version of a model take it out of use; empty while they do not.
// Only a standard model can be out of use.
func (m Model) SuspendedBy(failed, ended int) string {
	if m.Type != Standard || failed < m.Suspension().Failures {
		return ""
	}
	return fmt.Sprintf("%d of its last %d changes failed", failed, ended)
}

// Days are whole days of clock time that documents write as text: "180d".
type Days int

// UnmarshalText reads days; a text that is none is an error.
func (d *Days) UnmarshalText(text []byte) error {
	var days int
	if _, err := fmt.Sscanf(string(text), "%dd", &days); err != nil || fmt.Sprintf("%dd", days) != string(text) {
		return fmt.Errorf("%q is not a number of days like 180d", text)
	}
	*d = Days(days)
	return nil
}

// MarshalText writes days as they are read.
func (d Days) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%dd", int(d)), nil }

// Duration is the same as a length of time.
func (d Days) Duration() time.Duration { return time.Duration(d) * 24 * time.Hour }

// Validate answers what is wrong with the model.
func (m Model) Validate() []policy.Problem {
	f := &findings{}
	if !slices.Contains([]string{Standard, Normal, Emergency}, m.Type) {
		f.add("type", "%q is none of standard, normal and emergency", m.Type)
	}
	if m.Type == Standard {
		for name, text := range map[string]string{"plan": m.Plan, "back_out_plan": m.BackOutPlan} {
			if text == "" {
				f.add(name, "is needed: a standard change follows it without a vote")
			}
		}
	}
	for name, text := range map[string]string{
		"description": m.Description, "justification": m.Justification, "plan": m.Plan, "test_plan": m.TestPlan,
		"back_out_plan": m.BackOutPlan, "expected_outage": m.ExpectedOutage,
	} {
		if len(text) > domain.MaxDescriptionBytes {
			f.add(name, "takes at most %d bytes", domain.MaxDescriptionBytes)
		}
	}
	f.tasks(m.Tasks)
	f.questions(m.Questionnaire)
	if s := m.SuspendAfter; s != nil && (s.Failures < 1 || s.Of < s.Failures || s.Of > maxOf || s.Within < 1) {
		f.add("suspend_after", "takes failures of at least 1, of at least as many and at most %d, and within of at least 1d", maxOf)
	}
	slices.SortFunc(f.list, func(a, b policy.Problem) int {
		if a.Path < b.Path {
			return -1
		}
		return 1
	})
	return f.list
}

type findings struct{ list []policy.Problem }

func (f *findings) add(path, format string, args ...any) {
	f.list = append(f.list, policy.Problem{Path: "spec." + path, Message: fmt.Sprintf(format, args...)})
}

func (f *findings) tasks(tasks []ModelTask) {
	if len(tasks) > MaxTasks {
		f.add("tasks", "takes at most %d", MaxTasks)
	}
	made := make([]Task, len(tasks))
	for i, task := range tasks {
		made[i] = Task{ID: taskID(task.ID, i), Title: task.Title, Owner: task.Owner, After: task.After}
	}
	for _, wrong := range checkTasks(made) {
		f.add(wrong.Location[len("body."):], "%s", wrong.Message)
	}
}

// taskID is what a task is called that has no name of its own.
func taskID(id string, place int) string {
	if id == "" {
		return fmt.Sprintf("t%d", place+1)
	}
	return id
}

// placeOf is the path of one of a list.
func placeOf(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }
