package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// ballots are the changes that are voted on, so many that clients seldom meet, and that no vote is changed more often than it can be.
const ballots = 256

// votes measures a vote on a change beside an update with a local activity of two rows. The voter approves and abstains in turn; the
// other two members of the board never vote, so that nothing is decided.
func (b *bench) votes(ctx context.Context) error {
	voter, err := b.board(ctx)
	if err != nil {
		return err
	}
	changes, hashes := make([]string, ballots), make([]any, ballots)
	for i := range changes {
		if changes[i], hashes[i], err = b.asked(ctx, i); err != nil {
			return err
		}
	}
	for len(b.bare) < ballots {
		id, err := b.startOneBare(ctx)
		if err != nil {
			return err
		}
		b.bare = append(b.bare, id)
	}
	for _, clients := range []int{1, 16} {
		mine := func(c, n int) int { return (c + n*clients) % ballots }
		given := make([]int, ballots)
		err := b.beside(ctx, "a vote / an update", clients, func(ctx context.Context, c, n int) error {
			i := mine(c, n)
			given[i]++
			body := map[string]any{"vote": []string{"approve", "abstain"}[given[i]%2], "hashes": hashes[i]}
			return b.post(ctx, "/changes/"+changes[i]+"/cast-vote", body, http.StatusOK, nil, "Authorization", "Bearer "+voter)
		}, func(ctx context.Context, c, n int) error {
			return b.updateBare(ctx, b.bare[mine(c, n)])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// board makes the members of a board and the policy by which they decide together; it answers the token of one.
func (b *bench) board(ctx context.Context) (string, error) {
	for _, person := range []string{"bench-voter", "bench-silent", "bench-mute"} {
		if err := b.put(ctx, "/people/"+person, map[string]any{"name": person}); err != nil {
			return "", err
		}
	}
	if err := b.post(ctx, "/grants", map[string]any{"person": "bench-voter", "role": "cab_member", "scope_kind": "all", "scope_name": ""}, http.StatusOK, nil); err != nil {
		return "", err
	}
	if err := b.store(ctx, "ServicePolicy/bench", map[string]any{"title": "Bench", "support": map[string]any{}}); err != nil {
		return "", err
	}
	err := b.store(ctx, "ApprovalPolicy/a-bench", map[string]any{"when": `record.type == "emergency"`, "stages": []map[string]any{{
		"name": "board", "electorate": []string{"person:bench-voter", "person:bench-silent", "person:bench-mute"}, "rule": map[string]any{"threshold": "60%"},
		"deadline": "3wd",
	}}})
	if err != nil {
		return "", err
	}
	var made struct {
		Secret string `json:"secret"`
	}
	err = b.post(ctx, "/tokens", map[string]any{"person": "bench-voter", "name": "bench"}, http.StatusCreated, &made)
	return made.Secret, err
}

// asked makes a change that waits for the board, and answers what votes on it are about.
func (b *bench) asked(ctx context.Context, n int) (id string, hashes any, err error) {
	var view struct {
		ID       string `json:"id"`
		Approval struct {
			Hashes any `json:"hashes"`
		} `json:"approval"`
	}
	from := time.Now().Add(time.Duration(24*n) * time.Hour).UTC().Truncate(time.Second)
	err = b.post(ctx, "/changes", map[string]any{
		"title": fmt.Sprintf("Vote on number %d", n), "type": "emergency", "security_reason": "bench", "justification": "bench", "plan": "bench",
		"test_plan": "bench", "back_out_plan": "bench", "service": "bench", "environment": "production",
		"configuration_items": []string{"bench-" + uuid.NewString()[:8]}, "tasks": []map[string]any{{"title": "bench"}},
		"window_from": from, "window_to": from.Add(time.Hour),
	}, http.StatusCreated, &view)
	if err != nil {
		return "", nil, err
	}
	err = b.post(ctx, "/changes/"+view.ID+"/submit", map[string]any{}, http.StatusOK, &view)
	return view.ID, view.Approval.Hashes, err
}
