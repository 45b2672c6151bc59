package calendar

import (
	"sort"
	"time"
)

// The years of which a calendar keeps its open spans once they were asked for; others are walked day by day.
const (
	firstYear = 1970
	lastYear  = 2100
)

// slack is more than any zone is ahead of or behind UTC, with room for clocks that go back over midnight.
const slack = 48 * time.Hour

// year holds the open spans of all dates of one year, in order, as nanoseconds since 1970: from[i] to to[i]. before[i] is the
// open time before from[i]; its last entry is that of the whole year.
type year struct {
	from, to, before []int64
}

// yearOf gives a year's spans, and makes them when they are first asked for. Two callers may make them at once: both are right.
func (c *Calendar) yearOf(number int) *year {
	place := &c.years[number-firstYear]
	if made := place.Load(); made != nil {
		return made
	}
	made := &year{}
	var sum int64
	for day := (date{number, time.January, 1}); day.year == number; day = day.next() {
		for _, s := range c.spans(day) {
			made.from, made.to = append(made.from, s.From.UnixNano()), append(made.to, s.To.UnixNano())
			made.before = append(made.before, sum)
			sum += int64(s.To.Sub(s.From))
		}
	}
	made.before = append(made.before, sum)
	place.Store(made)
	return made
}

// open is the open time of the year before an instant.
func (y *year) open(at int64) int64 {
	i := sort.Search(len(y.from), func(i int) bool { return y.from[i] >= at })
	if i == 0 {
		return 0
	}
	return y.before[i-1] + min(at, y.to[i-1]) - y.from[i-1]
}

// kept reports whether the years around two instants are among those that are kept, and which they are.
func kept(from, to time.Time) (first, last int, are bool) {
	first, last = from.Add(-slack).UTC().Year(), to.Add(slack).UTC().Year()
	return first, last, first >= firstYear && last <= lastYear
}

func (c *Calendar) lookUpBetween(from, to time.Time) (time.Duration, bool) {
	first, last, are := kept(from, to)
	if !are {
		return 0, false
	}
	var sum int64
	for number := first; number <= last; number++ {
		y := c.yearOf(number)
		sum += y.open(to.UnixNano()) - y.open(from.UnixNano())
	}
	return time.Duration(sum), true
}

func (c *Calendar) lookUpNext(t time.Time) (time.Time, bool) {
	first, _, are := kept(t, t)
	if !are {
		return time.Time{}, false
	}
	at := t.UnixNano()
	for number := first; number <= lastYear; number++ {
		y := c.yearOf(number)
		if len(y.to) == 0 {
			break // so rarely open that it matters how far the search goes
		}
		if i := sort.Search(len(y.to), func(i int) bool { return y.to[i] > at }); i < len(y.to) {
			return time.Unix(0, max(at, y.from[i])).UTC(), true
		}
	}
	return time.Time{}, false
}

func (c *Calendar) lookUpAdd(t time.Time, open time.Duration) (time.Time, bool) {
	first, _, are := kept(t, t)
	if !are {
		return time.Time{}, false
	}
	at, left := t.UnixNano(), int64(open)
	for number := first; number <= lastYear; number++ {
		y := c.yearOf(number)
		if len(y.to) == 0 {
			break // as in lookUpNext
		}
		gone := y.open(at)
		if rest := y.before[len(y.to)] - gone; left > rest {
			left -= rest
			continue
		}
		i := sort.Search(len(y.to), func(i int) bool { return y.before[i+1] >= gone+left })
		return time.Unix(0, y.from[i]+gone+left-y.before[i]).UTC(), true
	}
	return time.Time{}, false
}
