package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// moves writes what happened to a change, as the workers do.
func (d *desk) moves(one change.Change, what string, with func(*change.Change)) change.Change {
	d.t.Helper()
	before := one
	with(&one)
	one.Version++
	into := schemas.NewPassage(d.base.Worker(d.t), one.ID, d.Clock.Now())
	into.Events([]domain.Event{{Type: what, At: d.Clock.Now(), Actor: domain.Actor{Kind: domain.ActorPerson, Name: "ana"}}})
	into.Change(before, one, false, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return one
}

// meets writes a meeting in a week, as the workers do.
func (d *desk) meets(with ...func(*meeting.Meeting)) meeting.Meeting {
	d.t.Helper()
	worker, now := d.base.Worker(d.t), d.Clock.Now()
	number, err := schemas.NextNumber(d.t.Context(), worker, meeting.Lifecycle)
	require.NoError(d.t, err)
	at := now.AddDate(0, 0, 7)
	record := meeting.Meeting{
		Record: domain.Record{
			ID: domain.NewID(number), Practice: meeting.Practice, Number: number, State: meeting.Planned, Version: 1, Title: "Board of December",
			Tags: []string{}, ConfigurationItems: []string{}, OpenedBy: "ana", Requester: "ana", Priority: 3, Policies: map[string]int{}, Open: true, Active: true,
			OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: meeting.Details{
			Board: meeting.Board{Role: "cab_member"}, StartsAt: at, EndsAt: at.Add(time.Hour), CutOffAt: at.AddDate(0, 0, -1), CutOff: meeting.DefaultCutOff, Items: []meeting.Item{},
		},
	}
	for _, more := range with {
		more(&record)
	}
	into := schemas.NewPassage(worker, record.ID, now)
	into.Events([]domain.Event{{Type: "meeting.planned", At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "ana"}}})
	into.Meeting(record, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return record
}

// shows opens a page as somebody, and listens to what the page says it listens to.
func (d *desk) shows(who, path string) *heard {
	d.t.Helper()
	found := regexp.MustCompile(`data-live="([^"]+)"`).FindStringSubmatch(d.get(who, path, http.StatusOK))
	require.Len(d.t, found, 2, "%s says what it listens to", path)
	return d.listen(who, "", strings.ReplaceAll(found[1], "&amp;", "&"))
}

// TestPagesAboutChangesAreLive: what happens to a change reaches every page that shows it, and nothing comes before it.
func TestPagesAboutChangesAreLive(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.board()
	on := d.meets(func(m *meeting.Meeting) {
		m.Items = []meeting.Item{{Change: one.ID, Number: one.Number, At: d.Clock.Now()}}
	})
	pages := map[string]*heard{
		"#queue": d.shows("bo", changesPath), "#board": d.shows("bo", boardPath), "#votes": d.shows("bo", approvalsPath),
		"#change-calendar": d.shows("bo", calendarPath+"?day=2026-12-07"), "#meeting-body": d.shows("bo", recordURL(on.Number)),
	}
	d.moves(one, "change.edited", func(c *change.Change) { c.Title = "Okapi relay" })
	for target, page := range pages {
		heard := page.until("Okapi relay")
		require.Contains(t, heard, `hx-target="`+target+`"`)
		require.NotContains(t, heard, "Move the mail", "%s is not told anew what it knows", target)
	}
	list := d.shows("bo", meetingsPath)
	d.meets(func(m *meeting.Meeting) { m.Title = "Extraordinary board" })
	require.Contains(t, list.until("Extraordinary board"), `hx-target="#meeting-list"`)
}

func TestListsOfChangesAreToldToThoseWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.board(func(c *change.Change, _ *approval.Keeper) { c.Title = "Secret relay" })
	for _, address := range []string{changesLivePath, boardLivePath, calendarLivePath, meetingsLivePath} {
		require.Equal(t, http.StatusForbidden, ask(t, d.pages, http.MethodGet, liveOf(address), nil, d.cookies["rita"]).Code, address)
	}
	require.NotContains(t, d.listen("rita", "", approvalsLivePath).until("Nothing waits for you"), "Secret relay", "a vote that is not asked of her")
}
