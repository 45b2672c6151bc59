package meeting

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// plan calls a meeting. One whose cut-off has passed already has its agenda at once.
func (d *draft) plan() error {
	given, err := decode[Plan](d)
	if err != nil {
		return err
	}
	var wrong []domain.FieldError
	wrong = content.Text(wrong, "title", given.Title, 1, domain.MaxTitleBytes)
	for _, problem := range given.Board.Validate() {
		wrong = append(wrong, domain.FieldError{Location: "body.board." + problem.Path, Message: problem.Message})
	}
	if !ValidCutOff(given.CutOff) {
		wrong = append(wrong, domain.FieldError{Location: "body.cut_off", Message: "takes up to 20 working days, or as much clock time"})
	}
	if wrong != nil {
		return domain.Join(wrong)
	}
	if d.command.Actor.Kind == domain.ActorPerson {
		given.Cadence, given.Turn = "", ""
	}
	d.Record = Meeting{
		Record: domain.Record{
			ID: d.command.Record, Practice: Practice, Number: d.facts.Number, Title: given.Title, Team: given.Board.Team,
			OpenedBy: d.command.Actor.Name, Priority: 3, OpenedAt: d.moment, Tags: []string{}, ConfigurationItems: []string{},
			Policies: d.facts.Policies,
		},
		Details: Details{Cadence: given.Cadence, Turn: given.Turn, Board: given.Board, CutOff: given.CutOff, Items: []Item{}},
	}
	if d.Record.CutOff == (calendar.Duration{}) {
		d.Record.CutOff = DefaultCutOff
	}
	length := time.Duration(given.Minutes) * time.Minute
	if length == 0 {
		length = DefaultLength
	}
	if err := d.times(given.At, length); err != nil {
		return err
	}
	d.move(Planned)
	d.event("", map[string]any{
		"board": d.Record.Board.String(), "starts_at": d.Record.StartsAt, "cut_off_at": d.Record.CutOffAt, "cadence": given.Cadence, "turn": given.Turn,
	}, nil)
	d.tell("meeting.called")
	return nil
}

// addItem puts a change on the agenda, whether it awaits votes or is only to be talked about.
func (d *draft) addItem() error {
	given, err := decode[OfChange](d)
	if err != nil {
		return err
	}
	if d.facts.Named == nil {
		return domain.Invalid("change", "names no change: there is no %s", given.Change)
	}
	if _, there := d.Record.Item(d.facts.Named.ID); there {
		return domain.Conflict(nil, "%s is on the agenda already", d.facts.Named.Number)
	}
	if len(d.Record.Items) >= MaxItems {
		return domain.Conflict(nil, "the agenda is full: it takes %d changes", MaxItems)
	}
	d.put(*d.facts.Named, d.command.Actor.Name)
	d.tellItems(d.Record.Items[len(d.Record.Items)-1])
	d.event(given.Reason, map[string]any{"change": d.facts.Named.Number, "after_cut_off": d.Record.FixedAt != nil}, nil)
	return nil
}

func (d *draft) put(change Waiting, by string) {
	d.Record.Items = append(d.Record.Items, Item{Change: change.ID, Number: change.Number, By: by, At: d.moment})
}

// tellItems lets changes know that they are on the agenda: whoever meets about them has time until the meeting is over.
func (d *draft) tellItems(items ...Item) { d.tellAgenda(false, items) }

// tellOff lets changes know that they are on the agenda no longer: nobody meets about them.
func (d *draft) tellOff(items ...Item) { d.tellAgenda(true, items) }

func (d *draft) tellAgenda(off bool, items []Item) {
	for _, item := range items {
		d.Messages = append(d.Messages, domain.Message{
			Practice: "change", Record: item.Change, Command: "change.on_agenda", OnClosed: domain.TargetDrop,
			Body: map[string]any{
				"meeting": d.Record.Number, "board": d.Record.Board.Target(), "starts_at": d.Record.StartsAt, "ends_at": d.Record.EndsAt, "off": off,
			},
		})
	}
}

// removeItem takes a change off the agenda.
func (d *draft) removeItem() error {
	given, err := decode[OfChange](d)
	if err != nil {
		return err
	}
	item, there := d.Record.Item(given.Change)
	if !there {
		return domain.Invalid("change", "%s is not on the agenda", given.Change)
	}
	d.Record.Items = slices.DeleteFunc(d.Record.Items, func(one Item) bool { return one.Change == item.Change })
	d.tellOff(item)
	d.event(given.Reason, map[string]any{"change": item.Number}, nil)
	return nil
}

