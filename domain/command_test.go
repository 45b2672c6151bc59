package domain_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
)

type content struct {
	Title string     `json:"title"`
	Count int        `json:"count"`
	At    *time.Time `json:"at"`
	Inner struct {
		Name string `json:"name"`
	} `json:"inner"`
}

func TestDecodeIsStrict(t *testing.T) {
	t.Parallel()
	for body, said := range map[string]string{
		``:                         "",
		"  \n":                     "",
		`{}`:                       "",
		`null`:                     "",
		`{"title":"x"} `:           "",
		`{"title":"x","colour":1}`: `unknown field "colour"`,
		`{"inner":{"age":1}}`:      `unknown field "age"`,
		`{"title":3}`:              "title cannot be a JSON number",
		`{"inner":{"name":[]}}`:    "inner.name cannot be a JSON array",
		`[]`:                       "the body cannot be a JSON array",
		`"x"`:                      "the body cannot be a JSON string",
		`{"at":"yesterday"}`:       "parsing time",
		`{"title":`:                "unexpected EOF",
		`{} {}`:                    "something after its end",
		`{} x`:                     "something after its end",
		"{\"title\":\"\x01\"}":     "invalid character",
	} {
		command := domain.Command{Name: "incident.log", Body: json.RawMessage(body)}
		var into content
		err := command.Decode(&into)
		if said == "" {
			require.NoError(t, err, body)
			continue
		}
		refused := domain.AsError(err)
		require.NotNil(t, refused, body)
		require.Equal(t, domain.CodeInvalid, refused.Code, body)
		require.Contains(t, refused.Error(), said, body)
		require.Contains(t, refused.Message, "incident.log")
	}
}

func TestVerb(t *testing.T) {
	t.Parallel()
	for name, verb := range map[string]string{"incident.assign": "assign", "assign": "assign", "": "", "a.b.c": "b.c", "incident.": ""} {
		require.Equal(t, verb, domain.Command{Name: name}.Verb())
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	agent := domain.Actor{Kind: domain.ActorPerson, Roles: []domain.Role{domain.RoleAgent}}
	require.True(t, agent.Has(domain.RoleTeamLead, domain.RoleAgent))
	require.False(t, agent.Has(domain.RoleTeamLead))
	require.False(t, agent.Has())
	require.True(t, domain.Actor{Kind: domain.ActorPerson, Roles: []domain.Role{domain.RoleAdmin}}.Has(domain.RoleTeamLead))
	for _, kind := range []domain.ActorKind{domain.ActorTimer, domain.ActorMachine, domain.ActorPolicy} {
		require.True(t, domain.Actor{Kind: kind}.Has(domain.RoleTeamLead))
	}
}

// What the caller chooses (a key, a route) must never make two commands one.
func TestCommandIDsDoNotCollide(t *testing.T) {
	t.Parallel()
	seen := map[string][]string{}
	for _, parts := range [][]string{
		{},
		{""},
		{"", ""},
		{"ab"},
		{"a", "b"},
		{"", "ab"},
		{"ab", ""},
		{"a", "", "b"},
		{"\x00"},
		{"\x00\x00\x00\x00"},
		{"a\x00\x00\x00\x01b"},
		{"ana", "POST", "incident.assign", "r", "k"},
		{"ana", "POST", "incident.assign", "rk", ""},
		{"anaPOST", "", "incident.assign", "r", "k"},
		{strings.Repeat("x", 256)},
		{strings.Repeat("x", 257)},
	} {
		id := domain.CommandID(parts...)
		require.Regexp(t, `^[0-9a-f]{64}$`, id)
		require.NotContains(t, seen, id, "%q and %q", parts, seen[id])
		seen[id] = parts
		require.Equal(t, id, domain.CommandID(parts...))
	}
	require.Equal(t, "c4eb72852a0e7b1b170a13b8d1f19c60ce940e020522ede08dc6cdfa01a581d0", domain.CommandID("ana", "k"),
		"SHA-256 over four bytes of length, big-endian, and the part, for each: stored ids rely on it")
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune{'a', 'b', 0, 1, 2})), 0, 4)
		one, two := part.Draw(t, "one"), part.Draw(t, "two")
		require.Equal(t, fmt.Sprintf("%q", one) == fmt.Sprintf("%q", two), domain.CommandID(one...) == domain.CommandID(two...))
	})
}

