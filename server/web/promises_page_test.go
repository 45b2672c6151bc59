package web

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

var (
	figurePattern = regexp.MustCompile(`(?s)<a class="figure[^"]*" href="([^"]+)">.*?<strong>([\d,]+)</strong>.*?</a>`)
	behindPattern = regexp.MustCompile(`in ([\d,]+) incidents?</span>`)
	rowPattern    = regexp.MustCompile(`<tr id="row-`)
)

// Each figure leads to a list that is as long as it says, for whoever may see all and for whoever may not.
func TestEachFigureLeadsToItsIncidents(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.fillPromises(48)
	d.signIn("cy")
	_, err := d.GiveGrant(app.WithPrincipal(t.Context(), d.admin), app.Grant{Person: "cy", Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "network"})
	require.NoError(t, err)
	several := 0
	for _, one := range []struct {
		who, path string
		figures   int
	}{
		{"bo", promisesPath + "?day=2026-11-30", 12},
		{"bo", promisesPath + "?day=2026-11-29", 12},
		{"bo", promisesPath + "?day=2026-11-29&team=messaging", 6},
		{"cy", promisesPath + "?day=2026-11-29", 4},
	} {
		page := d.get(one.who, one.path, http.StatusOK)
		found := figurePattern.FindAllStringSubmatch(page, -1)
		require.GreaterOrEqual(t, len(found), one.figures, "%s reads %s", one.who, one.path)
		for _, figure := range found {
			records := figure[2]
			if behind := behindPattern.FindStringSubmatch(figure[0]); behind != nil {
				records = behind[1]
				several++
			}
			list := d.get(one.who, figure[1], http.StatusOK)
			require.Equal(t, records, strconv.Itoa(len(rowPattern.FindAllString(list, -1))), figure[1])
			counted := d.get(one.who, figure[1]+"&counts=yes", http.StatusOK)
			require.Regexp(t, `(?s)aria-current="true">This list.*?, </span>`+records+`<`, counted, "and so says the list")
		}
	}
	require.Positive(t, several, "some records have several of the promises")
	require.NotContains(t, d.get("cy", promisesPath+"?day=2026-11-29", http.StatusOK), "Messaging")
}

func TestPromisesOfADayAreTold(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	page := d.get("bo", promisesPath+"?day=2026-11-30", http.StatusOK)
	require.Contains(t, page, "No promises on this day")
	require.Contains(t, page, `href="/promises?day=2026-11-29"`)
	require.Contains(t, page, `href="/policies?kind=SLA"`)
	d.fillPromises(16)
	page = d.get("bo", promisesPath+"?day=2026-11-30&team=nobody", http.StatusOK)
	require.Contains(t, page, "Nothing of this team")
	require.Contains(t, page, `<option value="nobody" selected>`)
	page = d.get("bo", promisesPath+"?day=2026-11-30", http.StatusOK)
	require.Contains(t, page, "By team")
	require.Contains(t, page, "in UTC")
	require.Contains(t, page, `href="/policies/SLA/gold"`)
	d.get("bo", promisesPath+"?day=yesterday", http.StatusUnprocessableEntity)
	d.get("rita", promisesPath, http.StatusForbidden)
	require.NotContains(t, d.get("rita", portalPath, http.StatusOK), promisesPath)
	require.Contains(t, d.get("bo", "/waiting", http.StatusOK), `href="/promises"`)
}

func TestWhatIsNotAllIsNotShownAsAll(t *testing.T) {
	t.Parallel()
	for want, of := range map[string]app.PromiseFigures{
		"99.9%": {Met: 99_999, Breached: 1}, "100%": {Met: 7}, "0%": {Breached: 3}, "66.6%": {Met: 2, Breached: 1}, "50%": {Met: 1, Breached: 1, Running: 9},
	} {
		share, decided := keptShare(t.Context(), of)
		require.True(t, decided)
		require.Equal(t, want, share)
	}
	_, decided := keptShare(t.Context(), app.PromiseFigures{Running: 4})
	require.False(t, decided)
}

