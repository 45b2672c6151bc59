package change

import (
	"cmp"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/content"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

// Voting is what the approval of a change needs to know, read in the deciding transaction.
type Voting struct {
	// Candidates are the newest versions of the approval policies, Language evaluates their expressions.
	Candidates []approval.Candidate
	Language   approval.Language
	// Seats are the people whom each target of the candidates, and of the stages that there are, stands for at this moment. A target
	// that is missing was not read; one that stands for nobody has an empty list.
	Seats map[approval.Target][]approval.Member
	// Delegations are those by which whoever votes may vote for another.
	Delegations []approval.Delegation
	// Inactive are those who have voted for others in stages that are not decided, and whose account is not active.
	Inactive []string
}

// keeper takes the approval up.
func (d *draft) keeper() *approval.Keeper {
	voting := d.facts.Voting
	facts := approval.Facts{Calendar: d.facts.Calendar, Seats: map[string][]approval.Member{}, Delegations: voting.Delegations, Inactive: voting.Inactive}
	for _, stage := range d.Record.Approval.Stages {
		if seats, known := voting.seated(stage.Targets()); known {
			facts.Seats[stage.Name] = seats
		}
	}
	return approval.NewKeeper(*d.Record.Approval, facts)
}

// seated are the people whom some targets stand for together; known: all of them were read.
func (v Voting) seated(targets []approval.Target) (seats []approval.Member, known bool) {
	for _, target := range targets {
		people, read := v.Seats[target]
		if !read {
			return nil, false
		}
		seats = append(seats, people...)
	}
	return seats, true
}

// keep takes over what became of the approval, and tells it.
func (d *draft) keep(k *approval.Keeper) {
	kept := k.Approval
	d.Record.Approval = &kept
	for _, happening := range k.Happenings {
		d.tell(happening)
	}
}

// happened are the events of what people do in an approval; what follows of it is change.approval_….
var happened = map[approval.HappeningKind]string{
	approval.HasVoted: "change.voted", approval.HasRecused: "change.voted", approval.HasAsked: "change.info_requested",
	approval.HasAnswered: "change.info_answered", approval.HasBrokenGlass: "change.approved_alone", approval.HasMoved: "change.vote_deferred",
}

// tell puts a happening on the timeline, and tells those whom it concerns.
func (d *draft) tell(h approval.Happening) {
	kind := happened[h.Kind]
	if kind == "" {
		kind = "change.approval_" + string(h.Kind)
	}
	d.add(kind, h.Reason, h.Facts(), h.Words())
	facts := map[string]any{"stage": h.Stage.Name, "why": h.Stage.Figures.Why}
	if due := h.Stage.Timing.DueAt; due != nil {
		facts["due_at"] = *due
	}
	record := &d.Record
	switch h.Kind {
	case approval.HasOpened, approval.HasSeated:
		d.notify("change.vote_asked", facts, people(h.People)...)
		if last := len(d.Notices) - 1; record.Type == Emergency && len(h.People) > 0 {
			d.Notices[last].Lane = domain.LanePage // the emergency board has minutes, also at night
		}
	case approval.HasReminded:
		d.notify("change.vote_reminder", facts, people(h.People)...)
	case approval.HasVoided:
		facts["fields"] = h.Fields
		d.notify("change.vote_void", facts, people(h.People)...)
	case approval.HasAsked:
		d.notify("change.info_requested", facts, record.owner())
	case approval.HasAnswered:
		d.notify("change.info_answered", facts, people(h.People)...)
	case approval.HasEscalated, approval.HasFailed:
		d.notify("change.vote_escalated", facts, record.owner(), "role:"+string(domain.RoleChangeManager))
	case approval.HasApproved, approval.HasRejected:
		facts["verdict"] = h.Kind
		d.notify("change.stage_decided", facts, record.owner())
	}
}

func people(handles []string) []string {
	to := make([]string, len(handles))
	for i, handle := range handles {
		to[i] = "person:" + handle
	}
	return to
}

// vote lets the keeper do one thing, after whatever came before it. Only those decide who still are of those who are asked.
func (d *draft) vote(do func(k *approval.Keeper) error) error {
	return d.ticked(func(k *approval.Keeper) error {
		if err := k.Measure(d.moment); err != nil {
			return err
		}
		return do(k)
	})
}

// ticked lets the keeper do one thing, after whatever came before it.
func (d *draft) ticked(do func(k *approval.Keeper) error) error { return d.tickedUntil(d.moment, do) }

// tickedUntil is ticked of what came until an instant.
func (d *draft) tickedUntil(until time.Time, do func(k *approval.Keeper) error) error {
	if d.Record.Approval == nil {
		return domain.Conflict(nil, "nobody is asked about this change")
	}
	k := d.keeper()
	if err := k.Tick(until); err != nil {
		return err
	}
	if err := do(k); err != nil {
		return err
	}
	d.keep(k)
	return nil
}

// castVote takes a vote, which must be about what the change is now.
func (d *draft) castVote() error {
	var body CastVote
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if !d.command.Actor.Human() {
		return domain.Errorf(domain.CodeForbidden, "machines do not vote")
	}
	return d.vote(func(k *approval.Keeper) error {
		return k.Cast(d.moment, approval.Ballot{
			By: d.command.Actor.Name, For: body.For, Stage: body.Stage, Choice: body.Vote, Comment: body.Comment,
			Conditions: body.Conditions, Hashes: body.Hashes,
		})
	})
}

// conditions brings the tasks in line with what votes ask for: each condition in force is a task that blocks the start, and one that
// nobody asks for any more goes, unless somebody began it.
func (d *draft) conditions(a approval.Approval) {
	record := &d.Record
	wanted := map[string]string{}
	for _, condition := range a.Conditions() {
		id := conditionID(condition)
		wanted[id] = condition.Text
		if record.task(id) == nil {
			record.Tasks = append(record.Tasks, Task{
				ID: id, Title: condition.Text, Owner: record.implementer(), Condition: true, AskedBy: condition.For, State: TaskOpen,
			})
		}
	}
	record.Tasks = slices.DeleteFunc(record.Tasks, func(task Task) bool {
		_, still := wanted[task.ID]
		return task.Condition && task.State == TaskOpen && !still
	})
}

func (d *draft) closeVoting() error {
	var body OfStage
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(body.Reason, map[string]any{"stage": body.Stage}, nil)
	return d.vote(func(k *approval.Keeper) error { return k.CloseVoting(d.moment, d.command.Actor.Name, body.Stage) })
}

// askOthers asks further people in a stage whose rule those cannot meet who are asked in it.
func (d *draft) askOthers() error {
	var body AskOthers
	switch err := d.command.Decode(&body); {
	case err != nil:
		return err
	case body.Reason == "":
		return domain.Invalid("reason", "is needed")
	case len(body.People) == 0 || len(body.People) > maxOthers:
		return domain.Invalid("people", "takes 1 to %d entries, has %d", maxOthers, len(body.People))
	}
	var others []approval.Member
	for _, person := range content.Unique(body.People) {
		found := d.facts.Voting.Seats[approval.Target(approval.TargetPerson+":"+person)]
		if len(found) != 1 || found[0].Left != "" {
			return domain.Join([]domain.FieldError{content.Unknown("people", person)})
		}
		others = append(others, found...)
	}
	d.event(body.Reason, map[string]any{"stage": body.Stage, "people": content.Unique(body.People)}, nil)
	return d.vote(func(k *approval.Keeper) error { return k.Seat(d.moment, d.command.Actor.Name, body.Stage, others) })
}

// maxOthers bounds how many are asked at once.
const maxOthers = 20

func (d *draft) requestInfo() error {
	var body RequestInfo
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	return d.vote(func(k *approval.Keeper) error { return k.Ask(d.moment, d.command.Actor.Name, body.Stage, body.Text) })
}

func (d *draft) answerInfo() error {
	var body AnswerInfo
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	return d.vote(func(k *approval.Keeper) error {
		stage := body.Stage
		for _, s := range k.Approval.Stages {
			if stage == "" && len(s.OpenQuestions()) > 0 {
				stage = s.Name
			}
		}
		if stage == "" {
			return domain.Conflict(nil, "no question waits for an answer")
		}
		return k.Answer(d.moment, d.command.Actor.Name, stage, body.Text)
	})
}

// breakGlass lets a change manager decide alone, who is reviewed for it.
func (d *draft) breakGlass() error {
	var body Because
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.Record.ReviewNeeded = "it was approved by one person alone (break-glass)"
	return d.vote(func(k *approval.Keeper) error { return k.BreakGlass(d.moment, d.command.Actor.Name, body.Reason) })
}

// approvalDue settles what has come due of the approval: reminders, and the end of the vote. It is of a moment that may lie behind,
// and so asks for nobody's roles of today: who has lost theirs is told of by electorate_changed. What came later has a command of its
// own, and with it the instant at which it was due, also where an outage lets both come late.
func (d *draft) approvalDue() error {
	return d.tickedUntil(d.command.ReceivedAt, func(*approval.Keeper) error { return nil })
}

// electorateChanged looks at whether those who are asked still are of those who may decide: somebody has lost a role, a team or their
// account.
func (d *draft) electorateChanged() error {
	return d.vote(func(*approval.Keeper) error { return nil })
}

// withdrawApproval ends the vote without a verdict.
func (d *draft) withdrawApproval(reason string) error {
	if d.Record.Approval == nil || d.Record.Approval.SubmittedAt == nil {
		return nil
	}
	return d.vote(func(k *approval.Keeper) error { return k.Withdraw(d.moment, d.command.Actor.Name, reason) })
}

// keepApproval brings the approval in line with what the change has become, and the change with what was decided.
func (d *draft) keepApproval(before Change) error {
	record := &d.Record
	if record.Approval == nil || record.Approval.SubmittedAt == nil {
		return nil
	}
	k := d.keeper()
	if record.Team != before.Team || record.Service != before.Service { // by which some are asked
		if err := k.Measure(d.moment); err != nil {
			return err
		}
	}
	if err := k.Bar(d.moment, d.command.Actor.Name, record.parties()); err != nil {
		return err
	}
	d.keep(k)
	d.lookAtFiles()
	edited := d.edited()
	if err := d.rechoose(edited); err != nil {
		return err
	}
	k = d.keeper()
	var also []approval.Cover
	if d.graver(before) {
		also = append(also, approval.Scope)
	}
	is := record.hashes()
	if record.AgreedFrom == nil || len(also) > 0 || record.Approval.Hashes[approval.Scope] != is[approval.Scope] {
		record.AgreedFrom = record.WindowFrom
	}
	if err := k.Edited(d.moment, d.command.Actor.Name, is, edited, also...); err != nil {
		return err
	}
	d.keep(k)
	d.conditions(k.Approval)
	return d.follow()
}

// editing are the events that name the fields that they changed.
var editing = []string{"change.edited", "change.window_set", filesChanged}

// edited names the fields that this decision has changed, as its events say.
func (d *draft) edited() []string {
	var fields []string
	for _, event := range d.Events {
		if list, has := event.Data["fields"].([]string); has && slices.Contains(editing, event.Type) {
			fields = append(fields, list...)
		}
	}
	return fields
}

// muchLater is from when on another window is as grave as another scope: after the one for which those were last asked who decide on the
// scope, however many steps it took to get there.
const muchLater = 7 * 24 * time.Hour

// graver reports whether another window is as grave as another scope: it is longer, lies more than a week later, in a freeze, or is
// newly blocked.
func (d *draft) graver(before Change) bool {
	was, had := before.Window()
	is, has := d.Record.Window()
	agreed := was.From
	if before.AgreedFrom != nil {
		agreed = *before.AgreedFrom
	}
	extended := d.Record.ExtendedTo != nil // which a change manager does, and nobody votes on
	if !had || !has || was == is || extended {
		return false
	}
	if is.To.Sub(is.From) > was.To.Sub(was.From) || is.From.Sub(agreed) > muchLater {
		return true
	}
	blocked := d.Record
	blocked.Conflicts = FindConflicts(d.Record, d.facts.Surroundings, d.moment)
	fresh := slices.ContainsFunc(blocked.Blocked(), func(c Conflict) bool {
		return !slices.ContainsFunc(before.Conflicts, func(had Conflict) bool { return had.ID == c.ID && had.Level == Blocking })
	})
	return fresh || slices.ContainsFunc(d.facts.Surroundings.Freezes, func(w window.Window) bool {
		return len(w.Within(is)) > 0
	})
}

// follow brings the state in line with the verdict.
func (d *draft) follow() error {
	record := &d.Record
	verdict := record.Approval.Verdict()
	switch {
	case record.State == AwaitingApproval && verdict == approval.Approved:
		record.ApprovalVoid = false
		d.move(Approved, d.moment)
		d.add("change.approved", record.Approval.Reason(), nil, nil)
		d.notify("change.approved", nil, record.owner(), record.implementer())
	case record.State == AwaitingApproval && verdict == approval.Rejected:
		d.move(Rejected, d.moment)
		d.add("change.rejected", record.Approval.Reason(), nil, nil)
		d.notify("change.rejected", nil, record.owner(), record.implementer())
	case (record.State == Approved || record.State == Scheduled) && verdict != approval.Approved:
		d.move(AwaitingApproval, d.moment)
	case record.State == Implementing && verdict != approval.Approved && !record.ApprovalVoid:
		record.ApprovalVoid = true
		d.add("change.approval_void", "what is being done is no longer what was approved", nil, nil)
		d.notify("change.approval_void", nil, record.owner(), record.implementer(), "role:"+string(domain.RoleChangeManager))
	case record.State == Implementing && verdict == approval.Approved:
		record.ApprovalVoid = false
	case record.State == Review && verdict == approval.Rejected && !record.Unauthorised:
		record.Unauthorised = true
		record.ReviewNeeded = cmp.Or(record.ReviewNeeded, "it was done, and rejected afterwards")
		d.add("change.unauthorised", record.Approval.Reason(), nil, nil)
		d.notify("change.unauthorised", nil, record.owner(), "role:"+string(domain.RoleChangeManager))
		return d.needReview()
	}
	return nil
}
