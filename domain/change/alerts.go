package change

import (
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

const (
	// HoldsPast is how long after its window a change that is still being carried out holds alerts.
	HoldsPast = 2 * time.Hour
	// Settle is how long after that, or after its end, what it held may still become quiet.
	Settle = 10 * time.Minute
)

// Holds is when alerts on what the change touches belong to its work: from its start until its end, at most two hours past its
// window. False where it holds none.
func (c Change) Holds() (window.Span, bool) {
	if c.State != Implementing || c.ActualStart == nil || c.end() == nil {
		return window.Span{}, false
	}
	return window.Span{From: *c.ActualStart, To: c.end().Add(HoldsPast)}, true
}

// Watched is when incidents on what the change touched are proposed as caused by it; false where it has not ended.
func (c Change) Watched() (window.Span, bool) {
	if c.ActualEnd == nil || c.WatchUntil == nil || c.State != Review && c.State != Closed {
		return window.Span{}, false
	}
	return window.Span{From: *c.ActualEnd, To: *c.WatchUntil}, true
}

// holdAlerts says when it settles what becomes of the alerts that the change holds: after its end, or, where that does not come, after
// it has ceased to hold any. An extension begins that anew.
func (d *draft) holdAlerts(before Change) {
	record := &d.Record
	if len(record.ConfigurationItems) == 0 {
		return
	}
	span, holds := record.Holds()
	was, held := before.Holds()
	switch {
	case holds && (!held || !was.To.Equal(span.To) || len(before.ConfigurationItems) == 0):
		record.SettleAt = at(span.To.Add(Settle))
	case record.State == Review && before.State == Implementing && record.SettleAt != nil:
		if settled := record.ActualEnd.Add(Settle); settled.Before(*record.SettleAt) {
			record.SettleAt = &settled
		}
	}
}

// settled opens an incident of every alert that the change held and that still fires. That the change caused them is proposed as they
// are logged, as of any incident on what it touched.
func (d *draft) settled() error {
	record := &d.Record
	if record.SettleAt == nil {
		return domain.Conflict(nil, "nothing is left to settle")
	}
	record.SettleAt = nil
	opened := make([]string, len(d.facts.Alerts))
	for i, held := range d.facts.Alerts {
		opened[i] = held.Incident()
		d.Messages = append(d.Messages, domain.Message{
			Practice: domain.Incident, Record: held.Incident(), Command: "incident.log", Body: held.Opens(), OnClosed: domain.TargetDrop,
		})
	}
	d.event("", map[string]any{"still_firing": len(opened), "incidents": opened}, nil)
	return nil
}
