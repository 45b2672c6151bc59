package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
)

// send replays every incident that was surveyed, several side by side.
func (r *replayRun) send(ctx context.Context) error {
	progress := r.progress("replaying", int64(r.surveyed.Replayable), incidentsUnit)
	defer progress.end()
	r.tally = newTally()
	clients, sending := errgroup.WithContext(ctx)
	clients.SetLimit(r.Clients)
	err := r.plans(sending, func(plan importmap.Plan) {
		clients.Go(func() error {
			defer progress.add(1)
			return r.live(sending, plan)
		})
	})
	if failed := clients.Wait(); failed != nil {
		err = failed
	}
	r.tally.took = time.Since(r.tally.began)
	if err == nil {
		return nil
	}
	if hintErr := r.hint("stopped after %d of %d incidents; run it again to go on", r.tally.incidents, r.surveyed.Replayable); hintErr != nil {
		return hintErr
	}
	if ctx.Err() != nil {
		return errTold
	}
	return err
}

// plans gives the plans of the surveyed incidents once more, in the order of the file.
func (r *replayRun) plans(ctx context.Context, give func(importmap.Plan)) error {
	reader, err := r.source.read(r.vocabulary, io.Discard, func(importmap.Reject) {})
	if err != nil {
		return err
	}
	left := r.surveyed.Replayable
	for group, err := range incidentsOf(ctx, reader) {
		if err != nil {
			return err
		}
		if plan, whyNot := r.source.m.Plan(group, r.vocabulary); whyNot == "" {
			give(plan)
			left--
		}
		if left == 0 {
			break
		}
	}
	return nil
}

// live gives an incident's commands in order. A refusal ends it: what follows would mean something else by then.
func (r *replayRun) live(ctx context.Context, plan importmap.Plan) error {
	var here app.IncidentView
	for i, step := range plan.Steps {
		began := time.Now()
		reply, err := r.command(ctx, plan, step, here.ID)
		if refused := refusal(err); refused != nil {
			r.tally.refused(plan, step, refused, here)
			return nil
		}
		if err != nil {
			return err
		}
		r.tally.decided(reply.Outcome, time.Since(began))
		here = *reply.Incident
		if i == 0 && reply.Outcome == domain.Repeated && len(differences(plan, here)) == 0 {
			break // it was lived to its end before
		}
	}
	r.tally.ended(plan, here)
	return nil
}

// refusal is an error that stops one incident and not the run.
func refusal(err error) *domain.Error {
	known := domain.AsError(err)
	if known == nil {
		return nil
	}
	switch known.Code {
	case domain.CodeConflict, domain.CodeInvalid, domain.CodeNotFound, domain.CodePreconditionFailed, domain.CodeTooLarge, domain.CodeInternal:
		return known
	}
	return nil
}

// command gives one command and waits until it is decided, even where it was queued.
func (r *replayRun) command(ctx context.Context, plan importmap.Plan, step importmap.Step, record string) (app.Reply, error) {
	reply, err := r.service.Execute(ctx, app.Request{
		Practice: domain.Incident, Verb: step.Verb, Record: record, Key: plan.Key(r.Name, step), Body: step.Body,
	})
	if err != nil || reply.Incident != nil {
		return reply, err
	}
	r.tally.queued()
	if err := r.await(ctx, reply.CommandID); err != nil {
		return reply, err
	}
	view, err := r.service.Incident(ctx, reply.Record)
	reply.Outcome, reply.Incident = domain.Applied, &view
	return reply, err
}

// awaitPause is how often it is asked what became of a queued command.
const awaitPause = 200 * time.Millisecond

func (r *replayRun) await(ctx context.Context, command string) error {
	for {
		status, err := r.service.Command(ctx, command)
		switch {
		case err != nil:
			return err
		case status.State == "applied":
			return nil
		case status.Refusal != nil:
			return status.Refusal
		case status.State != "pending":
			return domain.Errorf(domain.CodeConflict, "the queued command was %s", status.State)
		}
		if !pause(ctx, awaitPause) {
			return ctx.Err()
		}
	}
}

// differences say what is otherwise than the log has it. Every command of the run counts the version up by one: where
// something else acted too, a timer or a person, the version tells.
func differences(plan importmap.Plan, here app.IncidentView) []string {
	var list []string
	differ := func(name string, there, here any) {
		if there != here {
			list = append(list, fmt.Sprintf("%s %v, not %v", name, orNone(here), orNone(there)))
		}
	}
	differ("state", plan.Ends.State, here.State)
	differ("priority", plan.Ends.Priority, here.Priority)
	if plan.Ends.Team != "" { // else the assignment rules of this place chose
		differ("team", plan.Ends.Team, here.Team)
	}
	differ("assignee", plan.Ends.Assignee, here.Assignee)
	differ("version", int64(len(plan.Steps)), here.Version)
	return list
}

func orNone(value any) any {
	if value == "" {
		return "none"
	}
	return value
}
