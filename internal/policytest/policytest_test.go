package policytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The vectors are facts from other projects' tests of business time and of votes; every one must hold.
func TestVectors(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("testdata", "vectors", "*.yaml"))
	require.NoError(t, err)
	require.Len(t, paths, 4)
	var out strings.Builder
	failed, err := Run(&out, paths)
	require.NoError(t, err, out.String())
	require.False(t, failed, out.String())
	require.Equal(t, strings.Join([]string{
		"testdata/vectors/approval_percent.yaml: 6 passed, 0 failed",
		"testdata/vectors/calendar_biz.yaml: 17 passed, 0 failed",
		"testdata/vectors/calendar_cal.yaml: 24 passed, 0 failed",
		"testdata/vectors/calendar_servicenow_docs.yaml: 7 passed, 0 failed",
		"54 passed, 0 failed", "",
	}, "\n"), out.String())
}

func TestRightCasesPass(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	failed, err := Run(&out, []string{"testdata/pages/right.yaml"})
	require.NoError(t, err, out.String())
	require.False(t, failed)
	require.Equal(t, "testdata/pages/right.yaml: 13 passed, 0 failed\n13 passed, 0 failed\n", out.String())
}

func TestClocks(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	failed, err := Run(&out, []string{"testdata/pages/clocks.yaml"})
	require.NoError(t, err, out.String())
	require.False(t, failed, out.String())
	require.Contains(t, out.String(), "3 passed, 0 failed")
}

func TestWrongCasesAreShownWithExpectedAndGot(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	failed, err := Run(&out, []string{"testdata/pages/wrong.yaml", "testdata/pages/right.yaml"})
	require.NoError(t, err)
	require.True(t, failed)
	require.Equal(t, strings.Join([]string{
		`FAIL testdata/pages/wrong.yaml:9: wrong on purpose: an hour too early: at: expected 2026-11-02T10:00:00-06:00, got 2026-11-02T11:00:00-06:00`,
		`FAIL testdata/pages/wrong.yaml:12: wrong on purpose: case 2: open: expected true, got false`,
		`FAIL testdata/pages/wrong.yaml:14: wrong on purpose: case 3: expected {priority: 2}, got the error: "low" is not a level of impact`,
		`FAIL testdata/pages/wrong.yaml:18: wrong on purpose: case 5: team: expected "messaging", got nothing: the subject does not answer this`,
		`FAIL testdata/pages/wrong.yaml:20: wrong on purpose: case 6: expected {open: true}, got the error: there is no Calendar "elsewhere" in this file or its documents`,
		`FAIL testdata/pages/wrong.yaml:22: wrong on purpose: case 7: expected {at: [2026-03-01T08:00:00Z]}, got the error: "0 0 30 2 *": the schedule names no moment within nine years`,
		"testdata/pages/wrong.yaml: 1 passed, 6 failed",
		"testdata/pages/right.yaml: 13 passed, 0 failed",
		"14 passed, 6 failed", "",
	}, "\n"), out.String())
}

