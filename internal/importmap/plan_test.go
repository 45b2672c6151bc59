package importmap_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
)

// lived is a map that has a column for all that a plan can say.
const lived = `
origin: test
zone: UTC
times: ["YYYY-MM-DD HH:mm"]
missing: ["-"]
columns: {number: id, state: status, hold_reason: status, updated_at: changed, team: team, assignee: person, impact: impact, category: about, requester: caller}
values:
  state: {new: new, triaged: triaged, busy: in_progress, user: on_hold, vendor: on_hold, later: on_hold, done: resolved, over: closed, void: canceled}
  hold_reason: {user: awaiting_requester, vendor: awaiting_vendor, later: scheduled}
constants: {title: "Case {id}", urgency: low, impact: low, resolution_code: fixed, resolution_notes: As logged, vendor: V, reference: R}
replay: {reopen_reason: Again, priority_reason: Rated, cancel_reason: Void}
`

// group makes the incident of rows "state team person impact about", a minute apart; what is left out at the end is missing.
func group(t require.TestingT, m *importmap.Map, rows ...string) importmap.Group {
	var content strings.Builder
	content.WriteString("id,status,changed,team,person,impact,about,caller\n")
	for i, row := range rows {
		words := strings.Fields(row + " - - - -")
		content.WriteString("I1," + words[0] + ",2024-01-01 10:" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + "," + strings.Join(words[1:5], ",") + ",Rita\n")
	}
	reader, err := importmap.NewReader(m, vocabulary, strings.NewReader(content.String()), func(importmap.Reject) {})
	require.NoError(t, err)
	read, err := reader.Next()
	require.NoError(t, err)
	return read
}

// given lists a plan's verbs, one text a row.
func given(plan importmap.Plan) []string {
	var rows []string
	for _, step := range plan.Steps {
		for len(rows) < step.Row {
			rows = append(rows, "")
		}
		rows[step.Row-1] = strings.TrimSpace(rows[step.Row-1] + " " + step.Verb)
	}
	return rows
}

// TestPlans finds the fewest commands for every kind of step that a log can take.
func TestPlans(t *testing.T) {
	t.Parallel()
	m := parse(t, lived)
	for _, test := range []struct {
		rows     []string
		commands []string
		counts   importmap.Counts
	}{
		{[]string{"new", "busy", "done", "over"}, []string{"log", "start", "resolve", "close"}, importmap.Counts{Commands: 4, ByOne: 4}},
		{[]string{"busy", "over"}, []string{"log start", "resolve close"}, importmap.Counts{Commands: 4, ByTwo: 2}},
		{[]string{"done", "over"}, []string{"log", "close"}, importmap.Counts{Commands: 2, ByOne: 2}},
		{[]string{"over"}, []string{"log close"}, importmap.Counts{Commands: 2, ByTwo: 1}},
		{[]string{"void"}, []string{"log cancel"}, importmap.Counts{Commands: 2, ByTwo: 1}},
		{[]string{"new", "user", "busy"}, []string{"log", "hold", "resume start"}, importmap.Counts{Commands: 4, ByOne: 2, ByTwo: 1}},
		{[]string{"busy", "user", "busy"}, []string{"log start", "hold", "resume"}, importmap.Counts{Commands: 4, ByOne: 2, ByTwo: 1}},
		{[]string{"user", "vendor", "new"}, []string{"log hold", "hold", "resume"}, importmap.Counts{Commands: 4, ByOne: 2, ByTwo: 1}},
		{[]string{"done", "vendor"}, []string{"log", "reopen hold"}, importmap.Counts{Commands: 3, ByOne: 1, ByTwo: 1}},
		{[]string{"over", "busy", "over"}, []string{"log close", "reopen", "resolve close"}, importmap.Counts{Commands: 5, ByOne: 1, ByTwo: 2}},
		{[]string{"new mail", "triaged mail", "busy mail"}, []string{"log", "triage", "start"}, importmap.Counts{Commands: 3, ByOne: 3}},
		{[]string{"new", "new", "new"}, []string{"log"}, importmap.Counts{Commands: 1, ByOne: 1}},
		{
			[]string{"new mail bo", "busy net cy high disk", "busy net dee high disk", "done net dee high print"},
			[]string{"log", "assign change_priority edit start", "assign", "edit resolve"},
			importmap.Counts{Commands: 8, ByOne: 3, Assignments: 2, Ratings: 1, Edits: 2},
		},
		// What an ended incident does not take waits until it is open again.
		{[]string{"done mail", "busy net bo"}, []string{"log", "reopen assign"}, importmap.Counts{Commands: 3, ByOne: 2, Assignments: 1}},
		{[]string{"over mail", "busy mail - - disk"}, []string{"log close", "reopen edit"}, importmap.Counts{Commands: 4, ByOne: 1, ByTwo: 1, Edits: 1}},
		// Names that the log does not repeat stay.
		{[]string{"new mail bo", "busy", "done mail bo"}, []string{"log", "start", "resolve"}, importmap.Counts{Commands: 3, ByOne: 3}},
	} {
		plan, whyNot := m.Plan(group(t, m, test.rows...), vocabulary)
		require.Empty(t, whyNot, test.rows)
		require.Equal(t, test.commands, given(plan), test.rows)
		require.Equal(t, test.counts, plan.Counts, test.rows)
	}
}

