package policyfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

const teams = `# two teams
kind: Team
name: messaging
spec:
  title: "Messaging"
  lead: ana
  members:
  - ana
  - bo
---
kind: Team
name: service-desk
spec: {title: Service desk, members: []}
---
`

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "policies.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// load reads a file's documents as the command line does.
func load(path string) ([]policy.Document, error) {
	trees, err := ReadTrees(path)
	if err != nil {
		return nil, err
	}
	var documents []policy.Document
	for _, tree := range trees {
		document, err := tree.Document()
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
	return documents, nil
}

func TestDocumentsOfAFile(t *testing.T) {
	t.Parallel()
	documents, err := load(write(t, teams))
	require.NoError(t, err)
	require.Len(t, documents, 2)
	require.Equal(t, "messaging", documents[0].Name)
	require.JSONEq(t, `{"title":"Messaging","lead":"ana","members":["ana","bo"]}`, string(documents[0].Spec))
	require.JSONEq(t, `{"title":"Service desk","members":[]}`, string(documents[1].Spec))
	_, err = load(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestFaultsNameTheirLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, content, says string }{
		{"syntax", "kind: Team\nname: [a\n", "policies.yaml:"},
		{"unknown key", "kind: Team\nname: a\nspek: {}\nspec: {title: A, members: []}\n", "policies.yaml:3: spek: is not a key here; there are kind, name, spec"},
		{"unknown key in the spec", "kind: Team\nname: a\nspec:\n  title: A\n  members: []\n  boss: ana\n", "policies.yaml:6: spec.boss: is not a key here"},
		{"unknown key deep inside", "kind: Vocabulary\nname: a\nspec:\n  terms:\n  - id: a\n    title: A\n  - id: b\n    title: B\n    text: C\n", "policies.yaml:9: spec.terms[1].text: is not a key here"},
		{"missing key", "kind: Team\nname: a\nspec:\n  title: A\n", "policies.yaml:3: spec.members: is missing"},
		{"meaning", "kind: Team\nname: a\nspec:\n  title: A\n  members:\n  - ana\n  - ana\n", "policies.yaml:7: spec.members[1]: \"ana\" stands here a second time"},
		{"second document", teams + "kind: Team\nname: a b\nspec: {title: A, members: []}\n", "policies.yaml:16: name: takes 1 to 100"},
		{"unknown kind", "kind: Crew\nname: a\nspec: {}\n", `policies.yaml:1: kind: "Crew" is not a kind`},
		{"no kind", "name: a\n", "policies.yaml:1: the document has no kind"},
		{"a list", "- a\n", "must hold key: value"},
		{"key twice", "kind: Team\nname: a\nname: b\nspec: {}\n", "policies.yaml:3:"},
		{"no value", "kind: Team\nname: a\nspec:\n  title:\n  members: []\n", "policies.yaml:4: spec.title has no value"},
		{"alias", "kind: Team\nname: &a x\nspec: {title: *a, members: []}\n", "anchors, aliases"},
		{"merge", "kind: Team\nname: a\nspec:\n  <<: {}\n", "policies.yaml:4:"},
		{"tag", "kind: Team\nname: !!binary aGFsbG8=\n", "policies.yaml:2: anchors"},
		{"complex key", "kind: Team\n? [a, b]\n: c\n", "policies.yaml:2:"},
		{"not a number", "kind: PriorityMatrix\nname: a\nspec: {levels: [high], priorities: {high: {high: .nan}}}\n", "policies.yaml:3:"},
		{"deep flow", "kind: Team\nspec: " + strings.Repeat("[", 5000) + "\n", "policies.yaml:2: is nested deeper"},
		{"deep block", "kind: Team\nspec:\n " + strings.Repeat("- ", 5000) + "a\n", "policies.yaml:3: is nested deeper"},
		{"deep keys", "kind: Team\nspec:\n" + staircase(200), "is nested deeper"},
		{"blank lines", "kind: Team\nname: >\n" + strings.Repeat(" \n", 300), "policies.yaml:203: there are too many blank lines"},
		{"keys", "kind: Team\nspec: {" + strings.Repeat("a: b, ", 6000) + "}", "policies.yaml:2: has more than 5000 keys"},
		{"too large", "kind: Team\nname: " + strings.Repeat("a", MaxFileBytes), "is larger than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := load(write(t, test.content))
			require.ErrorContains(t, err, test.says)
		})
	}
}

func staircase(steps int) string {
	var text strings.Builder
	for i := range steps {
		text.WriteString(strings.Repeat(" ", i+1) + "k:\n")
	}
	return text.String()
}

func TestPlainTextStaysText(t *testing.T) {
	t.Parallel()
	trees, err := ParseTrees("a.yaml", []byte("kind: A\ndate: 2026-12-25\nclock: 09:00\nword: yes\nquoted: \"12\"\noff: off\nblock: |\n  two\n  lines\nnumbers: {1: x, true: y}\nversion: 1.10.1\n"))
	require.NoError(t, err)
	require.Equal(t, map[string]any{
		"kind": "A", "date": "2026-12-25", "clock": "09:00", "word": "yes", "quoted": "12", "off": "off",
		"block": "two\nlines\n", "numbers": map[string]any{"1": "x", "true": "y"}, "version": "1.10.1",
	}, trees[0].value)
}

func TestLint(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	good, bad := write(t, teams+"kind: PolicyTest\nname: t\n"), write(t, "kind: Team\nname: a\nspec:\n  titel: A\n---\nkind: Crew\nname: b\nspec: {}\n")
	failed, err := Lint(&out, []string{good})
	require.NoError(t, err)
	require.False(t, failed)
	require.Equal(t, good+": 2 documents, no problems\n", out.String())

	out.Reset()
	failed, err = Lint(&out, []string{bad, good})
	require.NoError(t, err)
	require.True(t, failed)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 5, out.String())
	require.Equal(t, bad+":4: spec.titel: is not a key here; there are title, lead, members, calendar, escalation", lines[2])
	require.Equal(t, good+": 2 documents, no problems", lines[4])

	out.Reset()
	twice := write(t, teams+"kind: Team\nname: messaging\nspec: {title: A, members: []}\n")
	failed, err = Lint(&out, []string{twice})
	require.NoError(t, err)
	require.True(t, failed)
	require.Equal(t, twice+":16: name: Team/messaging stands at "+twice+":2 already\n", out.String())

	out.Reset()
	failed, err = Lint(&out, []string{"none.yaml", good})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.False(t, failed)
	require.Contains(t, out.String(), "none.yaml")
	require.Contains(t, out.String(), "no problems")
}

func TestWordsWithColonsInLists(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`a: {to: [role:team_lead, schedule:primary]}`:      []any{"role:team_lead", "schedule:primary"},
		`a: {to: [webhook:a:b, "person:ana", team:42]}`:    []any{"webhook:a:b", "person:ana", "team:42"},
		`a: {to: [role: team_lead]}`:                       []any{map[string]any{"role": "team_lead"}},
		`a: {to: [{role: team_lead}, {"role":"a"}]}`:       []any{map[string]any{"role": "team_lead"}, map[string]any{"role": "a"}},
		"a:\n  to:\n  - role:team_lead\n  - {b: [role:x]}": []any{"role:team_lead", map[string]any{"b": []any{"role:x"}}},
	} {
		trees, err := ParseTrees("file.yaml", []byte("kind: Team\n"+text+"\n"))
		require.NoError(t, err, text)
		require.Equal(t, want, trees[0].value["a"].(map[string]any)["to"], text)
	}
}
