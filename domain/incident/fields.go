package incident

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"github.com/holdfast-itsm/holdfast/domain"
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
			note(field.into, field.name, field.have, *field.want)
		}
	}
	if body.ConfigurationItems != nil {
		noteList(changes, "configuration_items", &record.ConfigurationItems, unique(*body.ConfigurationItems))
	}
	if body.Tags != nil {
		noteList(changes, "tags", &record.Tags, unique(*body.Tags))
	}
	if want := fields(body.CustomFields); want != nil && !bytes.Equal(want, record.CustomFields) {
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
	changes["fields"] = names(changes, personal)
	d.event(false, body.Reason, changes, personal)
	return nil
}

func (d *draft) validEdit(body Edit) error {
	var wrong []domain.FieldError
	if body.Title != nil {
		wrong = appendLine(wrong, "title", *body.Title, 1, domain.MaxTitleBytes)
	}
	if body.Description != nil {
		wrong = appendText(wrong, "description", *body.Description, 0, domain.MaxDescriptionBytes)
	}
	if body.ConfigurationItems != nil {
		wrong = appendItems(wrong, "configuration_items", *body.ConfigurationItems)
	}
	if body.Tags != nil {
		wrong = appendItems(wrong, "tags", *body.Tags)
	}
	wrong = appendCustomFields(wrong, body.CustomFields)
	short := map[string]string{}
	for name, value := range map[string]*string{"category": body.Category, "channel": body.Channel, "location": body.Location, "environment": body.Environment} {
		if value != nil {
			short[name] = *value
		}
	}
	wrong = appendShort(wrong, short)
	if body.Service != nil && *body.Service != "" && !d.facts.Service.Known {
		wrong = append(wrong, unknown("service", *body.Service))
	}
	if body.Requester != nil && !d.facts.Requester.Active {
		wrong = append(wrong, unknown("requester", *body.Requester))
	}
	return domain.Join(wrong)
}

// note sets a field and puts old and new value into changes when they differ.
func note(changes map[string]any, name string, have *string, want string) {
	if *have != want {
		changes[name] = domain.Change{From: *have, To: want}
		*have = want
	}
}

func noteList(changes map[string]any, name string, have *[]string, want []string) {
	if !slices.Equal(*have, want) {
		changes[name] = domain.Change{From: *have, To: want}
		*have = want
	}
}

func names(groups ...map[string]any) []string {
	list := []string{}
	for _, group := range groups {
		for name := range group {
			list = append(list, name)
		}
	}
	sort.Strings(list)
	return list
}

// unique drops empty and repeated items and keeps the order.
func unique(items []string) []string {
	list := []string{}
	for _, item := range items {
		if item != "" && !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}

// fields are custom fields, written anew: what JSON can spell and text cannot hold, such as half a surrogate pair, must not
// reach the rows. JSON's null leaves them out like any other field.
func fields(given json.RawMessage) json.RawMessage {
	if string(given) == "null" {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(given))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return given // refused by whoever validates it
	}
	text, err := json.Marshal(value)
	if err != nil {
		return given
	}
	return text
}

func appendCustomFields(wrong []domain.FieldError, given json.RawMessage) []domain.FieldError {
	if given = fields(given); given == nil {
		return wrong
	}
	refuse := func(format string, args ...any) []domain.FieldError {
		return append(wrong, domain.FieldError{Location: "body.custom_fields", Message: fmt.Sprintf(format, args...)})
	}
	named := map[string]json.RawMessage{}
	if err := json.Unmarshal(given, &named); err != nil {
		return refuse("must be an object")
	}
	if len(named) > domain.MaxItems || len(given) > domain.MaxDescriptionBytes {
		return refuse("take at most %d fields and %d bytes", domain.MaxItems, domain.MaxDescriptionBytes)
	}
	if deep := domain.Depth(given); deep > maxDepth {
		return refuse("nest at most %d deep, here %d", maxDepth, deep)
	}
	for name := range named {
		if name == "" || len(name) > domain.MaxItemBytes {
			return refuse("have names of 1 to %d bytes", domain.MaxItemBytes)
		}
	}
	return wrong
}

// maxDepth bounds how deep custom fields nest: people fill them in, and every reader of the record takes them apart.
const maxDepth = 8

func unknown(field, value string) domain.FieldError {
	return domain.FieldError{Location: "body." + field, Message: "is not known or not active", Value: value}
}

func appendText(wrong []domain.FieldError, field, text string, least, most int) []domain.FieldError {
	if len(text) < least || len(text) > most {
		return append(wrong, domain.FieldError{
			Location: "body." + field,
			Message:  fmt.Sprintf("must have %d to %d bytes, has %d", least, most, len(text)),
		})
	}
	return wrong
}

// appendLine is appendText for what stands in one line: lists, subjects of mails, a terminal.
func appendLine(wrong []domain.FieldError, field, text string, least, most int) []domain.FieldError {
	if !domain.OneLine(text) {
		return append(wrong, domain.FieldError{
			Location: "body." + field, Message: "is one line without control characters and marks of writing direction",
		})
	}
	return appendText(wrong, field, text, least, most)
}

func appendShort(wrong []domain.FieldError, fields map[string]string) []domain.FieldError {
	order := make([]string, 0, len(fields))
	for name := range fields {
		order = append(order, name)
	}
	sort.Strings(order)
	for _, name := range order {
		wrong = appendLine(wrong, name, fields[name], 0, domain.MaxItemBytes)
	}
	return wrong
}

func appendItems(wrong []domain.FieldError, field string, items []string) []domain.FieldError {
	if len(items) > domain.MaxItems {
		return append(wrong, domain.FieldError{Location: "body." + field, Message: fmt.Sprintf("takes at most %d", domain.MaxItems)})
	}
	for _, item := range items {
		wrong = appendLine(wrong, field, item, 1, domain.MaxItemBytes)
	}
	return wrong
}
