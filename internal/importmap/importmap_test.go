package importmap_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
)

// logMap is the map that ships for the log of which testdata holds four incidents (NOTICE names the source).
const logMap = "../../examples/import/uci-incident-log.yaml"

// wholeLog is where the whole log lies beside a checkout, if it does.
const wholeLog = "../../../shared/data/uci_incident_event_log.csv.gz"

// vocabulary is that of the documents which come with Holdfast, as far as the maps here need it.
var vocabulary = importmap.Vocabulary{
	Matrix: policy.PriorityMatrix{Levels: []string{"high", "medium", "low"}, Priorities: map[string]map[string]int{
		"high":   {"high": 1, "medium": 2, "low": 3},
		"medium": {"high": 2, "medium": 3, "low": 4},
		"low":    {"high": 3, "medium": 4, "low": 5},
	}},
	HoldReasons: policy.Vocabulary{Terms: []policy.Term{
		{ID: incident.AwaitingRequester}, {ID: incident.AwaitingVendor}, {ID: incident.AwaitingProblem}, {ID: incident.Scheduled},
	}},
	ResolutionCodes: policy.Vocabulary{Terms: []policy.Term{{ID: "fixed"}}},
}

func parse(t *testing.T, content string) *importmap.Map {
	t.Helper()
	m, err := importmap.Parse([]byte(content))
	require.NoError(t, err)
	return m
}

// read gives all incidents of a file and its rejected rows.
func read(t *testing.T, m *importmap.Map, content io.Reader) (groups []importmap.Group, rejects []importmap.Reject) {
	t.Helper()
	unpacked, err := importmap.Open(content)
	require.NoError(t, err)
	reader, err := importmap.NewReader(m, vocabulary, unpacked, func(r importmap.Reject) { rejects = append(rejects, r) })
	require.NoError(t, err)
	for {
		group, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return groups, rejects
		}
		require.NoError(t, err)
		groups = append(groups, group)
	}
}

func file(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

// TestAuditBecomesPasts reads real rows: those of one incident in order of time, bad ones rejected alone.
func TestAuditBecomesPasts(t *testing.T) {
	t.Parallel()
	groups, rejects := read(t, parse(t, file(t, logMap)), strings.NewReader(file(t, "testdata/audit.csv")))

	require.Len(t, groups, 4)
	var reasons []string
	for _, reject := range rejects {
		reasons = append(reasons, reject.Reason)
	}
	require.Equal(t, []string{
		"it says that the incident is new after it was resolved", `incident_state: "-100" is not in the map`, `incident_state: "-100" is not in the map`,
	}, reasons)
	require.Equal(t, 15, rejects[0].Line)

	second := groups[1]
	require.Equal(t, "INC0000047", second.Number)
	require.Equal(t, domain.NewID("import/uci-incident-log/INC0000047"), second.ID)
	require.Equal(t, time.Date(2016, 2, 29, 4, 40, 0, 0, time.UTC), second.OpenedAt)
	require.Equal(t, "opened-by-397", second.OpenedBy)
	require.Equal(t, 9, second.Rows)
	require.Equal(t, "Opened by 397", second.Names.People["opened-by-397"])
	require.Equal(t, "Group 24", second.Names.Teams["group-24"])
	require.True(t, second.Names.Members["group-24"]["resolver-31"])
	held := second.Snapshots[6]
	require.Equal(t, incident.OnHold, held.State)
	require.Equal(t, incident.AwaitingRequester, held.Hold.Base)
	require.Equal(t, "3 - Moderate", held.Source["priority"])
	require.Equal(t, "Symptom 471 (Category 40, Subcategory 215)", held.Title)
	require.Equal(t, "fixed", second.Snapshots[8].Resolution.Code)

	third := groups[2]
	require.Equal(t, "INC0000137", third.Number)
	require.Equal(t, []domain.State{incident.New, incident.Resolved, incident.Closed}, states(third))
}

func states(group importmap.Group) []domain.State {
	var found []domain.State
	for _, snapshot := range group.Snapshots {
		found = append(found, snapshot.State)
	}
	return found
}

// TestOrderOfTheFileDoesNotMatter shuffles the rows of each incident that keep their minute to themselves.
func TestOrderOfTheFileDoesNotMatter(t *testing.T) {
	t.Parallel()
	m := parse(t, small)
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.Permutation([]string{
			"I1,new,2024-01-01 10:00", "I1,busy,2024-01-01 10:01", "I1,done,2024-01-01 10:02", "I1,busy,2024-01-01 10:03", "I1,done,2024-01-01 10:04",
		}).Draw(rt, "rows")
		groups, rejects := read(t, m, strings.NewReader("id,status,changed\n"+strings.Join(rows, "\n")))
		require.Empty(rt, rejects)
		require.Equal(rt, []domain.State{incident.New, incident.InProgress, incident.Resolved, incident.InProgress, incident.Resolved}, states(groups[0]))
	})
}