func TestARowShowsThePromiseThatItsListAsksFor(t *testing.T) {
	t.Parallel()
	hours := func(off int) *time.Time {
		at := noon.Add(time.Duration(off) * time.Hour)
		return &at
	}
	clocks := []sla.Clock{
		{Metric: sla.Response, Agreement: "gold", InForce: true, State: sla.Breached, BreachedAt: hours(-5), StoppedAt: hours(-4), DueAt: hours(-5)},
		{Metric: sla.Update, Agreement: "gold", InForce: true, State: sla.Met, StoppedAt: hours(-2), DueAt: hours(-1)},
		{Metric: sla.Resolution, Agreement: "gold", InForce: true, State: sla.Running, Counting: true, DueAt: hours(3)},
		{Metric: sla.OLA, Agreement: "ola", InForce: true, State: sla.Breached, Counting: true, BreachedAt: hours(-1), DueAt: hours(-1)},
	}
	for _, one := range []struct {
		asked promiseFilter
		want  string
	}{
		{promiseFilter{}, "Team's promise broken 1 h ago"},
		{promiseFilter{Within: "8h"}, "Resolution in 3 h"},
		{promiseFilter{Clock: "breached", Agreement: "gold"}, "Response broken 5 h ago ended"},
		{promiseFilter{Clock: "breached"}, "Team's promise broken 1 h ago"},
		{promiseFilter{Clock: "met"}, "Next word kept 2 h ago"},
		{promiseFilter{Metric: "response"}, "Response broken 5 h ago ended"},
		{promiseFilter{Clock: "breached", Metric: "resolution"}, "Team's promise broken 1 h ago"},
	} {
		shows, some := promiseFor(one.asked, clocks, noon)
		require.True(t, some)
		face := shows.face(noon)
		require.Equal(t, one.want, strings.TrimSpace(promiseNouns[shows.Metric]+" "+face.Text+" "+face.Word), "%+v", one.asked)
		require.Equal(t, shows.Ended == "", strings.Contains(html(t, countdown(shows, noon)), "data-until="), "what has ended does not run")
	}
}

func TestWhatOfAClockIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"clock resolution 75%": "Resolution 75%", "clock ola network-team due": "Team's promise due", "clock update due-5m": "Next word 5m before due",
		"triage": "Triage", "clock joy 50%": "Clock joy 50%",
	} {
		require.Equal(t, want, waitingName(name))
	}
}

func TestTheNextPromiseIsTheOneThatEndsNext(t *testing.T) {
	t.Parallel()
	clock := func(metric sla.Metric, change func(*sla.Clock)) sla.Clock {
		due := noon.Add(2 * time.Hour)
		one := sla.Clock{Metric: metric, InForce: true, State: sla.Running, Counting: true, LengthMS: 4 * 3600_000, ElapsedMS: 2 * 3600_000, DueAt: &due}
		if change != nil {
			change(&one)
		}
		return one
	}
	at := func(off time.Duration) *time.Time {
		moment := noon.Add(off)
		return &moment
	}
	paused := clock(sla.OLA, func(c *sla.Clock) { c.State, c.Counting, c.DueAt = sla.Paused, false, nil })
	broken := clock(sla.Response, func(c *sla.Clock) { c.State, c.BreachedAt = sla.Breached, at(-65*time.Minute) })
	soonest := clock(sla.Update, func(c *sla.Clock) { c.DueAt = at(20 * time.Minute) })
	near := clock(sla.Resolution, func(c *sla.Clock) {
		c.Points = []sla.Point{{At: "50%", Outcome: sla.Fired}, {At: "due-3h", Outcome: sla.Superseded}}
	})
	turns := clock(sla.Resolution, func(c *sla.Clock) { c.NextAt, c.Next = at(time.Hour), "due-1h" })
	kept := clock(sla.Resolution, func(c *sla.Clock) { c.StoppedAt = at(-time.Hour) })
	rests := clock(sla.Resolution, func(c *sla.Clock) { c.State, c.BreachedAt, c.Counting = sla.Breached, at(-2*time.Hour), false })
	for _, one := range []struct {
		clocks []sla.Clock
		after  time.Duration
		want   string
	}{
		{[]sla.Clock{kept}, 0, ""},
		{[]sla.Clock{paused, kept}, 0, "held Team's promise paused 2 h left"},
		{[]sla.Clock{paused, turns, soonest, broken}, 0, "over Response broken 1 h 5 min ago"},
		{[]sla.Clock{paused, turns, soonest}, 0, "soon Next word in 20 min soon"},
		{[]sla.Clock{paused, near}, 0, "near Resolution in 2 h past 50%"},
		{[]sla.Clock{turns, paused}, 0, "Resolution in 2 h"},
		{[]sla.Clock{turns}, time.Hour, "near Resolution in 1 h past 1h before due"},
		{[]sla.Clock{turns}, 2*time.Hour + time.Second, "over Resolution broken under 1 min ago"},
		{[]sla.Clock{rests, broken}, 0, "over Resolution broken 2 h ago paused"},
	} {
		next, owes := nextPromise(one.clocks)
		have := ""
		if owes {
			face := next.face(noon.Add(one.after))
			have = strings.Join(strings.Fields(strings.Join([]string{face.Tone, promiseNouns[next.Metric], face.Text, face.Word}, " ")), " ")
			text := html(t, countdown(next, noon.Add(one.after)))
			require.Equal(t, next.At != nil, strings.Contains(text, "data-until="), "what is paused does not run: %s", text)
			require.Equal(t, next.Turns != nil, strings.Contains(text, "data-turns="))
		}
		require.Equal(t, one.want, have)
	}
}
