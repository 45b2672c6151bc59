package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	logMap   = "../../examples/import/uci-incident-log.yaml"
	logRows  = "../../internal/importmap/testdata/audit.csv"
	replayed = `{"id":"0b8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11","number":"INC-000123","state":"closed","version":4,"priority":3,"team":"group-56",
"assignee":"","tags":[],"configuration_items":[],"allowed_commands":[],"links":[]}`
	document = `{"kind":"PriorityMatrix","name":"default","version":1,"spec":{"levels":["low"],"priorities":{"low":{"low":5}},"terms":[{"id":"fixed"},{"id":"awaiting_requester"}]}}`
)

// smallLog writes a log of two incidents and the map for it.
func smallLog(t *testing.T) (log, rules string) {
	t.Helper()
	folder := t.TempDir()
	log, rules = filepath.Join(folder, "log.csv"), filepath.Join(folder, "map.yaml")
	require.NoError(t, os.WriteFile(log, []byte("id,status,changed,team,person,caller\n"+
		"A1,new,2024-01-01 10:00,Mail,Bo,Rita\nA1,busy,2024-01-01 10:01,Mail,Bo,Rita\nA1,done,2024-01-01 10:02,Mail,Bo,Rita\nA2,busy,2024-01-01 10:00,Mail,Cy,Sam\nA2,new,2024-01-01 10:01,Mail,Cy,Sam\n"), 0o600))
	require.NoError(t, os.WriteFile(rules, []byte(`
origin: small
zone: UTC
times: ["YYYY-MM-DD HH:mm"]
columns: {number: id, state: status, updated_at: changed, team: team, assignee: person, requester: caller}
values: {state: {new: new, busy: in_progress, done: resolved}}
constants: {title: "Case {id}", impact: low, urgency: low, resolution_code: fixed, resolution_notes: Done}
`), 0o600))
	return log, rules
}

// policiesOf answers the documents that a replay reads before it plans.
func policiesOf(answers map[string]string) map[string]string {
	for _, name := range []string{"PriorityMatrix/default", "Vocabulary/hold-reasons", "Vocabulary/resolution-codes"} {
		answers["GET /policies/"+name] = "200 " + document
	}
	return answers
}

// TestSurveysNeedNoServer: what can be replayed is told in every form.
func TestSurveysNeedNoServer(t *testing.T) {
	t.Parallel()
	got := run(t, "http://127.0.0.1:1", "", "replay", logRows, "--map", logMap, "--dry-run")
	require.Equal(t, exitDone, got.code, got.err)
	golden(t, "replay.survey.txt", got.out)

	log, rules := smallLog(t)
	got = run(t, "http://127.0.0.1:1", "", "replay", log, "--map", rules, "--dry-run", "-o", "json")
	require.Equal(t, exitDone, got.code, got.err)
	require.JSONEq(t, `{"rows":5,"rejected":0,"incidents":2,"replayable":1,
		"planned":{"commands":3,"transitions_by_one_command":3,"transitions_by_two_commands":0,"assignments":0,"priority_changes":0,"edits":0},
		"cannot":[{"reason":"no 2 commands lead from in_progress to new","incidents":1,"example":"A2"}]}`, got.out)
	require.Equal(t, exitUsage, run(t, "http://127.0.0.1:1", "", "replay", log, "--map", rules, "--clients", "0").code)
	require.Equal(t, exitUnreachable, run(t, "http://127.0.0.1:1", "", "replay", log, "--map", rules).code)
}

