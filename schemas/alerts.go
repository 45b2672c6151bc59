package schemas

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/alert"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ToldAlert is an alert as it came in, with the ids of the occurrence that it may begin and of the incident which that may open.
type ToldAlert struct {
	ID    string `json:"id"`
	Opens string `json:"opens"`
	alert.Alert
}

// What can become of an alert that is told.
const (
	AlertBegun   = "begun"   // an occurrence begins
	AlertCounted = "counted" // it went on
	AlertStopped = "stopped" // it is over
)

// AlertFate is what became of an alert that was told. One that was told to be over and did not fire has none.
type AlertFate struct {
	ID   string `bun:"id"`
	What string `bun:"what"`
	// Incident is the one that it is about, by id: one that it opens, or that an occurrence before had opened; empty: a change holds it.
	Incident string `bun:"incident"`
	Opens    bool   `bun:"opens"`
	Change   string `bun:"change"`
	Item     string `bun:"item"`
	// Before is the ended incident of the occurrence before, if there was one.
	Before string `bun:"before"`
}

// TakeAlerts writes what was told of a service's alerts, each key once, and answers what became of each, in the order of their ids. It
// holds the service's alerts until the transaction ends: what one sender tells twice at once is told one after the other.
func TakeAlerts(ctx context.Context, tx bun.Tx, service, source, key string, told []ToldAlert, now time.Time) ([]AlertFate, error) {
	text, err := json.Marshal(told)
	if err != nil {
		return nil, fmt.Errorf("encoding alerts: %w", err)
	}
	if _, err := lockAlerts.Exec(ctx, tx, []any{service}); err != nil {
		return nil, fmt.Errorf("holding the alerts of %s: %w", service, err)
	}
	var fates []AlertFate
	if err := takeAlerts.Scan(ctx, tx, []any{service, string(text), now, source, key, now.Add(-canceledQuiet)}, &fates); err != nil {
		return nil, fmt.Errorf("writing the alerts of %s: %w", service, err)
	}
	return fates, nil
}

var lockAlerts = pg.Prepared(`SELECT pg_advisory_xact_lock(hashtextextended('alerts ' || $1, 0))`)

// canceledQuiet is how long an alert that goes on firing says nothing more after its incident was canceled: somebody has said that it
// needs none, and may have been wrong.
const canceledQuiet = 24 * time.Hour

