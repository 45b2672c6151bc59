package change

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// implementer refuses what only those may do who carry the change out: its assignee, the owners of its tasks, and where nobody is
// named its team.
func (d *draft) implementer() error {
	record, actor := &d.Record, d.command.Actor
	if actor.Kind == domain.ActorPerson && record.approvedBy(actor.Name) {
		return domain.Errorf(domain.CodeForbidden, "%s approved the change, and so does not carry it out", actor.Name)
	}
	if actor.Kind != domain.ActorPerson || record.carriedBy(actor.Name, d.facts.ActorTeams) {
		return nil
	}
	return domain.Errorf(domain.CodeForbidden, "%s is for those who carry the change out: its assignee and the owners of its tasks", d.command.Verb())
}

// carriedBy reports whether a person of some teams is one to carry the change out.
func (c *Change) carriedBy(person string, teams []string) bool {
	return c.Carries(person, teams) || c.Assignee == "" && slices.Contains(teams, c.Team)
}

// approvedBy reports whether a person's vote, or one in their place, lets the change be carried out.
func (c *Change) approvedBy(person string) bool {
	if c.Approval == nil {
		return false
	}
	for _, stage := range c.Approval.Stages {
		for _, vote := range stage.InForce() {
			if (vote.By == person || vote.For == person) && vote.Choice.Approves() {
				return true
			}
		}
	}
	glass := c.Approval.BreakGlass
	return glass != nil && glass.Void == nil && glass.By == person
}

// holding says what keeps the change from starting; empty when nothing does.
func (d *draft) holding() string {
	record := &d.Record
	if open := record.openConditions(); len(open) > 0 {
		return "conditions of the approval are open: " + strings.Join(open, ", ")
	}
	if blocked := record.Blocked(); len(blocked) > 0 {
		return strings.Join(whys(blocked), "; ")
	}
	return ""
}

// start begins to carry the change out, within its window, once the conditions are met and nothing blocks it.
func (d *draft) start() error {
	var body Timed
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if err := d.implementer(); err != nil {
		return err
	}
	effective, err := d.Record.Effective(body.EffectiveAt, d.moment, body.Reason)
	if err != nil {
		return err
	}
	record := &d.Record
	record.Conflicts = FindConflicts(*record, d.facts.Surroundings, d.moment)
	span, _ := record.Window()
	switch {
	case effective.Before(span.From):
		return domain.Conflict(nil, "the window opens at %s", instant(span.From))
	case !effective.Before(span.To):
		return domain.Conflict(nil, "the window ended at %s", instant(span.To))
	}
	if held := d.holding(); held != "" {
		return domain.Conflict(nil, "%s", held)
	}
	if err := d.begin(effective); err != nil {
		return err
	}
	data := map[string]any{}
	if !effective.Equal(d.moment) {
		data["effective_at"] = effective
	}
	d.event(body.Reason, data, nil)
	return nil
}

// begin enters the implementation. Who starts a change for which nobody is named carries it out.
func (d *draft) begin(effective time.Time) error {
	record := &d.Record
	if actor := d.command.Actor; d.command.Verb() == "start" && record.Assignee == "" && actor.Human() {
		record.Assignee = actor.Name
	}
	record.carriedOutBy(d.command.Actor)
	d.move(Implementing, effective)
	record.ActualStart, record.ActualEnd, record.Outcome = at(effective), nil, ""
	d.notify("change.started", nil, record.owner())
	return nil
}

// windowOpens starts a change by itself. One that something blocks is held, and both sides are told.
func (d *draft) windowOpens() error {
	record := &d.Record
	if span, _ := record.Window(); !span.Holds(d.moment) {
		return d.windowMissed() // nobody was there to start it while the window was open
	}
	if d.newFiles() {
		return nil // who voted is asked again; where nobody is, the deadline is still due, and finds them looked at
	}
	record.Conflicts = FindConflicts(*record, d.facts.Surroundings, d.moment)
	held := d.holding()
	if held == "" {
		if err := d.begin(d.moment); err != nil {
			return err
		}
		d.event("the window opened", nil, nil)
		return nil
	}
	record.HeldSince = at(d.moment)
	d.add("change.start_held", held, map[string]any{"blocking": ids(record.Blocked())}, nil)
	to := []string{record.owner(), record.implementer()}
	for _, conflict := range record.Blocked() {
		to = append(to, d.otherOwners(conflict)...)
	}
	d.notify("change.start_held", map[string]any{"why": held}, to...)
	return nil
}

// startTask and completeTask carry one step out; the tasks that it waits for must be done, and all but conditions wait for the start.
func (d *draft) startTask() error {
	task, body, err := d.ownTask()
	if err != nil {
		return err
	}
	if task.State != TaskOpen {
		return domain.Conflict(nil, "the task %s is %s", task.ID, task.State)
	}
	task.State, task.By, task.StartedAt = TaskStarted, d.command.Actor.Name, at(d.moment)
	d.event(body.Reason, map[string]any{"task": task.ID}, map[string]any{"title": task.Title})
	return nil
}

