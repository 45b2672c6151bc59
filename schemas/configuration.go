package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ConfigurationItemRow is one version of a configuration item.
type ConfigurationItemRow struct {
	bun.BaseModel `bun:"table:configuration_items,alias:i"`
	configuration.Item
}

// ConfigurationRelationRow is a relation between two items.
type ConfigurationRelationRow struct {
	bun.BaseModel `bun:"table:configuration_relations,alias:r"`
	configuration.Relation
}

// LockConfiguration holds what is run still until the transaction ends: of several who change it, one is first.
func LockConfiguration(ctx context.Context, tx bun.Tx) error {
	if _, err := tx.NewRaw(`SELECT pg_advisory_xact_lock(hashtext('configuration'))`).Exec(ctx); err != nil {
		return fmt.Errorf("waiting for others who change configuration items: %w", err)
	}
	return nil
}

// ItemAt reads the version of an item that is in force at an instant; without one, the newest, ended or not.
func ItemAt(ctx context.Context, db bun.IDB, handle string, at *time.Time) (configuration.Item, bool, error) {
	var rows []ConfigurationItemRow
	q := db.NewSelect().Model(&rows).Where("i.handle = ?", handle).OrderExpr("i.version DESC").Limit(1)
	if at != nil {
		q = q.Where("i.valid_from <= ?0 AND (i.valid_to IS NULL OR i.valid_to > ?0)", *at)
	}
	if err := q.Scan(ctx); err != nil {
		return configuration.Item{}, false, fmt.Errorf("reading configuration item %s: %w", handle, err)
	}
	list := itemsOf(rows)
	if len(list) == 0 {
		return configuration.Item{}, false, nil
	}
	return list[0], true, nil
}

// ItemVersions reads what was ever said of an item, the newest first.
func ItemVersions(ctx context.Context, db bun.IDB, handle string, limit int) ([]configuration.Item, error) {
	var rows []ConfigurationItemRow
	if err := db.NewSelect().Model(&rows).Where("i.handle = ?", handle).OrderExpr("i.version DESC").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("reading the past of configuration item %s: %w", handle, err)
	}
	return itemsOf(rows), nil
}

func itemsOf(rows []ConfigurationItemRow) []configuration.Item {
	list := make([]configuration.Item, len(rows))
	for i, row := range rows {
		toUTC(&row.ValidFrom, row.ValidTo)
		if string(row.Attributes) == "{}" {
			row.Attributes = nil
		}
		list[i] = row.Item
	}
	return list
}

// ItemFilter narrows a list of items in force at an instant, by their handles.
type ItemFilter struct {
	At                                time.Time
	Words                             string // within a handle or a title
	Class, Service, Team, Environment string
	// Criticality is that of the item's service.
	Criticality string
	After       string
	Limit       int
}

// ListItems lists items.
func ListItems(ctx context.Context, db bun.IDB, filter ItemFilter) ([]configuration.Item, error) {
	var rows []ConfigurationItemRow
	q := db.NewSelect().Model(&rows).Where("i.valid_from <= ?0 AND (i.valid_to IS NULL OR i.valid_to > ?0)", filter.At).
		Where("i.handle > ?", filter.After).OrderExpr("i.handle").Limit(int64(filter.Limit))
	for _, column := range []struct{ name, value string }{
		{"class", filter.Class}, {"service", filter.Service}, {"owner_team", filter.Team}, {"environment", filter.Environment},
	} {
		if column.value != "" {
			q = q.Where("i.? = ?", bun.Ident(column.name), column.value)
		}
	}
	if filter.Criticality != "" {
		q = q.Where("i.service IN (SELECT name FROM services WHERE criticality = ?)", filter.Criticality)
	}
	if filter.Words != "" {
		q = q.Where("position(lower(?) in lower(i.handle || ' ' || i.title)) > 0", filter.Words)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("listing configuration items: %w", err)
	}
	return itemsOf(rows), nil
}

// itemsAtOnce is how many rows one statement writes.
const itemsAtOnce = 1000

// AddItems writes versions of items. Whoever writes them holds LockConfiguration.
func AddItems(ctx context.Context, tx bun.Tx, items []configuration.Item) error {
	for begin := 0; begin < len(items); begin += itemsAtOnce {
		part := items[begin:min(begin+itemsAtOnce, len(items))]
		rows := make([]ConfigurationItemRow, len(part))
		for i, item := range part {
			if len(item.Attributes) == 0 {
				item.Attributes = []byte("{}")
			}
			rows[i].Item = item
		}
		if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
			return fmt.Errorf("writing configuration items: %w", err)
		}
	}
	return nil
}

