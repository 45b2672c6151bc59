package sla

import (
	"cmp"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// measure adds up the open time of a life between two instants: what counts for a metric and what does not.
func (t Terms) measure(metric Metric, life Life, from, to time.Time) (elapsedMS, pausedMS int64) {
	for s := range until(life.since(from), to) {
		open := t.Calendar.Between(s.From, s.to).Milliseconds()
		if counts, _ := t.Spec.counts(metric, s.Segment); counts {
			elapsedMS += open
		} else {
			pausedMS += open
		}
	}
	return elapsedMS, pausedMS
}

// reaches finds the first instant at which so much time is counted, if the life goes on as it is. It is not foreseen while the
// clock is paused, nor where the calendar never opens again.
func (t Terms) reaches(metric Metric, life Life, from time.Time, amountMS int64) (time.Time, bool) {
	var sum int64
	for s := range life.since(from) {
		if counts, _ := t.Spec.counts(metric, s.Segment); !counts {
			continue
		}
		if !s.lasts {
			open := t.Calendar.Between(s.From, s.to).Milliseconds()
			if sum+open < amountMS {
				sum += open
				continue
			}
		}
		at, err := t.Calendar.Add(s.From, time.Duration(amountMS-sum)*time.Millisecond)
		return domain.Millisecond(at), err == nil
	}
	return time.Time{}, false
}

// rate makes the clock of a promise. There is none where nothing is promised for the priority, or the calendar never opens.
func (t Terms) rate(metric Metric, priority int, from time.Time) (Clock, bool) {
	target, promised := t.Spec.target(metric, priority)
	if !promised {
		return Clock{}, false
	}
	end, err := t.Calendar.AddDuration(from, target)
	if err != nil {
		return Clock{}, false
	}
	return Clock{
		Metric: metric, Agreement: t.Agreement, AgreementVersion: t.Version, Cycle: 1, Rating: 1, Priority: priority,
		Calendar: t.CalendarName, CalendarVersion: t.CalendarVersion, Target: target.String(),
		LengthMS:  t.Calendar.Between(from, end).Milliseconds(),
		CycleFrom: from, From: from, InForce: true, Points: []Point{},
	}, true
}

// mark is a place of a clock that has not come yet.
type mark struct {
	name     string
	amountMS int64
}

// Due is the name of the place at which a clock's target is reached.
const Due = "due"

// ahead lists the places of a clock that are not settled, in the order in which they come; the end of the target comes before
// thresholds of the same instant.
func (t Terms) ahead(c Clock) []mark {
	var list []mark
	if c.BreachedAt == nil {
		list = append(list, mark{Due, c.LengthMS})
	}
	for _, threshold := range t.Spec.Thresholds {
		name := threshold.At.String()
		amount := threshold.At.reachedAt(c.LengthMS)
		settled := slices.ContainsFunc(c.Points, func(p Point) bool { return p.At == name && p.Outcome != ActedBefore })
		if threshold.Metric == c.Metric && amount > 0 && !settled {
			list = append(list, mark{name, amount})
		}
	}
	slices.SortStableFunc(list, func(a, b mark) int { return cmp.Compare(a.amountMS, b.amountMS) })
	return list
}

// actions are what a clock's threshold does.
func (t Terms) actions(c Clock, at string) []Action {
	for _, threshold := range t.Spec.Thresholds {
		if threshold.Metric == c.Metric && threshold.At.String() == at {
			return threshold.Do
		}
	}
	return nil
}

// Reassigns are the teams to which what comes next on a clock gives the record.
func (t Terms) Reassigns(c Clock) []string {
	var teams []string
	ahead := t.ahead(c)
	for _, place := range ahead {
		if place.amountMS > ahead[0].amountMS {
			break
		}
		for _, action := range t.actions(c, place.name) {
			if action.Reassign != "" {
				teams = append(teams, action.Reassign)
			}
		}
	}
	return teams
}

// read brings what a running clock shows in line with the life, as of an instant.
func (t Terms) read(c *Clock, life Life, at time.Time) {
	c.ElapsedMS, c.PausedMS = t.measure(c.Metric, life, c.From, at)
	c.AsOf = at
	c.Counting, _ = t.Spec.counts(c.Metric, life.Now())
	c.DueAt, c.NextAt, c.Next = c.BreachedAt, nil, ""
	if c.BreachedAt == nil {
		c.State = Paused
		if c.Counting {
			c.State = Running
		}
		if at, foreseen := t.reaches(c.Metric, life, c.From, c.LengthMS); foreseen {
			c.DueAt = &at
		}
	}
	if ahead := t.ahead(*c); len(ahead) > 0 {
		if at, foreseen := t.reaches(c.Metric, life, c.From, ahead[0].amountMS); foreseen {
			c.NextAt, c.Next = &at, ahead[0].name
		}
	}
}
