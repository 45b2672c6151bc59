package change

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

const (
	// WatchFor is how long after the end incidents on what was touched are proposed as caused by the change.
	WatchFor = 72 * time.Hour
	// reviewDays and causeDays are working days.
	reviewDays = 3
	causeDays  = 3
)

// watch begins the watch after the end.
func (d *draft) watch(ended time.Time) {
	d.Record.WatchUntil = at(ended.Add(WatchFor))
}

// needReview says why the change must be reviewed before it is closed, if it must, and until when.
func (d *draft) needReview() error {
	record := &d.Record
	why := record.ReviewNeeded
	switch {
	case why != "":
	case record.Outcome == Failed:
		why = "it failed"
	case record.Outcome == BackedOut:
		why = "it was backed out"
	case record.Type == Emergency:
		why = "it was an emergency"
	case record.Risk.Level == RiskHigh:
		why = "its risk is high"
	case record.CausedIncident:
		why = "it caused an incident"
	}
	if why == "" || record.ReviewDueAt != nil {
		return nil
	}
	due, err := d.workingDays(reviewDays)
	if err != nil {
		return err
	}
	record.ReviewNeeded, record.ReviewDueAt = why, &due
	d.add("change.review_needed", why, map[string]any{"due_at": due}, nil)
	d.notify("change.review_needed", map[string]any{"why": why, "due_at": due}, record.owner(), "role:"+string(domain.RoleChangeManager))
	return nil
}

func (d *draft) workingDays(days int) (time.Time, error) {
	due, err := d.facts.Calendar.AddDuration(d.moment, calendar.Duration{WorkingDays: days})
	if err != nil {
		return due, domain.Errorf(domain.CodeInvalid, "the calendar of the change never opens: %v", err)
	}
	return domain.Millisecond(due), nil
}

// recordRetrospective says that an emergency was handled before anybody could be asked; it is asked for afterwards all the same.
func (d *draft) recordRetrospective() error {
	var body Retrospective
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	switch {
	case body.ActualStart == nil || body.ActualEnd == nil || body.ActualEnd.Before(*body.ActualStart) || body.ActualEnd.After(d.moment):
		return domain.Invalid("actual_end", "and actual_start are needed, in their order and not ahead")
	case body.ActualStart.Before(d.moment.Add(-recordWithin)):
		return domain.Invalid("actual_start", "lies more than 7 days back: an emergency is recorded within that time")
	case !slices.Contains([]string{Successful, SuccessfulWithIssues, BackedOut, Failed}, body.Outcome):
		return domain.Invalid("outcome", "%q is none of successful, successful_with_issues, backed_out and failed", body.Outcome)
	case strings.TrimSpace(body.Notes) == "":
		return domain.Invalid("notes", "are needed")
	}
	if wrong := content.Text(nil, "notes", body.Notes, 1, domain.MaxReasonBytes); wrong != nil {
		return domain.Join(wrong)
	}
	urgent, err := d.urgentAt(*body.ActualStart)
	if err != nil {
		return err
	}
	record.Retrospective, record.Outcome, record.OutcomeNotes = true, body.Outcome, body.Notes
	record.ActualStart, record.ActualEnd, record.SubmittedAt = cut(body.ActualStart), cut(body.ActualEnd), at(d.moment)
	record.Risk = Assess(d.facts.Model, record.Answers, d.measured())
	record.carriedOutBy(d.command.Actor)
	d.move(Review, d.moment)
	data := map[string]any{"outcome": body.Outcome, "actual_start": *record.ActualStart, "actual_end": *record.ActualEnd}
	if len(urgent) > 0 {
		data["incidents"] = urgent
	}
	d.event("", data, map[string]any{"notes": body.Notes})
	d.watch(*record.ActualEnd)
	if err := d.needReview(); err != nil {
		return err
	}
	return d.ask()
}

// The verdicts on a cause.
const (
	causeConfirmed = "confirmed"
	causeDeclined  = "declined"
)

// causeProposed notes an incident on what the change touched, and asks those who decide.
func (d *draft) causeProposed() error {
	var body ProposeCause
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	if slices.ContainsFunc(record.Causes, func(c Cause) bool { return c.Incident == body.Incident }) {
		return domain.Conflict(nil, "%s is proposed already", body.Number)
	}
	due, err := d.workingDays(causeDays)
	if err != nil {
		return err
	}
	cause := Cause{Incident: body.Incident, Number: body.Number, Service: body.Service, ProposedAt: d.moment, DueAt: due}
	asked := d.askCause(&cause)
	record.Causes = append(record.Causes, cause)
	d.event("", map[string]any{"incident": body.Number, "due_at": due}, nil)
	d.notify("change.cause_proposed", map[string]any{"incident": body.Number, "due_at": due}, asked...)
	return nil
}

