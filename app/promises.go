package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Promises are the clocks of records, and what is made of them.
type Promises interface {
	// Clocks lists all clocks of a record, every metric, cycle and rating, oldest first, each explained as of now.
	Clocks(ctx context.Context, reference string) ([]Clock, error)
	// ExplainClock says why one clock reads what it reads: not_found where the record has no such clock.
	ExplainClock(ctx context.Context, reference string, query ClockQuery) (Clock, error)
	// ReRate measures the open records of one page of a list by the newest agreements and calendars, or says what that would do.
	ReRate(ctx context.Context, request ReRating) (ReRated, error)
	// PromisesKept counts the promises that were kept and broken within a day, and those that fall due in it.
	PromisesKept(ctx context.Context, query PromisesQuery) (PromisesView, error)
}

// Clock is a clock and why it reads what it reads.
type Clock = sla.Explanation

// ClockQuery names one clock of a record.
type ClockQuery struct {
	Metric sla.Metric
	// Agreement tells several of a metric apart; left out: the first by name.
	Agreement string
	// Cycle and Rating left out (0): the newest cycle, and the rating in force.
	Cycle, Rating int
	// At left out: as of now.
	At *time.Time
}

// PromiseQuery narrows a list to records of which a promise stands in some way.
type PromiseQuery struct {
	// Clock is "breached", "met" or "running"; Metric, Agreement, ClockFrom, ClockTo and DueWithin are of the promise that it asks
	// for.
	Clock     string `json:"clock"`
	Metric    string `json:"metric"`
	Agreement string `json:"agreement"`
	// ClockFrom and ClockTo bound when it was broken, was kept, or falls due; ClockTo is excluded.
	ClockFrom *time.Time `json:"clock_from"`
	ClockTo   *time.Time `json:"clock_to"`
	// DueWithin asks for a promise that falls due within so much time from now on: "2h".
	DueWithin string `json:"due_within"`
	// Outdated names a calendar or an SLA, "Calendar/support": a promise that is still to be kept is measured by an earlier version
	// of it than the newest. It goes with whatever else is asked.
	Outdated string `json:"outdated"`
}

// longestDueWithin bounds how far ahead a list looks.
const longestDueWithin = 366 * 24 * time.Hour

func (q PromiseQuery) filter(principal Principal, now time.Time) (schemas.PromiseFilter, error) {
	f := schemas.PromiseFilter{
		Verdict: schemas.Verdict(q.Clock), Metric: q.Metric, Agreement: q.Agreement, From: q.ClockFrom, To: q.ClockTo, ToRequester: !principal.Staff(),
	}
	if err := inCalendar(map[string]*time.Time{"clock_from": q.ClockFrom, "clock_to": q.ClockTo}); err != nil {
		return f, err
	}
	if q.Metric != "" && !slices.Contains(sla.Metrics, sla.Metric(q.Metric)) {
		return f, badQuery("metric", q.Metric, "is none that clocks measure")
	}
	if q.Outdated != "" {
		kind, name, named := strings.Cut(q.Outdated, "/")
		if !named || kind != policy.KindCalendar && kind != policy.KindSLA {
			return f, badQuery("outdated", q.Outdated, "names a calendar or an agreement, like Calendar/support or SLA/gold")
		}
		f.OutdatedKind, f.OutdatedName = kind, name
	}
	if q.DueWithin != "" {
		within, err := time.ParseDuration(q.DueWithin)
		switch {
		case err != nil || within <= 0 || within > longestDueWithin:
			return f, badQuery("due_within", q.DueWithin, "is a time like 30m or 4h, up to a year of hours")
		case q.Clock != "" && q.Clock != string(schemas.VerdictRunning):
			return f, badQuery("due_within", q.DueWithin, "goes with clock=running alone: what is over falls due no more")
		}
		until := now.Add(within)
		f.Verdict, f.To = schemas.VerdictRunning, &until
	}
	switch f.Verdict {
	case schemas.VerdictBreached, schemas.VerdictMet, schemas.VerdictRunning:
		return f, nil
	case "":
		if q.ClockFrom != nil || q.ClockTo != nil {
			return f, badQuery("clock", q.Clock, "says of which moment clock_from and clock_to are: breached, met or running")
		}
		if q.Metric != "" || q.Agreement != "" {
			f.Verdict = schemas.VerdictAny
		}
		return f, nil
	}
	return f, badQuery("clock", q.Clock, "takes breached, met or running")
}

