package schemas

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/alert"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// watching is what a change means to others by the items that it touches: nothing where all is nil.
type watching struct {
	Items                    []string
	HeldFrom, HeldUntil      *time.Time
	WatchedFrom, WatchedTill *time.Time
}

func watchingOf(c change.Change, now time.Time) watching {
	w := watching{Items: c.ConfigurationItems}
	if span, holds := c.Holds(); holds {
		w.HeldFrom, w.HeldUntil = &span.From, &span.To
	}
	if span, watched := c.Watched(); watched && now.Before(span.To) {
		w.WatchedFrom, w.WatchedTill = &span.From, &span.To
	}
	if w.HeldFrom == nil && w.WatchedFrom == nil {
		return watching{}
	}
	return w
}

// watches writes whose alerts the change holds, and what is proposed as caused by it; once it has settled, which incident each alert
// is about that it let go.
func (p *Passage) watches(before, record change.Change) {
	if slices.ContainsFunc(p.events, func(e domain.Event) bool { return e.Type == "change.settled" }) {
		p.add(`UPDATE alerts SET incident_id = opens WHERE change_id = ?::uuid AND firing AND incident_id IS NULL`, record.ID)
	}
	had, has := watchingOf(before, before.LastEventAt), watchingOf(record, p.now)
	if reflect.DeepEqual(had, has) {
		return
	}
	items := append([]string{}, has.Items...)
	if len(had.Items) > 0 {
		p.add(`DELETE FROM change_watches WHERE change_id = ?::uuid AND item <> ALL (?::text[])`, record.ID, items)
	}
	if len(items) > 0 {
		p.add(`INSERT INTO change_watches (change_id, item, held_from, held_until, watched_from, watched_until)
			SELECT ?::uuid, item, ?::timestamptz, ?::timestamptz, ?::timestamptz, ?::timestamptz FROM unnest(?::text[]) AS item
			ON CONFLICT (change_id, item) DO UPDATE SET held_from = excluded.held_from, held_until = excluded.held_until,
				watched_from = excluded.watched_from, watched_until = excluded.watched_until`,
			record.ID, has.HeldFrom, has.HeldUntil, has.WatchedFrom, has.WatchedTill, items)
	}
}

// ChangesThatTouched are the changes that ended a short while before an incident was opened and touched one of the configuration items that
// it comes to name. Left out are those that know of the incident, whatever was decided about it, and those on their way to: they touched
// what it named before.
func ChangesThatTouched(ctx context.Context, db bun.IDB, items, before []string, incidentID string, opened time.Time) ([]incident.WatchFact, error) {
	var found []incident.WatchFact
	if err := changesThatTouched.Scan(ctx, db, []any{items, array(before), incidentID, opened}, &found); err != nil {
		return nil, fmt.Errorf("asking which changes touched %v: %w", items, err)
	}
	return found, nil
}

var changesThatTouched = pg.Prepared(`SELECT DISTINCT change_id::text AS change_id FROM change_watches w
	WHERE item = ANY ($1::text[]) AND watched_from <= $4 AND watched_until > $4
		AND NOT EXISTS (SELECT FROM change_watches o WHERE o.change_id = w.change_id AND o.item = ANY ($2::text[]))
		AND NOT EXISTS (SELECT FROM changes c CROSS JOIN LATERAL json_array_elements(c.causes) AS cause
			WHERE c.id = w.change_id AND cause ->> 'incident' = $3) ORDER BY 1`)

// HeldAlerts are those that a change holds and that still fire and are about no incident, the oldest first. They are locked until the
// transaction ends, so that none is told to be over meanwhile.
func HeldAlerts(ctx context.Context, db bun.IDB, change string) ([]alert.Held, error) {
	var found []alert.Held
	if err := heldAlerts.Scan(ctx, db, []any{change}, &found); err != nil {
		return nil, fmt.Errorf("reading the alerts that change %s holds: %w", change, err)
	}
	return found, nil
}

// The ids are in the order in which the intake locks them.
var heldAlerts = pg.Prepared(`WITH held AS (SELECT ` + heldColumns + `, a.first_at FROM alerts a
		WHERE a.change_id = $1 AND a.firing AND a.incident_id IS NULL ORDER BY a.id FOR UPDATE OF a)
	SELECT a.id, a.service, a.item, a.key, a.firing, a.title, a.description, a.severity, a.items, a.labels, a.starts_at, a.link,
		coalesce((SELECT p.incident_id::text FROM alerts p JOIN records r ON r.id = p.incident_id
			WHERE p.service = a.service AND p.key = a.key AND p.first_at < a.first_at ORDER BY p.first_at DESC LIMIT 1), '') AS follows
	FROM held a ORDER BY a.first_at, a.id`)

const heldColumns = `a.id::text AS id, a.service, a.item, a.key, a.firing, a.title, a.description, a.severity, a.items, a.labels, a.starts_at, a.link`
