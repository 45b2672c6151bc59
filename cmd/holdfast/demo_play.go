package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/telemetry"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/worker"
)

// demoSite is what the demo is played on.
type demoSite struct {
	application app.Dependencies // but for its clock and its door
	rows        *bun.DB          // under the worker's role
	metrics     *telemetry.Metrics
	log         *slog.Logger
	// told hears how far the play is: steps done, of all.
	told func(done, all int)
}

// demoClock is the demo's own time, which runs through two months in a second. The application and Apply that play the demo
// are given it; nothing that serves people is.
type demoClock struct{ at time.Time }

func (c *demoClock) Now() time.Time { return c.at }

// forward moves the clock on; it never goes back.
func (c *demoClock) forward(at time.Time) {
	if at.After(c.at) {
		c.at = at
	}
}

// demoPlayer plays the script: each step is given to the application when the demo's clock has come to it, and what falls
// due in between is handled at its very instant, as a worker would have. So the timelines say what happened when, and no
// deadline was late.
type demoPlayer struct {
	demoSite
	clock   *demoClock
	app     *app.App
	door    *demoDoor
	grants  map[string][]app.Grant
	posted  bool              // there are messages to deliver
	records map[string]string // of lives
	numbers map[string]string // of lives
}

func newDemoPlayer(site demoSite, begin time.Time) *demoPlayer {
	p := &demoPlayer{
		demoSite: site, clock: &demoClock{at: begin}, posted: true,
		grants: map[string][]app.Grant{}, records: map[string]string{}, numbers: map[string]string{},
	}
	post := func() { p.posted = true }
	p.door = &demoDoor{views: map[string]demoView{}, apply: activities.New(activities.Dependencies{
		DB: site.rows, Clock: p.clock, Rules: &policyfile.Evaluator{}, CompileCalendar: policyfile.CompileCalendar,
		Transient: pg.Transient, Constraint: pg.Constraint, Committed: post, Log: site.log,
	})}
	dependencies := site.application
	dependencies.Clock, dependencies.Door, dependencies.Posted = p.clock, p.door, post
	p.app = app.New(dependencies)
	return p
}

// demoDoor decides commands where no process runs yet, and remembers what each record waits for. The records' processes
// start when the play is over, and adopt their rows.
type demoDoor struct {
	apply *activities.Activities
	views map[string]demoView
}

// demoView is what a record of a practice waits for.
type demoView struct {
	domain.View
	practice domain.Practice
}

// Send decides a command.
func (d *demoDoor) Send(ctx context.Context, command domain.Command) (domain.Result, error) {
	result, err := d.apply.Apply(ctx, command)
	if err == nil && result.View.Version > 0 {
		d.views[command.Record] = demoView{result.View, command.Practice}
	}
	return result, err
}

// Adopt reads a record whose command was decided by an installation before this one.
func (d *demoDoor) Adopt(ctx context.Context, practice domain.Practice, record string) error {
	view, err := d.apply.Look(ctx, practice, record)
	if err == nil {
		d.views[record] = demoView{view, practice}
	}
	return err
}

// due is the record that waits for the earliest moment until a given one.
func (d *demoDoor) due(until time.Time) (demoView, bool) {
	var first demoView
	for _, view := range d.views {
		if view.WakeAt == nil || view.WakeAt.After(until) {
			continue
		}
		if first.WakeAt == nil || view.WakeAt.Before(*first.WakeAt) || view.WakeAt.Equal(*first.WakeAt) && view.Record < first.Record {
			first = view
		}
	}
	return first, first.WakeAt != nil
}

// play goes through the script up to now, from where an installation before this one was interrupted.
func (p *demoPlayer) play(ctx context.Context, script demoScript, now time.Time) error {
	reached, err := p.resume(ctx)
	if err != nil {
		return err
	}
	for i, step := range script.steps {
		// A command may take its author the right to the record, so what is done is not asked for again.
		if step.at.Before(reached) || step.at.Equal(reached) && step.Do != "" {
			err = p.recall(ctx, step)
		} else {
			err = p.next(ctx, step)
		}
		if err != nil {
			return fmt.Errorf("set up %s, step %d: %w", step.life, step.number, err)
		}
		p.told(i+1, len(script.steps))
	}
	return p.pass(ctx, now)
}

