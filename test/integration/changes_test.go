package integration

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// board is an organisation that decides changes; its people and documents end with its name, so that tests do not meet.
type board struct {
	*kit.Stack
	t      *testing.T
	name   string
	tokens map[string]string
}

// newBoard makes people: dee and eli of one team, eight members of a board with hal, who stands for bo, and mona, who manages changes.
// Changes of the board's category are decided by its stages.
func newBoard(t *testing.T, s *kit.Stack, name string, stages ...object) *board {
	t.Helper()
	b := &board{Stack: s, t: t, name: name, tokens: map[string]string{}}
	for handle, role := range map[string]string{
		"ana": "approver", "bo": "approver", "cy": "approver", "dee": "agent", "eli": "agent", "fay": "approver", "gil": "approver", "sec": "approver",
		"hal": "approver", "mona": "change_manager",
	} {
		handle = b.handle(handle)
		b.Admin(t).Do(http.MethodPut, "/people/"+handle, object{"name": handle, "active": true}, nil).Is(200)
		b.Admin(t).Post("/grants", object{"person": handle, "role": role, "scope_kind": "all"}).Is(200)
	}
	b.document("Team", object{"title": "Those of " + name, "members": b.handles("dee", "eli")})
	b.document("ApprovalPolicy", object{"when": fmt.Sprintf(`record.practice == "change" && record.category == %q`, name), "stages": stages})
	return b
}

func (b *board) handle(person string) string { return person + "-" + b.name }

func (b *board) handles(people ...string) []string {
	list := make([]string, len(people))
	for i, person := range people {
		list[i] = b.handle(person)
	}
	return list
}

// asked are the targets that name people.
func (b *board) asked(people ...string) []string {
	list := b.handles(people...)
	for i := range list {
		list[i] = "person:" + list[i]
	}
	return list
}

// document keeps a document of the board's name, which begins with an a: the first by name holds.
func (b *board) document(kind string, spec object) {
	b.t.Helper()
	b.Admin(b.t).Do(http.MethodPut, "/policies/"+kind+"/"+b.documentName(), object{"spec": spec, "reason": "test"}, nil).Is(200)
}

func (b *board) documentName() string { return "a-" + b.name }

// as speaks as somebody of the board.
func (b *board) as(person string) *kit.API {
	b.t.Helper()
	return b.API(b.t, b.token(person))
}

func (b *board) token(person string) string {
	b.t.Helper()
	if b.tokens[person] == "" {
		var made struct{ Secret string }
		b.Admin(b.t).Post("/tokens", object{"person": b.handle(person), "name": "board"}).Is(201).Into(&made)
		b.tokens[person] = made.Secret
	}
	return b.tokens[person]
}

// run gives a command line as somebody.
func (b *board) run(person string, arguments ...string) (out, problems string, code int) {
	b.t.Helper()
	return kit.TryRun(b.t, []string{"HOLDFAST_URL=" + b.URL, "HOLDFAST_TOKEN=" + b.token(person)}, "", arguments...)
}

// changed gives a command to a change and answers it as it is then.
func (b *board) changed(person string, record object, verb string, body object) object {
	b.t.Helper()
	return b.as(person).Insist("/changes/"+record["number"].(string)+"/"+verb, body).Is(200).Map()
}

func (b *board) read(record object) object {
	b.t.Helper()
	return b.Admin(b.t).Get("/changes/" + record["number"].(string)).Is(200).Map()
}

// drafted is a change that dee drafts and eli carries out.
func (b *board) drafted(more object) object {
	b.t.Helper()
	body := object{
		"title": "Change of " + b.name, "category": b.name, "service": "vpn", "environment": "production", "team": b.documentName(),
		"assignee": b.handle("eli"), "justification": "It is old.", "plan": "Swap it.", "test_plan": "Ping it.", "back_out_plan": "Swap it back.",
		"configuration_items": []string{"item-" + b.name}, "tasks": []object{{"title": "Swap"}},
		"window_from": b.window(0), "window_to": b.window(4 * time.Hour),
	}
	for key, value := range more {
		body[key] = value
	}
	for _, item := range body["configuration_items"].([]string) { // where some items are known, no other names are taken
		b.Admin(b.t).Do(http.MethodPut, "/configuration-items/"+item, object{"class": "server"}, nil).Is(200)
	}
	return b.as("dee").Insist("/changes", body).Is(201).Map()
}

