package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// The organisation of the tests: ana and bo are of messaging (lead: ana), cy is of network, rita asks for things, gone has
// left. The service mail is supported by messaging in desk hours.

// Desk is the calendar of the lifecycles' stories.
var Desk = calendar.Spec{Timezone: "Europe/Berlin", Weekly: map[string][]string{
	"mon": {"09:00-17:00"}, "tue": {"09:00-17:00"}, "wed": {"09:00-17:00"}, "thu": {"09:00-17:00"}, "fri": {"09:00-17:00"},
}}

// Always is open all the time.
var Always = calendar.Spec{Timezone: "UTC", Weekly: map[string][]string{
	"mon": {"00:00-24:00"}, "tue": {"00:00-24:00"}, "wed": {"00:00-24:00"}, "thu": {"00:00-24:00"}, "fri": {"00:00-24:00"},
	"sat": {"00:00-24:00"}, "sun": {"00:00-24:00"},
}}

// Matrix, HoldReasons, ResolutionCodes and Rules are the organisation's other documents.
var (
	Matrix = policy.PriorityMatrix{
		Levels: []string{incident.High, incident.Medium, incident.Low},
		Priorities: map[string]map[string]int{
			incident.High:   {incident.High: 1, incident.Medium: 2, incident.Low: 3},
			incident.Medium: {incident.High: 2, incident.Medium: 3, incident.Low: 4},
			incident.Low:    {incident.High: 3, incident.Medium: 4, incident.Low: 5},
		},
	}
	HoldReasons = policy.Vocabulary{Terms: []policy.Term{
		{ID: incident.AwaitingRequester},
		{ID: incident.AwaitingVendor},
		{ID: incident.AwaitingChange},
		{ID: incident.AwaitingProblem},
		{ID: incident.Scheduled},
		{ID: "awaiting_parts", Title: "Awaiting parts", Base: incident.AwaitingVendor},
	}}
	ResolutionCodes = policy.Vocabulary{Terms: []policy.Term{
		{ID: "fixed"}, {ID: "workaround"}, {ID: incident.CodeNoResponse}, {ID: incident.CodeDuplicate},
	}}
	Rules = policy.AssignmentRules{Practice: "incident", Rules: []policy.AssignmentRule{
		{Name: "mail", When: `record.service == "mail"`, Set: policy.AssignmentSet{Team: "messaging", Tags: []string{"mail"}}},
		{Name: "rest", When: `true`, Set: policy.AssignmentSet{Team: "service-desk"}},
	}}
)

// People, Teams and Services of the organisation.
var (
	People = []schemas.PersonRow{
		{Handle: "ana", Name: "Ana", Kind: "person", Active: true, Zone: "UTC"},
		{Handle: "bo", Name: "Bo", Kind: "person", Active: true, Zone: "UTC"},
		{Handle: "cy", Name: "Cy", Kind: "person", Active: true, Zone: "UTC"},
		{Handle: "rita", Name: "Rita", Kind: "person", Active: true, Zone: "UTC"},
		{Handle: "gone", Name: "Gone", Kind: "person", Zone: "UTC"},
	}
	Teams = []schemas.TeamRow{
		{Name: "messaging", Title: "Messaging", Lead: "ana", Members: []string{"ana", "bo"}},
		{Name: "network", Title: "Network", Lead: "cy", Members: []string{"cy", "gone"}},
		{Name: "service-desk", Title: "Service desk", Lead: "ana", Members: []string{"ana"}},
	}
	Services = []schemas.ServiceRow{
		{Name: "mail", Title: "Mail", Owner: "ana", Criticality: "high", Team: "messaging", Calendar: "desk"},
		{Name: "wifi", Title: "Wireless", Owner: "cy", Criticality: "low", Team: "network"},
	}
)

// Settle writes the organisation into a database, as the application does.
func (d DB) Settle(t testing.TB) {
	t.Helper()
	ctx, db, now := t.Context(), d.App(t), Instant("2026-01-01T00:00:00Z")
	for _, person := range People {
		person.CreatedAt = now
		require.NoError(t, schemas.SavePerson(ctx, db, person))
	}
	for _, team := range Teams {
		require.NoError(t, schemas.SaveTeam(ctx, db, team))
	}
	for _, service := range Services {
		require.NoError(t, schemas.SaveService(ctx, db, service))
	}
	for name, spec := range map[string]any{
		"Calendar/default": Always, "Calendar/desk": Desk, "PriorityMatrix/default": Matrix, "AssignmentRules/default": Rules,
		"Vocabulary/hold-reasons": HoldReasons, "Vocabulary/resolution-codes": ResolutionCodes,
	} {
		d.Apply(t, name, spec)
	}
}

// Apply writes the next version of a document, "kind/name".
func (d DB) Apply(t testing.TB, document string, spec any) {
	t.Helper()
	kind, name, _ := strings.Cut(document, "/")
	text, err := json.Marshal(spec)
	require.NoError(t, err)
	db := d.App(t)
	newest, _, err := schemas.ReadPolicy(t.Context(), db, kind, name, 0)
	require.NoError(t, err)
	require.NoError(t, schemas.AddPolicy(t.Context(), db, schemas.PolicyRow{
		Kind: kind, Name: name, Version: newest.Version + 1, Spec: string(text), Author: "ana", CreatedAt: Instant("2026-01-01T00:00:00Z"),
	}))
}

// CompileCalendar makes a working calendar of a document that includes no holiday sets.
func CompileCalendar(spec calendar.Spec) (*calendar.Calendar, error) {
	zone, err := time.LoadLocation(spec.Timezone)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", spec.Timezone, err)
	}
	compiled, problems := calendar.Compile(spec, zone, nil)
	if len(problems) > 0 {
		return nil, fmt.Errorf("%s %s", problems[0].Path, problems[0].Message)
	}
	return compiled, nil
}
