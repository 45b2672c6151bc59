package schemas

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// PersonRow is somebody who works with Holdfast, or a machine that does.
type PersonRow struct {
	bun.BaseModel `bun:"table:people,alias:p"`
	Handle        string    `bun:"handle,pk"`
	Name          string    `bun:"name"`
	Mail          string    `bun:"mail"`
	Kind          string    `bun:"kind"`
	Active        bool      `bun:"active"`
	Zone          string    `bun:"zone"`
	CreatedAt     time.Time `bun:"created_at"`
}

// GrantRow gives a person a role within a scope.
type GrantRow struct {
	bun.BaseModel `bun:"table:grants,alias:g"`
	Person        string      `bun:"person,pk"`
	Role          domain.Role `bun:"role,pk"`
	ScopeKind     string      `bun:"scope_kind,pk"`
	ScopeName     string      `bun:"scope_name,pk"`
	GrantedBy     string      `bun:"granted_by"`
	GrantedAt     time.Time   `bun:"granted_at"`
}

// TokenRow lets a machine act as a person; only the SHA-256 of its secret is kept.
type TokenRow struct {
	bun.BaseModel `bun:"table:tokens,alias:t"`
	ID            string   `bun:"id,pk,type:uuid"`
	Person        string   `bun:"person"`
	Name          string   `bun:"name"`
	Hash          string   `bun:"hash"`
	Permissions   []string `bun:"permissions,type:jsonb"`
	CreatedBy     string   `bun:"created_by"`
	// CreatedByToken is the token that made this one; empty: the installation did.
	CreatedByToken string     `bun:"created_by_token,type:uuid,nullzero"`
	CreatedAt      time.Time  `bun:"created_at"`
	ExpiresAt      time.Time  `bun:"expires_at"`
	RevokedAt      *time.Time `bun:"revoked_at"`
}

// Bearer is a token or a session with the active person whom it speaks for, and what they hold now.
type Bearer struct {
	Token   TokenRow // of a session, the id and permissions of the token that it began with, if any
	Session SessionRow
	Person  PersonRow
	Grants  []GrantRow
	// Language is the tag of the one that the person chose; empty: none.
	Language string
}

// FindToken reads a token that is neither revoked nor expired, with its active person, by the hash of its secret.
func FindToken(ctx context.Context, db bun.IDB, hash string, now time.Time) (Bearer, bool, error) {
	return bearer(ctx, db, bearerByHash, hash, now)
}

// ReadToken reads such a token by its id.
func ReadToken(ctx context.Context, db bun.IDB, id string, now time.Time) (Bearer, bool, error) {
	return bearer(ctx, db, bearerByID, id, now)
}

// bearer reads all of it in one statement: every request begins with it.
func bearer(ctx context.Context, db bun.IDB, by pg.Prepared, args ...any) (Bearer, bool, error) {
	var rows []struct {
		TokenRow
		SessionID     string    `bun:"session_id"`
		SessionSeenAt time.Time `bun:"session_seen_at"`
		PersonName    string    `bun:"person_name"`
		PersonKind    string    `bun:"person_kind"`
		PersonZone    string    `bun:"person_zone"`
		Language      string    `bun:"person_language"`
		Grants        []struct {
			Role      domain.Role `json:"role"`
			ScopeKind string      `json:"scope_kind"`
			ScopeName string      `json:"scope_name"`
			GrantedBy string      `json:"granted_by"`
			GrantedAt time.Time   `json:"granted_at"`
		} `bun:"grants,type:json"`
	}
	if err := by.Scan(ctx, db, args, &rows); err != nil {
		return Bearer{}, false, fmt.Errorf("reading a token: %w", err)
	}
	if len(rows) == 0 {
		return Bearer{}, false, nil
	}
	row := rows[0]
	found := Bearer{Token: row.TokenRow, Language: row.Language, Session: SessionRow{ID: row.SessionID, SeenAt: row.SessionSeenAt}, Person: PersonRow{
		Handle: row.Person, Name: row.PersonName, Kind: row.PersonKind, Zone: row.PersonZone, Active: true,
	}}
	for _, grant := range row.Grants {
		found.Grants = append(found.Grants, GrantRow{
			Person: row.Person, Role: grant.Role, ScopeKind: grant.ScopeKind, ScopeName: grant.ScopeName,
			GrantedBy: grant.GrantedBy, GrantedAt: grant.GrantedAt,
		})
	}
	return found, true, nil
}

var (
	bearerByHash = bearerBy("hash")
	bearerByID   = bearerBy("id")
)

