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
	Seat      string          `bun:"seat"` // whose vote it is: the person's own, or that of somebody who delegated to them
	Hashes    approval.Hashes `bun:"hashes,type:json"`
	ExpiresAt time.Time       `bun:"expires_at"`
	UsedAt    *time.Time      `bun:"used_at"`
}

// SeatAsked says whose vote is asked of a person in a stage of a change at an instant: their own, else the first by name of those who
// delegated to them, unless they have voted for another there already. Empty: none.
func SeatAsked(ctx context.Context, db bun.IDB, change, stage, person string, at time.Time) (string, error) {
	var seats []string
	if err := seatAsked.Scan(ctx, db, []any{change, stage, person, at}, &seats); err != nil || len(seats) == 0 {
		return "", wrapped(err, "asking whose vote is asked for")
	}
	return seats[0], nil
}

var seatAsked = pg.Prepared(`SELECT s.person FROM approval_seats s WHERE s.record_id = $1 AND s.stage = $2 AND (s.person = $3
		OR s.person IN (SELECT principal FROM delegations WHERE delegate = $3 AND ` + standsAt("$4") + `)
			AND NOT EXISTS (SELECT FROM votes v WHERE v.record_id = s.record_id AND v.stage = s.stage AND v.voter = $3 AND v.void = ''))
	ORDER BY s.person <> $3, s.person LIMIT 1`)

// MailApprovalLink keeps the hash of a link that is being mailed, with what the change is now, as the workers' role: of a person, to the
// vote of a seat. False: that vote is not asked for any more.
func MailApprovalLink(ctx context.Context, db bun.IDB, hash, change, stage, person, seat string, now, expires time.Time) (bool, error) {
	rows, err := mailApprovalLink.Exec(ctx, db, []any{hash, change, stage, person, seat, now, expires})
	return rows == 1, wrapped(err, "mailing a link to vote")
}

var mailApprovalLink = pg.Prepared(`INSERT INTO approval_links (hash, change_id, stage, person, seat, hashes, made_at, expires_at)
	SELECT $1, c.id, s.stage, $4::text, nullif(s.person, $4::text), c.approval -> 'hashes', $6, $7
	FROM changes c JOIN approval_seats s ON s.record_id = c.id WHERE c.id = $2 AND s.stage = $3 AND s.person = $5`)

// FindApprovalLink reads a link, whether it still works or not.
func FindApprovalLink(ctx context.Context, db bun.IDB, hash string) (ApprovalLink, bool, error) {
	var rows []ApprovalLink
	if err := findApprovalLink.Scan(ctx, db, []any{hash}, &rows); err != nil || len(rows) == 0 {
		return ApprovalLink{}, false, wrapped(err, "reading a link to vote")
	}
	toUTC(&rows[0].ExpiresAt, rows[0].UsedAt)
	return rows[0], true, nil
}

var findApprovalLink = pg.Prepared(`SELECT l.hash, l.change_id::text AS change_id, r.number, l.stage, l.person, coalesce(l.seat, l.person) AS seat, l.hashes, l.expires_at, l.used_at
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
