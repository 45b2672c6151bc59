package change

import (
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// stands reports whether the change is in the way of others: from when it is asked for until it ends.
func (c Change) stands() bool {
	_, set := c.Window()
	return set && c.SubmittedAt != nil && !c.WindowMissed && (c.State == Implementing || slices.Contains(underway, c.State))
}

// Reserves reports whether the change has reserved what it touches: it is scheduled, or being carried out.
func (c Change) Reserves() bool {
	return c.stands() && (c.State == Scheduled || c.State == Implementing)
}

// preceding is what a change means to those that must come after it.
type preceding struct {
	stands  bool
	outcome string
	lost    domain.State
	endsBy  int64
}

func (c Change) preceding() preceding {
	p := preceding{stands: c.stands(), outcome: c.Outcome}
	if c.State == Rejected || c.State == Canceled {
		p.lost = c.State
	}
	if span, set := c.Window(); set && !c.WindowMissed {
		p.endsBy = span.To.UnixMilli()
	}
	return p
}

// tellAround lets those look for conflicts again to whom the change has become another than it was: those near by, where it came, went
// or moved; those that touch an item of it that either wants alone, where it has reserved that, or let go; those that must come after
// it; and where it has failed those that follow the same model.
func (d *draft) tellAround(before Change) {
	record, s := &d.Record, d.facts.Surroundings
	span, _ := record.Window()
	was, _ := before.Window()
	moved := before.stands() != record.stands() || record.stands() &&
		(span != was || !slices.Equal(record.ConfigurationItems, before.ConfigurationItems) || record.Exclusive != before.Exclusive)
	var told []string
	for _, n := range slices.Concat(s.Changes, s.Left) {
		if moved && n.Depth <= 1 || n.exclusive(*record) && d.claims(before, n) {
			told = append(told, n.ID)
		}
	}
	if record.failed() && !before.failed() {
		told = append(told, d.facts.SameModel...)
	}
	if record.preceding() != before.preceding() {
		told = append(told, s.Successors...)
	}
	if s.ByRisk && record.stands() && (record.Risk.Level != before.Risk.Level || record.Risk.Score != before.Risk.Score) {
		told = append(told, record.ID) // what is stored was found for another risk
	}
	for _, id := range content.Unique(told) {
		d.Messages = append(d.Messages, domain.Message{
			Practice: Practice, Record: id, Command: "change.conflicts_changed", OnClosed: domain.TargetDrop,
		})
	}
}

// claims reports whether a neighbour does not know yet that the change has reserved an item of it, or let it go: because that is new, or
// because the neighbour is.
func (d *draft) claims(before Change, n Neighbour) bool {
	if before.Reserves() != d.Record.Reserves() {
		return true
	}
	return d.Record.Reserves() && !slices.ContainsFunc(before.Conflicts, func(had Conflict) bool { return had.Kind == "exclusive" && had.Other == n.Number })
}
