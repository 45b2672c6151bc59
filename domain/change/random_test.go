package change_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// TestRandomLives gives random commands by random people at random times, with the timer late or in time, while others come into the
// change's way and leave it. What holds of every decision is checked by sound; here, what holds of a life.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	states := []domain.State{
		change.Draft, change.Assessing, change.AwaitingApproval, change.Approved, change.Scheduled, change.Implementing, change.Review, change.Rejected,
	}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{change.Normal, change.Emergency}).Draw(t, "kind")
		state := rapid.SampledFrom(states).Draw(t, "state")
		if kind == change.Emergency && state == change.Assessing {
			state = change.Draft
		}
		d := in(t, state, kind)
		d.late = rapid.Bool().Draw(t, "late")
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			d.now = d.now.Add(drawPause(t, d))
			d.surround(t)
			d.catchUp()
			for _, deadline := range d.due() {
				require.True(t, deadline.DueAt.After(d.now), "%s is due and was not handled", deadline.Name)
			}
			before := d.record
			verb, actor := rapid.SampledFrom(verbs()).Draw(t, "verb"), rapid.SampledFrom(actors()).Draw(t, "actor")
			transition, _ := change.Lifecycle.Transition(verb)
			switch {
			case transition.Machine() && isDeadline(verb):
				continue // given when it is due, by catchUp
			case transition.Machine():
				actor = other
			}
			d.facts.Surroundings.Read = d.facts.Surroundings.Read && !slices.Contains(blind, verb)
			if err := d.apply(d.command(actor, verb, drawBody(t, d, verb))); err != nil {
				require.Equal(t, before, d.record, "a refusal changes nothing")
				continue
			}
			require.Equal(t, before.Version+1, d.record.Version)
			after := d.record.State
			require.True(t, after == before.State || slices.Contains(transition.Targets(before.State), after), "%s: %s → %s", verb, before.State, after)
			keepsWhatWasSaid(t, before, d.record)
		}
		require.True(t, slices.IsSortedFunc(d.events, func(a, b domain.Event) int { return a.At.Compare(b.At) }), "moments never go back")
	})
}

// blind are the verbs for which nobody looks around: they move nothing.
var blind = []string{
	"link", "unlink", "start_task", "request_info", "answer_info", "defer", "ask_others", "review", "decide_cause", "cause_proposed", "close", "on_agenda",
}

// isDeadline reports whether a verb is given by the record's own timer.
func isDeadline(verb string) bool {
	return slices.Contains([]string{"approval_due", "window_opens", "window_missed", "overrun", "cause_overdue", "settled", "watch_over", "review_overdue"}, verb)
}

// keepsWhatWasSaid: no vote is lost, and one that is void stays void.
func keepsWhatWasSaid(t *rapid.T, before, after change.Change) {
	if before.Approval == nil {
		return
	}
	for _, had := range slices.Concat(before.Approval.Stages, before.Approval.Earlier) {
		i := slices.IndexFunc(slices.Concat(after.Approval.Stages, after.Approval.Earlier), func(s approval.Stage) bool { return s.Name == had.Name })
		if i < 0 {
			require.Empty(t, had.Votes)
			continue
		}
		has := slices.Concat(after.Approval.Stages, after.Approval.Earlier)[i]
		require.GreaterOrEqual(t, len(has.Votes), len(had.Votes))
		for place, vote := range had.Votes {
			require.Equal(t, vote.By, has.Votes[place].By)
			require.True(t, vote.Void == nil || has.Votes[place].Void != nil, "a void vote counts again")
		}
	}
}

// surround lets others come and go.
func (d *desk) surround(t *rapid.T) {
	around := change.Surroundings{Read: rapid.IntRange(0, 3).Draw(t, "read") > 0}
	if rapid.IntRange(0, 3).Draw(t, "busy") == 0 {
		busy(&around)
	}
	if rapid.IntRange(0, 5).Draw(t, "frozen") == 0 {
		frozen(&around)
	}
	d.facts.Surroundings = around
	d.facts.Measured.CriticalServices = rapid.IntRange(0, 1).Draw(t, "critical")
}

// drawPause is often nothing, often up to a deadline, sometimes hours or days, sometimes a clock that goes back a little.
func drawPause(t *rapid.T, d *desk) time.Duration {
	switch rapid.IntRange(0, 4).Draw(t, "pause") {
	case 0:
		return 0
	case 1:
		if due := d.due(); len(due) > 0 {
			return max(due[rapid.IntRange(0, len(due)-1).Draw(t, "which")].DueAt.Sub(d.now), 0)
		}
		return 0
	case 2:
		return -time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "back"))
	case 3:
		return time.Duration(rapid.Int64Range(0, int64(3*time.Hour)).Draw(t, "minutes"))
	}
	return time.Duration(rapid.Int64Range(0, int64(6*24*time.Hour)).Draw(t, "days"))
}

// drawBody is a body that may or may not be taken.
func drawBody(t *rapid.T, d *desk, verb string) any {
	window := func() body {
		from := d.now.Add(time.Duration(rapid.Int64Range(-2, 240).Draw(t, "from")) * time.Hour)
		return body{"window_from": from, "window_to": from.Add(time.Duration(rapid.Int64Range(0, 6).Draw(t, "lasts")) * time.Hour)}
	}
	switch verb {
	case "edit":
		switch rapid.IntRange(0, 4).Draw(t, "what") {
		case 0:
			return window()
		case 1:
			return body{"plan": rapid.SampledFrom([]string{"Move it", "Move it by hand"}).Draw(t, "plan")}
		case 2:
			return body{"auto_start": rapid.Bool().Draw(t, "auto")}
		case 3:
			return body{"configuration_items": rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"db1", "db2", "web1"}), 1, 3, rapid.ID[string]).Draw(t, "items")}
		}
		return body{"assignee": rapid.SampledFrom([]string{"eli", "ana", "fred"}).Draw(t, "assignee")}
	case "schedule":
		return window()
	case "submit":
		return body{"expedited": rapid.Bool().Draw(t, "expedited"), "reason": "r"}
	case "cast_vote":
		ballot := d.bodyOf(verb).(body)
		ballot["vote"] = rapid.SampledFrom(approval.Choices).Draw(t, "vote")
		if ballot["vote"] == approval.ApproveWith {
			ballot["conditions"] = []string{"tell the users"}
		}
		ballot["comment"] = "c"
		return ballot
	case "complete_task", "start_task":
		tasks := d.record.Tasks
		return body{"task": tasks[rapid.IntRange(0, len(tasks)-1).Draw(t, "task")].ID}
	case "complete":
		return body{"outcome": rapid.SampledFrom([]string{"successful", "failed"}).Draw(t, "outcome"), "notes": "n"}
	case "electorate_changed":
		d.loses(rapid.SampledFrom([]string{"ana", "sec", "mona"}).Draw(t, "who"), rapid.Bool().Draw(t, "inactive"))
	}
	return d.bodyOf(verb)
}
