package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/cadence"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/cron"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// demoTurns is how many turns of a cadence before the first start have called a meeting.
const demoTurns = 3

// demoTurn is a turn of a cadence: the moment at which it calls the meeting of the next one.
type demoTurn struct {
	spec cadence.Spec
	wall string // the wall time of the next one, which names it
	next time.Time
}

// onBoardDay lets the cadences of the organisation come on the weekday of the second working day ahead: whenever somebody tries
// Holdfast, the next meeting is near, and its agenda still open.
func (d demoTime) onBoardDay(documents []policy.Document) ([]policy.Document, error) {
	ahead, err := d.daysAway(2, "12:00")
	if err != nil {
		return nil, err
	}
	documents = slices.Clone(documents)
	for i := range documents {
		if documents[i].Kind != policy.KindCadence {
			continue
		}
		var spec map[string]json.RawMessage
		var text string
		err := json.Unmarshal(documents[i].Spec, &spec)
		if err == nil {
			err = json.Unmarshal(spec["cron"], &text)
		}
		if err != nil {
			return nil, fmt.Errorf("read the cadences of the demo: %w", err)
		}
		fields := strings.Fields(text)
		fields[len(fields)-1] = strings.ToLower(ahead.Weekday().String()[:3])
		if spec["cron"], err = json.Marshal(strings.Join(fields, " ")); err == nil {
			documents[i].Spec, err = json.Marshal(spec)
		}
		if err != nil {
			return nil, fmt.Errorf("write the cadences of the demo: %w", err)
		}
	}
	return documents, nil
}

// turns are the last ones of the organisation's cadences, as steps of the script.
func (d demoTime) turns(documents []policy.Document) ([]demoMoment, error) {
	var steps []demoMoment
	for _, document := range documents {
		if document.Kind != policy.KindCadence {
			continue
		}
		var spec cadence.Spec
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return nil, fmt.Errorf("read the cadences of the demo: %w", err)
		}
		schedule, err := policyfile.CadenceSchedule(spec)
		if err != nil {
			return nil, fmt.Errorf("read the cadences of the demo: %w", err)
		}
		ahead, err := schedule.Next(d.now)
		if err != nil {
			return nil, fmt.Errorf("count the turns of %s: %w", document.Name, err)
		}
		moments, err := schedule.NextN(ahead.AddDate(0, 0, -7*demoTurns).Add(-time.Second), demoTurns+1)
		if err != nil {
			return nil, fmt.Errorf("count the turns of %s: %w", document.Name, err)
		}
		for i, at := range moments[:demoTurns] {
			next := moments[i+1]
			steps = append(steps, demoMoment{
				practice: "meeting", life: document.Name, number: i, at: at,
				turn: &demoTurn{spec: spec, wall: cron.WallText(schedule.Wall(next)), next: next},
			})
		}
	}
	return steps, nil
}

// callMeeting is what a worker does at a turn. What was called before stays as it is.
func (p *demoPlayer) callMeeting(ctx context.Context, step demoMoment) error {
	command, plan, err := cadence.Opening(step.life, step.turn.spec, step.turn.wall, step.turn.next, step.at)
	if err != nil {
		return err
	}
	head, found, err := schemas.ReadHead(ctx, p.rows, command.Record)
	if err != nil {
		return err
	}
	if !found {
		if command.Body, err = json.Marshal(plan); err != nil {
			return err
		}
		result, err := p.door.Send(ctx, command)
		if err != nil {
			return err
		}
		if result.Refusal != nil {
			return result.Refusal
		}
		if head, _, err = schemas.ReadHead(ctx, p.rows, command.Record); err != nil {
			return err
		}
	}
	p.records[step.life], p.numbers[step.life] = command.Record, head.Number
	return nil
}
