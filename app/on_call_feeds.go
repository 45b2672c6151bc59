package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Feed is an address at which a calendar reads shifts. Whoever has the address reads them, as long as its owner may.
type Feed struct {
	ID string `json:"id"`
	// Schedule is whose shifts are read; left out: the owner's own, of all schedules.
	Schedule  string     `json:"schedule,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ReadAt    *time.Time `json:"read_at,omitempty"` // to the hour
}

// NewFeed is an address, told once: a path of the server.
type NewFeed struct {
	Feed
	Path string `json:"path"`
}

// FeedPath is where the addresses of feeds begin, and FeedSuffix how they end.
const (
	FeedPath   = "/feeds/on-call/"
	FeedSuffix = ".ics"
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
	return Feed{ID: row.ID, Schedule: row.Schedule, CreatedAt: row.CreatedAt.UTC(), ReadAt: row.ReadAt}
}

// Feeds lists the caller's addresses.
func (a *App) Feeds(ctx context.Context) ([]Feed, error) {
	principal, err := a.viewer(ctx, PermissionOnCallRead)
	if err != nil {
		return nil, err
	}
	rows, err := schemas.ReadFeeds(ctx, a.DB, principal.Handle)
	list := make([]Feed, len(rows))
	for i, row := range rows {
		list[i] = feedOf(row)
	}
	return list, a.fault(ctx, "reading feeds", err)
}

// MakeFeed makes an address. The one of the same shifts before works no more. One that a token makes ends with it.
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
	secret, hash := NewSecret()
	row := schemas.FeedRow{
		ID: uuid.Must(uuid.NewV7()).String(), Hash: hash, Owner: principal.Handle, Schedule: schedule, Token: principal.TokenID, CreatedAt: a.now(),
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockAccounts(ctx, tx); err != nil {
			return err
		}
		if err := schemas.ReplaceFeed(ctx, tx, row); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, "make feed", "done", row.ID+" "+schedule))
	})
	if err != nil {
		return NewFeed{}, a.fault(ctx, "making a feed", err)
	}
	return NewFeed{Feed: feedOf(row), Path: FeedPath + secret + FeedSuffix}, nil
}

// RevokeFeed ends an address at once.
func (a *App) RevokeFeed(ctx context.Context, id string) error {
	principal, err := a.viewer(ctx, PermissionOnCallRead)
	if err != nil {
		return err
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		ended, err := schemas.RevokeFeed(ctx, tx, principal.Handle, id, a.now())
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

// ReadFeed reads what an address shows, with the rights that its owner has now: not_found for one that never was, was revoked,
// or whose owner may not read it any more.
func (a *App) ReadFeed(ctx context.Context, secret string) (FeedContent, error) {
	missing := domain.Errorf(domain.CodeNotFound, "there is no such feed")
	if !strings.HasPrefix(secret, secretPrefix) || len(secret) > 200 {
		return FeedContent{}, missing
	}
	now := a.now()
	row, found, err := schemas.FindFeed(ctx, a.DB, HashSecret(secret), now)
	if err != nil {
		return FeedContent{}, a.fault(ctx, "finding a feed", err)
	}
	if !found {
		return FeedContent{}, missing
	}
	grants, err := a.grants(ctx, row.Owner)
	if err != nil {
		return FeedContent{}, err
	}
	owner := Principal{Handle: row.Owner, Grants: grants}
	if !owner.May(PermissionOnCallRead) {
		return FeedContent{}, missing
	}
	from, to := now.AddDate(0, 0, -feedPastDays), now.AddDate(0, 0, feedFutureDays)
	query := ShiftQuery{Schedule: row.Schedule, From: &from, To: &to}
	content := FeedContent{Title: row.Schedule, MadeAt: now, Own: row.Schedule == ""}
	if content.Own {
		query.Person = row.Owner
	}
	if content.Shifts, err = a.Shifts(WithPrincipal(ctx, owner), query); err != nil {
		return FeedContent{}, err
	}
	// What is over and began before would seem to begin anew at every reading.
	content.Shifts = slices.DeleteFunc(content.Shifts, func(shift ShiftView) bool { return !shift.From.After(from) && shift.To.Before(now) })
	if len(content.Shifts) > 0 && !content.Own {
		content.Title = content.Shifts[0].Title
	}
	return content, nil
}
