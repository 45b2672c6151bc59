package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// AddDelegation writes down who votes for whom.
func AddDelegation(ctx context.Context, db bun.IDB, row DelegationRow) error {
	if _, err := db.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("writing a delegation: %w", err)
	}
	return nil
}

// DelegationRow says that one person votes for another, from one instant to before another.
type DelegationRow struct {
	bun.BaseModel `bun:"table:delegations,alias:d"`
	ID            string     `bun:"id,pk,type:uuid" json:"id"`
	Principal     string     `bun:"principal" json:"principal"`
	Delegate      string     `bun:"delegate" json:"delegate"`
	From          time.Time  `bun:"from_at" json:"from"`
	Until         time.Time  `bun:"until_at" json:"until"`
	Reason        string     `bun:"reason" json:"reason,omitempty"`
	MadeBy        string     `bun:"made_by" json:"made_by"`
	MadeAt        time.Time  `bun:"made_at" json:"made_at"`
	EndedAt       *time.Time `bun:"ended_at" json:"ended_at,omitempty"`
}

// Delegation is what it means for votes, while it is not ended.
func (d DelegationRow) Delegation() approval.Delegation {
	return approval.Delegation{Principal: d.Principal, Delegate: d.Delegate, From: &d.From, Until: &d.Until}
}

// EndDelegation ends a delegation before its time; false where there is none that goes on.
func EndDelegation(ctx context.Context, db bun.IDB, id string, at time.Time) (bool, error) {
	result, err := db.NewRaw(`UPDATE delegations SET ended_at = ? WHERE id = ?::uuid AND ended_at IS NULL`, at, id).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("ending a delegation: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// standsAt is true of a delegation by which somebody votes for another at an instant.
func standsAt(at string) string {
	return `ended_at IS NULL AND from_at <= ` + at + ` AND until_at > ` + at
}

// StandIns are the delegations by which active people vote at an instant in place of some others, by both.
func StandIns(ctx context.Context, db bun.IDB, principals []string, at time.Time) ([]approval.Delegation, error) {
	var rows []DelegationRow
	if err := standIns.Scan(ctx, db, []any{principals, at}, &rows); err != nil {
		return nil, fmt.Errorf("looking for delegates: %w", err)
	}
	found := make([]approval.Delegation, len(rows))
	for i, row := range rows {
		toUTC(&row.From, &row.Until)
		found[i] = row.Delegation()
	}
	return found, nil
}

var standIns = pg.Prepared(`SELECT d.principal, d.delegate, d.from_at, d.until_at FROM delegations d JOIN people p ON p.handle = d.delegate AND p.active
	WHERE d.principal = ANY ($1::text[]) AND ` + standsAt("$2") + ` ORDER BY d.principal, d.delegate`)

// DelegationsOf lists the delegations by and to a person that are not over, the next to end first; without a person, all.
func DelegationsOf(ctx context.Context, db bun.IDB, person string, at time.Time) ([]DelegationRow, error) {
	found := []DelegationRow{}
	q := db.NewSelect().Model(&found).Where("ended_at IS NULL AND until_at > ?", at).Order("until_at", "id").Limit(500)
	if person != "" {
		q = q.Where("? IN (principal, delegate)", person)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("listing delegations: %w", err)
	}
	for i := range found {
		toUTC(&found[i].From, &found[i].Until, &found[i].MadeAt)
	}
	return found, nil
}
