package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/cadence"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/cron"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// shownTurns is how many of the next turns of a cadence are shown that come.
const shownTurns = 6

// turnsView are the next turns of a cadence, in its zone.
type turnsView struct {
	Zone      string
	Suspended bool
	Turns     []cron.Turn
	// Skips: a clock change leaves one of them out.
	Skips bool
}

// nextTurns are the next turns of a document after an instant; none where it is no Cadence, or never comes again.
func nextTurns(document policy.Document, after time.Time) (turnsView, error) {
	if document.Kind != policy.KindCadence {
		return turnsView{}, nil
	}
	var spec cadence.Spec
	if err := json.Unmarshal(document.Spec, &spec); err != nil {
		return turnsView{}, fmt.Errorf("reading a cadence: %w", err)
	}
	view := turnsView{Zone: spec.Timezone, Suspended: spec.Suspended}
	schedule, err := policyfile.CadenceSchedule(spec)
	if err == nil {
		view.Turns, err = schedule.Turns(after, shownTurns)
	}
	if errors.Is(err, cron.ErrNever) {
		return view, nil
	}
	for _, turn := range view.Turns {
		view.Skips = view.Skips || turn.Skipped()
	}
	return view, err
}

// turnWords write the wall time of a turn: "Wed 2 December 2026, 14:00".
func turnWords(ctx context.Context, turn cron.Turn) string {
	language := languageOf(ctx)
	return turn.Wall.Format("Mon ") + language.Date(turn.Wall) + ", " + language.Time(turn.Wall)
}
