package browser

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// changeWalks go over changes: those who decide, and whoever follows a link of a mail.
var changeWalks = map[string]walk{
	"a release engineer carries out what models say": changesOfModels,
	"a vote by keys alone":                           votingByKeys, "changes are fit for everybody": changesAreFit, "a stranger to a change votes on it": strangerVotes,
	"links of mails that ask for votes": linksOfMails, "boards and models are fit for everybody": boardsAreFit,
}

// counted counts what a person does: what they press, and the pages that come of it.
type counted struct {
	*tab
	presses, pages int
}

func (c *counted) click(what string) {
	c.t.Helper()
	c.presses++
	c.do(chromedp.Click(what))
}

func (c *counted) follow(what string) {
	c.t.Helper()
	c.presses++
	c.pages++
	c.submit(what)
}

// strangerVotes is a member of a board who has never seen the change. From home it is three presses and two pages to her vote on the
// record, and one page shows all that there is to know, with nothing to be opened.
func strangerVotes(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	admin.Do(http.MethodPut, "/people/nell", map[string]any{"name": "Nell Falkner", "active": true}, nil).Is(http.StatusOK)
	for _, role := range []string{"agent", "cab_member"} {
		admin.Post("/grants", map[string]any{"person": "nell", "role": role, "scope_kind": "all"}).Is(http.StatusOK)
	}
	other := awaiting(t, stack, "Quagga beside it", "admin")
	number := awaiting(t, stack, "Quagga in the archive", "nell", "hana", "jun")
	stack.As(t, "hana").Insist("/changes/"+number+"/request-info", map[string]any{"text": "Who watches the queue?"}).Is(http.StatusOK)
	stack.As(t, "dee").Insist("/changes/"+number+"/answer-info", map[string]any{"text": "Cy does, all night."}).Is(http.StatusOK)
	var read struct {
		Approval struct {
			Hashes map[string]string `json:"hashes"`
		} `json:"approval"`
	}
	admin.Get("/changes/" + number).Is(http.StatusOK).Into(&read)
	stack.As(t, "jun").Insist("/changes/"+number+"/cast-vote", map[string]any{
		"vote": "approve_with", "comment": "Fine by me.", "conditions": []string{"Tell sales a day before"}, "hashes": read.Approval.Hashes,
	}).Is(http.StatusOK)

	nell := counted{tab: as(t, browser, stack, "nell")}
	nell.visit("/")
	began := time.Now()
	require.Contains(t, nell.text(`[aria-labelledby="votes-title"]`), "Quagga in the archive")
	nell.follow(`[aria-labelledby="votes-title"] a[href*="` + number + `"]`)
	page := nell.text("#command")
	for _, words := range []string{
		"Nobody should notice", "The old one ends", "Switch the record", "Send a mail", "Switch it back", "Copy the queue", "mx-Quag", "mail", "production",
		"Was the way back tested? yes", "A service of high criticality is touched", "60 % must approve: 2 of 3", "jun", "Fine by me.", "On condition: Tell sales a day before",
		"Not yet: hana, nell", "hana asks: Who watches the queue?", "dee answers: Cy does, all night.", "Asked for by dee, who carries it out too", other + " touches mx-Quag too",
		"If the votes do not decide by then",
	} {
		require.Contains(t, page, words, words)
	}
	nell.await(`document.querySelectorAll("#command details:not([open])").length === 0`)
	nell.click(`.ballot [value="approve"]`)
	nell.follow(".ballot .primary")
	require.Contains(t, nell.text("#approval"), "nell approves")
	require.Contains(t, nell.text("#timeline-list"), "Voted to approve in the stage board")
	t.Logf("from home to the vote on the record the browser took %v", time.Since(began).Round(time.Millisecond))
	require.Equal(t, []int{3, 2}, []int{nell.presses, nell.pages}, "presses and pages from home to a vote")
	nell.visit("/approvals")
	require.Contains(t, nell.text(`[aria-labelledby="given-title"]`), "Quagga in the archive: approved in the stage board")
	nell.quiet()
}

// mailed keeps a link as the worker does that mails it, for a day where nothing else is said, and gives the path of its page.
func mailed(t *testing.T, stack *kit.Stack, secret, person, number string, until ...time.Time) string {
	t.Helper()
	made, err := stack.Rows(t).NewRaw(`INSERT INTO approval_links (hash, change_id, stage, person, hashes, made_at, expires_at)
		SELECT ?, c.id, 'board', ?, c.approval -> 'hashes', now(), ? FROM changes c JOIN records r ON r.id = c.id WHERE r.number = ?`,
		domain.SecretHash(secret), person, append(until, time.Now().Add(24*time.Hour))[0], number).Exec(t.Context())
	require.NoError(t, err)
	rows, err := made.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, rows)
	return "/approve/" + secret
}

