package main

import (
	"context"
	"maps"
	"slices"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
)

type replayCommand struct {
	auditFile `embed:""`
	Limit     int    `short:"n" placeholder:"N" help:"Only the first N incidents that can be replayed."`
	Clients   int    `default:"8" help:"How many work side by side, each on one incident at a time."`
	Name      string `name:"run" default:"1" placeholder:"NAME" help:"Given again, a run goes on where it ended; another name replays the same incidents anew."`
	Introduce bool   `negatable:"" default:"true" help:"Make the accounts and teams that the commands name, where they are missing."`
	DryRun    bool   `help:"Say how many incidents can be replayed, and why not the rest; needs no server."`
}

// Run plans first, so that it is known what will be sent and whom that names; then it sends, incident by incident.
//
// No timer of Holdfast gets between: a client gives an incident's commands one after the other without a pause, in less time
// than any deadline takes. Where that fails after all, as in a run that is taken up again days later, the incident's version
// tells: it counts the run's own commands, or something else has changed it.
func (c *replayCommand) Run(ctx context.Context, s *session) error {
	if c.Clients < 1 || c.Clients > maxReplayClients {
		return misusef("--clients must be 1 to %d", maxReplayClients)
	}
	source, err := c.open()
	if err != nil {
		return err
	}
	defer source.close()
	run := &replayRun{replayCommand: c, session: s, source: source}
	run.vocabulary, err = defaultVocabulary()
	if !c.DryRun {
		run.vocabulary, err = importmap.VocabularyOf(func(kind, name string) (policy.Document, error) {
			return s.service.Policy(ctx, kind, name, 0)
		})
	}
	if err != nil {
		return err
	}
	if err := run.survey(ctx); err != nil {
		return err
	}
	if c.DryRun {
		return run.showSurvey()
	}
	if c.Introduce {
		if err := run.introduce(ctx); err != nil {
			return err
		}
	}
	if err := run.send(ctx); err != nil {
		return err
	}
	return run.showReport()
}

// maxReplayClients bounds what one program asks of a server at once.
const maxReplayClients = 64

// replayRun is one replay on its way.
type replayRun struct {
	*replayCommand
	*session
	source     *audit
	vocabulary importmap.Vocabulary

	surveyed replaySurvey
	names    importmap.Names // of all whom the commands name
	tally    *tally
}

// replaySurvey says what of a log can be replayed.
type replaySurvey struct {
	Rows       int              `json:"rows"`
	Rejected   int              `json:"rejected"`
	Incidents  int              `json:"incidents"`
	Replayable int              `json:"replayable"`
	Planned    importmap.Counts `json:"planned"`
	Cannot     []obstacle       `json:"cannot"`
}

// obstacle is one reason why incidents cannot be replayed.
type obstacle struct {
	Reason    string `json:"reason"`
	Incidents int    `json:"incidents"`
	Example   string `json:"example"`
}

// survey plans every incident, as many as are asked for, and keeps the figures and the names.
func (r *replayRun) survey(ctx context.Context) error {
	progress := r.progress("reading", r.source.size, bytesUnit)
	defer progress.end()
	reader, err := r.source.read(r.vocabulary, progress, func(importmap.Reject) { r.surveyed.Rejected++ })
	if err != nil {
		return err
	}
	cannot := map[string]*obstacle{}
	r.names = importmap.NewNames()
	for group, err := range incidentsOf(ctx, reader) {
		if err != nil {
			return err
		}
		r.surveyed.Incidents++
		r.surveyed.Rows += group.Rows
		plan, whyNot := r.source.m.Plan(group, r.vocabulary)
		if whyNot != "" {
			if cannot[whyNot] == nil {
				cannot[whyNot] = &obstacle{Reason: whyNot, Example: group.Number}
			}
			cannot[whyNot].Incidents++
			continue
		}
		r.surveyed.Replayable++
		r.surveyed.Planned.Add(plan.Counts)
		r.names.Add(plan.Names)
		if r.surveyed.Replayable == r.Limit {
			break
		}
	}
	r.surveyed.Cannot = mostFirst(cannot, func(o obstacle) int { return o.Incidents })
	return nil
}

// mostFirst lists what was grouped, the largest groups first.
func mostFirst[T any](groups map[string]*T, count func(T) int) []T {
	list := make([]T, 0, len(groups))
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		list = append(list, *groups[name])
	}
	slices.SortStableFunc(list, func(a, b T) int { return count(b) - count(a) })
	return list
}
