package oncall

import (
	"cmp"
	"slices"
	"time"
)

// On is who is on call at an instant, in the order in which they are to be asked; nobody in a gap.
func (s *Schedule) On(at time.Time, overrides []Override) []Duty {
	var duties []Duty
	for i := len(s.layers) - 1; i >= 0 && duties == nil; i-- {
		if duty, found := s.layers[i].on(at); found {
			duties = []Duty{duty}
		}
	}
	return changed(duties, inOrder(overrides), at)
}

// People are the handles of duties.
func People(duties []Duty) []string {
	handles := make([]string, len(duties))
	for i, duty := range duties {
		handles[i] = duty.Person
	}
	return handles
}

// changed are the duties that overrides, which are in order, leave at an instant.
func changed(duties []Duty, overrides []Override, at time.Time) []Duty {
	for _, override := range overrides {
		if override.covers(at) {
			duties = override.apply(duties)
		}
	}
	return duties
}

// inOrder sorts overrides by when they were made.
func inOrder(overrides []Override) []Override {
	return slices.SortedStableFunc(slices.Values(overrides), func(a, b Override) int {
		return cmp.Or(a.MadeAt.Compare(b.MadeAt), cmp.Compare(a.ID, b.ID))
	})
}

// Shifts are who is on call between two instants, cut at them, in the order in which they begin and then of On. Turns of one
// person that follow each other in a layer are one shift.
func (s *Schedule) Shifts(from, to time.Time, overrides []Override) []Shift {
	var list []Shift
	var running []int // places in list of what is on call
	s.walk(from, to, overrides, func(step step) {
		var next []int
		for _, duty := range step.duties {
			place := slices.IndexFunc(running, func(i int) bool { return list[i].Duty == duty })
			if place < 0 {
				list = append(list, Shift{Duty: duty, From: step.from, To: step.to})
				next = append(next, len(list)-1)
				continue
			}
			list[running[place]].To = step.to
			next = append(next, running[place])
		}
		running = next
	})
	return list
}

// LayerShifts are the turns of each layer between two instants, by the layer's place, whether or not another covers them.
func (s *Schedule) LayerShifts(from, to time.Time) [][]Shift {
	lists := make([][]Shift, len(s.layers))
	for i := range s.layers {
		lists[i] = s.layers[i].shifts(from, to)
	}
	return lists
}

// step is a time in which nothing changes: which layers have somebody on, the covered ones first, and who is on call.
type step struct {
	from, to time.Time
	layers   []Duty
	duties   []Duty
}

// walk goes through an interval from one change to the next.
func (s *Schedule) walk(from, to time.Time, overrides []Override, visit func(step)) {
	if !from.Before(to) {
		return
	}
	overrides = inOrder(overrides)
	lists := s.LayerShifts(from, to)
	edges := []time.Time{from.UTC(), to.UTC()}
	add := func(at time.Time) {
		if at.After(from) && at.Before(to) {
			edges = append(edges, at.UTC())
		}
	}
	for _, list := range lists {
		for _, shift := range list {
			add(shift.From)
			add(shift.To)
		}
	}
	for _, override := range overrides {
		add(override.From)
		add(override.To)
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	places := make([]int, len(lists))
	for i := range len(edges) - 1 {
		step := step{from: edges[i], to: edges[i+1]}
		for l, list := range lists {
			for places[l] < len(list) && !list[places[l]].To.After(step.from) {
				places[l]++
			}
			if places[l] < len(list) && !list[places[l]].From.After(step.from) {
				step.layers = append(step.layers, list[places[l]].Duty)
			}
		}
		if last := len(step.layers) - 1; last >= 0 {
			step.duties = []Duty{step.layers[last]}
		}
		step.duties = changed(step.duties, overrides, step.from)
		visit(step)
	}
}

// Handoffs are the instants of an interval, with its start and without its end, at which those on call change: somebody takes
// over, begins after a gap, or ends before one. Whoever follows themselves makes none.
func (s *Schedule) Handoffs(from, to time.Time, overrides []Override) []time.Time {
	moments := []time.Time{}
	if !from.Before(to) {
		return moments
	}
	before := People(s.On(from.Add(-1), overrides))
	s.walk(from, to, overrides, func(step step) {
		if on := People(step.duties); !slices.Equal(on, before) {
			moments, before = append(moments, step.from), on
		}
	})
	return moments
}

// horizon is how far NextHandoffs looks ahead: every rotation changes hands within it, but for those of one person.
const horizon = 2 * 366 * 24 * time.Hour

// NextHandoffs are the first hand-offs after an instant, at most so many; fewer where there are no more within two years.
func (s *Schedule) NextHandoffs(after time.Time, count int, overrides []Override) []time.Time {
	var moments []time.Time
	after = after.Add(1)
	for from, width := after, 8*24*time.Hour; len(moments) < count && from.Before(after.Add(horizon)); width *= 2 {
		to := earlier(from.Add(width), after.Add(horizon))
		moments = append(moments, s.Handoffs(from, to, overrides)...)
		from = to
	}
	return moments[:min(count, len(moments))]
}
