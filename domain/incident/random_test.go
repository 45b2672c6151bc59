package incident_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// TestRandomLives gives random commands by random people at random times, with the timer late or in time. What holds of
// every single decision is checked by decide and sound; here, what holds of a life.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := setup(t, "2026-12-04 15:00")
		d.now = d.now.Add(time.Duration(rapid.Int64Range(0, int64(14*24*time.Hour)).Draw(t, "opening")))
		content := drawBody(t, "log", d.now)
		d.do(ana, "log", content)
		events := 0
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			before, seen := d.record, len(d.events)
			d.now = d.now.Add(drawPause(t, d))
			d.facts.Duplicates = []string{childID}[:rapid.IntRange(0, 1).Draw(t, "duplicates")]
			d.catchUp()
			inOrder(t, d, before, seen)
			after := d.record
			verb := rapid.SampledFrom(verbs()).Draw(t, "verb")
			actor := rapid.SampledFrom(actors()).Draw(t, "actor")
			if transition, _ := incident.Lifecycle.Transition(verb); transition.Machine() {
				actor = other
			}
			err := d.apply(d.command(actor, verb, drawBody(t, verb, d.now)), nil)
			if err != nil {
				require.Equal(t, after, d.record, "a refusal changes nothing")
				continue
			}
			require.Equal(t, after.Version+1, d.record.Version)
			if toldOnly(after, verb) {
				require.Equal(t, after.State, d.record.State, "%s of what follows another one", verb)
			} else {
				require.True(t, reaches(after.State, d.record.State, verb), "%s: %s → %s", verb, after.State, d.record.State)
			}
			require.GreaterOrEqual(t, d.record.ReopenCount, after.ReopenCount)
			require.GreaterOrEqual(t, d.record.ReassignmentCount, after.ReassignmentCount)
			events++
		}
		chronological(t, d.events)
		require.LessOrEqual(t, events, len(d.events))
	})
}

// inOrder holds what the timer did on its way against the due times: in order, none early, nothing due left behind.
func inOrder(t *rapid.T, d *desk, before incident.Incident, seen int) {
	var last time.Time
	for _, event := range d.events[seen:] {
		require.NotNil(t, event.DueAt)
		require.False(t, event.DueAt.After(d.now), "nothing fires early")
		require.False(t, event.DueAt.Before(last), "due times rise")
		require.Equal(t, d.now.Sub(*event.DueAt).Milliseconds(), *event.LatenessMS)
		last = *event.DueAt
	}
	for _, deadline := range d.due() {
		require.True(t, deadline.DueAt.After(d.now), "%s is due and was not handled", deadline.Name)
	}
	require.Equal(t, before.Version+int64(len(d.events)-seen), d.record.Version, "one event and one version each")
}

func chronological(t *rapid.T, events []domain.Event) {
	require.True(t, slices.IsSortedFunc(events, func(a, b domain.Event) int { return a.At.Compare(b.At) }))
}

// TestTheTimersPaceDoesNotMatter: waking at every deadline and waking once, after all of them, lead to the same states, as
// long as nothing new is counted from the later moment.
func TestTheTimersPaceDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prompt := setup(t, "2026-12-04 15:00")
		prompt.now = prompt.now.Add(time.Duration(rapid.Int64Range(0, int64(10*24*time.Hour)).Draw(t, "opening"))).Truncate(time.Millisecond)
		prompt.do(ana, "log", body{"title": "x", "impact": "low", "urgency": "low", "requester": "rita", "team": "messaging"})
		prompt.do(ana, "hold", body{"reason": "awaiting_requester"})
		late := setup(t, "2026-12-04 15:00")
		late.record, late.facts = copied(prompt.record), prompt.facts
		prompt.events, prompt.notices = nil, nil
		end := prompt.due()[len(prompt.due())-1].DueAt
		for prompt.now.Before(end) {
			prompt.now = earliest(prompt.due()[0].DueAt, end)
			prompt.catchUp()
		}
		late.now = end
		late.catchUp()
		require.Equal(t, prompt.record.State, late.record.State)
		require.Equal(t, prompt.types(), late.types())
		require.Equal(t, prompt.told(), late.told())
		for i := range prompt.events {
			require.Equal(t, prompt.events[i].DueAt, late.events[i].DueAt)
			require.Zero(t, *prompt.events[i].LatenessMS)
		}
	})
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func reaches(from, to domain.State, verb string) bool {
	transition, _ := incident.Lifecycle.Transition(verb)
	targets := transition.Targets(from)
	stays := len(targets) == 0 || verb == "reply" // a reply to a hold for another reason is only told
	return stays && from == to || slices.Contains(targets, to)
}

