package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/change"
)

// The page on changes is written by hand; its diagram and its commands are those of the code.
func TestThePageOnChangesIsRight(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", "change.md"))
	require.NoError(t, err)
	page := string(content)
	require.Contains(t, page, change.Lifecycle.Mermaid())
	for _, transition := range change.Lifecycle.Transitions {
		row := "| `" + transition.Verb + "` | "
		for i, from := range transition.From {
			if i > 0 {
				row += ", "
			}
			row += string(from)
		}
		if len(transition.From) == 0 {
			row += "–"
		}
		require.Contains(t, page, row+" | ")
	}
}
