package app

import (
	"strconv"
	"strings"
	"time"
)

// Language is one that pages are shown in. The words are English in all there are; how moments and numbers are written is the
// region's. Another language would be a row of this table, and its words.
type Language struct {
	// Tag names it as BCP 47 does; Name is what it calls itself.
	Tag, Name string
	// moment is the layout of a moment to the minute, clock that of one in these weeks, day that of a day, date that of one with its year, time that of a time of day; group stands between thousands, decimal before the fraction.
	moment, clock, day, date, time, group, decimal string
}

// Languages are those there are. The first is that of whoever neither chose one nor has a browser that asks for one.
var Languages = []Language{
	{Tag: "en-GB", Name: "English (United Kingdom)", moment: "2 Jan 2006, 15:04 MST", clock: "Mon 2 Jan 15:04", day: "2 January", date: "2 January 2006", time: "15:04", group: ",", decimal: "."},
	{Tag: "en-US", Name: "English (United States)", moment: "Jan 2, 2006, 3:04 PM MST", clock: "Mon Jan 2, 3:04 PM", day: "January 2", date: "January 2, 2006", time: "3:04 PM", group: ",", decimal: "."},
}

// LanguageOf finds a language by its tag.
func LanguageOf(tag string) (Language, bool) {
	for _, one := range Languages {
		if strings.EqualFold(one.Tag, tag) {
			return one, true
		}
	}
	return Languages[0], false
}

// LanguageAsked finds the first language there is among those that a browser lists in Accept-Language, which it does in the order
// of its reader's preference.
func LanguageAsked(accept string) Language {
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(part, ";")
		if one, known := LanguageOf(strings.TrimSpace(tag)); known {
			return one
		}
	}
	return Languages[0]
}

// Moment writes a moment to the minute, with its zone: that of at.
func (l Language) Moment(at time.Time) string { return at.Format(l.moment) }

// Clock writes a moment of these weeks to the minute, with its day of the week; its zone is told beside it.
func (l Language) Clock(at time.Time) string { return at.Format(l.clock) }

// Day writes a day of this year.
func (l Language) Day(at time.Time) string { return at.Format(l.day) }

// Date writes a day with its year.
func (l Language) Date(at time.Time) string { return at.Format(l.date) }

// Time writes a time of day to the minute; its day is told beside it.
func (l Language) Time(at time.Time) string { return at.Format(l.time) }

// Number writes a whole number: 12,345.
func (l Language) Number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for place := len(digits) - 3; place > 0; place -= 3 {
		digits = digits[:place] + l.group + digits[place:]
	}
	return sign + digits
}

// Decimal writes a number to one digit after the point: 1.5.
func (l Language) Decimal(n float64) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(n, 'f', 1, 64), ".")
	return whole + l.decimal + fraction
}
