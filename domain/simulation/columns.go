package simulation

// Columns name what Values gives, for tables of verdicts.
var Columns = append([]string{"number", "metric", "change", "priority", "team", "week"}, append(sideColumns("present"), sideColumns("proposed")...)...)

func sideColumns(side string) []string {
	list := []string{"state", "agreement", "priority", "target", "elapsed_ms", "due_at"}
	for i, name := range list {
		list[i] = side + "_" + name
	}
	return list
}

// Values are a verdict's values in the order of Columns: texts, numbers and instants, which may be nil. A side that promises
// nothing has the state none.
func (v Verdict) Values() []any {
	values := []any{v.Number, string(v.Metric), string(v.Change), v.Priority, v.Team, v.Week}
	for _, o := range []Outcome{v.Present, v.Proposed} {
		if o.Promised() {
			values = append(values, string(o.State), o.Agreement, o.Priority, o.Target, o.ElapsedMS, o.DueAt)
		} else {
			values = append(values, "none", "", o.Priority, "", "", nil)
		}
	}
	return values
}
