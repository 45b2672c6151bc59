package web

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

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
