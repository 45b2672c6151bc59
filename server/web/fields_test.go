package web

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

func byName(t *testing.T, fields []field, name string) *field {
	t.Helper()
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	require.Fail(t, "no field "+name)
	return nil
}

func fieldsFor(t *testing.T, verb string) []field {
	t.Helper()
	transition, known := incident.Lifecycle.Transition(verb)
	require.True(t, known, verb)
	return fieldsOf(transition)
}

// sampleOf is a value that its kind of field takes.
func sampleOf(f field) string {
	switch {
	case len(f.Choices) > 0:
		return f.Choices[0].Value
	case f.Kind == yesNo:
		return "true"
	case f.Kind == number:
		return "3"
	case f.Kind == moment:
		return "2026-03-01T09:30"
	case f.Kind == items:
		return "one, two"
	}
	return "text"
}

func TestEveryCommandHasAForm(t *testing.T) {
	t.Parallel()
	forms := 0
	for _, transition := range incident.Lifecycle.Transitions {
		if transition.Machine() {
			continue
		}
		forms++
		fields := fieldsOf(transition)
		names := map[string]bool{}
		for i, f := range fields {
			require.NotEmpty(t, f.Label, "%s.%s", transition.Verb, f.Name)
			require.False(t, names[f.Name], "%s.%s twice", transition.Verb, f.Name)
			names[strings.Split(f.Name, ".")[0]] = true
			fields[i].Value = sampleOf(f)
		}
		body := reflect.TypeOf(transition.Body()).Elem()
		for i := range body.NumField() {
			name, options, _ := strings.Cut(body.Field(i).Tag.Get("json"), ",")
			require.Equal(t, !unshown[name], names[name], "%s.%s", transition.Verb, name)
			if names[name] && !strings.Contains(name, ".") && body.Field(i).Type.Kind() != reflect.Pointer {
				require.Equal(t, !strings.Contains(options, "omitempty"), byName(t, fields, name).Required, "%s.%s", transition.Verb, name)
			}
		}
		text, err := bodyOf(fields, "UTC")
		require.NoError(t, err, transition.Verb)
		require.NoError(t, domain.Command{Name: "incident." + transition.Verb, Body: text}.Decode(transition.Body()), "%s: %s", transition.Verb, text)
	}
	require.Greater(t, forms, 15)
}

func TestABodyFilledInComesBackWhole(t *testing.T) {
	t.Parallel()
	fields := fieldsFor(t, "hold")
	for name, value := range map[string]string{"reason": "awaiting_vendor", "until": "2026-07-01T09:30", "vendor": "RelayCo"} {
		byName(t, fields, name).Value = value
	}
	body, err := bodyOf(fields, "Europe/Berlin")
	require.NoError(t, err)
	require.JSONEq(t, `{"reason":"awaiting_vendor","until":"2026-07-01T07:30:00Z","vendor":"RelayCo"}`, string(body))
}

func TestLogAndResolveInOneStep(t *testing.T) {
	t.Parallel()
	fields := fieldsFor(t, "log")
	byName(t, fields, "title").Value = "Mail is down"
	byName(t, fields, "impact").Value = "high"
	byName(t, fields, "urgency").Value = "low"
	body, err := bodyOf(fields, "")
	require.NoError(t, err)
	require.JSONEq(t, `{"title":"Mail is down","impact":"high","urgency":"low"}`, string(body), "no resolution unless one is typed")
	byName(t, fields, "resolution.code").Value = "fixed"
	byName(t, fields, "resolution.notes").Value = "restarted"
	body, err = bodyOf(fields, "")
	require.NoError(t, err)
	require.JSONEq(t, `{"title":"Mail is down","impact":"high","urgency":"low","resolution":{"code":"fixed","notes":"restarted"}}`, string(body))
}

