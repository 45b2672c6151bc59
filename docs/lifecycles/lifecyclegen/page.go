package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

//go:embed incident.md.tmpl
var incidentTemplate string

// page is what a template can say.
type page struct {
	Lifecycle *domain.Lifecycle
	Timing    incident.Timing
	Matrix    policy.PriorityMatrix
	Holds     policy.Vocabulary
	Codes     policy.Vocabulary
	Deadlines []deadline
}

// incidentPage is the page of incident management.
func incidentPage() ([]byte, error) {
	p := page{Lifecycle: incident.Lifecycle, Timing: incident.DefaultTiming()}
	for name, into := range map[string]any{
		policy.KindPriorityMatrix + "/default":      &p.Matrix,
		policy.KindVocabulary + "/hold-reasons":     &p.Holds,
		policy.KindVocabulary + "/resolution-codes": &p.Codes,
	} {
		if err := readDefault(name, into); err != nil {
			return nil, err
		}
	}
	var err error
	if p.Deadlines, err = deadlines(p.Timing); err != nil {
		return nil, err
	}
	parsed, err := template.New("incident.md").Option("missingkey=error").Funcs(template.FuncMap{
		"from": p.from, "to": p.to, "roles": roles, "fields": fields, "wait": wait, "code": code, "kebab": kebab, "priority": p.priority,
		"given": given,
		"waits": waits, "terms": terms,
	}).Parse(incidentTemplate)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, p); err != nil {
		return nil, fmt.Errorf("filling the template: %w", err)
	}
	return text.Bytes(), nil
}

// readDefault reads the content of a default document.
func readDefault(name string, into any) error {
	documents, err := policyfile.Defaults()
	if err != nil {
		return err
	}
	for _, document := range documents {
		if document.Kind+"/"+document.Name == name {
			return json.Unmarshal(document.Spec, into)
		}
	}
	return fmt.Errorf("there is no default document %s", name)
}

// People are the commands that people give.
func (p page) People() []domain.Transition { return p.transitions(false) }

// Machines are the commands that only the platform gives.
func (p page) Machines() []domain.Transition { return p.transitions(true) }

func (p page) transitions(machine bool) []domain.Transition {
	var list []domain.Transition
	for _, transition := range p.Lifecycle.Transitions {
		if transition.Machine() == machine {
			list = append(list, transition)
		}
	}
	return list
}

// from words the states in which a command is taken.
func (p page) from(transition domain.Transition) string {
	var open, all []domain.State
	for _, state := range p.Lifecycle.States {
		all = append(all, state.Name)
		if state.Open {
			open = append(open, state.Name)
		}
	}
	switch {
	case len(transition.From) == 0:
		return "–"
	case slices.Equal(transition.From, all):
		return "every state"
	case slices.Equal(transition.From, open):
		return "every open state"
	}
	return stateList(transition.From)
}

// to words where a command leads: nowhere, everywhere from everywhere, or by source.
func (p page) to(transition domain.Transition) string {
	if transition.Leads == nil {
		if len(transition.To) == 0 {
			return "stays"
		}
		return stateList(transition.To)
	}
	parts := []string{}
	for _, source := range transition.From {
		if targets := transition.Targets(source); len(targets) > 0 {
			parts = append(parts, "from "+code(source)+": "+stateList(targets))
		}
	}
	return strings.Join(parts, "; ") + "; else stays"
}

func stateList(states []domain.State) string {
	words := make([]string, len(states))
	for i, state := range states {
		words[i] = code(state)
	}
	return strings.Join(words, ", ")
}

func roles(transition domain.Transition) string {
	words := make([]string, len(transition.Roles))
	for i, role := range transition.Roles {
		words[i] = string(role)
	}
	return strings.Join(words, ", ")
}

// priority is a cell of the matrix.
func (p page) priority(impact, urgency string) (string, error) {
	found, err := p.Matrix.Priority(impact, urgency)
	return "P" + strconv.Itoa(found), err
}

// given says when the platform gives a command.
func given(verb string) (string, error) {
	words, known := map[string]string{
		"reply":            "the requester adds a public note",
		"triage_overdue":   "deadline `triage`",
		"remind_requester": "deadlines `reminder_1`, `reminder_2`",
		"no_response":      "deadline `no_response`",
		"promise_missed":   "deadline `promise`",
		"hold_over":        "deadline `hold_over`",
		"auto_close":       "deadline `auto_close`",
		"clock_due":        "deadlines `clock …`: a promise is broken, or a threshold of it is reached",
		"page_due":         "deadline `page`",
		"automate":         "a [rule of automation](automation.md) runs, is held, or could not be asked",
		"noted":            "a note is added, and a rule of automation follows notes",
		"informed":         "somebody of the desk adds a public note while a promise waits for a word",
		"acknowledged":     "somebody who was called acknowledged the escalation",
		"duplicate_joined": "another incident was merged into this one",
		"duplicate_left":   "a duplicate of this one was unmerged or reopened",
		"parent_closed":    "the incident that this one follows was closed",
		"parent_canceled":  "the incident that this one follows was canceled",
		"alert_stopped":    "monitoring says that the [alert](../integrations/alerts.md) is over",
		"alert_again":      "monitoring says that the [alert](../integrations/alerts.md) fires again",
	}[verb]
	if !known {
		return "", fmt.Errorf("the command %s is new here: say when the platform gives it", verb)
	}
	return words, nil
}

func code(word any) string { return "`" + fmt.Sprint(word) + "`" }

// kebab is a verb as URLs and the command line have it.
func kebab(verb string) string { return strings.ReplaceAll(verb, "_", "-") }

// wait words a duration: "4 hours", "3 working days".
func wait(d calendar.Duration) string {
	parts := []string{}
	if d.WorkingDays > 0 {
		parts = append(parts, counted(d.WorkingDays, "working day"))
	}
	if d.Open > 0 {
		hours, minutes := int(d.Open.Hours()), int(d.Open.Minutes())%60
		if hours > 0 {
			parts = append(parts, counted(hours, "hour"))
		}
		if minutes > 0 {
			parts = append(parts, counted(minutes, "minute"))
		}
	}
	return strings.Join(parts, " ")
}

func waits(list []calendar.Duration) string {
	words := make([]string, len(list))
	for i, one := range list {
		words[i] = wait(one)
	}
	return strings.Join(words, " and ")
}

func terms(vocabulary policy.Vocabulary) string {
	words := make([]string, len(vocabulary.Terms))
	for i, term := range vocabulary.Terms {
		words[i] = code(term.ID)
	}
	return strings.Join(words, ", ")
}

func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
