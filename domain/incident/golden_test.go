package incident_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

// TestGoldenIncident: every field is set, so that a new one shows up. Fields may come; none may go or change.
func TestGoldenIncident(t *testing.T) {
	t.Parallel()
	at := berlin("2026-12-04 15:00")
	value := incident.Incident{
		Record: domain.Record{
			ID: recordID, Practice: domain.Incident, Number: "INC-000001", State: incident.OnHold, Version: 7, Title: "Mail is down",
			Description: "All of it.", Service: "mail", Category: "outage", Tags: []string{"mail"}, Team: "messaging", Assignee: "bo",
			Requester: "rita", OpenedBy: "ana", Priority: 2, Channel: "phone", Location: "Berlin", Environment: "production",
			ConfigurationItems: []string{"mx1"}, CustomFields: json.RawMessage(`{"floor":3}`), Policies: map[string]int{"Calendar/desk": 3},
			Restricted: true, Open: true, Active: true, WakeAt: &at, NextDue: "no_response", OpenedAt: at, UpdatedAt: at, StateSince: at,
			ResolvedAt: &at, ClosedAt: &at,
		},
		Details: incident.Details{
			Impact: incident.High, Urgency: incident.Medium, PriorityOverridden: true, StartedAt: &at, TriagedAt: &at,
			Hold: incident.Hold{
				Reason: "awaiting_parts", Base: incident.AwaitingVendor, Since: &at, Until: &at, Vendor: "Acme", Reference: "A-1",
				PromisedAt: &at, From: incident.InProgress, Reminders: 1, PromiseMissed: true,
			},
			Resolution:   incident.Resolution{Code: "fixed", Notes: "Turned it on.", By: "bo", RecordedAt: &at},
			FirstContact: true, ReassignmentCount: 2, PreviousTeam: "network", PingPong: true, ReopenCount: 1, MergedInto: parentID,
			TriageEscalatedAt: &at, Satisfaction: incident.Satisfaction{Score: 4, Comment: "quick", At: &at}, Source: json.RawMessage(`{"priority":"P2"}`),
			BreachCause: "taken_up_late",
			Agreements:  []sla.Stamp{{Agreement: "gold", Version: 2, Calendar: "desk", CalendarVersion: 3, Why: "gold applies (rank 10)"}},
			Life:        sla.Life{{From: at, By: "ana", State: incident.New, Open: true, Team: "messaging"}}, ClocksVersion: 7, RespondedAt: &at,
			Escalations: []incident.Call{{ID: childID, Policy: "major", ForPriority: true}}, PageAt: &at,
		},
		Clocks: []sla.Clock{{
			Metric: sla.Resolution, Agreement: "gold", AgreementVersion: 2, Cycle: 1, Rating: 2, Why: "gold applies (rank 10)", Priority: 2,
			Calendar: "desk", CalendarVersion: 3, Target: "4h0m0s", LengthMS: 14_400_000, State: sla.Breached, Counting: true, CycleFrom: at,
			From: at, DueAt: &at, BreachedAt: &at, StoppedAt: &at, StoppedBy: "resolved", ElapsedMS: 16_200_000, PausedMS: 7_200_000, AsOf: at,
			NextAt: &at, Next: "150%", Points: []sla.Point{{At: "50%", DueAt: at, Outcome: sla.Superseded}}, Raised: true, InForce: true,
		}},
	}
	for _, part := range []any{value.Details, value.Hold, value.Resolution, value.Satisfaction, value.Clocks[0]} {
		fields := reflect.ValueOf(part)
		for i := range fields.NumField() {
			require.False(t, fields.Field(i).IsZero(), "%s is not set in the example", fields.Type().Field(i).Name)
		}
	}
	text, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	golden(t, "incident.json", string(text)+"\n")
	var read incident.Incident
	require.NoError(t, json.Unmarshal(text, &read))
	var compact strings.Builder
	require.NoError(t, json.NewEncoder(&compact).Encode(read))
	require.JSONEq(t, string(text), compact.String())
}

// TestGoldenLives: two short lives with all that they leave, as rows and other processes see it.
func TestGoldenLives(t *testing.T) {
	t.Parallel()
	d := logged(t, "2026-12-04 15:00")
	d.at("2026-12-04 15:10").do(ana, "start", nil)
	d.at("2026-12-04 16:00").do(ana, "hold", body{"reason": "awaiting_requester", "comment": "which mailbox?"})
	waiting := d.due()
	d.at("2026-12-07 16:00:01").catchUp()
	d.at("2026-12-07 17:30").do(other, "reply", body{"note": 5, "text": "mine"})
	d.at("2026-12-08 10:00").do(ana, "resolve", body{"code": "fixed", "notes": "Quota.", "effective_at": berlin("2026-12-08 09:30"), "reason": "on the phone"})
	d.do(rita, "confirm", body{"score": 5})
	d.do(other, "reply", body{"note": 9, "text": "Again!"})
	text, err := json.MarshalIndent(map[string]any{
		"record": d.record, "events": d.events, "messages": d.messages, "notices": d.notices, "deadlines_on_hold": waiting,
	}, "", "  ")
	require.NoError(t, err)
	golden(t, "life.json", string(text)+"\n")
}

func TestGoldenDiagram(t *testing.T) {
	t.Parallel()
	golden(t, "lifecycle.mmd", incident.Lifecycle.Mermaid())
}

// TestGoldenBodies holds the fields of every command's body: they are HTTP bodies, CLI flags and stored commands at once.
func TestGoldenBodies(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, transition := range incident.Lifecycle.Transitions {
		kind := reflect.TypeOf(transition.Body()).Elem()
		fmt.Fprintf(&text, "%s: %s\n", transition.Verb, kind.Name())
		for i := range kind.NumField() {
			fmt.Fprintf(&text, "    %s %s\n", kind.Field(i).Tag.Get("json"), kind.Field(i).Type)
		}
	}
	golden(t, "bodies.txt", text.String())
}