// decideCause says whether the change caused an incident. Only a confirmed one counts in failure rates.
func (d *draft) decideCause() error {
	var body DecideCause
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record, by := &d.Record, d.command.Actor.Name
	i := slices.IndexFunc(record.Causes, func(c Cause) bool { return c.Incident == body.Incident || c.Number == body.Incident })
	switch {
	case i < 0:
		return domain.Join([]domain.FieldError{content.Unknown("incident", body.Incident)})
	case record.Causes[i].Verdict != "":
		return domain.Conflict(nil, "%s has been %s", record.Causes[i].Number, record.Causes[i].Verdict)
	}
	cause := &record.Causes[i]
	if err := d.mayJudge(*cause); err != nil {
		return err
	}
	cause.Verdict, cause.By, cause.At = causeDeclined, by, at(d.moment)
	if body.Caused {
		cause.Verdict = causeConfirmed
	}
	d.event(body.Reason, map[string]any{"incident": cause.Number, "verdict": cause.Verdict}, nil)
	if !body.Caused {
		return nil
	}
	record.CausedIncident = true
	d.Messages = append(d.Messages, domain.Message{
		Practice: domain.Incident, Record: cause.Incident, Command: "incident.link",
		Body: map[string]any{"type": "caused_by", "to": record.Number}, OnClosed: domain.TargetSend,
	})
	if record.State == Closed {
		return nil
	}
	return d.needReview()
}

// causeOverdue tells that nobody has decided about a cause.
func (d *draft) causeOverdue() error {
	record := &d.Record
	for i := range record.Causes {
		cause := &record.Causes[i]
		if cause.Verdict != "" || cause.Escalated || cause.DueAt.After(d.moment) {
			continue
		}
		cause.Escalated = true
		d.event("nobody has decided", map[string]any{"incident": cause.Number}, nil)
		d.notify("change.cause_overdue", map[string]any{"incident": cause.Number}, "role:"+string(domain.RoleChangeManager))
		return nil
	}
	return domain.Conflict(nil, "no cause is overdue")
}

// review says what is learned from the change.
func (d *draft) review() error {
	var body ReviewFindings
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if strings.TrimSpace(body.Findings) == "" {
		return domain.Invalid("findings", "are needed")
	}
	if wrong := content.Text(nil, "findings", body.Findings, 1, domain.MaxDescriptionBytes); wrong != nil {
		return domain.Join(wrong)
	}
	d.Record.Findings = body.Findings
	d.event("", nil, map[string]any{"findings": body.Findings})
	return nil
}

// pending says what is still to be decided about a change that was carried out; empty when nothing is.
func (c Change) pending() string {
	switch {
	case c.Approval != nil && !c.Approval.Final():
		return "its approval is not decided"
	case slices.ContainsFunc(c.Causes, func(cause Cause) bool { return cause.Verdict == "" }):
		return "nobody has decided yet what it caused"
	case c.ReviewNeeded != "" && c.Findings == "":
		return "it must be reviewed: " + c.ReviewNeeded
	}
	return ""
}

// closeChange ends the record.
func (d *draft) closeChange() error {
	var body Plain
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.move(Closed, d.moment)
	d.event(body.Reason, map[string]any{"outcome": d.Record.Outcome}, nil)
	return nil
}

// watchOver closes a change that nothing keeps open.
func (d *draft) watchOver() error {
	record := &d.Record
	if pending := record.pending(); pending != "" {
		return domain.Conflict(nil, "%s", pending)
	}
	d.move(Closed, d.moment)
	d.event("the watch is over", map[string]any{"outcome": record.Outcome}, nil)
	return nil
}

// reviewOverdue tells that nobody has reviewed the change.
func (d *draft) reviewOverdue() error {
	record := &d.Record
	record.ReviewEscalated = true
	d.event("nobody has reviewed it", map[string]any{"why": record.ReviewNeeded}, nil)
	d.notify("change.review_overdue", nil, record.owner(), "role:"+string(domain.RoleChangeManager))
	return nil
}

// link and unlink tie the change to another record.
func (d *draft) link() error   { return d.relate(true) }
func (d *draft) unlink() error { return d.relate(false) }

func (d *draft) relate(tie bool) error {
	var body Relate
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if _, known := domain.LinkTypes[body.Type]; !known {
		return domain.Invalid("type", "%q is not a type of links", body.Type)
	}
	if d.facts.Target == nil || d.facts.Target.ID == d.Record.ID {
		return domain.Join([]domain.FieldError{content.Unknown("to", body.To)})
	}
	link := domain.Link{Type: body.Type, To: d.facts.Target.ID}
	if tie {
		d.Links = append(d.Links, link)
	} else {
		d.Unlinks = append(d.Unlinks, link)
	}
	if d.facts.Target.Practice == domain.Incident && slices.Contains(underway, d.Record.State) { // which may be what it is made for
		d.Messages = append(d.Messages, domain.Message{
			Practice: Practice, Record: d.Record.ID, Command: "change.conflicts_changed", OnClosed: domain.TargetDrop,
		})
	}
	d.event("", map[string]any{"type": body.Type, "to": d.facts.Target.ID, "number": d.facts.Target.Number}, nil)
	return nil
}
