package web

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// minutes is open time.
func minutes(n int64) int64 { return n * time.Minute.Milliseconds() }

// drawn is a clock of an hour over spans that count and do not, in turn, the first of which counts.
func drawn(open ...int64) app.Clock {
	c := app.Clock{Clock: sla.Clock{Metric: sla.Resolution, LengthMS: minutes(60), InForce: true}}
	for i, n := range open {
		c.Spans = append(c.Spans, sla.Span{Counted: i%2 == 0, OpenMS: minutes(n)})
		if i%2 == 0 {
			c.ElapsedMS += minutes(n)
		} else {
			c.PausedMS += minutes(n)
		}
	}
	c.RemainingMS = c.LengthMS - c.ElapsedMS
	return c
}

func TestABarShowsWhatAClockIsMadeOf(t *testing.T) {
	t.Parallel()
	paused := barOf(drawn(30, 40))
	require.Equal(t, []barPart{{"used", "0.00%", "30.00%"}, {"paused", "30.00%", "40.00%"}, {"left", "70.00%", "30.00%"}}, paused.Parts)
	require.Equal(t, "100.00%", paused.Due, "where it would be broken if it went on now")

	over := barOf(drawn(30, 20, 50))
	require.Equal(t, []barPart{
		{"used", "0.00%", "30.00%"}, {"paused", "30.00%", "20.00%"}, {"used", "50.00%", "30.00%"}, {"overrun", "80.00%", "20.00%"},
	}, over.Parts)
	require.Equal(t, "80.00%", over.Due, "the overrun is seen beyond it")
	require.Equal(t, []barPart{{"left", "0.00%", "100.00%"}}, barOf(drawn()).Parts, "nothing has been counted")
}

func TestABarShowsThresholdsWhereTheyLie(t *testing.T) {
	t.Parallel()
	c := drawn(30, 40)
	c.Thresholds = []sla.Place{
		{At: "25%", AmountMS: minutes(15), Outcome: sla.Superseded},
		{At: "50%", AmountMS: minutes(30), Outcome: sla.Fired},
		{At: "75%", AmountMS: minutes(45)},
		{At: "due+30m", AmountMS: minutes(90)},
		{At: "1000%", AmountMS: minutes(600)},
	}
	bar := barOf(c)
	require.Equal(t, []barTick{{"superseded", "11.54%"}, {"fired", "23.08%"}, {"ahead", "65.38%"}, {"ahead", "100.00%"}}, bar.Ticks,
		"one that acted lies before the pause after it; one that is far away would only squeeze the rest")
	require.Equal(t, "76.92%", bar.Due)
	require.Contains(t, bar.Words, "Resolution: 30 min of 1 h counted; 30 min left; paused for 40 min; 25% superseded")
	require.Contains(t, bar.Words, "75% comes when time counts again")
}

func TestABarIsDrawnWithoutStyles(t *testing.T) {
	t.Parallel()
	var html strings.Builder
	require.NoError(t, clockDrawn(drawn(30, 40)).Render(t.Context(), &html))
	require.NotContains(t, html.String(), "style", "the content security policy allows none")
	require.Contains(t, html.String(), `role="img" aria-label="Resolution: `)
}

func TestWhatAThresholdDoesIsWorded(t *testing.T) {
	t.Parallel()
	require.Equal(t, "tells the team lead, ana; calls people by the policy network; raises the priority by 1; gives it to vip; lets bo watch it", actionWords([]sla.Action{
		{Notify: []string{"team_lead", "person:ana"}}, {Escalate: "network"}, {RaisePriority: 1}, {Reassign: "vip"}, {AddWatcher: "bo"},
	}))
}
