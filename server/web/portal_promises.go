package web

import (
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// promiseTold is a promise in words for whom it was made to: what, how it stands, and the moment that this names.
type promiseTold struct {
	What, Words string
	// At is the moment, nil where there is none to tell; To come: it lies ahead, and how far off it is is told as well.
	At     *time.Time
	ToCome bool
	// More goes on after the moment.
	More string
	// Late: it is broken.
	Late bool
}

// portalPromises name what was promised to a requester.
var portalPromises = map[sla.Metric]string{sla.Response: "A first answer", sla.Resolution: "A solution", sla.Update: "The next word from us"}

// promisesTold are the promises made to a requester, as they stand. What did not come to be owed, and each word that came in time, is
// nothing to tell.
func promisesTold(record app.IncidentView, clocks []app.Clock) []promiseTold {
	var list []promiseTold
	for _, clock := range inForce(clocks) {
		what, told := portalPromises[clock.Metric]
		if !told || clock.State == sla.Canceled || clock.Metric == sla.Update && clock.StoppedAt != nil {
			continue
		}
		one := promiseOf(record, clock)
		one.What = what
		list = append(list, one)
	}
	return list
}

func promiseOf(record app.IncidentView, clock app.Clock) promiseTold {
	late := clock.State == sla.Breached
	switch {
	case clock.StoppedAt != nil && late:
		return promiseTold{Words: "It came later than we had promised, on", At: clock.StoppedAt, Late: true}
	case clock.StoppedAt != nil:
		return promiseTold{Words: "It came in time, on", At: clock.StoppedAt}
	case late:
		return promiseTold{Words: "We had promised it by", At: clock.BreachedAt, More: "and are late. We still owe it to you.", Late: true}
	case clock.DueAt != nil:
		return promiseTold{Words: "Promised by", At: clock.DueAt, ToCome: true}
	}
	one := promiseTold{Words: "The time for it does not run " + whyItRests(record) + ". If it ran on from now, it would be promised by", At: clock.ProjectedAt}
	if one.At == nil {
		one.Words = "The time for it does not run " + whyItRests(record) + "."
	}
	return one
}

// whyItRests says during what the time of a promise does not run.
func whyItRests(record app.IncidentView) string {
	if record.State != incident.OnHold {
		return "just now"
	}
	switch record.Hold.Base {
	case incident.AwaitingRequester:
		return "while we wait for your answer"
	case incident.AwaitingVendor:
		return "while we wait for a supplier"
	case incident.Scheduled:
		return "until the work that is planned"
	}
	return "while something else must be done first"
}
