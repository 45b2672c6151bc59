package archtest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHoldfast is the gate: the whole checkout against the architecture.
func TestHoldfast(t *testing.T) {
	t.Parallel()
	tree, err := Load(t.Context(), filepath.Join("..", ".."))
	require.NoError(t, err)
	require.NotEmpty(t, tree.Packages)
	for _, violation := range tree.Check(Holdfast) {
		t.Error(violation)
	}
}

// The tree in testdata breaks every rule once, and stays within it right beside.
var broken = Rules{
	Imports: []Row{
		{Package: "domain/...", Own: []string{"domain/..."}, Never: outside},
		{Package: "workflows/...", Own: []string{"domain/..."}, Libraries: []string{workflow}, Never: outside},
		{Package: "server/...", Own: []string{"domain/..."}, Libraries: []string{all}, Never: []string{bun}},
		{Package: "cmd/...", Own: []string{all}, Libraries: []string{all}},
		{Package: "test/...", Own: []string{all}, Libraries: []string{all}},
	},
	Pure:        []string{"domain", "workflows"},
	ContextFree: []string{"test"},
	MaxLines:    30,
	LongFiles:   map[string]string{"server/excused.go": "a table", "server/short.go": "once was long"},
	Words:       Holdfast.Words,
}

func TestEveryViolationOfTheBrokenTreeIsFound(t *testing.T) {
	t.Parallel()
	tree, err := Load(t.Context(), filepath.Join("testdata", "broken"))
	require.NoError(t, err)
	require.Equal(t, []string{
		"domain/clock.go:12: uses time.Now",
		"domain/clock.go:16: uses time.LoadLocation",
		"domain/clock.go:20: uses time.Local",
		"domain/clock.go:4: imports math/rand/v2",
		"domain/clock.go:9: starts a goroutine",
		"domain: must not import math/rand/v2",
		"domain: must not import os",
		"domain: must not import server",
		"domain: the package has no doc comment",
		"orphan: no row of the import table is for this package",
		"server/long.go: 31 lines, more than 30; give its parts rooms of their own",
		"server/made.go:7: makes a context up with context.Background",
		"server/made.go:9: makes a context up with context.TODO",
		"server/short.go: needs no exception for its length, or has no reason for it",
		"server/string_utils.go: \"util\" in a name says nothing",
		"server: must not import github.com/uptrace/bun/dialect/pgdialect",
		"test/commonthings: \"common\" in a name says nothing",
		"workflows/process.go:13: starts a goroutine",
		"workflows: must not import go.temporal.io/sdk/client",
	}, tree.Check(broken))
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"domain/...", "domain", true},
		{"domain/...", "domain/incident", true},
		{"domain/...", "domains", false},
		{"domain", "domain/incident", false},
		{"...", "github.com/x/y", true},
		{"os/...", "os/exec", true},
		{"os/...", "ossify", false},
	} {
		require.Equal(t, c.want, matches(c.pattern, c.name), "%s on %s", c.pattern, c.name)
	}
}

func TestTheMostSpecificRowCounts(t *testing.T) {
	t.Parallel()
	rows := []Row{{Package: "internal/..."}, {Package: "internal/pg"}}
	require.Equal(t, "internal/pg", rowOf(rows, "internal/pg").Package)
	require.Equal(t, "internal/...", rowOf(rows, "internal/auth").Package)
	require.Nil(t, rowOf(rows, "app"))
}

func TestEveryExceptionHasAReason(t *testing.T) {
	t.Parallel()
	for _, file := range slices.Sorted(maps.Keys(Holdfast.LongFiles)) {
		require.Greater(t, len(strings.Fields(Holdfast.LongFiles[file])), 2, file)
		_, err := os.Stat(filepath.Join("..", "..", file))
		require.NoError(t, err)
	}
}
