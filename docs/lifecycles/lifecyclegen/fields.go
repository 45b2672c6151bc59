package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// bodyField is one field of a command's body, read from the same tags as the API's schema.
type bodyField struct {
	Name, Type, Meaning string
	Needed              bool
}

func fields(transition domain.Transition) []bodyField {
	body := reflect.TypeOf(transition.Body()).Elem()
	list := make([]bodyField, body.NumField())
	for i := range list {
		member := body.Field(i)
		name, options, _ := strings.Cut(member.Tag.Get("json"), ",")
		list[i] = bodyField{
			Name: name, Type: kindOf(member.Type) + bounds(member.Tag), Meaning: member.Tag.Get("doc"),
			Needed: !strings.Contains(options, "omitempty"),
		}
	}
	return list
}

// kindOf words a JSON type.
func kindOf(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t == reflect.TypeFor[json.RawMessage]():
		return "object"
	case t.Kind() == reflect.Struct:
		return "the body of " + code(strings.ToLower(t.Name()))
	case t.Kind() == reflect.Slice:
		return "list of " + kindOf(t.Elem())
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "text"
	}
	return "number"
}

// bounds words what a value is held to.
func bounds(tag reflect.StructTag) string {
	switch least, most, enum := tag.Get("minimum"), tag.Get("maximum"), tag.Get("enum"); {
	case enum != "":
		return ": " + strings.ReplaceAll(enum, ",", ", ")
	case least != "" && most != "":
		return ", " + least + " to " + most
	}
	return ""
}
