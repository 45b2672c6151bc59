package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

const (
	mailDown = `{"id":"0b8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11","practice":"incident","number":"INC-000123","state":"triaged","version":4,
"title":"Mail is down \u001b[31mfor all","description":"Nobody can send.\nSince noon.","service":"mail","category":"","tags":["vip","mail"],"team":"messaging",
"assignee":"ana","requester":"rik","opened_by":"ana","priority":1,"channel":"phone","location":"","environment":"","configuration_items":[],
"policies":{"Calendar/default":1},"restricted":false,"open":true,"active":true,"wake_at":"2026-11-20T13:30:00Z","next_due":"triage",
"opened_at":"2026-11-20T09:00:00.123Z","updated_at":"2026-11-20T09:30:00Z","state_since":"2026-11-20T09:30:00Z","impact":"high","urgency":"medium",
"priority_overridden":false,"first_contact":false,"reassignment_count":0,"ping_pong":false,"reopen_count":0,
"allowed_commands":["assign","merge_into"],"links":[{"type":"caused_by","id":"x","number":"INC-000100","title":"Disk full","state":"closed","practice":"incident"}]}`
	printer7 = `{"id":"1c8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11","number":"INC-000124","state":"new","version":1,"title":"=Printer 7 jams","team":"","assignee":"",
"service":"","priority":4,"opened_at":"2026-11-20T10:00:00Z","allowed_commands":[],"links":[]}`
)

func TestEveryVerbHasACommandWithAFlagForEveryField(t *testing.T) {
	t.Parallel()
	var root trialRoot
	model := trialParser(t, &root).Model
	// Where a flag has a better name than its field.
	renamed := map[string]string{
		"incident merge_into incident": "into", "incident log resolution": "resolution-code", "change cast_vote": "vote",
		"change cast_vote hashes": "seen", "change draft services": "also-service", "change draft tasks": "task",
	}
	for _, lifecycle := range []*domain.Lifecycle{incident.Lifecycle, change.Lifecycle} {
		practice := string(lifecycle.Practice)
		nouns := childOf(model.Node, practice)
		for _, transition := range lifecycle.Transitions {
			if transition.Machine() {
				continue
			}
			command := childOf(nouns, cmp.Or(renamed[practice+" "+transition.Verb], strings.ReplaceAll(transition.Verb, "_", "-")))
			require.NotNil(t, command, transition.Verb)
			given := []string{}
			for _, flag := range command.Flags {
				given = append(given, flag.Name)
			}
			for _, argument := range command.Positional {
				given = append(given, argument.Name)
			}
			body := reflect.TypeOf(transition.Body()).Elem()
			for i := range body.NumField() {
				field, _, _ := strings.Cut(body.Field(i).Tag.Get("json"), ",")
				name := strings.ReplaceAll(field, "_", "-")
				other := renamed[practice+" "+transition.Verb+" "+field]
				require.True(t, contains(given, name) || contains(given, strings.TrimSuffix(name, "s")) || contains(given, other), "%s %s has no --%s", practice, transition.Verb, name)
			}
		}
	}
}

func contains(list []string, name string) bool {
	for _, one := range list {
		if one == name && name != "" {
			return true
		}
	}
	return false
}