func TestWhatWasNotTouchedIsNotSent(t *testing.T) {
	t.Parallel()
	present := map[string]any{
		"title": "Old", "description": "one\ntwo", "tags": []any{"a", "b"}, "restricted": true, "category": "mail", "impact": "high", "urgency": "low",
	}
	fields := fieldsFor(t, "edit")
	fill(fields, present)
	body, err := bodyOf(fields, "")
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(body))

	byName(t, fields, "title").Value = "New"
	byName(t, fields, "tags").Value = ""
	byName(t, fields, "category").Value = ""
	byName(t, fields, "restricted").Value = "" // a box that is not ticked is not sent by browsers
	body, err = bodyOf(fields, "")
	require.NoError(t, err)
	require.JSONEq(t, `{"title":"New","tags":[],"category":"","restricted":false}`, string(body))

	again := fieldsFor(t, "change_priority")
	fill(again, present)
	body, err = bodyOf(again, "")
	require.NoError(t, err)
	require.JSONEq(t, `{"impact":"high","urgency":"low"}`, string(body), "what is needed is sent as it stands")
}

func TestBrowsersLineEndsAreNoChange(t *testing.T) {
	t.Parallel()
	fields := fieldsFor(t, "edit")
	read(fields, map[string][]string{"description": {"one\r\ntwo"}, "was.description": {"one\r\ntwo"}, "title": {"x\r\ny"}})
	require.Equal(t, "one\ntwo", byName(t, fields, "description").Value)
	require.Equal(t, "one\ntwo", byName(t, fields, "description").Was)
}

func TestValuesThatCannotBeReadAreNamed(t *testing.T) {
	t.Parallel()
	fields := fieldsFor(t, "hold")
	byName(t, fields, "until").Value = "tomorrow"
	_, err := bodyOf(fields, "UTC")
	require.Equal(t, domain.CodeInvalid, domain.CodeOf(err))
	require.Empty(t, blame(fields, domain.AsError(err).Fields))
	require.Contains(t, byName(t, fields, "until").Error, "date and a time")

	byName(t, fields, "until").Value = "2026-03-01T09:30"
	_, err = bodyOf(fields, "Mars/Olympus")
	require.ErrorContains(t, err, "time zone")

	priority := fieldsFor(t, "override_priority")
	byName(t, priority, "priority").Value = "high"
	_, err = bodyOf(priority, "UTC")
	require.ErrorContains(t, err, "whole number")
}

func TestErrorsOfNoFieldAreNotLost(t *testing.T) {
	t.Parallel()
	fields := fieldsFor(t, "log")
	rest := blame(fields, []domain.FieldError{
		{Location: "body.code", Message: "is not a resolution code"},
		{Location: "body.custom_fields", Message: "are wrong"},
	})
	require.Equal(t, "is not a resolution code", byName(t, fields, "resolution.code").Error)
	require.Equal(t, []domain.FieldError{{Location: "body.custom_fields", Message: "are wrong"}}, rest)
}

// Whatever people type, the body is either refused with a named field or taken by the strict reader of the command.
func TestEveryFormGivesABodyThatTheRulesCanRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		transition := rapid.SampledFrom(incident.Lifecycle.Transitions).Draw(t, "transition")
		if transition.Machine() {
			return
		}
		form := map[string][]string{}
		fields := fieldsOf(transition)
		for _, f := range fields {
			form[f.Name] = []string{rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "true", "2026-03-29T02:30", "4", "a, b,, a"})).Draw(t, f.Name)}
		}
		read(fields, form)
		body, err := bodyOf(fields, "Europe/Berlin")
		if err != nil {
			require.NotEmpty(t, domain.AsError(err).Fields)
			return
		}
		require.True(t, json.Valid(body))
		require.NoError(t, domain.Command{Name: "incident." + transition.Verb, Body: body}.Decode(transition.Body()))
	})
}

func TestTheFormOfALogAsksRequestersOnlyWhatTheyMaySay(t *testing.T) {
	t.Parallel()
	names := func(grants ...app.Grant) string {
		var list []string
		for _, f := range logFields(app.WithPrincipal(t.Context(), app.Principal{Handle: "rita", Grants: grants})) {
			list = append(list, f.Name)
		}
		return strings.Join(list, " ")
	}
	require.Equal(t, "title description impact urgency service category channel location environment configuration_items follows", names())
	require.Contains(t, names(app.Grant{Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "network"}), "requester")
	require.Contains(t, names(app.Grant{Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "network"}), "resolution.code")
}
