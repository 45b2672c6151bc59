package simulation

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Sums count promises, and what becomes of them.
type Sums struct {
	// Promises are those that either side makes.
	Promises int `json:"promises"`
	// Before and After are the breaches under the present and the proposed documents.
	Before int `json:"breaches_before"`
	After  int `json:"breaches_after"`
	Gained int `json:"gained"`
	Lost   int `json:"lost"`
	Kept   int `json:"kept"`
}

// Group is one line of sums.
type Group struct {
	Metric sla.Metric `json:"metric"`
	// Key is the priority ("2"), the team or the week; empty where there is none, and in the totals.
	Key string `json:"key,omitempty"`
	Sums
}

// Report is what a comparison of many records found.
type Report struct {
	Records    int     `json:"records"`
	Totals     []Group `json:"totals"`
	ByPriority []Group `json:"by_priority"`
	ByTeam     []Group `json:"by_team"`
	ByWeek     []Group `json:"by_week"`
	// Verdicts are the promises with a breach under either side, so that each figure can be told by its records.
	Verdicts []Verdict `json:"verdicts"`
}

// Tally adds verdicts up; the zero value is ready. It is not safe for concurrent use.
type Tally struct {
	records  int
	sums     map[place]*Sums
	verdicts []Verdict
}

// place is one line of one table.
type place struct {
	table  table
	metric sla.Metric
	key    string
}

type table int

const (
	totals table = iota
	byPriority
	byTeam
	byWeek
)

// Add counts the verdicts of one record.
func (t *Tally) Add(verdicts []Verdict) {
	if t.sums == nil {
		t.sums = map[place]*Sums{}
	}
	t.records++
	for _, v := range verdicts {
		for _, at := range []place{
			{totals, v.Metric, ""},
			{byPriority, v.Metric, strconv.Itoa(v.Priority)},
			{byTeam, v.Metric, v.Team},
			{byWeek, v.Metric, v.Week},
		} {
			sums := t.sums[at]
			if sums == nil {
				sums = &Sums{}
				t.sums[at] = sums
			}
			sums.count(v)
		}
		if v.Change != Unchanged {
			t.verdicts = append(t.verdicts, v)
		}
	}
}

func (s *Sums) count(v Verdict) {
	s.Promises++
	if v.Present.Breached() {
		s.Before++
	}
	if v.Proposed.Breached() {
		s.After++
	}
	switch v.Change {
	case Gained:
		s.Gained++
	case Lost:
		s.Lost++
	case Kept:
		s.Kept++
	}
}

// Report makes the report of what was added. Verdicts are in the order of metric, number.
func (t *Tally) Report() Report {
	report := Report{
		Records: t.records, Totals: t.groups(totals), ByPriority: t.groups(byPriority), ByTeam: t.groups(byTeam), ByWeek: t.groups(byWeek),
		Verdicts: append([]Verdict{}, t.verdicts...),
	}
	slices.SortFunc(report.Verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(rank(a.Metric), rank(b.Metric)), cmp.Compare(a.Number, b.Number))
	})
	return report
}

func (t *Tally) groups(of table) []Group {
	list := []Group{}
	for at, sums := range t.sums {
		if at.table == of {
			list = append(list, Group{Metric: at.metric, Key: at.key, Sums: *sums})
		}
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(rank(a.Metric), rank(b.Metric)), cmp.Compare(a.Key, b.Key))
	})
	return list
}

func rank(metric sla.Metric) int { return slices.Index(sla.Metrics, metric) }

// Join adds what other reports found about other records to this one.
func (r *Report) Join(others ...Report) {
	for _, list := range []*[]Group{&r.Totals, &r.ByPriority, &r.ByTeam, &r.ByWeek} {
		*list = append([]Group{}, *list...)
	}
	r.Verdicts = append([]Verdict{}, r.Verdicts...)
	for _, other := range others {
		r.Records += other.Records
		r.Totals = joined(r.Totals, other.Totals)
		r.ByPriority = joined(r.ByPriority, other.ByPriority)
		r.ByTeam = joined(r.ByTeam, other.ByTeam)
		r.ByWeek = joined(r.ByWeek, other.ByWeek)
		r.Verdicts = append(r.Verdicts, other.Verdicts...)
	}
	slices.SortFunc(r.Verdicts, func(a, b Verdict) int {
		return cmp.Or(cmp.Compare(rank(a.Metric), rank(b.Metric)), cmp.Compare(a.Number, b.Number))
	})
}

func joined(list, more []Group) []Group {
	for _, group := range more {
		i := slices.IndexFunc(list, func(g Group) bool { return g.Metric == group.Metric && g.Key == group.Key })
		if i < 0 {
			list = append(list, group)
			continue
		}
		s := &list[i].Sums
		s.Promises, s.Before, s.After = s.Promises+group.Promises, s.Before+group.Before, s.After+group.After
		s.Gained, s.Lost, s.Kept = s.Gained+group.Gained, s.Lost+group.Lost, s.Kept+group.Kept
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(rank(a.Metric), rank(b.Metric)), cmp.Compare(a.Key, b.Key))
	})
	return list
}