func TestVerbsSendTheirBodies(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"log --title T --impact high --urgency low -t messaging --tag a --tag b,c --ci x":        `{"title":"T","impact":"high","urgency":"low","team":"messaging","tags":["a","b","c"],"configuration_items":["x"]}`,
		"log --title T --impact high --urgency low --resolution-code fixed --resolution-notes N": `{"title":"T","impact":"high","urgency":"low","resolution":{"code":"fixed","notes":"N"}}`,
		"log --title T --impact high --urgency low --description - --custom-fields {\"a\":1}":    `{"title":"T","impact":"high","urgency":"low","description":"from the input","custom_fields":{"a":1}}`,
		"triage INC-000123 --category disk --impact low":                                         `{"category":"disk","impact":"low"}`,
		"assign INC-000123 --team messaging -a ana":                                              `{"team":"messaging","assignee":"ana"}`,
		"start INC-000123 --effective-at=-30m --reason late":                                     `{"effective_at":"2026-11-20T11:30:00Z","reason":"late"}`,
		"hold INC-000123 --reason awaiting_vendor --until 2026-11-21T08:00 --vendor V":           `{"reason":"awaiting_vendor","until":"2026-11-21T08:00:00Z","vendor":"V"}`,
		"resume INC-000123":                                                          `{}`,
		"resolve INC-000123 --code fixed --notes -":                                  `{"code":"fixed","notes":"from the input"}`,
		"confirm INC-000123 --score 5 --comment fine":                                `{"score":5,"comment":"fine"}`,
		"rate INC-000123 --score 2":                                                  `{"score":2}`,
		"reopen INC-000123 --reason again":                                           `{"reason":"again"}`,
		"close INC-000123 --reason done":                                             `{"reason":"done"}`,
		"cancel INC-000123 --reason mistake":                                         `{"reason":"mistake"}`,
		"merge-into INC-000123 INC-000100":                                           `{"incident":"INC-000100"}`,
		"unmerge INC-000123":                                                         `{}`,
		"change-priority INC-000123 --impact low --urgency low --reason calm":        `{"impact":"low","urgency":"low","reason":"calm"}`,
		"override-priority INC-000123 -p 1 --reason board":                           `{"priority":1,"reason":"board"}`,
		"edit INC-000123 --title T --service= --tags= --no-restricted --reason typo": `{"title":"T","service":"","tags":[],"restricted":false,"reason":"typo"}`,
		"link INC-000123 caused_by INC-000100":                                       `{"type":"caused_by","to":"INC-000100"}`,
		"unlink INC-000123 blocks INC-000100":                                        `{"type":"blocks","to":"INC-000100"}`,
	} {
		verb, _, _ := strings.Cut(line, " ")
		path := "POST /incidents/INC-000123/" + verb
		if verb == "log" {
			path = "POST /incidents"
		}
		address, d := openDesk(t, map[string]string{path: "200 " + mailDown})
		got := run(t, address, "from the input\n", append([]string{"incident"}, strings.Fields(line)...)...)
		require.Equal(t, exitDone, got.code, "%s: %s", line, got.err)
		require.JSONEq(t, want, d.asked[path], line)
		require.Contains(t, got.out, "INC-000123 ")
		require.Contains(t, got.out, ": triaged, priority 1, ana of messaging, triage due 2026-11-20 13:30\n")
	}
}

func TestCommandLinesThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"incident", "incident log", "incident log --title x", "incident log --title x --impact high", "incident assign", "incident hold INC-1",
		"incident link INC-1 likes INC-2", "incident fly INC-1", "incident start INC-1 --effective-at soon", "incident resolve INC-1 --code fixed",
		"incident log --title x --impact high --urgency low --resolution-code fixed", "incident similar", "incident similar INC-1 --text x",
		"incident bulk close", "incident bulk close INC-1 --body {", "incident bulk close INC-1 --body {} --set a=b", "incident bulk close -",
		"incident log --title x --impact high --urgency low --custom-fields 1", "incident list -o xml", "incident list --mine --assignee ana -n x",
		"grant give ana", "grant give ana agent --team a --service b", "get --revision 2", "apply /nowhere.yaml", "cron next", "cron next nonsense",
		"cron next * --zone Mars/Base", "token create", "command show", "policy lint",
	} {
		got := run(t, "http://127.0.0.1:1", "", strings.Fields(line)...)
		require.Equal(t, exitUsage, got.code, "%s: %s", line, got.err)
		require.NotEmpty(t, got.err, line)
	}
}