// EndItems ends the versions of items that are in force. With by, the items themselves end, and their relations with them.
func EndItems(ctx context.Context, tx bun.Tx, handles []string, at time.Time, by, reason string) error {
	_, err := tx.NewRaw(`UPDATE configuration_items SET valid_to = ?, ended_by = ?, end_reason = ? WHERE handle = ANY (?::text[]) AND valid_to IS NULL`,
		at, by, reason, pgdialect.Array(handles)).Exec(ctx)
	if err == nil && by != "" {
		_, err = tx.NewRaw(`UPDATE configuration_relations SET valid_to = greatest(?0, valid_from + interval '1 millisecond'), ended_by = ?1
			WHERE valid_to IS NULL AND (from_item = ANY (?2::text[]) OR to_item = ANY (?2::text[]))`, at, by, pgdialect.Array(handles)).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("ending configuration items: %w", err)
	}
	return nil
}

// AddRelations writes relations. Whoever writes them holds LockConfiguration.
func AddRelations(ctx context.Context, tx bun.Tx, relations []configuration.Relation) error {
	for begin := 0; begin < len(relations); begin += itemsAtOnce {
		part := relations[begin:min(begin+itemsAtOnce, len(relations))]
		rows := make([]ConfigurationRelationRow, len(part))
		for i, relation := range part {
			rows[i].Relation = relation
		}
		if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
			return fmt.Errorf("writing relations: %w", err)
		}
	}
	return nil
}

// EndRelation ends a relation; false where there is none in force.
func EndRelation(ctx context.Context, tx bun.Tx, edge configuration.Edge, at time.Time, by string) (bool, error) {
	result, err := tx.NewRaw(`UPDATE configuration_relations SET valid_to = greatest(?, valid_from + interval '1 millisecond'), ended_by = ?
		WHERE from_item = ? AND type = ? AND to_item = ? AND valid_to IS NULL`, at, by, edge.From, edge.Type, edge.To).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("ending a relation: %w", err)
	}
	ended, err := result.RowsAffected()
	return ended > 0, err
}

// RelatedRow is a relation of an item, with what is at its other end.
type RelatedRow struct {
	configuration.Relation
	Title  string `json:"title,omitempty" bun:"title"`
	Class  string `json:"class" bun:"class"`
	Shared bool   `json:"shared,omitempty" bun:"shared"`
}

// RelatedOf lists the relations of an item in force at an instant: those that begin at it, and those that end there. At most limit each.
func RelatedOf(ctx context.Context, db bun.IDB, handle string, at time.Time, limit int) (from, to []RelatedRow, err error) {
	for _, side := range []struct {
		mine, other string
		into        *[]RelatedRow
	}{{"from_item", "to_item", &from}, {"to_item", "from_item", &to}} {
		*side.into = []RelatedRow{}
		err := db.NewRaw(`SELECT r.*, i.title, i.class, i.shared FROM configuration_relations r
			JOIN configuration_items i ON i.handle = r.?0 AND i.valid_from <= ?3 AND (i.valid_to IS NULL OR i.valid_to > ?3)
			WHERE r.?1 = ?2 AND r.valid_from <= ?3 AND (r.valid_to IS NULL OR r.valid_to > ?3) ORDER BY r.type, r.?0 LIMIT ?4`,
			bun.Ident(side.other), bun.Ident(side.mine), handle, at, limit).Scan(ctx, side.into)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the relations of %s: %w", handle, err)
		}
		for i := range *side.into {
			toUTC(&(*side.into)[i].ValidFrom, (*side.into)[i].ValidTo)
		}
	}
	return from, to, nil
}

// RelationsEver lists the relations that an item has or had, the newest first, each with what was last said of its other end. At most
// limit of those that begin at it, and of those that end there.
func RelationsEver(ctx context.Context, db bun.IDB, handle string, limit int) ([]RelatedRow, error) {
	found := []RelatedRow{}
	err := db.NewRaw(`WITH mine AS (
			(SELECT r.*, r.to_item AS other FROM configuration_relations r WHERE r.from_item = ?0 ORDER BY r.valid_from DESC LIMIT ?1)
			UNION ALL (SELECT r.*, r.from_item FROM configuration_relations r WHERE r.to_item = ?0 ORDER BY r.valid_from DESC LIMIT ?1))
		SELECT m.from_item, m.type, m.to_item, m.valid_from, m.valid_to, m.made_by, m.ended_by, i.title, i.class, i.shared
		FROM mine m CROSS JOIN LATERAL (SELECT title, class, shared FROM configuration_items WHERE handle = m.other ORDER BY version DESC LIMIT 1) i
		ORDER BY m.valid_from DESC, m.type, m.from_item, m.to_item`, handle, limit).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("reading the relations that %s ever had: %w", handle, err)
	}
	for i := range found {
		toUTC(&found[i].ValidFrom, found[i].ValidTo)
	}
	return found, nil
}

