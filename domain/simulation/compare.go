package simulation

import (
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/sla"
)

// Change says what a proposal does to one promise.
type Change string

// The changes. A breach is gained where the promise was kept, is open or was not made before, and is broken under the proposal;
// it is lost the other way round, and kept where the promise is broken under both.
const (
	Gained    Change = "gained"
	Lost      Change = "lost"
	Kept      Change = "kept"
	Unchanged Change = "unchanged" // no breach under either
)

// Verdict compares one promise to one record.
type Verdict struct {
	ID     string     `json:"id"`
	Number string     `json:"number"`
	Metric sla.Metric `json:"metric"`
	Change Change     `json:"change"`
	// Priority and Team are the record's at the end, Week the ISO week in which it was opened, in UTC: "2026-W49".
	Priority int     `json:"priority"`
	Team     string  `json:"team,omitempty"`
	Week     string  `json:"week"`
	Present  Outcome `json:"present"`
	Proposed Outcome `json:"proposed"`
}

// Comparison lets cases live under two sides.
type Comparison struct {
	Present, Proposed *Side
	// Until is the moment up to which clocks run that nothing has stopped.
	Until time.Time
}

// Compare answers a verdict for each promise that either side makes to a record. It is safe to call for several cases at once.
func (c *Comparison) Compare(one *Case) ([]Verdict, error) {
	present, proposed := c.Present.life(one), c.Proposed.life(one)
	before, err := c.live(one, present)
	if err != nil {
		return nil, err
	}
	after := before
	if !present.same(proposed) {
		if after, err = c.live(one, proposed); err != nil {
			return nil, err
		}
	}
	var list []Verdict
	for i, metric := range sla.Metrics {
		if !before[i].Promised() && !after[i].Promised() {
			continue
		}
		list = append(list, Verdict{
			ID: one.ID, Number: one.Number, Metric: metric, Change: changeOf(before[i], after[i]), Priority: one.Priority,
			Team: one.Team, Week: Week(one.OpenedAt()), Present: before[i], Proposed: after[i],
		})
	}
	return list, nil
}

func (c *Comparison) live(one *Case, l life) ([5]Outcome, error) {
	clocks, err := l.clocks(one, c.Until)
	return outcomes(clocks, l.last()), err
}

func changeOf(before, after Outcome) Change {
	switch {
	case before.Breached() && after.Breached():
		return Kept
	case before.Breached():
		return Lost
	case after.Breached():
		return Gained
	}
	return Unchanged
}

// Week names the ISO week of an instant, in UTC.
func Week(at time.Time) string {
	year, week := at.UTC().ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}
