package meeting

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// Calendar counts working days; *calendar.Calendar does.
type Calendar interface {
	BackWorkingDays(from time.Time, days int) (time.Time, error)
	AddWorkingDays(from time.Time, days int) (time.Time, error)
}

// Facts are what Decide needs to know beyond the meeting and the command, read in the deciding transaction.
type Facts struct {
	// Number is that of a new meeting, Policies the versions it opens under.
	Number   string
	Policies map[string]int
	Calendar Calendar
	// Waiting are the changes that await votes of the board at this moment, in the order in which they should be looked at.
	Waiting []Waiting
	// Named is the change that the command names; nil where there is none.
	Named *Waiting
}

// Waiting is a change as an agenda names it.
type Waiting struct {
	ID     string
	Number string
}

// Decide applies one command to a meeting at a moment; the contract is that of incident.Decide.
func Decide(record Meeting, command domain.Command, facts Facts, moment time.Time) (domain.Decision[Meeting], error) {
	if err := command.CheckVersion(record.Version); err != nil {
		return domain.Decision[Meeting]{}, err
	}
	if err := Check(record, command); err != nil {
		return domain.Decision[Meeting]{}, err
	}
	d := &draft{command: command, facts: facts, moment: record.Moment(moment)}
	d.Record = record.clone()
	if err := handlers[command.Verb()](d); err != nil {
		return domain.Decision[Meeting]{}, domain.WithAllowed(err, func() []string { return Allowed(record, command.Actor) })
	}
	for _, event := range d.Events {
		if wrong := content.Text(nil, "reason", event.Reason, 0, domain.MaxReasonBytes); wrong != nil {
			return domain.Decision[Meeting]{}, domain.Join(wrong)
		}
	}
	d.settle()
	return d.Decision, nil
}

// Check says whether the committed row allows a command at all.
func Check(record Meeting, command domain.Command) error {
	return Lifecycle.Check(command.Verb(), record.State, command.Actor)
}

// Allowed lists the commands that this meeting takes from this actor now.
func Allowed(record Meeting, actor domain.Actor) []string {
	return Lifecycle.Allowed(record.State, actor)
}

// handlers say what each verb does, in the order of the table.
var handlers = map[string]func(*draft) error{
	"plan": (*draft).plan, "add_item": (*draft).addItem, "remove_item": (*draft).removeItem, "fix_agenda": (*draft).fixAgenda,
	"hold": (*draft).hold, "note": (*draft).note, "close": (*draft).closeMeeting, "reschedule": (*draft).reschedule,
	"cancel": (*draft).cancel, "cut_off": (*draft).fixAgenda, "begin": (*draft).hold, "end": (*draft).end,
	"auto_close": (*draft).closeMeeting,
}

// Deadlines are the moments that the meeting's one timer keeps: its cut-off, its time, its end, and when it closes by itself.
func Deadlines(record Meeting, _ Facts) ([]domain.Deadline, error) {
	one := func(due time.Time, name, verb, then string) []domain.Deadline {
		return []domain.Deadline{{Name: name, DueAt: due, Command: string(Practice) + "." + verb, Then: then}}
	}
	switch {
	case record.State == Planned:
		return one(record.CutOffAt, "cut_off", "cut_off", "fixes the agenda: the changes that await votes of the board"), nil
	case record.State == AgendaFixed:
		return one(record.StartsAt, "meeting", "begin", "begins"), nil
	case record.State == Held && record.EndedAt == nil:
		return one(record.EndsAt, "end", "end", "asks the chair to close it"), nil
	case record.State == Held && record.CloseAt != nil:
		return one(*record.CloseAt, "close", "auto_close", "closes by itself"), nil
	}
	return nil, nil
}

// draft is a decision in the making.
type draft struct {
	domain.Decision[Meeting]
	command domain.Command
	facts   Facts
	moment  time.Time
}

// decode reads the command's body.
func decode[T any](d *draft) (T, error) {
	var given T
	err := d.command.Decode(&given)
	return given, err
}

// event puts the command's own event on the timeline.
func (d *draft) event(reason string, data, personal map[string]any) {
	transition, _ := Lifecycle.Transition(d.command.Verb())
	event := d.command.Event(transition.Event, reason, d.moment)
	event.Data, event.Personal = data, personal
	d.Events = append(d.Events, event)
}

func (d *draft) move(to domain.State) {
	if d.Record.State != to {
		d.Record.State, d.Record.StateSince = to, d.moment
	}
}

// settle brings everything that follows from the state in line with it.
func (d *draft) settle() {
	record := &d.Record
	info, _ := Lifecycle.State(record.State)
	record.Open, record.Active = info.Open, info.Active
	if !record.Active && record.ClosedAt == nil {
		record.ClosedAt = at(d.moment)
	}
	record.UpdatedAt, record.LastEventAt = d.moment, d.moment
}

// tell puts a row for the board into the outbox, or for those who are named.
func (d *draft) tell(kind string, to ...string) {
	record := &d.Record
	if len(to) == 0 {
		to = []string{string(record.Board.Target())}
	}
	d.Notices = append(d.Notices, domain.Notice{Kind: kind, To: to, Data: map[string]any{
		"number": record.Number, "title": record.Title, "starts_at": record.StartsAt, "cut_off_at": record.CutOffAt, "items": len(record.Items),
	}})
}

// times sets when the meeting is, and when its agenda is fixed.
func (d *draft) times(starts time.Time, length time.Duration) error {
	record := &d.Record
	starts = domain.Millisecond(starts)
	switch {
	case !starts.After(d.moment):
		return domain.Invalid("at", "must lie ahead")
	case starts.Sub(d.moment) > MaxAhead:
		return domain.Invalid("at", "lies too far ahead")
	case length < MinLength || length > MaxLength:
		return domain.Invalid("minutes", "takes 5 to 720")
	}
	cutOff := starts.Add(-record.CutOff.Open)
	if days := record.CutOff.WorkingDays; days > 0 {
		var err error
		if cutOff, err = d.facts.Calendar.BackWorkingDays(starts, days); err != nil {
			return domain.Invalid("cut_off", "cannot be counted: %v", err)
		}
	}
	record.StartsAt, record.EndsAt, record.CutOffAt = starts, starts.Add(length), domain.Millisecond(cutOff)
	return nil
}

func (m Meeting) clone() Meeting {
	m.Tags, m.ConfigurationItems, m.Policies = slices.Clone(m.Tags), slices.Clone(m.ConfigurationItems), maps.Clone(m.Policies)
	m.Items = slices.Clone(m.Items)
	for _, field := range []**time.Time{&m.WakeAt, &m.ResolvedAt, &m.ClosedAt, &m.FixedAt, &m.HeldAt, &m.EndedAt, &m.CloseAt} {
		if *field != nil {
			*field = at(**field)
		}
	}
	return m
}

func at(t time.Time) *time.Time { return &t }

var _ Calendar = (*calendar.Calendar)(nil)
