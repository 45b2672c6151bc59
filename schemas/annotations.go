package schemas

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain"
)

// WatcherRow is somebody who is told of everything that happens to a record.
type WatcherRow struct {
	Person string    `bun:"person"`
	Since  time.Time `bun:"since"`
}

// ReadWatchers lists a record's watchers by name.
func ReadWatchers(ctx context.Context, db bun.IDB, record string) ([]WatcherRow, error) {
	var rows []WatcherRow
	err := db.NewRaw(`SELECT person, since FROM watchers WHERE record_id = ? ORDER BY person`, record).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading watchers: %w", err)
	}
	return rows, nil
}

// AddWatcher and RemoveWatcher answer whether anything changed.
func AddWatcher(ctx context.Context, db bun.IDB, record, person string, now time.Time) (bool, error) {
	return changed(db.NewRaw(`INSERT INTO watchers (record_id, person, since) SELECT ?, handle, ? FROM people WHERE handle = ? AND active
		ON CONFLICT DO NOTHING`, record, now, person).Exec(ctx))
}

// RemoveWatcher takes a watcher off a record.
func RemoveWatcher(ctx context.Context, db bun.IDB, record, person string) (bool, error) {
	return changed(db.NewRaw(`DELETE FROM watchers WHERE record_id = ? AND person = ?`, record, person).Exec(ctx))
}

func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("writing: %w", err)
	}
	rows, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("counting rows: %w", err)
	}
	return rows > 0, nil
}

// AttachmentRow is a file at a record; its content lies in the blob store under its id.
type AttachmentRow struct {
	bun.BaseModel `bun:"table:attachments,alias:a"`
	ID            string    `bun:"id,pk,type:uuid"`
	RecordID      string    `bun:"record_id,type:uuid"`
	Name          string    `bun:"name"`
	MediaType     string    `bun:"media_type"`
	Bytes         int64     `bun:"bytes"`
	SHA256        string    `bun:"sha256"`
	Public        bool      `bun:"public"`
	AddedBy       string    `bun:"added_by"`
	AddedAt       time.Time `bun:"added_at"`
}

// AddAttachment writes a file's row.
func AddAttachment(ctx context.Context, db bun.IDB, row AttachmentRow) error {
	if _, err := db.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("writing an attachment: %w", err)
	}
	return nil
}

// ReadAttachments lists a record's files, oldest first; with id only that one; without internal only the public ones.
func ReadAttachments(ctx context.Context, db bun.IDB, record, id string, internal bool) ([]AttachmentRow, error) {
	var rows []AttachmentRow
	q := db.NewSelect().Model(&rows).Where("record_id = ?", record)
	if id != "" {
		q = q.Where("id = ?", id)
	}
	if !internal {
		q = q.Where("public")
	}
	if err := q.OrderExpr("added_at, id").Scan(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading attachments: %w", err)
	}
	return rows, nil
}

// RemoveAttachment takes a file's row away, and answers whether there was one.
func RemoveAttachment(ctx context.Context, db bun.IDB, record, id string) (bool, error) {
	return changed(db.NewRaw(`DELETE FROM attachments WHERE record_id = ? AND id = ?`, record, id).Exec(ctx))
}

// KnownAttachments finds which of these ids a file has.
func KnownAttachments(ctx context.Context, db bun.IDB, ids []string) ([]string, error) {
	var known []string
	err := db.NewRaw(`SELECT id::text FROM attachments WHERE id = ANY (?::uuid[])`, pgdialect.Array(ids)).Scan(ctx, &known)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("looking for attachments: %w", err)
	}
	return known, nil
}

// RememberCommand writes down an annotation's key and outcome as the application's role; false: it was known.
func RememberCommand(ctx context.Context, db bun.IDB, id, record, name, digest, actor string, outcome any, now time.Time) (bool, error) {
	text, err := json.Marshal(outcome)
	if err != nil {
		return false, fmt.Errorf("encoding an outcome: %w", err)
	}
	var fresh bool
	if err := db.NewRaw(`SELECT remember_command(?, ?, ?, ?, ?, ?::json, ?)`, id, nullable(record), name, digest, actor, string(text), now).Scan(ctx, &fresh); err != nil {
		return false, fmt.Errorf("remembering %s: %w", name, err)
	}
	return fresh, nil
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// TellOutside puts a notice into the outbox as the application's role.
func TellOutside(ctx context.Context, db bun.IDB, record string, notice domain.Notice, now time.Time) error {
	data, err := json.Marshal(notice.Data)
	if err != nil {
		return fmt.Errorf("encoding a notice: %w", err)
	}
	to, err := json.Marshal(notice.To)
	if err != nil {
		return fmt.Errorf("encoding a notice: %w", err)
	}
	if _, err := db.NewRaw(`SELECT tell_outside(?, ?, ?::jsonb, ?::json, ?)`, record, notice.Kind, string(to), string(data), now).Exec(ctx); err != nil {
		return fmt.Errorf("writing the outbox: %w", err)
	}
	return nil
}

// AuditRow is a decision or an act of governing that was refused, an act of governing that was done, or a read of a restricted
// record by somebody who is not named in it.
type AuditRow struct {
	bun.BaseModel `bun:"table:audit"`
	At            time.Time `bun:"at" json:"at"`
	Actor         string    `bun:"actor" json:"actor"`
	Action        string    `bun:"action" json:"action"`
	RecordID      string    `bun:"record_id,type:uuid,nullzero" json:"record,omitempty"`
	Outcome       string    `bun:"outcome" json:"outcome"`
	Detail        string    `bun:"detail" json:"detail,omitempty"`
}

// Forbidden is what the audit keeps of a command of the queue that is refused: nothing, unless whoever gave it may not.
func Forbidden(command domain.Command, refused *domain.Error, now time.Time) []AuditRow {
	if refused == nil || refused.Code != domain.CodeForbidden {
		return nil
	}
	return []AuditRow{{At: now, Actor: command.Actor.Name, Action: command.Name, RecordID: command.Record, Outcome: "forbidden", Detail: command.Record}}
}

// AppendAudit writes lines of the audit, in one statement.
func AppendAudit(ctx context.Context, db bun.IDB, rows ...AuditRow) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := db.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("writing the audit: %w", err)
	}
	return nil
}
