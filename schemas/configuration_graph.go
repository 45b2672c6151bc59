package schemas

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// The graph of configuration items is walked in the database, one level at a time: a step of the recursion holds all items of one
// distance in an array, and those that were met before in another, so that every item is met once, at its shortest distance, however
// many ways lead to it. Up is the way that a failure goes, down the way to what an item needs.

// inForce is true of rows that are in force at an instant.
func inForce(alias, at string) string {
	return alias + `.valid_from <= ` + at + ` AND (` + alias + `.valid_to IS NULL OR ` + alias + `.valid_to > ` + at + `)`
}

// edges are the items one relation away from an item, going up or down.
func edges(up bool, item, at string) string {
	ends := map[configuration.Flow]string{configuration.ToFrom: "to_item", configuration.FromTo: "from_item"}
	if !up {
		ends = map[configuration.Flow]string{configuration.ToFrom: "from_item", configuration.FromTo: "to_item"}
	}
	other := map[string]string{"from_item": "to_item", "to_item": "from_item"}
	parts := []string{}
	for _, flow := range []configuration.Flow{configuration.ToFrom, configuration.FromTo} {
		types := []string{}
		for _, one := range configuration.RelationTypes {
			if one.Impact == flow || one.Impact == configuration.Both {
				types = append(types, "'"+one.Name+"'")
			}
		}
		parts = append(parts, `SELECT r.`+other[ends[flow]]+` AS item, r.type FROM configuration_relations r
			WHERE r.`+ends[flow]+` = `+item+` AND r.type IN (`+strings.Join(types, ",")+`) AND `+inForce("r", at))
	}
	return strings.Join(parts, " UNION ALL ")
}

// walk is a recursion over levels: of origins, up or down, to a depth at an instant. It wants a query "apart (handle)" of the items
// through which nothing is followed, and gives rows (way, origin, depth, reached, via, types).
func walk(starts, next, depth string) string {
	return `walk (way, origin, depth, reached, via, types, seen) AS (` + starts + `
		UNION ALL
		SELECT w.way, w.origin, w.depth + 1, level.items, level.via, level.types, w.seen || level.items FROM walk w CROSS JOIN LATERAL (
			SELECT array_agg(fresh.item) AS items, array_agg(fresh.via) AS via, array_agg(fresh.type) AS types FROM (
				SELECT DISTINCT ON (e.item) e.item, x.item AS via, e.type FROM unnest(w.reached) AS x (item) CROSS JOIN LATERAL (` + next + `) AS e
				WHERE x.item NOT IN (SELECT handle FROM apart) AND NOT EXISTS (SELECT FROM unnest(w.seen) AS s (item) WHERE s.item = e.item)
				ORDER BY e.item, x.item, e.type) AS fresh) AS level
		WHERE w.depth < ` + depth + ` AND level.items IS NOT NULL)`
}

// together starts one walk at several items at once.
func together(way, items string) string {
	return `SELECT '` + way + `', '', 0, items, array_fill(''::text, ARRAY[cardinality(items)]), array_fill(''::text, ARRAY[cardinality(items)]), items
		FROM (SELECT array_agg(DISTINCT of.item) AS items FROM ` + items + `) AS asked WHERE items IS NOT NULL`
}

// sharedAt are the items through which nothing is followed.
func sharedAt(at string) string {
	return `apart AS MATERIALIZED (SELECT i.handle FROM configuration_items i WHERE i.shared AND ` + inForce("i", at) + `)`
}

// reachedBy are the items that feel what happens to $1 at $2, over at most $3 relations; with $4, shared ones do not stop it.
var reachedBy = `WITH RECURSIVE apart AS MATERIALIZED (SELECT i.handle FROM configuration_items i WHERE i.shared AND NOT $4 AND ` + inForce("i", "$2::timestamptz") + `),
	` + walk(together("up", "unnest($1::text[]) AS of (item)"), edges(true, "x.item", "$2::timestamptz"), "$3") + `,
	met AS (SELECT w.depth, u.handle, u.via, u.type FROM walk w CROSS JOIN LATERAL unnest(w.reached, w.via, w.types) AS u (handle, via, type))`

