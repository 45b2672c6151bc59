package web

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// promiseFilter narrows a list to records of which a promise stands so.
type promiseFilter struct {
	// Clock is how it stands: breached, met or running; Within asks instead for one that falls due within so much time.
	Clock, Within     string
	Metric, Agreement string
	// From and To bound when it was broken, was kept, or falls due; To is excluded.
	From, To *time.Time
}

// promiseField is the one choice that the form offers of how a promise stands; addresses say it by clock or due_within.
const promiseField = "promise"

// promiseNames are what addresses say of promises, but for the form's own choice.
var promiseNames = []string{"clock", "due_within", "metric", "agreement", "clock_from", "clock_to"}

func asksPromises(query url.Values) bool {
	return query.Has(promiseField) || slices.ContainsFunc(promiseNames, query.Has)
}

func promiseFilterOf(query url.Values) promiseFilter {
	f := promiseFilter{
		Clock: query.Get("clock"), Within: query.Get("due_within"), Metric: query.Get("metric"), Agreement: query.Get("agreement"),
		From: periodEnd(query, "clock_from"), To: periodEnd(query, "clock_to"),
	}
	if query.Has(promiseField) {
		f.Clock, f.Within = query.Get(promiseField), ""
		if _, err := time.ParseDuration(f.Clock); err == nil {
			f.Clock, f.Within = "", f.Clock
		}
	}
	return f.plain()
}

// plain says the same in one way: what falls due within some time is running, and no other period bounds it.
func (f promiseFilter) plain() promiseFilter {
	if f.Within != "" && f.Clock == string(sla.Running) {
		f.Clock = ""
	}
	if f.Clock == "" {
		f.From, f.To = nil, nil
	}
	return f
}

// periodEnd reads one end of a period; nil where there is none, or none that can be read, which readablePeriod refuses.
func periodEnd(query url.Values, name string) *time.Time {
	at, err := time.Parse(time.RFC3339, query.Get(name))
	if err != nil {
		return nil
	}
	at = at.UTC()
	return &at
}

// readablePeriod refuses ends of a period that are no moments: the list would be longer than its address says.
func readablePeriod(query url.Values) error {
	for _, name := range []string{"clock_from", "clock_to"} {
		if query.Get(name) != "" && periodEnd(query, name) == nil {
			return domain.Invalid(name, "is a moment like 2026-12-31T00:00:00Z")
		}
	}
	return nil
}

func promiseFilterOfView(ask app.ViewFilter) promiseFilter {
	f := promiseFilter{Clock: ask.Clock, Within: ask.DueWithin, Metric: ask.Metric, Agreement: ask.Agreement, From: ask.ClockFrom, To: ask.ClockTo}
	return f.plain()
}

// keepIn writes the filter into what a view keeps.
func (f promiseFilter) keepIn(ask *app.ViewFilter) {
	ask.Clock, ask.DueWithin, ask.Metric, ask.Agreement, ask.ClockFrom, ask.ClockTo = f.Clock, f.Within, f.Metric, f.Agreement, f.From, f.To
}

// asks reports whether anything is asked of promises.
func (f promiseFilter) asks() bool { return f.Clock+f.Within+f.Metric+f.Agreement != "" }

// how is what the form's choice says.
func (f promiseFilter) how() string { return f.Clock + f.Within }

// ofAnyVerdict is the filter without a verdict, and so without a period.
func (f promiseFilter) ofAnyVerdict() promiseFilter {
	return promiseFilter{Metric: f.Metric, Agreement: f.Agreement}
}

