package web

import "context"

// appliedFilter is one filter that narrows the list, and the list without it.
type appliedFilter struct {
	Title, Without string
	// Promised: it is about promises. Such lists are come to by figures, so what they ask is told beside the form as well.
	Promised bool
}

// applied are the filters that narrow the list further than its usual state, each to be taken off.
func (v queueView) applied(ctx context.Context) []appliedFilter {
	var list []appliedFilter
	add := func(title string, without filters) {
		without.Cursor = ""
		list = append(list, appliedFilter{Title: title, Without: without.url(""), Promised: without.Promise != v.Filters.Promise})
	}
	f := v.Filters
	if f.State != "open" {
		without := f
		without.State = "open"
		add(choiceTitle(v.Filters.kind().states, f.State), without)
	}
	for _, one := range []struct {
		label, value string
		choices      []choice
		clear        func(*filters)
	}{
		{"", f.Priority, priorityChoices(), func(f *filters) { f.Priority = "" }},
		{"Team", f.Team, v.Teams, func(f *filters) { f.Team = "" }},
		{"Assignee", f.Assignee, []choice{{"none", "nobody"}}, func(f *filters) { f.Assignee = "" }},
		{"Requester", f.Requester, nil, func(f *filters) { f.Requester = "" }},
		{"Service", f.Service, v.Services, func(f *filters) { f.Service = "" }},
		{"Category", f.Category, nil, func(f *filters) { f.Category = "" }},
		{"Tag", f.Tag, nil, func(f *filters) { f.Tag = "" }},
		{"Words", f.Words, nil, func(f *filters) { f.Words = "" }},
		{"Type", f.Type, changeTypes(), func(f *filters) { f.Type = "" }},
		{"Model", f.Model, nil, func(f *filters) { f.Model = "" }},
		{"Touches", f.Item, nil, func(f *filters) { f.Item = "" }},
		{"", f.Voting, []choice{{"yes", "Taking votes"}}, func(f *filters) { f.Voting = "" }},
		{"Promise", f.Promise.how(), promiseChoices(f.Promise), func(f *filters) { f.Promise = f.Promise.ofAnyVerdict() }},
		{"", f.Promise.period(ctx), nil, func(f *filters) { f.Promise.From, f.Promise.To = nil, nil }},
		{"Promised", f.Promise.Metric, metricChoices(), func(f *filters) { f.Promise.Metric = "" }},
		{"Agreement", f.Promise.Agreement, nil, func(f *filters) { f.Promise.Agreement = "" }},
	} {
		if one.value == "" {
			continue
		}
		title := choiceTitle(one.choices, one.value)
		if one.label != "" {
			title = one.label + ": " + title
		}
		without := f
		one.clear(&without)
		add(title, without)
	}
	return list
}

// choiceTitle words a value as the choices that offer it do.
func choiceTitle(choices []choice, value string) string {
	for _, one := range choices {
		if one.Value == value {
			return one.Title
		}
	}
	return value
}
