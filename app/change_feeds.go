package app

import (
	"context"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// ChangeCalendar is when changes may be made, and where calendars read when they are.
type ChangeCalendar interface {
	// ChangeWindows lists the freezes and the maintenance windows that have a moment in a span, earliest first: invalid for a span
	// that ends before it begins, or lasts more than a year.
	ChangeWindows(ctx context.Context, span window.Span) ([]WindowView, error)
	// ChangeFeeds lists the caller's addresses of the change calendar, without their secrets.
	ChangeFeeds(ctx context.Context) ([]Feed, error)
	// MakeChangeFeed makes an address of the change calendar, of one service or of all; the one before works no more.
	MakeChangeFeed(ctx context.Context, service string) (NewFeed, error)
	RevokeChangeFeed(ctx context.Context, id string) error
}

// ChangeFeedContent is what a calendar reads of changes.
type ChangeFeedContent struct {
	// Service is the one whose changes they are; empty: those of all.
	Service string
	Changes []ChangeView
	Windows []WindowView
	// From is where what is shown begins.
	From time.Time
	// MadeAt is when it was read.
	MadeAt time.Time
	// More: there are more changes than a feed shows.
	More bool
}

// mostFed is how many changes a feed shows.
const mostFed = 2000

// fedStates are the states of changes that a calendar shows, those that are off among them: drafts ask for no time.
var fedStates = func() []string {
	var states []string
	for _, state := range change.Lifecycle.States {
		if state.Name != change.Draft {
			states = append(states, string(state.Name))
		}
	}
	return states
}()

// ChangeFeeds lists the caller's addresses of the change calendar.
func (a *App) ChangeFeeds(ctx context.Context) ([]Feed, error) {
	return a.feedsOf(ctx, schemas.FeedOfChanges)
}

// MakeChangeFeed makes an address of the change calendar. The one of the same service before works no more.
func (a *App) MakeChangeFeed(ctx context.Context, service string) (NewFeed, error) {
	principal, err := a.viewer(ctx, PermissionChangeRead)
	if err != nil {
		return NewFeed{}, err
	}
	if service != "" {
		services, err := schemas.ListServices(ctx, a.DB)
		if err != nil {
			return NewFeed{}, a.fault(ctx, "reading the services", err)
		}
		if !slices.ContainsFunc(services, func(one schemas.ServiceRow) bool { return one.Name == service }) {
			return NewFeed{}, domain.Errorf(domain.CodeNotFound, "no service %s", service)
		}
	}
	return a.makeFeed(ctx, principal, ChangeFeedPath, schemas.FeedRow{Shows: schemas.FeedOfChanges, Service: service})
}

// RevokeChangeFeed ends an address of the change calendar at once.
func (a *App) RevokeChangeFeed(ctx context.Context, id string) error {
	return a.revokeFeed(ctx, schemas.FeedOfChanges, id)
}

// ReadChangeFeed reads what an address of the change calendar shows: the changes that its owner may read, with what they are called,
// and the freezes and maintenance windows between them. not_found is as openFeed answers it.
func (a *App) ReadChangeFeed(ctx context.Context, secret string) (ChangeFeedContent, error) {
	ctx, row, err := a.openFeed(ctx, secret, schemas.FeedOfChanges)
	if err != nil {
		return ChangeFeedContent{}, err
	}
	content := ChangeFeedContent{Service: row.Service, MadeAt: a.now()}
	from, to := feedSpan(content.MadeAt)
	content.From = from
	query := ChangeQuery{State: fedStates, Service: row.Service, From: &from, To: &to, Limit: maxPage}
	for {
		found, err := a.Changes(ctx, query)
		if err != nil {
			return content, err
		}
		content.Changes = append(content.Changes, found.Items...)
		if query.Cursor = found.NextCursor; query.Cursor == "" || len(content.Changes) >= mostFed {
			break
		}
	}
	content.More = query.Cursor != ""
	content.Windows, err = a.ChangeWindows(ctx, window.Span{From: from, To: to})
	// What is over and began before what is shown would be told again for ever.
	content.Windows = slices.DeleteFunc(content.Windows, func(one WindowView) bool { return one.From.Before(from) && one.To.Before(content.MadeAt) })
	return content, err
}
