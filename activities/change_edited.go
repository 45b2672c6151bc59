package activities

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// asEdited is what a change is about once a command has edited it, as far as facts depend on it: what its surroundings are read by,
// and what the expressions of documents see. Predecessors are ids by what the command calls them.
func asEdited(record change.Change, command domain.Command, predecessors map[string]string) (change.Change, error) {
	var edit struct {
		change.Edit
		Until *time.Time `json:"until"`
	}
	if verb := command.Verb(); len(command.Body) == 0 || !slices.Contains([]string{"edit", "schedule", "extend"}, verb) {
		return record, nil
	}
	if err := json.Unmarshal(command.Body, &edit); err != nil {
		return record, domain.Errorf(domain.CodeInvalid, "the body of %s cannot be read", command.Name)
	}
	if edit.Service != nil || edit.Services != nil {
		if edit.Service != nil {
			record.Service = *edit.Service
		}
		further := record.Services
		if edit.Services != nil {
			further = *edit.Services
		}
		record.Services = append([]string{record.Service}, further...)
	}
	for _, text := range []struct{ have, want *string }{
		{&record.Title, edit.Title},
		{&record.Category, edit.Category},
		{&record.Environment, edit.Environment},
		{&record.Team, edit.Team},
		{&record.Assignee, edit.Assignee},
	} {
		if text.want != nil {
			*text.have = *text.want
		}
	}
	for _, list := range []struct{ have, want *[]string }{{&record.Tags, edit.Tags}, {&record.ConfigurationItems, edit.ConfigurationItems}} {
		if list.want != nil {
			*list.have = *list.want
		}
	}
	if edit.Tasks != nil {
		record.Tasks = record.WithTasks(*edit.Tasks)
	}
	if edit.Predecessors != nil {
		record.Predecessors = named(*edit.Predecessors, predecessors)
	}
	moveWindow(&record, edit.WindowFrom, edit.WindowTo)
	if edit.Until != nil && command.Verb() == "extend" {
		record.ExtendedTo = edit.Until
	}
	if span, set := record.Window(); set && !span.From.Before(span.To) {
		record.WindowFrom, record.WindowTo, record.ExtendedTo = nil, nil, nil // which Decide refuses
	}
	return record, nil
}

// named are the ids of what references stand for; one that stands for nothing, which Decide refuses, is left out.
func named(references []string, ids map[string]string) []string {
	list := []string{}
	for _, reference := range references {
		if id := ids[reference]; id != "" {
			list = append(list, id)
		}
	}
	return list
}

func moveWindow(record *change.Change, from, to *time.Time) {
	if from != nil {
		record.WindowFrom, record.ExtendedTo = from, nil
	}
	if to != nil {
		record.WindowTo, record.ExtendedTo = to, nil
	}
}
