package change

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// revise takes the change back to its draft; votes become void and stay visible.
func (d *draft) revise() error {
	var body Plain
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(body.Reason, map[string]any{"from": d.Record.State}, nil)
	return d.toDraft(body.Reason)
}

// withdraw is revise before it is decided.
func (d *draft) withdraw() error { return d.revise() }

func (d *draft) toDraft(reason string) error {
	record := &d.Record
	if err := d.withdrawApproval(reason); err != nil {
		return err
	}
	d.move(Draft, d.moment)
	record.SubmittedAt, record.AssessedBy, record.ReviewedBy = nil, "", ""
	record.Conflicts, record.Overrides, record.WindowMissed = []Conflict{}, []Override{}, false
	d.conditionsGone()
	return nil
}

// conditionsGone takes away the conditions of votes that do not count any more.
func (d *draft) conditionsGone() {
	d.Record.Tasks = slices.DeleteFunc(d.Record.Tasks, func(t Task) bool { return t.Condition && t.State == TaskOpen })
}

// cancel ends the change before it is begun.
func (d *draft) cancel() error {
	var body Because
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if body.Reason == "" {
		return domain.Invalid("reason", "is needed")
	}
	d.event(body.Reason, map[string]any{"from": d.Record.State}, nil)
	if err := d.withdrawApproval(body.Reason); err != nil {
		return err
	}
	d.move(Canceled, d.moment)
	d.Record.ClosedAt = at(d.moment)
	return nil
}

// schedule sets the window of an approved change. It becomes scheduled by itself, once nothing blocks it.
func (d *draft) schedule() error {
	var body Schedule
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	if actor := d.command.Actor; actor.Kind == domain.ActorPerson && !scheduler(*record, actor) {
		return notScheduler()
	}
	if body.WindowFrom == nil || body.WindowTo == nil {
		return domain.Invalid("window_from", "and window_to are needed")
	}
	if err := domain.Join(d.checkWindow(nil, body.WindowFrom, body.WindowTo)); err != nil {
		return err
	}
	if err := domain.Join(d.checkAhead(nil, body.WindowFrom, body.WindowTo)); err != nil {
		return err
	}
	changes := map[string]any{}
	d.setWindow(body.WindowFrom, body.WindowTo, changes)
	if len(changes) == 0 {
		if len(record.Blocked()) > 0 {
			return domain.Conflict(nil, "%s", record.Blocked()[0].Why)
		}
		return domain.Errorf(domain.CodeInvalid, "nothing would change")
	}
	changes["fields"] = []string{"window"}
	d.rescore()
	d.event(body.Reason, changes, nil)
	return nil
}

// checkAhead says whether another window of a change that was asked for can still be kept, and leaves those who were asked the time
// that the change was submitted with.
func (d *draft) checkAhead(wrong []domain.FieldError, from, to *time.Time) []domain.FieldError {
	record := &d.Record
	if from == nil || to == nil || len(wrong) > 0 || record.SubmittedAt == nil || record.State == Review {
		return wrong
	}
	if !to.After(d.moment) {
		return append(wrong, domain.FieldError{Location: "body.window_to", Message: "lies in the past"})
	}
	if record.Type != Normal || record.Expedited || record.State == Implementing {
		return wrong
	}
	earliest, err := d.earliest(*record.SubmittedAt)
	if err == nil && from.Before(earliest) {
		wrong = append(wrong, domain.FieldError{
			Location: "body.window_from",
			Message:  "lies before " + instant(earliest) + ", the lead time of this change; withdraw it and submit it expedited",
		})
	}
	return wrong
}

// lookAround looks for conflicts where a command may have moved any, and tells the owners of both sides of what blocks now and did not
// before.
func (d *draft) lookAround(before Change) {
	record := &d.Record
	if !d.facts.Surroundings.Read {
		return
	}
	if !slices.Contains(underway, record.State) || record.SubmittedAt == nil {
		return
	}
	record.Conflicts = FindConflicts(*record, d.facts.Surroundings, d.moment)
	fresh := slices.DeleteFunc(record.Blocked(), func(c Conflict) bool {
		return slices.ContainsFunc(before.Blocked(), func(had Conflict) bool { return had.ID == c.ID })
	})
	gone := slices.DeleteFunc(before.Blocked(), func(c Conflict) bool {
		return slices.ContainsFunc(record.Blocked(), func(has Conflict) bool { return has.ID == c.ID })
	})
	if len(fresh)+len(gone) > 0 && d.command.Verb() != "override_conflict" {
		d.add("change.conflicts_found", "", map[string]any{"blocking": ids(fresh), "gone": ids(gone), "why": whys(fresh)}, nil)
	}
	for _, conflict := range fresh {
		d.notify("change.blocked", map[string]any{"conflict": conflict.ID, "why": conflict.Why}, append(d.otherOwners(conflict), record.owner(), record.implementer())...)
	}
}

