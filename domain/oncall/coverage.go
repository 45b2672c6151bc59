package oncall

import (
	"cmp"
	"slices"
	"time"
)

// CheckedWeeks is how far ahead a schedule is checked.
const CheckedWeeks = 52

// Coverage is what the check of a schedule found between two instants.
type Coverage struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Gaps are times at which nobody is on call.
	Gaps []Gap `json:"gaps"`
	// Doubles are times that several layers cover, of which the last one wins.
	Doubles []Double `json:"doubles"`
	// Load is how long each one is on call, the longest first.
	Load []Load `json:"load"`
}

// Gap is a time at which nobody is on call.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Double is a time that several layers cover.
type Double struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Layers are those that have somebody on; the last one wins.
	Layers []string `json:"layers"`
}

// Load is how long somebody is on call.
type Load struct {
	Person  string `json:"person"`
	Seconds int64  `json:"seconds"`
}

// Check looks through the 52 weeks after an instant.
func (s *Schedule) Check(from time.Time, overrides []Override) Coverage {
	local := from.In(s.zone)
	found := Coverage{From: from.UTC(), To: local.AddDate(0, 0, 7*CheckedWeeks).UTC(), Gaps: []Gap{}, Doubles: []Double{}, Load: []Load{}}
	sums := map[string]time.Duration{}
	s.walk(found.From, found.To, overrides, func(step step) {
		if len(step.duties) == 0 {
			found.gap(step)
		}
		if len(step.layers) > 1 {
			found.double(step)
		}
		for _, duty := range step.duties {
			sums[duty.Person] += step.to.Sub(step.from)
		}
	})
	for person, sum := range sums {
		found.Load = append(found.Load, Load{Person: person, Seconds: int64(sum / time.Second)})
	}
	slices.SortFunc(found.Load, func(a, b Load) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), cmp.Compare(a.Person, b.Person))
	})
	return found
}

// gap notes a time without anybody, joined to the one before where it goes on.
func (c *Coverage) gap(step step) {
	if last := len(c.Gaps) - 1; last >= 0 && c.Gaps[last].To.Equal(step.from) {
		c.Gaps[last].To = step.to
		return
	}
	c.Gaps = append(c.Gaps, Gap{From: step.from, To: step.to})
}

func (c *Coverage) double(step step) {
	layers := make([]string, len(step.layers))
	for i, duty := range step.layers {
		layers[i] = duty.Layer
	}
	if last := len(c.Doubles) - 1; last >= 0 && c.Doubles[last].To.Equal(step.from) && slices.Equal(c.Doubles[last].Layers, layers) {
		c.Doubles[last].To = step.to
		return
	}
	c.Doubles = append(c.Doubles, Double{From: step.from, To: step.to, Layers: layers})
}