func bearerBy(column string) pg.Prepared {
	return pg.Prepared(`SELECT ` + columnsOf(tokenTable, "t") + `, ` + personColumns("t.person") + `
		FROM tokens t JOIN people p ON p.handle = t.person AND p.active
		WHERE t.` + column + ` = $1 AND t.revoked_at IS NULL AND t.expires_at > $2`)
}

// personColumns are what is read of a bearer's person p, and their grants.
func personColumns(handle string) string {
	return `p.name AS person_name, p.kind AS person_kind, p.zone AS person_zone, p.language AS person_language,
			coalesce((SELECT json_agg(g ORDER BY g.role, g.scope_kind, g.scope_name) FROM grants g WHERE g.person = ` + handle + `), '[]') AS grants`
}

// LockAccounts holds back every other write of people, grants, teams and tokens until the transaction ends: what they ask of each
// other, such as that one administrator stays, holds then.
func LockAccounts(ctx context.Context, db bun.IDB) error {
	if _, err := db.NewRaw(`SELECT pg_advisory_xact_lock(hashtextextended('accounts', 0))`).Exec(ctx); err != nil {
		return fmt.Errorf("waiting for another write of accounts: %w", err)
	}
	return nil
}

// ShareAccounts lets nobody write people, grants, teams and owners of services until the transaction ends, in which seats are given by
// them: whoever takes them away meanwhile waits, and then finds the seats.
func ShareAccounts(ctx context.Context, db bun.IDB) error {
	if _, err := db.NewRaw(`SELECT pg_advisory_xact_lock_shared(hashtextextended('accounts', 0))`).Exec(ctx); err != nil {
		return fmt.Errorf("waiting for a write of accounts: %w", err)
	}
	return nil
}

// ReadPerson reads somebody by handle.
func ReadPerson(ctx context.Context, db bun.IDB, handle string) (PersonRow, bool, error) {
	var row PersonRow
	err := db.NewSelect().Model(&row).Where("handle = ?", handle).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading %s: %w", handle, err)
	}
	return row, true, nil
}

// SavePerson writes somebody; the handle stays.
func SavePerson(ctx context.Context, db bun.IDB, row PersonRow) error {
	_, err := db.NewInsert().Model(&row).On("CONFLICT (handle) DO UPDATE").
		Set("name = excluded.name, mail = excluded.mail, kind = excluded.kind, active = excluded.active, zone = excluded.zone").Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing %s: %w", row.Handle, err)
	}
	return nil
}

// ReadGrants lists what a person was granted.
func ReadGrants(ctx context.Context, db bun.IDB, person string) ([]GrantRow, error) {
	var rows []GrantRow
	err := db.NewSelect().Model(&rows).Where("person = ?", person).OrderExpr("role, scope_kind, scope_name").Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading grants of %s: %w", person, err)
	}
	return rows, nil
}

// GiveGrant writes a grant; one that is held stays as it is.
func GiveGrant(ctx context.Context, db bun.IDB, row GrantRow) (bool, error) {
	return changed(db.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx))
}

// TakeGrant takes a grant away.
func TakeGrant(ctx context.Context, db bun.IDB, row GrantRow) (bool, error) {
	return changed(db.NewDelete().Model(&row).WherePK().Exec(ctx))
}

// IsLastAdmin reports whether a person is the only active one that holds the role of administrator for all.
func IsLastAdmin(ctx context.Context, db bun.IDB, person string) (bool, error) {
	var admins []string
	err := db.NewRaw(`SELECT p.handle FROM grants g JOIN people p ON p.handle = g.person
		WHERE g.role = ? AND g.scope_kind = 'all' AND p.active LIMIT 2`, domain.RoleAdmin).Scan(ctx, &admins)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("looking for administrators: %w", err)
	}
	return len(admins) == 1 && admins[0] == person, nil
}

// ReadTokens lists a person's tokens, newest first.
func ReadTokens(ctx context.Context, db bun.IDB, person string) ([]TokenRow, error) {
	var rows []TokenRow
	err := db.NewSelect().Model(&rows).Where("person = ?", person).OrderExpr("created_at DESC, id").Limit(maxTokens).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading tokens of %s: %w", person, err)
	}
	return rows, nil
}

const maxTokens = 500

// AddToken writes a new token.
func AddToken(ctx context.Context, db bun.IDB, row TokenRow) error {
	if _, err := db.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("writing a token: %w", err)
	}
	return nil
}

// MadeToken reads a token by its id, whether it still works or not.
func MadeToken(ctx context.Context, db bun.IDB, id string) (TokenRow, bool, error) {
	var row TokenRow
	err := db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading token %s: %w", id, err)
	}
	return row, true, nil
}

