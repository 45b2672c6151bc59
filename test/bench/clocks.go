package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// clocks measures logging and commands once more while every incident is under an agreement, whose clocks each command moves.
func (b *bench) clocks(ctx context.Context) error {
	err := b.agree(ctx, "bench", map[string]any{
		"applies_to": "true", "calendar": "bench-always", "pause_on": map[string]any{"reasons": []string{"awaiting_change"}},
		"targets": map[string]any{"response": perPriority("100h"), "resolution": perPriority("400h")},
		"thresholds": []map[string]any{
			{"metric": "resolution", "at": "75%", "do": []map[string]any{{"notify": []string{"assignee"}}}},
		},
	})
	if err != nil {
		return err
	}
	b.records, b.bare, b.under = nil, nil, " with two clocks"
	if err := b.logs(ctx); err != nil {
		return err
	}
	return b.commands(ctx)
}

// breaches measures how late broken promises are known: one after the other as the incidents were logged, and all on one instant.
func (b *bench) breaches(ctx context.Context) error {
	wait := setUp(b.Deadlines, b.pace).Truncate(time.Second)
	category := "bench-" + uuid.NewString()[:8]
	err := b.agree(ctx, "bench-spread", map[string]any{
		"applies_to": `record.category == "` + category + `"`, "rank": 10, "calendar": "bench-always",
		"targets": map[string]any{"resolution": perPriority(wait.String())},
	})
	if err != nil {
		return err
	}
	late, err := b.broken(ctx, category, b.Deadlines)
	if err != nil {
		return err
	}
	b.row(fmt.Sprintf("lateness of %d breaches as they were logged", b.Deadlines), "", "", number(late.at(50)), number(late.at(99)))

	// A calendar that opens at a minute to come lets every clock reach its second second on one instant.
	opens := time.Now().UTC().Add(setUp(b.OneMoment, b.pace*3/2)).Truncate(time.Minute).Add(time.Minute)
	category = "bench-" + uuid.NewString()[:8]
	minute := opens.Format("15:04") + "-24:00"
	if err := b.store(ctx, "Calendar/bench-minute", map[string]any{
		"timezone": "UTC", "weekly": map[string]any{}, "exceptions": map[string]any{opens.Format(time.DateOnly): []string{minute}},
	}); err != nil {
		return err
	}
	if err := b.agree(ctx, "bench-instant", map[string]any{
		"applies_to": `record.category == "` + category + `"`, "rank": 10, "calendar": "bench-minute",
		"targets": map[string]any{"resolution": perPriority("1s")},
	}); err != nil {
		return err
	}
	if late, err = b.broken(ctx, category, b.OneMoment); err != nil {
		return err
	}
	b.row(fmt.Sprintf("lateness of %d breaches on one instant", b.OneMoment), "", "", number(late.at(50)), number(late.at(99)))
	return b.breachMails(ctx)
}

// broken logs incidents of a category whose promise will break, and reads from their timelines how late that was known.
func (b *bench) broken(ctx context.Context, category string, count int) (sample, error) {
	err := many(ctx, count, func(ctx context.Context, _ int) error {
		return b.post(ctx, "/incidents", map[string]any{"title": "Breaks", "impact": "low", "urgency": "low", "category": category}, http.StatusCreated, nil)
	})
	if err != nil {
		return sample{}, err
	}
	return b.latenesses(ctx, count, `SELECT extract(epoch FROM t.recorded_at - t.due_at) FROM timeline t JOIN records r ON r.id = t.record_id
		WHERE r.category = ? AND t.type = 'incident.clock_breached'`, category)
}

// perPriority promises the same for every priority.
func perPriority(target string) map[string]any {
	return map[string]any{"1": target, "2": target, "3": target, "4": target, "5": target}
}

// agree stores an agreement, and the calendar that is always open.
func (b *bench) agree(ctx context.Context, name string, spec map[string]any) error {
	day := []string{"00:00-24:00"}
	always := map[string]any{"timezone": "UTC", "weekly": map[string]any{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day}}
	if err := b.store(ctx, "Calendar/bench-always", always); err != nil {
		return err
	}
	return b.store(ctx, "SLA/"+name, spec)
}

// store applies a policy document.
func (b *bench) store(ctx context.Context, document string, spec map[string]any) error {
	return b.put(ctx, "/policies/"+document, map[string]any{"spec": spec, "reason": "bench"})
}
