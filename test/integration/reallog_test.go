package integration

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// TestRealLog brings one company's incidents in, by import and by replay. The excerpt is described beside it.
func TestRealLog(t *testing.T) {
	t.Parallel()
	r := &realLog{
		Stack: kit.Up(t, "--no-demo"), t: t, folder: t.TempDir(),
		excerpt: filepath.Join(kit.Root(t), "examples", "import", "uci-excerpt.csv.gz"),
		rules:   filepath.Join(kit.Root(t), "examples", "import", "uci-incident-log.yaml"),
	}
	r.db = r.Rows(t)
	r.environment = []string{"HOLDFAST_URL=" + r.URL, "HOLDFAST_TOKEN=" + r.Token, "HOLDFAST_DATABASE_URL=" + r.DatabaseURL, "TEMPORAL_ADDRESS=" + r.TemporalAddress}
	r.imports()
	r.importsBesideBadRows()
	r.looksAsItWas()
	r.replays()
	r.Doctor(t)
}

// realLog is a Holdfast and a log for it.
type realLog struct {
	*kit.Stack
	t                      *testing.T
	db                     *bun.DB
	environment            []string
	excerpt, rules, folder string
}

// What the excerpt holds.
const (
	excerptRows      = 3139
	excerptIncidents = 480
	replayedOfThem   = 300
)

type importReport struct {
	Rows, Taken, Rejected, Incidents, Written, Known, Waiting int
	States                                                    map[string]int
	Refused                                                   []object
}

func (r *realLog) run(into any, arguments ...string) {
	r.t.Helper()
	require.NoError(r.t, json.Unmarshal([]byte(kit.Run(r.t, r.environment, append(arguments, "--map", r.rules, "-o", "json")...)), into))
}

func (r *realLog) importFile(file string, flags ...string) importReport {
	r.t.Helper()
	var report importReport
	r.run(&report, append([]string{"import", "incidents", file, "--rejects", filepath.Join(r.folder, "rejects.csv")}, flags...)...)
	return report
}

// imports reads first, writes then, and given again changes nothing.
func (r *realLog) imports() {
	want := importReport{Rows: excerptRows, Taken: excerptRows, Incidents: excerptIncidents, States: map[string]int{"closed": excerptIncidents}, Refused: []object{}}
	require.Equal(r.t, want, r.importFile(r.excerpt, "--dry-run"))
	require.Empty(r.t, items(r.Admin(r.t).Get("/incidents").Is(200)))
	want.Written = excerptIncidents
	require.Equal(r.t, want, r.importFile(r.excerpt))
	want.Written, want.Known = 0, excerptIncidents
	require.Equal(r.t, want, r.importFile(r.excerpt))
	require.NoFileExists(r.t, filepath.Join(r.folder, "rejects.csv"))
}

