package incident

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Decide applies one command to an incident at a moment. It changes nothing it is given: the answer holds the incident as
// it shall be, its events, and what goes to other records and to people. A refusal is a *domain.Error; a conflict names the
// commands that are allowed instead.
//
// The moment is cut to milliseconds and never lies before the record's last event. A command that opens an incident is
// decided over the zero Incident. The version is left alone: whoever commits counts it.
func Decide(record Incident, command domain.Command, facts Facts, moment time.Time) (domain.Decision[Incident], error) {
	if err := command.CheckVersion(record.Version); err != nil {
		return domain.Decision[Incident]{}, err
	}
	if err := Check(record, command); err != nil {
		return domain.Decision[Incident]{}, err
	}
	d := &draft{command: command, facts: facts, moment: record.Moment(moment), clocks: sla.NewKeeper(record.Life, record.Clocks, facts.Agreed.Held)}
	d.clocks.Answered = record.RespondedAt
	d.Record = record.clone()
	if err := d.handle(record); err != nil {
		return domain.Decision[Incident]{}, err
	}
	d.settle(record.State)
	d.keepClocks(record)
	d.pageForPriority(record)
	d.endCalls()
	d.describeCalls(record)
	if err := d.clocks.Fault(); err != nil {
		return domain.Decision[Incident]{}, err
	}
	return d.Decision, nil
}

// handle lets the verb's handler draft the decision. Handlers bound what is particular to them; a reason can come with any.
func (d *draft) handle(before Incident) error {
	if err := handlers[d.command.Verb()](d); err != nil {
		return domain.WithAllowed(err, func() []string { return Allowed(before, d.command.Actor) })
	}
	for _, event := range d.Events {
		if wrong := content.Text(nil, "reason", event.Reason, 0, domain.MaxReasonBytes); wrong != nil {
			return domain.Join(wrong)
		}
	}
	return nil
}

// handlers say what each verb does, in the order of the table.
var handlers = map[string]func(*draft) error{
	"log": (*draft).log, "triage": (*draft).triage, "assign": (*draft).assign, "start": (*draft).start,
	"hold": (*draft).hold, "resume": (*draft).resume, "resolve": (*draft).resolve, "confirm": (*draft).confirm,
	"reopen": (*draft).reopen, "close": (*draft).close, "cancel": (*draft).cancel,
	"merge_into": (*draft).mergeInto, "unmerge": (*draft).unmerge,
	"change_priority": (*draft).changePriority, "override_priority": (*draft).overridePriority,
	"re_rate": (*draft).reRateClocks, "edit": (*draft).edit, "rate": (*draft).rate, "link": (*draft).link, "unlink": (*draft).unlink,
	"reply": (*draft).reply, "triage_overdue": (*draft).triageOverdue, "remind_requester": (*draft).remindRequester,
	"no_response": (*draft).noResponse, "promise_missed": (*draft).promiseMissed, "hold_over": (*draft).holdOver,
	"auto_close": (*draft).autoClose, "duplicate_joined": (*draft).duplicateChanged,
	"duplicate_left": (*draft).duplicateChanged, "parent_closed": (*draft).parentClosed,
	"parent_canceled": (*draft).parentCanceled, "clock_due": (*draft).clockDue, "informed": (*draft).informed,
	"page": (*draft).page, "page_due": (*draft).pageDue, "automate": (*draft).automate, "noted": (*draft).noted, "acknowledged": (*draft).acknowledged,
	"alert_stopped": (*draft).alertStopped, "alert_again": (*draft).alertAgain,
}

// draft is a decision in the making.
type draft struct {
	domain.Decision[Incident]
	command domain.Command
	facts   Facts
	moment  time.Time
	clocks  *sla.Keeper
}

// due is when something really was so: for what a timer brings, when it was due, however late that is decided.
func (d *draft) due() time.Time {
	due := domain.Millisecond(d.command.ReceivedAt)
	if d.command.Actor.Kind != domain.ActorTimer || due.IsZero() || due.After(d.moment) {
		return d.moment
	}
	return due
}

// event puts the command's own event on the timeline. Data is hashed as it stands; personal text is digested.
func (d *draft) event(public bool, reason string, data, personal map[string]any) {
	transition, _ := Lifecycle.Transition(d.command.Verb())
	d.add(transition.Event, public, reason, data, personal)
}

func (d *draft) add(kind string, public bool, reason string, data, personal map[string]any) {
	event := d.command.Event(kind, reason, d.moment)
	event.Data, event.Personal, event.Public = data, personal, public
	d.Events = append(d.Events, event)
}

// move enters a state; effective is when it really was so.
func (d *draft) move(to domain.State, effective time.Time) {
	d.Record.State = to
	d.Record.StateSince = effective
}

// notify puts a row for people into the outbox.
func (d *draft) notify(kind string, data map[string]any, to ...string) {
	to = content.Unique(to)
	if len(to) == 0 {
		return
	}
	facts := map[string]any{"number": d.Record.Number}
	if actor := d.command.Actor; actor.Kind == domain.ActorPerson {
		facts["by"] = actor.Name // nobody is told of what they did themselves
	}
	maps.Copy(facts, data)
	d.Notices = append(d.Notices, domain.Notice{Kind: kind, To: to, Data: facts})
}

// settle brings everything that follows from the state in line with it.
func (d *draft) settle(before domain.State) {
	record := &d.Record
	info, _ := Lifecycle.State(record.State)
	record.Open, record.Active = info.Open, info.Active
	if record.State != OnHold {
		record.Hold = Hold{}
	}
	record.UpdatedAt = d.moment
	record.LastEventAt = d.moment
	ends := record.State == Closed || record.State == Canceled
	if !ends || before == record.State {
		return
	}
	verb := "incident.parent_closed"
	if record.State == Canceled {
		verb = "incident.parent_canceled"
	}
	for _, duplicate := range d.facts.Duplicates {
		d.Messages = append(d.Messages, domain.Message{
			Practice: domain.Incident, Record: duplicate, Command: verb,
			Body: map[string]any{"incident": record.ID, "number": record.Number}, OnClosed: domain.TargetDrop,
		})
	}
}

func (i Incident) clone() Incident {
	i.Tags = slices.Clone(i.Tags)
	i.ConfigurationItems = slices.Clone(i.ConfigurationItems)
	i.CustomFields = slices.Clone(i.CustomFields)
	i.Source = slices.Clone(i.Source)
	i.Policies = maps.Clone(i.Policies)
	i.Agreements, i.Escalations = slices.Clone(i.Agreements), slices.Clone(i.Escalations)
	for _, field := range []**time.Time{
		&i.WakeAt, &i.ResolvedAt, &i.ClosedAt, &i.StartedAt, &i.TriagedAt, &i.TriageEscalatedAt,
		&i.RespondedAt, &i.PageAt, &i.Hold.Since, &i.Hold.Until, &i.Hold.PromisedAt, &i.Resolution.RecordedAt, &i.Satisfaction.At,
	} {
		if *field != nil {
			*field = at(**field)
		}
	}
	return i
}

func at(t time.Time) *time.Time { return &t }

func person(handle string) string {
	if handle == "" {
		return ""
	}
	return "person:" + handle
}

// owner is whom news about the work goes to: the assignee, else the team.
func (i Incident) owner() string {
	if i.Assignee != "" {
		return person(i.Assignee)
	}
	return teamRecipient("team", i.Team)
}

func teamRecipient(role, team string) string {
	if team == "" {
		return ""
	}
	return role + ":" + team
}
