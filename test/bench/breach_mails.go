package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// breachMails measures how late a broken promise reaches the mailbox of somebody whom its agreement names: from when it was due to when
// the mail came. The promise is longer than the minute for which a person's mails about one service are gathered.
func (b *bench) breachMails(ctx context.Context) error {
	category := "bench-" + uuid.NewString()[:8]
	err := b.agree(ctx, "bench-mailed", map[string]any{
		"applies_to": `record.category == "` + category + `"`, "rank": 20, "calendar": "bench-always",
		"targets":    map[string]any{"resolution": perPriority("65s")},
		"thresholds": []map[string]any{{"metric": "resolution", "at": "100%", "do": []map[string]any{{"notify": []string{"requester"}}}}},
	})
	if err != nil {
		return err
	}
	dues := make([]time.Time, mailed)
	address := func(i int) string { return fmt.Sprintf("late-%d@bench.example", i) }
	for i := range dues {
		handle := fmt.Sprintf("late-%d", i)
		if err := b.put(ctx, "/people/"+handle, map[string]any{"name": handle, "mail": address(i)}); err != nil {
			return err
		}
		var view struct {
			Clocks []struct {
				DueAt time.Time `json:"due_at"`
			} `json:"clocks"`
		}
		body := map[string]any{"title": "Breaks, and is told", "impact": "low", "urgency": "low", "category": category, "requester": handle}
		if err := b.post(ctx, "/incidents", body, http.StatusCreated, &view); err != nil {
			return err
		}
		if len(view.Clocks) != 1 {
			return fmt.Errorf("the incident has %d clocks, not one", len(view.Clocks))
		}
		dues[i] = view.Clocks[0].DueAt
	}
	var late sample
	for i, due := range dues {
		for {
			if at, came := b.mailbox.arrived(address(i)); came && !at.Before(due) {
				late.times = append(late.times, at.Sub(due))
				break
			}
			if ctx.Err() != nil || time.Since(due) > time.Minute {
				return errors.Join(errors.New("the mail about a broken promise does not come"), ctx.Err())
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	b.row(fmt.Sprintf("lateness of %d breaches, due to mail", mailed), "", "", number(late.at(50)), number(late.at(99)))
	return nil
}
