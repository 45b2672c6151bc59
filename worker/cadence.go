package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/cadence"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/cron"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// beat is a Cadence document, ready to be asked.
type beat struct {
	name    string
	version int
	content json.RawMessage
	spec    cadence.Spec
	cron    cron.Schedule
}

// beats are the newest versions of the Cadence documents. One that cannot be read is told of and left out: it must not keep the
// others from coming.
func (w *Worker) beats(ctx context.Context) ([]beat, error) {
	documents, err := schemas.NewestDocuments(ctx, w.DB, policy.KindCadence)
	if err != nil {
		return nil, err
	}
	var found []beat
	for _, document := range documents {
		one := beat{name: document.Name, version: document.Version, content: document.Spec}
		err := json.Unmarshal(document.Spec, &one.spec)
		if err == nil {
			one.cron, err = policyfile.CadenceSchedule(one.spec)
		}
		if err != nil {
			w.Log.ErrorContext(ctx, "a cadence cannot be read; nothing comes of it", "cadence", document.Name, "version", document.Version, "error", err)
			continue
		}
		found = append(found, one)
	}
	return found, nil
}

// turn is the activity that opens what one turn of a cadence is for. Of the turns that were missed, only the newest does.
func (w *Worker) turn(ctx context.Context, turn domain.CadenceTurn) (domain.TurnReport, error) {
	beats, err := w.beats(ctx)
	if err != nil {
		return domain.TurnReport{}, err
	}
	for _, one := range beats {
		if one.name == turn.Name && !one.spec.Suspended {
			return w.take(ctx, one, turn.At)
		}
	}
	return domain.TurnReport{Outcome: domain.TurnRests, Why: "the cadence is suspended, or there is none of this name"}, nil
}

// take opens what is for the turn at an instant: the meeting of the turn that follows it. An instant that is no turn, such as the second
// copy of a repeated hour or one of an older version, is taken like the turn before it: Temporal may never have told that one.
func (w *Worker) take(ctx context.Context, of beat, at time.Time) (domain.TurnReport, error) {
	next, err := of.cron.Next(at)
	switch {
	case errors.Is(err, cron.ErrNever):
		return domain.TurnReport{Outcome: domain.TurnNone, Why: err.Error()}, nil
	case err != nil:
		return domain.TurnReport{}, fmt.Errorf("finding the turn after %s of %s: %w", at, of.name, err)
	case !next.After(w.Clock.Now()):
		return domain.TurnReport{Outcome: domain.TurnSuperseded, Why: "a newer turn has come: " + cron.WallText(of.cron.Wall(next))}, nil
	}
	return w.open(ctx, of, next)
}

// open opens the meeting of a turn that lies ahead, through the same door as any command. Opened before, by whatever version of the
// document, it is left as it is.
func (w *Worker) open(ctx context.Context, of beat, at time.Time) (domain.TurnReport, error) {
	wall := cron.WallText(of.cron.Wall(at))
	command, plan, err := cadence.Opening(of.name, of.spec, wall, at, w.Clock.Now())
	if err != nil {
		return domain.TurnReport{}, err
	}
	report := domain.TurnReport{Outcome: domain.TurnRepeated, Record: command.Record, Turn: wall}
	if _, exists, err := schemas.ReadHead(ctx, w.DB, command.Record); err != nil || exists {
		return report, err
	}
	if command.Body, err = json.Marshal(plan); err != nil {
		return report, fmt.Errorf("encoding a meeting: %w", err)
	}
	command.Digest = domain.Digest(command.Body)
	bounded, cancel := context.WithTimeout(ctx, deliveryBound)
	defer cancel()
	result, err := w.Door.Send(bounded, command)
	switch {
	case errors.Is(err, app.ErrOpenedBefore):
		return report, nil
	case err != nil:
		return report, fmt.Errorf("opening what %s is for: %w", domain.CadenceID(of.name), err)
	case result.Outcome == domain.Refused:
		// Another worker may have opened it meanwhile, as another version of the document describes it.
		if _, exists, err := schemas.ReadHead(ctx, w.DB, command.Record); err != nil || exists {
			return report, err
		}
		w.Log.ErrorContext(ctx, "a cadence could not open what its turn is for", "cadence", of.name, "turn", wall, "refusal", result.Refusal)
		return domain.TurnReport{Outcome: domain.TurnRefused, Turn: wall, Why: result.Refusal.Message}, nil
	case result.Outcome == domain.Applied:
		report.Outcome = domain.TurnOpened
	}
	return report, nil
}