// values are the filter as a query says it.
func (f promiseFilter) values() url.Values {
	values := url.Values{}
	for name, value := range map[string]string{
		"clock": f.Clock, "due_within": f.Within, "metric": f.Metric, "agreement": f.Agreement, "clock_from": exactly(f.From), "clock_to": exactly(f.To),
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

func exactly(at *time.Time) string {
	if at == nil {
		return ""
	}
	return exact(*at)
}

// period words the period, by its day where it is one in the viewer's zone.
func (f promiseFilter) period(ctx context.Context) string {
	switch {
	case f.From == nil && f.To == nil:
		return ""
	case f.To == nil:
		return "From " + shown(ctx, *f.From)
	case f.From == nil:
		return "Before " + shown(ctx, *f.To)
	}
	if day, whole := wholeDay(ctx, *f.From, *f.To); whole {
		return "On " + day
	}
	return "From " + shown(ctx, *f.From) + " to " + shown(ctx, *f.To)
}

// wholeDay words a period that is one day in the viewer's zone.
func wholeDay(ctx context.Context, from, to time.Time) (string, bool) {
	zone, err := time.LoadLocation(zoneOf(ctx))
	if err != nil {
		zone = time.UTC // a zone that this machine's tables do not have
	}
	from, to = from.In(zone), to.In(zone)
	whole := from.Format(time.TimeOnly) == "00:00:00" && from.AddDate(0, 0, 1).Equal(to)
	return languageOf(ctx).Date(from), whole
}

// promiseChoices are what the form offers, and what is asked now where that is another time.
func promiseChoices(now promiseFilter) []choice {
	choices := []choice{
		{"", "Any"},
		{string(sla.Breached), "Broken"},
		{"30m", "Due within 30 min"},
		{"2h", "Due within 2 h"},
		{"8h", "Due within 8 h"},
		{"24h", "Due within 1 day"},
		{string(sla.Running), "Still to be kept"},
		{string(sla.Met), "Kept"},
	}
	if within, err := time.ParseDuration(now.Within); err == nil && choiceTitle(choices, now.Within) == now.Within {
		choices = append(choices, choice{now.Within, "Due within " + spanOf(within)})
	}
	return or(choices, now.how())
}

func metricChoices() []choice {
	choices := []choice{{"", "Any"}}
	for _, metric := range sla.Metrics {
		choices = append(choices, choice{string(metric), metricTitles[metric]})
	}
	return choices
}

// promised reports whether a promise of a record is one that a list asks for, by the newest clock in force of each. It is not sure
// where none of these is and an earlier cycle may be: a row does not have those.
func promised(ask app.ViewFilter, clocks []sla.Clock, now time.Time) (fits, sure bool) {
	f := promiseFilterOfView(ask)
	if !f.asks() {
		return true, true
	}
	sure = true
	for _, one := range clocks {
		if !f.about(one) {
			continue
		}
		if f.takes(one, now) {
			return true, true
		}
		sure = sure && one.Cycle == 1
	}
	return false, sure
}

// fits reports whether a clock is one that is asked for.
func (f promiseFilter) fits(one sla.Clock, now time.Time) bool {
	return f.about(one) && f.takes(one, now)
}

// about reports whether the question is about a clock, however it stands.
func (f promiseFilter) about(one sla.Clock) bool {
	return one.InForce && (f.Metric == "" || f.Metric == string(one.Metric)) && (f.Agreement == "" || f.Agreement == one.Agreement)
}

// takes reports whether a clock stands as is asked.
func (f promiseFilter) takes(one sla.Clock, now time.Time) bool {
	from, to := f.From, f.To
	var at *time.Time
	switch {
	case f.Within != "" || f.Clock == string(sla.Running):
		if one.Ended() || one.BreachedAt != nil {
			return false
		}
		at = one.DueAt
		if within, err := time.ParseDuration(f.Within); err == nil {
			until := now.Add(within)
			to = &until
		}
	case f.Clock == string(sla.Breached):
		if at = one.BreachedAt; at == nil {
			return false
		}
	case f.Clock == string(sla.Met):
		if at = one.StoppedAt; at == nil || one.State != sla.Met {
			return false
		}
	}
	if from == nil && to == nil {
		return true
	}
	return at != nil && (from == nil || !at.Before(*from)) && (to == nil || at.Before(*to))
}
