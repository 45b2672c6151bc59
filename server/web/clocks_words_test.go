package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

func TestClocksAreWorded(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int64]string{
		0: "0 s", 59_999: "59 s", 90_000: "1 min", 3_600_000: "1 h", 27_467_000: "7 h 37 min", -1_800_000: "30 min over",
	} {
		require.Equal(t, want, openTime(ms))
	}
	require.Equal(t, "Resolution: 75% of the promised time, and what the agreement says then", dueTitle("clock resolution 75%"))
	require.Equal(t, "The team's own promise: the promise is broken", dueTitle("clock ola network-team due"))
	require.Equal(t, "Promise broken", eventTitle("incident.clock_breached"))
}

func TestClocksInForceComeBeforeThoseThatWereReplaced(t *testing.T) {
	t.Parallel()
	one := func(metric sla.Metric, cycle, rating int, counts bool) app.Clock {
		return app.Clock{Clock: sla.Clock{Metric: metric, Agreement: "gold", Cycle: cycle, Rating: rating, InForce: counts}}
	}
	all := []app.Clock{one(sla.Resolution, 1, 1, false), one(sla.Resolution, 1, 2, true), one(sla.Response, 1, 1, true), one(sla.Resolution, 2, 1, true)}
	require.Equal(t, []app.Clock{all[2], all[3]}, inForce(all))
	require.Equal(t, []app.Clock{all[1], all[0]}, replaced(all))
	stopped := time.Now()
	require.Equal(t, "with 1 min to spare", remaining(app.Clock{Clock: sla.Clock{StoppedAt: &stopped}, RemainingMS: 60_000}))
}
