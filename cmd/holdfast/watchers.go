package main

import (
	"context"

	"github.com/holdfast-itsm/holdfast/app"
)

// watcher names who watches.
type watcher struct {
	record
	Person string `default:"me" help:"Somebody else than yourself."`
}

type incidentWatch struct{ watcher }

// Run puts somebody on the list of watchers.
func (c *incidentWatch) Run(ctx context.Context, s *session) error {
	return s.watchers(s.service.Watch(ctx, c.Record, c.Person))
}

type incidentUnwatch struct{ watcher }

// Run takes somebody off the list of watchers.
func (c *incidentUnwatch) Run(ctx context.Context, s *session) error {
	return s.watchers(s.service.Unwatch(ctx, c.Record, c.Person))
}

type changeWatch struct{ watcher }

// Run puts somebody on the list of watchers of a change.
func (c *changeWatch) Run(ctx context.Context, s *session) error {
	return s.watchers(s.service.WatchChange(ctx, c.Record, c.Person))
}

type changeUnwatch struct{ watcher }

// Run takes somebody off the list of watchers of a change.
func (c *changeUnwatch) Run(ctx context.Context, s *session) error {
	return s.watchers(s.service.UnwatchChange(ctx, c.Record, c.Person))
}

func (s *session) watchers(list []app.Watcher, err error) error {
	if err != nil {
		return err
	}
	t := table{titles: []string{"PERSON", "SINCE"}, empty: "Nobody watches."}
	for _, one := range list {
		t.rows = append(t.rows, []any{one.Person, one.Since})
	}
	return s.show(view{data: list, table: t})
}
