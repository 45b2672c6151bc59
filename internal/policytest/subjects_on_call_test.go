package policytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrongOnCallCasesAreShownWithExpectedAndGot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file.yaml")
	content := `kind: OnCallSchedule
name: primary
spec:
  timezone: Europe/Berlin
  layers: [{name: week, rotation: {unit: week, start: 2026-01-05, handoff: "09:00"}, people: [ana, bo]}]
---
kind: PolicyTest
name: nights
cases:
- {on_call: {of: primary, at: "2026-01-12T09:00:00+01:00"}, expect: {people: [ana]}}
- {on_call: {of: secondary, at: "2026-01-12T09:00:00+01:00"}, expect: {people: [ana]}}
- {handoffs: {of: primary, from: "2026-01-12T00:00:00Z", to: "2026-01-14T00:00:00Z"}, expect: {at: []}}
- {handoffs: {of: primary, from: "2026-01-13T00:00:00Z", to: "2026-01-14T00:00:00Z"}, expect: {at: ["2026-01-13T08:00:00Z"]}}
- {handoffs: {of: primary, from: "2026-01-13T00:00:00Z", to: "2036-01-14T00:00:00Z"}, expect: {at: []}}
- {handoffs: {of: primary, from: "2026-01-12T00:00:00Z", to: "2026-01-14T00:00:00Z"}, expect: {people: [ana]}}
`
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	var out strings.Builder
	failed, err := Run(&out, []string{path})
	require.NoError(t, err)
	require.True(t, failed)
	for _, says := range []string{
		"case 1: people: expected [ana], got [bo]",
		`case 2: expected {people: [ana]}, got the error: there is no OnCallSchedule "secondary"`,
		"case 3: at: expected [], got [2026-01-12T09:00:00+01:00]",
		"case 4: at: expected [2026-01-13T08:00:00Z], got []",
		"at most five years apart",
		"case 6: people: expected [ana], got nothing",
	} {
		require.Contains(t, out.String(), says)
	}
}
