package schemas

import (
	"context"
	"fmt"
	"reflect"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// interest is a fact outside a record that matters to it, and the command by which it looks for itself once that changes.
type interest struct {
	Kind    string `json:"kind"`
	Key     string `json:"key"`
	Command string `json:"command"`
}

// The kinds of interests.
const (
	InterestUrgent = "urgent" // an incident of high priority on a service, by the service's name
	InterestFreeze = "freeze" // any freeze or maintenance window
	InterestItems  = "items"  // its configuration items, and how they hang together
	InterestCause  = "cause"  // who owns the service of an incident that it may have caused, by the service's name, while that is undecided
	InterestPerson = "person" // somebody with a seat in a stage of its approval that is not decided, by handle
	// Somebody who has voted for another in such a stage, by handle. Unlike a seat it lets nobody read: who has voted may, anyway.
	InterestHand = "hand"
)

// seated begins a comparison that finds, in interests, the records in whose undecided stages somebody has a seat; also in a stage of
// which nobody is asked, because its rule cannot be met.
const seated = `kind = '` + InterestPerson + `' AND key`

// The commands by which a change looks for itself.
const (
	looksAround  = "change.conflicts_changed"
	looksAtSeats = "change.electorate_changed"
)

func interestsIn(c change.Change) []interest {
	list := []interest{}
	switch c.State {
	case change.Assessing, change.AwaitingApproval, change.Approved, change.Scheduled:
		for _, service := range c.Services {
			list = append(list, interest{InterestUrgent, service, looksAround})
		}
		list = append(list, interest{InterestFreeze, "", looksAround}, interest{InterestItems, "", looksAround})
	}
	for _, service := range c.Undecided() {
		list = append(list, interest{InterestCause, service, ""}) // whoever owns it reads the change; nothing of it is looked at again
	}
	if c.Approval != nil && c.Approval.SubmittedAt != nil && c.Open {
		for _, person := range c.Approval.Electors() {
			list = append(list, interest{InterestPerson, person, looksAtSeats})
		}
		for _, person := range c.Approval.Hands() {
			list = append(list, interest{InterestHand, person, looksAtSeats})
		}
	}
	return list
}

func (p *Passage) interestsOf(before, record change.Change) {
	had, has := interestsIn(before), interestsIn(record)
	if reflect.DeepEqual(had, has) {
		return
	}
	if len(had) > 0 {
		p.add(`DELETE FROM interests i WHERE record_id = ?::uuid AND NOT EXISTS (SELECT FROM json_to_recordset(?::json) AS n (kind text, key text)
			WHERE n.kind = i.kind AND n.key = i.key)`, record.ID, p.rest.json(has))
	}
	if len(has) > 0 {
		p.add(`INSERT INTO interests (record_id, kind, key, practice, command) SELECT ?::uuid, kind, key, ?::text, command
			FROM json_to_recordset(?::json) AS n (kind text, key text, command text) ON CONFLICT DO NOTHING`,
			record.ID, string(change.Practice), p.rest.json(has))
	}
}

// Interested are the records to which a fact of one of some kinds matters, with the command by which each looks for itself.
func Interested(ctx context.Context, db bun.IDB, kinds []string, keys ...string) ([]domain.Message, error) {
	return interestedBy(ctx, db, interested, []any{kinds, append([]string{}, keys...)})
}

// InterestedInWindows are the records to which freezes and maintenance windows matter. It waits for changes that look at those, and lets
// none look until the transaction ends.
func InterestedInWindows(ctx context.Context, db bun.IDB) ([]domain.Message, error) {
	if err := lockWindows(ctx, db); err != nil {
		return nil, err
	}
	return Interested(ctx, db, []string{InterestFreeze}, "")
}

func interestedBy(ctx context.Context, db bun.IDB, query pg.Prepared, args []any) ([]domain.Message, error) {
	var found []struct {
		Record   string          `bun:"record_id"`
		Practice domain.Practice `bun:"practice"`
		Command  string          `bun:"command"`
	}
	if err := query.Scan(ctx, db, args, &found); err != nil {
		return nil, fmt.Errorf("asking to whom it matters: %w", err)
	}
	messages := make([]domain.Message, len(found))
	for i, one := range found {
		messages[i] = domain.Message{Practice: one.Practice, Record: one.Record, Command: one.Command, OnClosed: domain.TargetDrop}
	}
	return messages, nil
}

var interested = pg.Prepared(`SELECT DISTINCT record_id::text AS record_id, practice, command FROM interests
	WHERE kind = ANY ($1::text[]) AND key = ANY ($2::text[]) ORDER BY 1`)
