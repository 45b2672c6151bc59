package schemas

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ApprovalLink leads one person to one vote, on what a change was as the link was mailed.
type ApprovalLink struct {
	Hash      string          `bun:"hash"`
	Change    string          `bun:"change_id"`
	Number    string          `bun:"number"` // of the change
	Stage     string          `bun:"stage"`
	Person    string          `bun:"person"`
	Hashes    approval.Hashes `bun:"hashes,type:json"`
	ExpiresAt time.Time       `bun:"expires_at"`
	UsedAt    *time.Time      `bun:"used_at"`
}

// MailApprovalLink keeps the hash of a link that is being mailed, with what the change is now, as the workers' role. False: the vote is
// not asked for any more.
func MailApprovalLink(ctx context.Context, db bun.IDB, hash, change, stage, person string, now, expires time.Time) (bool, error) {
	rows, err := mailApprovalLink.Exec(ctx, db, []any{hash, change, stage, person, now, expires})
	return rows == 1, wrapped(err, "mailing a link to vote")
}

var mailApprovalLink = pg.Prepared(`INSERT INTO approval_links (hash, change_id, stage, person, hashes, made_at, expires_at)
	SELECT $1, c.id, s.stage, s.person, c.approval -> 'hashes', $5, $6
	FROM changes c JOIN approval_seats s ON s.record_id = c.id WHERE c.id = $2 AND s.stage = $3 AND s.person = $4`)

// FindApprovalLink reads a link, whether it still works or not.
func FindApprovalLink(ctx context.Context, db bun.IDB, hash string) (ApprovalLink, bool, error) {
	var rows []ApprovalLink
	if err := findApprovalLink.Scan(ctx, db, []any{hash}, &rows); err != nil || len(rows) == 0 {
		return ApprovalLink{}, false, wrapped(err, "reading a link to vote")
	}
	toUTC(&rows[0].ExpiresAt, rows[0].UsedAt)
	return rows[0], true, nil
}

var findApprovalLink = pg.Prepared(`SELECT l.hash, l.change_id::text AS change_id, r.number, l.stage, l.person, l.hashes, l.expires_at, l.used_at
	FROM approval_links l JOIN records r ON r.id = l.change_id WHERE l.hash = $1`)

// UseApprovalLink uses a link up; false: it was used before.
func UseApprovalLink(ctx context.Context, db bun.IDB, hash string, now time.Time) (bool, error) {
	rows, err := useApprovalLink.Exec(ctx, db, []any{hash, now})
	return rows == 1, wrapped(err, "using a link to vote")
}

var useApprovalLink = pg.Prepared(`UPDATE approval_links SET used_at = $2 WHERE hash = $1 AND used_at IS NULL`)

// ForgetApprovalLinks removes the links that expired before a moment.
func ForgetApprovalLinks(ctx context.Context, db bun.IDB, before time.Time) error {
	_, err := db.NewRaw(`DELETE FROM approval_links WHERE expires_at < ?`, before).Exec(ctx)
	return wrapped(err, "forgetting links to vote")
}
