package policyfile

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLintWarnsOfFreezesThatAreOverAndModelsWithoutSteps(t *testing.T) {
	t.Parallel()
	text := func(content string) string {
		trees, err := ParseTrees("test.yaml", []byte(content))
		require.NoError(t, err)
		found := lint("test.yaml", trees)
		require.Zero(t, found.problems, found.String())
		return found.String()
	}
	over := text("kind: FreezeWindow\nname: year-end\nspec: {from: \"2020-12-18T17:00:00Z\", to: \"2021-01-04T06:00:00Z\"}\n")
	require.Contains(t, over, "warning: spec.to: it has been over since 2021-01-04T06:00:00Z")
	require.NotContains(t, text("kind: FreezeWindow\nname: weekend\nspec: {recurring: {cron: \"0 22 * * 5\", lasts: 60h, timezone: UTC}}\n"), "warning")
	model := "kind: ChangeModel\nname: restart\nspec:\n  type: standard\n  plan: Restart it\n  back_out_plan: Start the old one\n"
	require.Contains(t, text(model), "warning: spec.tasks")
	require.Contains(t, text(model), "warning: spec.configuration_items")
	require.NotContains(t, text(model+"  configuration_items: [web1]\n  tasks: [{title: Restart}]\n"), "warning")
}

// The policies that come with Holdfast decide every change, and their own words say how.
func TestTheDefaultsDecideEveryChange(t *testing.T) {
	t.Parallel()
	documents, err := Defaults()
	require.NoError(t, err)
	whens := map[string]string{}
	for _, document := range documents {
		if document.Kind == "ApprovalPolicy" {
			whens[document.Name] = whenOf(t, document.Spec)
		}
	}
	require.Len(t, whens, 3)
	evaluator := &Evaluator{}
	for _, kind := range []string{"normal", "emergency"} {
		for _, level := range []string{"low", "medium", "high"} {
			holds := []string{}
			for name, when := range whens {
				applies, err := evaluator.ApprovalApplies(when, map[string]any{
					"practice": "change", "type": kind, "risk": map[string]any{"level": level, "score": int64(1)},
				})
				require.NoError(t, err)
				if applies {
					holds = append(holds, name)
				}
			}
			want := map[string]string{"low": "default-low", "medium": "default-board", "high": "default-board"}[level]
			if kind == "emergency" {
				want = "default-emergency"
			}
			require.Equal(t, []string{want}, holds, "%s %s", kind, level)
		}
	}
}

func whenOf(t *testing.T, spec []byte) string {
	t.Helper()
	var policy struct {
		When string `json:"when"`
	}
	require.NoError(t, json.Unmarshal(spec, &policy))
	return policy.When
}