// linksOfMails follows a link without a session, votes by it, and then others: used, too old, another's, of what was edited since, of
// whoever stepped aside, and of what is decided or taken back.
func linksOfMails(t *testing.T, browser context.Context, stack *kit.Stack) {
	number := awaiting(t, stack, "Numbat in the queue", "hana", "bo", "gil", "kira")
	first, edited := mailed(t, stack, "hf_numbat1", "hana", number), mailed(t, stack, "hf_numbat2", "hana", number)
	old, others := mailed(t, stack, "hf_numbat3", "hana", number, time.Now().Add(-time.Minute)), mailed(t, stack, "hf_numbat4", "bo", number)
	var token struct {
		Secret string `json:"secret"`
	}
	stack.Admin(t).Post("/tokens", map[string]any{"person": "hana", "name": "links"}).Is(http.StatusCreated).Into(&token)
	hana := open(t, browser, stack)
	hana.visit(first)
	require.Equal(t, "Sign in", hana.text("h1"))
	require.NotContains(t, hana.text("body"), "Numbat", "it tells nothing to whoever has not signed in")
	hana.do(chromedp.Click("main details summary"), chromedp.SendKeys("#token", token.Secret))
	hana.submit("main details form button")
	require.Equal(t, "Numbat in the queue", hana.text("h1"), "signing in leads back to the link")
	for _, words := range []string{"in the stage board", "The old one ends", "Switch the record", "Send a mail", "Switch it back", "Not yet: bo, gil, hana, kira", "The link works once"} {
		require.Contains(t, hana.text(".ballot"), words)
	}
	require.Equal(t, "0 of 4 approve (0.0 %), 60 % needed; waiting for bo, gil, hana, kira", standing(t, stack, number), "opening it votes nothing")
	hana.fitWithin("#main", "a link that asks for a vote")
	hana.do(chromedp.Click(`.ballot [value="reject"]`))
	hana.submit(".ballot .primary")
	require.Contains(t, hana.text(".ballot [role=alert]"), "Comment")
	hana.do(chromedp.Click(`.ballot [value="approve"]`))
	hana.submit(".ballot .primary")
	require.Equal(t, "You have voted", hana.text("h1"))
	require.Contains(t, hana.text("[role=status]"), "1 of 4 approves (25.0 %)")

	says := func(path, title, words string) {
		t.Helper()
		hana.visit(path)
		require.Equal(t, title, hana.text("h1"))
		require.Contains(t, hana.text("#main"), words)
		require.Empty(t, hana.text(".ballot"))
	}
	says(first, "You have voted by this link", "Change your vote")
	says(old, "This link has expired", "It worked for two weeks")
	says(others, "This link is another person's", "You are signed in as Hana")
	says("/approve/hf_numbat9", "This link leads nowhere", "What waits for your vote")
	dee := stack.As(t, "dee")
	dee.Insist("/changes/"+number+"/edit", map[string]any{"back_out_plan": "Switch it back, and tell sales"}).Is(http.StatusOK)
	says(edited, number+" was edited since the mail", "Edited since: back-out plan")
	hana.fitWithin("#main", "a link of what was edited")
	hana.submit("#main .button.primary")
	require.Contains(t, hana.text(".covered .changed"), "tell sales", "it leads to the vote as it is now")

	ended := mailed(t, stack, "hf_numbat5", "hana", number)
	vote := func(person, choice, comment string) {
		t.Helper()
		var read struct {
			Approval struct {
				Hashes map[string]string `json:"hashes"`
			} `json:"approval"`
		}
		stack.Admin(t).Get("/changes/" + number).Is(http.StatusOK).Into(&read)
		stack.As(t, person).Insist("/changes/"+number+"/cast-vote", map[string]any{"vote": choice, "comment": comment, "hashes": read.Approval.Hashes}).Is(http.StatusOK)
	}
	vote("hana", "recuse", "")
	says(ended, "You do not decide this any more", "You have stepped aside")
	vote("bo", "reject", "Not now")
	vote("gil", "reject", "Not now")
	says(ended, "This vote is over", "The stage board is rejected")
	dee.Insist("/changes/"+number+"/revise", map[string]any{"reason": "later"}).Is(http.StatusOK)
	says(ended, "This vote is over", "Nobody is asked any more")
}

// standing is where the board of a change stands, in words.
func standing(t *testing.T, stack *kit.Stack, number string) string {
	t.Helper()
	var read struct {
		Approval struct {
			Stages []struct {
				Figures struct {
					Why string `json:"why"`
				} `json:"figures"`
			} `json:"stages"`
		} `json:"approval"`
	}
	stack.Admin(t).Get("/changes/" + number).Is(http.StatusOK).Into(&read)
	require.Len(t, read.Approval.Stages, 1)
	return read.Approval.Stages[0].Figures.Why
}
