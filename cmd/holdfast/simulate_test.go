package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// simulatedExample is the command of docs/simulate.md, as words, and what it says is printed.
func simulatedExample(t *testing.T) (words []string, printed string) {
	t.Helper()
	content, err := os.ReadFile("../../docs/simulate.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```\n(.*?)```").FindAllStringSubmatch(string(content), -1)
	require.Len(t, blocks, 2)
	words = strings.Fields(strings.ReplaceAll(blocks[0][1], " examples/", " ../../examples/"))
	require.Equal(t, "bin/holdfast", words[0])
	return words[1:], blocks[1][1]
}

// TestTheExampleOfTheDocumentationRuns and prints what stands there, but for how long it took.
func TestTheExampleOfTheDocumentationRuns(t *testing.T) {
	t.Parallel()
	words, printed := simulatedExample(t)
	got := run(t, "http://127.0.0.1:1", "", words...)
	require.Equal(t, exitDone, got.code, got.err)
	seconds := regexp.MustCompile(`\d+\.\d s\.`)
	rest := seconds.ReplaceAllString(got.out, "")
	for _, line := range strings.Split(printed, "\n") {
		if line = seconds.ReplaceAllString(line, ""); line == "…" || line == "" {
			continue
		}
		_, after, found := strings.Cut(rest, line+"\n")
		require.True(t, found, "%q does not follow in\n%s", line, rest)
		rest = after
	}
}

// TestASimulationPrintsTheRecordsBehindItsFigures: the lines of CSV add up to the sums of JSON.
func TestASimulationPrintsTheRecordsBehindItsFigures(t *testing.T) {
	t.Parallel()
	words, _ := simulatedExample(t)
	got := run(t, "http://127.0.0.1:1", "", append(words, "-o", "csv")...)
	require.Equal(t, exitDone, got.code, got.err)
	rows, err := csv.NewReader(strings.NewReader(got.out)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, "number,metric,change,priority,team,week,present_state,present_agreement,present_priority,present_target,present_elapsed_ms,present_due_at,"+
		"proposed_state,proposed_agreement,proposed_priority,proposed_target,proposed_elapsed_ms,proposed_due_at", strings.Join(rows[0], ","))
	counted := map[string]int{}
	for _, row := range rows[1:] {
		counted[row[1]+" "+row[2]]++
	}
	got = run(t, "http://127.0.0.1:1", "", append(words, "-o", "json", "--since", "2016-03-01", "--until", "2016-04-01T00:00:00Z")...)
	require.Equal(t, exitDone, got.code, got.err)
	var part simulated
	require.NoError(t, json.Unmarshal([]byte(got.out), &part))
	require.Less(t, part.Records, 480)
	got = run(t, "http://127.0.0.1:1", "", append(words, "-o", "json")...)
	var all simulated
	require.NoError(t, json.Unmarshal([]byte(got.out), &all))
	require.Equal(t, 480, all.Records)
	for _, total := range all.Totals {
		require.Equal(t, []int{counted[string(total.Metric)+" gained"], counted[string(total.Metric)+" lost"], counted[string(total.Metric)+" kept"]}, []int{total.Gained, total.Lost, total.Kept})
		require.Positive(t, total.Gained)
	}
}

// TestAServerSimulatesItsRecords in parts, which are added up.
func TestAServerSimulatesItsRecords(t *testing.T) {
	t.Parallel()
	address, d := openDesk(t, map[string]string{
		"POST /simulations": `200 {"records":3,"totals":[{"metric":"response","promises":3,"breaches_before":1,"breaches_after":2,"gained":1,"lost":0,"kept":1}],
			"by_priority":[],"by_team":[],"by_week":[],"until":"2026-11-20T12:00:00Z","skipped":1,
			"verdicts":[{"id":"1","number":"INC-000123","metric":"response","change":"gained","priority":2,"team":"mail","week":"2026-W47",
				"present":{"priority":2,"length_ms":0,"elapsed_ms":0,"cycles":0},
				"proposed":{"state":"breached","agreement":"gold","priority":2,"target":"15m0s","length_ms":900000,"elapsed_ms":1200000,"cycles":1}}]}`,
	})
	got := run(t, address, "", "simulate", "-f", "../../examples/simulate/gold.yaml", "--since", "2026-11-01T00:00:00Z")
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.out, "INC-000123  response  2         mail  no promise  breached, 20m0s of 15m0s (gold)")
	require.Contains(t, got.out, "1 records were passed over")
	require.Contains(t, got.out, "Breaches: 1 now, 2 under the proposal: 1 gained, 0 lost, of 3 promises.")
	var asked map[string]any
	require.NoError(t, json.Unmarshal([]byte(d.asked["POST /simulations"]), &asked))
	require.Equal(t, "2026-11-01T00:00:00Z", asked["opened_from"])
	require.Contains(t, asked["proposed"], "name: gold")

	require.Equal(t, exitUsage, run(t, address, "", "simulate", "-f", "../../examples/simulate/gold.yaml", "--log", logRows).code)
	require.Equal(t, exitUsage, run(t, address, "", "simulate").code)
}
