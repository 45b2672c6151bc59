package browser

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// awaiting drafts a change, lets it be assessed, and gives its number: it waits for those who are named. Its title is its own word.
func awaiting(t *testing.T, stack *kit.Stack, title string, voters ...string) string {
	t.Helper()
	admin := stack.Admin(t)
	people := make([]string, len(voters))
	for i, voter := range voters {
		people[i] = "person:" + voter
	}
	admin.Do(http.MethodPut, "/policies/ApprovalPolicy/a-"+strings.ToLower(title[:4]), map[string]any{"spec": map[string]any{
		"when":   `record.practice == "change" && record.title.startsWith("` + title[:4] + `")`,
		"stages": []any{map[string]any{"name": "board", "electorate": people, "rule": map[string]any{"threshold": "60%", "of": "electorate"}, "deadline": "3wd"}},
	}}, nil).Is(http.StatusOK)
	from := time.Now().UTC().AddDate(0, 0, 30).Truncate(time.Hour)
	dee, peer := stack.As(t, "dee"), stack.As(t, "cy")
	var made struct {
		Number string `json:"number"`
	}
	item := "mx-" + title[:4]
	stack.Admin(t).Do(http.MethodPut, "/configuration-items/"+item, map[string]any{"class": "server"}, nil).Is(http.StatusOK)
	dee.Insist("/changes", map[string]any{
		"title": title, "description": strings.Repeat("Nobody should notice. ", 8), "justification": "The old one ends", "plan": "Switch the record\n" + strings.Repeat("a long line ", 30),
		"test_plan": "Send a mail", "back_out_plan": "Switch it back", "service": "mail", "team": "messaging", "configuration_items": []string{item},
		"environment": "production", "assignee": "dee", "window_from": from, "window_to": from.Add(4 * time.Hour), "tasks": []any{map[string]any{"title": "Copy the queue"}},
	}).Is(http.StatusCreated).Into(&made)
	dee.Insist("/changes/"+made.Number+"/submit", map[string]any{}).Is(http.StatusOK)
	peer.Insist("/changes/"+made.Number+"/assess", map[string]any{
		"answers": map[string]string{"tested_back_out": "yes", "done_before": "yes", "outage": "no", "data": "no"},
	}).Is(http.StatusOK)
	peer.Insist("/changes/"+made.Number+"/peer-review", map[string]any{}).Is(http.StatusOK)
	return made.Number
}

// votingByKeys is a member of a board who has a keyboard and nothing else: finds what waits for her, reads what it is about, and
// votes; an edit makes her vote void, and she is shown what changed.
func votingByKeys(t *testing.T, browser context.Context, stack *kit.Stack) {
	number := awaiting(t, stack, "Wyvern in the relay", "kira", "hana", "jun")
	kira := as(t, browser, stack, "kira")
	kira.visit("/")
	kira.tabTo(`.rail a[href="/approvals"]`)
	kira.turns(func() { kira.press(kb.Enter) })
	kira.tabTo(`a[href*="` + number + `?do=cast-vote"]`)
	kira.turns(func() { kira.press(kb.Enter) })
	require.Equal(t, "Wyvern in the relay", kira.text("h1"))
	for _, words := range []string{"The old one ends", "Switch the record", "Send a mail", "Switch it back", "Copy the queue", "production"} {
		require.Contains(t, kira.text(".ballot .covered"), words)
	}
	kira.tabTo(`.ballot [name="vote"]`)
	kira.types(" ")
	kira.turns(func() {
		kira.tabTo(".ballot .primary")
		kira.press(kb.Enter)
	})
	require.Contains(t, kira.text("#approval"), "1 of 3 approves (33.3 %)")

	stack.As(t, "dee").Insist("/changes/"+number+"/edit", map[string]any{"back_out_plan": "Switch it back, and tell sales"}).Is(http.StatusOK)
	kira.visit("/changes/board")
	require.Contains(t, kira.text("#"+number), "waits for your vote")
	kira.visit("/changes/" + number + "?do=cast-vote")
	require.Contains(t, kira.text(".covered .changed"), "Switch it back, and tell sales")
	// It is edited once more while she writes.
	stack.As(t, "dee").Insist("/changes/"+number+"/edit", map[string]any{"test_plan": "Send two mails"}).Is(http.StatusOK)
	kira.do(chromedp.Click(`.ballot [value="reject"]`), chromedp.SendKeys(".ballot textarea[name=comment]", "Sales is not <told>"))
	kira.submit(".ballot .primary")
	require.Contains(t, kira.text(".ballot [role=alert]"), "test_plan")
	require.Contains(t, kira.text(".covered"), "changed while you wrote")
	require.Equal(t, "Sales is not <told>", kira.value(".ballot textarea[name=comment]"), "what was written stays")
	kira.submit(".ballot .primary")
	require.Contains(t, kira.text("#approval"), "kira rejects")
}

// changesAreFit walks the pages about changes.
func changesAreFit(t *testing.T, browser context.Context, stack *kit.Stack) {
	number := awaiting(t, stack, "Xylophone out of tune", "admin", "bo")
	stack.As(t, "bo").Insist("/changes/"+number+"/request-info", map[string]any{"text": strings.Repeat("Why? ", 40)}).Is(http.StatusOK)
	v := open(t, browser, stack)
	v.signIn(stack.Token)
	record := "/changes/" + number
	stack.Admin(t).Do(http.MethodPut, "/policies/FreezeWindow/xylophone", map[string]any{"spec": map[string]any{
		"title": "No music", "recurring": map[string]any{"cron": "0 20 * * 6", "lasts": "30h", "timezone": "Europe/Berlin"}, "applies_to": "false",
	}}, nil).Is(http.StatusOK)
	fitAll(v, plain("/", "/changes", "/changes?state=rejected", "/changes/new", "/approvals", "/changes/board", "/changes/board?show=mine", "/changes/calendar", "/changes/calendar?view=week", record, record+"?do=cast-vote"))
	fitAll(v, []place{
		{"/changes/board", "with a vote", func(v *tab) {
			v.do(chromedp.Click(`#`+number+` .vote-here summary`), chromedp.WaitVisible(`#`+number+` .ballot`))
		}},
		{"/changes?state=all&q=xylophone", "with a command for several", func(v *tab) {
			v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-pick-all]").click(); document.querySelector('.bulk-bar button[value="assign"]').click()`), chromedp.WaitVisible("#bulk form"))
		}},
		{"/changes?column=title,number,state,risk,window,conflicts,team,assignee,priority,service,type,model,environment,category,tags,requester,due,opened,updated", "with every column", func(*tab) {}},
		{"/changes", "with a view being kept", click(".title-tools details.menu summary", "#view-name")},
		{record, "with somebody to watch", click("#watchers summary", "#watcher")},
		{"/approvals", "with a delegation being made", click("#delegations summary", "#f-delegate")},
	})
	for _, verb := range []string{"edit", "request-info", "break-glass", "cancel", "link", "start"} {
		v.visit(record + "?do=" + verb)
		v.fitWithin("#command", verb)
	}
}
