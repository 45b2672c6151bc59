package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// WaitingNotice is a row of the outbox that nobody has dispatched.
type WaitingNotice struct {
	Position   int64           `bun:"position"`
	RecordID   string          `bun:"record_id"`
	Kind       string          `bun:"kind"`
	Recipients []string        `bun:"recipients,type:jsonb"`
	Data       json.RawMessage `bun:"data,type:json"`
	Lane       domain.Lane     `bun:"lane"`
	GuardKind  string          `bun:"guard_kind"`
	GuardID    string          `bun:"guard_id"`
	CreatedAt  time.Time       `bun:"created_at"`
	// Service and Restricted are its record's.
	Service    string `bun:"service"`
	Restricted bool   `bun:"restricted"`
}

// LockDispatch makes the transaction the only one that dispatches; false: another one does. One at a time keeps the notices of
// a record in order: their positions are those of its commits, because who writes one holds the record.
func LockDispatch(ctx context.Context, tx bun.IDB) (bool, error) {
	var alone bool
	if err := tx.NewRaw(`SELECT pg_try_advisory_xact_lock(hashtext('dispatch of the outbox'))`).Scan(ctx, &alone); err != nil {
		return false, fmt.Errorf("locking the outbox: %w", err)
	}
	return alone, nil
}

// NoticesWait reports whether something waits to be dispatched.
func NoticesWait(ctx context.Context, db bun.IDB) (bool, error) {
	var wait bool
	if err := noticesWait.Scan(ctx, db, nil, &wait); err != nil {
		return false, fmt.Errorf("looking into the outbox: %w", err)
	}
	return wait, nil
}

var noticesWait = pg.Prepared(`SELECT EXISTS (SELECT FROM outbox WHERE dispatched_at IS NULL)`)

// WaitingNotices reads what waits to be dispatched, the oldest first.
func WaitingNotices(ctx context.Context, db bun.IDB, limit int) ([]WaitingNotice, error) {
	var rows []WaitingNotice
	if err := waitingNotices.Scan(ctx, db, []any{limit}, &rows); err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return rows, nil
}

var waitingNotices = pg.Prepared(`SELECT o.position, coalesce(o.record_id::text, '') AS record_id, o.kind, o.recipients, o.data, o.lane, o.guard_kind,
		o.guard_id, o.created_at, coalesce(r.service, '') AS service, coalesce(r.restricted, false) AS restricted
	FROM outbox o LEFT JOIN records r ON r.id = o.record_id WHERE o.dispatched_at IS NULL ORDER BY (o.lane = 'page') DESC, o.position LIMIT $1`)

// Audience is who a notice is for, by the forms that recipients take.
type Audience struct {
	People, Leads, Teams []string
	// Owners are services whose owner is told.
	Owners []string
	// Roles are those of which everybody is told who holds them for everything, or for the record's team or service.
	Roles []string
	// Watchers: those of the record are told too.
	Watchers bool
	// But is who is not told: whoever did it.
	But string
	// Delegates are told also of a restricted record: they vote in place of somebody who is asked, and so may read it.
	Delegates []string
}

// Reachable is somebody to tell, with where they are reached and what they chose.
type Reachable struct {
	Handle   string          `bun:"handle"`
	Mail     string          `bun:"mail"`
	Zone     string          `bun:"zone"`
	Chose    bool            `bun:"chose"` // the four after it are theirs
	Notices  json.RawMessage `bun:"notices,type:json"`
	Pages    json.RawMessage `bun:"pages,type:json"`
	QuietAt  string          `bun:"quiet_from"`
	QuietEnd string          `bun:"quiet_to"`
	Contacts json.RawMessage `bun:"contacts,type:json"` // verified ones: {id, channel, address}
}

// FindAudience finds the active people of an audience. Of a restricted record only those are told who are named in it, and delegates.
func FindAudience(ctx context.Context, db bun.IDB, record string, of Audience) ([]Reachable, error) {
	var people []Reachable
	args := []any{nullable(record), array(of.People), array(of.Leads), array(of.Teams), of.Watchers, of.But, array(of.Owners), array(of.Roles), array(of.Delegates)}
	if err := findAudience.Scan(ctx, db, args, &people); err != nil {
		return nil, fmt.Errorf("finding whom to tell: %w", err)
	}
	return people, nil
}

func array(texts []string) []string { return append([]string{}, texts...) }

var findAudience = pg.Prepared(`SELECT p.handle, p.mail, p.zone, n.person IS NOT NULL AS chose, coalesce(n.notices, '[]')::json AS notices,
		coalesce(n.pages, '[]')::json AS pages, coalesce(n.quiet_from, '') AS quiet_from, coalesce(n.quiet_to, '') AS quiet_to,
		coalesce((SELECT json_agg(json_build_object('id', c.id, 'channel', c.channel, 'address', c.address) ORDER BY c.created_at)
			FROM contacts c WHERE c.person = p.handle AND c.verified_at IS NOT NULL), '[]') AS contacts
	FROM people p LEFT JOIN notification_rules n ON n.person = p.handle LEFT JOIN records r ON r.id = $1::uuid
	WHERE p.active AND p.kind = 'person' AND p.handle <> $6 AND p.handle IN (
			SELECT unnest($2::text[]) UNION SELECT unnest($9::text[]) UNION SELECT lead FROM teams WHERE name = ANY ($3::text[])
			UNION SELECT person FROM team_members WHERE team = ANY ($4::text[])
			UNION SELECT owner FROM services WHERE name = ANY ($7::text[])
			UNION SELECT g.person FROM grants g WHERE g.role = ANY ($8::text[]) AND (g.scope_kind = 'all'
				OR g.scope_kind = 'team' AND g.scope_name = r.team OR g.scope_kind = 'service' AND g.scope_name = r.service)
			UNION SELECT w.person FROM watchers w WHERE $5 AND w.record_id = $1::uuid)
		AND (r.id IS NULL OR p.handle = ANY ($9::text[]) OR ` + openTo("p.handle") + `)
	ORDER BY p.handle`)

// Dispatched writes what became of notices: deliveries and bell rows, of which those that are there already stay as they are,
// and that the notices need nothing more.
func Dispatched(ctx context.Context, tx bun.IDB, positions []int64, deliveries []DeliveryRow, bell []BellRow, now time.Time) error {
	if len(deliveries) > 0 {
		if _, err := tx.NewInsert().Model(&deliveries).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("writing deliveries: %w", err)
		}
	}
	if len(bell) > 0 {
		if _, err := tx.NewInsert().Model(&bell).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("writing the bell: %w", err)
		}
	}
	if _, err := tx.NewRaw(`UPDATE outbox SET dispatched_at = ? WHERE position = ANY (?)`, now, pgdialect.Array(positions)).Exec(ctx); err != nil {
		return fmt.Errorf("marking the outbox: %w", err)
	}
	return nil
}

// SkipOutbox lets what waits in the outbox be told to nobody; it answers how much that was.
func SkipOutbox(ctx context.Context, db bun.IDB, now time.Time) (int, error) {
	result, err := db.NewRaw(`UPDATE outbox SET dispatched_at = ? WHERE dispatched_at IS NULL`, now).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("skipping the outbox: %w", err)
	}
	rows, err := result.RowsAffected()
	return int(rows), err
}
