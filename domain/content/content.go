// Package content checks and changes the content that every record has: its texts, lists and custom fields.
package content

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Note sets a field and puts old and new value into changes when they differ.
func Note(changes map[string]any, name string, have *string, want string) {
	if *have != want {
		changes[name] = domain.Change{From: *have, To: want}
		*have = want
	}
}

// NoteList is Note for a list.
func NoteList(changes map[string]any, name string, have *[]string, want []string) {
	if !slices.Equal(*have, want) {
		changes[name] = domain.Change{From: *have, To: want}
		*have = want
	}
}

// Names lists the names of the fields in changes, in order.
func Names(groups ...map[string]any) []string {
	list := []string{}
	for _, group := range groups {
		for name := range group {
			list = append(list, name)
		}
	}
	sort.Strings(list)
	return list
}

// Unique drops empty and repeated items and keeps the order.
func Unique(items []string) []string {
	list := []string{}
	for _, item := range items {
		if item != "" && !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}

// Fields are custom fields, written anew: what JSON can spell and text cannot hold, such as half a surrogate pair, must not
// reach the rows. JSON's null leaves them out like any other field.
func Fields(given json.RawMessage) json.RawMessage {
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

// CustomFields adds what is wrong with custom fields: an object, of a bounded size and depth.
func CustomFields(wrong []domain.FieldError, given json.RawMessage) []domain.FieldError {
	if given = Fields(given); given == nil {
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

// Unknown says that a field names something that is not known or not active.
func Unknown(field, value string) domain.FieldError {
	return domain.FieldError{Location: "body." + field, Message: "is not known or not active", Value: value}
}

// Text adds what is wrong with a text of least to most bytes.
func Text(wrong []domain.FieldError, field, text string, least, most int) []domain.FieldError {
	if len(text) < least || len(text) > most {
		return append(wrong, domain.FieldError{
			Location: "body." + field,
			Message:  fmt.Sprintf("must have %d to %d bytes, has %d", least, most, len(text)),
		})
	}
	return wrong
}

// Line is Text for what stands in one line: lists, subjects of mails, a terminal.
func Line(wrong []domain.FieldError, field, text string, least, most int) []domain.FieldError {
	if !domain.OneLine(text) {
		return append(wrong, domain.FieldError{
			Location: "body." + field, Message: "is one line without control characters and marks of writing direction",
		})
	}
	return Text(wrong, field, text, least, most)
}

// Short adds what is wrong with fields that each hold one short line.
func Short(wrong []domain.FieldError, fields map[string]string) []domain.FieldError {
	order := make([]string, 0, len(fields))
	for name := range fields {
		order = append(order, name)
	}
	sort.Strings(order)
	for _, name := range order {
		wrong = Line(wrong, name, fields[name], 0, domain.MaxItemBytes)
	}
	return wrong
}

// Items adds what is wrong with a list of short lines.
func Items(wrong []domain.FieldError, field string, items []string) []domain.FieldError {
	if len(items) > domain.MaxItems {
		return append(wrong, domain.FieldError{Location: "body." + field, Message: fmt.Sprintf("takes at most %d", domain.MaxItems)})
	}
	for _, item := range items {
		wrong = Line(wrong, field, item, 1, domain.MaxItemBytes)
	}
	return wrong
}

// Clip cuts text to at most n bytes without breaking a character.
func Clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xc0 == 0x80 {
		n--
	}
	return text[:n]
}
