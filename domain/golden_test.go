package domain_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
)

var update = flag.Bool("update", false, "write the golden files anew")

var instant = time.Date(2026, time.December, 4, 14, 0, 0, 123e6, time.UTC)

func ref[T any](value T) *T { return &value }

func filledCommand() domain.Command {
	return domain.Command{
		ID: "c1", Name: "incident.assign", Practice: domain.Incident, Record: "0d8f3c52-0000-8000-8000-000000000001",
		Actor: filledActor(), ReceivedAt: instant, Reason: "knows it", Body: json.RawMessage(`{"team":"network"}`),
		Digest: domain.Digest([]byte(`{"team":"network"}`)), IfVersion: 3, Relayed: true, Chain: []string{"desk/vip"},
	}
}

func filledActor() domain.Actor {
	return domain.Actor{Kind: domain.ActorPerson, Name: "ana", Roles: []domain.Role{domain.RoleAgent, domain.RoleTeamLead}, Machine: true}
}

func filledError() domain.Error {
	return domain.Error{
		Code: domain.CodeConflict, Message: "start is not allowed while the incident is resolved",
		Fields: []domain.FieldError{{Location: "body.team", Message: "is not known", Value: "x"}}, Allowed: []string{"reopen"},
	}
}

func filledView() domain.View {
	return domain.View{
		Record: "0d8f3c52-0000-8000-8000-000000000001", State: "closed", Version: 4, WakeAt: &instant, WakeAfter: 90 * time.Second, Ended: true,
	}
}

// TestGolden holds the JSON of every type against the files that other processes, other builds and stored rows rely on.
// Every field of each example is set, so a new field shows up here. Fields may come; none may go or change.
func TestGolden(t *testing.T) {
	t.Parallel()
	record := domain.Record{
		ID: "0d8f3c52-0000-8000-8000-000000000001", Practice: domain.Incident, Number: "INC-000001", State: "on_hold", Version: 7,
		Title: "Mail is down", Description: "All of it.", Service: "mail", Category: "outage", Tags: []string{"mail"},
		Team: "messaging", Assignee: "bo", Requester: "rita", OpenedBy: "ana", Priority: 2, Channel: "phone", Location: "Berlin",
		Environment: "production", ConfigurationItems: []string{"mx1"}, CustomFields: json.RawMessage(`{"floor":3}`),
		Policies: map[string]int{"Calendar/desk": 3}, Restricted: true, Open: true, Active: true, WakeAt: &instant, NextDue: "no_response",
		OpenedAt: instant, UpdatedAt: instant, StateSince: instant, ResolvedAt: &instant, ClosedAt: &instant, LastEventAt: instant,
	}
	golden(t, "record", record, "LastEventAt")
	golden(t, "command", filledCommand(), "Unknown")
	golden(t, "actor", filledActor())
	golden(t, "start", domain.Start{Practice: domain.Incident, Record: record.ID, Logic: 1, First: ref(filledCommand())}, "Unknown")
	golden(t, "event", domain.Event{
		Type: "incident.assigned", At: instant, Actor: filledActor(), Reason: "knows it", Public: true, DueAt: &instant, LatenessMS: ref(int64(720)),
		Data: map[string]any{"team": map[string]any{"from": "", "to": "network"}}, Personal: map[string]any{"comment": "ask Rita"},
	})
	golden(t, "stored_event", domain.StoredEvent{
		Record: record.ID, Number: "INC-000001", Seq: 2, At: instant, RecordedAt: instant, Type: "incident.assigned", Actor: filledActor(),
		Reason: "knows it", Data: json.RawMessage(`{"team":"network"}`), Personal: json.RawMessage(`{"comment":"ask Rita"}`), Public: true,
		DueAt: &instant, LatenessMS: ref(int64(720)), Hash: "ab", PrevHash: "cd",
	})
	golden(t, "change", domain.Change{From: "a", To: "b"})
	golden(t, "message", domain.Message{
		Practice: domain.Incident, Record: record.ID, Command: "incident.parent_closed", Body: map[string]any{"number": "INC-000001"},
		Reason: "closed", OnClosed: domain.TargetDrop, Chain: []string{"desk/vip"},
	})
	golden(t, "notice", domain.Notice{
		Kind: "incident.reminder", To: []string{"person:rita"}, Data: map[string]any{"number": "INC-000001"},
		Lane: domain.LanePage, Guard: &domain.Guard{Kind: domain.GuardUnread, ID: "7/rita"},
	})
	golden(t, "delivery_start", domain.DeliveryStart{Destination: "mail", Logic: 1}, "Unknown")
	golden(t, "delivery_order", domain.DeliveryOrder{Destination: "mail", Lane: domain.LanePage})
	golden(t, "delivery_report", domain.DeliveryReport{Settled: 3, More: true, Wait: time.Second, Held: true, Answers: true, Gone: true})
	golden(t, "link", domain.Link{Type: "follows", To: record.ID})
	golden(t, "deadline", domain.Deadline{Name: "auto_close", DueAt: instant, Command: "incident.auto_close", Then: "closes by itself"})
	golden(t, "view", filledView(), "Unknown")
	golden(t, "error", filledError(), "Unknown", "RetryAfter")
	golden(t, "result", domain.Result{Outcome: domain.Refused, Version: 4, Refusal: ref(filledError()), View: filledView()}, "Unknown")
	golden(t, "transition", domain.Transition{
		Verb: "reply", Title: "Reply", From: []domain.State{"resolved"}, To: []domain.State{"in_progress"},
		Leads: map[domain.State][]domain.State{"resolved": {"in_progress"}}, Roles: []domain.Role{domain.RoleAgent}, Event: "incident.replied",
	}, "Body")
	golden(t, "state_info", domain.StateInfo{Name: "new", Title: "New", Open: true, Active: true})
}

