package browser

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// proposed writes a model of changes, which waits for a second person, and gives the path of its page.
func proposed(t *testing.T, stack *kit.Stack, name string, spec map[string]any) string {
	t.Helper()
	for field, value := range map[string]any{
		"service": "tapir", "team": "messaging", "environment": "production", "configuration_items": []string{"mx-tapir"}, "justification": "It fills up.",
		"plan": "Empty it.", "back_out_plan": "Restore it.", "tasks": []any{map[string]any{"title": "Empty it"}, map[string]any{"title": "Look at it", "after": []string{"t1"}}},
	} {
		spec[field] = value
	}
	stack.Admin(t).Do(http.MethodPut, "/policies/ChangeModel/"+name, map[string]any{"spec": spec, "reason": "test"}, nil).Is(http.StatusAccepted)
	var list struct {
		Items []struct{ ID, Name string } `json:"items"`
	}
	stack.Admin(t).Get("/policy-proposals").Is(http.StatusOK).Into(&list)
	for _, one := range list.Items {
		if one.Name == name {
			return "/policies/proposals/" + one.ID
		}
	}
	require.FailNow(t, "nothing is proposed")
	return ""
}

// changesOfModels approves two models as a second person, makes a change of each, carries one out after a vote and backs the other
// out, and reviews it: dee of messaging carries out, cy assesses, kira manages changes.
func changesOfModels(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	// A service of its own: an urgent incident of another visitor would block what is to start here.
	admin.Do(http.MethodPut, "/policies/ServicePolicy/tapir", map[string]any{"spec": map[string]any{
		"title": "Tapir archive", "support": map[string]any{"team": "messaging", "calendar": "default"},
	}}, nil).Is(http.StatusOK)
	admin.Do(http.MethodPut, "/configuration-items/mx-tapir", map[string]any{"class": "server", "service": "tapir"}, nil).Is(http.StatusOK)
	admin.Do(http.MethodPut, "/policies/ApprovalPolicy/a-tapi", map[string]any{"spec": map[string]any{
		"when":   `record.practice == "change" && record.title.startsWith("Tapi")`,
		"stages": []any{map[string]any{"name": "board", "electorate": []string{"person:kira"}, "rule": map[string]any{"threshold": "1"}, "deadline": "3wd"}},
	}}, nil).Is(http.StatusOK)
	models := []string{
		proposed(t, stack, "tapir-empty", map[string]any{"type": "normal", "title": "Tapir is emptied", "test_plan": "Look at it.", "questionnaire": []any{
			map[string]any{"id": "backup", "ask": "Is there a copy of it?", "risk": map[string]int{"yes": 0, "no": 20}},
		}}),
		proposed(t, stack, "tapir-restart", map[string]any{"type": "standard", "title": "Tapir is restarted"}),
	}
	kira := as(t, browser, stack, "kira")
	for i, one := range models {
		kira.visit(one)
		require.Contains(t, kira.text("#main"), "Empty it.")
		if i == 0 {
			kira.fitWithin("#main", "an edit of a model that waits for a second person")
		}
		kira.submit(`button[value="approve"]`)
		require.Contains(t, kira.text("h1"), "version 1")
	}

	// One is drafted of the model with questions, voted on, carried out and closed.
	dee := as(t, browser, stack, "dee")
	window := func() {
		zone, err := time.LoadLocation("Europe/Bucharest") // dee's
		require.NoError(t, err)
		now := time.Now().In(zone)
		dee.do(chromedp.SetValue("#f-window_from", now.Add(-time.Minute).Format("2006-01-02T15:04")), chromedp.SetValue("#f-window_to", now.Add(2*time.Hour).Format("2006-01-02T15:04")))
	}
	made := func(model string) {
		t.Helper()
		dee.visit("/changes/new")
		dee.submit(`a[href="/changes/new?model=` + model + `"]`)
		window()
		dee.submit("form.long-form .actions .primary")
	}
	made("tapir-empty")
	require.Equal(t, []string{"Tapir is emptied", "Draft"}, []string{dee.text("h1"), dee.text(".record-head .state")})
	number := dee.text(".record-head .number")
	dee.command("submit", func() {
		dee.do(chromedp.Click(`#command [name="expedited"]`), chromedp.SendKeys("#f-reason", "It is full"))
	})
	cy := as(t, browser, stack, "cy")
	cy.visit("/changes/" + number)
	cy.command("assess", func() {
		require.Contains(t, cy.text("#command"), "Is there a copy of it?")
		cy.choose("#f-answers-backup", "no")
	})
	cy.command("peer-review", func() {})
	require.Contains(t, cy.text("#timeline-list"), "Is there a copy of it?")
	kira.visit("/changes/" + number)
	kira.command("cast-vote", func() { kira.do(chromedp.Click(`.ballot [value="approve"]`)) })
	require.Equal(t, "Scheduled", kira.text(".record-head .state"))
	dee.visit("/changes/" + number)
	require.Contains(t, dee.text(".record-head .lead"), "somebody of messaging starts it within its window")
	dee.command("start", func() {})
	for _, left := range []string{"2 tasks are still to be done", "1 task is still to be done"} {
		require.Contains(t, dee.text(".record-head .lead"), left)
		dee.submit(`#tasks form[action$="complete-task"] button`)
	}
	require.Contains(t, dee.text(".record-head .lead"), "everything is done")
	dee.command("complete", func() { dee.choose("#f-outcome", "successful") })
	require.Equal(t, "In review", dee.text(".record-head .state"))
	require.Contains(t, dee.text(".record-head .lead"), "It closes by itself")
	require.NotContains(t, dee.text(".record-head .actions"), "Close", "nobody closes it while it is watched, but whoever has reviewed it")

	// The other is authorised by its model. It goes wrong, is taken back, and is reviewed.
	made("tapir-restart")
	require.Equal(t, "Scheduled", dee.text(".record-head .state"))
	number = dee.text(".record-head .number")
	dee.command("start", func() {})
	dee.command("back-out", func() { dee.do(chromedp.SendKeys("#f-notes", "It did not come back")) })
	require.Contains(t, dee.text(".record-head .lead"), "It must be reviewed: it was backed out")
	kira.visit("/changes/" + number)
	kira.command("review", func() { kira.do(chromedp.SendKeys("#f-findings", "Its disk was full")) })
	require.Contains(t, kira.text("#content"), "Its disk was full")
	kira.command("close", func() {})
	require.Equal(t, "Closed", kira.text(".record-head .state"))
	for _, v := range []*tab{kira, dee, cy} {
		v.quiet()
	}
}