// resume finds how far the play was brought before, and what its records wait for.
func (p *demoPlayer) resume(ctx context.Context) (time.Time, error) {
	reached, err := schemas.LastRecorded(ctx, p.rows)
	if err != nil || reached.IsZero() {
		return reached, err
	}
	p.clock.forward(reached)
	targets, err := schemas.ChangedSince(ctx, p.rows, time.Time{}, "", math.MaxInt32)
	if err != nil {
		return reached, err
	}
	for _, target := range targets {
		if err := p.door.Adopt(ctx, target.Practice, target.Record); err != nil {
			return reached, err
		}
	}
	return reached, p.deliver(ctx)
}

// recall finds the record that a step of an earlier installation opened.
func (p *demoPlayer) recall(ctx context.Context, step demoMoment) error {
	if step.turn != nil {
		return p.callMeeting(ctx, step)
	}
	if !slices.Contains([]string{"log", "draft", "from_model"}, step.Do) {
		return nil
	}
	id := domain.NewID(domain.CommandID(step.By, "POST", string(step.practice)+"."+step.Do, "", step.key()))
	head, found, err := schemas.ReadHead(ctx, p.rows, id)
	if err == nil && !found {
		err = fmt.Errorf("the record %s is not there", id)
	}
	p.records[step.life], p.numbers[step.life] = id, head.Number
	return err
}

// next lets time go by until a step, and takes it.
func (p *demoPlayer) next(ctx context.Context, step demoMoment) error {
	if err := p.pass(ctx, step.at); err != nil {
		return err
	}
	if err := p.take(ctx, step); err != nil {
		return err
	}
	return p.deliver(ctx)
}

// pass lets time go by: what falls due until a moment is handled, each when it is due.
func (p *demoPlayer) pass(ctx context.Context, until time.Time) error {
	for {
		view, due := p.door.due(until)
		if !due {
			break
		}
		p.clock.forward(*view.WakeAt)
		// Named as the record's own process names it.
		tick := domain.Command{
			ID:   fmt.Sprintf("tick/%s/%d/%d", view.Record, view.WakeAt.UnixMilli(), view.Version),
			Name: string(view.practice) + "." + domain.Tick, Practice: view.practice, Record: view.Record,
			Actor: domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, ReceivedAt: *view.WakeAt,
		}
		result, err := p.door.Send(ctx, tick)
		if err != nil {
			return fmt.Errorf("set up what was due at %s: %w", view.WakeAt.Format(time.RFC3339), err)
		}
		if result.Outcome == domain.Refused {
			return fmt.Errorf("set up what was due at %s: %w", view.WakeAt.Format(time.RFC3339), result.Refusal)
		}
		if after := result.View.WakeAt; after != nil && !after.After(*view.WakeAt) && result.View.Version == view.Version {
			return fmt.Errorf("set up what was due at %s: %s stays due", view.WakeAt.Format(time.RFC3339), view.Record)
		}
		if err := p.deliver(ctx); err != nil {
			return err
		}
	}
	p.clock.forward(until)
	return nil
}

// deliver brings the messages of one record to another.
func (p *demoPlayer) deliver(ctx context.Context) error {
	if !p.posted {
		return nil
	}
	p.posted = false
	return worker.Drain(ctx, worker.Dependencies{DB: p.rows, Clock: p.clock, Log: p.log, Metrics: p.metrics}, p.door)
}

