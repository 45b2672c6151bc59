package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/internal/telemetry"
)

// operations is the page for operators, which these tests hold against the program.
func operations(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	require.NoError(t, err)
	return string(text)
}

// TestPagesGiveCommandsThatExist: every line of the pages that calls the program can be parsed by it.
func TestPagesGiveCommandsThatExist(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	call := regexp.MustCompile(`(?:^|[ (])(?:bin/)?holdfast ([a-z][^|<>)&;#\n]*)`)
	word := regexp.MustCompile(`"[^"]*"|\S+`)
	stand := strings.NewReplacer(`"`, "", "$N", "INC-000001", "$i", "1", "examples/", filepath.Join(root, "examples")+"/")
	found := 0
	for _, page := range []string{"README.md", "docs/operations.md", "docs/pipelines.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "    ") {
				continue
			}
			for _, match := range call.FindAllStringSubmatch(line, -1) {
				var arguments []string
				for _, one := range word.FindAllString(match[1], -1) {
					arguments = append(arguments, stand.Replace(one))
				}
				found++
				var root commands
				var out bytes.Buffer
				parser, err := kong.New(&root, kong.Name("holdfast"), kong.Writers(&out, &out), kong.Vars{"version": "test"})
				require.NoError(t, err)
				_, err = parser.Parse(arguments)
				require.NoError(t, err, "%s: %s", page, line)
			}
		}
	}
	require.Greater(t, found, 25, "the pages have many more")
}

// TestOperationsTellsEverySetting: flags, variables and defaults of every setting stand in one row each, and no others do.
func TestOperationsTellsEverySetting(t *testing.T) {
	t.Parallel()
	var root commands
	var out bytes.Buffer
	parser, err := kong.New(&root, kong.Name("holdfast"), kong.Writers(&out, &out), kong.Vars{"version": "test"})
	require.NoError(t, err)
	want := map[string]bool{}
	require.NoError(t, kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && len(flag.Tag.Envs) > 0 {
			value := " "
			if flag.Default != "" {
				value = " `" + flag.Default + "` "
			}
			want["| `--"+flag.Name+"` | `"+flag.Tag.Envs[0]+"` |"+value+"|"] = true
		}
		return next(nil)
	}))
	page := operations(t)
	for row := range want {
		require.Contains(t, page, row)
	}
	require.Len(t, regexp.MustCompile("(?m)^\\| `--").FindAllString(page, -1), len(want), "a row for a flag that is gone")
}

func TestOperationsTellsEveryFigure(t *testing.T) {
	t.Parallel()
	registry := telemetry.NewRegistry()
	telemetry.NewMetrics(registry)
	descriptions := make(chan *prometheus.Desc, 1000)
	registry.Describe(descriptions)
	close(descriptions)
	page, found := operations(t), 0
	for description := range descriptions {
		name := regexp.MustCompile(`fqName: "(holdfast_[a-z_]+)"`).FindStringSubmatch(description.String())
		if name == nil {
			continue // Go's and the process's own
		}
		found++
		require.Contains(t, page, "| `"+name[1]+"` |")
	}
	require.Equal(t, found, strings.Count(page, "| `holdfast_"), "a row for a figure that is gone")
}

// TestOperationsNamesEveryChaosTest: each failure on the page is played by a test that exists, and no test plays one that the
// page does not tell of.
func TestOperationsNamesEveryChaosTest(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "test", "chaos", "*_test.go"))
	require.NoError(t, err)
	played := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			played[match[1]] = true
		}
	}
	named := map[string]bool{}
	for _, match := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(operations(t), -1) {
		named[match[1]] = true
	}
	require.Equal(t, played, named)
}