// ChangeTokenHash gives a token another secret; the one before works no more.
func ChangeTokenHash(ctx context.Context, db bun.IDB, id, hash string) error {
	if _, err := db.NewUpdate().Table("tokens").Set("hash = ?", hash).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("changing the secret of token %s: %w", id, err)
	}
	return nil
}

// CountTokens counts a person's tokens that are neither revoked nor expired.
func CountTokens(ctx context.Context, db bun.IDB, person string, now time.Time) (int, error) {
	var count int
	err := db.NewSelect().Table("tokens").ColumnExpr("count(*)").
		Where("person = ? AND revoked_at IS NULL AND expires_at > ?", person, now).Scan(ctx, &count)
	if err != nil {
		return 0, fmt.Errorf("counting the tokens of %s: %w", person, err)
	}
	return count, nil
}

// RevokeToken ends a token, and every one that it made, and that those made; with person only one of theirs. It answers how
// many had not ended before. Whoever calls it holds LockAccounts, so that none is made meanwhile.
func RevokeToken(ctx context.Context, db bun.IDB, id, person string, now time.Time) (int, error) {
	first := db.NewSelect().Table("tokens").Column("id").Where("id = ? AND revoked_at IS NULL", id)
	if person != "" {
		first = first.Where("person = ?", person)
	}
	result, err := db.NewRaw(`WITH RECURSIVE line AS (? UNION SELECT t.id FROM tokens t JOIN line l ON t.created_by_token = l.id)
		UPDATE tokens SET revoked_at = ? WHERE id IN (SELECT id FROM line) AND revoked_at IS NULL`, first, now).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("revoking token %s: %w", id, err)
	}
	ended, err := result.RowsAffected()
	return int(ended), err
}

// PolicyRow is one version of a document.
type PolicyRow struct {
	bun.BaseModel `bun:"table:policies"`
	Kind          string    `bun:"kind,pk"`
	Name          string    `bun:"name,pk"`
	Version       int       `bun:"version,pk"`
	Spec          string    `bun:"spec"` // JSON text; as type json, bun would encode the string once more
	Author        string    `bun:"author"`
	Reason        string    `bun:"reason"`
	CreatedAt     time.Time `bun:"created_at"`
	// ApprovedBy is the second person of a version that needed one.
	ApprovedBy string `bun:"approved_by"`
}

// ReadPolicy reads one version of a document; version 0 is the newest. It answers false when there is none.
func ReadPolicy(ctx context.Context, db bun.IDB, kind, name string, version int) (PolicyRow, bool, error) {
	var row PolicyRow
	q := db.NewSelect().Model(&row).Where("kind = ? AND name = ?", kind, name)
	if version != 0 {
		q = q.Where("version = ?", version)
	}
	err := q.OrderExpr("version DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading policy %s/%s: %w", kind, name, err)
	}
	return row, true, nil
}

// ListPolicies reads the newest version of every document, of one kind or of all.
func ListPolicies(ctx context.Context, db bun.IDB, kind string) ([]PolicyRow, error) {
	var rows []PolicyRow
	q := db.NewSelect().Model(&rows).DistinctOn("kind, name").OrderExpr("kind, name, version DESC")
	if kind != "" {
		q = q.Where("kind = ?", kind)
	}
	if err := q.Scan(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing policies: %w", err)
	}
	return rows, nil
}

// ListPolicyVersions reads every version of a document, newest first.
func ListPolicyVersions(ctx context.Context, db bun.IDB, kind, name string) ([]PolicyRow, error) {
	var rows []PolicyRow
	err := db.NewSelect().Model(&rows).Where("kind = ? AND name = ?", kind, name).OrderExpr("version DESC").Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing versions of %s/%s: %w", kind, name, err)
	}
	return rows, nil
}

// AddPolicy writes a new version of a document.
func AddPolicy(ctx context.Context, db bun.IDB, row PolicyRow) error {
	if _, err := db.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("writing policy %s/%s: %w", row.Kind, row.Name, err)
	}
	return nil
}

// LockPolicyName holds a document's name until the transaction ends, so that two writers number their versions in turn.
func LockPolicyName(ctx context.Context, db bun.IDB, kind, name string) error {
	if _, err := db.NewRaw(`SELECT pg_advisory_xact_lock(hashtextextended(?, 0))`, "policy/"+kind+"/"+name).Exec(ctx); err != nil {
		return fmt.Errorf("locking policy %s/%s: %w", kind, name, err)
	}
	return nil
}