// An occurrence that goes on after its incident ended ends with it, and another begins (outlived). Its update comes first: fresh reads
// what it returns, and of one key only one may fire. Where the incident followed another one to its end, that one counts (standing).
//
// Whose incident an occurrence is about, the first that holds: the one of the occurrence before, while that is open or waits to be
// logged; nobody's, while a change holds it; the one before, while that is resolved; a new one. Which item it is about: of its names,
// each taken for the item that it stands for (item_named), the one that a change works on, or has worked on; the one of a configuration
// item; the first.
var takeAlerts = pg.Prepared(`WITH told AS (SELECT * FROM json_to_recordset($2::json) AS t (id uuid, opens uuid, key text, firing boolean, title text,
		description text, severity text, items json, labels json, link text, starts_at timestamptz)),
	held AS (SELECT a.id, a.key, a.incident_id, t.firing AS still FROM alerts a JOIN told t ON t.key = a.key WHERE a.service = $1 AND a.firing ORDER BY a.id FOR UPDATE OF a),
	outlived AS (SELECT h.id FROM held h CROSS JOIN LATERAL (` + standing("h.incident_id") + `) s
		WHERE h.still AND (s.state = 'closed' OR s.state = 'canceled' AND s.closed_at <= $6)),
	ended AS (UPDATE alerts a SET firing = false, resolved_at = $3 FROM outlived o WHERE a.id = o.id RETURNING a.key),
	gone_on AS (UPDATE alerts a SET firing = h.still, times = a.times + h.still::int, last_at = $3,
			resolved_at = CASE WHEN h.still THEN NULL ELSE $3::timestamptz END
		FROM held h WHERE a.id = h.id AND h.id NOT IN (SELECT id FROM outlived) RETURNING a.id, a.firing, a.incident_id, a.change_id, a.item),
	fresh AS (SELECT t.*, before.id AS before, held_by.change_id, coalesce(held_by.item, touched.item, known.item, t.items ->> 0, '') AS item,
			CASE WHEN before.stands THEN before.id WHEN held_by.change_id IS NOT NULL THEN NULL WHEN before.resolved THEN before.id ELSE t.opens END AS incident_id
		FROM told t
		LEFT JOIN LATERAL (SELECT coalesce(s.id, p.incident_id) AS id, s.state = 'resolved' AS resolved, CASE WHEN s.id IS NOT NULL THEN s.open
				ELSE EXISTS (SELECT FROM messages m WHERE m.record_id = p.incident_id AND m.state = 'pending') END AS stands
			FROM (SELECT incident_id FROM alerts
				WHERE service = $1 AND key = t.key AND incident_id IS NOT NULL ORDER BY first_at DESC, id DESC LIMIT 1) p
			LEFT JOIN LATERAL (` + standing("p.incident_id") + `) s ON true) before ON true
		CROSS JOIN LATERAL (SELECT array_agg(coalesce(n.item, n.name) ORDER BY n.place) AS items,
				(array_agg(n.item ORDER BY n.place) FILTER (WHERE n.item IS NOT NULL))[1] AS item
			FROM (SELECT n.name, n.place, item_named(n.name) AS item FROM json_array_elements_text(t.items) WITH ORDINALITY AS n (name, place) OFFSET 0) n) known
		LEFT JOIN LATERAL (SELECT w.change_id, w.item FROM unnest(known.items) WITH ORDINALITY AS n (name, place)
			JOIN change_watches w ON w.item = n.name WHERE w.held_from <= $3 AND w.held_until > $3 ORDER BY n.place, w.held_from LIMIT 1) held_by ON true
		LEFT JOIN LATERAL (SELECT w.item FROM unnest(known.items) WITH ORDINALITY AS n (name, place)
			JOIN change_watches w ON w.item = n.name WHERE w.watched_from <= $3 AND w.watched_until > $3 ORDER BY n.place LIMIT 1) touched ON true
		WHERE t.firing AND (t.key NOT IN (SELECT key FROM held) OR t.key IN (SELECT key FROM ended))),
	begun AS (INSERT INTO alerts (id, service, key, source, told_by, firing, title, description, severity, items, item, labels, link, starts_at,
			first_at, last_at, opens, incident_id, change_id)
		SELECT id, $1, key, $4, $5::uuid, true, title, coalesce(description, ''), coalesce(severity, ''), coalesce(items, '[]'), item, coalesce(labels, '{}'), coalesce(link, ''),
			starts_at, $3, $3, opens, incident_id, change_id FROM fresh RETURNING id)
	SELECT f.id::text AS id, 'begun' AS what, coalesce(f.incident_id::text, '') AS incident, coalesce(f.incident_id = f.opens, false) AS opens,
			coalesce(f.change_id::text, '') AS change, f.item, coalesce(f.before::text, '') AS before FROM fresh f JOIN begun b ON b.id = f.id
	UNION ALL SELECT g.id::text, CASE WHEN g.firing THEN 'counted' ELSE 'stopped' END, coalesce(g.incident_id::text, ''), false,
			coalesce(g.change_id::text, ''), g.item, '' FROM gone_on g ORDER BY 1`)

// standing is the incident of an id, or, where that was closed as a duplicate, the one that it followed: whatever became of that.
func standing(id string) string {
	return `WITH RECURSIVE followed AS (
			SELECT r.id, r.state, r.open, r.active, r.closed_at, i.merged_into FROM records r JOIN incidents i ON i.id = r.id WHERE r.id = ` + id + `
			UNION SELECT r.id, r.state, r.open, r.active, r.closed_at, i.merged_into
				FROM followed f JOIN records r ON r.id = f.merged_into JOIN incidents i ON i.id = r.id WHERE NOT f.active)
		SELECT id, state, open, closed_at FROM followed WHERE active OR merged_into IS NULL`
}

// PostCommands queues commands for records in one statement, in their order, as the application's role. Each waits once under its id.
func PostCommands(ctx context.Context, tx bun.Tx, commands []PostedCommand, now time.Time) error {
	if len(commands) == 0 {
		return nil
	}
	text, err := json.Marshal(commands)
	if err != nil {
		return fmt.Errorf("encoding commands: %w", err)
	}
	if _, err := postMessages.Exec(ctx, tx, []any{string(text), now}); err != nil {
		return fmt.Errorf("queueing commands: %w", err)
	}
	return nil
}

// PostedCommand is a command to be queued.
type PostedCommand struct {
	domain.Command
	Closed domain.ClosedTarget
}

// MarshalJSON writes it as the statement reads it.
func (p PostedCommand) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"id": p.ID, "practice": p.Practice, "record": p.Record, "command": p.Command, "closed": p.Closed})
}

var postMessages = pg.Prepared(`SELECT post_message(w.id, w.practice, w.record, w.command, w.closed, $2)
	FROM json_to_recordset($1::json) AS w (id text, practice text, record uuid, command json, closed text)`)

