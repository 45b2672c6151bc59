package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/escalation"
)

// The page of escalations is written by hand, but for its diagram, which is that of the table; its commands are all named.
func TestTheDiagramOfEscalationsIsThatOfTheTable(t *testing.T) {
	t.Parallel()
	kept, err := os.ReadFile(filepath.Join("..", "escalation.md"))
	require.NoError(t, err)
	require.Contains(t, string(kept), "```mermaid\n"+escalation.Lifecycle.Mermaid()+"```\n", "put this in the place of the diagram on the page")
	for _, transition := range escalation.Lifecycle.Transitions {
		if !transition.Machine() {
			require.Contains(t, string(kept), "| `"+transition.Verb+"` |")
		}
	}
}
