package main

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/simulation"
)

// groupTable shows sums by what they are grouped by; without a title they are the totals.
func groupTable(title string, groups []simulation.Group) table {
	t := table{titles: []string{"METRIC", title, "PROMISES", "BREACHES", "PROPOSED", "GAINED", "LOST"}}
	for _, g := range groups {
		key := g.Key
		if key == "" {
			key = "none"
		}
		t.rows = append(t.rows, []any{string(g.Metric), key, g.Promises, g.Before, g.After, marked(g.Gained), g.Lost})
	}
	if title == "" {
		t.titles = slices.Delete(t.titles, 1, 2)
		for i := range t.rows {
			t.rows[i] = slices.Delete(t.rows[i], 1, 2)
		}
	}
	return t
}

// marked lets breaches that are gained be seen first.
func marked(gained int) any {
	if gained > 0 {
		return urgent{gained}
	}
	return gained
}

// mostMoved are the groups in which something changes, the most first.
func mostMoved(groups []simulation.Group) []simulation.Group {
	sorted := slices.DeleteFunc(slices.Clone(groups), func(g simulation.Group) bool { return g.Gained+g.Lost == 0 })
	slices.SortStableFunc(sorted, func(a, b simulation.Group) int { return b.Gained + b.Lost - a.Gained - a.Lost })
	return sorted
}

// changeTable shows the records whose breach is gained or lost.
func changeTable(title string, change simulation.Change, verdicts []simulation.Verdict) table {
	t := table{titles: []string{title, "METRIC", "PRIORITY", "TEAM", "NOW", "PROPOSED"}}
	for _, v := range verdicts {
		if v.Change == change {
			t.rows = append(t.rows, []any{v.Number, string(v.Metric), v.Priority, v.Team, worded(v.Present), worded(v.Proposed)})
		}
	}
	return t
}

// worded says in short what became of a promise.
func worded(o simulation.Outcome) string {
	if !o.Promised() {
		return "no promise"
	}
	return string(o.State) + ", " + duration(o.ElapsedMS) + " of " + duration(o.LengthMS) + " (" + o.Agreement + ")"
}

func duration(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(time.Second).String()
}

// verdictTable is every promise with a breach on either side, one a line, for programs.
func verdictTable(verdicts []simulation.Verdict) table {
	t := table{empty: "No breach on either side."}
	for _, name := range simulation.Columns {
		t.titles = append(t.titles, strings.ToUpper(strings.ReplaceAll(name, "_", " ")))
	}
	for _, v := range verdicts {
		t.rows = append(t.rows, v.Values())
	}
	return t
}