// AlertRow is an occurrence of an alert as it is listed. An incident or a change that its reader may not read is left out.
type AlertRow struct {
	ID         string     `bun:"id" json:"id"`
	Service    string     `bun:"service" json:"service"`
	Source     string     `bun:"source" json:"source"`
	Item       string     `bun:"item" json:"item,omitempty"`
	FirstAt    time.Time  `bun:"first_at" json:"first_at"`
	LastAt     time.Time  `bun:"last_at" json:"last_at"`
	ResolvedAt *time.Time `bun:"resolved_at" json:"resolved_at,omitempty"`
	// Times is how often it was told to fire.
	Times    int    `bun:"times" json:"times"`
	Incident string `bun:"incident" json:"incident,omitempty"`
	Change   string `bun:"change" json:"change,omitempty"`
	// Held: a change holds it, or held it to its end; no incident was opened of it.
	Held bool `bun:"held" json:"held,omitempty"`
	alert.Alert
}

// AlertFilter narrows a list of alerts. Empty fields ask nothing.
type AlertFilter struct {
	Firing  bool
	Service string
	// Item is a configuration item that they are about; Held leaves those that changes hold or held.
	Item string
	Held bool
	// Change and Incident are records by id or number. Of one that the reader may not read there are none.
	Change, Incident string
	// HeldBy is a change by id, of which it is known that the reader may read it.
	HeldBy string
	// Before goes on after an occurrence of an earlier page.
	Before   *time.Time
	BeforeID string
	Limit    int
}

// ListAlerts lists occurrences of alerts of the services whose records a reader may read, the newest first.
func ListAlerts(ctx context.Context, db bun.IDB, reader Reader, filter AlertFilter) ([]AlertRow, error) {
	c := composed{args: reader.arguments()}
	c.text.WriteString(`SELECT a.id::text AS id, a.service, a.source, a.item, a.first_at, a.last_at, a.resolved_at, a.times, a.key, a.firing, a.title,
			a.description, a.severity, a.items, a.labels, a.link, a.starts_at, coalesce(i.number, '') AS incident, coalesce(c.number, '') AS change,
			a.change_id IS NOT NULL AND a.incident_id IS NULL AS held
		FROM alerts a LEFT JOIN LATERAL (SELECT r.number FROM records r WHERE r.id = a.incident_id AND ` + mayReadOne + `) i ON true
		LEFT JOIN LATERAL (SELECT r.number FROM records r WHERE r.id = a.change_id AND ` + mayReadOne + `) c ON true
		WHERE ($1 OR a.service = ANY ($4) OR a.service IN (SELECT name FROM services WHERE team = ANY ($3)))`)
	if filter.Firing {
		c.text.WriteString(` AND a.firing`)
	}
	if filter.Service != "" {
		c.add(` AND a.service = ?`, filter.Service)
	}
	if filter.Item != "" {
		c.add(` AND a.item = ?`, filter.Item)
	}
	if filter.Held {
		c.text.WriteString(` AND a.change_id IS NOT NULL`)
	}
	for _, one := range []struct{ column, record string }{{"a.change_id", filter.Change}, {"a.incident_id", filter.Incident}} {
		switch {
		case one.record == "":
		case IsID(one.record):
			c.add(` AND `+one.column+` = (SELECT r.id FROM records r WHERE r.id = ?::uuid AND `+mayReadOne+`)`, one.record)
		default:
			c.add(` AND `+one.column+` = (SELECT r.id FROM records r WHERE r.number = ? AND `+mayReadOne+`)`, one.record)
		}
	}
	if filter.HeldBy != "" {
		c.add(` AND a.change_id = ?::uuid`, filter.HeldBy)
	}
	if filter.Before != nil {
		c.add(` AND (a.first_at, a.id) < (?::timestamptz, ?::uuid)`, *filter.Before, filter.BeforeID)
	}
	c.add(` ORDER BY a.first_at DESC, a.id DESC LIMIT ?::int`, filter.Limit)
	found := []AlertRow{}
	if err := pg.Prepared(c.text.String()).Scan(ctx, db, c.args, &found); err != nil {
		return nil, fmt.Errorf("listing alerts: %w", err)
	}
	for i := range found {
		toUTC(&found[i].FirstAt, &found[i].LastAt, found[i].ResolvedAt, found[i].StartsAt)
	}
	return found, nil
}

// ForgetAlerts removes, as the worker's role, occurrences that have been over since before a moment: none that a record refers to which
// is not at its end, or has not been for as long.
func ForgetAlerts(ctx context.Context, db bun.IDB, before time.Time) error {
	for {
		var gone int
		if err := db.NewRaw(`SELECT forget_alerts(?, ?)`, before, forgetPage).Scan(ctx, &gone); err != nil {
			return fmt.Errorf("forgetting old alerts: %w", err)
		}
		if gone < forgetPage {
			return nil
		}
	}
}