// fixAgenda puts every change on the agenda that awaits votes of the board at this moment, at the cut-off or by hand before it.
func (d *draft) fixAgenda() error {
	given, err := decode[Plain](d)
	if err != nil {
		return err
	}
	var numbers []string
	left := 0
	for _, change := range d.facts.Waiting {
		if _, there := d.Record.Item(change.ID); there {
			continue
		}
		if len(d.Record.Items) >= MaxItems {
			left++
			continue
		}
		d.put(change, "")
		numbers = append(numbers, change.Number)
	}
	d.Record.FixedAt = at(d.moment)
	d.move(AgendaFixed)
	d.tellItems(d.Record.Items...)
	data := map[string]any{"changes": append([]string{}, numbers...), "items": len(d.Record.Items)}
	if left > 0 {
		data["left_off"] = left // the agenda is full: it says so
	}
	d.event(given.Reason, data, nil)
	d.tell("meeting.agenda_fixed")
	return nil
}

// hold begins the meeting, at its time or by hand before it.
func (d *draft) hold() error {
	given, err := decode[Plain](d)
	if err != nil {
		return err
	}
	d.Record.HeldAt = at(d.moment)
	d.move(Held)
	d.event(given.Reason, map[string]any{"items": len(d.Record.Items)}, nil)
	return nil
}

// note puts something into the minutes.
func (d *draft) note() error {
	given, err := decode[Note](d)
	if err != nil {
		return err
	}
	if wrong := content.Text(nil, "text", given.Text, 1, domain.MaxReasonBytes); wrong != nil {
		return domain.Join(wrong)
	}
	data := map[string]any{}
	if given.Change != "" {
		item, there := d.Record.Item(given.Change)
		if !there {
			return domain.Invalid("change", "%s is not on the agenda", given.Change)
		}
		data["change"] = item.Number
	}
	d.event("", data, map[string]any{"text": given.Text})
	return nil
}

// end says that the meeting's time is over. Votes go on; the chair is asked to close it.
func (d *draft) end() error {
	closes, err := d.facts.Calendar.AddWorkingDays(d.moment, CloseAfter)
	if err != nil {
		return domain.Errorf(domain.CodeInternal, "counting working days: %v", err)
	}
	d.Record.EndedAt, d.Record.CloseAt = at(d.moment), at(domain.Millisecond(closes))
	d.event("", map[string]any{"closes_at": *d.Record.CloseAt}, nil)
	d.tell("meeting.ended", "role:"+string(domain.RoleChangeManager))
	return nil
}

// closeMeeting ends the meeting; nothing is noted any more.
func (d *draft) closeMeeting() error {
	given, err := decode[Plain](d)
	if err != nil {
		return err
	}
	if d.Record.EndedAt == nil {
		d.Record.EndedAt = at(d.moment)
	}
	d.Record.CloseAt = nil
	d.move(Closed)
	d.event(given.Reason, map[string]any{"items": len(d.Record.Items)}, nil)
	return nil
}

// reschedule moves the meeting. Where its new cut-off lies ahead, the agenda is fixed anew then; what is on it stays.
func (d *draft) reschedule() error {
	given, err := decode[Reschedule](d)
	if err != nil {
		return err
	}
	if given.Reason == "" {
		return domain.Invalid("reason", "is needed")
	}
	record := &d.Record
	before, length := record.StartsAt, record.EndsAt.Sub(record.StartsAt)
	if given.Minutes > 0 {
		length = time.Duration(given.Minutes) * time.Minute
	}
	if err := d.times(given.At, length); err != nil {
		return err
	}
	if record.CutOffAt.After(d.moment) {
		record.FixedAt = nil
		d.move(Planned)
	}
	d.tellItems(record.Items...)
	d.event(given.Reason, map[string]any{
		"starts_at": domain.Change{From: before, To: record.StartsAt}, "cut_off_at": record.CutOffAt,
	}, nil)
	d.tell("meeting.rescheduled")
	return nil
}

// cancel calls the meeting off. What was on its agenda waits as before, and no longer.
func (d *draft) cancel() error {
	given, err := decode[Because](d)
	if err != nil {
		return err
	}
	if given.Reason == "" {
		return domain.Invalid("reason", "is needed")
	}
	d.move(Canceled)
	d.tellOff(d.Record.Items...)
	d.event(given.Reason, map[string]any{"items": len(d.Record.Items)}, nil)
	d.tell("meeting.canceled")
	return nil
}
