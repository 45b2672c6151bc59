package domain_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
)

// FuzzCommandJSON reads anything as a command and writes it back: what it says stays, known or not.
func FuzzCommandJSON(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "command.json"))
	require.NoError(f, err)
	for _, seed := range []string{
		string(text), `{}`, `null`, `{"x":{"y":[1,null]}}`, `{"ID":"a","id":"b"}`, `{"body":null}`, `{"body":{"z":1},"received_at":"2026-01-01T00:00:00Z"}`,
		`{"if_version":-1,"":0}`, `{"actor":{"roles":[]}}`, `[1]`, `{"-":1}`, `{"unknown":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var command domain.Command
		if json.Unmarshal(text, &command) != nil {
			return
		}
		first, err := json.Marshal(command)
		require.NoError(t, err)
		var again domain.Command
		require.NoError(t, json.Unmarshal(first, &again))
		second, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
		var given, kept map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(text, &given))
		require.NoError(t, json.Unmarshal(first, &kept))
		for name := range given {
			if _, unknown := command.Unknown[name]; unknown {
				require.Contains(t, kept, name)
			}
		}
	})
}

// FuzzIDs: whatever a caller chooses as key, an id is well-formed, the same again, and another for other parts.
func FuzzIDs(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"a", "b"}, {"ab", ""}, {"\x00\x00\x00\x01", "a"}, {"\xff", "ü"}, {strings.Repeat("x", 300), "\n"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		id := domain.CommandID(one, two)
		require.Len(t, id, 64)
		require.Equal(t, id, domain.CommandID(one, two))
		require.NotEqual(t, id, domain.CommandID(one+two))
		require.NotEqual(t, id, domain.CommandID(one, two, ""))
		require.Equal(t, one == two, id == domain.CommandID(two, one))
		require.Regexp(t, uuid8, domain.NewID(id))
		require.Equal(t, "incident/"+domain.NewID(id), domain.WorkflowID(domain.Incident, domain.NewID(id)))
		command := domain.Command{Name: one}
		require.True(t, strings.HasSuffix(one, command.Verb()))
	})
}