func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, content, says string }{
		{"unknown subject", "kind: PolicyTest\nname: a\ncases:\n- gates: {verdicts: []}\n  expect: {verdict: x}\n", `:4: cases[0].gates: unknown subject "gates"`},
		{"two subjects", "kind: PolicyTest\nname: a\ncases:\n- priority: {}\n  cron: {}\n  expect: {open: true}\n", "exactly one subject, this one has 2"},
		{"no subject", "kind: PolicyTest\nname: a\ncases:\n- expect: {open: true}\n", "exactly one subject, this one has 0"},
		{"no expectation", "kind: PolicyTest\nname: a\ncases:\n- priority: {of: a, impact: b, urgency: c}\n", "needs expect"},
		{"expects nothing", "kind: PolicyTest\nname: a\ncases:\n- priority: {of: a, impact: b, urgency: c}\n  expect: {}\n", "expects nothing"},
		{"unknown key", "kind: PolicyTest\nname: a\ncases:\n- priority: {of: a, impact: b,\n    urgence: c}\n  expect: {priority: 1}\n", ":5: cases[0].priority.urgence: is not a key here"},
		{"bad instant", "kind: PolicyTest\nname: a\ncases:\n- calendar: {of: a, is_open: yesterday}\n  expect: {open: true}\n", ":4: cases[0].calendar: cannot be read"},
		{"bad expected instant", "kind: PolicyTest\nname: a\ncases:\n- calendar: {of: a, next_open: \"2026-11-01T10:00:00Z\"}\n  expect: {at: tomorrow}\n", "at must be an instant"},
		{"no tests", "kind: Team\nname: a\nspec: {title: A, members: []}\n", "holds no PolicyTest"},
		{"no cases", "kind: PolicyTest\nname: a\ncases: []\n", "there are none"},
		{"missing documents", "kind: PolicyTest\nname: a\ndocuments: [gone.yaml]\ncases:\n- priority: {of: a, impact: b, urgency: c}\n  expect: {priority: 1}\n", "gone.yaml"},
		{"wrong document", "kind: Team\nname: a\nspec: {title: A}\n---\nkind: PolicyTest\nname: a\ncases:\n- priority: {of: a, impact: b, urgency: c}\n  expect: {priority: 1}\n", "spec.members: is missing"},
		{"not YAML", "kind: [", "file.yaml:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file.yaml")
			require.NoError(t, os.WriteFile(path, []byte(test.content), 0o600))
			var out strings.Builder
			failed, err := Run(&out, []string{path})
			require.ErrorContains(t, err, test.says)
			require.False(t, failed)
			require.Contains(t, out.String(), path+": cannot be read\n")
			require.True(t, strings.HasSuffix(out.String(), "\n0 passed, 0 failed\n"))
		})
	}
	_, err := Run(&strings.Builder{}, []string{"testdata/none.yaml"})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestCasesThatAreAskedWrongly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ subject, says string }{
		{`calendar: {of: c}`, "is asked one question"},
		{`calendar: {of: c, add: 1h}`, "add needs to"},
		{`calendar: {of: c, between: ["2026-11-01T10:00:00Z"]}`, "between needs two instants"},
		{`calendar: {of: c, is_open: "2026-11-01T10:00:00Z", next_open: "2026-11-01T10:00:00Z"}`, "is asked one question"},
		{`assignment: {of: r, record: {titel: x}}`, "record.titel is not a field"},
		{`assignment: {of: r, record: {tags: x}}`, "record.tags must be list(string)"},
		{`assignment: {of: r, record: {tags: [1]}}`, "record.tags must be list(string)"},
		{`assignment: {of: r, record: {title: 1}}`, "record.title must be string"},
		{`assignment: {of: nope, record: {}}`, `there is no AssignmentRules "nope"`},
		{`priority: {of: nope, impact: a, urgency: b}`, `there is no PriorityMatrix "nope"`},
		{`cron: {spec: "0 9 * * *", timezone: Local, after: "2026-11-01T10:00:00Z"}`, "is not a time zone"},
		{`cron: {spec: "@daily", timezone: UTC, after: "2026-11-01T10:00:00Z"}`, "write the five fields"},
		{`cron: {spec: "0 9 * * *", timezone: UTC, after: "2026-11-01T10:00:00Z", count: 100000}`, "moments were asked for"},
	} {
		t.Run(test.subject, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "file.yaml")
			content := "kind: Calendar\nname: c\nspec: {timezone: UTC, weekly: {mon: [\"09:00-17:00\"]}}\n---\n" +
				"kind: AssignmentRules\nname: r\nspec: {practice: incident, rules: [{name: a, when: 'true', set: {team: x}}]}\n---\n" +
				"kind: PolicyTest\nname: a\ncases:\n- " + test.subject + "\n  expect: {open: true}\n"
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			var out strings.Builder
			failed, err := Run(&out, []string{path})
			require.NoError(t, err)
			require.True(t, failed)
			require.Contains(t, out.String(), test.says)
		})
	}
}

func TestTheExamplesPass(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("..", "..", "examples", "policies", "*_test.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var out strings.Builder
	failed, err := Run(&out, paths)
	require.NoError(t, err, out.String())
	require.False(t, failed, out.String())
}
