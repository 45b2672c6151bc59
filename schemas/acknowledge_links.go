package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// AcknowledgeLink lets whoever holds its secret acknowledge one escalation as one person, once.
type AcknowledgeLink struct {
	Hash       string     `bun:"hash"`
	Escalation string     `bun:"escalation"` // its id
	Person     string     `bun:"person"`
	ExpiresAt  time.Time  `bun:"expires_at"`
	UsedAt     *time.Time `bun:"used_at"`
	// Number, SourceNumber, Title and Open are the escalation's as it stands.
	Number       string `bun:"number"`
	SourceNumber string `bun:"source_number"`
	Title        string `bun:"title"`
	Why          string `bun:"why"`
	Priority     int    `bun:"priority"`
	State        string `bun:"state"`
	Open         bool   `bun:"open"`
	// AcknowledgedBy is who takes care now; "": nobody.
	AcknowledgedBy string `bun:"acknowledged_by"`
}

// MailAcknowledgement keeps the hash of a link that is being mailed, as the workers' role.
func MailAcknowledgement(ctx context.Context, db bun.IDB, hash, escalation, person string, now, expires time.Time) error {
	if _, err := mailAcknowledgement.Exec(ctx, db, []any{hash, escalation, person, now, expires}); err != nil {
		return fmt.Errorf("mailing a link to acknowledge: %w", err)
	}
	return nil
}

var mailAcknowledgement = pg.Prepared(`INSERT INTO acknowledge_links (hash, escalation, person, made_at, expires_at) VALUES ($1, $2, $3, $4, $5)`)

// FindAcknowledgeLink reads a link and whose it is, whether it still works or not. False: there is none, or its person may no
// longer sign in.
func FindAcknowledgeLink(ctx context.Context, db bun.IDB, hash string) (AcknowledgeLink, Bearer, bool, error) {
	var rows []AcknowledgeLink
	if err := findAcknowledgeLink.Scan(ctx, db, []any{hash}, &rows); err != nil || len(rows) == 0 {
		return AcknowledgeLink{}, Bearer{}, false, wrapped(err, "reading a link to acknowledge")
	}
	bearer := Bearer{}
	person, found, err := ReadPerson(ctx, db, rows[0].Person)
	if err != nil || !found || !person.Active {
		return rows[0], bearer, false, err
	}
	bearer.Person = person
	bearer.Grants, err = ReadGrants(ctx, db, person.Handle)
	return rows[0], bearer, err == nil, err
}

var findAcknowledgeLink = pg.Prepared(`SELECT l.hash, l.escalation::text AS escalation, l.person, l.expires_at, l.used_at, r.number, e.source_number, r.title, e.why,
		r.priority, r.state, r.open AND s.open AND i.merged_into IS NULL AS open, e.acknowledged_by
	FROM acknowledge_links l JOIN records r ON r.id = l.escalation JOIN escalations e ON e.id = r.id JOIN records s ON s.id = e.source_id
	LEFT JOIN incidents i ON i.id = s.id WHERE l.hash = $1`)

func wrapped(err error, operation string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// UseAcknowledgeLink uses a link up; false: it was used before.
func UseAcknowledgeLink(ctx context.Context, db bun.IDB, hash string, now time.Time) (bool, error) {
	rows, err := useAcknowledgeLink.Exec(ctx, db, []any{hash, now})
	return rows == 1, wrapped(err, "using a link to acknowledge")
}

var useAcknowledgeLink = pg.Prepared(`UPDATE acknowledge_links SET used_at = $2 WHERE hash = $1 AND used_at IS NULL`)

// ForgetAcknowledgeLinks removes the links that expired before a moment.
func ForgetAcknowledgeLinks(ctx context.Context, db bun.IDB, before time.Time) error {
	_, err := db.NewRaw(`DELETE FROM acknowledge_links WHERE expires_at < ?`, before).Exec(ctx)
	return wrapped(err, "forgetting links to acknowledge")
}
