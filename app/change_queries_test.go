package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// changed writes a change of dee's as the workers do.
func (d *desk) changed(state domain.State, with ...func(*change.Change)) change.Change {
	d.t.Helper()
	now := d.clock.Now()
	number, err := schemas.NextNumber(d.t.Context(), d.worker, change.Lifecycle)
	require.NoError(d.t, err)
	info, _ := change.Lifecycle.State(state)
	record := change.Change{
		Record: domain.Record{
			ID: domain.NewID(number), Practice: change.Practice, Number: number, State: state, Version: 1, Title: "Move the relay", Tags: []string{},
			ConfigurationItems: []string{}, Team: "messaging", Service: "mail", OpenedBy: "dee", Requester: "dee", Priority: 3, Policies: map[string]int{},
			Open: info.Open, Active: info.Active, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: change.Details{Type: change.Normal, Services: []string{"mail"}, Predecessors: []string{}, Overrides: []change.Override{}, Causes: []change.Cause{}, Tasks: []change.Task{}},
	}
	for _, one := range with {
		one(&record)
	}
	into := schemas.NewPassage(d.worker, record.ID, now)
	into.Events([]domain.Event{{Type: "change.drafted", At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "dee"}}})
	into.Change(change.Change{}, record, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return record
}

func TestListsOfChangesTakeWhatThoseOfIncidentsTake(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.changed(change.Draft, func(c *change.Change) { c.Assignee, c.Category, c.Tags = "ana", "network", []string{"spring"} })
	d.changed(change.Closed, func(c *change.Change) { c.Priority, c.Requester = 1, "cy" })
	ana := d.as("ana", all(domain.RoleAdmin))
	for _, one := range []struct {
		query app.ChangeQuery
		want  int
	}{
		{app.ChangeQuery{}, 2},
		{app.ChangeQuery{State: []string{"open"}}, 1},
		{app.ChangeQuery{State: []string{"active"}}, 1},
		{app.ChangeQuery{State: []string{"open", "closed"}}, 2},
		{app.ChangeQuery{State: []string{"draft,closed"}}, 2},
		{app.ChangeQuery{Assignee: "me"}, 1},
		{app.ChangeQuery{Assignee: "none"}, 1},
		{app.ChangeQuery{Requester: "cy"}, 1},
		{app.ChangeQuery{Requester: "me"}, 0},
		{app.ChangeQuery{Priority: []int{1, 2}}, 1},
		{app.ChangeQuery{Voting: true}, 0},
		{app.ChangeQuery{Words: "relays"}, 2},
		{app.ChangeQuery{Words: "moving relay", State: []string{"draft"}}, 1},
		{app.ChangeQuery{Words: "printer"}, 0},
		{app.ChangeQuery{Category: "network"}, 1},
		{app.ChangeQuery{Tag: "spring"}, 1},
		{app.ChangeQuery{Tag: "autumn"}, 0},
		{app.ChangeQuery{Service: "mail"}, 2},
		{app.ChangeQuery{Service: "print"}, 0},
		{app.ChangeQuery{Sort: "window_from"}, 2},
	} {
		found, err := d.Changes(ana, one.query)
		require.NoError(t, err)
		require.Len(t, found.Items, one.want, "%+v", one.query)
	}
	for _, query := range []app.ChangeQuery{
		{State: []string{"foo"}}, {Priority: []int{6}}, {Sort: "title"}, {From: new(d.clock.Now())}, {From: new(d.clock.Now()), To: new(d.clock.Now())},
	} {
		_, err := d.Changes(ana, query)
		refuses(t, domain.CodeInvalid, err)
	}
	_, err := d.Meetings(ana, app.MeetingQuery{State: []string{"foo"}})
	refuses(t, domain.CodeInvalid, err)
	_, err = d.ModelRecord(ana, "nosuch")
	refuses(t, domain.CodeNotFound, err)
}
