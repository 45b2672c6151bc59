package schemas

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// clockColumns are a clock's, named as its JSON.
const clockColumns = `metric, agreement, agreement_version, cycle, rating, why, priority, calendar, calendar_version, target, length_ms,
	state, counting, cycle_from, from_at AS "from", due_at, breached_at, stopped_at, stopped_by, elapsed_ms, paused_ms, as_of,
	next_at, next, points, raised, in_force`

// clocksInForce is the newest clock in force of every promise to a record, as JSON.
func clocksInForce(record string) string {
	return `(SELECT json_agg(c) FROM (SELECT DISTINCT ON (metric, agreement) ` + clockColumns + ` FROM clocks
		WHERE record_id = ` + record + ` AND in_force ORDER BY metric, agreement, cycle DESC) AS c) AS clocks`
}

// readClocksInForce reads what clocksInForce gives, by a statement of its own.
func readClocksInForce(ctx context.Context, db bun.IDB, record string) ([]sla.Clock, error) {
	var found []struct {
		Clocks []sla.Clock `bun:"clocks,type:json"`
	}
	if err := clocksAlone.Scan(ctx, db, []any{record}, &found); err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0].Clocks, nil
}

var clocksAlone = pg.Prepared(`SELECT ` + clocksInForce("$1"))

// ReadClocks reads all clocks of a record: every metric, cycle and rating, oldest first.
func ReadClocks(ctx context.Context, db bun.IDB, record string) ([]sla.Clock, error) {
	var found []struct {
		Clocks []sla.Clock `bun:"clocks,type:json"`
	}
	if err := readClocks.Scan(ctx, db, []any{record}, &found); err != nil {
		return nil, fmt.Errorf("reading clocks: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	clocksToUTC(found[0].Clocks)
	return found[0].Clocks, nil
}

var readClocks = pg.Prepared(`SELECT json_agg(c) AS clocks FROM (SELECT ` + clockColumns + ` FROM clocks WHERE record_id = $1
	ORDER BY cycle_from, array_position('{response,resolution,update,ola,underpinning}', metric), agreement, cycle, rating) AS c`)

// ClocksAwaitWord reports whether a promise to respond, or not to be silent, waits for a word to the record's requester.
func ClocksAwaitWord(ctx context.Context, db bun.IDB, record string) (bool, error) {
	var found []struct {
		Waits bool `bun:"waits"`
	}
	if err := clocksAwaitWord.Scan(ctx, db, []any{record}, &found); err != nil {
		return false, fmt.Errorf("asking for clocks that wait: %w", err)
	}
	return len(found) > 0 && found[0].Waits, nil
}

var clocksAwaitWord = pg.Prepared(`SELECT EXISTS (SELECT FROM clocks WHERE record_id = $1 AND metric IN ('response', 'update')
	AND in_force AND stopped_at IS NULL) AS waits`)

// clocksToUTC puts every instant into UTC, whatever zone the connection spoke.
func clocksToUTC(clocks []sla.Clock) {
	for i := range clocks {
		c := &clocks[i]
		toUTC(&c.CycleFrom, &c.From, &c.AsOf, c.DueAt, c.BreachedAt, c.StoppedAt, c.NextAt)
		for j := range c.Points {
			toUTC(&c.Points[j].DueAt)
		}
	}
}

// clocks writes clocks that have changed; of a cycle, those out of force before the one in force.
func (p *Passage) clocks(changed []sla.Clock, version int64) {
	p.add(`INSERT INTO clocks (record_id, metric, agreement, agreement_version, cycle, rating, why, priority, calendar, calendar_version,
			target, length_ms, state, counting, cycle_from, from_at, due_at, breached_at, stopped_at, stopped_by, elapsed_ms, paused_ms,
			as_of, next_at, next, points, raised, in_force, version)
		SELECT ?::uuid, metric, agreement, agreement_version, cycle, rating, why, priority, calendar, calendar_version,
			target, length_ms, state, counting, cycle_from, "from", due_at, breached_at, stopped_at, coalesce(stopped_by, ''), elapsed_ms,
			paused_ms, as_of, next_at, coalesce(next, ''), points, coalesce(raised, false), in_force, ?::bigint
		FROM json_to_recordset(?::json) AS w (metric text, agreement text, agreement_version int, cycle int, rating int, why text,
			priority int, calendar text, calendar_version int, target text, length_ms bigint, state text, counting boolean,
			cycle_from timestamptz, "from" timestamptz, due_at timestamptz, breached_at timestamptz, stopped_at timestamptz,
			stopped_by text, elapsed_ms bigint, paused_ms bigint, as_of timestamptz, next_at timestamptz, next text, points json,
			raised boolean, in_force boolean)
		ORDER BY in_force
		ON CONFLICT (record_id, metric, agreement, cycle, rating) DO UPDATE SET why = excluded.why, priority = excluded.priority,
			state = excluded.state, counting = excluded.counting, due_at = excluded.due_at, breached_at = excluded.breached_at,
			stopped_at = excluded.stopped_at, stopped_by = excluded.stopped_by, elapsed_ms = excluded.elapsed_ms,
			paused_ms = excluded.paused_ms, as_of = excluded.as_of, next_at = excluded.next_at, next = excluded.next,
			points = excluded.points, raised = excluded.raised, in_force = excluded.in_force,
			version = excluded.version`,
		p.record, version, p.rest.json(changed))
}
