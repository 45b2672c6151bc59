package cron

import "github.com/robfig/cron/v3"

// Calendar is a schedule as whoever keeps timetables takes it: it names every wall time whose minute, hour, day of month, month and
// day of week each lie in one of the ranges given for it. A field without a range names nothing.
type Calendar struct {
	Minutes     []Range
	Hours       []Range
	DaysOfMonth []Range
	Months      []Range
	// DaysOfWeek count from Sunday, 0, to Saturday, 6.
	DaysOfWeek []Range
}

// Range is the values from Start to End, both in it.
type Range struct{ Start, End int }

// star marks a field that was left open, as the library that reads them does.
const star = 1 << 63

// Calendars are the calendars that together name what the schedule names: one, or two where both day fields are restricted, because
// then either one suffices. A wall time that both name is named once.
//
// They say nothing of clock changes. For whoever keeps such a calendar, a wall time that one leaves out may come at another moment of
// that day, and one that it repeats at either or both of its moments: what is done at a moment must be named by its wall time.
func (s Schedule) Calendars() []Calendar {
	fields, read := s.dates.(*cron.SpecSchedule)
	if !read {
		return nil
	}
	both := Calendar{
		Minutes: ranges(fields.Minute, 0, 59), Hours: ranges(fields.Hour, 0, 23), DaysOfMonth: ranges(fields.Dom, 1, 31),
		Months: ranges(fields.Month, 1, 12), DaysOfWeek: ranges(fields.Dow, 0, 6),
	}
	if fields.Dom&star != 0 || fields.Dow&star != 0 {
		return []Calendar{both}
	}
	byDate, byDay := both, both
	byDate.DaysOfWeek = []Range{{0, 6}}
	byDay.DaysOfMonth = []Range{{1, 31}}
	return []Calendar{byDate, byDay}
}

// ranges reads the values of a field, one bit each.
func ranges(bits uint64, lowest, highest int) []Range {
	var found []Range
	for value := lowest; value <= highest; value++ {
		switch last := len(found) - 1; {
		case bits&(1<<value) == 0:
		case last >= 0 && found[last].End == value-1:
			found[last].End = value
		default:
			found = append(found, Range{value, value})
		}
	}
	return found
}