// TestReplaysIntroduceWhomTheyName and leave alone who is there.
func TestReplaysIntroduceWhomTheyName(t *testing.T) {
	t.Parallel()
	log, rules := smallLog(t)
	address, d := openDesk(t, policiesOf(map[string]string{
		"GET /people/bo":          `200 {"handle":"bo","name":"Bo","kind":"person","active":true}`,
		"GET /people/rita":        `200 {"handle":"rita","name":"Rita Lang","kind":"person","active":false,"zone":"UTC"}`,
		"PUT /people/rita":        `200 {"handle":"rita","name":"Rita Lang","kind":"person","active":true,"zone":"UTC"}`,
		"GET /policies/Team/mail": `200 {"kind":"Team","name":"mail","version":1,"spec":{"title":"Mail","lead":"ana","members":["ana"]}}`,
		"PUT /policies/Team/mail": `200 {"kind":"Team","name":"mail","version":2,"spec":{}}`,
		"POST /incidents":         "201 " + replayed,
	}))
	got := run(t, address, "", "replay", log, "--map", rules, "--clients", "1")
	require.Equal(t, exitFailed, got.code)
	require.JSONEq(t, `{"name":"Rita Lang","kind":"person","active":true,"zone":"UTC"}`, d.asked["PUT /people/rita"])
	require.NotContains(t, d.asked, "PUT /people/bo")
	var team struct {
		Spec json.RawMessage `json:"spec"`
	}
	require.NoError(t, json.Unmarshal([]byte(d.asked["PUT /policies/Team/mail"]), &team))
	require.JSONEq(t, `{"title":"Mail","lead":"ana","members":["ana","bo"]}`, string(team.Spec))
	require.JSONEq(t, `{"title":"Case A1","impact":"low","urgency":"low","requester":"rita","team":"mail","assignee":"bo"}`, d.asked["POST /incidents"])
}

// TestReplaysTellWhatWasRefused and go on with the next incident; what is queued is waited for.
func TestReplaysTellWhatWasRefused(t *testing.T) {
	t.Parallel()
	const record = "/incidents/0b8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11"
	answers := policiesOf(map[string]string{
		"POST /incidents":             `202 {"command_id":"abc","outcome":"queued","record":"0b8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11"}`,
		"GET /commands/abc":           `200 {"command_id":"abc","state":"applied"}`,
		"GET " + record:               "200 " + strings.Replace(replayed, "closed", "new", 1),
		"POST " + record + "/start":   "200 " + strings.Replace(replayed, "closed", "in_progress", 1),
		"POST " + record + "/resolve": `409 {"status":409,"code":"conflict","detail":"resolve is not allowed while the incident is canceled","allowed_commands":[]}`,
	})
	address, _ := openDesk(t, answers)
	log, rules := smallLog(t)
	got := run(t, address, "", "replay", log, "--map", rules, "--clients", "1", "--no-introduce", "-o", "json")
	require.Equal(t, exitFailed, got.code, got.err)
	var report replayReport
	require.NoError(t, json.Unmarshal([]byte(got.out), &report))
	require.Equal(t, []int{3, 2, 0, 1}, []int{report.Sent, report.Applied, report.Repeated, report.Queued})
	require.Equal(t, []refusedGroup{{Command: "resolve", Code: "conflict", Reason: "resolve is not allowed while the incident is canceled", Commands: 1, Example: "A1"}}, report.Refused)
	require.Equal(t, []endGroup{{Log: "resolved", Here: "in_progress", Incidents: 1}}, report.Ends)

	// An incident that something else changed ends otherwise, even in the same state.
	answers["POST "+record+"/resolve"] = "200 " + strings.Replace(replayed, "closed", "resolved", 1)
	got = run(t, address, "", "replay", log, "--map", rules, "--clients", "1", "--no-introduce")
	require.Equal(t, exitFailed, got.code, got.err)
	require.Contains(t, got.out, "resolved        resolved  1\n")
	require.Contains(t, got.out, "A1          INC-000123  priority 3, not 5; team group-56, not mail; assignee none, not bo; version 4, not 3\n")
}

// TestProgressWithoutATerminal is a line now and then.
func TestProgressWithoutATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(&out, "replaying", 300, incidentsUnit)
	p.add(30)
	require.Empty(t, out.String(), "too soon")
	p.due = time.Time{}
	p.add(45)
	p.add(10)
	p.end()
	require.Equal(t, "replaying: 75 of 300 incidents (25 %)\n", out.String())
	p = newProgress(&out, "importing", 2_400_000, bytesUnit)
	p.done = 1_800_000
	require.Equal(t, "importing: 1.8 of 2.4 MB (75 %)", p.line())
}
