package escalation_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/escalation"
)

func read(t *testing.T, text string) escalation.Policy {
	var made escalation.Policy
	require.NoError(t, json.Unmarshal([]byte(text), &made))
	return made
}

func TestAPolicyIsRead(t *testing.T) {
	t.Parallel()
	made := read(t, `{"steps": [{"wait": "5m", "to": ["schedule:primary", "role:team_lead"]}], "repeat": 1, "fallback": ["person:ana"]}`)
	require.Empty(t, made.Validate())
	require.Equal(t, 5*time.Minute, made.Steps[0].Wait.Duration)
	require.Equal(t, "schedule", made.Steps[0].To[0].Kind())
	require.Equal(t, "primary", made.Steps[0].To[0].Name())
	require.Equal(t, 30*time.Minute, made.Unacknowledge())
	for text, want := range map[string]time.Duration{"0": 0, `"0s"`: 0, `"1h30m"`: 90 * time.Minute} {
		made = read(t, `{"steps": [], "fallback": [], "unacknowledge_after": `+text+`}`)
		require.Equal(t, want, made.Unacknowledge(), text)
		written, err := json.Marshal(made)
		require.NoError(t, err)
		require.Equal(t, made, read(t, string(written)))
	}
}

func TestEveryProblemOfAPolicyIsFound(t *testing.T) {
	t.Parallel()
	made := read(t, `{"steps": [
		{"wait": "soon", "to": []}, {"wait": 5, "to": ["ana", "person:", "person:Ana", "sms:ana", "team:a", "team:a"]},
		{"wait": "0s", "to": ["person:ana"]}, {"wait": "200h", "to": ["person:ana"]}
	], "repeat": 6, "unacknowledge_after": "-1m", "fallback": []}`)
	paths := []string{}
	for _, problem := range made.Validate() {
		require.NotEmpty(t, problem.Message)
		paths = append(paths, problem.Path)
	}
	require.Equal(t, []string{
		"spec.steps[0].wait", "spec.steps[0].to", "spec.steps[1].wait", "spec.steps[1].to[0]", "spec.steps[1].to[1]", "spec.steps[1].to[2]",
		"spec.steps[1].to[3]", "spec.steps[1].to[5]", "spec.steps[2].wait", "spec.steps[3].wait", "spec.repeat", "spec.unacknowledge_after",
		"spec.fallback",
	}, paths)
	require.Equal(t, "spec.steps", escalation.Policy{Fallback: []escalation.Target{"person:ana"}}.Validate()[0].Path)
}