// Impact reads who feels what happens to some items at an instant, over at most so many relations, and tells at most limit of them.
// Through, shared items do not stop it.
func Impact(ctx context.Context, db bun.IDB, items []string, at time.Time, depth int, through bool, limit int) (configuration.Impact, error) {
	impact := configuration.Impact{Items: items, At: at, Depth: depth, Reached: []configuration.Reached{}, Services: []configuration.ReachedService{}}
	if err := impactItems.Scan(ctx, db, []any{items, at, depth, through, limit + 1}, &impact.Reached); err != nil {
		return impact, fmt.Errorf("following an impact: %w", err)
	}
	if impact.More = len(impact.Reached) > limit; impact.More {
		impact.Reached = impact.Reached[:limit]
	}
	if err := impactServices.Scan(ctx, db, []any{items, at, depth, through}, &impact.Services); err != nil {
		return impact, fmt.Errorf("finding the services that an impact reaches: %w", err)
	}
	return impact, nil
}

var (
	impactItems = pg.Prepared(reachedBy + ` SELECT m.handle, i.title, i.class, i.service, i.shared, m.depth, m.via, m.type
		FROM met m JOIN configuration_items i ON i.handle = m.handle AND ` + inForce("i", "$2::timestamptz") + ` ORDER BY m.depth, m.handle LIMIT $5`)
	impactServices = pg.Prepared(reachedBy + ` SELECT s.name, s.title, s.criticality, s.owner, min(m.depth) AS depth
		FROM met m JOIN configuration_items i ON i.handle = m.handle AND ` + inForce("i", "$2::timestamptz") + ` JOIN services s ON s.name = i.service
		GROUP BY s.name ORDER BY min(m.depth), s.name`)
)

// ImpactedServices names the services that feel what happens to some items.
func ImpactedServices(ctx context.Context, db bun.IDB, items []string, at time.Time) ([]string, error) {
	names := []string{}
	if len(items) == 0 {
		return names, nil
	}
	if err := impactedServices.Scan(ctx, db, []any{items, at, configuration.ServiceDepth, false}, &names); err != nil {
		return nil, fmt.Errorf("finding the services that hang on items: %w", err)
	}
	return names, nil
}

var impactedServices = pg.Prepared(reachedBy + ` SELECT DISTINCT i.service
	FROM met m JOIN configuration_items i ON i.handle = m.handle AND ` + inForce("i", "$2::timestamptz") + ` WHERE i.service <> '' ORDER BY 1`)

// overlapping finds the changes in a window that come near the items $2 of the change $1: that touch one of them, or one that hangs on
// it, or one that it hangs on, over at most $5 relations. Each is told once for each of our items, by its shortest way.
var overlapping = pg.Prepared(`WITH RECURSIVE ` + sharedAt("$6::timestamptz") + `,
	` + walk(`SELECT way, item, 0, ARRAY[item], ARRAY[''], ARRAY[''], ARRAY[item] FROM unnest($2::text[]) AS item, unnest(ARRAY['up', 'down']) AS way`,
	`SELECT up.item, up.type FROM (`+edges(true, "x.item", "$6::timestamptz")+`) AS up WHERE w.way = 'up'
		UNION ALL SELECT down.item, down.type FROM (`+edges(false, "x.item", "$6::timestamptz")+`) AS down WHERE w.way = 'down'`, "$5") + `,
	near AS (
		SELECT item, theirs, min(depth) AS depth FROM (SELECT w.origin AS item, u.theirs, w.depth FROM walk w CROSS JOIN LATERAL unnest(w.reached) AS u (theirs)) AS met
		WHERE depth = 0 OR theirs NOT IN (SELECT handle FROM apart) GROUP BY item, theirs),
	found AS (
		SELECT DISTINCT ON (i.change_id, n.item) i.change_id, n.item, n.theirs, n.depth, i.holder <> 0 AS exclusive
		FROM near n JOIN change_items i ON i.item = n.theirs
		WHERE i.during && tstzrange($3::timestamptz, $4::timestamptz) AND i.change_id <> $1 ORDER BY i.change_id, n.item, n.depth, n.theirs)
	SELECT f.change_id::text AS id, r.number, f.item, f.theirs, f.depth, f.exclusive,
		EXISTS (SELECT FROM configuration_items c WHERE c.handle = f.theirs AND c.exclusive AND c.valid_to IS NULL) AS alone,
		r.state IN ('scheduled', 'implementing') AS scheduled, 'person:' || r.opened_by AS owner
	FROM found f JOIN records r ON r.id = f.change_id ORDER BY r.number, f.item`)

