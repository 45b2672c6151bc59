package app

import (
	"context"
	"time"

	"github.com/holdfast-itsm/holdfast/schemas"
)

// PromisesQuery names a day in a zone; both left out: today in the caller's zone.
type PromisesQuery struct {
	// Day is a date like 2026-12-31, Zone an IANA name.
	Day  string
	Zone string
}

// PromiseCount is how many promises of a kind were kept and broken, and run.
type PromiseCount = schemas.PromiseCount

// PromiseFigures are such numbers, and how many records they are of.
type PromiseFigures = schemas.PromiseFigures

// TeamPromises are the figures of one team's records.
type TeamPromises = schemas.TeamPromises

// PromisesView is what became of the promises of one day.
type PromisesView struct {
	Day  string `json:"day"`
	Zone string `json:"zone"`
	// From and To bound the day; To is excluded. Running are the promises that fall due in it and are neither kept nor broken.
	From   time.Time      `json:"from"`
	To     time.Time      `json:"to"`
	Counts []PromiseCount `json:"counts"`
	// Teams and Total sum them up; a record with several of its promises in one of these counts once among the records.
	Teams []TeamPromises `json:"teams"`
	Total PromiseFigures `json:"total"`
}

// PromisesKept counts the promises of one day.
func (a *App) PromisesKept(ctx context.Context, query PromisesQuery) (PromisesView, error) {
	view := PromisesView{Counts: []PromiseCount{}, Teams: []TeamPromises{}}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return view, err
	}
	if err := principal.mayAnywhere(PermissionPromisesRead); err != nil {
		return view, err
	}
	if view.Zone = query.Zone; view.Zone == "" {
		view.Zone = principal.Zone
	}
	zone, err := time.LoadLocation(view.Zone)
	if err != nil || view.Zone == "Local" {
		return view, badQuery("zone", view.Zone, "is no time zone like Europe/Berlin")
	}
	if view.Day = query.Day; view.Day == "" {
		view.Day = a.now().In(zone).Format(time.DateOnly)
	}
	day, err := time.ParseInLocation(time.DateOnly, view.Day, zone)
	if err != nil {
		return view, badQuery("day", view.Day, "is no date like 2026-12-31")
	}
	view.From, view.To = day.UTC(), day.AddDate(0, 0, 1).UTC()
	if err := inCalendar(map[string]*time.Time{"day": &view.From}); err != nil {
		return view, err
	}
	sums, err := schemas.CountPromises(ctx, a.DB, a.reader(principal), view.From, view.To)
	view.Counts, view.Teams, view.Total = append(view.Counts, sums.Counts...), append(view.Teams, sums.Teams...), sums.Total
	return view, a.fault(ctx, "counting promises", err)
}