func (d *draft) completeTask() error {
	task, body, err := d.ownTask()
	if err != nil {
		return err
	}
	if task.State == TaskDone {
		return domain.Conflict(nil, "the task %s is done", task.ID)
	}
	if task.StartedAt == nil {
		task.StartedAt = at(d.moment)
	}
	task.State, task.By, task.DoneAt = TaskDone, d.command.Actor.Name, at(d.moment)
	d.event(body.Reason, map[string]any{"task": task.ID}, map[string]any{"title": task.Title})
	return nil
}

// ownTask finds the task that a command names, for whoever may carry it out now.
func (d *draft) ownTask() (*Task, OfTask, error) {
	var body OfTask
	if err := d.command.Decode(&body); err != nil {
		return nil, body, err
	}
	record := &d.Record
	task := record.task(body.Task)
	if task == nil {
		return nil, body, domain.Join([]domain.FieldError{content.Unknown("task", body.Task)})
	}
	if err := d.implementer(); err != nil {
		return nil, body, err
	}
	if !task.Condition && record.State != Implementing {
		return nil, body, domain.Conflict(nil, "tasks are carried out once the change has started")
	}
	if open := record.waitsFor(*task); len(open) > 0 {
		return nil, body, domain.Conflict(nil, "the task %s waits for %s", task.ID, strings.Join(open, ", "))
	}
	return task, body, nil
}

// complete says that the change has been carried out.
func (d *draft) complete() error {
	var body Complete
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if err := d.implementer(); err != nil {
		return err
	}
	switch body.Outcome {
	case Successful:
	case SuccessfulWithIssues, Failed:
		if strings.TrimSpace(body.Notes) == "" {
			return domain.Invalid("notes", "are needed unless it was successful")
		}
	default:
		return domain.Invalid("outcome", "%q is none of successful, successful_with_issues and failed", body.Outcome)
	}
	if open := d.Record.openTasks(); len(open) > 0 && body.Outcome != Failed {
		return domain.Conflict(nil, "tasks are not done: %s", strings.Join(open, ", "))
	}
	return d.end(body.Outcome, body.Notes, body.EffectiveAt, body.Reason)
}

// backOut says that the change has been taken back.
func (d *draft) backOut() error {
	var body BackOut
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if err := d.implementer(); err != nil {
		return err
	}
	if strings.TrimSpace(body.Notes) == "" {
		return domain.Invalid("notes", "are needed")
	}
	return d.end(BackedOut, body.Notes, body.EffectiveAt, body.Reason)
}

// end leaves the implementation for the watch, and says whether a review is needed.
func (d *draft) end(outcome, notes string, effectiveAt *time.Time, reason string) error {
	effective, err := d.Record.Effective(effectiveAt, d.moment, reason)
	if err != nil {
		return err
	}
	if wrong := content.Text(nil, "notes", notes, 0, domain.MaxReasonBytes); wrong != nil {
		return domain.Join(wrong)
	}
	record := &d.Record
	record.carriedOutBy(d.command.Actor)
	d.move(Review, effective)
	record.ActualEnd, record.Outcome, record.OutcomeNotes = at(effective), outcome, notes
	data := map[string]any{"outcome": outcome}
	if !effective.Equal(d.moment) {
		data["effective_at"] = effective
	}
	d.event(reason, data, map[string]any{"notes": notes})
	d.notify("change.ended", map[string]any{"outcome": outcome}, record.owner())
	d.watch(effective)
	return d.needReview()
}

// extend moves the window's end of a change that is being carried out.
func (d *draft) extend() error {
	var body Extend
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	switch {
	case body.Reason == "":
		return domain.Invalid("reason", "is needed")
	case body.Until == nil || record.end() == nil || !body.Until.After(*record.end()) || !body.Until.After(d.moment):
		return domain.Invalid("until", "must lie after the window's end and ahead")
	case body.Until.Sub(*record.WindowFrom) > maxWindow:
		return domain.Invalid("until", "lies more than 92 days after the window's beginning")
	}
	until := domain.Millisecond(*body.Until)
	longer := *record
	longer.ExtendedTo = &until
	if d.facts.Surroundings.Read {
		found := FindConflicts(longer, d.facts.Surroundings, d.moment)
		if i := slices.IndexFunc(found, func(c Conflict) bool {
			return c.Kind == "exclusive" && c.Level == Blocking && !record.lifts(c)
		}); i >= 0 {
			return domain.Conflict(nil, "the window cannot be extended: %s", found[i].Why)
		}
		record.Conflicts = found
	}
	d.event(body.Reason, map[string]any{"window_to": domain.Change{From: record.end(), To: until}}, nil)
	record.ExtendedTo, record.OverrunAt = &until, nil
	return nil
}

// overrun tells that the window is over and the change is not.
func (d *draft) overrun() error {
	record := &d.Record
	record.OverrunAt = at(d.moment)
	d.event("the window is over", map[string]any{"window_to": record.end()}, nil)
	d.notify("change.overrun", nil, record.owner(), record.implementer(), "role:"+string(domain.RoleChangeManager))
	return nil
}
