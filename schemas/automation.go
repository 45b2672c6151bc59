package schemas

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// newestRules are the newest versions of all AutomationRules by name, as JSON; null where there are none.
const newestRules = `(SELECT json_object_agg(a.name, a.version) FROM (SELECT p.name, max(p.version) AS version FROM policies p
	WHERE p.kind = '` + automation.Kind + `' GROUP BY p.name) AS a)`

// Automation reads the rules of documents at their versions; nil where there are none.
func (d *Documents) Automation(ctx context.Context, db bun.IDB, versions map[string]int, language automation.Language) (*automation.Book, error) {
	if len(versions) == 0 {
		return nil, nil
	}
	book := &automation.Book{Language: language}
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		rules, err := ReadDocument[automation.Rules](ctx, d, db, automation.Kind+"/"+name, versions[name])
		if err != nil {
			return nil, err
		}
		book.Documents = append(book.Documents, automation.Document{Name: name, Version: versions[name], Rules: rules})
	}
	return book, nil
}

// RulesFollow reports whether a rule of automation follows a type of events.
func RulesFollow(ctx context.Context, db bun.IDB, event string) (bool, error) {
	var follow bool
	if err := rulesFollow.Scan(ctx, db, []any{event}, &follow); err != nil {
		return false, fmt.Errorf("asking which rules follow %s: %w", event, err)
	}
	return follow, nil
}

var rulesFollow = pg.Prepared(`SELECT EXISTS (SELECT FROM policies p, json_array_elements(p.spec -> 'rules') AS rule
	WHERE p.kind = '` + automation.Kind + `' AND p.version = (SELECT max(n.version) FROM policies n WHERE n.kind = p.kind AND n.name = p.name)
	AND (rule -> 'on')::jsonb ? $1)`)

// RuleRun is what a rule of automation did at a record, or could not do, as the timeline tells it.
type RuleRun struct {
	Number  string    `bun:"number" json:"number"`
	At      time.Time `bun:"at" json:"at"`
	Rule    string    `bun:"rule" json:"rule"`
	Version int       `bun:"version" json:"version"`
	// On is the type of the event that it followed.
	On string `bun:"on_event" json:"on"`
	// Outcome is "ran", "held", "refused" or "failed"; Why says it in a sentence.
	Outcome string `bun:"outcome" json:"outcome"`
	Why     string `bun:"why" json:"why"`
}

// worksOn is who reads the internal events of a record r, in a prepared statement whose first arguments are the reader's: whoever asked for
// it reads the public ones alone.
var worksOn = `($1 OR r.team = ANY ($3) OR r.service = ANY ($4)) AND ($5 OR ` + openTo("$2") + `)`

// RecentRuns reads what the rules of a document did lately at records whose internal events the reader may read, the newest first.
func RecentRuns(ctx context.Context, db bun.IDB, reader Reader, document string, limit int) ([]RuleRun, error) {
	runs := []RuleRun{}
	if err := recentRuns.Scan(ctx, db, reader.arguments(document, limit), &runs); err != nil {
		return nil, fmt.Errorf("reading what the rules of %s did: %w", document, err)
	}
	for i := range runs {
		toUTC(&runs[i].At)
	}
	return runs, nil
}

var recentRuns = pg.Prepared(`SELECT r.number, t.at, t.data ->> 'rule' AS rule, (t.data ->> 'version')::int AS version, t.data ->> 'on' AS on_event,
	CASE t.type WHEN 'incident.automated' THEN 'ran' ELSE substring(t.type FROM 'incident.automation_(.*)') END AS outcome, t.reason AS why
	FROM timeline t JOIN records r ON r.id = t.record_id
	WHERE t.type IN ('incident.automated', 'incident.automation_held', 'incident.automation_refused', 'incident.automation_failed')
		AND t.data ->> 'policy' = $6 AND ` + worksOn + ` ORDER BY t.recorded_at DESC, t.position DESC LIMIT $7`)
