package schemas

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

const (
	calendarPrefix = policy.KindCalendar + "/"
	slaPrefix      = policy.KindSLA + "/"

	defaultCalendar = calendarPrefix + "default"
)

// AgreementVersion is the newest version of an agreement, or of a calendar that one can count in.
type AgreementVersion struct {
	Kind    string `bun:"kind"`
	Name    string `bun:"name"`
	Version int    `bun:"version"`
}

// NewestAgreements gives the newest version of every SLA and of every Calendar.
func NewestAgreements(ctx context.Context, db bun.IDB) ([]AgreementVersion, error) {
	var rows []AgreementVersion
	if err := newestAgreements.Scan(ctx, db, nil, &rows); err != nil {
		return nil, fmt.Errorf("reading the agreements: %w", err)
	}
	return rows, nil
}

var newestAgreements = pg.Prepared(`SELECT kind, name, max(version) AS version FROM policies WHERE kind IN ('SLA', 'Calendar') GROUP BY kind, name ORDER BY kind, name`)

// CalendarVersion is one version of a calendar.
type CalendarVersion struct {
	Name    string
	Version int
}

// CalendarOf is the calendar among the versions ("kind/name") that a record opened under: that of its service, else the default.
func CalendarOf(versions map[string]int) CalendarVersion {
	chosen := defaultCalendar
	for name := range versions {
		if strings.HasPrefix(name, calendarPrefix) && name != defaultCalendar {
			chosen = name
		}
	}
	return CalendarVersion{strings.TrimPrefix(chosen, calendarPrefix), versions[chosen]}
}

// Terms reads what clocks under a stamp are measured by.
func (d *Documents) Terms(ctx context.Context, db bun.IDB, stamp sla.Stamp) (sla.Terms, error) {
	spec, err := ReadDocument[sla.Agreement](ctx, d, db, slaPrefix+stamp.Agreement, stamp.Version)
	if err != nil {
		return sla.Terms{}, err
	}
	days, err := d.Calendar(ctx, db, stamp.Calendar, stamp.CalendarVersion)
	return sla.Terms{
		Agreement: stamp.Agreement, Version: stamp.Version, Spec: spec,
		Calendar: days, CalendarName: stamp.Calendar, CalendarVersion: stamp.CalendarVersion,
	}, err
}

// HeldTerms reads the terms of stamps and of clocks, each once.
func (d *Documents) HeldTerms(ctx context.Context, db bun.IDB, stamps []sla.Stamp, clocks []sla.Clock) ([]sla.Terms, error) {
	stamps = slices.Clone(stamps)
	for _, clock := range clocks {
		stamps = append(stamps, sla.Stamp{
			Agreement: clock.Agreement, Version: clock.AgreementVersion, Calendar: clock.Calendar, CalendarVersion: clock.CalendarVersion,
		})
	}
	var held []sla.Terms
	for _, stamp := range stamps {
		if slices.ContainsFunc(held, func(terms sla.Terms) bool { return terms.Stamps(stamp) }) {
			continue
		}
		terms, err := d.Terms(ctx, db, stamp)
		if err != nil {
			return nil, err
		}
		held = append(held, terms)
	}
	return held, nil
}

// Book reads the agreements that a record can come under, of the newest versions of everything. One that names no calendar, or
// one that does not exist, counts in the record's own.
func (d *Documents) Book(ctx context.Context, db bun.IDB, newest []AgreementVersion, own CalendarVersion, language sla.Language) (*sla.Book, error) {
	book := &sla.Book{Language: language}
	for _, found := range newest {
		if found.Kind != policy.KindSLA {
			continue
		}
		spec, err := ReadDocument[sla.Agreement](ctx, d, db, slaPrefix+found.Name, found.Version)
		if err != nil {
			return nil, err
		}
		days := own
		for _, other := range newest {
			if spec.Calendar != "" && other.Kind == policy.KindCalendar && other.Name == spec.Calendar {
				days = CalendarVersion{other.Name, other.Version}
			}
		}
		terms, err := d.Terms(ctx, db, sla.Stamp{Agreement: found.Name, Version: found.Version, Calendar: days.Name, CalendarVersion: days.Version})
		if err != nil {
			return nil, err
		}
		book.Candidates = append(book.Candidates, terms)
	}
	return book, nil
}
