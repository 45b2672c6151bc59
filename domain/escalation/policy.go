// Package escalation says whom to reach, one step after the other, until somebody takes care.
package escalation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Bounds of an EscalationPolicy.
const (
	MaxSteps   = 20
	MaxTargets = 20
	MaxRepeat  = 5
	// MinWait and MaxWait bound the wait of a step, MaxWait also the time that an acknowledgement holds.
	MinWait = time.Second
	MaxWait = 7 * 24 * time.Hour
	// DefaultUnacknowledge is how long an acknowledgement holds where a document does not say so.
	DefaultUnacknowledge = 30 * time.Minute
)

// Policy is the content of an EscalationPolicy document. Every time in it is wall time.
type Policy struct {
	// Steps are taken in order until somebody acknowledges.
	Steps []Step `json:"steps"`
	// Repeat is how often all steps are taken once more, 0 to 5.
	Repeat int `json:"repeat,omitempty"`
	// UnacknowledgeAfter is how long an acknowledgement holds while nobody works on the record; 0 is for ever, left out: 30 m.
	UnacknowledgeAfter *Wait `json:"unacknowledge_after,omitempty"`
	// Fallback is told when every step was in vain.
	Fallback []Target `json:"fallback"`
}

// Step is who is told at the same time.
type Step struct {
	// Wait is the time that they have to acknowledge before the next step is taken.
	Wait Wait     `json:"wait"`
	To   []Target `json:"to"`
}

// Unacknowledge is how long an acknowledgement holds while nobody works on the record; 0: for ever.
func (p Policy) Unacknowledge() time.Duration {
	if p.UnacknowledgeAfter == nil {
		return DefaultUnacknowledge
	}
	return p.UnacknowledgeAfter.Duration
}

// Kinds of targets.
const (
	TargetPerson   = "person"
	TargetSchedule = "schedule"
	TargetTeam     = "team"
	TargetRole     = "role"
	TargetWebhook  = "webhook"
)

// Target is whom a step tells: "person:ana", "schedule:primary", "team:messaging", "role:team_lead", "webhook:pager". Who that
// is, is looked up when the step is taken.
type Target string

// Kind and Name are the two halves of a target.
func (t Target) Kind() string {
	kind, _, _ := strings.Cut(string(t), ":")
	return kind
}

// Name is what a target of its kind is called.
func (t Target) Name() string {
	_, name, _ := strings.Cut(string(t), ":")
	return name
}

// targetKinds are the kinds that there are.
var targetKinds = []string{TargetPerson, TargetSchedule, TargetTeam, TargetRole, TargetWebhook}

// Validate answers what is wrong with the policy. Whether what it names exists is looked up when a step is taken: a name may
// come into being later, and one that is gone must not hold up the rest.
func (p Policy) Validate() []policy.Problem {
	f := &findings{}
	if len(p.Steps) < 1 || len(p.Steps) > MaxSteps {
		f.add("steps", "takes 1 to %d entries, has %d", MaxSteps, len(p.Steps))
	}
	for i, step := range p.Steps {
		path := fmt.Sprintf("steps[%d]", i)
		f.wait(path+".wait", step.Wait, MinWait)
		f.targets(path+".to", step.To)
	}
	if p.Repeat < 0 || p.Repeat > MaxRepeat {
		f.add("repeat", "takes 0 to %d, has %d", MaxRepeat, p.Repeat)
	}
	if p.UnacknowledgeAfter != nil {
		f.wait("unacknowledge_after", *p.UnacknowledgeAfter, 0)
	}
	f.targets("fallback", p.Fallback)
	return f.list
}

type findings struct{ list []policy.Problem }

func (f *findings) add(path, format string, args ...any) {
	f.list = append(f.list, policy.Problem{Path: "spec." + path, Message: fmt.Sprintf(format, args...)})
}

func (f *findings) wait(path string, wait Wait, least time.Duration) {
	switch {
	case wait.fault != "":
		f.add(path, "%s", wait.fault)
	case wait.Duration < least || wait.Duration > MaxWait:
		f.add(path, "takes %s to %s, has %s", least, MaxWait, wait.Duration)
	}
}

func (f *findings) targets(path string, targets []Target) {
	if len(targets) < 1 || len(targets) > MaxTargets {
		f.add(path, "takes 1 to %d entries, has %d", MaxTargets, len(targets))
	}
	seen := map[Target]bool{}
	for i, target := range targets {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !slices.Contains(targetKinds, target.Kind()) || !policy.ValidName(target.Name()) {
			f.add(at, "%q is not whom to tell: %s, each with a colon and a name", target, strings.Join(targetKinds, ", "))
		}
		if seen[target] {
			f.add(at, "%q stands here a second time", target)
		}
		seen[target] = true
	}
}

// Wait is a length of wall time that documents write as text, "5m" or "1h30m", or as 0.
type Wait struct {
	time.Duration
	fault string
}

// UnmarshalJSON keeps what it cannot read for Validate, which knows where it stands.
func (w *Wait) UnmarshalJSON(content []byte) error {
	*w = Wait{}
	if string(content) == "0" {
		return nil
	}
	var text string
	err := json.Unmarshal(content, &text)
	if err == nil {
		w.Duration, err = time.ParseDuration(text)
	}
	if err != nil {
		w.fault = fmt.Sprintf("%s is not a time like 5m or 1h30m", content)
	}
	return nil
}

// MarshalJSON writes a wait as it is read.
func (w Wait) MarshalJSON() ([]byte, error) { return json.Marshal(w.Duration.String()) }

// MarshalText and UnmarshalText say that a wait is text, to whoever describes documents.
func (w Wait) MarshalText() ([]byte, error) { return []byte(w.Duration.String()), nil }

// UnmarshalText keeps what it cannot read for Validate, as UnmarshalJSON does.
func (w *Wait) UnmarshalText(text []byte) error {
	content, err := json.Marshal(string(text))
	if err != nil {
		return err
	}
	return w.UnmarshalJSON(content)
}
