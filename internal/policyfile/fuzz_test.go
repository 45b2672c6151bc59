package policyfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Whatever the text, reading ends with documents that pass Check or with an error.
func FuzzDocuments(f *testing.F) {
	paths, err := filepath.Glob(filepath.Join("defaults", "*.yaml"))
	require.NoError(f, err)
	for _, path := range paths {
		content, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(content))
	}
	for _, seed := range []string{
		teams, "", "---", "---\n...\n---", "kind: &a [*a]", "a: {b: [c, {d: e}]}", "kind: |\n", "kind: >-\n  a\n b", "? a\n: b", "%YAML 1.2\n---\na: b",
		"kind: \"\\x00\"", "kind: 'a", "{", "[[[[", "- - - -", "kind: !!map {}", "\t- a", "kind: Team\nname: a\nspec: {title: 0x1F, members: [0o7, 1e3, ~]}",
		"kind: Calendar\nname: a\nspec: {timezone: Europe/Berlin, weekly: {sun: [\"02:00-03:00\"]}, exceptions: {2026-03-29: [\"02:00-03:00\"]}}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		trees, err := ParseTrees("fuzz.yaml", []byte(content))
		if err != nil {
			return
		}
		for _, tree := range trees {
			document, err := tree.Document()
			if err == nil && len(Check(document)) > 0 {
				t.Fatalf("read without an error, and has problems: %s", document.Spec)
			}
		}
	})
}

// A calendar that passes Check answers every question and its answers fit together.
func FuzzCalendar(f *testing.F) {
	for _, seed := range []string{
		`{"timezone":"Europe/Berlin","weekly":{"sun":["02:00-03:00"]}}`,
		`{"timezone":"America/Sao_Paulo","weekly":{"sun":["00:00-00:30"],"mon":["00:00-24:00"]}}`,
		`{"timezone":"Pacific/Apia","weekly":{"fri":["09:00-17:00"]},"include":["nz"]}`,
		`{"timezone":"UTC","weekly":{},"exceptions":{"2026-03-29":["01:00-02:00"]},"breaks":{"2026-03-29":["01:30-01:40"]}}`,
	} {
		f.Add(seed, int64(1774742400), int64(7200))
	}
	f.Fuzz(func(t *testing.T, content string, seconds, amount int64) {
		if len(Check(policy.Document{Kind: policy.KindCalendar, Name: "a", Spec: json.RawMessage(content)})) > 0 {
			return
		}
		var spec calendar.Spec
		require.NoError(t, json.Unmarshal([]byte(content), &spec))
		compiled, err := CompileCalendar(spec)
		require.NoError(t, err)
		from := time.Unix(seconds%4_000_000_000, 0).UTC()
		open := time.Duration(max(amount, -amount, 0)%100_000) * time.Second
		to, err := compiled.Add(from, open)
		if err != nil {
			require.ErrorIs(t, err, calendar.ErrNeverOpens)
			return
		}
		require.Equal(t, open, compiled.Between(from, to))
	})
}

// Whatever the text, an expression is refused when written or ends within its cost.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"true", `record.service == "mail"`, `record.tags.exists(t, t == "a")`, `has(record.title)`, `record.tags[0] == ""`, `1/0 == 1`,
		`record.title.matches(record.description)`, `"a" in record.tags`, `record.tags.all(a, record.tags.all(b, a != b))`, "timestamp(record.title) > timestamp('2026-01-01T00:00:00Z')",
		"[1,2,3].exists_one(x, x > 1)", "{1: 2}[1] == 2", "holdfast.Record{}", "dyn(record).x", "((((", "\xff", "type(record) == type(1)",
	} {
		f.Add(seed)
	}
	spoken, err := newLanguage("incident")
	require.NoError(f, err)
	record := map[string]any{"record": map[string]any{"title": "Mail down", "description": "(a+)+$", "tags": []string{"a", "b", "c"}, "service": "mail"}}
	f.Fuzz(func(t *testing.T, text string) {
		program, err := spoken.compile(text)
		if err != nil {
			return
		}
		answer, _, err := program.Eval(record)
		if err != nil {
			return
		}
		if _, right := answer.Value().(bool); !right {
			t.Fatalf("%q answers %v", text, answer)
		}
	})
}
