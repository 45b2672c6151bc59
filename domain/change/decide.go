package change

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// Decide applies one command to a change at a moment; the contract is that of incident.Decide.
func Decide(record Change, command domain.Command, facts Facts, moment time.Time) (domain.Decision[Change], error) {
	if err := command.CheckVersion(record.Version); err != nil {
		return domain.Decision[Change]{}, err
	}
	if err := Check(record, command); err != nil {
		return domain.Decision[Change]{}, err
	}
	d := &draft{command: command, facts: facts, moment: record.Moment(moment)}
	d.Record = record.clone()
	err := d.act()
	if err == nil {
		err = d.settle(record)
	}
	if err != nil {
		return domain.Decision[Change]{}, domain.WithAllowed(err, func() []string { return Allowed(record, command.Actor) })
	}
	for _, event := range d.Events {
		if wrong := content.Text(nil, "reason", event.Reason, 0, domain.MaxReasonBytes); wrong != nil {
			return domain.Decision[Change]{}, domain.Join(wrong)
		}
	}
	return d.Decision, nil
}

// act does what the command asks for, unless it decides on files that nobody has looked at yet.
func (d *draft) act() error {
	if err := d.seenFiles(); err != nil {
		return err
	}
	return handlers[d.command.Verb()](d)
}

// handlers say what each verb does, in the order of the table.
var handlers = map[string]func(*draft) error{
	"draft": (*draft).draftChange, "from_model": (*draft).fromModel, "edit": (*draft).edit, "submit": (*draft).submit,
	"assess": (*draft).assess, "peer_review": (*draft).peerReview, "cast_vote": (*draft).castVote, "close_voting": (*draft).closeVoting,
	"request_info": (*draft).requestInfo, "answer_info": (*draft).answerInfo, "break_glass": (*draft).breakGlass, "defer": (*draft).deferVote, "ask_others": (*draft).askOthers,
	"revise": (*draft).revise, "schedule": (*draft).schedule, "start": (*draft).start, "start_task": (*draft).startTask,
	"complete_task": (*draft).completeTask, "complete": (*draft).complete, "back_out": (*draft).backOut, "extend": (*draft).extend,
	"override_conflict": (*draft).overrideConflict, "record_retrospective": (*draft).recordRetrospective,
	"decide_cause": (*draft).decideCause, "review": (*draft).review, "close": (*draft).closeChange, "withdraw": (*draft).withdraw,
	"cancel": (*draft).cancel, "link": (*draft).link, "unlink": (*draft).unlink,
	"approval_due": (*draft).approvalDue, "electorate_changed": (*draft).electorateChanged,
	"on_agenda":         (*draft).onAgenda,
	"content_changed":   (*draft).contentChanged,
	"conflicts_changed": (*draft).conflictsChanged, "window_opens": (*draft).windowOpens, "window_missed": (*draft).windowMissed,
	"overrun": (*draft).overrun, "cause_proposed": (*draft).causeProposed, "cause_overdue": (*draft).causeOverdue,
	"watch_over": (*draft).watchOver, "review_overdue": (*draft).reviewOverdue, "settled": (*draft).settled,
}

// Check says whether the committed row allows a command at all: the table, narrowed by what the row says. It needs no facts, so
// that buttons can follow it. A conflict names exactly what Allowed lists.
func Check(record Change, command domain.Command) error {
	err := Lifecycle.Check(command.Verb(), record.State, command.Actor)
	if why := record.unscheduled(); err != nil && command.Verb() == "start" && why != "" && domain.CodeOf(err) == domain.CodeConflict {
		err = domain.Conflict(nil, "the change is approved and not scheduled: %s", why)
	}
	if err == nil {
		err = check(record, command)
	}
	if refused := domain.AsError(err); refused != nil && refused.Code == domain.CodeConflict {
		refused.Allowed = Allowed(record, command.Actor)
	}
	return err
}

// unscheduled says what keeps an approved change from being scheduled; empty where it is not approved, or nothing does.
func (c Change) unscheduled() string {
	_, set := c.Window()
	switch blocked := c.Blocked(); {
	case c.State != Approved:
		return ""
	case !set:
		return "it has no window"
	case c.WindowMissed:
		return "its window was missed; it needs another"
	case len(blocked) > 0 && !blocked[0].Overridable():
		return blocked[0].Why
	case len(blocked) > 0:
		return blocked[0].Why + "; another window helps, or a change manager who overrides that"
	}
	return ""
}

