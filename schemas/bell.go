package schemas

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// BellRow is a notice as the console's bell keeps it.
type BellRow struct {
	bun.BaseModel `bun:"table:bell"`
	Person        string          `bun:"person,pk"`
	Outbox        int64           `bun:"outbox,pk"`
	Kind          string          `bun:"kind"`
	Lane          domain.Lane     `bun:"lane"`
	RecordID      string          `bun:"record_id,type:uuid,nullzero"`
	Data          json.RawMessage `bun:"data,type:json"`
	CreatedAt     time.Time       `bun:"created_at"`
	ReadAt        *time.Time      `bun:"read_at"`
}

// Rung is a row of somebody's bell with what they may see of its record now; what they may not see any more has no title.
type Rung struct {
	Outbox    int64           `bun:"outbox"`
	Kind      string          `bun:"kind"`
	Lane      domain.Lane     `bun:"lane"`
	Data      json.RawMessage `bun:"data,type:json"`
	CreatedAt time.Time       `bun:"created_at"`
	ReadAt    *time.Time      `bun:"read_at"`
	Practice  domain.Practice `bun:"practice"`
	Number    string          `bun:"number"`
	Title     string          `bun:"title"`
	Service   string          `bun:"service"`
	Team      string          `bun:"team"`
	Assignee  string          `bun:"assignee"`
	Note      string          `bun:"note"`
	NoteBy    string          `bun:"note_by"`
}

// Bell reads somebody's bell, the newest first, from before a row; 0: from the newest.
func Bell(ctx context.Context, db bun.IDB, reader Reader, before int64, unread bool, limit int) ([]Rung, error) {
	var rows []Rung
	if err := readBell.Scan(ctx, db, reader.changeArguments(before, unread, limit), &rows); err != nil {
		return nil, fmt.Errorf("reading the bell: %w", err)
	}
	return rows, nil
}

var readBell = pg.Prepared(`SELECT b.outbox, b.kind, b.lane, b.data, b.created_at, b.read_at, coalesce(r.practice, '') AS practice, coalesce(r.number, '') AS number,
		coalesce(r.title, '') AS title, coalesce(r.service, '') AS service, coalesce(r.team, '') AS team, coalesce(r.assignee, '') AS assignee,
		coalesce(t.personal ->> 'body', '') AS note, coalesce(t.actor_name, '') AS note_by
	FROM bell b LEFT JOIN records r ON r.id = b.record_id AND ` + mayReadChange + `
	LEFT JOIN timeline t ON b.kind IN ('incident.note', 'change.note') AND t.record_id = r.id AND t.seq = (b.data ->> 'note')::bigint AND t.type = 'note.added' AND t.public
	WHERE b.person = $2 AND ($7 = 0 OR b.outbox < $7) AND (NOT $8 OR b.read_at IS NULL) ORDER BY b.outbox DESC LIMIT $9`)

// Unread counts what somebody's bell has that they have not read, to at most 100.
func Unread(ctx context.Context, db bun.IDB, person string) (int, error) {
	var count int
	if err := countUnread.Scan(ctx, db, []any{person}, &count); err != nil {
		return 0, fmt.Errorf("counting the bell: %w", err)
	}
	return count, nil
}

var countUnread = pg.Prepared(`SELECT count(*) FROM (SELECT FROM bell WHERE person = $1 AND read_at IS NULL LIMIT 100) b`)

// Rings is how much somebody's bell has that they have not read, to at most 100.
type Rings struct {
	Person string `bun:"person"`
	Unread int    `bun:"unread"`
}

// UnreadOf counts the bells of several people at once.
func UnreadOf(ctx context.Context, db bun.IDB, people []string) ([]Rings, error) {
	var rings []Rings
	if err := countUnreadOf.Scan(ctx, db, []any{people}, &rings); err != nil {
		return nil, fmt.Errorf("counting bells: %w", err)
	}
	return rings, nil
}

var countUnreadOf = pg.Prepared(`SELECT asked.person, (SELECT count(*) FROM (SELECT FROM bell b WHERE b.person = asked.person AND b.read_at IS NULL LIMIT 100) rings) AS unread
	FROM unnest($1::text[]) AS asked(person)`)

// ReadBell marks what somebody has read: one row alone, or all up to it.
func ReadBell(ctx context.Context, db bun.IDB, person string, outbox int64, alone bool, now time.Time) error {
	if _, err := db.NewRaw(`SELECT read_bell(?, ?, ?, ?)`, person, outbox, alone, now).Exec(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("marking the bell: %w", err)
	}
	return nil
}
