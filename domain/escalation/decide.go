package escalation

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Facts are what Decide needs to know beyond the escalation and the command, read in the deciding transaction.
type Facts struct {
	// Number is that of a new escalation.
	Number string
	// Named is the policy that the command names; nil where there is none.
	Named        *Policy
	NamedVersion int
	// Reached are the people whom each target stands for at this moment; nobody in a gap.
	Reached map[Target][]string
	// PersonActive: the person whom the command names can be called.
	PersonActive bool
	// Taken: the record is in progress, or whoever acknowledged has done something on it since.
	Taken bool
}

// MaxSnooze is how far ahead a snooze may end.
const MaxSnooze = 7 * 24 * time.Hour

// punctual is how late a step may be taken and still count from when it was due, so that steps do not drift; one that is later
// counts from when it was really taken, so that those who are called have their time.
const punctual = 10 * time.Second

// Decide applies one command to an escalation at a moment; the contract is that of incident.Decide.
func Decide(record Escalation, command domain.Command, facts Facts, moment time.Time) (domain.Decision[Escalation], error) {
	if err := command.CheckVersion(record.Version); err != nil {
		return domain.Decision[Escalation]{}, err
	}
	if err := Check(record, command); err != nil {
		return domain.Decision[Escalation]{}, err
	}
	d := &draft{command: command, facts: facts, moment: record.Moment(moment)}
	d.Record = record.clone()
	if err := handlers[command.Verb()](d); err != nil {
		return domain.Decision[Escalation]{}, domain.WithAllowed(err, func() []string { return Allowed(record, command.Actor) })
	}
	d.settle()
	return d.Decision, nil
}

// Check says whether the committed row allows a command at all.
func Check(record Escalation, command domain.Command) error {
	return Lifecycle.Check(command.Verb(), record.State, command.Actor)
}

// Allowed lists the commands that this escalation takes from this actor now.
func Allowed(record Escalation, actor domain.Actor) []string {
	return Lifecycle.Allowed(record.State, actor)
}

// handlers say what each verb does, in the order of the table.
var handlers = map[string]func(*draft) error{
	"open": (*draft).open, "acknowledge": (*draft).acknowledge, "escalate_now": (*draft).escalateNow, "snooze": (*draft).snooze,
	"add_responder": (*draft).addResponder, "reassign": (*draft).reassign, "step_due": (*draft).stepDue,
	"unreached": (*draft).unreached, "acknowledgement_due": (*draft).acknowledgementDue, "snooze_over": (*draft).snoozeOver,
	"renew": (*draft).renew, "follow": (*draft).follow, "stop": (*draft).stop,
}

// draft is a decision in the making.
type draft struct {
	domain.Decision[Escalation]
	command domain.Command
	facts   Facts
	moment  time.Time
}

// from is the instant from which times count that this decision begins.
func (d *draft) from() time.Time {
	due := domain.Millisecond(d.command.ReceivedAt)
	if d.command.Actor.Kind != domain.ActorTimer || due.IsZero() || due.After(d.moment) || d.moment.Sub(due) > punctual {
		return d.moment
	}
	return due
}

// event puts the command's own event on the timeline.
func (d *draft) event(reason string, data map[string]any) {
	transition, _ := Lifecycle.Transition(d.command.Verb())
	d.add(transition.Event, reason, data)
}

func (d *draft) add(kind, reason string, data map[string]any) {
	event := d.command.Event(kind, reason, d.moment)
	event.Data = data
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
	if record.State != Calling {
		record.NextAt = nil
	}
	if record.State != Snoozed {
		record.SnoozedUntil = nil
	}
	if record.State != Acknowledged {
		record.HoldsUntil = nil
	}
	record.UpdatedAt, record.LastEventAt = d.moment, d.moment
}

// call pages people: each page leaves only while the guard holds.
func (d *draft) call(guard string, people []string, data map[string]any) {
	if len(people) == 0 {
		return
	}
	record := &d.Record
	to := make([]string, len(people))
	for i, handle := range people {
		to[i] = "person:" + handle
		if !slices.Contains(record.Told, handle) {
			record.Told = append(record.Told, handle)
		}
	}
	d.page(guard, to, data)
}

// page puts one page into the outbox: to people, or to webhooks.
func (d *draft) page(guard string, to []string, data map[string]any) {
	record := &d.Record
	facts := map[string]any{
		"number": record.Number, "source": record.Source, "source_number": record.SourceNumber, "title": record.Title,
		"why": record.Why, "priority": record.Priority, "service": record.Service, "run": record.Run, "round": record.Round, "step": record.Step,
	}
	maps.Copy(facts, data)
	d.Notices = append(d.Notices, domain.Notice{
		Kind: "escalation.page", To: to, Data: facts, Lane: domain.LanePage, Guard: &domain.Guard{Kind: guard, ID: record.ID},
	})
}

// The guards of pages: one leaves only while somebody is being called, or while anybody is needed at all.
const (
	GuardCalling = "escalation_calling"
	GuardOpen    = "escalation_open"
)

// tellSource sends a command to the record that needs somebody.
func (d *draft) tellSource(verb string, body map[string]any) {
	d.Messages = append(d.Messages, domain.Message{
		Practice: d.Record.SourcePractice, Record: d.Record.Source, Command: string(d.Record.SourcePractice) + "." + verb,
		Body: body, OnClosed: domain.TargetDrop,
	})
}

func (e Escalation) clone() Escalation {
	e.Tags, e.ConfigurationItems, e.Policies = slices.Clone(e.Tags), slices.Clone(e.ConfigurationItems), maps.Clone(e.Policies)
	e.Told = slices.Clone(e.Told)
	for _, field := range []**time.Time{&e.WakeAt, &e.ResolvedAt, &e.ClosedAt, &e.NextAt, &e.AcknowledgedAt, &e.HoldsUntil, &e.SnoozedUntil} {
		if *field != nil {
			*field = at(**field)
		}
	}
	return e
}

func at(t time.Time) *time.Time { return &t }
