package ical_test

import (
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/server/ical"
)

// day is a moment of December 2026 in a zone of its own, so that what is written in UTC differs.
func day(of, hour int) time.Time {
	return time.Date(2026, time.December, of, hour, 0, 0, 0, time.FixedZone("Berlin", 3600))
}

func changeOn(id, number string, state domain.State, version int64) app.ChangeView {
	from, to := day(5, 22), day(6, 2)
	return app.ChangeView{Change: change.Change{
		Record: domain.Record{
			ID: id, Number: number, Title: "Move the relay; at last\r\nBEGIN:VEVENT", State: state, Version: version, OpenedAt: day(1, 9), UpdatedAt: day(2, 9),
			Team: "messaging", Assignee: "bo",
		},
		Details: change.Details{
			Type: change.Normal, Services: []string{"mail", "dns"}, WindowFrom: &from, WindowTo: &to, Risk: change.Risk{Level: change.RiskHigh},
			Conflicts: []change.Conflict{{ID: "a", Level: change.Blocking}, {ID: "b", Level: change.Blocking}, {ID: "c", Level: change.Warning}},
			Overrides: []change.Override{{Conflict: "b"}},
		},
	}}
}

func changes() app.ChangeFeedContent {
	return app.ChangeFeedContent{
		From: day(1, 0), MadeAt: day(3, 9),
		Changes: []app.ChangeView{
			changeOn("0001", "CHG-000001", change.Scheduled, 7), changeOn("0002", "CHG-000002", change.AwaitingApproval, 2), changeOn("0003", "CHG-000003", change.Canceled, 4),
		},
		Windows: []app.WindowView{
			{Span: window.Span{From: day(18, 18), To: day(31, 7)}, Kind: "FreezeWindow", Name: "year-end", Title: "Year end"},
			{Span: window.Span{From: day(5, 20), To: day(6, 4)}, Kind: "MaintenanceWindow", Name: "saturdays", Title: "Saturdays", Recurs: true},
			{Span: window.Span{From: day(12, 20), To: day(13, 4)}, Kind: "MaintenanceWindow", Name: "saturdays", Title: "Saturdays", Recurs: true},
		},
	}
}

// identities are the events of a calendar by what they are called, as another reader reads them.
func identities(t *testing.T, text string) map[string][]string {
	t.Helper()
	read, err := ics.ParseCalendar(strings.NewReader(text))
	require.NoError(t, err)
	found := map[string][]string{}
	for _, event := range read.Events() {
		summary := event.GetProperty(ics.ComponentPropertySummary).Value
		found[summary] = append(found[summary], event.Id())
	}
	return found
}

// Whoever has the address reads the feed, without a session.
func TestTheChangeCalendarKeepsWhatIsRestricted(t *testing.T) {
	t.Parallel()
	content := changes()
	content.Changes[0].Restricted = true
	text := unfold(t, ical.WriteChanges(content, ""))
	require.Contains(t, text, "SUMMARY:CHG-000001 A restricted change\r\n")
	require.Equal(t, 2, strings.Count(text, "Carried out by: bo"))
	require.Equal(t, 2, strings.Count(text, "Move the relay"))
	require.Len(t, identities(t, text), 5)
}

func TestTheChangeCalendarIsWrittenAsTheStandardSays(t *testing.T) {
	t.Parallel()
	text := ical.WriteChanges(changes(), "https://desk.example.org/")
	unfolded := unfold(t, text)
	for _, line := range []string{
		"DTSTART:20261205T210000Z", "DTEND:20261206T010000Z", "DTSTAMP:20261203T080000Z", "CREATED:20261201T080000Z", "LAST-MODIFIED:20261202T080000Z", "SEQUENCE:7",
		`SUMMARY:CHG-000001 Move the relay\; at last BEGIN:VEVENT`, "STATUS:CONFIRMED", "STATUS:TENTATIVE", "STATUS:CANCELLED", "URL:https://desk.example.org/changes/CHG-000001",
		`DESCRIPTION:Normal change\, scheduled\nServices: mail\, dns\nTeam: messaging\nCarried out by: bo\nRisk: high\nConflicts that block it: 1`,
		"SUMMARY:Freeze: Year end", "DTSTART:20261218T170000Z", "CATEGORIES:freeze", "URL:https://desk.example.org/policies/FreezeWindow/year-end",
		"SUMMARY:Maintenance window: Saturdays", "X-WR-CALNAME:Changes",
	} {
		require.Contains(t, unfolded, "\r\n"+line+"\r\n")
	}
	require.Equal(t, 6, strings.Count(unfolded, "\r\nBEGIN:VEVENT\r\n"), "a title cannot add events")
	require.NotContains(t, unfolded, "X-WR-CALDESC")
	cut := changes()
	cut.More, cut.Service = true, "mail"
	require.Contains(t, unfold(t, ical.WriteChanges(cut, "")), "X-WR-CALDESC:Only the first 3 changes are shown.")
}

func TestWhatIsMovedStaysTheSameEvent(t *testing.T) {
	t.Parallel()
	before, later := changes(), changes()
	later.MadeAt, later.From = day(20, 9), day(7, 0)
	from, to := day(9, 22), day(10, 2)
	later.Changes[0].WindowFrom, later.Changes[0].WindowTo = &from, &to
	later.Windows[0].From = day(20, 18)
	later.Windows = append(later.Windows[:1], later.Windows[2])
	one, two := identities(t, ical.WriteChanges(before, "")), identities(t, ical.WriteChanges(later, ""))
	seen := map[string]bool{}
	for name, ids := range two {
		require.Equal(t, one[name][len(one[name])-len(ids):], ids, name)
	}
	for _, ids := range one {
		for _, id := range ids {
			require.False(t, seen[id], "each is known by itself")
			seen[id] = true
		}
	}
	require.Len(t, seen, 6)
}
