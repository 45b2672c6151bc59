package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/change"
)

// Every deadline comes at its moment, a millisecond before it nothing has, and once.
func TestEveryDeadlineComesOnceAtItsMoment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begin func() *desk
		waits string
		event string
		after func(d *desk) bool
	}{
		"reminder at half the time": {
			begin: func() *desk { return asked(t, nil) }, waits: "approval cab 50% Wed 2026-12-02 14:00:00", event: "change.approval_reminded",
			after: func(d *desk) bool { return d.stage("cab").Timing.Reminded == 1 },
		},
		"end of the vote": {
			begin: func() *desk { return asked(t, nil) }, waits: "approval cab due Fri 2026-12-04 10:00:00", event: "change.approval_escalated",
			after: func(d *desk) bool {
				return d.stage("cab").State == "escalated" && d.record.State == change.AwaitingApproval
			},
		},
		"window opens": {
			begin: func() *desk { return authorised(t, body{"auto_start": true}) }, waits: "window_opens Fri 2026-12-18 22:00:00", event: "change.started",
			after: func(d *desk) bool { return d.record.State == change.Implementing },
		},
		"window missed": {
			begin: func() *desk { return authorised(t, nil) }, waits: "window_missed Sat 2026-12-19 02:00:00", event: "change.window_missed",
			after: func(d *desk) bool { return d.record.State == change.Approved && d.record.WindowMissed },
		},
		"overrun": {
			begin: func() *desk { return begun(t) }, waits: "overrun Sat 2026-12-19 02:00:00", event: "change.overrun",
			after: func(d *desk) bool {
				return d.record.OverrunAt != nil && d.record.OverrunAt.Equal(berlin("2026-12-19 02:00"))
			},
		},
		"settled": {
			begin: func() *desk { return ended(t, "successful") }, waits: "settle Fri 2026-12-18 22:15:00", event: "change.settled",
			after: func(d *desk) bool { return d.record.SettleAt == nil && d.record.State == change.Review },
		},
		"settled without an end": {
			begin: func() *desk { return begun(t) }, waits: "settle Sat 2026-12-19 04:10:00", event: "change.settled",
			after: func(d *desk) bool { return d.record.SettleAt == nil && d.record.State == change.Implementing },
		},
		"watch over": {
			begin: func() *desk { return ended(t, "successful") }, waits: "watch_over Mon 2026-12-21 22:05:00", event: "change.closed",
			after: func(d *desk) bool { return d.record.State == change.Closed },
		},
		"review": {
			begin: func() *desk { return ended(t, "failed") }, waits: "review Thu 2026-12-24 09:00:00", event: "change.review_escalated",
			after: func(d *desk) bool { return d.record.ReviewEscalated },
		},
		"cause undecided": {
			begin: func() *desk {
				d := ended(t, "successful")
				d.do(other, "cause_proposed", body{"incident": otherID, "number": "INC-000003", "service": "shop"})
				return d
			},
			waits: "cause INC-000003 Thu 2026-12-24 09:00:00", event: "change.cause_escalated",
			after: func(d *desk) bool { return d.record.Causes[0].Escalated && d.record.State == change.Review },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := c.begin()
			require.Contains(t, d.waits(), c.waits)
			due := berlin(c.waits[len(c.waits)-len("2006-01-02 15:04:05"):])
			d.now = due.Add(-1e6)
			d.catchUp()
			require.False(t, c.after(d), "it came too early")
			d.now = due
			d.catchUp()
			require.True(t, c.after(d))
			happened := len(d.events)
			last := d.events[happened-1]
			require.Equal(t, []any{c.event, due}, []any{last.Type, last.At})
			d.catchUp()
			require.Len(t, d.events, happened, "it comes once")
		})
	}
}

// begun is a change that is carried out, ended one that was.
func begun(t require.TestingT) *desk {
	d := authorised(t, nil)
	d.at("2026-12-18 22:05").do(eli, "start", nil)
	return d
}

func ended(t require.TestingT, outcome string) *desk {
	d := begun(t)
	d.do(eli, "complete_task", body{"task": "t1"})
	d.do(eli, "complete_task", body{"task": "t2"})
	d.do(eli, "complete", body{"outcome": outcome, "notes": "n"})
	return d
}

// A cause that is proposed after an early review still has somebody decide: the closed change keeps its deadline.
func TestACauseOfAClosedChangeIsDecidedToo(t *testing.T) {
	t.Parallel()
	d := ended(t, "failed")
	d.do(mona, "review", body{"findings": "Check the indexes first"})
	d.do(dee, "close", nil)
	d.do(other, "cause_proposed", body{"incident": otherID, "number": "INC-000003", "service": "shop"})
	require.Equal(t, []string{"settle Fri 2026-12-18 22:15:00", "cause INC-000003 Thu 2026-12-24 09:00:00"}, d.waits())
	d.at("2026-12-24 09:00").catchUp()
	require.Contains(t, d.told("change.cause_overdue"), "role:change_manager")
	require.Empty(t, d.waits())
	d.do(olga, "decide_cause", body{"incident": "INC-000003", "caused": true})
	require.True(t, d.record.CausedIncident)
}
