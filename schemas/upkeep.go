package schemas

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Target is a record that a process stands behind, or should.
type Target struct {
	Practice domain.Practice `bun:"practice"`
	Record   string          `bun:"record_id"`
}

// Beat writes down that a worker lives.
func Beat(ctx context.Context, db bun.IDB, worker string, now time.Time) error {
	_, err := db.NewRaw(`INSERT INTO heartbeats (worker, at) VALUES (?, ?) ON CONFLICT (worker) DO UPDATE SET at = excluded.at`, worker, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing a heartbeat: %w", err)
	}
	return nil
}

// LastBeat is when any worker was last known to live.
func LastBeat(ctx context.Context, db bun.IDB) (time.Time, bool, error) {
	var at *time.Time
	if err := db.NewRaw(`SELECT max(at) FROM heartbeats`).Scan(ctx, &at); err != nil {
		return time.Time{}, false, fmt.Errorf("reading heartbeats: %w", err)
	}
	if at == nil {
		return time.Time{}, false, nil
	}
	return at.UTC(), true, nil
}

// LastRecorded is when the newest event was written; the zero time where there is none. It reads every event.
func LastRecorded(ctx context.Context, db bun.IDB) (time.Time, error) {
	var at *time.Time
	if err := db.NewRaw(`SELECT max(recorded_at) FROM timeline`).Scan(ctx, &at); err != nil {
		return time.Time{}, fmt.Errorf("reading when events were written: %w", err)
	}
	if at == nil {
		return time.Time{}, nil
	}
	return at.UTC(), nil
}

// ChangedSince finds the records that a command changed after a moment, in order of their ids, after an id. A record's
// updated_at is the moment that counts and may lie long before the commit; a command's row says when it was decided. The
// zero moment finds every record that should have a workflow.
func ChangedSince(ctx context.Context, db bun.IDB, since time.Time, after string, limit int) ([]Target, error) {
	q := db.NewSelect().ColumnExpr("r.practice, r.id::text AS record_id").TableExpr("records AS r").
		Where("r.id > ? AND (r.active OR r.wake_at IS NOT NULL)", cmp.Or(after, noID)).OrderExpr("r.id").Limit(int64(limit))
	if !since.IsZero() {
		q = q.Where("r.id IN (SELECT c.record_id FROM commands c WHERE c.created_at >= ?)", since)
	}
	var targets []Target
	err := q.Scan(ctx, &targets)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("finding changed records: %w", err)
	}
	return targets, nil
}

// OverdueRecord is a record that should have handled a deadline already.
type OverdueRecord struct {
	Target
	Version int64 `bun:"version"`
}

// Overdue finds the records with a deadline due before a moment, in order of their ids, after an id.
func Overdue(ctx context.Context, db bun.IDB, moment time.Time, after string, limit int) ([]OverdueRecord, error) {
	var records []OverdueRecord
	err := db.NewRaw(`SELECT r.practice, r.id::text AS record_id, r.version FROM records r
		WHERE r.id IN (SELECT d.record_id FROM deadlines d WHERE d.due_at < ?) AND r.id > ? ORDER BY r.id LIMIT ?`,
		moment, cmp.Or(after, noID), limit).Scan(ctx, &records)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("finding overdue records: %w", err)
	}
	return records, nil
}

// noID comes before every record's id.
const noID = "00000000-0000-0000-0000-000000000000"

// Forget removes the keys of commands and the delivered messages from before one moment, and heartbeats from before
// another. Keys of commands that opened a record are kept for ever, so that the same key can never open two.
//
// It goes in small steps: a transaction that ran for long would hold up everybody who reads the stream of events.
func Forget(ctx context.Context, db bun.IDB, commands, heartbeats time.Time) error {
	for _, statement := range []struct {
		sql    string
		moment time.Time
	}{
		{`DELETE FROM commands WHERE id IN (SELECT id FROM commands WHERE created_at < ? AND name NOT LIKE '%.log' LIMIT ?)`, commands},
		{`DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE settled_at < ? AND state NOT IN ('pending', 'failed') LIMIT ?)`, commands},
		{`DELETE FROM heartbeats WHERE worker IN (SELECT worker FROM heartbeats WHERE at < ? AND at < (SELECT max(at) FROM heartbeats) LIMIT ?)`, heartbeats},
	} {
		for {
			result, err := db.NewRaw(statement.sql, statement.moment, forgetPage).Exec(ctx)
			if err != nil {
				return fmt.Errorf("forgetting what is old: %w", err)
			}
			rows, err := result.RowsAffected()
			if err != nil {
				return fmt.Errorf("forgetting what is old: %w", err)
			}
			if rows < forgetPage {
				break
			}
		}
	}
	return nil
}

// forgetPage bounds one step of forgetting.
const forgetPage = 5000

// Fault is something that doctor found wrong.
type Fault struct {
	Record string `bun:"record_id" json:"record,omitempty"`
	Number string `bun:"number" json:"number,omitempty"`
	What   string `bun:"what" json:"what"`
}

