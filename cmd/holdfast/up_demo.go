package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// demoFileName is a file in the data folder that is there while the demo is not complete. It holds the moment of the first
// start, which the lives end at: a start that was interrupted is finished by the next one for the same moment.
const demoFileName = "demo-unfinished"

// demoMoment is the moment that the demo is to be played up to; nil where none is. It is played at a first start, which is one
// without an administrator and without anything that has happened.
func (c *upCommand) demoMoment(ctx context.Context, service *app.App) (*time.Time, error) {
	if !c.Demo {
		return nil, nil
	}
	path := filepath.Join(c.Data, demoFileName)
	text, err := os.ReadFile(path)
	if err == nil {
		at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(text)))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w; without the file the demo stays as it is", path, err)
		}
		return &at, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if _, err = service.Person(system(ctx), adminHandle); domain.CodeOf(err) != domain.CodeNotFound {
		return nil, err
	}
	if recorded, err := schemas.LastRecorded(ctx, service.DB); err != nil || !recorded.IsZero() {
		return nil, err
	}
	now := domain.Millisecond(service.Clock.Now())
	return &now, writeWhole(path, []byte(now.Format(time.RFC3339Nano)+"\n"))
}

// playDemo plays the demo and tells how far it is.
func (c *upCommand) playDemo(ctx context.Context, s *site, service *app.App, until time.Time, out io.Writer) error {
	site := demoSite{application: service.Dependencies, metrics: s.metrics, log: s.log}
	var err error
	if site.application.DB, err = s.pool(pg.App, pg.LateCommits); err != nil {
		return err
	}
	if site.rows, err = s.pool(pg.Worker, pg.LateCommits); err != nil {
		return err
	}
	fmt.Fprintln(out, "setting up an organisation to try things on (--no-demo leaves it out) …")
	var bar *progress
	site.told = func(done, all int) {
		if bar == nil {
			bar = newProgress(out, "two months of incidents", int64(all), stepsUnit)
		}
		bar.add(1)
	}
	err = installDemo(ctx, site, until)
	if bar != nil {
		bar.end()
	}
	return err
}

// wakeDemo starts the process of every record of the demo that waits for something, and with that ends what the first start
// owes: Temporal's commits, in the same PostgreSQL, have brought the demo's to the disk.
func (c *upCommand) wakeDemo(ctx context.Context, s *site, rows *bun.DB) error {
	if _, err := s.resync(ctx, rows); err != nil {
		return err
	}
	return forgetFile(filepath.Join(c.Data, demoFileName))
}
