package app

import (
	"context"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// recheck is how often a silent stream looks whether its reader may still read.
const recheck = 3 * time.Second

// Events sends every event after a place that the principal may see, as it commits, until ctx ends or send fails. Whoever asks
// is found anew every few seconds and before anything is sent: the stream ends with their token, and follows their grants. A
// reader that is too slow is told so, and goes on after the last event.
func (a *App) Events(ctx context.Context, query EventQuery, send func(LiveEvent) error) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	if err := principal.mayAnywhere(PermissionEventsRead); err != nil {
		return err
	}
	feed, leave, err := a.feeds.join(ctx, principal.Handle)
	if err != nil {
		return err
	}
	defer leave()
	place, err := a.startOfStream(ctx, query)
	if err != nil {
		return err
	}
	if query.Started != nil {
		query.Started(placeID(place))
	}
	s := &liveStream{app: a, query: query, principal: principal, send: send, from: follower{feed: feed, place: place}}
	return s.run(ctx)
}

// liveStream is one reader's stream of events.
type liveStream struct {
	app       *App
	query     EventQuery
	principal Principal
	send      func(LiveEvent) error
	from      follower
	due       *time.Ticker // for looking whether the reader may still read
}

func (s *liveStream) run(ctx context.Context) error {
	s.due = time.NewTicker(recheck)
	defer s.due.Stop()
	for {
		events, more, err := s.from.next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return s.app.fault(ctx, "reading the stream of events", err)
		}
		if err := s.pass(ctx, events); err != nil {
			return err
		}
		if len(events) > 0 || more == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-more:
		case <-s.due.C:
			if err := s.renew(ctx); err != nil {
				return err
			}
		}
	}
}

// pass sends the events that the reader wants and may see now. A slow reader takes its time over a page, in which rights end.
func (s *liveStream) pass(ctx context.Context, events []schemas.StreamedEvent) error {
	fresh := false
	for _, event := range events {
		if !s.query.wants(event) {
			continue
		}
		select {
		case <-s.due.C:
			fresh = false
		default:
		}
		if !fresh {
			if err := s.renew(ctx); err != nil {
				return err
			}
			fresh = true
		}
		if !s.principal.sees(event) {
			continue
		}
		if err := s.send(LiveEvent{ID: placeID(event.Place()), StreamedEvent: event}); err != nil {
			return err
		}
	}
	return nil
}

// renew finds the reader anew.
func (s *liveStream) renew(ctx context.Context) error {
	fresh, err := s.app.Renew(ctx, s.principal)
	if err != nil {
		return err
	}
	s.principal = fresh
	return fresh.mayAnywhere(PermissionEventsRead)
}

// startOfStream reads a Last-Event-ID; without one the stream begins now, with 0 at the first event.
func (a *App) startOfStream(ctx context.Context, query EventQuery) (schemas.StreamPosition, error) {
	now := func() (schemas.StreamPosition, error) {
		place, err := schemas.StreamEnd(ctx, a.DB)
		return place, a.fault(ctx, "finding the end of the stream", err)
	}
	if query.After == "" {
		return now()
	}
	place, known := placeOf(query.After)
	if query.Within > 0 {
		reaches := known
		if known {
			var err error
			if reaches, err = schemas.StreamReaches(ctx, a.DB, place, query.Within); err != nil {
				return place, a.fault(ctx, "finding a place in the stream", err)
			}
		}
		if !reaches {
			return now()
		}
	}
	if !known {
		return place, domain.Errorf(domain.CodeMalformed, "the Last-Event-ID is not one of ours")
	}
	return place, nil
}

func (q EventQuery) wants(event schemas.StreamedEvent) bool {
	return (q.Only == nil || q.Only(event)) && (q.Record == "" || q.Record == event.Record || q.Record == event.Number) &&
		(q.Service == "" || q.Service == event.Service) && (q.Practice == "" || q.Practice == event.Practice)
}

// sees applies the object rules to an event: staff within their scope see everything, a requester the public events of
// their own records, and a restricted record is shown to those named in it and to its watchers only.
func (p Principal) sees(event schemas.StreamedEvent) bool {
	head := domain.Record{Team: event.Team, Service: event.Service, Requester: event.Requester, OpenedBy: event.OpenedBy}
	named := slices.Contains([]string{event.Requester, event.OpenedBy, event.Assignee}, p.Handle) || slices.Contains(event.Watchers, p.Handle)
	if event.Restricted && !named {
		return false
	}
	if p.staff(head) {
		return true
	}
	return event.Public && (p.Handle == event.Requester || p.Handle == event.OpenedBy)
}
