package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Feed is an address at which a calendar reads shifts, or changes. Whoever has the address reads them, as long as its owner may.
type Feed struct {
	ID string `json:"id"`
	// Schedule is whose shifts are read; left out: the owner's own, of all schedules.
	Schedule string `json:"schedule,omitempty"`
	// Service is the one whose changes are read; left out: those of all.
	Service   string     `json:"service,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ReadAt    *time.Time `json:"read_at,omitempty"` // to the hour
}

// NewFeed is an address, told once: a path of the server.
type NewFeed struct {
	Feed
	Path string `json:"path"`
}

// FeedPath is where the addresses of feeds of shifts begin, ChangeFeedPath those of feeds of changes, and FeedSuffix how they end.
const (
	FeedPath       = "/feeds/on-call/"
	ChangeFeedPath = "/feeds/changes/"
	FeedSuffix     = ".ics"
)

// FeedContent is what a calendar reads.
type FeedContent struct {
	// Title says whose shifts they are.
	Title  string
	Shifts []ShiftView
	// MadeAt is when it was read.
	MadeAt time.Time
	// Own: they are one person's, of all schedules.
	Own bool
}

const (
	feedPastDays   = 30
	feedFutureDays = 180
)

func feedOf(row schemas.FeedRow) Feed {
	return Feed{ID: row.ID, Schedule: row.Schedule, Service: row.Service, CreatedAt: row.CreatedAt.UTC(), ReadAt: row.ReadAt}
}

// feedPermission is what whoever has an address must hold, at every reading.
var feedPermission = map[string]Permission{schemas.FeedOfShifts: PermissionOnCallRead, schemas.FeedOfChanges: PermissionChangeRead}

// Feeds lists the caller's addresses of shifts.
func (a *App) Feeds(ctx context.Context) ([]Feed, error) { return a.feedsOf(ctx, schemas.FeedOfShifts) }

func (a *App) feedsOf(ctx context.Context, shows string) ([]Feed, error) {
	principal, err := a.viewer(ctx, feedPermission[shows])
	if err != nil {
		return nil, err
	}
	rows, err := schemas.ReadFeeds(ctx, a.DB, principal.Handle, shows)
	list := make([]Feed, len(rows))
	for i, row := range rows {
		list[i] = feedOf(row)
	}
	return list, a.fault(ctx, "reading feeds", err)
}

// MakeFeed makes an address of shifts. The one of the same shifts before works no more. One that a token makes ends with it.
func (a *App) MakeFeed(ctx context.Context, schedule string) (NewFeed, error) {
	principal, err := a.viewer(ctx, PermissionOnCallRead)
	if err != nil {
		return NewFeed{}, err
	}
	if schedule != "" {
		if _, err := a.rota(ctx, a.DB, schedule); err != nil {
			return NewFeed{}, a.fault(ctx, "reading a schedule", err)
		}
	}
	return a.makeFeed(ctx, principal, FeedPath, schemas.FeedRow{Shows: schemas.FeedOfShifts, Schedule: schedule})
}

// makeFeed writes an address that begins with a path, and writes down that it was made.
func (a *App) makeFeed(ctx context.Context, principal Principal, path string, row schemas.FeedRow) (NewFeed, error) {
	secret, hash := NewSecret()
	row.ID, row.Hash, row.Owner, row.Token, row.CreatedAt = uuid.Must(uuid.NewV7()).String(), hash, principal.Handle, principal.TokenID, a.now()
	err := a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockAccounts(ctx, tx); err != nil {
			return err
		}
		if err := schemas.ReplaceFeed(ctx, tx, row); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, "make feed", "done", row.ID+" "+cmp.Or(row.Schedule, row.Service)))
	})
	if err != nil {
		return NewFeed{}, a.fault(ctx, "making a feed", err)
	}
	return NewFeed{Feed: feedOf(row), Path: path + secret + FeedSuffix}, nil
}

// RevokeFeed ends an address of shifts at once.
func (a *App) RevokeFeed(ctx context.Context, id string) error {
	return a.revokeFeed(ctx, schemas.FeedOfShifts, id)
}

func (a *App) revokeFeed(ctx context.Context, shows, id string) error {
	principal, err := a.viewer(ctx, feedPermission[shows])
	if err != nil {
		return err
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		ended, err := schemas.RevokeFeed(ctx, tx, principal.Handle, shows, id, a.now())
		if err != nil {
			return err
		}
		if !ended {
			return domain.Errorf(domain.CodeNotFound, "no feed %s that could be revoked", id)
		}
		return a.auditIn(ctx, tx, a.line(principal, "revoke feed", "done", id))
	})
	return a.fault(ctx, "revoking a feed", err)
}

// openFeed finds an address by its secret, with the rights that its owner has now: not_found for one that never was, was revoked,
// shows something else, or whose owner may not read it any more.
func (a *App) openFeed(ctx context.Context, secret, shows string) (context.Context, schemas.FeedRow, error) {
	missing := domain.Errorf(domain.CodeNotFound, "there is no such feed")
	if !strings.HasPrefix(secret, secretPrefix) || len(secret) > 200 {
		return ctx, schemas.FeedRow{}, missing
	}
	row, found, err := schemas.FindFeed(ctx, a.DB, HashSecret(secret), shows, a.now())
	if err != nil {
		return ctx, row, a.fault(ctx, "finding a feed", err)
	}
	if !found {
		return ctx, row, missing
	}
	grants, err := a.grants(ctx, row.Owner)
	if err != nil {
		return ctx, row, err
	}
	owner := Principal{Handle: row.Owner, Grants: grants}
	if !owner.May(feedPermission[shows]) {
		return ctx, row, missing
	}
	return WithPrincipal(ctx, owner), row, nil
}

// ReadFeed reads what an address of shifts shows, as openFeed finds it.
func (a *App) ReadFeed(ctx context.Context, secret string) (FeedContent, error) {
	ctx, row, err := a.openFeed(ctx, secret, schemas.FeedOfShifts)
	if err != nil {
		return FeedContent{}, err
	}
	now := a.now()
	from, to := feedSpan(now)
	query := ShiftQuery{Schedule: row.Schedule, From: &from, To: &to}
	content := FeedContent{Title: row.Schedule, MadeAt: now, Own: row.Schedule == ""}
	if content.Own {
		query.Person = row.Owner
	}
	if content.Shifts, err = a.Shifts(ctx, query); err != nil {
		return FeedContent{}, err
	}
	// What is over and began before would seem to begin anew at every reading.
	content.Shifts = slices.DeleteFunc(content.Shifts, func(shift ShiftView) bool { return !shift.From.After(from) && shift.To.Before(now) })
	if len(content.Shifts) > 0 && !content.Own {
		content.Title = content.Shifts[0].Title
	}
	return content, nil
}

// feedSpan is what calendars are shown at a moment.
func feedSpan(now time.Time) (from, to time.Time) {
	return now.AddDate(0, 0, -feedPastDays), now.AddDate(0, 0, feedFutureDays)
}
