package main

import (
	"context"

	"github.com/holdfast-itsm/holdfast/domain/change"
)

type changeStart struct {
	changed
	backdated
}

// Run starts.
func (c *changeStart) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "start", change.Timed{EffectiveAt: s.moment(c.EffectiveAt), Reason: c.Reason})
}

// ofTask is a command about one task of a change.
type ofTask struct {
	changedPlainly
	Task string `arg:"" help:"The task's id, as holdfast change show gives it."`
}

type (
	changeStartTask    struct{ ofTask }
	changeCompleteTask struct{ ofTask }
)

// Run begins a task.
func (c *changeStartTask) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "start_task", change.OfTask{Task: c.Task, Reason: c.Reason})
}

// Run completes a task.
func (c *changeCompleteTask) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "complete_task", change.OfTask{Task: c.Task, Reason: c.Reason})
}

type changeComplete struct {
	changed
	backdated
	Outcome string `arg:"" enum:"successful,successful_with_issues,successful-with-issues,failed" help:"successful, successful-with-issues or failed."`
	Notes   string `placeholder:"TEXT" help:"What was done; needed unless it was successful; - reads it from the input."`
}

// Run completes.
func (c *changeComplete) Run(ctx context.Context, s *session) error {
	notes, err := s.text(c.Notes)
	if err != nil {
		return err
	}
	return c.send(ctx, s, "complete", change.Complete{
		Outcome: withUnderscores(c.Outcome), Notes: notes, EffectiveAt: s.moment(c.EffectiveAt), Reason: c.Reason,
	})
}

type changeBackOut struct {
	changed
	backdated
	Notes string `required:"" placeholder:"TEXT" help:"Why, and what was done; - reads it from the input."`
}

// Run backs out.
func (c *changeBackOut) Run(ctx context.Context, s *session) error {
	notes, err := s.text(c.Notes)
	if err != nil {
		return err
	}
	return c.send(ctx, s, "back_out", change.BackOut{Notes: notes, EffectiveAt: s.moment(c.EffectiveAt), Reason: c.Reason})
}

type changeExtend struct {
	changedBecause
	Until moment `required:"" placeholder:"TIME" help:"The window's new end."`
}

// Run extends.
func (c *changeExtend) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "extend", change.Extend{Until: s.moment(c.Until), Reason: c.Reason})
}

type changeOverrideConflict struct {
	changedBecause
	Conflict string `arg:"" help:"The conflict's id, as holdfast change show gives it, such as freeze:year-end."`
}

// Run overrides.
func (c *changeOverrideConflict) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "override_conflict", change.OverrideConflict{Conflict: c.Conflict, Reason: c.Reason})
}

type changeRecordRetrospective struct {
	changed
	ActualStart moment `required:"" placeholder:"TIME" help:"When it was begun: at most 7 days ago."`
	ActualEnd   moment `required:"" placeholder:"TIME" help:"When it was done."`
	Outcome     string `required:"" enum:"successful,successful_with_issues,successful-with-issues,failed,backed_out,backed-out" help:"successful, successful-with-issues, failed or backed-out."`
	Notes       string `required:"" placeholder:"TEXT" help:"What was done; - reads it from the input."`
}

// Run records.
func (c *changeRecordRetrospective) Run(ctx context.Context, s *session) error {
	notes, err := s.text(c.Notes)
	if err != nil {
		return err
	}
	return c.send(ctx, s, "record_retrospective", change.Retrospective{
		ActualStart: s.moment(c.ActualStart), ActualEnd: s.moment(c.ActualEnd), Outcome: withUnderscores(c.Outcome), Notes: notes,
	})
}