// TestBodiesOfPlans: each command carries what the row says, the constants and the reasons of the map.
func TestBodiesOfPlans(t *testing.T) {
	t.Parallel()
	m := parse(t, lived)
	plan, whyNot := m.Plan(group(t, m, "busy Mail Bo", "vendor Net Cy high", "done - - high", "user - - high"), vocabulary)
	require.Empty(t, whyNot)
	var bodies []string
	for _, step := range plan.Steps {
		bodies = append(bodies, step.Verb+" "+string(step.Body))
	}
	require.Equal(t, []string{
		`log {"title":"Case I1","impact":"low","urgency":"low","requester":"rita","team":"mail","assignee":"bo"}`,
		`start {}`,
		`assign {"team":"net","assignee":"cy"}`,
		`change_priority {"impact":"high","urgency":"low","reason":"Rated"}`,
		`hold {"reason":"awaiting_vendor","vendor":"V","reference":"R"}`,
		`resolve {"code":"fixed","notes":"As logged"}`,
		`reopen {"reason":"Again"}`,
		`hold {"reason":"awaiting_requester"}`,
	}, bodies)
	require.Equal(t, []any{incident.OnHold, "net", "cy", 3, 1}, []any{plan.Ends.State, plan.Ends.Team, plan.Ends.Assignee, plan.Ends.Priority, plan.Ends.ReopenCount})
	require.Equal(t, map[string]string{"rita": "Rita", "bo": "Bo", "cy": "Cy"}, plan.Names.People)
	require.Equal(t, map[string]string{"mail": "Mail", "net": "Net"}, plan.Names.Teams)
	require.Equal(t, map[string]map[string]bool{"mail": {"bo": true}, "net": {"cy": true}}, plan.Names.Members)
}

// TestWhatCannotBeLived says why, in the same words for all incidents of the kind.
func TestWhatCannotBeLived(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rows   []string
		whyNot string
	}{
		{[]string{"busy", "new"}, "no 2 commands lead from in_progress to new"},
		{[]string{"done", "triaged"}, "no 2 commands lead from resolved to triaged"},
		{[]string{"void", "busy"}, "no 2 commands lead from canceled to in_progress"},
		{[]string{"busy", "user", "new"}, "no 2 commands lead from on_hold (awaiting_requester) to new"},
		{[]string{"done mail", "done net"}, "assign is not allowed while the incident is resolved"},
		{[]string{"done", "done - - high"}, "change_priority is not allowed while the incident is resolved"},
		{[]string{"over", "over - - - disk"}, "edit is not allowed while the incident is closed"},
		{[]string{"new", "later"}, "hold: until is needed when work is scheduled"},
		{[]string{"triaged"}, "triage: team is needed to triage: nobody owns this incident"},
		{[]string{"new - bo"}, "a person has it before the log names a team, and the map has no replay.team"},
	} {
		m := parse(t, lived)
		plan, whyNot := m.Plan(group(t, m, test.rows...), vocabulary)
		require.Equal(t, test.whyNot, whyNot, test.rows)
		require.Empty(t, plan.Steps, test.rows)
	}
	withTeam := parse(t, strings.Replace(lived, "replay: {", "replay: {team: No Group, ", 1))
	plan, whyNot := withTeam.Plan(group(t, withTeam, "new - bo", "busy - cy"), vocabulary)
	require.Empty(t, whyNot)
	require.Equal(t, []string{"log", "assign start"}, given(plan))
	require.Equal(t, "No Group", plan.Names.Teams["no-group"])
	require.Equal(t, map[string]bool{"bo": true, "cy": true}, plan.Names.Members["no-group"])
}

// TestKeys: a step's key is the same at every try, and no two steps share one.
func TestKeys(t *testing.T) {
	t.Parallel()
	m := parse(t, lived)
	incidents := group(t, m, "busy", "over")
	plan, _ := m.Plan(incidents, vocabulary)
	again, _ := m.Plan(incidents, vocabulary)
	other := incidents
	other.Number = "I2"
	neighbour, _ := m.Plan(other, vocabulary)
	keys := map[string]bool{}
	for i, step := range plan.Steps {
		require.Equal(t, plan.Key("1", step), again.Key("1", again.Steps[i]))
		for _, key := range []string{plan.Key("1", step), plan.Key("2", step), neighbour.Key("1", neighbour.Steps[i])} {
			require.False(t, keys[key])
			keys[key] = true
		}
	}
}