func TestOutputForms(t *testing.T) {
	t.Parallel()
	address, _ := openDesk(t, map[string]string{
		"GET /incidents":            `200 {"items":[` + mailDown + `,` + printer7 + `]}`,
		"GET /incidents/INC-000123": "200 " + mailDown,
		"GET /incidents/INC-000123/timeline": `200 {"items":[{"seq":1,"at":"2026-11-20T09:00:00Z","type":"incident.logged","actor":{"kind":"person","name":"ana"},"public":true},
			{"seq":2,"at":"2026-11-20T09:30:00Z","type":"incident.edited","actor":{"kind":"timer","name":"triage"},"reason":"typo","data":{"fields":["service"],"service":{"from":"mial","to":"mail"}},"lateness_ms":2500},
			{"seq":3,"at":"2026-11-20T09:40:00Z","type":"incident.edited","actor":{"kind":"machine","name":"old"},"data":{"fields":["source"],"source":{"made_sla":{"from":"true","to":"false"},"notify":"no"}}}]}`,
		"GET /incidents/INC-000123/notes": `200 {"items":[{"seq":3,"at":"2026-11-20T09:00:00Z","author":{"kind":"person","name":"ana"},"body":"Called.\nNo answer.","internal":true}]}`,
		"GET /work":                       `200 {"mine":[` + mailDown + `],"teams":[],"unassigned":0,"requested":[]}`,
		"GET /waiting":                    `200 {"items":[{"record":"r","practice":"incident","number":"INC-000123","title":"Mail is down","state":"new","team":"messaging","assignee":"","priority":2,"name":"triage","since":"2026-11-20T09:00:00Z","due_at":"2026-11-20T11:00:00Z","then":"tell the team lead"}],"next_cursor":""}`,
		"GET /me":                         `200 {"handle":"ana","name":"Ana","kind":"person","zone":"UTC","grants":[{"person":"ana","role":"agent","scope_kind":"team","scope_name":"messaging"}]}`,
	})
	for name, args := range map[string]string{
		"list.txt": "incident list", "list.csv": "incident list -o csv", "list.names.txt": "incident list -q", "show.txt": "incident show INC-000123",
		"show.yaml": "incident show INC-000123 -o yaml", "timeline.txt": "incident timeline INC-000123", "timeline.csv": "incident timeline INC-000123 -o csv",
		"notes.txt": "incident notes INC-000123", "work.txt": "work", "waiting.txt": "waiting",
		"cron.txt": "cron next 0_9_*_*_1 --zone Europe/Berlin --after 2026-03-20T00:00:00Z --count 3", "cron.json": "-o json cron next 0_9_*_*_1 --zone Europe/Berlin --after 2026-03-20T00:00:00Z --count 2",
	} {
		words := strings.Fields(args)
		for i := range words {
			if strings.HasPrefix(words[i], "0_9") {
				words[i] = strings.ReplaceAll(words[i], "_", " ")
			}
		}
		got := run(t, address, "", words...)
		require.Equal(t, exitDone, got.code, "%s: %s", args, got.err)
		require.NotContains(t, got.out, "\x1b", args)
		golden(t, name, got.out)
	}
	got := run(t, address, "", "incident", "list", "-o", "json")
	var list []map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.out), &list))
	require.Len(t, list, 2)
	require.Equal(t, "2026-11-20T09:00:00.123Z", list[0]["opened_at"])
}

func TestListsAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	address, d := openDesk(t, map[string]string{"GET /incidents": `200 {"items":[` + mailDown + `],"next_cursor":"more"}`})
	got := run(t, address, "", "incident", "list", "--mine", "-n", "3", "-p", "1,2", "-q")
	require.Equal(t, "INC-000123\nINC-000123\nINC-000123\n", got.out)
	require.Empty(t, got.err)
	require.Contains(t, d.asked, "GET /incidents?assignee=me&cursor=more&limit=1&priority=1%2C2&sort=-opened_at&state=open")
	require.Equal(t, "There are more; --all lists them.\n", run(t, address, "", "incident", "list", "-n", "1").err)
}