// importsBesideBadRows puts two bad rows among the others, plain this time: they go aside and take nothing with them.
func (r *realLog) importsBesideBadRows() {
	packed, err := os.Open(r.excerpt)
	require.NoError(r.t, err)
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	require.NoError(r.t, err)
	text, err := io.ReadAll(unpacked)
	require.NoError(r.t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := lines[len(lines)-1]
	number, rest, _ := strings.Cut(last, ",")
	broken := number + "," + strings.Replace(rest, "Closed", "-100", 1)
	fresh := "INC9999999," + rest
	file := filepath.Join(r.folder, "with bad rows.csv")
	require.NoError(r.t, os.WriteFile(file, []byte(strings.Join(append(lines, broken, `INC9999998,"New`, fresh), "\n")), 0o600))

	report := r.importFile(file)
	require.Equal(r.t, []int{excerptRows + 3, excerptRows + 1, 2, 1, excerptIncidents},
		[]int{report.Rows, report.Taken, report.Rejected, report.Written, report.Known})
	rejects, err := os.ReadFile(filepath.Join(r.folder, "rejects.csv"))
	require.NoError(r.t, err)
	told := strings.Split(strings.TrimSpace(string(rejects)), "\n")
	require.Len(r.t, told, 3)
	require.Contains(r.t, told[1], `3141,"incident_state: ""-100"" is not in the map",`+number)
	require.Contains(r.t, told[2], `3142,a quotation mark is not closed,`)
	require.Equal(r.t, "closed", r.Admin(r.t).Get("/incidents/INC9999999").Is(200).Map()["state"])
}

// looksAsItWas reads an imported incident: its life as the log tells it, by our counts and beside those of the log.
func (r *realLog) looksAsItWas() {
	admin := r.Admin(r.t)
	incident := admin.Get("/incidents/INC0000047").Is(200).Map()
	known := object{
		"state": "closed", "priority": 3.0, "impact": "medium", "team": "group-24", "assignee": "resolver-89", "requester": "caller-2403",
		"opened_by": "opened-by-397", "category": "Category 40", "opened_at": "2016-02-29T04:40:00Z", "resolved_at": "2016-03-01T09:52:00Z",
		"closed_at": "2016-03-06T10:00:00Z", "reassignment_count": 2.0, "title": "Symptom 471 (Category 40, Subcategory 215)",
	}
	for field, want := range known {
		require.Equal(r.t, want, incident[field], field)
	}
	source := incident["source"].(object)
	require.Equal(r.t, []any{"3 - Moderate", "1", "0", "8", "true"},
		[]any{source["priority"], source["reassignment_count"], source["reopen_count"], source["sys_mod_count"], source["made_sla"]})
	require.Equal(r.t, []string{
		"incident.logged", "incident.started", "incident.edited", "incident.edited", "incident.edited", "incident.edited", "incident.held",
		"incident.resolved", "incident.closed", "incident.imported",
	}, happened(admin, incident))
	require.Equal(r.t, false, admin.Get("/people/resolver-89").Is(200).Map()["active"])
}

type replayReport struct {
	Replayable, Sent, Applied, Repeated int
	Planned                             struct{ Commands int }
	Refused, Cannot, Ends, Otherwise    []object
}

// replays kills the first run on its way; the second goes on, and the third finds everything done.
func (r *realLog) replays() {
	arguments := []string{"replay", r.excerpt, "--limit", "300", "--clients", "4"}
	first := kit.NewProcess(r.t, r.folder, "replay", kit.Program(r.t, "holdfast"), r.environment, append(arguments, "--map", r.rules)...)
	first.Start()
	kit.Eventually(r.t, 2*time.Minute, func() bool { return r.live() >= 20 })
	first.Kill()
	require.Less(r.t, r.live(), replayedOfThem, "it was killed on its way")

	var report replayReport
	r.run(&report, arguments...)
	require.Equal(r.t, replayedOfThem, report.Replayable)
	require.Empty(r.t, report.Cannot)
	require.Empty(r.t, report.Refused)
	require.Empty(r.t, report.Otherwise, "each ends as in the log, by the commands of the run alone")
	require.Equal(r.t, []object{{"log": "closed", "here": "closed", "incidents": float64(replayedOfThem)}}, report.Ends)
	require.Positive(r.t, report.Repeated)
	require.Equal(r.t, replayedOfThem, r.live(), "none is opened twice")

	commands := report.Planned.Commands
	r.run(&report, arguments...)
	require.Equal(r.t, []int{0, replayedOfThem, replayedOfThem}, []int{report.Applied, report.Repeated, report.Sent})
	var versions int
	require.NoError(r.t, r.db.NewRaw(`SELECT sum(version) FROM records WHERE number LIKE 'INC-%'`).Scan(r.t.Context(), &versions))
	require.Equal(r.t, commands, versions, "every command was given once")
}

// live is how many incidents were logged here, and not imported.
func (r *realLog) live() int {
	var count int
	require.NoError(r.t, r.db.NewRaw(`SELECT count(*) FROM records WHERE number LIKE 'INC-%'`).Scan(r.t.Context(), &count))
	return count
}