// otherOwners are whom news about the other side of a conflict goes to.
func (d *draft) otherOwners(conflict Conflict) []string {
	var to []string
	for _, n := range d.facts.Surroundings.Changes {
		if n.Number == conflict.Other {
			to = append(to, n.Owner)
		}
	}
	for _, i := range d.facts.Surroundings.Incidents {
		if i.Number == conflict.Other {
			to = append(to, i.Owner)
		}
	}
	return to
}

func ids(conflicts []Conflict) []string {
	list := make([]string, len(conflicts))
	for i, conflict := range conflicts {
		list[i] = conflict.ID
	}
	return list
}

func whys(conflicts []Conflict) []string {
	list := make([]string, len(conflicts))
	for i, conflict := range conflicts {
		list[i] = conflict.Why
	}
	return list
}

// scheduleItself schedules an approved change whose window is set and which nothing blocks, and starts one that was held for what is
// gone now. A window that has passed is missed, which its deadline tells.
func (d *draft) scheduleItself() error {
	record := &d.Record
	span, set := record.Window()
	if record.State == Approved && set && !record.WindowMissed && d.moment.Before(span.To) && len(record.Blocked()) == 0 {
		d.move(Scheduled, d.moment)
		d.add("change.scheduled", "", map[string]any{"window_from": span.From, "window_to": span.To}, nil)
		d.notify("change.scheduled", map[string]any{"window_from": span.From, "window_to": span.To}, record.owner(), record.implementer())
	}
	held := record.HeldSince
	if record.State == Scheduled && held != nil && record.AutoStart && d.facts.Surroundings.Read && d.holding() == "" && span.Holds(d.moment) {
		if err := d.begin(d.moment); err != nil {
			return err
		}
		d.add("change.started", "what held it is gone", map[string]any{"held_since": *held}, nil)
	}
	return nil
}

// conflictsChanged looks for conflicts again: something around the change has moved. What it finds, lookAround tells.
func (d *draft) conflictsChanged() error { return nil }

// overrideConflict lifts one blocking conflict for the next start, with its reservation.
func (d *draft) overrideConflict() error {
	var body OverrideConflict
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	if body.Reason == "" {
		return domain.Invalid("reason", "is needed")
	}
	if d.facts.Surroundings.Read {
		record.Conflicts = FindConflicts(*record, d.facts.Surroundings, d.moment)
	}
	blocked := record.Blocked()
	i := slices.IndexFunc(blocked, func(c Conflict) bool { return c.ID == body.Conflict })
	if i < 0 {
		return domain.Invalid("conflict", "%q does not block this change; what does: %v", body.Conflict, ids(blocked))
	}
	if !blocked[i].Overridable() {
		return domain.Conflict(nil, "nobody overrides this: %s", blocked[i].Why)
	}
	record.Overrides = append(record.Overrides, Override{Conflict: body.Conflict, By: d.command.Actor.Name, Reason: body.Reason, At: d.moment})
	d.event(body.Reason, map[string]any{"conflict": body.Conflict, "why": blocked[i].Why}, nil)
	d.notify("change.conflict_overridden", map[string]any{"conflict": body.Conflict, "why": blocked[i].Why},
		append(d.otherOwners(blocked[i]), record.owner(), record.implementer())...)
	return nil
}

// windowMissed takes a change whose window passed without a start back to approved: it needs another window.
func (d *draft) windowMissed() error {
	record := &d.Record
	record.WindowMissed, record.Overrides, record.HeldSince = true, []Override{}, nil
	d.move(Approved, d.moment)
	d.add("change.window_missed", "the window passed without a start", map[string]any{"window_from": record.WindowFrom, "window_to": record.WindowTo}, nil)
	d.notify("change.window_missed", nil, record.owner(), record.implementer())
	return nil
}
