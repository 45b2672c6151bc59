package app

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Watchers lists who is told of everything that happens to an incident; for staff alone.
func (a *App) Watchers(ctx context.Context, reference string) ([]Watcher, error) {
	return a.watchersOf(ctx, domain.Incident, reference)
}

// Watch puts somebody on an incident's list of watchers; "me" is whoever asks. Others are put there by staff.
func (a *App) Watch(ctx context.Context, reference, person string) ([]Watcher, error) {
	return a.changeWatchers(ctx, domain.Incident, reference, person, watching)
}

// Unwatch takes somebody off an incident's list of watchers.
func (a *App) Unwatch(ctx context.Context, reference, person string) ([]Watcher, error) {
	return a.changeWatchers(ctx, domain.Incident, reference, person, unwatching)
}

// ChangeWatchers lists who is told of everything that happens to a change; for staff and those who decide it.
func (a *App) ChangeWatchers(ctx context.Context, reference string) ([]Watcher, error) {
	return a.watchersOf(ctx, change.Practice, reference)
}

// WatchChange puts somebody on a change's list of watchers, as Watch does. Who is put on that of a restricted one may read it from then on,
// as far as they read changes like it at all.
func (a *App) WatchChange(ctx context.Context, reference, person string) ([]Watcher, error) {
	return a.changeWatchers(ctx, change.Practice, reference, person, watching)
}

// UnwatchChange takes somebody off a change's list of watchers.
func (a *App) UnwatchChange(ctx context.Context, reference, person string) ([]Watcher, error) {
	return a.changeWatchers(ctx, change.Practice, reference, person, unwatching)
}

func (a *App) watchersOf(ctx context.Context, of domain.Practice, reference string) ([]Watcher, error) {
	papers := practices[of].annotated
	principal, head, err := a.readableOf(ctx, of, papers.read, reference)
	if err != nil {
		return nil, err
	}
	if !papers.inside(principal, head) {
		return []Watcher{}, nil
	}
	return a.watchers(ctx, head)
}

func (a *App) watchers(ctx context.Context, head domain.Record) ([]Watcher, error) {
	rows, err := schemas.ReadWatchers(ctx, a.DB, head.ID)
	list := []Watcher{}
	for _, row := range rows {
		list = append(list, Watcher{Person: row.Person, Since: row.Since.UTC()})
	}
	return list, a.fault(ctx, "reading watchers", err)
}

// watchChange is what becomes of a list of watchers: the event that tells it, and what is written.
type watchChange struct {
	event string
	write func(ctx context.Context, tx bun.IDB, record, person string, now time.Time) (bool, error)
}

var (
	watching   = watchChange{"watcher.added", schemas.AddWatcher}
	unwatching = watchChange{"watcher.removed", func(ctx context.Context, tx bun.IDB, record, person string, _ time.Time) (bool, error) {
		return schemas.RemoveWatcher(ctx, tx, record, person)
	}}
)

func (a *App) changeWatchers(ctx context.Context, of domain.Practice, reference, person string, what watchChange) ([]Watcher, error) {
	papers := practices[of].annotated
	principal, head, err := a.readableOf(ctx, of, PermissionWatch, reference)
	person = me(person, principal)
	if err == nil && person != principal.Handle && !papers.inside(principal, head) {
		err = domain.Errorf(domain.CodeForbidden, "the permission %s is needed for somebody else", papers.internal)
	}
	if err != nil {
		return nil, a.auditForbidden(ctx, principal, what.event, head.ID, person, err)
	}
	if _, known, err := schemas.ReadPerson(ctx, a.DB, person); err != nil || !known {
		if err != nil {
			return nil, a.fault(ctx, "reading a person", err)
		}
		return nil, domain.Invalid("person", "%s is not known", person)
	}
	now := a.now()
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		changed, err := what.write(ctx, tx, head.ID, person, now)
		if err != nil || !changed {
			return err
		}
		_, err = schemas.AppendTimeline(ctx, tx, head.ID, []domain.Event{{
			Type: what.event, At: now, Actor: principal.actor(nil),
			Personal: map[string]any{"person": person},
		}}, now)
		return err
	})
	if err != nil {
		return nil, a.fault(ctx, "changing watchers", err)
	}
	return a.watchers(ctx, head)
}
