package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// routers is a change before a board: a vote is void since the way back was edited, one stands, and another change comes near.
const routers = `{"id":"2d8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11","practice":"change","number":"CHG-000007","state":"awaiting_approval","version":9,
"title":"Replace the core \u001b[31mrouters","type":"normal","service":"mail","services":["mail","calendar"],"team":"network","assignee":"eli","requester":"dee","opened_by":"dee",
"environment":"production","configuration_items":["core-1","core-2"],"open":true,"active":true,"opened_at":"2026-11-20T09:00:00Z","updated_at":"2026-11-20T10:00:00Z",
"state_since":"2026-11-20T10:00:00Z","wake_at":"2026-11-20T15:00:00Z","next_due":"approval board","window_from":"2026-12-05T22:00:00Z","window_to":"2026-12-06T02:00:00Z",
"justification":"They are old.","plan":"One after the other.","test_plan":"Ping.","back_out_plan":"Put the old one back.",
"tasks":[{"id":"t1","title":"Swap","owner":"person:eli","state":"open"},{"id":"c-1","title":"Tell the bank","condition":true,"asked_by":"bo","state":"open","after":["t1"]}],
"risk":{"score":45,"level":"medium","from":"calculator","questionnaire":[],"calculator":[{"why":"a critical service is touched","points":40},{"why":"2 configuration items","points":5}]},
"conflicts":[{"id":"item:CHG-000009:core-1","level":"warning","kind":"item","why":"CHG-000009 touches core-1 too","other":"CHG-000009","item":"core-1"}],
"approval":{"policy":"cab","policy_version":2,"why":"cab is the only one that applies","parties":{},"hashes":{"scope":"aa11","schedule":"bb22"},"submitted_at":"2026-11-20T10:00:00Z","stages":[
{"name":"board","electorate":["role:cab_member"],"rule":{"threshold":"60%","of":"electorate","required":["sec"]},"covers":["scope"],"state":"open","round":2,
"members":[{"person":"ana"},{"person":"bo"},{"person":"sec"},{"person":"dee","left":"requester"}],
"votes":[{"by":"ana","for":"ana","vote":"approve","round":1,"at":"2026-11-20T10:10:00Z","void":{"at":"2026-11-20T10:20:00Z","why":"edited","fields":["back_out_plan"]}},
{"by":"hal","for":"bo","vote":"approve_with","conditions":["Tell the bank"],"round":2,"at":"2026-11-20T10:30:00Z"}],
"timing":{"length_ms":1,"left_ms":1,"due_at":"2026-11-25T10:00:00Z"},
"figures":{"verdict":"pending","why":"1 of 3 approves (33.3 %), 60 % needed; waiting for sec","people":3,"voted":1,"weight":3,"approved":1,"rejected":0,"reached":false,"quorum":true,"outstanding":["ana","sec"]}}]},
"overrides":[],"causes":[],"predecessors":[],"policies":{},"allowed_commands":["cast_vote","request_info"],"links":[]}`

func TestAChangeShowsWhoIsMissingAndWhatSpeaksAgainstIt(t *testing.T) {
	t.Parallel()
	address, _ := openDesk(t, map[string]string{
		"GET /changes/CHG-000007": "200 " + routers, "GET /changes": `200 {"items":[` + routers + `]}`,
		"GET /change-windows": `200 {"items":[{"kind":"FreezeWindow","name":"year-end","title":"Closing of the year","from":"2026-12-01T00:00:00Z","to":"2027-01-03T00:00:00Z","recurs":false}]}`,
		"GET /approvals": `200 {"asked":[{"record":"r","number":"CHG-000007","title":"Replace the core routers","state":"awaiting_approval","stage":"board","person":"ana","again":true,"since":"2026-11-20T10:20:00Z","due_at":"2026-11-25T10:00:00Z"}],
			"given":[{"record":"r","number":"CHG-000007","title":"Replace the core routers","state":"awaiting_approval","stage":"board","for":"ana","vote":"approve","at":"2026-11-20T10:10:00Z","void":"edited"}]}`,
		"GET /changes/CHG-000007/notes": `200 {"items":[{"seq":9,"at":"2026-11-20T10:40:00Z","author":{"kind":"person","name":"sec"},"body":"Is the bank told?","internal":true}]}`,
		"GET /changes/CHG-000007/attachments": `200 {"items":[{"id":"5d8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11","name":"runbook.pdf","media_type":"application/pdf","bytes":2048,
			"sha256":"ff","public":false,"added_by":"dee","added_at":"2026-11-20T10:20:00Z"}]}`,
		"GET /change-models/restart-web/record": `200 {"total":8,"failed":1,"undecided":2,"failure_rate":0.125}`,
	})
	for name, args := range map[string]string{
		"change.list.txt": "change list", "change.show.txt": "change show CHG-000007", "change.ballot.txt": "change vote CHG-000007",
		"change.calendar.txt": "change calendar --from 2026-11-20", "approvals.txt": "approval list", "approvals.given.txt": "approval list --given",
		"change.record.txt": "change record --model restart-web", "change.notes.txt": "change notes CHG-000007", "change.attachments.txt": "change attachments CHG-000007",
	} {
		got := run(t, address, "", strings.Fields(args)...)
		require.Equal(t, exitDone, got.code, "%s: %s", args, got.err)
		require.NotContains(t, got.out, "\x1b", args)
		golden(t, name, got.out)
	}
}

