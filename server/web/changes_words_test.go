package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

func TestWhoeverAssessesCanGiveEveryAnswer(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.base.Apply(t, "ChangeModel/default", change.Model{Type: change.Normal, Questionnaire: []change.Question{
		{ID: "tested_back_out", Ask: "Was the way back tested?", Risk: map[string]int{"no": 25}},
		{ID: "outage", Ask: "How long is it away?", Risk: map[string]int{"hours": 40}, Answers: []string{"not at all", "hours"}},
	}})
	one := d.board(func(c *change.Change, _ *approval.Keeper) {
		c.State, c.Approval, c.Policies = change.Assessing, nil, map[string]int{"ChangeModel/default": 1}
	})
	page := d.get("bo", recordURL(one.Number)+"?do=assess", http.StatusOK)
	for _, words := range []string{
		`<option value="yes">Yes</option>`, `<option value="no">No (25 points)</option>`,
		`<option value="not at all">Not at all</option>`, `<option value="hours">Hours (40 points)</option>`,
	} {
		require.Contains(t, page, words)
	}
}

// Where something blocks it, nobody is told that it will start; and what nobody can override, nobody is offered to.
func TestAScheduledChangeSaysWhatBlocksIt(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	_, err := d.GiveGrant(app.WithPrincipal(t.Context(), d.admin), app.Grant{Person: "cy", Role: domain.RoleChangeManager, ScopeKind: "all"})
	require.NoError(t, err)
	d.signIn("cy")
	for kind, lead := range map[string]string{
		"incident": "What blocks it must be gone, or overridden, before it starts.", "model": "its model is suspended, so it does not start.",
	} {
		one := d.board(func(c *change.Change, _ *approval.Keeper) {
			c.State, c.Conflicts = change.Scheduled, []change.Conflict{{ID: kind + ":x", Level: change.Blocking, Kind: kind, Why: "so", Other: "x"}}
		})
		page := d.get("cy", recordURL(one.Number), http.StatusOK)
		require.Contains(t, page, lead)
		require.Equal(t, kind != "model", strings.Contains(page, "Override it"), kind)
	}
}

func TestTheBoardListsEveryChangeThatWaitsForVotes(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	during := d.board(func(c *change.Change, _ *approval.Keeper) { c.State, c.ApprovalVoid = change.Implementing, true })
	after := d.board(func(c *change.Change, _ *approval.Keeper) { c.State, c.Type = change.Review, change.Emergency })
	decided := d.board(func(c *change.Change, k *approval.Keeper) {
		c.State = change.Review
		for _, by := range []string{"ana", "bo"} {
			require.NoError(t, k.Cast(*k.Approval.SubmittedAt, approval.Ballot{By: by, Choice: approval.Approve, Hashes: k.Approval.Hashes}))
		}
	})
	page := d.get("ana", boardPath, http.StatusOK)
	require.Contains(t, page, `id="`+during.Number+`"`)
	require.Contains(t, page, `id="`+after.Number+`"`)
	require.NotContains(t, page, `id="`+decided.Number+`"`)
}

func TestACalendarShowsAnEndedChangeAsLongAsItLasted(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 12, 1, 20, 0, 0, 0, time.UTC)
	to, ended := from.Add(48*time.Hour), from.Add(time.Hour)
	c := change.Change{Details: change.Details{WindowFrom: &from, WindowTo: &to}}
	span, set := c.Lasts()
	require.True(t, set)
	require.Equal(t, to, span.To)
	c.ActualStart, c.ActualEnd = &from, &ended
	span, _ = c.Lasts()
	require.Equal(t, ended, span.To, "it does not go on after its end")
	c.ActualEnd = &from
	span, _ = c.Lasts()
	require.True(t, span.To.After(span.From), "it can be seen")
}

// Predecessors are part of what a vote is about: the ballot names those that the reader may read, and counts the others.
func TestABallotNamesWhatMustHaveEndedBefore(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	before := d.board()
	one := d.board(func(c *change.Change, _ *approval.Keeper) { c.Predecessors = []string{before.ID, domain.NewID("gone")} })
	page := d.get("bo", recordURL(one.Number)+"?do=cast-vote", http.StatusOK)
	for _, words := range []string{"Must have ended well before", before.Number + " " + before.Title, "1 that you may not read"} {
		require.Contains(t, page, words)
	}
}