var uuid8 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestNames(t *testing.T) {
	t.Parallel()
	require.Equal(t, "incident/x", domain.WorkflowID(domain.Incident, "x"))
	require.Equal(t, "incident", string(domain.Incident))
	// Names that stand in recorded histories and stored rows: they are never changed.
	require.Equal(t, []string{"records", "outside", "command", "first", "adopt", "view", "apply", "look", "tick"}, []string{
		domain.QueueRecords, domain.QueueOutside, domain.UpdateCommand, domain.UpdateFirst, domain.SignalAdopt,
		domain.QueryView, domain.ActivityApply, domain.ActivityLook, domain.Tick,
	})
	require.Equal(t, []domain.Outcome{"applied", "repeated", "refused", "queued", "dropped"}, []domain.Outcome{
		domain.Applied, domain.Repeated, domain.Refused, domain.Queued, domain.Dropped,
	})
	require.Equal(t, []domain.ClosedTarget{"drop", "note", "send"}, []domain.ClosedTarget{domain.TargetDrop, domain.TargetNote, domain.TargetSend})
	ends := map[string]bool{}
	for one, end := range domain.LinkTypes {
		require.Regexp(t, `^[a-z]+(_[a-z]+)*$`, one+end)
		require.False(t, ends[end], "two types of link with one other end")
		ends[end] = true
	}
	require.Len(t, domain.LinkTypes, 7)
}

func TestNewIDIsOneUUIDPerSeed(t *testing.T) {
	t.Parallel()
	require.Equal(t, domain.NewID("x"), domain.NewID("x"))
	rapid.Check(t, func(t *rapid.T) {
		one, two := rapid.String().Draw(t, "one"), rapid.String().Draw(t, "two")
		require.Regexp(t, uuid8, domain.NewID(one))
		require.Equal(t, one == two, domain.NewID(one) == domain.NewID(two))
	})
}

func TestMillisecond(t *testing.T) {
	t.Parallel()
	given := time.Date(2026, 12, 4, 15, 0, 0, 1_999_999, time.FixedZone("", 3600))
	require.Equal(t, time.Date(2026, 12, 4, 14, 0, 0, 1_000_000, time.UTC), domain.Millisecond(given))
}

func TestErrorsAreFoundThroughTheirWrapping(t *testing.T) {
	t.Parallel()
	conflict := domain.Conflict([]string{"reopen"}, "%s is not allowed", "start")
	wrapped := fmt.Errorf("applying incident.start: %w", errors.Join(errors.New("also"), conflict))
	require.Same(t, conflict, domain.AsError(wrapped))
	require.Equal(t, domain.CodeConflict, domain.CodeOf(wrapped))
	require.Equal(t, []string{"reopen"}, domain.AsError(wrapped).Allowed)
	require.Nil(t, domain.AsError(errors.New("plain")))
	require.Nil(t, domain.AsError(nil))
	require.Equal(t, domain.CodeInternal, domain.CodeOf(errors.New("plain")))

	invalid := domain.Invalid("team", "%q is not known", "x")
	require.Equal(t, `team "x" is not known`, invalid.Message)
	require.Equal(t, []domain.FieldError{{Location: "body.team", Message: `"x" is not known`}}, invalid.Fields)
	require.Equal(t, `invalid: team "x" is not known; body.team: "x" is not known`, invalid.Error())

	require.NoError(t, domain.Join(nil))
	joined := domain.AsError(domain.Join(append(invalid.Fields, domain.FieldError{Location: "body.title", Message: "is long"})))
	require.Equal(t, `team "x" is not known; title is long`, joined.Message)
	require.Len(t, joined.Fields, 2)
}

func TestDeadlinesAreSortedByTimeAndThenByName(t *testing.T) {
	t.Parallel()
	at := func(name string, seconds int) domain.Deadline {
		return domain.Deadline{Name: name, DueAt: instant.Add(time.Duration(seconds) * time.Second)}
	}
	want := []domain.Deadline{at("z", 1), at("a", 2), at("b", 2), at("c", 2), at("a", 3)}
	rapid.Check(t, func(t *rapid.T) {
		shuffled := rapid.Permutation(want).Draw(t, "order")
		domain.SortDeadlines(shuffled)
		require.Equal(t, want, shuffled)
	})
}
