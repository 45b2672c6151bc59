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

// ContactRow is where somebody is reached beside their account's address.
type ContactRow struct {
	bun.BaseModel `bun:"table:contacts,alias:c"`
	ID            string         `bun:"id,pk,type:uuid"`
	Person        string         `bun:"person"`
	Channel       domain.Channel `bun:"channel"`
	Address       string         `bun:"address"`
	CreatedAt     time.Time      `bun:"created_at"`
	VerifiedAt    *time.Time     `bun:"verified_at"`
	CodeHash      string         `bun:"code_hash"`
	CodeExpiresAt *time.Time     `bun:"code_expires_at"`
	CodeTries     int            `bun:"code_tries"`
}

// Contacts lists somebody's contacts, the oldest first.
func Contacts(ctx context.Context, db bun.IDB, person string) ([]ContactRow, error) {
	var rows []ContactRow
	err := db.NewSelect().Model(&rows).Where("c.person = ?", person).Order("c.created_at", "c.id").Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing contacts: %w", err)
	}
	return rows, nil
}

// LockContact reads one of somebody's contacts and holds it until the transaction ends; false: they have none of that id.
func LockContact(ctx context.Context, tx bun.IDB, person, id string) (ContactRow, bool, error) {
	var row ContactRow
	err := tx.NewSelect().Model(&row).Where("c.person = ? AND c.id = ?", person, id).For("UPDATE").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading a contact: %w", err)
	}
	return row, true, nil
}

// AddContact writes a new contact; false: the person has it already.
func AddContact(ctx context.Context, db bun.IDB, row ContactRow) (bool, error) {
	added, err := changed(db.NewInsert().Model(&row).On("CONFLICT (person, channel, address) DO NOTHING").Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("adding a contact: %w", err)
	}
	return added, nil
}

// SaveContact writes what LockContact read.
func SaveContact(ctx context.Context, db bun.IDB, row ContactRow) error {
	if _, err := db.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("writing a contact: %w", err)
	}
	return nil
}

// DropContact takes one of somebody's contacts away; false: they had none of that id.
func DropContact(ctx context.Context, db bun.IDB, person, id string) (bool, error) {
	dropped, err := changed(db.NewRaw(`DELETE FROM contacts WHERE person = ? AND id = ?`, person, id).Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("dropping a contact: %w", err)
	}
	return dropped, nil
}

// OwnersOf finds the active people who have shown that an address is theirs, with what they hold.
func OwnersOf(ctx context.Context, db bun.IDB, channel domain.Channel, address string) ([]Bearer, error) {
	var handles []string
	if err := ownersOf.Scan(ctx, db, []any{channel, address}, &handles); err != nil {
		return nil, fmt.Errorf("finding whose contact it is: %w", err)
	}
	owners := make([]Bearer, 0, len(handles))
	for _, handle := range handles {
		person, found, err := ReadPerson(ctx, db, handle)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		grants, err := ReadGrants(ctx, db, handle)
		if err != nil {
			return nil, err
		}
		owners = append(owners, Bearer{Person: person, Grants: grants})
	}
	return owners, nil
}

var ownersOf = pg.Prepared(`SELECT c.person FROM contacts c JOIN people p ON p.handle = c.person
	WHERE c.channel = $1 AND c.address = $2 AND c.verified_at IS NOT NULL AND p.active ORDER BY c.person LIMIT 2`)

// RulesRow is what somebody chose of how they are told.
type RulesRow struct {
	bun.BaseModel `bun:"table:notification_rules,alias:n"`
	Person        string          `bun:"person,pk"`
	Notices       json.RawMessage `bun:"notices,type:jsonb"`
	Pages         json.RawMessage `bun:"pages,type:jsonb"`
	QuietFrom     string          `bun:"quiet_from"`
	QuietTo       string          `bun:"quiet_to"`
	UpdatedAt     time.Time       `bun:"updated_at"`
}

// ReadRules reads what somebody chose; false: nothing.
func ReadRules(ctx context.Context, db bun.IDB, person string) (RulesRow, bool, error) {
	var row RulesRow
	err := db.NewSelect().Model(&row).Where("n.person = ?", person).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading notification rules: %w", err)
	}
	return row, true, nil
}

// SaveRules writes what somebody chose.
func SaveRules(ctx context.Context, db bun.IDB, row RulesRow) error {
	_, err := db.NewRaw(`INSERT INTO notification_rules (person, notices, pages, quiet_from, quiet_to, updated_at) VALUES (?0, ?1::jsonb, ?2::jsonb, ?3, ?4, ?5)
		ON CONFLICT (person) DO UPDATE SET notices = EXCLUDED.notices, pages = EXCLUDED.pages, quiet_from = EXCLUDED.quiet_from,
			quiet_to = EXCLUDED.quiet_to, updated_at = EXCLUDED.updated_at`,
		row.Person, string(row.Notices), string(row.Pages), row.QuietFrom, row.QuietTo, row.UpdatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing notification rules: %w", err)
	}
	return nil
}

// ReachedChannels lists the channels by which people can be reached now: mail where it is configured, others by gateways.
func ReachedChannels(ctx context.Context, db bun.IDB) ([]domain.Channel, error) {
	var channels []domain.Channel
	err := db.NewRaw(`SELECT 'mail' WHERE EXISTS (SELECT FROM circuits WHERE destination = 'mail' AND configured)
		UNION ALL (SELECT DISTINCT carried FROM destinations d, jsonb_array_elements_text(d.carries) AS carried WHERE d.active ORDER BY carried)`).Scan(ctx, &channels)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing channels: %w", err)
	}
	return channels, nil
}
