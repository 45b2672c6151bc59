package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestAnIncidentLivesFromLoggingToItsScore(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log(body{
		"description": "Since 9", "tags": []string{"vip", "it's"}, "configuration_items": []string{"mx1"}, "location": "Berlin",
		"custom_fields": body{"floor": 3}, "channel": "phone",
	})
	logged := d.incident(id)
	require.Equal(t, incident.New, logged.State)
	require.Equal(t, int64(1), logged.Version)
	require.Equal(t, 3, logged.Priority)
	require.Equal(t, "INC-000001", logged.Number)
	require.Equal(t, []string{"vip", "it's", "post"}, logged.Tags, "its own and the rule's")
	require.JSONEq(t, `{"floor":3}`, string(logged.CustomFields))
	require.Equal(t, 1, logged.Policies["Calendar/desk"])
	require.Equal(t, store.Instant("2026-11-30T13:00:00Z"), *logged.WakeAt, "P3 is to be triaged within 4 h")

	d.clock.Advance(10 * time.Minute)
	d.apply(agent, "triage", id, body{"category": "outage", "urgency": "high"})
	d.apply(agent, "assign", id, body{"assignee": "bo"})
	d.apply(colleague, "start", id, nil)
	started := d.incident(id)
	require.Equal(t, incident.InProgress, started.State)
	require.Equal(t, 2, started.Priority)
	require.Equal(t, "bo", started.Assignee)
	require.Nil(t, started.WakeAt)

	d.apply(agent, "hold", id, body{"reason": "awaiting_requester"})
	d.clock.Set("2026-12-01T09:10:00Z") // one working day on
	d.tick(id)
	require.Equal(t, 1, d.incident(id).Hold.Reminders)
	d.apply(machine, "reply", id, body{"note": 4})
	require.Equal(t, incident.InProgress, d.incident(id).State)

	resolved := d.apply(agent, "resolve", id, body{"code": "fixed", "notes": "Restarted the relay."})
	require.Equal(t, store.Instant("2026-12-04T09:10:00Z"), *resolved.View.WakeAt, "three working days on")
	d.apply(requester, "confirm", id, body{"score": 5, "comment": "Quick!"})
	closed := d.incident(id)
	require.Equal(t, incident.Closed, closed.State)
	require.Equal(t, 5, closed.Satisfaction.Score)
	require.False(t, closed.Active)
	require.Nil(t, closed.WakeAt)
	require.Equal(t, []string{
		"incident.logged", "incident.triaged", "incident.assigned", "incident.started", "incident.held", "incident.reminded",
		"incident.resumed", "incident.resolved", "incident.confirmed",
	}, d.types(id))
	d.sound()
}