func verbs() []string {
	list := []string{}
	for _, transition := range incident.Lifecycle.Transitions {
		list = append(list, transition.Verb)
	}
	return list
}

// drawPause is often nothing, often up to a deadline, sometimes days, sometimes a clock that goes back a little.
func drawPause(t *rapid.T, d *desk) time.Duration {
	switch rapid.IntRange(0, 4).Draw(t, "pause") {
	case 0:
		return 0
	case 1:
		if due := d.due(); len(due) > 0 {
			return due[len(due)-1].DueAt.Sub(d.now)
		}
		return 0
	case 2:
		return -time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "back"))
	case 3:
		return time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "minutes"))
	}
	return time.Duration(rapid.Int64Range(0, int64(10*24*time.Hour)).Draw(t, "days"))
}

// drawBody is a body that may or may not be taken.
func drawBody(t *rapid.T, verb string, now time.Time) any {
	level := rapid.SampledFrom([]string{incident.High, incident.Medium, incident.Low})
	team := rapid.SampledFrom([]string{"", "messaging", "network"})
	who := rapid.SampledFrom([]string{"", "ana", "bo", "cy"})
	moment := func(label string) any {
		if !rapid.Bool().Draw(t, label) {
			return nil
		}
		return now.Add(time.Duration(rapid.Int64Range(int64(-25*time.Hour), int64(72*time.Hour)).Draw(t, label+" off")))
	}
	switch verb {
	case "log":
		content := body{
			"title": "Mail is down", "impact": level.Draw(t, "impact"), "urgency": level.Draw(t, "urgency"),
			"requester": "rita", "team": team.Draw(t, "team"), "assignee": who.Draw(t, "assignee"),
		}
		if rapid.Bool().Draw(t, "first contact") {
			content["resolution"] = body{"code": "fixed", "notes": "x"}
		}
		return content
	case "assign":
		return body{"team": team.Draw(t, "team"), "assignee": who.Draw(t, "assignee")}
	case "triage":
		return body{"team": team.Draw(t, "team"), "impact": level.Draw(t, "impact")}
	case "start":
		return body{"effective_at": moment("effective"), "reason": "r"}
	case "resolve":
		return body{"code": "fixed", "notes": "x", "effective_at": moment("effective"), "reason": "r"}
	case "hold":
		reason := rapid.SampledFrom(append(known().HoldReasons.Terms, known().HoldReasons.Terms[0])).Draw(t, "reason")
		return body{"reason": reason.ID, "vendor": "Acme", "reference": "A-1", "until": moment("until"), "promised_at": moment("promised")}
	case "change_priority":
		return body{"impact": level.Draw(t, "impact"), "urgency": level.Draw(t, "urgency"), "reason": "r"}
	case "override_priority":
		return body{"priority": rapid.IntRange(0, 6).Draw(t, "priority"), "reason": "r"}
	case "confirm", "rate":
		return body{"score": rapid.IntRange(-1, 6).Draw(t, "score")}
	case "edit":
		return body{"title": rapid.SampledFrom([]string{"", "Mail is down", "Mail is slow"}).Draw(t, "title")}
	}
	return bodyOf(verb)
}
