package policytext

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// printed is a value as -o yaml prints it, read back.
func printed(t require.TestingT, value any) any {
	var text strings.Builder
	require.NoError(t, WriteYAML(&text, value))
	var back any
	require.NoError(t, yaml.Unmarshal([]byte(text.String()), &back), "%q", text.String())
	return back
}

func TestAnyStoredTextIsPrintedAsYAML(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("a :-#'\"{\n\t\r\x00\x1b\x7f\u0085\u00a0\u2028\u202e\ufeff\ufffe\U0001f600")))).Draw(rt, "text")
		require.Equal(rt, map[string]any{"title": text, "tags": []any{text}, "data": map[string]any{}}, printed(rt, map[string]any{
			"title": text, "tags": []string{text}, "data": map[string]any{},
		}))
	})
}

func TestJSONIsPrintedAsYAMLInItsOrder(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	require.NoError(t, WriteYAML(&text, json.RawMessage(`{"b":1,"a":[true,null,-2.5,1e3,"1","true"],"deep":{"e":{},"l":[]},"odd":"\ud800 \ud83d\ude00"}`)))
	require.Equal(t, "b: 1\na:\n  - true\n  - null\n  - -2.5\n  - 1e3\n  - \"1\"\n  - \"true\"\ndeep:\n  e: {}\n  l: []\nodd: \"\ufffd \\U0001F600\"\n", text.String())
}
