package schemas

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ownsService is true of a person and a service s where that person owns it: as the service names them, or where it names nobody who is
// active, by the role for the service or for its team.
func ownsService(person string) string {
	return `(s.owner = ` + person + ` OR ` + actsForOwner(person) + `)`
}

func actsForOwner(person string) string {
	return `(NOT EXISTS (SELECT FROM people o WHERE o.handle = s.owner AND o.active) AND EXISTS (SELECT FROM grants g
		WHERE g.person = ` + person + ` AND g.role = 'service_owner' AND (g.scope_kind = 'all'
			OR g.scope_kind = 'team' AND g.scope_name = s.team OR g.scope_kind = 'service' AND g.scope_name = s.name)))`
}

// askedAboutCauses finds the records of which somebody is asked whether they caused an incident on a service of theirs. Of a restricted
// one only the owner is whom the service names.
func askedAboutCauses(person string) string {
	return `SELECT i.record_id FROM interests i JOIN services s ON s.name = i.key JOIN records x ON x.id = i.record_id
		WHERE i.kind = '` + InterestCause + `' AND (s.owner = ` + person + ` OR NOT x.restricted AND ` + actsForOwner(person) + `)`
}

// Judges are those who say whether a change caused an incident on some services, by service, and the teams of whoever asks.
type Judges struct {
	ActorTeams []string                  `bun:"actor_teams,type:json"`
	Judges     map[string][]change.Judge `bun:"judges,type:json"`
}

// ReadJudges looks up who owns services, in one statement. A restricted change is for nobody but those whom the services name.
func ReadJudges(ctx context.Context, db bun.IDB, actor string, services []string, restricted bool) (Judges, error) {
	var found Judges
	if err := readJudges.Scan(ctx, db, []any{actor, append([]string{}, services...), restricted}, &found); err != nil {
		return found, fmt.Errorf("looking for the owners of services: %w", err)
	}
	return found, nil
}

var readJudges = pg.Prepared(`SELECT (SELECT coalesce(json_agg(team ORDER BY team), '[]') FROM team_members WHERE person = $1) AS actor_teams,
	(SELECT coalesce(json_object_agg(name, judges), '{}') FROM (
		SELECT s.name, json_agg(json_build_object('person', p.handle, 'teams',
			(SELECT coalesce(json_agg(m.team ORDER BY m.team), '[]') FROM team_members m WHERE m.person = p.handle)) ORDER BY p.handle) AS judges
		FROM services s JOIN people p ON p.active AND p.kind = 'person' AND (s.owner = p.handle OR NOT $3 AND ` + actsForOwner("p.handle") + `)
		WHERE s.name = ANY ($2::text[]) GROUP BY s.name) AS of) AS judges`)