// golden compares a value's JSON with its file, and the file's value with the value. unseen are fields that JSON leaves out.
func golden[T any](t *testing.T, name string, value T, unseen ...string) {
	t.Helper()
	fields := reflect.ValueOf(value)
	for i := range fields.NumField() {
		if field := fields.Type().Field(i).Name; !contains(unseen, field) {
			require.False(t, fields.Field(i).IsZero(), "%s.%s is not set in the example", name, field)
		}
	}
	text, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	path := filepath.Join("testdata", name+".json")
	if *update {
		require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text)+"\n")

	var read T
	require.NoError(t, json.Unmarshal(want, &read))
	again, err := json.MarshalIndent(read, "", "  ")
	require.NoError(t, err)
	require.Equal(t, string(text), string(again), "%s does not survive a round trip", name)
}

func contains(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}

// A process of an older build hands on what it does not know.
func TestUnknownFieldsSurvive(t *testing.T) {
	t.Parallel()
	survives[domain.Command](t, "command")
	survives[domain.Start](t, "start")
	survives[domain.View](t, "view")
	survives[domain.Error](t, "error")
	survives[domain.Result](t, "result")

	var command domain.Command
	require.NoError(t, json.Unmarshal([]byte(`{"NAME":"incident.log","-":1,"Unknown":2}`), &command))
	require.Equal(t, "incident.log", command.Name)
	require.Equal(t, domain.Unknown{"-": json.RawMessage("1"), "Unknown": json.RawMessage("2")}, command.Unknown)
	for _, wrong := range []string{`[]`, `"x"`, `{`, `{"name":3}`} {
		require.Error(t, json.Unmarshal([]byte(wrong), &command), wrong)
	}
	require.NoError(t, json.Unmarshal([]byte(`{"name":"incident.log"}`), &command))
	require.Nil(t, command.Unknown, "what was read before is gone")
	require.NoError(t, json.Unmarshal([]byte(`null`), &command))
}

func survives[T any](t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(text, &object))
	object["tenant"], object["a_list"], object["a_number"] = map[string]any{"id": "t<1>"}, []any{"x", nil}, 1.5
	for _, nested := range []string{"first", "view", "refusal"} {
		if inner, found := object[nested].(map[string]any); found {
			inner["zone"] = "west"
		}
	}
	newer, err := json.Marshal(object)
	require.NoError(t, err)
	var read T
	require.NoError(t, json.Unmarshal(newer, &read))
	written, err := json.Marshal(read)
	require.NoError(t, err)
	require.JSONEq(t, string(newer), string(written), name)
	pointed, err := json.Marshal(&read)
	require.NoError(t, err)
	require.Equal(t, string(written), string(pointed))
}