// small is a map for hand-written files.
const small = `
origin: test
zone: Europe/Berlin
times: ["YYYY-MM-DD HH:mm", "D.M.YYYY hh:mm A", "YYYY-MM-DDTHH:mm:ssZZ"]
missing: ["-"]
columns: {number: id, state: status, updated_at: changed}
values: {state: {new: new, busy: in_progress, done: resolved}}
constants: {title: "Case {id}", impact: low, urgency: low, resolution_code: fixed, resolution_notes: "-"}
`

// TestTimes reads every format, and wall times where the clock changes: the first instant that exists, the first of two.
func TestTimes(t *testing.T) {
	t.Parallel()
	m := parse(t, small)
	for text, want := range map[string]string{
		"2024-01-01 10:00":          "2024-01-01T09:00:00Z",
		"1.7.2024 03:30 PM":         "2024-07-01T13:30:00Z",
		"2024-07-01T10:00:00+05:30": "2024-07-01T04:30:00Z",
		"2024-03-31 02:30":          "2024-03-31T01:00:00Z",
		"2024-03-31 03:00":          "2024-03-31T01:00:00Z",
		"2024-10-27 02:30":          "2024-10-27T00:30:00Z",
		"2024-10-27 03:00":          "2024-10-27T02:00:00Z",
	} {
		groups, rejects := read(t, m, strings.NewReader("id,status,changed\nI1,new,"+text))
		require.Empty(t, rejects, text)
		require.Equal(t, want, groups[0].Snapshots[0].At.Format(time.RFC3339), text)
	}
	_, rejects := read(t, m, strings.NewReader("id,status,changed\nI1,new,31/12/2024"))
	require.Len(t, rejects, 1)
	require.Contains(t, rejects[0].Reason, `"31/12/2024" is no time of the form YYYY-MM-DD HH:mm or`)
}

// TestBadRowsTakeNoGoodOnesWithThem puts every kind of bad row between good ones.
func TestBadRowsTakeNoGoodOnesWithThem(t *testing.T) {
	t.Parallel()
	m := parse(t, small)
	for bad, reason := range map[string]string{
		`I2,new`:                               "it has 2 values, the header 3",
		`I2,new,2024-01-01 10:00,more`:         "it has 4 values, the header 3",
		`,new,2024-01-01 10:00`:                "id must have 1 to 100 bytes",
		`I2,-,2024-01-01 10:00`:                `status: an incident has no state ""`,
		`I2,odd,2024-01-01 10:00`:              `status: "odd" is not in the map`,
		`I2,new,-`:                             "changed is missing",
		`I2,new,yesterday`:                     `updated_at: "yesterday" is no time`,
		`I2,"new,2024-01-01 10:00`:             "a quotation mark is not closed",
		`I2,n"ew,2024-01-01 10:00`:             "a quotation mark is not closed",
		`I2,n"e"w,2024-01-01 10:00`:            "a quotation mark is out of place",
		"I2,new\x00,2024-01-01 10:00":          "it holds a character that cannot be stored",
		"I2,new,2024-01-01 10:00\xff":          "it holds a character that cannot be stored",
		`I1,busy,2024-01-01 10:09`:             "",
		"\"I2\",\"new\",\"2024-01-01 10:00\"":  "",
		"I2,new,\"2024-01-01 10:00\n\"":        "",
		"I2,new,2024-01-01 10:00\r":            "",
		"\n\nI2,new,2024-01-01 10:00":          "",
		strings.Repeat("x", 101) + ",new,2024": "id must have 1 to 100 bytes",
	} {
		content := "id,status,changed\nI1,new,2024-01-01 10:00\n" + bad + "\nI3,new,2024-01-01 10:00\nI3,done,2024-01-01 11:00\n"
		groups, rejects := read(t, m, strings.NewReader(content))
		rows := 0
		for _, group := range groups {
			rows += group.Rows
		}
		if reason == "" {
			require.Empty(t, rejects, bad)
			require.Equal(t, 4, rows, bad)
			continue
		}
		require.Equal(t, 3, rows, bad)
		require.Len(t, rejects, 1, bad)
		require.Equal(t, 3, rejects[0].Line, bad)
		require.Contains(t, rejects[0].Reason, reason)
	}
}

