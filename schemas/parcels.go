package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// guards are the questions that are asked before something is sent, by the kind of the guard. Each answers one boolean about
// its $1; what it is asked about may have gone, and then it answers false.
var guards = map[string]pg.Prepared{
	domain.GuardUnread: `SELECT EXISTS (SELECT FROM bell WHERE outbox = split_part($1, '/', 1)::bigint AND person = split_part($1, '/', 2) AND read_at IS NULL)`,
	// The record itself is asked too: a page must not leave because word of its end is still on the way to the escalation.
	escalation.GuardCalling: `SELECT EXISTS (SELECT ` + needed + ` AND e.state IN ('calling', 'exhausted'))`,
	escalation.GuardOpen:    `SELECT EXISTS (SELECT ` + needed + ` AND e.open)`,
}

// needed holds for an escalation whose record still needs somebody.
const needed = `FROM records e JOIN escalations x ON x.id = e.id JOIN records s ON s.id = x.source_id LEFT JOIN incidents i ON i.id = s.id
	WHERE e.id = $1::uuid AND s.open AND i.merged_into IS NULL`

// GuardHolds asks a guard. A kind that this build does not know holds: a page too many is better than one too few.
func GuardHolds(ctx context.Context, db bun.IDB, guard domain.Guard) (bool, error) {
	question, known := guards[guard.Kind]
	if !known {
		return true, nil
	}
	var holds bool
	if err := question.Scan(ctx, db, []any{guard.ID}, &holds); err != nil {
		return false, fmt.Errorf("asking the guard %s of %s: %w", guard.Kind, guard.ID, err)
	}
	return holds, nil
}

// Content is what a delivery tells, read when it is sent.
type Content struct {
	Kind     string          `bun:"kind"`
	At       time.Time       `bun:"at"`
	Data     json.RawMessage `bun:"data,type:json"`
	Name     string          `bun:"name"`
	Zone     string          `bun:"zone"`
	Active   bool            `bun:"active"`
	Note     string          `bun:"note"`
	NoteBy   string          `bun:"note_by"`
	RecordID string          `bun:"record_id"`
}

// ReadContent reads what a delivery tells: the notice, whom it tells, and the public note that it is about. Only a public note's
// words are read: this text leaves.
func ReadContent(ctx context.Context, db bun.IDB, row DeliveryRow) (Content, error) {
	var content Content
	if err := readContent.Scan(ctx, db, []any{row.Outbox, row.Person}, &content.Kind, &content.At, &content.Data, &content.Name, &content.Zone,
		&content.Active, &content.Note, &content.NoteBy, &content.RecordID); err != nil {
		return content, fmt.Errorf("reading notice %d: %w", row.Outbox, err)
	}
	return content, nil
}

var readContent = pg.Prepared(`SELECT o.kind, o.created_at, o.data, coalesce(p.name, ''), coalesce(p.zone, 'UTC'), coalesce(p.active, $2 = ''),
		coalesce(t.personal ->> 'body', ''), coalesce(t.actor_name, ''), coalesce(o.record_id::text, '')
	FROM outbox o LEFT JOIN people p ON p.handle = $2
	LEFT JOIN timeline t ON o.kind IN ('incident.note', 'change.note') AND t.record_id = o.record_id AND t.seq = (o.data ->> 'note')::bigint AND t.type = 'note.added' AND t.public
	WHERE o.position = $1`)

// MailInvitation gives an invitation that still works a second secret; nil: it does not work any more.
func MailInvitation(ctx context.Context, db bun.IDB, invitation, hash string, now time.Time) (*time.Time, error) {
	var expires *time.Time
	if err := db.NewRaw(`SELECT mail_invitation(?, ?, ?)`, invitation, hash, now).Scan(ctx, &expires); err != nil {
		return nil, fmt.Errorf("mailing an invitation: %w", err)
	}
	return expires, nil
}

// AskContact gives a contact the code that is being sent to it; false: it needs none any more.
func AskContact(ctx context.Context, db bun.IDB, contact, hash string, expires time.Time) (bool, error) {
	var asked bool
	if err := db.NewRaw(`SELECT ask_contact(?, ?, ?)`, contact, hash, expires).Scan(ctx, &asked); err != nil {
		return false, fmt.Errorf("asking a contact: %w", err)
	}
	return asked, nil
}
