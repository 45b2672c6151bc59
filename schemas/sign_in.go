package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// SessionRow is somebody's stay in the console. Only the SHA-256 of its secret is kept.
type SessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`
	ID            string `bun:"id,pk,type:uuid"`
	Hash          string `bun:"hash"`
	Person        string `bun:"person"`
	// Token is the API token that it began with; empty: a password or a link.
	Token     string     `bun:"token,type:uuid,nullzero"`
	Address   string     `bun:"address"`
	Network   string     `bun:"network"` // of the address, as attempts are counted
	Agent     string     `bun:"agent"`
	CreatedAt time.Time  `bun:"created_at"`
	SeenAt    time.Time  `bun:"seen_at"`
	ExpiresAt time.Time  `bun:"expires_at"`
	EndedAt   *time.Time `bun:"ended_at"`
}

// InvitationRow is a link that works once.
type InvitationRow struct {
	bun.BaseModel `bun:"table:invitations,alias:v"`
	ID            string     `bun:"id,pk,type:uuid"`
	Hash          string     `bun:"hash"`
	Person        string     `bun:"person"`
	Purpose       string     `bun:"purpose"`
	MadeBy        string     `bun:"made_by"`
	CreatedAt     time.Time  `bun:"created_at"`
	ExpiresAt     time.Time  `bun:"expires_at"`
	UsedAt        *time.Time `bun:"used_at"`
}

// ReadPassword reads what is kept of an active person's password; "" when there is none, nobody, or a machine. In a transaction
// it is held: nobody sets another one meanwhile.
func ReadPassword(ctx context.Context, db bun.IDB, person string) (string, error) {
	var hash string
	err := db.NewRaw(`SELECT w.hash FROM passwords w JOIN people p ON p.handle = w.person AND p.active AND p.kind = 'person'
		WHERE w.person = ? FOR UPDATE OF w`, person).Scan(ctx, &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading a password: %w", err)
	}
	return hash, nil
}

// SetPassword keeps a password's hash instead of the one before.
func SetPassword(ctx context.Context, db bun.IDB, person, hash string, now time.Time) error {
	_, err := db.NewRaw(`INSERT INTO passwords (person, hash, set_at) VALUES (?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at`, person, hash, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("setting a password: %w", err)
	}
	return nil
}

// SetZone sets somebody's time zone.
func SetZone(ctx context.Context, db bun.IDB, person, zone string) error {
	if _, err := db.NewRaw(`UPDATE people SET zone = ? WHERE handle = ?`, zone, person).Exec(ctx); err != nil {
		return fmt.Errorf("setting a time zone: %w", err)
	}
	return nil
}

// SetLanguage sets the language of somebody's pages; empty: none.
func SetLanguage(ctx context.Context, db bun.IDB, person, language string) error {
	if _, err := db.NewRaw(`UPDATE people SET language = ? WHERE handle = ?`, language, person).Exec(ctx); err != nil {
		return fmt.Errorf("setting a language: %w", err)
	}
	return nil
}

// AddSession begins a session.
func AddSession(ctx context.Context, db bun.IDB, row SessionRow) error {
	if _, err := db.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("beginning a session: %w", err)
	}
	return nil
}

// EndOldest ends all sessions of a person but the newest.
func EndOldest(ctx context.Context, db bun.IDB, person string, keep int, now time.Time) error {
	_, err := db.NewRaw(`UPDATE sessions SET ended_at = ? WHERE id IN (SELECT id FROM sessions WHERE person = ? AND ended_at IS NULL
		ORDER BY created_at DESC, id DESC OFFSET ?)`, now, person, keep).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ending the oldest sessions: %w", err)
	}
	return nil
}

// KnownThere reports whether somebody signed in from a network before, within the time that sessions are kept.
func KnownThere(ctx context.Context, db bun.IDB, person, network string) (bool, error) {
	var known bool
	err := db.NewRaw(`SELECT EXISTS (SELECT FROM sessions WHERE person = ?0 AND network = ?1 AND network <> '')`, person, network).Scan(ctx, &known)
	if err != nil {
		return false, fmt.Errorf("looking for earlier sessions: %w", err)
	}
	return known, nil
}

// FindSession reads a session that has neither ended nor expired nor been idle since a moment, with its active person, by the
// hash of its secret. The token that it began with must live.
func FindSession(ctx context.Context, db bun.IDB, hash string, now, idleSince time.Time) (Bearer, bool, error) {
	return bearer(ctx, db, sessionByHash, hash, now, idleSince)
}

// ReadSession reads such a session by its id.
func ReadSession(ctx context.Context, db bun.IDB, id string, now, idleSince time.Time) (Bearer, bool, error) {
	return bearer(ctx, db, sessionByID, id, now, idleSince)
}

var (
	sessionByHash = sessionBy("hash")
	sessionByID   = sessionBy("id")
)

func sessionBy(column string) pg.Prepared {
	return pg.Prepared(`SELECT s.id AS session_id, s.seen_at AS session_seen_at, s.person, coalesce(t.id::text, '') AS id,
			coalesce(t.permissions, '[]') AS permissions, ` + personColumns("s.person") + `
		FROM sessions s JOIN people p ON p.handle = s.person AND p.active LEFT JOIN tokens t ON t.id = s.token
		WHERE s.` + column + ` = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.seen_at > $3
			AND (s.token IS NULL OR t.revoked_at IS NULL AND t.expires_at > $2)`)
}

// SeeSession notes that a session was used.
func SeeSession(ctx context.Context, db bun.IDB, id string, now time.Time) error {
	if _, err := db.NewRaw(`UPDATE sessions SET seen_at = ? WHERE id = ? AND seen_at < ?`, now, id, now).Exec(ctx); err != nil {
		return fmt.Errorf("noting that a session was used: %w", err)
	}
	return nil
}

// LiveSessions lists a person's sessions that can still be used, the newest first.
func LiveSessions(ctx context.Context, db bun.IDB, person string, now, idleSince time.Time, limit int) ([]SessionRow, error) {
	var rows []SessionRow
	err := db.NewSelect().Model(&rows).Where("s.person = ? AND s.ended_at IS NULL AND s.expires_at > ? AND s.seen_at > ?", person, now, idleSince).
		OrderExpr("s.created_at DESC, s.id").Limit(int64(limit)).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	return rows, nil
}

// EndSession ends a session, of one person if one is named. It answers whose it was, or "" when there is none to end.
func EndSession(ctx context.Context, db bun.IDB, id, person string, now time.Time) (string, error) {
	var whose string
	q := db.NewUpdate().TableExpr("sessions AS s").Set("ended_at = ?", now).Where("s.id = ? AND s.ended_at IS NULL", id).Returning("s.person")
	if person != "" {
		q = q.Where("s.person = ?", person)
	}
	if err := q.Scan(ctx, &whose); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("ending a session: %w", err)
	}
	return whose, nil
}

// SessionOwner answers whose a session is, ended or not, or "" when there is none.
func SessionOwner(ctx context.Context, db bun.IDB, id string) (string, error) {
	var whose string
	err := db.NewRaw(`SELECT person FROM sessions WHERE id = ?`, id).Scan(ctx, &whose)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading whose a session is: %w", err)
	}
	return whose, nil
}

// EndSessions ends all sessions of a person but one.
func EndSessions(ctx context.Context, db bun.IDB, person, but string, now time.Time) error {
	_, err := db.NewRaw(`UPDATE sessions SET ended_at = ? WHERE person = ? AND ended_at IS NULL AND id::text <> ?`, now, person, but).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ending sessions: %w", err)
	}
	return nil
}

// AddInvitation makes a link; those that the person had for the same purpose work no more.
func AddInvitation(ctx context.Context, db bun.IDB, row InvitationRow) error {
	if err := DropInvitations(ctx, db, row.Person, row.Purpose, row.CreatedAt); err != nil {
		return err
	}
	if _, err := db.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("making an invitation: %w", err)
	}
	return nil
}

// MadeInvitation reads an invitation by its id, whether it still works or not.
func MadeInvitation(ctx context.Context, db bun.IDB, id string) (InvitationRow, bool, error) {
	var row InvitationRow
	err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading an invitation: %w", err)
	}
	return row, true, nil
}

// ChangeInvitationHash gives an invitation another secret; the one before works no more.
func ChangeInvitationHash(ctx context.Context, db bun.IDB, id, hash string) error {
	if _, err := db.NewUpdate().Table("invitations").Set("hash = ?", hash).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("changing the secret of an invitation: %w", err)
	}
	return nil
}

// DropInvitations ends a person's links for a purpose, or, without one, every link.
func DropInvitations(ctx context.Context, db bun.IDB, person, purpose string, now time.Time) error {
	_, err := db.NewRaw(`UPDATE invitations SET used_at = ?0 WHERE person = ?1 AND ?2 IN ('', purpose) AND used_at IS NULL`, now, person, purpose).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ending invitations: %w", err)
	}
	return nil
}

// FindInvitation reads a link that still works, with its active person, by the hash of its secret.
func FindInvitation(ctx context.Context, db bun.IDB, hash string, now time.Time) (InvitationRow, PersonRow, bool, error) {
	var row struct {
		InvitationRow
		PersonRow
	}
	err := db.NewRaw(`SELECT v.*, p.handle, p.name, p.zone, p.kind FROM invitations v JOIN people p ON p.handle = v.person AND p.active
		WHERE (v.hash = ?0 OR v.mailed_hash = ?0) AND v.used_at IS NULL AND v.expires_at > ?1`, hash, now).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return row.InvitationRow, row.PersonRow, false, nil
	}
	if err != nil {
		return row.InvitationRow, row.PersonRow, false, fmt.Errorf("reading an invitation: %w", err)
	}
	return row.InvitationRow, row.PersonRow, true, nil
}

// UseInvitation uses a link up; false when somebody else just did.
func UseInvitation(ctx context.Context, db bun.IDB, id string, now time.Time) (bool, error) {
	result, err := db.NewRaw(`UPDATE invitations SET used_at = ? WHERE id = ? AND used_at IS NULL`, now, id).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("using an invitation: %w", err)
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}

// AttemptRow counts attempts that failed.
type AttemptRow struct {
	bun.BaseModel `bun:"table:attempts,alias:a"`
	Counted       string    `bun:"counted,pk"`
	Failures      int       `bun:"failures"`
	LastAt        time.Time `bun:"last_at"`
	Until         time.Time `bun:"until"`
}

// LockAttempts reads what is counted under some names and holds it until the transaction ends; what was never counted begins.
// The names must be in order, so that two attempts cannot wait for each other.
func LockAttempts(ctx context.Context, db bun.IDB, counted []string, now time.Time) ([]AttemptRow, error) {
	_, err := db.NewRaw(`INSERT INTO attempts (counted, failures, last_at, until) SELECT name, 0, ?, ? FROM unnest(?::text[]) AS name
		ON CONFLICT (counted) DO NOTHING`, now, now, pgdialect.Array(counted)).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("beginning to count attempts: %w", err)
	}
	var rows []AttemptRow
	err = db.NewRaw(`SELECT * FROM attempts WHERE counted = ANY (?) ORDER BY counted FOR UPDATE`, pgdialect.Array(counted)).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("counting attempts: %w", err)
	}
	return rows, nil
}

// SaveAttempts writes what LockAttempts read.
func SaveAttempts(ctx context.Context, db bun.IDB, rows []AttemptRow) error {
	for _, row := range rows {
		if _, err := db.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("counting attempts: %w", err)
		}
	}
	return nil
}

// ForgiveAttempts takes one failure back under each name: the attempt succeeded. Under the names given second, all are.
func ForgiveAttempts(ctx context.Context, db bun.IDB, one, all []string, now time.Time) error {
	_, err := db.NewRaw(`UPDATE attempts SET failures = CASE WHEN counted = ANY (?1) THEN 0 ELSE greatest(failures - 1, 0) END, until = ?2
		WHERE counted = ANY (?0) OR counted = ANY (?1)`, pgdialect.Array(one), pgdialect.Array(all), now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forgiving attempts: %w", err)
	}
	return nil
}

// ForgetSignIns removes sessions and invitations that ended before a moment, and attempts whose count has begun anew.
func ForgetSignIns(ctx context.Context, db bun.IDB, ended, attempts time.Time) error {
	for _, statement := range []struct {
		query  string
		before time.Time
	}{
		{`DELETE FROM sessions WHERE expires_at < ?0 OR ended_at < ?0`, ended},
		{`DELETE FROM invitations WHERE expires_at < ?0 OR used_at < ?0`, ended},
		{`DELETE FROM attempts WHERE last_at < ?0`, attempts},
	} {
		if _, err := db.NewRaw(statement.query, statement.before).Exec(ctx); err != nil {
			return fmt.Errorf("forgetting old sign-ins: %w", err)
		}
	}
	return nil
}

// TellAccount leaves something to tell a person that belongs to no record.
func TellAccount(ctx context.Context, db bun.IDB, kind, person, data string, now time.Time) error {
	if _, err := db.NewRaw(`SELECT tell_account(?, ?, ?::json, ?)`, kind, person, data, now).Exec(ctx); err != nil {
		return fmt.Errorf("leaving something to tell: %w", err)
	}
	return nil
}
