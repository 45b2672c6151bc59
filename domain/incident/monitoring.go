package incident

import "github.com/holdfast-itsm/holdfast/domain"

// ChannelMonitoring is the channel of incidents that alerts open.
const ChannelMonitoring = "monitoring"

// alerted reports whether an alert opens the incident. Then nobody has asked for it: it has no requester, so that nobody is asked to
// confirm, and no account is taken for its author.
func (d *draft) alerted(body Log) bool {
	return d.command.Actor.Kind != domain.ActorPerson && body.Channel == ChannelMonitoring
}

// fitLevels rates an alert in the middle where the organisation's matrix has other levels than alerts are read into: it must not be
// lost for that.
func (d *draft) fitLevels(body *Log) {
	levels := d.facts.Matrix.Levels
	if !d.alerted(*body) || len(levels) == 0 {
		return
	}
	if _, err := d.facts.Matrix.Priority(body.Impact, body.Urgency); err != nil {
		body.Impact, body.Urgency = levels[len(levels)/2], levels[len(levels)/2]
	}
}

// goesOn reports whether a new incident continues the one that it is said to follow. An alert that fires again long after the end
// of the one before is another matter: that is tied for as long as it could have been reopened.
func (d *draft) goesOn(body Log) bool {
	closed := d.facts.Target.ClosedAt
	if !d.alerted(body) || closed == nil {
		return true
	}
	last, err := d.facts.Calendar.AddDuration(*closed, d.facts.Timing.Reopen)
	return err == nil && !d.moment.After(last)
}

// proposeCauses tells the changes that touched what the incident names from now on, and ended a short while before it was opened, that
// they may have caused it.
func (d *draft) proposeCauses() {
	for _, watching := range d.facts.Watching {
		d.Messages = append(d.Messages, domain.Message{
			Practice: "change", Record: watching.Change, Command: "change.cause_proposed", OnClosed: domain.TargetSend,
			Body: map[string]any{"incident": d.Record.ID, "number": d.Record.Number, "service": d.Record.Service},
		})
	}
}

// alertStopped resolves what nobody has taken up; of anything else it only tells.
func (d *draft) alertStopped() error {
	var body Alerted
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	untouched := (record.State == New || record.State == Triaged) && !record.Merged()
	d.event(false, "", map[string]any{"alert": body.Alert}, nil)
	if !untouched {
		if record.Open {
			d.notify("incident.alert_ended", nil, person(record.Assignee))
		}
		return nil
	}
	d.settleResolution(CodeRecovered, "The alert stopped before anybody took the incident up.", d.moment)
	d.add("incident.resolved", true, "the alert stopped", map[string]any{"code": CodeRecovered}, nil)
	d.notify("incident.resolved", map[string]any{"code": CodeRecovered}, person(record.Requester))
	return nil
}

// alertAgain takes an ended incident up again: to where it was before, if nobody ever started, so that it may end with its alert once
// more. What is open, canceled or follows another one is only told.
func (d *draft) alertAgain() error {
	var body Alerted
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	record := &d.Record
	d.event(false, "", map[string]any{"alert": body.Alert}, nil)
	if record.State != Resolved && record.State != Closed || record.Merged() {
		return nil
	}
	verdict := d.undoEnd()
	to := New
	switch {
	case record.StartedAt != nil:
		to = InProgress
	case record.TriagedAt != nil:
		to = Triaged
	}
	d.move(to, d.moment)
	verdict["state"] = to
	d.reopened("the alert fires again", verdict)
	return nil
}
