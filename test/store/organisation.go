package store

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// The organisation of the tests: ana and bo are of messaging (lead: ana), cy is of network, rita asks for things, gone has
// left. The service mail is supported by messaging in desk hours.

// Desk is the calendar of the lifecycles' stories.
var Desk = calendar.Spec{Timezone: "Europe/Berlin", Weekly: map[string][]string{
	"mon": {"09:00-17:00"}, "tue": {"09:00-17:00"}, "wed": {"09:00-17:00"}, "thu": {"09:00-17:00"}, "fri": {"09:00-17:00"},
}}

// Documents are the organisation's: the defaults, and beside or instead of them its calendar, one more reason to hold, and
// its assignment rules.
func Documents(t testing.TB) map[string]json.RawMessage {
	t.Helper()
	documents := map[string]json.RawMessage{}
	defaults, err := policyfile.Defaults()
	require.NoError(t, err)
	for _, document := range defaults {
		documents[document.Kind+"/"+document.Name] = document.Spec
	}
	// How risky a change is, and who decides it, is what a test says.
	for _, name := range []string{"ChangeModel/default", "ApprovalPolicy/default-board", "ApprovalPolicy/default-emergency", "ApprovalPolicy/default-low"} {
		delete(documents, name)
	}
	var reasons policy.Vocabulary
	require.NoError(t, json.Unmarshal(documents["Vocabulary/hold-reasons"], &reasons))
	reasons.Terms = append(reasons.Terms, policy.Term{ID: "awaiting_parts", Title: "Awaiting parts", Base: incident.AwaitingVendor})
	for name, spec := range map[string]any{
		"Calendar/desk": Desk, "Vocabulary/hold-reasons": reasons,
		"AssignmentRules/default": policy.AssignmentRules{Practice: "incident", Rules: []policy.AssignmentRule{
			{Name: "mail", When: `record.service == "mail"`, Set: policy.AssignmentSet{Team: "messaging", Tags: []string{"post"}}},
			{Name: "rest", When: `true`, Set: policy.AssignmentSet{Team: "service-desk"}},
		}},
	} {
		text, err := json.Marshal(spec)
		require.NoError(t, err)
		documents[name] = text
	}
	return documents
}

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
	for name, spec := range Documents(t) {
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
