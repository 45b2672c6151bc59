package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// asksVote reports whether a kind of notice asks for a vote.
func asksVote(kind string) bool { return kind == "change.vote_asked" || kind == "change.vote_reminder" }

// standIns are the delegates who are told that votes are asked for, each with one of those in whose place they can vote now. Who is asked
// themselves in the stage, or has a part in the change, is none. It is looked up as the notice is dispatched and not as the vote is asked
// for, which a delegate can do nothing about.
func standIns(ctx context.Context, tx bun.Tx, notice schemas.WaitingNotice, asked []string, now time.Time) (map[string]string, error) {
	if !asksVote(notice.Kind) || len(asked) == 0 {
		return nil, nil
	}
	delegations, err := schemas.StandIns(ctx, tx, asked, now)
	if err != nil || len(delegations) == 0 {
		return nil, err
	}
	found, exists, err := schemas.ReadChange(ctx, tx, schemas.Reader{All: true, Restricted: true}, notice.RecordID)
	if err != nil || !exists || found.Approval == nil {
		return nil, err
	}
	var about struct {
		Stage string `json:"stage"`
	}
	if err := json.Unmarshal(notice.Data, &about); err != nil {
		return nil, fmt.Errorf("reading notice %d: %w", notice.Position, err)
	}
	keeper, standing := approval.NewKeeper(*found.Approval, approval.Facts{Delegations: delegations}), map[string]string{}
	for _, delegation := range delegations {
		delegate := delegation.Delegate
		if slices.Contains(asked, delegate) || standing[delegate] != "" {
			continue
		}
		seats := slices.DeleteFunc(keeper.AskedOf(now, delegate), func(seat approval.Asked) bool { return seat.Stage != about.Stage })
		own := slices.ContainsFunc(seats, func(seat approval.Asked) bool { return seat.Person == delegate })
		place := slices.IndexFunc(seats, func(seat approval.Asked) bool { return slices.Contains(asked, seat.Person) })
		if !own && place >= 0 {
			standing[delegate] = seats[place].Person
		}
	}
	return standing, nil
}

// inPlaceOf adds to what a notice holds in whose place its reader is asked; empty: in nobody's. Where it fails, it answers what there was.
func inPlaceOf(data json.RawMessage, principal string) (json.RawMessage, error) {
	if principal == "" {
		return data, nil
	}
	facts := map[string]any{}
	if err := json.Unmarshal(data, &facts); err != nil {
		return data, err
	}
	facts["for"] = principal
	with, err := json.Marshal(facts)
	if err != nil {
		return data, err
	}
	return with, nil
}