func TestEveryReasonToHoldIsKeptAndLeft(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	until := d.clock.Now().Add(2 * time.Hour)
	for _, hold := range []body{
		{"reason": "awaiting_requester"},
		{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1", "promised_at": until, "until": until.Add(time.Hour)},
		{"reason": "awaiting_change"},
		{"reason": "awaiting_problem", "until": until},
		{"reason": "scheduled", "until": until, "comment": "after the concert"},
		{"reason": "awaiting_parts", "vendor": "Acme", "reference": "A-2"},
	} {
		d.apply(agent, "hold", id, hold)
		held := d.incident(id).Hold
		require.Equal(t, hold["reason"], held.Reason)
		require.Equal(t, incident.New, held.From)
	}
	require.Equal(t, incident.AwaitingVendor, d.incident(id).Hold.Base)
	d.apply(agent, "resume", id, nil)
	require.Equal(t, incident.New, d.incident(id).State)
	require.Zero(t, d.incident(id).Hold)

	d.apply(agent, "hold", id, body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1", "promised_at": until, "until": until.Add(time.Hour)})
	d.clock.SetTo(until.Add(90 * time.Minute))
	d.tick(id) // the promise and then the end of the hold, both late
	require.Equal(t, incident.New, d.incident(id).State)
	events := d.events(id)
	missed, resumed := events[len(events)-2], events[len(events)-1]
	require.Equal(t, "incident.promise_missed", missed.Type)
	require.Equal(t, until, missed.DueAt.UTC())
	require.Equal(t, (90 * time.Minute).Milliseconds(), *missed.LatenessMS)
	require.Equal(t, "incident.resumed", resumed.Type)
	require.Equal(t, until.Add(time.Hour), resumed.DueAt.UTC())
	d.sound()
}

func TestASilentRequesterIsRemindedTwiceAndThenTheIncidentEnds(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.log()
	d.apply(agent, "hold", id, body{"reason": "awaiting_requester"})
	d.clock.Set("2026-12-20T00:00:00Z") // every deadline has passed, but resolving starts the one for closing
	view := d.tick(id).View
	require.Equal(t, incident.Resolved, view.State)
	require.Equal(t, []string{"incident.logged", "incident.held", "incident.reminded", "incident.reminded", "incident.resolved"}, d.types(id))
	require.Equal(t, incident.CodeNoResponse, d.incident(id).Resolution.Code)
	d.clock.SetTo(*view.WakeAt)
	view = d.tick(id).View
	require.Equal(t, incident.Closed, view.State)
	require.True(t, view.Ended)
	d.sound()
}

// The second story of the lifecycles.
func TestLoggedAndResolvedInOneStepAndAReplyAtTheLastSecond(t *testing.T) {
	t.Parallel()
	for _, story := range []struct {
		reply string
		state domain.State
	}{{"2026-12-08T15:29:59Z", incident.InProgress}, {"2026-12-08T15:30:01Z", incident.Closed}} {
		d := setup(t)
		d.agree("gold", gold)
		d.clock.Set("2026-12-03T15:30:00Z") // Thursday 16:30 in Berlin
		id := d.log(body{"resolution": body{"code": "fixed", "notes": "Turned it on."}})
		resolved := d.incident(id)
		require.Equal(t, incident.Resolved, resolved.State)
		require.True(t, resolved.FirstContact)
		require.Equal(t, store.Instant("2026-12-08T15:30:00Z"), *resolved.WakeAt)
		for _, metric := range []sla.Metric{sla.Response, sla.Resolution} {
			require.Equal(t, sla.Met, d.clockOf(id, metric).State, "first contact keeps both promises")
		}

		d.clock.Set(story.reply)
		d.post("reply", id, body{"note": 2, "text": "Still broken"})
		d.clock.Set("2026-12-08T15:30:05Z") // the timer is late, the relay later
		d.tick(id)
		require.Equal(t, story.state, d.incident(id).State)
		d.deliver()
		require.Equal(t, story.state, d.incident(id).State)
		d.sound()
		if story.state == incident.InProgress {
			require.Equal(t, 1, d.incident(id).ReopenCount)
			require.Equal(t, store.Instant("2026-12-09T11:29:59Z"), *d.incident(id).WakeAt, "half of cycle 2 is spent; nothing closes at 16:30")
			clocks, err := schemas.ReadClocks(t.Context(), d.worker, id)
			require.NoError(t, err)
			told := []string{}
			for _, c := range clocks {
				told = append(told, fmt.Sprintf("%s %d %s", c.Metric, c.Cycle, c.State))
			}
			require.ElementsMatch(t, []string{"response 1 met", "resolution 1 met", "resolution 2 running"}, told, "the old verdict stays")
			require.Equal(t, 1, d.count("records", "true"))
			continue
		}
		require.Equal(t, 2, d.count("records", "true"))
		require.Equal(t, 1, d.count("links", "type = 'follows' AND to_id = ?", id))
	}
}

func TestADuplicateFollowsItsParent(t *testing.T) {
	t.Parallel()
	d := setup(t)
	parent, duplicate, other := d.log(), d.log(), d.log()
	d.apply(agent, "merge_into", duplicate, body{"incident": d.incident(parent).Number})
	require.Equal(t, parent, d.incident(duplicate).MergedInto)
	require.Nil(t, d.incident(duplicate).WakeAt)
	require.Equal(t, 1, d.deliver())
	require.Equal(t, domain.CodeInvalid, d.refuse(agent, "merge_into", parent, body{"incident": duplicate}).Code, "a circle")

	d.apply(agent, "merge_into", other, body{"incident": duplicate})
	require.Equal(t, domain.CodeInvalid, d.refuse(agent, "merge_into", parent, body{"incident": other}).Code, "a longer circle")
	d.apply(agent, "unmerge", other, nil)
	require.Equal(t, 2, d.deliver())
	require.Equal(t, []string{"incident.logged", "incident.duplicate_joined"}, d.types(parent))
	require.Equal(t, []string{"incident.logged", "incident.merged", "incident.duplicate_joined", "incident.duplicate_left"}, d.types(duplicate))

	d.apply(agent, "resolve", parent, body{"code": "fixed", "notes": "Done."})
	d.apply(requester, "confirm", parent, nil)
	require.Equal(t, 1, d.deliver())
	closed := d.incident(duplicate)
	require.Equal(t, incident.Closed, closed.State)
	require.Equal(t, incident.CodeDuplicate, closed.Resolution.Code)
	require.Equal(t, incident.New, d.incident(other).State)

	d.apply(agent, "merge_into", other, body{"incident": d.log()})
	d.apply(agent, "cancel", d.incident(other).MergedInto, body{"reason": "none of ours"})
	d.deliver()
	require.Empty(t, d.incident(other).MergedInto)
	d.sound()
}

func TestReopeningEditingLinkingAndRating(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id, other := d.log(), d.log()
	d.apply(agent, "edit", id, body{"title": "Mail is slow", "description": "Not dead", "service": "wifi", "restricted": true, "tags": []string{}})
	edited := d.incident(id)
	require.Equal(t, "wifi", edited.Service)
	require.Empty(t, edited.Tags)
	require.Equal(t, 1, edited.Policies["Calendar/default"], "the calendar of the new service")
	require.NotContains(t, edited.Policies, "Calendar/desk")
	require.Equal(t, 1, d.count("record_words", "record_id = ? AND words @@ websearch_to_tsquery('english', 'slow')", id))

	d.apply(agent, "link", id, body{"type": "caused_by", "to": d.incident(other).Number})
	require.Equal(t, 1, d.count("links", "from_id = ?", id))
	d.apply(agent, "unlink", id, body{"type": "caused_by", "to": other})
	require.Zero(t, d.count("links", "from_id = ?", id))
	d.apply(agent, "override_priority", id, body{"priority": 1, "reason": "the board waits"})
	d.apply(agent, "change_priority", id, body{"impact": "low", "urgency": "low", "reason": "the board has gone"})
	require.Equal(t, 5, d.incident(id).Priority)

	d.apply(agent, "resolve", id, body{"code": "fixed", "notes": "Done."})
	d.apply(agent, "reopen", id, body{"reason": "again"})
	d.apply(agent, "resolve", id, body{"code": "workaround", "notes": "Done again."})
	d.apply(agent, "close", id, nil)
	d.apply(agent, "reopen", id, body{"reason": "and again"})
	require.Equal(t, 2, d.incident(id).ReopenCount)
	d.apply(agent, "resolve", id, body{"code": "fixed", "notes": "For good."})
	d.apply(agent, "close", id, nil)
	d.apply(requester, "rate", id, body{"score": 2, "comment": "It took long"})
	require.Equal(t, domain.CodeConflict, d.refuse(requester, "rate", id, body{"score": 5}).Code)
	d.clock.Advance(30 * 24 * time.Hour)
	require.Equal(t, domain.CodeConflict, d.refuse(agent, "reopen", id, body{"reason": "too late"}).Code)
	d.sound()
}