// window is a Saturday's midnight at least two weeks ahead, and some time later: out of the hours of support, which count as a risk, and
// of the year's closing, which the demo freezes.
func (b *board) window(later time.Duration) time.Time {
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 14)
	frozen := func() bool {
		return day.Month() == time.December && day.Day() > 16 || day.Month() == time.January && day.Day() < 5
	}
	for day.Weekday() != time.Saturday || frozen() {
		day = day.AddDate(0, 0, 1)
	}
	return day.Add(later)
}

// submitted is a change that waits for votes.
func (b *board) submitted(more object) object {
	b.t.Helper()
	drafted := b.drafted(more)
	b.changed("dee", drafted, "submit", object{"expedited": true, "reason": "test"})
	b.changed("mona", drafted, "assess", object{"answers": object{"tested_back_out": "yes", "done_before": "yes", "outage": "no", "data": "no"}})
	waits := b.changed("mona", drafted, "peer-review", object{})
	require.Equal(b.t, "awaiting_approval", waits["state"])
	return waits
}

// ballot is a vote on what the change is now.
func (b *board) ballot(record object, vote string, more object) object {
	body := object{"vote": vote, "hashes": b.read(record)["approval"].(object)["hashes"]}
	for key, value := range more {
		body[key] = value
	}
	return body
}

func (b *board) vote(person string, record object, vote string, more object) object {
	b.t.Helper()
	return b.changed(person, record, "cast-vote", b.ballot(record, vote, more))
}

// stage is a stage as it stands.
type stage struct {
	Name  string
	State string
	Votes []struct {
		By, For, Vote string
		Void          *struct{ Why string }
	}
	Figures struct {
		Why         string
		Verdict     string
		People      int
		Outstanding []string
	}
}

func (b *board) stage(record object, name string) stage {
	b.t.Helper()
	var found struct{ Approval struct{ Stages []stage } }
	text, err := json.Marshal(b.read(record))
	require.NoError(b.t, err)
	require.NoError(b.t, json.Unmarshal(text, &found))
	for _, one := range found.Approval.Stages {
		if one.Name == name {
			return one
		}
	}
	require.FailNow(b.t, "no stage "+name)
	return stage{}
}

// told are the types of the change's events.
func (b *board) told(record object) []string {
	var types []string
	for _, event := range items(b.Admin(b.t).Get("/changes/" + record["number"].(string) + "/timeline?limit=200").Is(200)) {
		types = append(types, event["type"].(string))
	}
	return types
}

// refusals counts the lines of the audit about what somebody was forbidden.
func (b *board) refusals(person string) (count int) {
	b.t.Helper()
	require.NoError(b.t, b.audit().NewRaw(`SELECT count(*) FROM audit WHERE actor = ? AND outcome = 'forbidden' AND action = 'change.cast_vote'`,
		b.handle(person)).Scan(b.t.Context(), &count))
	return count
}

// mailed keeps a link as the worker does that mails it, and answers its secret.
func (b *board) mailed(person string, record object, stage string) string {
	b.t.Helper()
	secret := "hf_" + person + b.name
	rows, err := b.Rows(b.t).NewRaw(`INSERT INTO approval_links (hash, change_id, stage, person, hashes, made_at, expires_at)
		SELECT ?, id, ?, ?, approval -> 'hashes', now(), now() + interval '1 day' FROM changes WHERE id = ?::uuid`,
		domain.SecretHash(secret), stage, b.handle(person), record["id"]).Exec(b.t.Context())
	require.NoError(b.t, err)
	made, err := rows.RowsAffected()
	require.NoError(b.t, err)
	require.EqualValues(b.t, 1, made)
	return secret
}

// browser opens pages in somebody's session, with their token.
func (b *board) browser(person string) func(method, path string, form url.Values) (int, string) {
	b.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	client := &http.Client{Jar: jar, Timeout: time.Minute}
	ask := func(method, path string, form url.Values) (int, string) {
		b.t.Helper()
		request, err := http.NewRequestWithContext(b.t.Context(), method, b.URL+path, strings.NewReader(form.Encode()))
		require.NoError(b.t, err)
		if method == http.MethodPost {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Sec-Fetch-Site", "same-origin")
		}
		answer, err := client.Do(request)
		require.NoError(b.t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(b.t, err)
		return answer.StatusCode, string(text)
	}
	if person != "" {
		status, _ := ask(http.MethodPost, "/sign-in", url.Values{"token": {b.token(person)}})
		require.Equal(b.t, http.StatusOK, status)
	}
	return ask
}

// audit opens the database as the server does: the worker's role does not read the audit.
func (b *board) audit() *bun.DB {
	b.t.Helper()
	db, err := pg.Open(b.DatabaseURL, pg.App, 1)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { require.NoError(b.t, db.Close()) })
	return db
}
