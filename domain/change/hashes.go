package change

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// scope is what a vote is about, beside the window (lifecycles, "A vote covers hashes"). The title and the description are for
// finding and understanding the change; what is done stands in the plans. The team, the assignee and the tags may change freely.
type scope struct {
	Justification string            `json:"justification"`
	Plan          string            `json:"plan"`
	TestPlan      string            `json:"test_plan"`
	BackOutPlan   string            `json:"back_out_plan"`
	Tasks         []scopedTask      `json:"tasks"`
	Attachments   []string          `json:"attachments"`
	Items         []string          `json:"configuration_items"`
	Services      []string          `json:"services"`
	Environment   string            `json:"environment"`
	Exclusive     bool              `json:"exclusive"`
	Type          string            `json:"type"`
	Model         string            `json:"model"`
	ModelVersion  int               `json:"model_version"`
	Answers       map[string]string `json:"answers"`
	RiskLevel     string            `json:"risk"`
	// SecurityReason is why an emergency is one.
	SecurityReason string `json:"security_reason,omitempty"`
	// Predecessors must have ended well before it starts.
	Predecessors []string `json:"predecessors,omitempty"`
}

// scopedTask is a task without how far it is. Conditions are what voters asked for: they are no edit of what was voted on.
type scopedTask struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	Owner string   `json:"owner"`
	After []string `json:"after"`
}

// hashes digests what votes are about. Lists count as sets where their order means nothing.
func (c *Change) hashes() approval.Hashes {
	s := scope{
		Justification: c.Justification, Plan: c.Plan, TestPlan: c.TestPlan, BackOutPlan: c.BackOutPlan, Tasks: []scopedTask{},
		Attachments: sorted(c.Attached), Items: sorted(c.ConfigurationItems), Services: sorted(c.Services), Environment: c.Environment,
		Exclusive: c.Exclusive, Type: c.Type, Model: c.Model, ModelVersion: c.Policies[policy.KindChangeModel+"/"+c.Model], Answers: c.Answers,
		RiskLevel: c.Risk.Level, SecurityReason: c.SecurityReason, Predecessors: sorted(c.Predecessors),
	}
	for _, task := range c.Tasks {
		if !task.Condition {
			s.Tasks = append(s.Tasks, scopedTask{task.ID, task.Title, task.Owner, sorted(task.After)})
		}
	}
	when := []string{}
	if _, set := c.Window(); set {
		when = append(when, c.WindowFrom.UTC().Format(time.RFC3339Nano), c.WindowTo.UTC().Format(time.RFC3339Nano))
	}
	return approval.Hashes{approval.Scope: digest(s), approval.Schedule: digest(when)}
}

func sorted(list []string) []string {
	list = append([]string{}, list...)
	slices.Sort(list)
	return slices.Compact(list)
}

// digest is the SHA-256 of a value's JSON, whose objects are in the order of their names.
func digest(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "" // nothing above can fail to be written: texts, lists and maps of texts
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