// TestScatteredRows are told instead of opening the same incident twice.
func TestScatteredRows(t *testing.T) {
	t.Parallel()
	groups, rejects := read(t, parse(t, small), strings.NewReader(
		"id,status,changed\nI1,new,2024-01-01 10:00\nI2,new,2024-01-01 10:00\nI1,done,2024-01-01 11:00\nI2,done,2024-01-01 12:00"))
	require.Len(t, groups, 2)
	require.Len(t, rejects, 1)
	require.Equal(t, 4, rejects[0].Line)
	require.Contains(t, rejects[0].Reason, "do not lie together")
}

// TestConstantsTakeValuesOfTheRow: {column} is its value there, {column|words} are words for where it has none.
func TestConstantsTakeValuesOfTheRow(t *testing.T) {
	t.Parallel()
	m := parse(t, strings.Replace(small, "Case {id}", "{about|Unclear}: {id} by {caller}, {caller|}.", 1))
	groups, rejects := read(t, m, strings.NewReader("id,status,changed,about,caller\nI1,new,2024-01-01 10:00,  Disk   full ,Rita\nI2,new,2024-01-01 10:00,-,\n"))
	require.Empty(t, rejects)
	require.Equal(t, "Disk full: I1 by Rita, Rita.", groups[0].Snapshots[0].Title)
	require.Equal(t, "Unclear: I2 by –, .", groups[1].Snapshots[0].Title)
	_, err := importmap.NewReader(m, vocabulary, strings.NewReader("id,status,changed,caller\n"), nil)
	require.ErrorContains(t, err, "the file has no columns about (constants.title)")
}

// TestPackedAndMarkedFiles reads gzip and a byte order mark.
func TestPackedAndMarkedFiles(t *testing.T) {
	t.Parallel()
	content := "\ufeffid,status,changed\nI1,new,2024-01-01 10:00\n"
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err := writer.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	for _, form := range []io.Reader{strings.NewReader(content), &packed} {
		groups, rejects := read(t, parse(t, small), form)
		require.Empty(t, rejects)
		require.Equal(t, "Case I1", groups[0].Snapshots[0].Title)
	}
}

// TestMapsAreStrict: what a map cannot mean is told before anything is read.
func TestMapsAreStrict(t *testing.T) {
	t.Parallel()
	for change, told := range map[string]string{
		"zone: Europe/Berlin|zone: Mars/Base":            "zone must be an IANA zone",
		"zone: Europe/Berlin|zones: Europe/Berlin":       "line 3: field zones not found",
		"number: id|name: id":                            "columns.number is needed",
		"impact: low|effect: low":                        "constants.effect is no field",
		"new: new|new: opened":                           `an incident has no state "opened"`,
		`"YYYY-MM-DD HH:mm"|"YYYY-QQ"`:                   `"QQ" is no part of a time`,
		"origin: test|origin: ''":                        "origin must have 1 to 100 bytes",
		"origin: test|delimiter: \";;\"\norigin: test":   "delimiter must be one character",
		"origin: test|origin: test\nreplay:\n  speed: 2": "line 4: field speed not found",
		"origin: test|origin: test\nreplay: {reopen_reason: " + strings.Repeat("x", domain.MaxReasonBytes+1) + "}": "replay.reopen_reason has more than",
	} {
		old, fresh, _ := strings.Cut(change, "|")
		_, err := importmap.Parse([]byte(strings.Replace(small, old, fresh, 1)))
		require.ErrorContains(t, err, told)
	}
	_, err := importmap.NewReader(parse(t, small), vocabulary, strings.NewReader("id,status\n"), nil)
	require.ErrorContains(t, err, "the file has no columns changed (columns.updated_at)")
	_, err = importmap.NewReader(parse(t, small), vocabulary, strings.NewReader(""), nil)
	require.ErrorContains(t, err, "the file is empty")
}

// FuzzRead: no file makes the reader fail otherwise than by rejecting rows, and none is lost.
func FuzzRead(f *testing.F) {
	f.Add("I1,new,2024-01-01 10:00\nI1,done,2024-01-01 11:00\n")
	f.Add("I1,\"new\n,2024-01-01 10:00\nI2,new,2024-01-01 10:00\n\"\"\n")
	f.Fuzz(func(t *testing.T, content string) {
		m := parse(t, small)
		rejects, rows := 0, 0
		reader, err := importmap.NewReader(m, vocabulary, strings.NewReader("id,status,changed\n"+content), func(importmap.Reject) { rejects++ })
		require.NoError(t, err)
		for {
			group, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			rows += group.Rows
		}
		require.Equal(t, reader.Rows(), rows+rejects)
	})
}