// Allowed lists the commands that this change takes from this actor now.
func Allowed(record Change, actor domain.Actor) []string {
	allowed := []string{}
	for _, verb := range Lifecycle.Allowed(record.State, actor) {
		if check(record, domain.Command{Name: string(Practice) + "." + verb, Actor: actor}) == nil {
			allowed = append(allowed, verb)
		}
	}
	return allowed
}

// ownersOnly are the commands of whoever drafted the change, or leads its team.
var ownersOnly = []string{"submit", "revise", "withdraw", "cancel", "record_retrospective", "answer_info"}

// votes are the commands of an approval that is asked for.
var votes = []string{"cast_vote", "close_voting", "request_info", "answer_info", "defer", "ask_others"}

// chairing are the commands of a chair that bear on who decides, until when, and what stands in the way: nobody gives them about a
// change of their own.
var chairing = []string{"ask_others", "defer", "override_conflict"}

// check refuses what the row itself forbids beyond the table.
func check(record Change, command domain.Command) error {
	verb, actor := command.Verb(), command.Actor
	asking := record.Approval != nil && !record.Approval.Final()
	switch {
	case actor.Kind == domain.ActorPerson && slices.Contains(ownersOnly, verb) && !owner(record, actor):
		return domain.Errorf(domain.CodeForbidden, "%s is for whoever drafted the change, and for the lead of its team", verb)
	case verb == "record_retrospective" && record.Type != Emergency:
		return domain.Conflict(nil, "only an emergency is recorded after it was done")
	case slices.Contains(chairing, verb) && actor.Kind == domain.ActorPerson && record.everParty(actor.Name):
		return domain.Errorf(domain.CodeForbidden, "%s is for another change manager than whoever asked for the change or carries it out", verb)
	case slices.Contains(votes, verb) && !asking:
		return domain.Conflict(nil, "nobody is asked about this change any more")
	case verb == "close" && record.pending() != "":
		return domain.Conflict(nil, "the change cannot be closed: %s", record.pending())
	case verb == "close" && record.WatchUntil != nil && record.Findings == "":
		return domain.Conflict(nil, "the change is watched until %s, and closes by itself then; once somebody has reviewed it, it can be closed before", instant(*record.WatchUntil))
	case verb == "override_conflict" && len(record.Blocked()) == 0:
		return domain.Conflict(nil, "nothing blocks this change")
	case verb == "override_conflict" && !slices.ContainsFunc(record.Blocked(), Conflict.Overridable):
		return domain.Conflict(nil, "nobody overrides this: %s", record.Blocked()[0].Why)
	case verb == "decide_cause" && !slices.ContainsFunc(record.Causes, func(c Cause) bool { return c.Verdict == "" }):
		return domain.Conflict(nil, "no incident is proposed as caused by this change")
	case verb == "review" && actor.Kind == domain.ActorPerson && record.Approval != nil && record.Approval.BreakGlass != nil && record.Approval.BreakGlass.By == actor.Name:
		return domain.Errorf(domain.CodeForbidden, "whoever approved the change alone does not review it")
	case verb == "break_glass" && actor.Kind == domain.ActorPerson && record.partyTo(actor.Name):
		return domain.Errorf(domain.CodeForbidden, "whoever asked for the change or carries it out cannot approve it")
	}
	return nil
}

// owner reports whether an actor drafted the change, or leads its team.
func owner(record Change, actor domain.Actor) bool {
	return actor.Name == record.OpenedBy || actor.Has(domain.RoleTeamLead)
}

// scheduler reports whether an actor sets the window of an approved change.
func scheduler(record Change, actor domain.Actor) bool {
	return owner(record, actor) || actor.Has(domain.RoleChangeManager)
}

// partyTo reports whether a person asked for the change, or carries it out by name.
func (c Change) partyTo(person string) bool {
	return person == c.OpenedBy || person == c.Requester || c.Carries(person, nil)
}

