package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// escalations measures how late steps are taken while so many escalations call at once: the second step as each was begun, and the
// steps after a snooze that ends for all of them on one instant.
func (b *bench) escalations(ctx context.Context) error {
	wait := setUp(b.OneMoment, 2*b.pace).Truncate(time.Second) // all are begun before the first takes its second step
	step := map[string]any{"wait": wait.String(), "to": []string{"role:admin"}}
	name := "bench-" + uuid.NewString()[:8]
	err := b.store(ctx, "EscalationPolicy/"+name, map[string]any{"steps": []any{step, step}, "repeat": 5, "fallback": []string{"role:admin"}})
	if err != nil {
		return err
	}
	err = many(ctx, b.OneMoment, func(ctx context.Context, _ int) error {
		var view struct {
			ID string `json:"id"`
		}
		if err := b.post(ctx, "/incidents", map[string]any{"title": "Calls", "impact": "low", "urgency": "low"}, http.StatusCreated, &view); err != nil {
			return err
		}
		return b.post(ctx, "/incidents/"+view.ID+"/page", map[string]any{"policy": name, "reason": "bench"}, http.StatusOK, nil)
	})
	if err != nil {
		return err
	}
	late, err := b.stepsTaken(ctx, name, "escalation.step_taken", b.OneMoment)
	if err != nil {
		return err
	}
	b.row(fmt.Sprintf("lateness of the second step of %d escalations", b.OneMoment), "", "", number(late.at(50)), number(late.at(99)))

	calling, err := b.escalating(ctx, name)
	if err != nil {
		return err
	}
	instant := time.Now().Add(setUp(b.OneMoment, b.pace)).Truncate(time.Millisecond)
	err = many(ctx, len(calling), func(ctx context.Context, i int) error {
		return b.post(ctx, "/escalations/"+calling[i]+"/snooze", map[string]any{"until": instant}, http.StatusOK, nil)
	})
	if err != nil {
		return err
	}
	if late, err = b.stepsTaken(ctx, name, "escalation.resumed", len(calling)); err != nil {
		return err
	}
	b.row(fmt.Sprintf("lateness of %d snoozes that end on one instant", len(calling)), "", "", number(late.at(50)), number(late.at(99)))
	return nil
}

func (b *bench) escalating(ctx context.Context, policy string) (ids []string, err error) {
	err = b.db.NewRaw(`SELECT id FROM escalations WHERE policy = ? ORDER BY id`, policy).Scan(ctx, &ids)
	return ids, err
}

// stepsTaken waits until a deadline has brought an event to every escalation of a policy, and answers how late the first of each was.
func (b *bench) stepsTaken(ctx context.Context, policy, event string, count int) (sample, error) {
	return b.latenesses(ctx, count, `SELECT DISTINCT ON (t.record_id) extract(epoch FROM t.recorded_at - t.due_at) FROM timeline t
		JOIN escalations e ON e.id = t.record_id
		WHERE e.policy = ? AND t.type = ? AND t.due_at IS NOT NULL ORDER BY t.record_id, t.seq`, policy, event)
}
