package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	streamPage  = 200
	streamPause = 200 * time.Millisecond
)

// Events sends every event after a place that the principal may see, as it commits, until ctx ends or send fails. Nothing
// is kept in memory per reader: a slow reader only reads later.
func (a *App) Events(ctx context.Context, query EventQuery, send func(LiveEvent) error) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	if err := principal.mayAnywhere(PermissionEventsRead); err != nil {
		return err
	}
	place, err := a.startOfStream(ctx, query.After)
	if err != nil {
		return err
	}
	if query.Started != nil {
		query.Started(placeID(place))
	}
	pause := time.NewTicker(streamPause)
	defer pause.Stop()
	for {
		events, err := schemas.ReadStream(ctx, a.DB, place, streamPage)
		if err != nil {
			return a.fault(ctx, "reading the stream of events", err)
		}
		for _, event := range events {
			place = event.Place()
			if !query.wants(event) || !principal.sees(event) {
				continue
			}
			if err := send(LiveEvent{ID: placeID(place), StreamedEvent: event}); err != nil {
				return err
			}
		}
		if len(events) == streamPage {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-pause.C:
		}
	}
}

// placeID is a place in the stream as a reader sends it back.
func placeID(place schemas.StreamPosition) string {
	return place.Xid + "-" + strconv.FormatInt(place.Position, 10)
}

// startOfStream reads a Last-Event-ID; without one the stream begins now, with 0 at the first event.
func (a *App) startOfStream(ctx context.Context, after string) (schemas.StreamPosition, error) {
	if after == "" {
		place, err := schemas.StreamEnd(ctx, a.DB)
		return place, a.fault(ctx, "finding the end of the stream", err)
	}
	if after == "0" {
		return schemas.StreamPosition{Xid: "0"}, nil
	}
	xid, position, found := strings.Cut(after, "-")
	number, err := strconv.ParseInt(position, 10, 64)
	if _, xidErr := strconv.ParseUint(xid, 10, 64); !found || err != nil || xidErr != nil {
		return schemas.StreamPosition{}, domain.Errorf(domain.CodeMalformed, "the Last-Event-ID is not one of ours")
	}
	return schemas.StreamPosition{Xid: xid, Position: number}, nil
}

func (q EventQuery) wants(event schemas.StreamedEvent) bool {
	return (q.Record == "" || q.Record == event.Record || q.Record == event.Number) &&
		(q.Service == "" || q.Service == event.Service) && (q.Practice == "" || q.Practice == event.Practice)
}

// sees applies the object rules to an event: staff within their scope see everything, a requester the public events of
// their own records, and a restricted record is shown to those named in it only.
func (p Principal) sees(event schemas.StreamedEvent) bool {
	head := domain.Record{Team: event.Team, Service: event.Service, Requester: event.Requester, OpenedBy: event.OpenedBy}
	named := slices.Contains([]string{event.Requester, event.OpenedBy, event.Assignee}, p.Handle)
	if event.Restricted && !named {
		return false
	}
	if p.staff(head) {
		return true
	}
	return event.Public && (p.Handle == event.Requester || p.Handle == event.OpenedBy)
}