// Clocks lists all clocks of a record.
func (a *App) Clocks(ctx context.Context, reference string) ([]Clock, error) {
	principal, found, err := a.clocked(ctx, reference)
	if err != nil {
		return nil, err
	}
	clocks, err := schemas.ReadClocks(ctx, a.DB, found.ID)
	if err != nil {
		return nil, a.fault(ctx, "reading clocks", err)
	}
	return a.explain(ctx, principal, found, clocks, a.now())
}

// ExplainClock explains one clock of a record.
func (a *App) ExplainClock(ctx context.Context, reference string, query ClockQuery) (Clock, error) {
	principal, found, err := a.clocked(ctx, reference)
	if err != nil {
		return Clock{}, err
	}
	clocks, err := schemas.ReadClocks(ctx, a.DB, found.ID)
	if err != nil {
		return Clock{}, a.fault(ctx, "reading clocks", err)
	}
	chosen, err := query.choose(clocks)
	if err != nil {
		return Clock{}, err
	}
	at := a.now()
	if query.At != nil {
		if asked := domain.Millisecond(*query.At); asked.Before(chosen.CycleFrom) || asked.After(at) {
			return Clock{}, badQuery("at", asked.Format(time.RFC3339), "lies before the clock's beginning or in the future")
		}
		at = domain.Millisecond(*query.At)
	}
	explained, err := a.explain(ctx, principal, found, []sla.Clock{chosen}, at)
	if err == nil && len(explained) == 0 {
		err = noSuchClock(query)
	}
	if err != nil {
		return Clock{}, err
	}
	return explained[0], nil
}

// choose finds the clock that is asked for.
func (q ClockQuery) choose(clocks []sla.Clock) (sla.Clock, error) {
	var chosen *sla.Clock
	for i, c := range clocks {
		if c.Metric != q.Metric || q.Agreement != "" && c.Agreement != q.Agreement || q.Cycle != 0 && c.Cycle != q.Cycle ||
			q.Rating != 0 && c.Rating != q.Rating || q.Rating == 0 && !c.InForce {
			continue
		}
		if chosen == nil || c.Cycle > chosen.Cycle || c.Cycle == chosen.Cycle && c.Rating > chosen.Rating {
			chosen = &clocks[i]
		}
	}
	if chosen == nil {
		return sla.Clock{}, noSuchClock(q)
	}
	return *chosen, nil
}

func noSuchClock(q ClockQuery) error {
	return domain.Errorf(domain.CodeNotFound, "the record has no such clock of %s", q.Metric)
}

// clocked finds a record whose clocks the caller may see, its life with it.
func (a *App) clocked(ctx context.Context, reference string) (Principal, incident.Incident, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, incident.Incident{}, err
	}
	if err := principal.mayAnywhere(PermissionIncidentRead); err != nil {
		return principal, incident.Incident{}, err
	}
	found, exists, err := schemas.ReadIncident(ctx, a.DB, a.reader(principal), reference)
	if err != nil {
		return principal, found, a.fault(ctx, "reading an incident", err)
	}
	if !exists {
		return principal, found, domain.Errorf(domain.CodeNotFound, "no incident %s", reference)
	}
	return principal, found, a.auditRead(ctx, principal, found.Record)
}

// explain explains clocks of a record as of an instant. A requester sees what was promised to them, and not what happens inside on
// the way.
func (a *App) explain(ctx context.Context, principal Principal, record incident.Incident, clocks []sla.Clock, at time.Time) ([]Clock, error) {
	list := []Clock{}
	for _, c := range clocks {
		if !principal.staff(record.Record) && !c.Metric.ToRequester() {
			continue
		}
		held, err := a.documents.HeldTerms(ctx, a.DB, nil, []sla.Clock{c})
		if err != nil {
			return nil, a.fault(ctx, "reading what a clock is measured by", err)
		}
		explained := held[0].Explain(c, record.Life, at)
		if !principal.staff(record.Record) {
			explained.Clock, explained.Thresholds = asPromised(explained.Clock), nil
		}
		list = append(list, explained)
	}
	return list, nil
}

// asPromised leaves off a clock what is not the requester's: why it is this promise, and what happens inside on the way.
func asPromised(c sla.Clock) sla.Clock {
	c.Why, c.Next, c.NextAt, c.Points = "", "", nil, []sla.Point{}
	return c
}
