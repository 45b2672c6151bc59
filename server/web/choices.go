package web

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// source finds the values of a field, at the policy versions that the record stands under; a new record has none yet.
type source func(w *console, ctx context.Context, versions map[string]int) ([]choice, error)

// sources say where the values of a field come from, by verb and field or by field; suggested ones leave others free.
var sources = map[string]struct {
	find      source
	suggested bool
}{
	"team":                 {find: (*console).teamChoices},
	"service":              {find: (*console).serviceChoices},
	"assignee":             {find: (*console).peopleChoices, suggested: true},
	"requester":            {find: (*console).peopleChoices, suggested: true},
	"impact":               {find: (*console).levelChoices},
	"urgency":              {find: (*console).levelChoices},
	"code":                 {find: vocabulary("resolution-codes")},
	"breach_cause":         {find: vocabulary("breach-causes")},
	"hold.reason":          {find: vocabulary("hold-reasons")},
	"page.people":          {find: (*console).peopleChoices, suggested: true},
	"ask_others.people":    {find: (*console).peopleChoices, suggested: true},
	"page.policy":          {find: (*console).escalationPolicyChoices},
	"add_responder.person": {find: (*console).peopleChoices, suggested: true},
	"reassign.policy":      {find: (*console).escalationPolicyChoices},
}

// offer fills in the values that fields can take. A list that cannot be read leaves its field to be typed: the rules check
// it all the same.
func (w *console) offer(ctx context.Context, verb string, fields []field, versions map[string]int) {
	for i, f := range fields {
		from, known := sources[verb+"."+f.Name]
		if !known {
			from, known = sources[f.Name[strings.LastIndex(f.Name, ".")+1:]]
		}
		if !known {
			continue
		}
		found, err := from.find(w, ctx, versions)
		if err != nil {
			w.Log.WarnContext(ctx, "the values of a field could not be read", "field", f.Name, "error", err)
			continue
		}
		fields[i].Choices, fields[i].Suggested = found, from.suggested
	}
}

func (w *console) teamChoices(ctx context.Context, _ map[string]int) ([]choice, error) {
	teams, err := w.Service.Teams(ctx)
	choices := make([]choice, len(teams))
	for i, team := range teams {
		choices[i] = titled(team.Name, team.Title)
	}
	return choices, err
}

func (w *console) serviceChoices(ctx context.Context, _ map[string]int) ([]choice, error) {
	services, err := w.Service.Services(ctx)
	choices := make([]choice, len(services))
	for i, service := range services {
		choices[i] = titled(service.Name, service.Title)
	}
	return choices, err
}

const peopleOffered = 200

func (w *console) peopleChoices(ctx context.Context, _ map[string]int) ([]choice, error) {
	people, err := w.Service.People(ctx, "", peopleOffered)
	var choices []choice
	for _, person := range people {
		if person.Active {
			choices = append(choices, titled(person.Handle, person.Name))
		}
	}
	return choices, err
}

func (w *console) levelChoices(ctx context.Context, versions map[string]int) ([]choice, error) {
	matrix, err := specOf[policy.PriorityMatrix](ctx, w.Service, policy.KindPriorityMatrix, "default", versions)
	var choices []choice
	for _, level := range matrix.Levels {
		choices = append(choices, choice{Value: level, Title: human(level)})
	}
	return choices, err
}

func vocabulary(name string) source {
	return func(w *console, ctx context.Context, versions map[string]int) ([]choice, error) {
		terms, err := specOf[policy.Vocabulary](ctx, w.Service, policy.KindVocabulary, name, versions)
		var choices []choice
		for _, term := range terms.Terms {
			choices = append(choices, titled(term.ID, term.Title))
		}
		return choices, err
	}
}

func titled(value, title string) choice {
	if title == "" {
		title = human(value)
	}
	return choice{Value: value, Title: title}
}

// specOf reads a document in the version stamped, or in its newest.
func specOf[T any](ctx context.Context, service app.Policies, kind, name string, versions map[string]int) (T, error) {
	var spec T
	document, err := service.Policy(ctx, kind, name, versions[kind+"/"+name])
	if err != nil {
		return spec, err
	}
	return spec, json.Unmarshal(document.Spec, &spec)
}
