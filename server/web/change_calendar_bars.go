package web

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// calendarBar is what one day shows of a freeze or a maintenance window. One that lasts longer than a day of its week is drawn across
// the days: it is named on the first of them, and goes on over the others.
type calendarBar struct {
	app.WindowView
	// Days is how many days of the week it is drawn over from this one on, where it is named; 0: it goes on. Room is how many of them
	// the name has: the last one says until when.
	Days, Room int
	// Begins and Ends: it does so on this day.
	Begins, Ends bool
	// Blank: nothing is drawn, so that those below it stay in their line.
	Blank bool
}

// Long reports whether it is drawn over several days.
func (b calendarBar) Long() bool { return b.Days != 1 }

// Freeze reports whether it is a freeze, rather than a maintenance window.
func (b calendarBar) Freeze() bool { return b.Kind == policy.KindFreezeWindow }

// kindWord says which of both it is.
func (b calendarBar) kindWord() string {
	if b.Freeze() {
		return "freeze"
	}
	return "maintenance window"
}

// class is how it is drawn.
func (b calendarBar) class() string {
	name := "day-window maintenance"
	if b.Freeze() {
		name = "day-window freeze"
	}
	if !b.Long() {
		return name
	}
	name += " long"
	if b.Days > 0 {
		name += " named room-" + strconv.Itoa(b.Room)
	}
	if !b.Begins {
		name += " came"
	}
	if !b.Ends {
		name += " goes"
	}
	return name
}

// layWindows puts windows onto the days of a week: those that last over several of them first, each in a line of its own where they
// meet.
func layWindows(week []calendarDay, windows []app.WindowView) {
	var lines []int // of each line, the day after the last one that is taken
	for _, long := range []bool{true, false} {
		for _, one := range windows {
			first := slices.IndexFunc(week, func(day calendarDay) bool { return one.Overlaps(day.span()) })
			if first < 0 {
				continue
			}
			last := first
			for last+1 < len(week) && one.Overlaps(week[last+1].span()) {
				last++
			}
			if (last > first) != long {
				continue
			}
			line := len(lines)
			if long {
				if free := slices.IndexFunc(lines, func(taken int) bool { return taken <= first }); free >= 0 {
					line = free
				} else {
					lines = append(lines, 0)
				}
				lines[line] = last + 1
			}
			for at := first; at <= last; at++ {
				bar := calendarBar{WindowView: one, Begins: !one.From.Before(week[at].From), Ends: !one.To.After(week[at].To)}
				if at == first {
					bar.Days = last - first + 1
					bar.Room = bar.Days
					if one.To.Before(week[last].To) {
						bar.Room = max(1, bar.Days-1)
					}
				}
				week[at].put(bar, line)
			}
		}
	}
}

// put draws a bar on a day: a long one in its line, any other below them.
func (d *calendarDay) put(bar calendarBar, line int) {
	if !bar.Long() {
		d.Windows = append(d.Windows, bar)
		return
	}
	for len(d.Windows) <= line {
		d.Windows = append(d.Windows, calendarBar{Blank: true})
	}
	d.Windows[line] = bar
}

// partOf words which part of a day a window takes: nothing where it is all of it.
func partOf(ctx context.Context, zone *time.Location, day calendarDay, bar calendarBar) string {
	clock := func(at time.Time) string { return languageOf(ctx).Time(at.In(zone)) }
	begins, ends := bar.From.After(day.From), bar.To.Before(day.To)
	switch {
	case begins && ends:
		return clock(bar.From) + "–" + clock(bar.To)
	case begins:
		return "from " + clock(bar.From)
	case ends:
		return "until " + clock(bar.To)
	}
	return ""
}
