package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/internal/importmap"
)

const (
	wholeLog  = "../../../shared/data/uci_incident_event_log.csv.gz" // beside a checkout, where it lies there
	rules     = "../../examples/import/uci-incident-log.yaml"
	committed = "../../examples/import/uci-excerpt.csv.gz"
)

// unpack reads a file as text.
func unpack(t *testing.T, path string) string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	content, err := importmap.Open(file)
	require.NoError(t, err)
	text, err := io.ReadAll(content)
	require.NoError(t, err)
	return string(text)
}

// TestCommittedExcerpt: all that it holds can be lived by commands, and it is no larger than its attribution says.
func TestCommittedExcerpt(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(rules)
	require.NoError(t, err)
	m, err := importmap.Parse(content)
	require.NoError(t, err)
	file, err := os.Open(committed)
	require.NoError(t, err)
	defer file.Close()
	lives, _, err := livesOf(file, m)
	require.NoError(t, err)
	require.Len(t, lives, 480)
	text := unpack(t, committed)
	for _, one := range lives {
		require.Contains(t, text, "\n"+one.number+",")
	}
	verbs := map[string]bool{}
	for _, one := range lives[:300] {
		for _, kind := range one.kinds {
			for _, verb := range strings.Fields(kind) {
				verbs[verb] = true
			}
		}
	}
	for _, verb := range []string{"log", "assign", "start", "hold", "resume", "resolve", "reopen", "close", "change_priority", "edit"} {
		require.True(t, verbs[verb], "the incidents that the integration tests replay have no %s", verb)
	}
}

// TestExcerptCanBeMadeAgain takes it out of the whole log once more, where that lies beside the checkout.
func TestExcerptCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(wholeLog); errors.Is(err, os.ErrNotExist) {
		t.Skip("the whole UCI log is not beside this checkout (" + wholeLog + "): the excerpt cannot be made again")
	}
	text, err := excerpt(wholeLog, rules, 480)
	require.NoError(t, err)
	require.True(t, text == unpack(t, committed), "the excerpt is not what the program makes now; examples/import/README.md says how")
}

// TestChoose: new kinds first, then the rest at equal distances, never more than asked for.
func TestChoose(t *testing.T) {
	t.Parallel()
	lives := func() []life {
		return []life{
			{"1", []string{"a"}}, {"2", []string{"a"}}, {"3", []string{"a", "b"}}, {"4", []string{"a"}}, {"5", []string{"b"}}, {"6", []string{"c"}}, {"7", []string{"c"}},
		}
	}
	require.Equal(t, map[string]bool{"1": true, "3": true}, choose(lives(), 2))
	require.Equal(t, map[string]bool{"1": true, "3": true, "6": true, "2": true, "5": true}, choose(lives(), 5))
	require.Len(t, choose(lives(), 100), 7)
}

// TestQuotedLogsAreRefused rather than cut in the middle of a value.
func TestQuotedLogsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := rowsOf(strings.NewReader("id,title\n1,\"a,b\"\n"), ",", 0, map[string]bool{"1": true})
	require.ErrorContains(t, err, "quotation marks")
	text, err := rowsOf(strings.NewReader("id,title\n1,a\n2,b\n1,c\n"), ",", 0, map[string]bool{"1": true})
	require.NoError(t, err)
	require.Equal(t, "id,title\n1,a\n1,c\n", text)
}