// InterestedNear are the changes that look for conflicts again once something about some items, or how they hang together, is another:
// those that touch items near by, in either direction. Where one of the items itself is shared, it may have become that just now.
// It waits for changes that look at items, and lets none look until the transaction ends.
func InterestedNear(ctx context.Context, db bun.IDB, items []string, at time.Time) ([]domain.Message, error) {
	if err := lockItems(ctx, db); err != nil {
		return nil, err
	}
	return interestedBy(ctx, db, interestedNear, []any{items, at, configuration.ConflictDepth, InterestItems})
}

var interestedNear = pg.Prepared(`WITH RECURSIVE apart AS MATERIALIZED (SELECT i.handle FROM configuration_items i WHERE i.shared AND i.handle <> ALL ($1::text[]) AND ` + inForce("i", "$2::timestamptz") + `),
	` + walk(`SELECT way, '', 0, items, items, items, items FROM (SELECT array_agg(DISTINCT item) AS items FROM unnest($1::text[]) AS item) AS asked, unnest(ARRAY['up', 'down']) AS way`,
	`SELECT up.item, up.type FROM (`+edges(true, "x.item", "$2::timestamptz")+`) AS up WHERE w.way = 'up'
		UNION ALL SELECT down.item, down.type FROM (`+edges(false, "x.item", "$2::timestamptz")+`) AS down WHERE w.way = 'down'`, "$3") + `
	SELECT DISTINCT n.record_id::text AS record_id, n.practice, n.command FROM walk w CROSS JOIN LATERAL unnest(w.reached) AS u (item)
		JOIN change_items c ON c.item = u.item JOIN interests n ON n.record_id = c.change_id AND n.kind = $4 ORDER BY 1`)

// InterestedInService are the records to which it matters that an incident of high priority is open on a service, or no longer: those
// that name the service, and changes of an item on which it hangs. It waits for changes that look at the services, and lets none look
// until the transaction ends.
func InterestedInService(ctx context.Context, db bun.IDB, services []string, at time.Time) ([]domain.Message, error) {
	if err := lockServices(ctx, db, services); err != nil {
		return nil, err
	}
	return interestedBy(ctx, db, interestedInService, []any{services, at, configuration.ServiceDepth, InterestUrgent, InterestItems})
}

var interestedInService = pg.Prepared(`WITH RECURSIVE ` + sharedAt("$2::timestamptz") + `,
	` + walk(together("down", `(SELECT handle FROM configuration_items WHERE service = ANY ($1::text[]) AND service <> '' AND valid_to IS NULL) AS of (item)`),
	edges(false, "x.item", "$2::timestamptz"), "$3") + `
	SELECT n.record_id::text AS record_id, n.practice, n.command FROM interests n WHERE n.kind = $4 AND n.key = ANY ($1::text[])
	UNION SELECT n.record_id::text, n.practice, n.command FROM walk w CROSS JOIN LATERAL unnest(w.reached) AS u (item)
		JOIN change_items c ON c.item = u.item JOIN interests n ON n.record_id = c.change_id AND n.kind = $5 ORDER BY 1`)

// UnknownItems are those handles that stand for no item in force; none while there is no item at all, for then they are only text.
func UnknownItems(ctx context.Context, db bun.IDB, handles []string) ([]string, error) {
	unknown := []string{}
	if len(handles) == 0 {
		return unknown, nil
	}
	if err := unknownItems.Scan(ctx, db, []any{handles}, &unknown); err != nil {
		return nil, fmt.Errorf("looking configuration items up: %w", err)
	}
	return unknown, nil
}

var unknownItems = pg.Prepared(`SELECT DISTINCT asked FROM unnest($1::text[]) AS asked WHERE EXISTS (SELECT FROM configuration_items)
	AND NOT EXISTS (SELECT FROM configuration_items i WHERE i.handle = asked AND i.valid_to IS NULL) ORDER BY 1`)

func near(ctx context.Context, db bun.IDB, c change.Change, at time.Time) ([]change.Neighbour, error) {
	found := []change.Neighbour{}
	span, _ := c.Window()
	items := append([]string{}, c.ConfigurationItems...)
	if err := overlapping.Scan(ctx, db, []any{c.ID, items, span.From, span.To, configuration.ConflictDepth, at}, &found); err != nil {
		return nil, fmt.Errorf("looking for changes in the same window: %w", err)
	}
	return found, nil
}
