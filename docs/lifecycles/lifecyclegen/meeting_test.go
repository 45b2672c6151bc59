package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// The page of the meetings of a change advisory board is written by hand, but for its diagram, which is that of the table; its
// commands are all named.
func TestTheDiagramOfMeetingsIsThatOfTheTable(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile(filepath.Join("..", "cab.md"))
	require.NoError(t, err)
	require.Contains(t, string(kept), "```mermaid\n"+meeting.Lifecycle.Mermaid()+"```\n", "put this in the place of the diagram on the page")
	for _, transition := range meeting.Lifecycle.Transitions {
		if !transition.Machine() {
			require.Contains(t, string(kept), "| `"+transition.Verb+"` |")
		}
	}
}