func TestRefusalsAreSentences(t *testing.T) {
	t.Parallel()
	address, _ := openDesk(t, map[string]string{
		"POST /incidents/INC-1/confirm": `409 {"status":409,"code":"conflict","detail":"a incident that is new does not allow confirm","allowed_commands":["assign","merge_into"]}`,
		"POST /incidents":               `422 {"status":422,"code":"invalid","detail":"two","errors":[{"location":"body.team","message":"is not known or not active","value":"x"},{"location":"body.title","message":"is too long"}]}`,
		"POST /incidents/INC-2/start":   `202 {"command_id":"abc","outcome":"queued","record":"r"}`,
		"POST /incidents/bulk":          `200 {"outcomes":[{"record":"INC-1","outcome":"applied","version":3},{"record":"INC-2","outcome":"refused","refusal":{"code":"conflict","message":"it is closed"}}]}`,
	})
	got := run(t, address, "", "incident", "confirm", "INC-1")
	require.Equal(t, trial{code: exitFailed, err: "Refused: a incident that is new does not allow confirm.\nAllowed now: assign, merge-into\n"}, got)

	got = run(t, address, "", "incident", "log", "--title=x", "--impact=high", "--urgency=low")
	require.Equal(t, trial{code: exitFailed, err: "Not valid:\n  team: is not known or not active (x)\n  title: is too long\n"}, got)

	got = run(t, address, "", "incident", "confirm", "INC-1", "-o", "json")
	require.Equal(t, exitFailed, got.code)
	require.JSONEq(t, `{"code":"conflict","message":"a incident that is new does not allow confirm","allowed_commands":["assign","merge_into"]}`, got.err)

	got = run(t, address, "", "incident", "start", "INC-2", "--async")
	require.Equal(t, trial{out: "queued: see what became of it with holdfast command show abc\n"}, got)

	got = run(t, address, "INC-1\n\nINC-2\n", "incident", "bulk", "close", "-", "--set", "reason=all done, at last")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.out, "INC-2   refused  0        it is closed")
	require.Equal(t, "1 of 2 refused\n", got.err)

	require.Equal(t, exitUnreachable, run(t, "http://127.0.0.1:1", "", "whoami").code)
}

func TestALoginIsKeptForItsAddressAlone(t *testing.T) {
	t.Parallel()
	me := map[string]string{"GET /me": `200 {"handle":"ana","name":"Ana","kind":"person","zone":"UTC","grants":[]}`}
	address, _ := openDesk(t, me)
	kept := loginFile(filepath.Join(t.TempDir(), "holdfast", "login.json"))
	command := func(input string, args ...string) trial {
		var root trialRoot
		return runWith(t, trialParser(t, &root), &root, kept, input, args...)
	}
	got := command("hf_typed\n", "login", "--url", address)
	require.Equal(t, trial{out: "Logged in to " + address + " as ana (Ana).\n"}, got)
	info, err := os.Stat(string(kept))
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	got = command("", "whoami") // neither address nor token
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.out, address)

	stored, err := kept.read()
	require.NoError(t, err)
	require.Equal(t, logins{Current: address, Tokens: map[string]string{address: "hf_typed"}}, stored)

	require.Equal(t, exitUsage, command("", "login").code)

	require.Equal(t, exitDone, command("", "logout").code)
	stored, err = kept.read()
	require.NoError(t, err)
	require.Equal(t, logins{Tokens: map[string]string{}}, stored)
}

