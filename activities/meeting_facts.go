package activities

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// meetingKind ties the rules of the meetings of a change advisory board to their rows.
func (a *Activities) meetingKind() kind {
	return &lifecycle[meeting.Meeting, meeting.Facts]{
		table:   meeting.Lifecycle,
		head:    func(record *meeting.Meeting) *domain.Record { return &record.Record },
		prepare: func(context.Context, bun.Tx, domain.Command) error { return nil },
		lock: func(ctx context.Context, tx bun.Tx, id string) (meeting.Meeting, schemas.Held, error) {
			return schemas.LockMeeting(ctx, tx, id)
		},
		facts:     a.meetingFacts,
		decide:    meeting.Decide,
		deadlines: meeting.Deadlines,
		write: func(_, record meeting.Meeting, created, wordsChanged bool, into *schemas.Passage) {
			into.Meeting(record, created, wordsChanged)
		},
	}
}

// meetingFacts reads what Decide needs for one command.
func (a *Activities) meetingFacts(ctx context.Context, tx bun.Tx, record meeting.Meeting, command domain.Command) (meeting.Facts, error) {
	var facts meeting.Facts
	var named struct {
		Calendar string `json:"calendar"`
		Change   string `json:"change"`
	}
	if len(command.Body) > 0 {
		if err := json.Unmarshal(command.Body, &named); err != nil {
			return facts, domain.Errorf(domain.CodeInvalid, "the body of %s cannot be read", command.Name)
		}
	}
	var err error
	switch command.Verb() {
	case "plan":
		if facts.Number, err = schemas.NextNumber(ctx, tx, meeting.Lifecycle); err != nil {
			return facts, err
		}
		if err = a.meetingCalendar(ctx, tx, &facts, named.Calendar); err != nil {
			return facts, err
		}
	case "add_item":
		target, found, err := schemas.ReadTarget(ctx, tx, named.Change, false)
		if err != nil {
			return facts, err
		}
		if found && target.Practice == change.Practice {
			facts.Named = &meeting.Waiting{ID: target.ID, Number: target.Number}
		}
	case "fix_agenda", "cut_off":
		facts.Waiting, err = schemas.AwaitingBoard(ctx, tx, record.Board, meeting.MaxItems+1)
	case "reschedule", "end":
		days := schemas.CalendarOf(record.Policies)
		facts.Calendar, err = a.policies.Calendar(ctx, tx, days.Name, days.Version)
	}
	return facts, err
}

// meetingCalendar reads the newest version of the calendar whose working days count for a new meeting.
func (a *Activities) meetingCalendar(ctx context.Context, tx bun.Tx, facts *meeting.Facts, name string) error {
	name = policy.KindCalendar + "/" + cmp.Or(name, "default")
	versions, _, err := schemas.NewestPolicies(ctx, tx, "", []string{name}, false)
	if err != nil {
		return err
	}
	if versions[name] == 0 {
		return domain.Invalid("calendar", "there is no %s", name)
	}
	facts.Policies = map[string]int{name: versions[name]}
	days := schemas.CalendarOf(facts.Policies)
	facts.Calendar, err = a.policies.Calendar(ctx, tx, days.Name, days.Version)
	return err
}
