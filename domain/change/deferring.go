package change

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/content"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// Meeting is a meeting of a board, as a change that is put off to it needs to know it.
type Meeting struct {
	ID     string
	Number string
	// Board is how policies name those who meet.
	Board  approval.Target
	EndsAt time.Time
	// Ahead: it has not begun, and was not called off.
	Ahead bool
}

// maxDeferral bounds how far ahead a vote may be put off.
const maxDeferral = maxWindow

// deferVote puts a stage off: to an instant, or to a later meeting of those whom it asks. Then it has time until that is over, because
// votes before a meeting and in it are the same votes, and the change is put on its agenda.
func (d *draft) deferVote() error {
	var body Defer
	switch err := d.command.Decode(&body); {
	case err != nil:
		return err
	case body.Reason == "":
		return domain.Invalid("reason", "is needed")
	case (body.Until == nil) == (body.Meeting == ""):
		return domain.Invalid("until", "or meeting is needed, and not both")
	}
	if body.Meeting != "" {
		if err := d.deferTo(body); err != nil {
			return err
		}
		body.Until = &d.facts.Meeting.EndsAt
	}
	if body.Until.Sub(d.moment) > maxDeferral {
		return domain.Invalid("until", "lies more than 92 days ahead")
	}
	return d.vote(func(k *approval.Keeper) error {
		return k.Defer(d.moment, d.command.Actor.Name, body.Stage, *body.Until, body.Reason)
	})
}

// deferTo puts the change on the agenda of a meeting, which must lie ahead and be one of those whom the stage asks.
func (d *draft) deferTo(body Defer) error {
	to := d.facts.Meeting
	if to == nil {
		return domain.Join([]domain.FieldError{content.Unknown("meeting", body.Meeting)})
	}
	if !to.Ahead {
		return domain.Invalid("meeting", "%s does not lie ahead", to.Number)
	}
	if stage, found := d.Record.Approval.Stage(body.Stage); found && !slices.Contains(stage.Electorate, to.Board) {
		return domain.Invalid("meeting", "%s is one of %s, whom the stage %s does not ask", to.Number, to.Board, body.Stage)
	}
	d.Messages = append(d.Messages, domain.Message{
		Practice: meeting.Practice, Record: to.ID, Command: string(meeting.Practice) + ".add_item",
		Body: map[string]any{"change": d.Record.Number}, Reason: body.Reason, OnClosed: domain.TargetDrop,
	})
	return nil
}

// onAgenda takes note that the change is on the agenda of a meeting: no stage that asks those who meet ends before that is over. A
// meeting further ahead than a vote may be put off moves no deadline, also one that was moved there. Off the agenda, the stages end as if
// it had not been on it.
func (d *draft) onAgenda() error {
	var body OnAgenda
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if body.Off {
		d.add("change.off_agenda", "", map[string]any{"meeting": body.Meeting}, nil)
	} else {
		d.event("", map[string]any{"meeting": body.Meeting, "starts_at": body.StartsAt}, nil)
	}
	if d.Record.Approval == nil {
		return nil
	}
	return d.ticked(func(k *approval.Keeper) error {
		switch {
		case body.Off:
			return k.Forgo(d.moment, body.Meeting, "it is no longer on the agenda of "+body.Meeting)
		case body.EndsAt.Sub(d.moment) > maxDeferral:
			return k.Forgo(d.moment, body.Meeting, "no vote waits as long as until "+body.Meeting)
		}
		return k.Await(d.moment, body.Board, body.Meeting, body.EndsAt, "it is on the agenda of "+body.Meeting)
	})
}
