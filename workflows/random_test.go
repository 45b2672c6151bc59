package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Whatever happens to a record and its runs, in any order: once everybody is answered, the memory is the row and nothing is
// overdue; every deadline was handled when it was due, or as soon as it could be; and a run ends only when its record has.
func TestRandomLives(t *testing.T) {
	t.Parallel()
	d := setup(t)
	rapid.Check(t, func(rt *rapid.T) {
		r := &random{desk: d, rt: rt}
		r.l = d.open(rt, d.log(rapid.SampledFrom([]body{{}, {"impact": "high"}, {"impact": "low"}, resolved}).Draw(rt, "log")))
		defer func() {
			r.l.stop()
			r.mend()
		}()
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			happening := rapid.SampledFrom(happenings).Draw(rt, "happening")
			happening.what(r)
			if !rapid.Bool().Draw(rt, "and at once") {
				r.quiet()
			}
		}
		r.quiet()
		r.punctual()
	})
}

// random is one round of the property.
type random struct {
	*desk
	rt        *rapid.T
	l         *life
	given     []domain.Command
	disturbed bool // attempts failed, which takes time
}

var happenings = []struct {
	name string
	what func(*random)
}{
	{"a command", func(r *random) { r.command() }},
	{"commands side by side", func(r *random) {
		for range rapid.IntRange(2, 4).Draw(r.rt, "commands") {
			r.command()
		}
	}},
	{"a command once more", func(r *random) {
		if len(r.given) > 0 {
			r.run().send(rapid.SampledFrom(r.given).Draw(r.rt, "which"), int64(r.keys.Add(1)))
		}
	}},
	{"time passes", func(r *random) { r.wait(rapid.Int64Range(1, 100*3600).Draw(r.rt, "seconds")) }},
	{"a little time passes", func(r *random) { r.wait(rapid.Int64Range(1, 1200).Draw(r.rt, "seconds")) }},
	{"an adoption", func(r *random) { r.run().adopt() }},
	{"a commit that the run does not know of", func(r *random) {
		actor, verb, content := r.move()
		r.run().elsewhere(actor, verb, content)
		r.l.adopt()
	}},
	{"attempts are lost", func(r *random) {
		r.disturbed = true
		r.l.lose(rapid.SliceOfN(rapid.SampledFrom([]way{there, back, neither}), 1, 8).Draw(r.rt, "lost")...)
	}},
	{"a fault that no retry mends, for a while", func(r *random) {
		r.disturbed = true
		r.quiet()
		r.fail("XX000")
		r.command()
		r.wait(rapid.Int64Range(1, 200).Draw(r.rt, "seconds"))
		r.l.until("the fault was told", func() bool { return r.l.over || r.l.answered() })
		r.mend()
	}},
	{"a long history", func(r *random) { r.run().env.SetContinueAsNewSuggested(true) }},
	{"the run is terminated", func(r *random) {
		r.quiet()
		if !r.l.over {
			r.l.stop()
			r.l = r.begin(r.rt, adopting(r.l.record), r.l.env.Now())
		}
	}},
}

// run answers the record's running run: where it has ended, the one that follows, as Temporal and the door see to.
func (r *random) run() *life {
	if !r.l.over {
		return r.l
	}
	err := r.l.env.GetWorkflowError()
	var again *workflow.ContinueAsNewError
	if errors.As(err, &again) {
		r.l = r.l.continued()
		return r.l
	}
	require.NoError(r.rt, err)
	require.True(r.rt, r.l.row().Ended || r.l.unheard > 0, "the run ended before its record: %v", r.l.row())
	r.l = r.l.followed(adopting(r.l.record))
	return r.l
}

func (r *random) wait(seconds int64) { r.run().sleep(time.Duration(seconds) * time.Second) }

func (r *random) command() {
	actor, verb, content := r.move()
	command := r.desk.command(actor, verb, r.l.record, content)
	r.given = append(r.given, command)
	r.run().send(command, 0)
}

// move draws a command that may be allowed.
func (r *random) move() (domain.Actor, string, any) {
	later := func(name string, most int64) time.Time {
		return r.l.env.Now().Add(time.Duration(rapid.Int64Range(10, most).Draw(r.rt, name)) * time.Second)
	}
	switch verb := rapid.SampledFrom([]string{
		"start", "hold", "hold", "resume", "resolve", "close", "reopen", "change_priority", "edit", "confirm", "reply", "cancel", "rate",
	}).Draw(r.rt, "verb"); verb {
	case "hold":
		return agent, verb, rapid.SampledFrom([]body{
			{"reason": "awaiting_requester"},
			{"reason": "scheduled", "until": later("until", 1000)},
			{"reason": "awaiting_change", "until": later("until", 200_000)},
			{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "1", "promised_at": later("promise", 50_000), "until": later("until", 200_000)},
		}).Draw(r.rt, "hold")
	case "resolve":
		return agent, verb, body{"code": "fixed", "notes": "Done."}
	case "reopen":
		return agent, verb, body{"reason": "again"}
	case "cancel":
		return agent, verb, body{"reason": rapid.SampledFrom([]string{"", "", "none"}).Draw(r.rt, "why")}
	case "change_priority":
		return agent, verb, body{"impact": rapid.SampledFrom([]string{"high", "medium", "low"}).Draw(r.rt, "impact"), "urgency": "high", "reason": "so"}
	case "edit":
		return agent, verb, body{"category": rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r.rt, "category")}
	case "confirm", "rate":
		return requester, verb, body{"score": 5}
	case "reply":
		return machine, verb, body{"note": 1, "text": "Hello?"}
	default:
		return agent, verb, nil
	}
}

// quiet waits until nothing is left to do now, and compares. A run that ends may leave something to the one that follows.
func (r *random) quiet() {
	for {
		l := r.run()
		l.until("it was quiet", func() bool { return l.over || l.rests() })
		if !l.over || l.answered() && l.memory().Version == l.row().Version {
			require.Equal(r.rt, l.row(), l.memory())
			return
		}
	}
}

// rests tells whether everybody is answered, the memory is the row, nothing is overdue, and a timer runs for what is due.
func (l *life) rests() bool {
	row, memory := l.row(), l.memory()
	overdue := row.WakeAt != nil && !row.WakeAt.After(l.env.Now())
	waits := memory.WakeAt == nil || len(l.timers) > 0
	return l.answered() && memory.Version == row.Version && waits && !overdue
}

// punctual checks when each deadline was handled: at its instant, or at once where an earlier decision found it past.
func (r *random) punctual() {
	tolerance := 2 * time.Millisecond
	if r.disturbed {
		tolerance = 5 * time.Minute
	}
	var before time.Time
	for _, event := range r.events(r.rt, r.l.record) {
		if event.DueAt != nil {
			soonest := *event.DueAt
			if before.After(soonest) {
				soonest = before
			}
			require.WithinDuration(r.rt, soonest, event.RecordedAt, tolerance, "%s, event %d", event.Type, event.Seq)
		}
		before = event.RecordedAt
	}
}