func TestPoliciesAreAppliedComparedAndExported(t *testing.T) {
	t.Parallel()
	stored := `{"kind":"Team","name":"messaging","version":3,"spec":{"title":"Messaging","members":["ana"],"lead":"ana"},"author":"root","created_at":"2026-11-01T00:00:00Z"}`
	address, d := openDesk(t, map[string]string{
		"GET /policies/Team/messaging": "200 " + stored,
		"PUT /policies/Team/messaging": `200 {"kind":"Team","name":"messaging","version":4,"spec":{}}`,
		"PUT /policies/Team/fresh":     `422 {"status":422,"code":"invalid","detail":"lead","errors":[{"location":"body.spec.lead","message":"is not known"}]}`,
		"GET /policies":                `200 {"items":[` + stored + `]}`,
	})
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	same := write("same.yaml", "kind: Team\nname: messaging\nspec: {members: [ana], title: Messaging, lead: ana}\n")
	other := write("other.yaml", "kind: Team\nname: messaging\nspec:\n  title: Messaging\n  members: [ana, bo]\n  lead: ana\n")
	fresh := write("fresh.yaml", "kind: Team\nname: fresh\nspec:\n  title: Fresh\n  members: []\n  lead: nobody\n")
	broken := write("broken.yaml", "kind: Team\nname: broken\nspec: {titel: x}\n")

	require.Equal(t, trial{}, run(t, address, "", "diff", same))
	got := run(t, address, "", "diff", other)
	require.Equal(t, exitFailed, got.code)
	golden(t, "diff.txt", strings.ReplaceAll(got.out, folder, "FOLDER"))

	require.Contains(t, run(t, address, "", "apply", same).out, "Team/messaging  3        unchanged")
	require.Contains(t, run(t, address, "", "apply", other, "-r", "bo joins").out, "Team/messaging  4        changed")
	require.JSONEq(t, `{"spec":{"title":"Messaging","members":["ana","bo"],"lead":"ana"},"reason":"bo joins"}`, d.asked["PUT /policies/Team/messaging"])

	got = run(t, address, "", "apply", fresh)
	require.Equal(t, exitFailed, got.code)
	require.Equal(t, "Not valid:\n  "+fresh+":6: spec.lead: is not known\n", got.err)
	got = run(t, address, "", "apply", broken)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "broken.yaml:3")

	require.Equal(t, exitDone, run(t, address, "", "policy", "lint", same).code)
	require.Equal(t, exitFailed, run(t, address, "", "policy", "lint", broken).code)

	target := filepath.Join(t.TempDir(), "policies")
	require.Equal(t, exitDone, run(t, address, "", "export", target).code)
	require.Equal(t, trial{}, run(t, address, "", "diff", filepath.Join(target, "Team", "messaging.yaml")))
	written, err := os.ReadFile(filepath.Join(target, "Team", "messaging.yaml"))
	require.NoError(t, err)
	require.Equal(t, string(written), run(t, address, "", "get", "Team", "messaging").out)
}

// TestTheExamplesHold: what README tells people to try.
func TestTheExamplesHold(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "examples", "policies")
	got := run(t, "http://127.0.0.1:1", "", "policy", "test", folder)
	require.Equal(t, exitDone, got.code, got.out)
	require.Contains(t, got.out, filepath.Join(folder, "desk_test.yaml")+": 6 passed, 0 failed\n")
	require.NotContains(t, got.out, filepath.Join(folder, "desk.yaml")+":", "documents beside the tests are passed over")
	got = run(t, "http://127.0.0.1:1", "", "policy", "test", filepath.Join(folder, "desk.yaml"))
	require.Equal(t, exitUsage, got.code, "a named file without tests is a mistake")
	require.Equal(t, exitDone, run(t, "http://127.0.0.1:1", "", "policy", "lint", folder).code)
}

func TestCompletionKnowsWhatComesNext(t *testing.T) {
	t.Parallel()
	var root trialRoot
	model := trialParser(t, &root).Model.Node
	require.Equal(t, []string{"incident"}, candidates(model, []string{"inc"}))
	require.Equal(t, []string{"merge-into"}, candidates(model, []string{"-o", "json", "incident", "me"}))
	require.Equal(t, []string{"csv", "json", "table", "yaml"}, candidates(model, []string{"incident", "list", "--output", ""}))
	require.Equal(t, []string{"--team", "--token"}, candidates(model, []string{"incident", "assign", "INC-1", "--t"}))
	require.Equal(t, []string{"acknowledge"}, candidates(model, []string{"ackn"}))
	require.Equal(t, []string{"acknowledge", "add-responder"}, candidates(model, []string{"escalation", "a"}))
	require.Equal(t, []string{"--people", "--policy"}, candidates(model, []string{"page", "INC-1", "--p"}))
	require.Contains(t, run(t, "http://127.0.0.1:1", "", "completion", "bash").out, "complete -o default -F _holdfast holdfast")
	require.Equal(t, "whoami\n", run(t, "http://127.0.0.1:1", "", "completion", "words", "--", "who").out)
}

func TestHelpNamesEveryCommand(t *testing.T) {
	t.Parallel()
	var root trialRoot
	parser := trialParser(t, &root)
	require.NoError(t, kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		switch one := node.(type) {
		case *kong.Node:
			require.NotEmpty(t, one.Help, one.Path())
		case *kong.Flag:
			require.NotEmpty(t, one.Help, one.Name)
		}
		return next(nil)
	}))
}
