package incident

import (
	"bytes"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// edit changes content; every state but closed takes it.
func (d *draft) edit() error {
	var body Edit
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	if err := d.validEdit(body); err != nil {
		return err
	}
	record := &d.Record
	changes, personal := map[string]any{}, map[string]any{}
	for _, field := range []struct {
		name string
		have *string
		want *string
		into map[string]any
	}{
		{"title", &record.Title, body.Title, personal},
		{"description", &record.Description, body.Description, personal},
		{"requester", &record.Requester, body.Requester, personal},
		{"service", &record.Service, body.Service, changes},
		{"category", &record.Category, body.Category, changes},
		{"channel", &record.Channel, body.Channel, changes},
		{"location", &record.Location, body.Location, personal},
		{"environment", &record.Environment, body.Environment, changes},
	} {
		if field.want != nil {
			content.Note(field.into, field.name, field.have, *field.want)
		}
	}
	if body.ConfigurationItems != nil {
		content.NoteList(changes, "configuration_items", &record.ConfigurationItems, content.Unique(*body.ConfigurationItems))
	}
	if body.Tags != nil {
		content.NoteList(changes, "tags", &record.Tags, content.Unique(*body.Tags))
	}
	if want := content.Fields(body.CustomFields); want != nil && !bytes.Equal(want, record.CustomFields) {
		personal["custom_fields"] = domain.Change{From: record.CustomFields, To: want}
		record.CustomFields = want
	}
	if body.Restricted != nil && *body.Restricted != record.Restricted {
		changes["restricted"] = domain.Change{From: record.Restricted, To: *body.Restricted}
		record.Restricted = *body.Restricted
	}
	if len(changes)+len(personal) == 0 {
		return domain.Errorf(domain.CodeInvalid, "nothing would change")
	}
	d.stampPolicies()
	changes["fields"] = content.Names(changes, personal)
	d.event(false, body.Reason, changes, personal)
	d.proposeCauses()
	return nil
}

func (d *draft) validEdit(body Edit) error {
	var wrong []domain.FieldError
	if body.Title != nil {
		wrong = content.Line(wrong, "title", *body.Title, 1, domain.MaxTitleBytes)
	}
	if body.Description != nil {
		wrong = content.Text(wrong, "description", *body.Description, 0, domain.MaxDescriptionBytes)
	}
	if body.ConfigurationItems != nil {
		wrong = content.Items(wrong, "configuration_items", *body.ConfigurationItems)
	}
	if body.Tags != nil {
		wrong = content.Items(wrong, "tags", *body.Tags)
	}
	wrong = content.CustomFields(wrong, body.CustomFields)
	short := map[string]string{}
	for name, value := range map[string]*string{"category": body.Category, "channel": body.Channel, "location": body.Location, "environment": body.Environment} {
		if value != nil {
			short[name] = *value
		}
	}
	wrong = content.Short(wrong, short)
	if body.Service != nil && *body.Service != "" && !d.facts.Service.Known {
		wrong = append(wrong, content.Unknown("service", *body.Service))
	}
	if body.Requester != nil && !d.facts.Requester.Active {
		wrong = append(wrong, content.Unknown("requester", *body.Requester))
	}
	return domain.Join(wrong)
}
