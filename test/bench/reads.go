package bench

import (
	"context"
	"fmt"
	"net/http"
)

// lists measures a list of 50 of many incidents.
func (b *bench) lists(ctx context.Context) error {
	if err := b.fill(ctx); err != nil {
		return err
	}
	for _, clients := range []int{1, 16} {
		var all sample
		for range b.Rounds {
			got, err := drive(ctx, clients, b.Round, func(ctx context.Context, _, _ int) error {
				return b.send(ctx, http.MethodGet, "/incidents?limit=50", nil, http.StatusOK, nil)
			})
			if err != nil {
				return fmt.Errorf("list: %w", err)
			}
			all.add(got)
		}
		b.row(fmt.Sprintf("list 50 of %d", b.Records), clients, number(all.rate()), number(all.at(50)), number(all.at(99)), "", "", "", "")
	}
	return nil
}

// fill writes closed and open incidents as rows: how they came there is not measured here.
func (b *bench) fill(ctx context.Context) error {
	for _, statement := range []string{
		`INSERT INTO records (id, practice, number, state, version, title, description, service, category, team, assignee, requester, opened_by,
			priority, policies, open, active, wake_at, next_due, opened_at, updated_at, state_since, last_event_at)
		SELECT md5('bench' || n)::uuid, 'incident', 'SEED-' || n, CASE WHEN open THEN 'in_progress' ELSE 'closed' END, 5,
			'Mail is slow on host ' || n % 3000, repeat('Since this morning the relay answers with error ' || n || '. ', 8), 'service-' || n % 40,
			'category-' || n % 15, 'team-' || n % 20, 'agent-' || n % 100, 'person-' || n % 2000, 'agent-' || n % 100, n % 5 + 1, '{}', open, open,
			CASE WHEN open THEN now() + interval '30 days' + n * interval '1 minute' END, CASE WHEN open THEN 'triage' ELSE '' END, at, at, at, at
		FROM (SELECT n, n % 5 = 0 AS open, now() - n * interval '75 minutes' AS at FROM generate_series(1, ?0) n) AS made`,
		`INSERT INTO incidents (id, impact, urgency) SELECT id, 'medium', 'low' FROM records WHERE number LIKE 'SEED-%'`,
		`ANALYZE records`, `ANALYZE incidents`,
	} {
		if _, err := b.db.NewRaw(statement, b.Records).Exec(ctx); err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	return nil
}
