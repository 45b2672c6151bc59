package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// PeopleOf finds the active people whom targets of an escalation stand for, but for those on call and webhooks: of a person, a
// team, or a role. Of a role the narrowest scope counts in which anybody holds it: the record's service or team, else everything.
// It is one statement however many targets there are.
func PeopleOf(ctx context.Context, db bun.IDB, targets []escalation.Target, team, service string) (map[escalation.Target][]string, error) {
	named := map[string][]string{escalation.TargetPerson: {}, escalation.TargetTeam: {}, escalation.TargetRole: {}}
	asked := false
	for _, target := range targets {
		if names, is := named[target.Kind()]; is {
			named[target.Kind()], asked = append(names, target.Name()), true
		}
	}
	people := map[escalation.Target][]string{}
	if !asked {
		return people, nil
	}
	var rows []struct {
		Target escalation.Target `bun:"target"`
		Person string            `bun:"person"`
	}
	args := []any{named[escalation.TargetPerson], named[escalation.TargetTeam], named[escalation.TargetRole], team, service}
	if err := peopleOf.Scan(ctx, db, args, &rows); err != nil {
		return nil, fmt.Errorf("finding whom %v stand for: %w", targets, err)
	}
	for _, row := range rows {
		people[row.Target] = append(people[row.Target], row.Person)
	}
	return people, nil
}

// Those who hold a role are ranked by how narrowly they hold it; a team's lead leads it, whatever grants say.
var peopleOf = pg.Prepared(`WITH held AS (
		SELECT 'team_lead' AS role, lead AS person, 0 AS width FROM teams WHERE 'team_lead' = ANY ($3::text[]) AND name = $4 AND lead <> ''
		UNION ALL
		SELECT role, person, CASE scope_kind WHEN 'all' THEN 2 ELSE 1 END FROM grants
		WHERE role = ANY ($3::text[]) AND (scope_kind = 'all' OR scope_kind = 'service' AND scope_name = $5 OR scope_kind = 'team' AND scope_name = $4)
	), alive AS (SELECT h.* FROM held h JOIN people p ON p.handle = h.person WHERE p.active AND p.kind = 'person')
	SELECT 'person:' || handle AS target, handle AS person FROM people WHERE handle = ANY ($1::text[]) AND active
	UNION SELECT 'team:' || m.team, p.handle FROM team_members m JOIN people p ON p.handle = m.person WHERE m.team = ANY ($2::text[]) AND p.active
	UNION SELECT 'role:' || a.role, a.person FROM alive a WHERE a.width = (SELECT min(n.width) FROM alive n WHERE n.role = a.role)
	ORDER BY target, person`)

// ReadOnCallSpecs reads the newest version of each schedule's document, as it is stored; one that is missing is left out.
func ReadOnCallSpecs(ctx context.Context, db bun.IDB, schedules []string) (map[string]json.RawMessage, error) {
	var rows []struct {
		Name string          `bun:"name"`
		Spec json.RawMessage `bun:"spec,type:json"`
	}
	if err := onCallSpecs.Scan(ctx, db, []any{policy.KindOnCallSchedule, schedules}, &rows); err != nil {
		return nil, fmt.Errorf("reading schedules: %w", err)
	}
	specs := make(map[string]json.RawMessage, len(rows))
	for _, row := range rows {
		specs[row.Name] = row.Spec
	}
	return specs, nil
}

var onCallSpecs = pg.Prepared(`SELECT DISTINCT ON (name) name, spec::json AS spec FROM policies WHERE kind = $1 AND name = ANY ($2::text[])
	ORDER BY name, version DESC`)

// OverridesAt reads the overrides that hold in some schedules at an instant, in the order in which they were made.
func OverridesAt(ctx context.Context, db bun.IDB, schedules []string, at time.Time) (map[string][]oncall.Override, error) {
	var rows []OverrideRow
	if err := overridesAt.Scan(ctx, db, []any{schedules, at}, &rows); err != nil {
		return nil, fmt.Errorf("reading overrides: %w", err)
	}
	overrides := map[string][]oncall.Override{}
	for _, row := range rows {
		overrides[row.Schedule] = append(overrides[row.Schedule], row.Override())
	}
	return overrides, nil
}

var overridesAt = pg.Prepared(`SELECT id::text, schedule, kind, person, replaces, starts_at, ends_at, made_at FROM on_call_overrides
	WHERE schedule = ANY ($1::text[]) AND canceled_at IS NULL AND starts_at <= $2 AND ends_at > $2 ORDER BY made_at, id`)