// take does one step.
func (p *demoPlayer) take(ctx context.Context, step demoMoment) error {
	if step.turn != nil {
		return p.callMeeting(ctx, step)
	}
	ctx, err := p.as(ctx, step.By)
	if err != nil {
		return err
	}
	key, record := step.key(), p.records[step.life]
	if step.Policy != nil {
		return p.change(ctx, step)
	}
	if step.Do != "" {
		if err := p.command(ctx, step, key); err != nil {
			return err
		}
	}
	if step.Note != "" {
		text, err := p.named(step.Note)
		if err != nil {
			return err
		}
		if _, err := p.app.AddNote(ctx, record, key, app.NoteBody{Body: text, Internal: step.Internal, Answer: step.Answer}); err != nil {
			return err
		}
	}
	if file := step.Attach; file != nil {
		upload := app.Upload{Name: file.Name, MediaType: "text/plain", Public: file.Public, Content: strings.NewReader(file.Text)}
		if _, err := p.app.AddAttachment(ctx, record, key, upload); err != nil {
			return err
		}
	}
	if step.Watch != "" {
		if _, err := p.app.Watch(ctx, record, step.Watch); err != nil {
			return err
		}
	}
	return nil
}

// as acts for somebody of the organisation, with the rights that they have.
func (p *demoPlayer) as(ctx context.Context, handle string) (context.Context, error) {
	grants, known := p.grants[handle]
	if !known {
		var err error
		if grants, err = p.app.Grants(system(ctx), handle); err != nil {
			return nil, err
		}
		p.grants[handle] = grants
	}
	return app.WithPrincipal(ctx, app.Principal{Handle: handle, Kind: "person", Grants: grants}), nil
}

func (p *demoPlayer) command(ctx context.Context, step demoMoment, key string) error {
	if step.practice == change.Practice && step.Do == "cast_vote" {
		seen, err := p.app.Change(ctx, p.records[step.life])
		if err != nil {
			return err
		}
		step.With = maps.Clone(step.With)
		step.With["hashes"] = seen.Approval.Hashes
	}
	text, err := json.Marshal(step.With)
	if err != nil {
		return err
	}
	named, err := p.named(string(text))
	if err != nil {
		return err
	}
	reply, err := p.app.Execute(ctx, app.Request{
		Practice: step.practice, Verb: step.Do, Record: p.records[step.life], Body: json.RawMessage(named), Key: key,
	})
	if err != nil {
		return err
	}
	p.records[step.life] = reply.Record
	if reply.Incident != nil {
		p.numbers[step.life] = reply.Incident.Number
	}
	if reply.Change != nil {
		p.numbers[step.life] = reply.Change.Number
	}
	if step.practice != domain.Incident || step.Do != "triage" && step.Do != "start" {
		return nil
	}
	return p.acknowledge(ctx, reply.Record, key)
}

// acknowledge is what whoever takes an incident up does when people are being called to it.
func (p *demoPlayer) acknowledge(ctx context.Context, record, key string) error {
	if err := p.deliver(ctx); err != nil {
		return err
	}
	one, err := p.app.Incident(ctx, record)
	if err != nil {
		return err
	}
	for _, call := range one.Escalations {
		request := app.Request{Practice: escalation.Practice, Verb: "acknowledge", Record: call.ID, Key: key}
		if _, err := p.app.Execute(ctx, request); err != nil && domain.CodeOf(err) != domain.CodeConflict { // acknowledged before
			return err
		}
	}
	return nil
}

// change stores a new version of a policy.
func (p *demoPlayer) change(ctx context.Context, step demoMoment) error {
	text, err := json.Marshal(step.Policy)
	if err != nil {
		return err
	}
	var document policy.Document
	if err := json.Unmarshal(text, &document); err != nil {
		return err
	}
	document.Reason = step.Reason
	_, err = p.app.ApplyPolicy(ctx, document)
	return err
}

var demoNames = regexp.MustCompile(`@\[([a-z0-9-]+)\]`)

// named replaces names of lives by the numbers of their incidents.
func (p *demoPlayer) named(text string) (string, error) {
	var unknown error
	named := demoNames.ReplaceAllStringFunc(text, func(name string) string {
		life := demoNames.FindStringSubmatch(name)[1]
		number, known := p.numbers[life]
		if !known {
			unknown = fmt.Errorf("the demo names the life %s before it began", life)
		}
		return number
	})
	return named, unknown
}