func TestWhoeverAssessesIsToldWhatIsAskedAndWhichAnswersThereAre(t *testing.T) {
	t.Parallel()
	questions := `"questions":[{"id":"tested_back_out","ask":"Was the way back tested?","choices":[{"answer":"yes","points":0},{"answer":"no","points":25}]}],"allowed_commands"`
	address, _ := openDesk(t, map[string]string{
		"GET /changes/CHG-000007": "200 " + strings.Replace(routers, `"allowed_commands"`, questions, 1),
		"POST /changes/CHG-000007/assess": `422 {"type":"https://holdfast.dev/errors/invalid","code":"invalid","status":422,"detail":"answers are needed",
			"errors":[{"location":"body.answers.tested_back_out","message":"Was the way back tested? (yes, no)"}]}`,
	})
	require.Contains(t, run(t, address, "", "change", "show", "CHG-000007").out, "tested_back_out: Was the way back tested? (yes, no)\n")
	refused := run(t, address, "", "change", "assess", "CHG-000007", "--answer", "tested_back_out=perhaps")
	require.Equal(t, exitFailed, refused.code)
	require.Contains(t, refused.err, "tested_back_out: Was the way back tested? (yes, no)\n")
}

func TestChangesSayWhatHoldsNow(t *testing.T) {
	t.Parallel()
	over := strings.NewReplacer(`"state":"open","round":2`, `"state":"escalated","round":2`).Replace(routers)
	review := strings.NewReplacer(`"approval":{"policy"`, `"nothing":{"policy"`, `"state":"awaiting_approval"`, `"state":"review"`).Replace(routers)
	windowless := strings.NewReplacer(`"type":"normal"`, `"type":"emergency"`, `"window_from":"2026-12-05T22:00:00Z","window_to":"2026-12-06T02:00:00Z",`, "", `"covers":["scope"]`, `"covers":["scope","schedule"]`).Replace(routers)
	vote := `422 {"type":"https://holdfast.dev/errors/invalid","code":"invalid","status":422,"detail":"you vote here for bo and gil: say whose seat (for)"}`
	address, _ := openDesk(t, map[string]string{
		"GET /changes/CHG-000007": "200 " + over, "GET /changes/CHG-000008": "200 " + review, "POST /changes/CHG-000007/submit": "200 " + windowless,
		"POST /changes/2d8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11/cast-vote": vote,
	})
	shown := run(t, address, "", "change", "show", "CHG-000007").out
	require.Contains(t, shown, "its deadline passed 2026-11-25 10:00; votes still count\n")
	require.NotContains(t, shown, "then: escalate")
	require.Regexp(t, `Times in +UTC`, shown)
	require.Contains(t, run(t, address, "", "change", "vote", "CHG-000008").err, "nobody is asked about CHG-000007, which is in review")
	require.Contains(t, run(t, address, "", "change", "submit", "CHG-000007").out, "it has no window; the board is asked again when one is set")
	require.Contains(t, run(t, address, "", "change", "vote", "CHG-000007", "approve").err, "you vote here for bo and gil: say whose seat (--for)")
}

