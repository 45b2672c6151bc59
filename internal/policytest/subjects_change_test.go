package policytest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const changeTests = `kind: FreezeWindow
name: year-end
spec: {from: "2026-12-18T17:00:00Z", to: "2027-01-04T06:00:00Z"}
---
kind: FreezeWindow
name: weekend
spec: {recurring: {cron: "0 22 * * 5", lasts: 60h, timezone: Europe/Berlin}}
---
kind: PolicyTest
name: freezes and risks
cases:
- freeze: {of: year-end, at: "2026-12-18T17:00:00Z"}
  expect: {frozen: true, until: "2027-01-04T07:00:00+01:00"}
- freeze: {of: year-end, at: "2027-01-04T06:00:00Z"}
  expect: {frozen: false}
- freeze: {of: weekend, at: "2026-10-24T10:00:00Z"}   # the clocks go back on that Sunday
  expect: {frozen: true, until: "2026-10-26T08:00:00Z"}
- risk: {of: default, answers: {tested_back_out: false}, facts: {critical_services: 1, items: 12}}
  expect: {level: high, score: 70}
- risk: {of: default, answers: {tested_back_out: true, done_before: true, outage: "no", data: "no"}, facts: {items: 1}}
  expect: {level: low, score: 0}
- risk: {of: default, answers: {tested_back_out: true, data: true}, facts: {medium_services: 1, failed: 1, ended: 5}}
  expect: {level: medium, score: 30}
`

// defaultModel is the model that comes with Holdfast, beside what stands in its file.
func defaultModel(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "policyfile", "defaults", "change.yaml"))
	require.NoError(t, err)
	return string(content) + "---\n"
}

func TestFreezesAndRisks(t *testing.T) {
	t.Parallel()
	outcomes, err := RunInPlace(t.Context(), defaultModel(t)+changeTests, "", nil)
	require.NoError(t, err)
	require.Len(t, outcomes, 6)
	for _, outcome := range outcomes {
		require.Empty(t, outcome.Difference, outcome.Name)
	}
}

func TestFreezesAndRisksSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	model := defaultModel(t)
	for content, want := range map[string]string{
		`{risk: {of: default, answers: {nobody_asks: true}}, expect: {level: low}}`:                                   "does not ask nobody_asks",
		`{risk: {of: default, answers: {outage: none}}, expect: {level: low}}`:                                        `outage: "none" is no answer: Will users notice it? (yes, no)`,
		`{risk: {of: default, answers: {data: 3}}, expect: {level: low}}`:                                             "neither a text",
		`{risk: {of: default}, expect: {level: high}}`:                                                                `level: expected "high", got "low"`,
		`{risk: {of: default}, expect: {frozen: true}}`:                                                               "the subject does not answer this",
		`{freeze: {of: nothing, at: "2026-12-24T10:00:00Z"}, expect: {frozen: true}}`:                                 "there is no FreezeWindow",
		`{freeze: {of: year-end, at: "2025-12-24T10:00:00Z"}, expect: {until: "2027-01-04T06:00:00Z"}}`:               "nothing is frozen",
		`{freeze: {of: year-end, at: "2026-12-24T10:00:00Z"}, expect: {frozen: true, until: "2027-01-04T00:00:00Z"}}`: "until: expected",
	} {
		text := model + "kind: FreezeWindow\nname: year-end\nspec: {from: \"2026-12-18T17:00:00Z\", to: \"2027-01-04T06:00:00Z\"}\n---\nkind: PolicyTest\nname: wrong\ncases:\n- " + content + "\n"
		outcomes, err := RunInPlace(t.Context(), text, "", nil)
		require.NoError(t, err, content)
		require.Len(t, outcomes, 1)
		require.Contains(t, outcomes[0].Difference, want, content)
	}
}