// everParty reports whether a person is, or was since the change was asked for, one of its parties.
func (c Change) everParty(person string) bool {
	if c.Approval != nil {
		if _, barred := c.Approval.Parties.Bars(person); barred {
			return true
		}
	}
	return c.partyTo(person)
}

// draft is a decision in the making.
type draft struct {
	domain.Decision[Change]
	command domain.Command
	facts   Facts
	moment  time.Time
}

// event puts the command's own event on the timeline.
func (d *draft) event(reason string, data, personal map[string]any) {
	transition, _ := Lifecycle.Transition(d.command.Verb())
	d.add(transition.Event, reason, data, personal)
}

func (d *draft) add(kind, reason string, data, personal map[string]any) {
	event := d.command.Event(kind, reason, d.moment)
	event.Data, event.Personal = data, personal
	d.Events = append(d.Events, event)
}

// move enters a state at a moment.
func (d *draft) move(to domain.State, at time.Time) {
	if d.Record.State != to {
		d.Record.State, d.Record.StateSince = to, at
	}
}

// RestrictedTitle stands for the title of a restricted change wherever nobody can be asked who reads it: in mails, pushes and calendars.
const RestrictedTitle = "A restricted change"

// notify puts a row for people into the outbox.
func (d *draft) notify(kind string, data map[string]any, to ...string) {
	to = content.Unique(to)
	if len(to) == 0 {
		return
	}
	facts := map[string]any{"number": d.Record.Number, "title": d.Record.Title}
	if d.Record.Restricted {
		facts["title"] = RestrictedTitle
	}
	if actor := d.command.Actor; actor.Kind == domain.ActorPerson {
		facts["by"] = actor.Name // nobody is told of what they did themselves
	}
	maps.Copy(facts, data)
	d.Notices = append(d.Notices, domain.Notice{Kind: kind, To: to, Data: facts})
}

// settle brings everything that follows in line: what votes are about, what is decided, what stands in the way, and the state.
func (d *draft) settle(before Change) error {
	record := &d.Record
	if err := d.keepApproval(before); err != nil {
		return err
	}
	d.lookAround(before)
	if err := d.scheduleItself(); err != nil {
		return err
	}
	d.tellAround(before)
	d.holdAlerts(before)
	info, _ := Lifecycle.State(record.State)
	record.Open, record.Active = info.Open, info.Active
	if record.State == Closed && record.ClosedAt == nil {
		record.ClosedAt = at(d.moment)
	}
	if record.State != Scheduled || !record.AutoStart {
		record.HeldSince = nil
	}
	record.UpdatedAt, record.LastEventAt = d.moment, d.moment
	return nil
}

// owner are those to whom news about the change goes: whoever drafted it, and its team's lead where nobody is named.
func (c Change) owner() string { return "person:" + c.OpenedBy }

func (c Change) implementer() string {
	switch {
	case c.Assignee != "":
		return "person:" + c.Assignee
	case c.Team != "":
		return "team:" + c.Team
	}
	return c.owner()
}

func (c Change) clone() Change {
	c.Tags, c.ConfigurationItems, c.Services = slices.Clone(c.Tags), slices.Clone(c.ConfigurationItems), slices.Clone(c.Services)
	c.CustomFields, c.Policies, c.Answers = slices.Clone(c.CustomFields), maps.Clone(c.Policies), maps.Clone(c.Answers)
	c.Tasks, c.Predecessors, c.Attached = slices.Clone(c.Tasks), slices.Clone(c.Predecessors), slices.Clone(c.Attached)
	c.Conflicts, c.Overrides, c.Causes = slices.Clone(c.Conflicts), slices.Clone(c.Overrides), slices.Clone(c.Causes)
	if c.Approval != nil {
		approval := c.Approval.Clone()
		c.Approval = &approval
	}
	for _, field := range []**time.Time{
		&c.WakeAt, &c.ResolvedAt, &c.ClosedAt, &c.WindowFrom, &c.WindowTo, &c.ExtendedTo, &c.SubmittedAt, &c.ActualStart, &c.ActualEnd,
		&c.HeldSince, &c.OverrunAt, &c.SettleAt, &c.WatchUntil, &c.ReviewDueAt,
	} {
		if *field != nil {
			*field = at(**field)
		}
	}
	return c
}

func at(t time.Time) *time.Time { return &t }