func TestAddressesOfTheChangeCalendarAreMadeAndEnded(t *testing.T) {
	t.Parallel()
	address, d := openDesk(t, map[string]string{
		"POST /change-feeds": `201 {"id":"f","service":"mail","path":"/feeds/changes/hf_x.ics"}`, "GET /change-feeds": `200 {"items":[{"id":"f","service":"mail"}]}`, "DELETE /change-feeds/f": "204 ",
	})
	got := run(t, address, "", "change", "feed", "make", "--service", "mail")
	require.Equal(t, address+"/feeds/changes/hf_x.ics\n", got.out)
	require.Contains(t, got.err, "reads the change calendar. It is shown once; end it with: holdfast change feed revoke f")
	require.JSONEq(t, `{"service":"mail"}`, d.asked["POST /change-feeds"])
	require.Equal(t, "f\n", run(t, address, "", "change", "feed", "list", "-q").out)
	require.Equal(t, exitDone, run(t, address, "", "change", "feed", "revoke", "f").code)
}

func TestAVoteIsAboutWhatWasShown(t *testing.T) {
	t.Parallel()
	path := "POST /changes/2d8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11/cast-vote"
	for line, want := range map[string]string{
		"approve": `{"vote":"approve","hashes":{"scope":"aa11","schedule":"bb22"}}`,
		"approve --for bo --comment fine --stage board --seen scope=cc,schedule=dd": `{"vote":"approve","stage":"board","for":"bo","comment":"fine","hashes":{"scope":"cc","schedule":"dd"}}`,
		"approve --condition Backup --condition Bank":                               `{"vote":"approve_with","conditions":["Backup","Bank"],"hashes":{"scope":"aa11","schedule":"bb22"}}`,
		"approve-with --condition Backup":                                           `{"vote":"approve_with","conditions":["Backup"],"hashes":{"scope":"aa11","schedule":"bb22"}}`,
		"reject --comment -":                                                        `{"vote":"reject","comment":"from the input","hashes":{"scope":"aa11","schedule":"bb22"}}`,
	} {
		address, d := openDesk(t, map[string]string{"GET /changes/CHG-000007": "200 " + routers, path: "200 " + routers})
		got := run(t, address, "from the input\n", append([]string{"change", "vote", "CHG-000007"}, strings.Fields(line)...)...)
		require.Equal(t, exitDone, got.code, "%s: %s", line, got.err)
		require.JSONEq(t, want, d.asked[path], line)
		require.Contains(t, got.out, "CHG-000007 voted: awaiting approval, asked: ana sec, risk medium (45)\n")
		require.Equal(t, !strings.Contains(line, "--seen"), strings.Contains(got.out, "A vote in the stage board is about what is done."), line)
	}
	address, d := openDesk(t, map[string]string{"GET /changes/CHG-000007": "200 " + routers})
	require.Equal(t, exitUsage, run(t, address, "", "change", "vote", "CHG-000007", "maybe").code)
	require.NotContains(t, d.asked, path)
}

func TestCommandsOfChangesSendTheirBodies(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"draft --title T --plan - --ci a --also-service b --task One --task Two,too --from 2026-12-05T22:00 --to 2026-12-06": `{"title":"T","type":"normal","plan":"from the input","services":["b"],
			"configuration_items":["a"],"window_from":"2026-12-05T22:00:00Z","window_to":"2026-12-06T00:00:00Z","tasks":[{"id":"t1","title":"One"},{"id":"t2","title":"Two,too","after":["t1"]}]}`,
		"from-model restart-web --title T":                                                                   `{"model":"restart-web","title":"T"}`,
		"edit CHG-000007 --back-out-plan New --no-exclusive --tags=":                                         `{"back_out_plan":"New","exclusive":false,"tags":[]}`,
		"submit CHG-000007 --expedited --reason bank":                                                        `{"expedited":true,"reason":"bank"}`,
		"assess CHG-000007 --answer tested_back_out=yes --answer users=10":                                   `{"answers":{"tested_back_out":"yes","users":"10"}}`,
		"schedule CHG-000007 --from +1h --to +2h":                                                            `{"window_from":"2026-11-20T13:00:00Z","window_to":"2026-11-20T14:00:00Z"}`,
		"complete-task CHG-000007 t1":                                                                        `{"task":"t1"}`,
		"complete CHG-000007 successful-with-issues --notes slow":                                            `{"outcome":"successful_with_issues","notes":"slow"}`,
		"override-conflict CHG-000007 freeze:year-end --reason board":                                        `{"conflict":"freeze:year-end","reason":"board"}`,
		"record-retrospective CHG-000007 --actual-start=-2h --actual-end=-1h --outcome backed-out --notes N": `{"actual_start":"2026-11-20T10:00:00Z","actual_end":"2026-11-20T11:00:00Z","outcome":"backed_out","notes":"N"}`,
		"decide-cause CHG-000007 INC-000123 --no-caused":                                                     `{"incident":"INC-000123","caused":false}`,
	} {
		verb, _, _ := strings.Cut(line, " ")
		path := map[string]string{"draft": "POST /changes", "from-model": "POST /changes/from-model"}[verb]
		if path == "" {
			path = "POST /changes/CHG-000007/" + verb
		}
		address, d := openDesk(t, map[string]string{path: "200 " + routers})
		got := run(t, address, "from the input\n", append([]string{"change"}, strings.Fields(line)...)...)
		require.Equal(t, exitDone, got.code, "%s: %s", line, got.err)
		require.JSONEq(t, want, d.asked[path], line)
	}
}

