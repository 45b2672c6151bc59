package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// AskedRow is a vote that is outstanding.
type AskedRow struct {
	Record string       `bun:"record_id" json:"record"`
	Number string       `bun:"number" json:"number"`
	Title  string       `bun:"title" json:"title"`
	State  domain.State `bun:"state" json:"state"`
	Stage  string       `bun:"stage" json:"stage"`
	// Person is whose vote is outstanding: the reader's own, or that of somebody for whom the reader may vote.
	Person string     `bun:"person" json:"person"`
	Again  bool       `bun:"again" json:"again"`
	Since  time.Time  `bun:"since" json:"since"`
	DueAt  *time.Time `bun:"due_at" json:"due_at,omitempty"`
}

// VotesAsked lists what waits for a person's vote, or for that of somebody for whom they vote, what is due first first.
func VotesAsked(ctx context.Context, db bun.IDB, person string, at time.Time) ([]AskedRow, error) {
	found := []AskedRow{}
	if err := votesAsked.Scan(ctx, db, []any{person, at}, &found); err != nil {
		return nil, fmt.Errorf("listing the votes that wait for %s: %w", person, err)
	}
	for i := range found {
		toUTC(&found[i].Since, found[i].DueAt)
	}
	return found, nil
}

var votesAsked = pg.Prepared(`SELECT s.record_id::text AS record_id, r.number, r.title, r.state, s.stage, s.person, s.again, s.since, s.due_at
	FROM approval_seats s JOIN records r ON r.id = s.record_id
	WHERE s.person = $1 OR s.person IN (SELECT principal FROM delegations WHERE delegate = $1 AND ` + standsAt("$2") + `)
	ORDER BY s.due_at NULLS LAST, s.since, r.number, s.stage, s.person LIMIT 500`)

// GivenRow is a vote that was given.
type GivenRow struct {
	Record string          `bun:"record_id" json:"record"`
	Number string          `bun:"number" json:"number"`
	Title  string          `bun:"title" json:"title"`
	State  domain.State    `bun:"state" json:"state"`
	Stage  string          `bun:"stage" json:"stage"`
	Seat   string          `bun:"seat" json:"for"`
	Choice approval.Choice `bun:"choice" json:"vote"`
	At     time.Time       `bun:"at" json:"at"`
	// Void says why it does not count any more.
	Void approval.Voiding `bun:"void" json:"void,omitempty"`
}

// VotesGiven lists the newest votes that a person gave.
func VotesGiven(ctx context.Context, db bun.IDB, person string, limit int) ([]GivenRow, error) {
	found := []GivenRow{}
	if err := votesGiven.Scan(ctx, db, []any{person, limit}, &found); err != nil {
		return nil, fmt.Errorf("listing the votes of %s: %w", person, err)
	}
	for i := range found {
		toUTC(&found[i].At)
	}
	return found, nil
}

var votesGiven = pg.Prepared(`SELECT v.record_id::text AS record_id, r.number, r.title, r.state, v.stage, v.seat, v.choice, v.at, v.void
	FROM votes v JOIN records r ON r.id = v.record_id WHERE v.voter = $1 ORDER BY v.at DESC, v.record_id, v.place LIMIT $2`)
