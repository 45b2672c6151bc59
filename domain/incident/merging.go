package incident

import (
	"encoding/json"
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// mergeInto makes this incident a duplicate: it keeps its state, follows the other one and is closed with it.
func (d *draft) mergeInto() error {
	var body MergeInto
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	target := d.facts.Target
	switch {
	case target == nil || target.Practice != domain.Incident:
		return domain.Join([]domain.FieldError{content.Unknown("incident", body.Incident)})
	case target.ID == d.Record.ID:
		return domain.Invalid("incident", "is this one")
	case slices.Contains(target.Follows, d.Record.ID):
		return domain.Invalid("incident", "%s already follows this one: that would be a circle", target.Number)
	case target.State == Closed || target.State == Canceled:
		return domain.Conflict(nil, "%s is %s", target.Number, target.State)
	}
	d.Record.MergedInto = target.ID
	d.Links = append(d.Links, domain.Link{Type: "duplicates", To: target.ID})
	d.event(true, body.Reason, map[string]any{"incident": target.ID, "number": target.Number}, nil)
	d.tellParent(target.ID, "incident.duplicate_joined")
	return nil
}

// unmerge lets the incident go its own way again, from the state in which it was merged.
func (d *draft) unmerge() error {
	var body Plain
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	parent := d.leaveParent()
	d.event(true, body.Reason, map[string]any{"incident": parent}, nil)
	d.tellParent(parent, "incident.duplicate_left")
	return nil
}

// leaveParent unties the incident. One that waits for its requester begins to wait anew: nobody was reminded meanwhile.
func (d *draft) leaveParent() string {
	parent := d.Record.MergedInto
	d.Record.MergedInto = ""
	if d.Record.State == OnHold && d.Record.Hold.Base == AwaitingRequester {
		d.Record.Hold.Since, d.Record.Hold.Reminders = at(d.moment), 0
	}
	d.Unlinks = append(d.Unlinks, domain.Link{Type: "duplicates", To: parent})
	return parent
}

func (d *draft) tellParent(parent, command string) {
	d.Messages = append(d.Messages, domain.Message{
		Practice: domain.Incident, Record: parent, Command: command,
		Body: map[string]any{"incident": d.Record.ID, "number": d.Record.Number}, OnClosed: domain.TargetNote,
	})
}

// duplicateChanged notes on the parent that a duplicate joined or left, with the reference to its notes.
func (d *draft) duplicateChanged() error {
	var body Parent
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.event(false, "", map[string]any{"incident": body.Incident, "number": body.Number}, nil)
	return nil
}

// parentClosed closes a duplicate with the incident it follows.
func (d *draft) parentClosed() error {
	var body Parent
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if d.Record.MergedInto != body.Incident {
		return domain.Conflict(nil, "the incident no longer follows %s", body.Number)
	}
	d.settleResolution(CodeDuplicate, "Closed with "+body.Number+".", d.moment)
	d.end(Closed)
	d.event(true, "closed with "+body.Number, map[string]any{"incident": body.Incident, "number": body.Number, "code": CodeDuplicate}, nil)
	d.notify("incident.closed", map[string]any{"parent": body.Number}, person(d.Record.Requester))
	return nil
}

// parentCanceled frees a duplicate whose parent was canceled: its own matter may still stand.
func (d *draft) parentCanceled() error {
	var body Parent
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if d.Record.MergedInto != body.Incident {
		return domain.Conflict(nil, "the incident no longer follows %s", body.Number)
	}
	d.leaveParent()
	d.event(true, body.Number+" was canceled", map[string]any{"incident": body.Incident, "number": body.Number}, nil)
	d.notify("incident.unmerged", map[string]any{"parent": body.Number}, d.Record.owner())
	return nil
}

// link ties the incident to another record.
func (d *draft) link() error { return d.relate(&d.Links) }

// unlink takes such a tie away. The one to the incident that this one follows goes with unmerge.
func (d *draft) unlink() error {
	if target := d.facts.Target; d.Record.Merged() && target != nil && target.ID == d.Record.MergedInto {
		var body Relate
		if err := d.command.Decode(&body); err == nil && body.Type == "duplicates" {
			return domain.Conflict(nil, "the incident is merged into %s; unmerge it", target.Number)
		}
	}
	return d.relate(&d.Unlinks)
}

func (d *draft) relate(into *[]domain.Link) error {
	var body Relate
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if _, known := domain.LinkTypes[body.Type]; !known {
		return domain.Invalid("type", "%q is not a type of link", body.Type)
	}
	target := d.facts.Target
	if target == nil {
		return domain.Join([]domain.FieldError{content.Unknown("to", body.To)})
	}
	if target.ID == d.Record.ID {
		return domain.Invalid("to", "is this record")
	}
	*into = append(*into, domain.Link{Type: body.Type, To: target.ID})
	d.event(false, "", map[string]any{"type": body.Type, "to": target.ID, "number": target.Number}, nil)
	return nil
}

// Names answers which field of a command's body names another record, and what stands there; nothing where there is none.
// The body is one that Decode takes.
func Names(command domain.Command) (field, reference string) {
	var body struct {
		Incident string `json:"incident"`
		To       string `json:"to"`
		Follows  string `json:"follows"`
	}
	if err := json.Unmarshal(command.Body, &body); err != nil {
		return "", ""
	}
	switch command.Verb() {
	case "merge_into":
		return "incident", body.Incident
	case "link", "unlink":
		return "to", body.To
	case "log":
		return "follows", body.Follows
	}
	return "", ""
}

// NotKnown refuses a command that names what does not exist, or not for whoever gives it.
func NotKnown(field, value string) error {
	return domain.Join([]domain.FieldError{content.Unknown(field, value)})
}
