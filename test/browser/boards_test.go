package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// boardsAreFit walks the pages around those that decide: the meetings of a board with their minutes, an edit that waits for a second
// person as its author sees it, the turns of a cadence, and a change of a model.
func boardsAreFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	number := awaiting(t, stack, "Vicuna in the relay", "kira", "hana")
	admin.Do(http.MethodPost, "/changes/"+number+"/attachments?name="+strings.Repeat("a-long-name-", 12)+".txt", []byte("x"), nil).Is(http.StatusCreated)
	var meeting struct {
		Number string `json:"number"`
	}
	admin.Insist("/cab-meetings", map[string]any{
		"title": strings.Repeat("About the relay ", 8), "board": map[string]any{"role": "cab_member"}, "at": time.Now().UTC().AddDate(0, 0, 60), "minutes": 30,
	}).Is(http.StatusCreated).Into(&meeting)
	page := "/cab-meetings/" + meeting.Number
	admin.Insist(page+"/add-item", map[string]any{"change": number}).Is(http.StatusOK)
	admin.Insist(page+"/note", map[string]any{"change": number, "text": strings.Repeat("Hana asks for the letter. ", 20)}).Is(http.StatusOK)
	admin.Do(http.MethodPut, "/configuration-items/mx-okapi", map[string]any{"class": "server", "service": "mail"}, nil).Is(http.StatusOK)
	edit := proposed(t, stack, "vicuna-restart", map[string]any{"type": "standard", "title": "Vicuna is restarted"})

	v := open(t, browser, stack)
	v.signIn(stack.Token)
	for _, path := range []string{"/cab-meetings", "/cab-meetings/new", page, edit, "/policies/Cadence/weekly-cab", "/changes/new?model=restart-print"} {
		v.visit(path)
		v.fitWithin("#main", path)
	}
	v.await(`document.querySelector("#f-title") !== null && document.querySelector("#f-service") === null`) // the model is for one service
	v.visit(edit)
	require.Contains(t, v.text("#main"), "Whoever wrote an edit does not approve it")
	v.submit(`form[action$="/withdraw"] button`)
	require.Contains(t, v.text("#main"), "it was withdrawn before anybody decided")

	// What waits in the head of a change is what can be done now.
	v.visit(page)
	require.Contains(t, v.text("#agenda"), "Vicuna in the relay")
	require.NotContains(t, v.text("#record-head"), "Take off the agenda")
	stack.As(t, "hana").Insist("/changes/"+number+"/request-info", map[string]any{"text": "Who watches it?"}).Is(http.StatusOK)
	v.visit("/changes/" + number)
	require.Contains(t, v.text(".record-head .lead"), "hana asked something")
	v.do(chromedp.Click("#attachment-list summary"), chromedp.WaitVisible("#attachment-list form"))
	v.fitWithin("#attachment-list", "a file that is about to go")
	v.quiet()
}
