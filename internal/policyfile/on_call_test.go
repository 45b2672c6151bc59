package policyfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

func TestCheckFindsWhatIsWrongWithSchedulesAndEscalations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, kind, spec string
		want             []string
	}{
		{
			"zone and layer", "OnCallSchedule", `{"timezone":"Local","layers":[{"name":"a","rotation":{"unit":"month","start":"2026-01-05"},"people":["ana"]}]}`,
			[]string{"spec.timezone", "spec.layers[0].rotation.unit"},
		},
		{
			"shape", "OnCallSchedule", `{"timezone":"UTC","layers":[{"name":"a","rotation":{"every":"1","start":"2026-01-05"},"people":["ana"],"restrict":{}}]}`,
			[]string{"spec.layers[0].rotation.every", "spec.layers[0].rotation.unit", "spec.layers[0].restrict.weekly"},
		},
		{
			"escalation", "EscalationPolicy", `{"steps":[{"wait":"soon","to":["ana"]}],"fallback":[]}`,
			[]string{"spec.steps[0].wait", "spec.steps[0].to[0]", "spec.fallback"},
		},
		{"no fallback", "EscalationPolicy", `{"steps":[{"wait":"5m","to":["person:ana"]}]}`, []string{"spec.fallback"}},
		{"never let go", "EscalationPolicy", `{"steps":[{"wait":"5m","to":["person:ana"]}],"unacknowledge_after":0,"fallback":["role:admin"]}`, []string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			paths := []string{}
			for _, problem := range Check(policy.Document{Kind: test.kind, Name: "a", Spec: json.RawMessage(test.spec)}) {
				require.NotEmpty(t, problem.Message)
				paths = append(paths, problem.Path)
			}
			require.ElementsMatch(t, test.want, paths)
		})
	}
}

const mondays = `{"timezone":"Europe/Berlin","layers":[{"name":"week","rotation":{"every":1,"unit":"week","start":"2026-01-05","handoff":"09:00"},
	"people":["ana","bo","cy"],"restrict":{"weekly":{"mon":["00:00-24:00"]}}}]`

// A gap is no fault of the document: whether there is one depends on the moment. It is told where the document is applied.
func TestGapsAreToldUnlessTheyAreAccepted(t *testing.T) {
	t.Parallel()
	document := policy.Document{Kind: policy.KindOnCallSchedule, Name: "primary", Spec: json.RawMessage(mondays + `,"accept_gaps":false}`)}
	now := time.Date(2026, time.November, 25, 12, 0, 0, 0, time.UTC)
	require.Empty(t, Check(document))
	require.Equal(t, []policy.Problem{{
		Path: "spec.accept_gaps",
		Message: "nobody is on call from 2026-11-25T13:00:00+01:00 to 2026-11-30T00:00:00+01:00, and at 52 more times within 52 weeks; " +
			"cover it, or accept it with accept_gaps: true",
	}}, Gaps(document, now))
	document.Spec = json.RawMessage(mondays + `,"accept_gaps":true}`)
	require.Empty(t, Gaps(document, now))
	document.Spec = json.RawMessage(strings.Replace(mondays, "Europe/Berlin", "Local", 1) + `}`)
	require.Empty(t, Gaps(document, now), "what is wrong is told by Check")
}

func TestLintWarnsOfGaps(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file.yaml")
	content := `kind: OnCallSchedule
name: primary
spec:
  timezone: Europe/Berlin
  layers:
  - {name: week, rotation: {every: 1, unit: week, start: 2026-01-05, handoff: "09:00"}, people: [ana, bo, cy], restrict: {weekly: {mon: ["00:00-24:00"]}}}
  accept_gaps: false
`
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	var out strings.Builder
	failed, err := Lint(&out, []string{path})
	require.NoError(t, err)
	require.False(t, failed)
	require.Contains(t, out.String(), path+":7: warning: spec.accept_gaps: nobody is on call from ")
	require.Contains(t, out.String(), "1 documents, no problems")
}