// EstateNow reads what an import of some items and relations is compared with. Whoever imports holds LockConfiguration.
func EstateNow(ctx context.Context, db bun.IDB, handles []string, names configuration.Names) (configuration.Estate, error) {
	estate := configuration.Estate{Items: map[string]configuration.Item{}, Ended: map[string]int{}, Edges: map[configuration.Edge]bool{}, Names: names}
	var rows []ConfigurationItemRow
	err := db.NewRaw(`SELECT DISTINCT ON (handle) * FROM configuration_items WHERE handle = ANY (?::text[]) ORDER BY handle, version DESC`,
		pgdialect.Array(handles)).Scan(ctx, &rows)
	if err != nil {
		return estate, fmt.Errorf("reading configuration items: %w", err)
	}
	for _, item := range itemsOf(rows) {
		if item.ValidTo == nil {
			estate.Items[item.Handle] = item
		} else {
			estate.Ended[item.Handle] = item.Version
		}
	}
	var edges []ConfigurationRelationRow
	err = db.NewRaw(`SELECT * FROM configuration_relations WHERE from_item = ANY (?::text[]) AND valid_to IS NULL`, pgdialect.Array(handles)).Scan(ctx, &edges)
	if err != nil {
		return estate, fmt.Errorf("reading relations: %w", err)
	}
	for _, one := range edges {
		estate.Edges[one.Edge()] = true
	}
	return estate, nil
}

// ConfigurationNames reads what items may name: the classes, services and teams there are.
func ConfigurationNames(ctx context.Context, db bun.IDB) (configuration.Names, error) {
	names := configuration.Names{Classes: map[string]bool{}, Services: map[string]bool{}, Teams: map[string]bool{}}
	var rows []struct {
		Kind string `bun:"kind"`
		Name string `bun:"name"`
	}
	err := db.NewRaw(`SELECT 'service' AS kind, name FROM services UNION ALL SELECT 'team', name FROM teams
		UNION ALL SELECT 'class', term ->> 'id' FROM (SELECT spec FROM policies WHERE kind = 'Vocabulary' AND name = ? ORDER BY version DESC LIMIT 1) AS newest,
			json_array_elements(newest.spec -> 'terms') AS term`, configuration.Vocabulary).Scan(ctx, &rows)
	if err != nil {
		return names, fmt.Errorf("reading what configuration items may name: %w", err)
	}
	for _, row := range rows {
		map[string]map[string]bool{"service": names.Services, "team": names.Teams, "class": names.Classes}[row.Kind][row.Name] = true
	}
	return names, nil
}

// OpenIncidentsOn lists the incidents that are open on an item, and that a reader may read: the most urgent first.
func OpenIncidentsOn(ctx context.Context, db bun.IDB, reader Reader, item string, limit int) ([]ItemIncident, error) {
	var c composed
	c.args = reader.arguments()
	c.text.WriteString(`SELECT r.number, r.title, r.state, r.priority, r.team, r.opened_at FROM records r
		WHERE r.practice = 'incident' AND r.open AND ` + mayReadOne)
	c.add(` AND r.configuration_items <> '[]' AND r.configuration_items @> to_jsonb(?::text) ORDER BY r.priority, r.opened_at LIMIT ?::int`, item, limit)
	found := []ItemIncident{}
	if err := pg.Prepared(c.text.String()).Scan(ctx, db, c.args, &found); err != nil {
		return nil, fmt.Errorf("reading the incidents on %s: %w", item, err)
	}
	for i := range found {
		toUTC(&found[i].OpenedAt)
	}
	return found, nil
}

// ItemIncident is an incident that is open on an item.
type ItemIncident struct {
	Number   string    `json:"number" bun:"number"`
	Title    string    `json:"title" bun:"title"`
	State    string    `json:"state" bun:"state"`
	Priority int       `json:"priority" bun:"priority"`
	Team     string    `json:"team,omitempty" bun:"team"`
	OpenedAt time.Time `json:"opened_at" bun:"opened_at"`
}

// OpenChangesOn lists the changes that touch an item, are not at their end, and that a reader may read: by their windows.
func OpenChangesOn(ctx context.Context, db bun.IDB, reader Reader, item string, limit int) ([]ItemChange, error) {
	var c composed
	c.args = reader.changeArguments()
	c.text.WriteString(`SELECT r.number, r.title, r.state, c.window_from, coalesce(c.extended_to, c.window_to) AS window_to
		FROM records r JOIN changes c ON c.id = r.id WHERE r.practice = 'change' AND r.open AND ` + mayReadChange)
	c.add(` AND r.configuration_items <> '[]' AND r.configuration_items @> to_jsonb(?::text) ORDER BY c.window_from, r.number LIMIT ?::int`, item, limit)
	found := []ItemChange{}
	if err := pg.Prepared(c.text.String()).Scan(ctx, db, c.args, &found); err != nil {
		return nil, fmt.Errorf("reading the changes of %s: %w", item, err)
	}
	for i := range found {
		toUTC(found[i].WindowFrom, found[i].WindowTo)
	}
	return found, nil
}

// ItemChange is a change that touches an item.
type ItemChange struct {
	Number     string     `json:"number" bun:"number"`
	Title      string     `json:"title" bun:"title"`
	State      string     `json:"state" bun:"state"`
	WindowFrom *time.Time `json:"window_from,omitempty" bun:"window_from"`
	WindowTo   *time.Time `json:"window_to,omitempty" bun:"window_to"`
}
