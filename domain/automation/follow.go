package automation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Bounds of what follows from one command; they end it whatever rules there are.
const (
	// MaxDepth is how many rules a chain can have, each run by what the one before it did.
	MaxDepth = 5
	// MaxRuns is how many rules run in the wake of one command, over all of its chains.
	MaxRuns = 50
)

// Language evaluates conditions; it lives outside the domain because it needs a library.
type Language interface {
	// AutomationHolds evaluates a condition over a situation.
	AutomationHolds(condition string, situation Situation) (bool, error)
}

// Situation is what a condition asks about: the record as it stands when the rule's turn comes, the event, and who acted.
type Situation struct {
	Record, Event, Actor map[string]any
}

// Document is one version of an AutomationRules document.
type Document struct {
	Name    string
	Version int
	Rules   Rules
}

// Book holds the documents in force and how their conditions are evaluated. Nil is an empty one.
type Book struct {
	Language  Language
	Documents []Document
}

// Step is a command that was decided, with the events that came of it.
type Step struct {
	Command domain.Command
	Events  []domain.Event
}

// Run is one rule that runs, or would have: what its record is told of it.
type Run struct {
	Policy  string `json:"policy"`
	Version int    `json:"version"`
	Rule    string `json:"rule"`
	// On is the type of the event that it follows, When its condition.
	On   string `json:"on"`
	When string `json:"when,omitempty"`
	// Chain are the rules that led to the event, oldest first, as "document/rule".
	Chain []string `json:"chain,omitempty"`
	// Actions say in words what it does.
	Actions []string `json:"actions,omitempty"`
	// Watchers, Notify and Notes are the parts of its actions that are no commands of their own.
	Watchers []string `json:"watchers,omitempty"`
	Notify   []string `json:"notify,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	// Held says why it does not run although its condition holds, Failed why its condition could not be evaluated.
	Held   string `json:"held,omitempty"`
	Failed string `json:"failed,omitempty"`
	// Refused is the one of its actions that was refused, Why the refusal.
	Refused string `json:"refused,omitempty"`
	Why     string `json:"why,omitempty"`
}

// Stage is where rules act: a record in the middle of a decision.
type Stage interface {
	// Situation is what conditions ask about, once an event has come of a command.
	Situation(command domain.Command, event domain.Event) Situation
	// Command is the verb and the body that do an action on the record as it stands; "" where there is nothing to do.
	Command(action Action, reason string) (verb string, body any)
	// Decide decides a command of automation, and tells what came of it, or why it was refused.
	Decide(verb string, body any, chain []string) (Step, *domain.Error, error)
}

// VerbAutomate is the verb of the command that tells a record of a rule, with a Run as its body.
const VerbAutomate = "automate"

// Follow lets rules follow what was decided, and what they did, until nothing more comes of it: rules of one event in the order of
// their documents, then what they caused. That ends, because no rule runs in a chain that it is part of, no chain is longer than
// MaxDepth, and no more than MaxRuns run at all. An error is the stage's own.
func (b *Book) Follow(stage Stage, first Step) error {
	if b == nil || len(b.Documents) == 0 {
		return nil
	}
	f := &following{Book: b, stage: stage, steps: []Step{first}, told: map[string]bool{}}
	for len(f.steps) > 0 {
		step := f.steps[0]
		f.steps = f.steps[1:]
		for _, event := range step.Events {
			if err := f.event(step.Command, event); err != nil {
				return err
			}
		}
	}
	return nil
}

// following is what comes of one command.
type following struct {
	*Book
	stage Stage
	steps []Step
	runs  int
	told  map[string]bool // rules that were held or failed, each told once
}

func (f *following) event(command domain.Command, event domain.Event) error {
	for _, document := range f.Documents {
		for _, rule := range document.Rules.Rules {
			if !slices.Contains(rule.On, event.Type) {
				continue
			}
			run := Run{Policy: document.Name, Version: document.Version, Rule: rule.Name, On: event.Type, When: rule.When, Chain: command.Chain}
			if err := f.rule(rule, run, command, event); err != nil {
				return err
			}
		}
	}
	return nil
}

// rule asks a rule's condition, and runs it.
func (f *following) rule(rule Rule, run Run, command domain.Command, event domain.Event) error {
	holds := rule.When == ""
	if !holds {
		var err error
		if holds, err = f.Language.AutomationHolds(rule.When, f.stage.Situation(command, event)); err != nil {
			run.Failed = err.Error()
			return f.tell(run)
		}
	}
	if !holds {
		return nil
	}
	if run.Held = f.held(run); run.Held != "" {
		return f.tell(run)
	}
	f.runs++
	return f.run(rule, run)
}

// held says why a rule must not run; "" where it may.
func (f *following) held(run Run) string {
	switch name := run.name(); {
	case len(run.Chain) > 0 && run.Chain[0] == name:
		return fmt.Sprintf("rule %s is not run again: it began this chain", name)
	case slices.Contains(run.Chain, name):
		return fmt.Sprintf("rule %s is not run again: it has run in this chain", name)
	case len(run.Chain) >= MaxDepth:
		return fmt.Sprintf("rule %s is not run: %d rules have led to this already", name, MaxDepth)
	case f.runs >= MaxRuns:
		return fmt.Sprintf("rule %s is not run: %d rules have run because of one command", name, MaxRuns)
	}
	return ""
}

func (r Run) name() string { return r.Policy + "/" + r.Rule }

// Reason says in one sentence why the rule runs, for the timeline.
func (r Run) Reason() string {
	text := fmt.Sprintf("rule %s of %s, version %d", r.Rule, r.Policy, r.Version)
	if r.When != "" {
		text += ": " + r.When
	}
	return text
}

// tell puts a rule that does not run on the timeline, once for each rule and command.
func (f *following) tell(run Run) error {
	if f.told[run.name()] {
		return nil
	}
	f.told[run.name()] = true
	_, refused, err := f.stage.Decide(VerbAutomate, run, run.Chain)
	if err == nil && refused != nil {
		err = refused
	}
	return err
}

// run does what the rule says. An action that is refused is told, and the next is done.
func (f *following) run(rule Rule, run Run) error {
	for _, action := range rule.Then {
		run.Actions = append(run.Actions, action.String())
		run.Notify = append(run.Notify, action.Notify...)
		if action.AddWatcher != "" {
			run.Watchers = append(run.Watchers, action.AddWatcher)
		}
		if action.Note != "" {
			run.Notes = append(run.Notes, action.Note)
		}
	}
	chain := append(slices.Clone(run.Chain), run.name())
	step, refused, err := f.stage.Decide(VerbAutomate, run, chain)
	if err != nil || refused != nil {
		return orRefusal(err, refused)
	}
	f.steps = append(f.steps, step)
	for _, action := range rule.Then {
		verb, body := f.stage.Command(action, run.Reason())
		if verb == "" {
			continue
		}
		step, refused, err := f.stage.Decide(verb, body, chain)
		if err != nil {
			return err
		}
		if refused == nil {
			f.steps = append(f.steps, step)
			continue
		}
		told := run
		told.Actions, told.Watchers, told.Notify, told.Notes = nil, nil, nil, nil
		told.Refused, told.Why = action.String(), refusal(refused)
		if _, refused, err = f.stage.Decide(VerbAutomate, told, chain); err != nil || refused != nil {
			return orRefusal(err, refused)
		}
	}
	return nil
}

func orRefusal(err error, refused *domain.Error) error {
	if err != nil {
		return err
	}
	return refused
}

// refusal words a refusal with what it says of single fields.
func refusal(refused *domain.Error) string {
	parts := []string{refused.Message}
	for _, field := range refused.Fields {
		parts = append(parts, strings.TrimPrefix(field.Location, "body.")+" "+field.Message)
	}
	return strings.Join(slices.Compact(parts), ": ")
}
