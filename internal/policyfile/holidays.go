package policyfile

import (
	"maps"
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/ecb"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"
)

// The years for which holiday sets give dates; records older or younger than that have only a calendar's own holidays.
const (
	firstHolidayYear = 2000
	lastHolidayYear  = 2099
)

// holidaySets are the sets that a calendar can include. The library knows rules; a set is the days on which they are
// observed, so a holiday that moves from Saturday to Friday closes the Friday.
var holidaySets = map[string][]*cal.Holiday{
	"at": at.Holidays, "au-act": au.HolidaysACT, "au-nsw": au.HolidaysNSW, "au-nt": au.HolidaysNT, "au-qld": au.HolidaysQLD,
	"au-sa": au.HolidaysSA, "au-tas": au.HolidaysTAS, "au-vic": au.HolidaysVIC, "au-wa": au.HolidaysWA, "be": be.Holidays,
	"br": br.Holidays, "ca": ca.Holidays, "ch": ch.Holidays, "cz": cz.Holidays, "de": de.Holidays, "de-bb": de.HolidaysBB,
	"de-be": de.HolidaysBE, "de-bw": de.HolidaysBW, "de-by": de.HolidaysBY, "de-hb": de.HolidaysHB, "de-he": de.HolidaysHE,
	"de-hh": de.HolidaysHH, "de-mv": de.HolidaysMV, "de-ni": de.HolidaysNI, "de-nw": de.HolidaysNW, "de-rp": de.HolidaysRP,
	"de-sh": de.HolidaysSH, "de-sl": de.HolidaysSL, "de-sn": de.HolidaysSN, "de-st": de.HolidaysST, "de-th": de.HolidaysTH,
	"dk": dk.Holidays, "ecb": ecb.Holidays, "es": es.Holidays, "fr": fr.Holidays, "gb": gb.Holidays, "ie": ie.Holidays,
	"it": it.Holidays, "jp": jp.Holidays, "nl": nl.Holidays, "no": no.Holidays, "nz": nz.Holidays, "pl": pl.Holidays,
	"se": se.Holidays, "us-federal": us.Holidays,
}

// The library computes in the machine's zone unless told otherwise, and in some zones a day has no midnight.
func init() { cal.DefaultLoc = time.UTC }

// HolidaySets lists the names that a calendar's include takes, in order.
func HolidaySets() []string { return slices.Sorted(maps.Keys(holidaySets)) }

// datesOf gives the dates on which a set is observed.
func datesOf(set []*cal.Holiday) []time.Time {
	var dates []time.Time
	for year := firstHolidayYear; year <= lastHolidayYear; year++ {
		for _, holiday := range set {
			_, observed := holiday.Calc(year)
			if observed.IsZero() || observed.Year() < year-1 {
				continue // not held in this year
			}
			dates = append(dates, observed)
		}
	}
	return dates
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
