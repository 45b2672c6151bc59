package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ReadStanding reads how a person stands to changes at an instant, beyond their roles.
func ReadStanding(ctx context.Context, db bun.IDB, person string, at time.Time) (change.Standing, error) {
	var found struct {
		Teams       []string              `bun:"teams,array"`
		Owns        []string              `bun:"owns,array"`
		Delegations []approval.Delegation `bun:"delegations,type:jsonb"`
	}
	if err := readStanding.Scan(ctx, db, []any{person, at}, &found); err != nil {
		return change.Standing{At: at}, fmt.Errorf("reading the teams and delegations of a person: %w", err)
	}
	return change.Standing{Teams: found.Teams, Owns: found.Owns, Delegations: found.Delegations, At: at}, nil
}

var readStanding = pg.Prepared(`SELECT
	coalesce((SELECT array_agg(DISTINCT team ORDER BY team) FROM team_members WHERE person = $1), '{}') AS teams,
	coalesce((SELECT array_agg(s.name ORDER BY s.name) FROM services s WHERE ` + ownsService("$1") + `), '{}') AS owns,
	coalesce((SELECT json_agg(json_build_object('principal', principal, 'delegate', delegate, 'from', from_at, 'until', until_at) ORDER BY until_at, id)
		FROM delegations WHERE delegate = $1 AND ` + standsAt("$2") + `), '[]') AS delegations`)