// CheckChains verifies every record's timeline: gap-free, chained, its bytes as hashed. It answers the first faults.
func CheckChains(ctx context.Context, db bun.IDB, limit int) ([]Fault, error) {
	var faults []Fault
	err := db.NewRaw(`SELECT r.id::text AS record_id, r.number, 'timeline, event ' || c.seq || ': ' || c.fault AS what
		FROM records r CROSS JOIN LATERAL check_timeline(r.id) c ORDER BY r.number LIMIT ?`, limit).Scan(ctx, &faults)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("checking timelines: %w", err)
	}
	return faults, nil
}

// CheckRows finds rows that contradict each other, and what is overdue by more than a grace.
func CheckRows(ctx context.Context, db bun.IDB, now time.Time, grace time.Duration, limit int) ([]Fault, error) {
	late := now.Add(-grace)
	var faults []Fault
	err := db.NewRaw(`SELECT * FROM (
		SELECT r.id::text AS record_id, r.number, 'its next deadline is not the one it waits for' AS what FROM records r
			WHERE r.wake_at IS DISTINCT FROM (SELECT min(d.due_at) FROM deadlines d WHERE d.record_id = r.id)
		UNION ALL SELECT r.id::text, r.number, 'deadline ' || d.name || ' is overdue since ' || d.due_at FROM deadlines d JOIN records r ON r.id = d.record_id
			WHERE d.due_at < ?
		UNION ALL SELECT r.id::text, r.number, 'it has no row of its practice' FROM records r WHERE r.practice = 'incident'
			AND NOT EXISTS (SELECT FROM incidents i WHERE i.id = r.id)
		UNION ALL SELECT r.id::text, r.number, 'it has no row of its practice' FROM records r WHERE r.practice = 'escalation'
			AND NOT EXISTS (SELECT FROM escalations e WHERE e.id = r.id)
		UNION ALL SELECT r.id::text, r.number, 'its clock of ' || c.metric || ' by ' || c.agreement || ' waits for ' || c.next_at || ', the record does not'
			FROM clocks c JOIN records r ON r.id = c.record_id WHERE c.in_force AND c.stopped_at IS NULL AND c.next_at IS NOT NULL
			AND NOT EXISTS (SELECT FROM deadlines d WHERE d.record_id = c.record_id AND d.due_at = c.next_at)
		UNION ALL SELECT m.record_id::text, coalesce(r.number, ''), 'message ' || m.id || ' is undelivered since ' || m.received_at || ' ' || m.fault
			FROM messages m LEFT JOIN records r ON r.id = m.record_id WHERE m.state = 'pending' AND m.received_at < ?
		UNION ALL SELECT m.record_id::text, coalesce(r.number, ''), 'message ' || m.id || ' was given up after ' || m.faults || ' faults: ' || m.fault
			FROM messages m LEFT JOIN records r ON r.id = m.record_id WHERE m.state = 'failed'
		UNION ALL SELECT '', '', 'events of transactions that this database has not reached, as after a restore, are kept from live readers: doctor --resync mends it'
			FROM (SELECT max(xid) AS last FROM (SELECT xid FROM timeline ORDER BY xid DESC, position DESC LIMIT 1) t) s
			WHERE s.last >= pg_snapshot_xmax(pg_current_snapshot())
		UNION ALL SELECT c.record_id::text, '', 'command ' || c.id || ' was claimed and has no outcome' FROM commands c WHERE c.outcome IS NULL
		) AS faults ORDER BY number, what LIMIT ?`, late, late, limit).Scan(ctx, &faults)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("checking rows: %w", err)
	}
	return faults, nil
}

// RestoreStream makes the events of a restored database readable live again, as the owner of the tables. Their transactions
// are numbered as in the database that was saved, and a new one begins to count anew. If any is ahead, all are put before the
// first transaction, in their order. It answers how many there were.
func RestoreStream(ctx context.Context, db *bun.DB) (int, error) {
	var moved int64
	err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var any bool
		if err := tx.NewRaw(`SELECT EXISTS (SELECT FROM timeline WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()))`).Scan(ctx, &any); err != nil || !any {
			return err
		}
		if _, err := tx.NewRaw(`ALTER TABLE timeline DISABLE TRIGGER timeline_is_final`).Exec(ctx); err != nil {
			return err
		}
		result, err := tx.NewRaw(`UPDATE timeline SET xid = '1'`).Exec(ctx)
		if err != nil {
			return err
		}
		if moved, err = result.RowsAffected(); err != nil {
			return err
		}
		if _, err := tx.NewRaw(`ALTER TABLE timeline ENABLE TRIGGER timeline_is_final`).Exec(ctx); err != nil {
			return err
		}
		_, err = tx.NewRaw(`UPDATE outbox SET xid = '1'`).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("making restored events readable: %w", err)
	}
	return int(moved), nil
}

// ActiveSample picks records that should have a running workflow, some at random.
func ActiveSample(ctx context.Context, db bun.IDB, limit int) ([]domain.Record, error) {
	var records []domain.Record
	err := db.NewRaw(`SELECT * FROM records WHERE active OR wake_at IS NOT NULL ORDER BY random() LIMIT ?`, limit).Scan(ctx, &records)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("sampling records: %w", err)
	}
	return records, nil
}