// TestPlansAgreeWithRecounts: an incident that is lived again ends as the import of the same rows has it.
func TestPlansAgreeWithRecounts(t *testing.T) {
	t.Parallel()
	m := parse(t, strings.Replace(lived, "replay: {", "replay: {team: none, ", 1))
	states := slices.Sorted(maps.Keys(m.Values["state"]))
	rapid.Check(t, func(rt *rapid.T) {
		var rows []string
		for range rapid.IntRange(1, 8).Draw(rt, "rows") {
			rows = append(rows, strings.Join([]string{
				rapid.SampledFrom(states).Draw(rt, "state"), rapid.SampledFrom([]string{"mail", "net"}).Draw(rt, "team"),
				rapid.SampledFrom([]string{"-", "bo", "cy"}).Draw(rt, "person"), rapid.SampledFrom([]string{"low", "high"}).Draw(rt, "impact"),
			}, " "))
		}
		incidents := group(rt, m, rows...)
		plan, whyNot := m.Plan(incidents, vocabulary)
		if whyNot != "" {
			return
		}
		agree(rt, plan, incidents)
		require.LessOrEqual(rt, len(plan.Steps), 5*len(rows))
	})
}

// agree compares a plan's end with the recount of the same rows. Two things differ: where the map's team stood in, going from
// there to a team of the log counts as one reassignment more, and an incident whose first row is closed counts as resolved at
// first contact only when it is lived.
func agree(t require.TestingT, plan importmap.Plan, group importmap.Group) {
	recounted, _, err := incident.Recount(group.Past, incident.Facts{Matrix: vocabulary.Matrix}, domain.Actor{}, group.Snapshots[len(group.Snapshots)-1].At)
	require.NoError(t, err)
	outline := func(i incident.Incident) []any {
		return []any{
			i.State, i.Hold.Reason, i.Assignee, i.Priority, i.ReopenCount, i.Resolution.Code, i.Title, i.Category, i.Requester,
			i.StartedAt != nil,
		}
	}
	require.Equal(t, outline(recounted), outline(plan.Ends), group.Number)
	if group.Snapshots[0].State != incident.Closed {
		require.Equal(t, recounted.FirstContact, plan.Ends.FirstContact, group.Number)
	}
	if plan.Names.Teams["group-not-named"] == "" {
		require.Equal(t, []any{recounted.Team, recounted.ReassignmentCount}, []any{plan.Ends.Team, plan.Ends.ReassignmentCount}, group.Number)
	}
}

// TestWholeLog reads all 141,712 rows where the log lies beside the checkout: exactly six are bad, and 49 incidents take
// steps that the lifecycle does not know.
func TestWholeLog(t *testing.T) {
	t.Parallel()
	log, err := os.Open(wholeLog)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the whole UCI log is not beside this checkout (" + wholeLog + "); its excerpt is tested instead")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close()) })
	m := parse(t, file(t, logMap))
	groups, rejects := read(t, m, log)
	rows, lived, whyNot := 0, 0, map[string]int{}
	for _, group := range groups {
		rows += group.Rows
		plan, why := m.Plan(group, vocabulary)
		if why != "" {
			whyNot[why]++
			continue
		}
		lived++
		agree(t, plan, group)
	}
	require.Len(t, rejects, 6)
	require.Equal(t, 141_706, rows)
	require.Len(t, groups, 24_918)
	require.Equal(t, 24_869, lived)
	require.Equal(t, map[string]int{
		"assign is not allowed while the incident is resolved": 48,
		"edit is not allowed while the incident is closed":     1,
	}, whyNot)
}

// FuzzPlan: no file makes a plan that is no JSON, or that does not begin with its incident.
func FuzzPlan(f *testing.F) {
	f.Add("I1,new,2024-01-01 10:00\nI1,done,2024-01-01 11:00\n")
	f.Add("I1,busy,2024-01-01 10:00\nI1,new,2024-01-01 11:00\nI2,done,2024-01-01 11:00\n")
	f.Fuzz(func(t *testing.T, content string) {
		m := parse(t, small)
		reader, err := importmap.NewReader(m, vocabulary, strings.NewReader("id,status,changed\n"+content), func(importmap.Reject) {})
		require.NoError(t, err)
		for {
			group, err := reader.Next()
			if err != nil {
				return
			}
			plan, whyNot := m.Plan(group, vocabulary)
			require.NotEqual(t, whyNot == "", len(plan.Steps) == 0)
			for i, step := range plan.Steps {
				require.True(t, json.Valid(step.Body))
				require.Equal(t, i == 0, step.Verb == "log")
			}
		}
	})
}
