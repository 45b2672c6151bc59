package web

import (
	"context"
	"sync"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// heads keep the newest version of records that live queues ask for, so that many who look at one queue read a changed record
// once. Whether somebody may see a record is decided for each of them by the event that tells of it, before they come here;
// what is restricted is not kept, because reading it is written down for each reader. Nor is what somebody reads who is not staff
// of it, and they are not given what staff read: they see less of it.
type heads struct {
	mu   sync.Mutex
	kept map[string]*head
}

// head is one record; ready is closed when it was read.
type head struct {
	version  int64
	ready    chan struct{}
	incident incident.Incident
	// less: whoever read it is not staff of it.
	less bool
	err  error
}

// mostHeads bounds what is kept; beyond it all is let go, and read anew by those who need it.
const mostHeads = 2000

// get answers the record of an event as somebody sees it, at the event's version or a newer one.
func (h *heads) get(ctx context.Context, event app.LiveEvent, who app.Principal, read func(context.Context, string) (app.IncidentView, error)) (incident.Incident, error) {
	if event.Restricted {
		view, err := read(ctx, event.Number)
		return view.Incident, err
	}
	one, mine := h.claim(event)
	if mine {
		view, err := read(ctx, event.Number)
		one.incident, one.err = view.Incident, err
		one.less = !who.StaffOf(view.Record)
		if err != nil || view.Restricted || one.less {
			h.forget(event.Number, one)
		}
		close(one.ready)
		return one.incident, one.err
	}
	select {
	case <-one.ready:
	case <-ctx.Done():
		return incident.Incident{}, ctx.Err()
	}
	// The reader who came first was another: what they may see by now need not be what this one may.
	if one.err != nil || one.incident.Restricted || one.less || !who.StaffOf(one.incident.Record) || one.incident.Version != event.Version {
		view, err := read(ctx, event.Number)
		return view.Incident, err
	}
	return one.incident, nil
}

// claim finds the record of an event; mine: whoever asks is to read it.
func (h *heads) claim(event app.LiveEvent) (one *head, mine bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if known, found := h.kept[event.Number]; found && known.version >= event.Version {
		return known, false
	}
	if h.kept == nil || len(h.kept) >= mostHeads {
		h.kept = map[string]*head{}
	}
	one = &head{version: event.Version, ready: make(chan struct{})}
	h.kept[event.Number] = one
	return one, true
}

func (h *heads) forget(number string, one *head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept[number] == one {
		delete(h.kept, number)
	}
}
