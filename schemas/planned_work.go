package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// PlannedWork is what everybody is told of a change that users will notice: where, when, and what to expect. What it is called, who makes
// it and how are not among that.
type PlannedWork struct {
	Services []PlannedService `bun:"services,type:json" json:"services"`
	// From and Until are its window, as it is now.
	From  time.Time `bun:"from_at" json:"from"`
	Until time.Time `bun:"until_at" json:"until"`
	// Expect is what users will notice, as those wrote it who planned the work.
	Expect string `bun:"expect" json:"expect"`
	// UnderWay: it has been started, and has not ended.
	UnderWay bool `bun:"under_way" json:"under_way"`
}

// PlannedService is a service that planned work is on.
type PlannedService struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// ReadPlannedWork lists the work that users will notice and that is not over at an instant, what comes first first: changes that are
// scheduled or being carried out and say what to expect; of one service, where that is named. Restricted changes are for those alone who
// are named in them, and tell nothing here.
func ReadPlannedWork(ctx context.Context, db bun.IDB, service string, at time.Time, limit int) ([]PlannedWork, error) {
	found := []PlannedWork{}
	if err := plannedWork.Scan(ctx, db, []any{service, at, limit}, &found); err != nil {
		return nil, fmt.Errorf("listing planned work: %w", err)
	}
	for i := range found {
		toUTC(&found[i].From, &found[i].Until)
	}
	return found, nil
}

var plannedWork = pg.Prepared(`SELECT (SELECT coalesce(json_agg(json_build_object('name', s.name, 'title', s.title) ORDER BY s.title, s.name), '[]')
			FROM json_array_elements_text(c.services) AS touched JOIN services s ON s.name = touched) AS services,
		c.window_from AS from_at, coalesce(c.extended_to, c.window_to) AS until_at, c.expected_outage AS expect, r.state = 'implementing' AS under_way
	FROM changes c JOIN records r ON r.id = c.id
	WHERE c.expected_outage <> '' AND c.outcome = '' AND c.window_from IS NOT NULL AND NOT r.restricted
		AND (r.state = 'implementing' OR r.state = 'scheduled' AND coalesce(c.extended_to, c.window_to) > $2)
		AND ($1 = '' OR c.services::jsonb ? $1::text)
	ORDER BY c.window_from, r.id LIMIT $3`)
