package app

import (
	"context"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// AlertQuery narrows a list of alerts.
type AlertQuery struct {
	// Firing leaves aside what is over.
	Firing  bool   `json:"firing"`
	Service string `json:"service"`
	// Item is a configuration item, by its handle. Held leaves those that changes hold or held.
	Item string `json:"item"`
	Held bool   `json:"held"`
	// Change and Incident are records, by id or number: the one that holds them, the one that they are about.
	Change   string `json:"change"`
	Incident string `json:"incident"`
	Cursor   string `json:"cursor"`
	Limit    int    `json:"limit"`
}

// alertPlace is where a page of alerts ends.
type alertPlace struct {
	At time.Time `json:"t"`
	ID string    `json:"i"`
}

// Alerts lists occurrences of alerts of the services whose records the caller may read, the newest first.
func (a *App) Alerts(ctx context.Context, query AlertQuery) (Page[AlertRow], error) {
	page := Page[AlertRow]{Items: []AlertRow{}}
	principal, err := a.viewer(ctx, PermissionAlertRead)
	if err != nil {
		return page, err
	}
	size := pageSize(query.Limit)
	filter := schemas.AlertFilter{Firing: query.Firing, Service: query.Service, Item: query.Item, Held: query.Held, Change: query.Change, Incident: query.Incident, Limit: size + 1}
	if query.Cursor != "" {
		place, err := decodeCursor[alertPlace](query.Cursor)
		if err != nil || !schemas.IsID(place.ID) {
			return page, domain.Invalid("cursor", "is not of this list")
		}
		filter.Before, filter.BeforeID = &place.At, place.ID
	}
	rows, err := schemas.ListAlerts(ctx, a.DB, a.reader(principal), filter)
	if err != nil {
		return page, a.fault(ctx, "listing alerts", err)
	}
	if len(rows) > size {
		rows = rows[:size]
		if page.NextCursor, err = encodeCursor(alertPlace{At: rows[size-1].FirstAt, ID: rows[size-1].ID}); err != nil {
			return page, a.fault(ctx, "listing alerts", err)
		}
	}
	page.Items = rows
	return page, nil
}

// heldShown bounds how many alerts a change's view shows.
const heldShown = 200

// heldBy are the alerts that a change holds or held, the newest first, for staff.
func (a *App) heldBy(ctx context.Context, principal Principal, head domain.Record) ([]AlertRow, error) {
	if !principal.staff(head) {
		return nil, nil
	}
	rows, err := schemas.ListAlerts(ctx, a.DB, schemas.Reader{All: true, Handle: principal.Handle}, schemas.AlertFilter{HeldBy: head.ID, Limit: heldShown})
	return rows, a.fault(ctx, "reading the alerts that a change holds", err)
}
