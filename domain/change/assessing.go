package change

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// submit asks for the change to be authorised: everything that a board needs to know must be there.
func (d *draft) submit() error {
	var body Submit
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	if err := d.lacks(); err != nil {
		return err
	}
	data := map[string]any{"expedited": body.Expedited}
	switch record.Type {
	case Normal:
		if err := d.leadTime(body); err != nil {
			return err
		}
		d.move(Assessing, d.moment)
	case Emergency:
		urgent, err := d.urgentAt(d.moment)
		if err != nil {
			return err
		}
		if len(urgent) > 0 {
			data["incidents"] = urgent
		}
		d.move(AwaitingApproval, d.moment)
	default: // a standard change that was taken back to its draft is authorised by its model
		if d.facts.Surroundings.Suspended != "" {
			return domain.Conflict(nil, "%s", record.suspension(d.facts.Surroundings.Suspended))
		}
		d.move(Approved, d.moment)
	}
	record.SubmittedAt = at(d.moment)
	record.AssessedBy, record.ReviewedBy, record.Expedited = "", "", body.Expedited && record.Type == Normal
	if record.Type != Standard {
		record.Risk = Assess(d.facts.Model, record.Answers, d.measured())
		data["risk"] = record.Risk
	}
	d.event(body.Reason, data, nil)
	if record.State == AwaitingApproval {
		return d.ask()
	}
	return nil
}

// lacks says what a change that is submitted still lacks.
func (d *draft) lacks() error {
	record := &d.Record
	var wrong []domain.FieldError
	need := func(there bool, field string) {
		if !there {
			wrong = append(wrong, domain.FieldError{Location: "body." + field, Message: "is needed before the change is submitted"})
		}
	}
	if record.Type != Standard { // which is what its model says
		need(strings.TrimSpace(record.Justification) != "", "justification")
		need(strings.TrimSpace(record.Plan) != "", "plan")
		need(strings.TrimSpace(record.TestPlan) != "", "test_plan")
		need(strings.TrimSpace(record.BackOutPlan) != "", "back_out_plan")
		need(len(record.ConfigurationItems) > 0, "configuration_items")
		need(len(record.Services) > 0, "services")
		need(record.Environment != "", "environment")
		need(len(record.Tasks) > 0, "tasks")
	}
	span, set := record.Window()
	need(set || record.Type != Normal, "window_from")
	if set && !span.To.After(d.moment) {
		wrong = append(wrong, domain.FieldError{Location: "body.window_to", Message: "lies in the past"})
	}
	return domain.Join(wrong)
}

// DefaultLeadTime is how long before its window a normal change is submitted (lifecycles, "Change enablement").
var DefaultLeadTime = calendar.Duration{WorkingDays: 5}

// leadTime refuses a window that comes too soon, unless the change is marked expedited, with a reason.
func (d *draft) leadTime(body Submit) error {
	if body.Expedited {
		if body.Reason == "" {
			return domain.Invalid("reason", "is needed to submit an expedited change")
		}
		return nil
	}
	earliest, err := d.earliest(d.moment)
	if err != nil {
		return err
	}
	if span, _ := d.Record.Window(); span.From.Before(earliest) {
		return domain.Invalid("expedited", "is needed: the window opens before %s, which is %s from now", instant(earliest), d.lead())
	}
	return nil
}

// lead is how long before its window a change is to be submitted.
func (d *draft) lead() calendar.Duration {
	if d.facts.Model.LeadTime != nil {
		return *d.facts.Model.LeadTime
	}
	return DefaultLeadTime
}

// earliest is when the window of a change may open that is submitted at a moment.
func (d *draft) earliest(submitted time.Time) (time.Time, error) {
	earliest, err := d.facts.Calendar.AddDuration(submitted, d.lead())
	if err != nil {
		return earliest, domain.Errorf(domain.CodeInvalid, "the calendar of the change never opens: %v", err)
	}
	return earliest, nil
}

// peer refuses what whoever drafted or carries out the change must leave to a colleague.
func (d *draft) peer() error {
	record, actor := &d.Record, d.command.Actor
	switch {
	case record.partyTo(actor.Name):
		return domain.Errorf(domain.CodeForbidden, "whoever asked for the change or carries it out cannot assess it")
	case record.peerOf(actor, d.facts.ActorTeams):
		return nil
	}
	return domain.Errorf(domain.CodeForbidden, "a change is assessed by a peer of the team %s, or by a change manager", record.Team)
}

// peerOf reports whether somebody is of the team that a change is assessed by.
func (c Change) peerOf(actor domain.Actor, teams []string) bool {
	return actor.Has(domain.RoleChangeManager) || c.Team == "" || slices.Contains(teams, c.Team)
}

// assess answers the questionnaire and scores the risk.
func (d *draft) assess() error {
	var body AnswerRisk
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if err := d.peer(); err != nil {
		return err
	}
	record, model := &d.Record, d.facts.Model
	answers, err := model.Answered(record.Answers, body.Answers)
	if err != nil {
		return err
	}
	before := record.Risk
	record.Answers, record.AssessedBy = answers, d.command.Actor.Name
	record.Risk = Assess(model, answers, d.measured())
	d.event(body.Reason, map[string]any{
		"risk": domain.Change{From: fmt.Sprintf("%d %s", before.Score, before.Level), To: fmt.Sprintf("%d %s", record.Risk.Score, record.Risk.Level)},
		"from": record.Risk.From,
	}, map[string]any{"answers": body.Answers})
	return d.assessed()
}

// measured is what the calculator looks at, with what the answers say of it.
func (d *draft) measured() Measured {
	return d.facts.Measured.With(d.Record.Answers)
}

// peerReview says that a colleague has read the change.
func (d *draft) peerReview() error {
	var body PeerReview
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if wrong := content.Text(nil, "comment", body.Comment, 0, domain.MaxReasonBytes); wrong != nil {
		return domain.Join(wrong)
	}
	if err := d.peer(); err != nil {
		return err
	}
	d.Record.ReviewedBy = d.command.Actor.Name
	d.event("", nil, map[string]any{"comment": body.Comment})
	return d.assessed()
}

// assessed leaves the assessment once the risk is known and a peer has read the change.
func (d *draft) assessed() error {
	if d.Record.AssessedBy == "" || d.Record.ReviewedBy == "" {
		return nil
	}
	d.move(AwaitingApproval, d.moment)
	return d.ask()
}
