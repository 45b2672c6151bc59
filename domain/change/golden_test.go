package change_test

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
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
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

// TestGoldenChange: every field is set, so that a new one shows up. Fields may come; none may go or change.
func TestGoldenChange(t *testing.T) {
	t.Parallel()
	at := berlin("2026-12-04 15:00")
	value := change.Change{
		Record: domain.Record{
			ID: recordID, Practice: change.Practice, Number: "CHG-000001", State: change.Review, Version: 7, Title: "Move the shop",
			Description: "To the new one.", Service: "shop", Category: "database", Tags: []string{"db"}, Team: "web", Assignee: "eli",
			Requester: "dee", OpenedBy: "dee", Priority: 3, Channel: "console", Location: "Berlin", Environment: "production",
			ConfigurationItems: []string{"db1"}, CustomFields: json.RawMessage(`{"floor":3}`), Policies: map[string]int{"Calendar/desk": 3},
			Restricted: true, Open: true, Active: true, WakeAt: &at, NextDue: "review", OpenedAt: at, UpdatedAt: at, StateSince: at,
			ResolvedAt: &at, ClosedAt: &at,
		},
		Details: change.Details{
			Type: change.Emergency, Model: "restart-shop", Justification: "The old one ends", Plan: "Move it", TestPlan: "Buy something",
			BackOutPlan: "Move it back", Services: []string{"shop"}, Exclusive: true, WindowFrom: &at, WindowTo: &at, ExtendedTo: &at,
			WindowMissed: true, AutoStart: true, Expedited: true, SecurityReason: "CVE", ExpectedOutage: "Ten minutes", Predecessors: []string{otherID},
			Tasks: []change.Task{{
				ID: "t1", Title: "Copy", Owner: "person:eli", After: []string{"t0"}, Condition: true, AskedBy: "ana", State: change.TaskDone, By: "eli",
				StartedAt: &at, DoneAt: &at,
			}},
			Answers: map[string]string{"tested_back_out": "no"},
			Risk: change.Risk{
				Score: 25, Level: change.RiskLow, From: "questionnaire", Questionnaire: []change.Point{{Why: "Was the back-out tested? no", Points: 25}},
				Calculator: []change.Point{{Why: "nobody says that the way back was tested", Points: 10}},
			},
			AssessedBy: "fred", ReviewedBy: "fred",
			Approval: &approval.Approval{
				Policy: "cab", PolicyVersion: 2, Why: "cab applies", Parties: approval.Parties{Requesters: []string{"dee"}}, SubmittedAt: &at,
				Hashes: approval.Hashes{approval.Scope: "1", approval.Schedule: "2"}, Stages: []approval.Stage{}, Earlier: []approval.Stage{},
			},
			Attached: []string{"3"}, ApprovalVoid: true, Unauthorised: true, SubmittedAt: &at, ActualStart: &at, ActualEnd: &at, CarriedBy: []string{"eli"}, AgreedFrom: &at,
			Retrospective: true,
			Outcome:       change.BackedOut, OutcomeNotes: "It broke.",
			Conflicts: []change.Conflict{{ID: "item:CHG-000002:db1", Level: change.Blocking, Kind: "exclusive", Why: "CHG-000002 wants it alone", Other: "CHG-000002", Item: "db1"}},
			Overrides: []change.Override{{Conflict: "item:CHG-000002:db1", By: "mona", Reason: "both know", At: at}}, HeldSince: &at, OverrunAt: &at,
			SettleAt: &at, WatchUntil: &at,
			Causes: []change.Cause{{
				Incident: incidentID, Number: "INC-000002", Service: "shop", ProposedAt: at, DueAt: at, Verdict: "confirmed", By: "olga", At: &at, Escalated: true, AsksManagers: true,
			}},
			CausedIncident: true, ReviewNeeded: "its outcome is backed_out", ReviewDueAt: &at, ReviewEscalated: true, Findings: "Check the indexes first",
		},
	}
	for _, part := range []any{value.Details, value.Tasks[0], value.Risk, value.Conflicts[0], value.Overrides[0], value.Causes[0]} {
		fields := reflect.ValueOf(part)
		for i := range fields.NumField() {
			require.False(t, fields.Field(i).IsZero(), "%s is not set in the example", fields.Type().Field(i).Name)
		}
	}
	text, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	golden(t, "change.json", string(text)+"\n")
	var read change.Change
	require.NoError(t, json.Unmarshal(text, &read))
	again, err := json.Marshal(read)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(again))
}

// TestGoldenLife: one life with all that it leaves, as rows and other processes see it.
func TestGoldenLife(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	waiting := d.due()
	d.vote(member("ana"), "approve_with", body{"conditions": []string{"tell the users"}})
	d.do(member("cy"), "request_info", body{"stage": "cab", "text": "Why now?"})
	d.at("2026-12-01 11:00").do(dee, "answer_info", body{"text": "The old one ends"})
	for _, name := range []string{"bo", "fay", "sec", "mona"} {
		d.vote(member(name), "approve", nil)
	}
	d.at("2026-12-18 22:05").do(eli, "complete_task", body{"task": d.record.Tasks[2].ID})
	d.do(eli, "start", nil)
	d.at("2026-12-18 23:00").do(eli, "back_out", body{"notes": "It broke.", "effective_at": berlin("2026-12-18 22:50"), "reason": "on the phone"})
	d.do(other, "cause_proposed", body{"incident": otherID, "number": "INC-000003", "service": "shop"})
	d.do(olga, "decide_cause", body{"incident": "INC-000003", "caused": true})
	d.at("2026-12-21 10:00").do(mona, "review", body{"findings": "Check the indexes first"})
	d.at("2026-12-22 10:00").catchUp()
	require.Equal(t, change.Closed, d.record.State)
	text, err := json.MarshalIndent(map[string]any{
		"record": d.record, "events": d.events, "messages": d.messages, "notices": d.notices, "deadlines_while_asked": waiting,
	}, "", "  ")
	require.NoError(t, err)
	golden(t, "life.json", string(text)+"\n")
}

func TestGoldenDiagram(t *testing.T) {
	t.Parallel()
	golden(t, "lifecycle.mmd", change.Lifecycle.Mermaid())
}

// TestGoldenBodies holds the fields of every command's body: they are HTTP bodies, CLI flags and stored commands at once.
func TestGoldenBodies(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, transition := range change.Lifecycle.Transitions {
		kind := reflect.TypeOf(transition.Body()).Elem()
		fmt.Fprintf(&text, "%s: %s\n", transition.Verb, kind.Name())
		for i := range kind.NumField() {
			fmt.Fprintf(&text, "    %s %s\n", kind.Field(i).Tag.Get("json"), kind.Field(i).Type)
		}
	}
	golden(t, "bodies.txt", text.String())
}