func TestAPipelineEndsAsItsCommandDoes(t *testing.T) {
	t.Parallel()
	standard := strings.NewReplacer(`"type":"normal"`, `"type":"standard"`, `"awaiting_approval","version"`, `"scheduled","version"`).Replace(routers)
	answers := map[string]string{"POST /changes/from-model": "201 " + standard}
	for _, path := range []string{"2d8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11/start", "CHG-000007/complete-task", "CHG-000007/complete"} {
		answers["POST /changes/"+path] = "200 " + standard
	}
	for script, want := range map[string]struct {
		code           int
		outcome, notes string
	}{
		"echo one; echo two; echo $HOLDFAST_CHANGE":   {0, "successful", "sh ended with exit code 0:\ntwo\nCHG-000007"},
		"echo one; echo two; echo broken >&2; exit 7": {7, "failed", "sh ended with exit code 7:\n"},
		"kill -9 $$": {1, "failed", "sh ended with exit code 1:\nsignal: killed"},
		"head -c 100000 /dev/zero | tr '\\0' x; exit 3": {3, "failed", "sh ended with exit code 3:\nxxx"},
	} {
		address, d := openDesk(t, answers)
		got := run(t, address, "", "change", "run", "--model", "restart-web", "--lines", "2", "--", "sh", "-c", script)
		require.Equal(t, want.code, got.code, "%s: %s", script, got.err)
		var told struct{ Outcome, Notes string }
		require.NoError(t, json.Unmarshal([]byte(d.asked["POST /changes/CHG-000007/complete"]), &told))
		require.Equal(t, want.outcome, told.Outcome)
		require.True(t, strings.HasPrefix(told.Notes, want.notes), told.Notes)
		require.LessOrEqual(t, len(told.Notes), 4096)
		_, did := d.asked["POST /changes/CHG-000007/complete-task"]
		require.Equal(t, want.code == exitDone, did, "tasks are done by a command that succeeds")
		require.NotContains(t, got.out, "registered", "what the command prints is all there is")
	}

	address, _ := openDesk(t, map[string]string{"POST /changes/from-model": `409 {"status":409,"code":"conflict","detail":"the model restart-web is suspended"}`})
	mark := filepath.Join(t.TempDir(), "ran")
	got := run(t, address, "", "change", "run", "--model", "restart-web", "--", "touch", mark)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "is suspended")
	require.NoFileExists(t, mark, "what is refused is not run")

	answers["POST /changes/2d8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11/start"] = `409 {"status":409,"code":"conflict","detail":"a freeze"}`
	address, d := openDesk(t, answers)
	got = run(t, address, "", "change", "run", "--model", "restart-web", "--", "touch", mark)
	require.Equal(t, exitFailed, got.code)
	require.NoFileExists(t, mark)
	require.Contains(t, d.asked, "POST /changes/2d8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11/cancel", "what is not begun does not stay")
	require.Equal(t, exitUsage, run(t, address, "", "change", "run", "--model", "restart-web", "--", "no-such-program").code)
}
