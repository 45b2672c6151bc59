package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/cron"
	"github.com/holdfast-itsm/holdfast/workflows"
)

const (
	// cadencePause is how soon a new version of a Cadence document is acted on; afreshPause is how often every schedule is looked at,
	// also where no document has changed: Temporal may have been restored, or somebody may have been at work there.
	cadencePause  = 2 * time.Second
	afreshPause   = 10 * time.Minute
	scheduleBound = 10 * time.Second
	// catchUp is how late a missed turn may come. Temporal keeps a thousand of one schedule, which is more than come in it.
	catchUp = 400 * 24 * time.Hour
)

// kept is what a worker knows of a cadence that it brought in step: the version of its document, and its next turn; the zero time where
// none comes.
type kept struct {
	version int
	next    time.Time
}

// holds reports whether nothing has happened since: no newer document, and no turn. At a turn the next meeting is called, whatever
// Temporal makes of it: its calendars leave some turns out about clock changes, and tell others an hour late.
func (k kept) holds(version int, now time.Time) bool {
	return k.version == version && (k.next.IsZero() || now.Before(k.next))
}

// keepCadences keeps Temporal's schedules in step with the newest Cadence documents. Several workers do so side by side: each step
// can be taken twice.
func (w *Worker) keepCadences(ctx context.Context) error {
	known, afresh := map[string]kept{}, time.Time{}
	for {
		// The machine's own time: how often to look has nothing to do with the time that records live in.
		whole := time.Since(afresh) >= afreshPause
		if whole {
			clear(known)
		}
		err := w.inStep(ctx, known, whole)
		switch {
		case err == nil && whole:
			afresh = time.Now()
		case err != nil && ctx.Err() == nil:
			w.Log.WarnContext(ctx, "schedules could not be brought in step with the cadences; trying again", "error", err)
		}
		if !pause(ctx, cadencePause) {
			return ctx.Err()
		}
	}
}

// inStep brings those cadences in step of which what is known does not hold any more. The whole includes schedules of which there is no
// document any more.
func (w *Worker) inStep(ctx context.Context, known map[string]kept, whole bool) error {
	beats, err := w.beats(ctx)
	if err != nil {
		return err
	}
	var faults error
	stays := map[string]bool{}
	for _, one := range beats {
		stays[domain.CadenceID(one.name)] = !one.spec.Suspended
		if known[one.name].holds(one.version, w.Clock.Now()) {
			continue
		}
		next, err := w.keep(ctx, one)
		if err != nil {
			faults = errors.Join(faults, err)
			continue
		}
		known[one.name] = kept{version: one.version, next: next}
	}
	if whole {
		faults = errors.Join(faults, w.sweep(ctx, stays))
	}
	return faults
}

// keep brings the schedule of one document in step, has its next meeting called, and answers when its next turn comes; the zero time
// where none does. The meeting comes first: were this interrupted, the document would be looked at again.
func (w *Worker) keep(ctx context.Context, of beat) (time.Time, error) {
	bounded, cancel := context.WithTimeout(ctx, 2*scheduleBound)
	defer cancel()
	if of.spec.Suspended {
		return time.Time{}, w.drop(bounded, domain.CadenceID(of.name))
	}
	next, err := of.cron.Next(w.Clock.Now())
	if err == nil {
		_, err = w.open(bounded, of, next)
	}
	if err != nil && !errors.Is(err, cron.ErrNever) {
		return time.Time{}, err
	}
	return next, w.schedule(bounded, of)
}

// schedule creates a document's schedule in Temporal, or updates it where it is of another version.
func (w *Worker) schedule(ctx context.Context, of beat) error {
	id, note := domain.CadenceID(of.name), noteOf(of)
	handle := w.Temporal.ScheduleClient().GetHandle(ctx, id)
	there, err := handle.Describe(ctx)
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing):
		_, err = w.Temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
			ID: id, Spec: timetable(of), Action: action(of), Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL, CatchupWindow: catchUp, Note: note,
		})
		if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
			err = nil // another worker was first; were its version older, this one's next look would find that
		}
	case err == nil && there.Schedule.State.Note != note:
		err = handle.Update(ctx, client.ScheduleUpdateOptions{DoUpdate: func(client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			spec := timetable(of)
			return &client.ScheduleUpdate{Schedule: &client.Schedule{
				Spec: &spec, Action: action(of), State: &client.ScheduleState{Note: note},
				Policy: &client.SchedulePolicies{Overlap: enums.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL, CatchupWindow: catchUp},
			}}, nil
		}})
	}
	if err != nil {
		return fmt.Errorf("keeping the schedule %s: %w", id, err)
	}
	return nil
}

// noteOf says on a schedule which document it was made of.
func noteOf(of beat) string {
	return fmt.Sprintf("made of Cadence/%s version %d, %s; change it there", of.name, of.version, domain.Digest(of.content)[:12])
}

func action(of beat) *client.ScheduleWorkflowAction {
	return &client.ScheduleWorkflowAction{
		ID: domain.CadenceID(of.name), Workflow: domain.WorkflowCadence, Args: []any{domain.CadenceStart{Name: of.name}},
		TaskQueue: domain.QueueRecords, WorkflowTaskTimeout: workflows.TaskTimeout,
	}
}

// timetable writes a document's turns as Temporal keeps them: by the very fields that its preview walks.
func timetable(of beat) client.ScheduleSpec {
	spec := client.ScheduleSpec{TimeZoneName: of.spec.Timezone}
	for _, calendar := range of.cron.Calendars() {
		spec.Calendars = append(spec.Calendars, client.ScheduleCalendarSpec{
			Second: []client.ScheduleRange{{}}, Minute: ranges(calendar.Minutes), Hour: ranges(calendar.Hours),
			DayOfMonth: ranges(calendar.DaysOfMonth), Month: ranges(calendar.Months), DayOfWeek: ranges(calendar.DaysOfWeek),
		})
	}
	return spec
}

func ranges(of []cron.Range) []client.ScheduleRange {
	list := make([]client.ScheduleRange, len(of))
	for i, r := range of {
		list[i] = client.ScheduleRange{Start: r.Start, End: r.End}
	}
	return list
}

// sweep deletes the schedules of cadences that are suspended or gone.
func (w *Worker) sweep(ctx context.Context, stays map[string]bool) error {
	bounded, cancel := context.WithTimeout(ctx, 2*scheduleBound)
	defer cancel()
	list, err := w.Temporal.ScheduleClient().List(bounded, client.ScheduleListOptions{PageSize: 100})
	if err != nil {
		return fmt.Errorf("listing schedules: %w", err)
	}
	for list.HasNext() {
		entry, err := list.Next()
		if err != nil {
			return fmt.Errorf("listing schedules: %w", err)
		}
		if strings.HasPrefix(entry.ID, domain.CadenceID("")) && !stays[entry.ID] {
			if err := w.drop(bounded, entry.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Worker) drop(ctx context.Context, id string) error {
	err := w.Temporal.ScheduleClient().GetHandle(ctx, id).Delete(ctx)
	var missing *serviceerror.NotFound
	if err != nil && !errors.As(err, &missing) {
		return fmt.Errorf("deleting the schedule %s: %w", id, err)
	}
	return nil
}
