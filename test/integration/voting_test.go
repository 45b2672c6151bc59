package integration

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// cabStages are those of story 3: a board of eight, of whom sec must approve, and beside it whoever manages changes, about the window
// alone.
func cabStages(name string) []object {
	b := &board{name: name}
	return []object{
		{
			"name": "cab", "electorate": b.asked("ana", "bo", "cy", "dee", "eli", "fay", "gil", "sec"), "covers": []string{"scope"},
			"rule": object{"threshold": "60%", "of": "electorate", "required": b.handles("sec")},
		},
		{"name": "window", "electorate": b.asked("mona"), "rule": object{"threshold": "1"}, "covers": []string{"schedule"}, "parallel": true},
	}
}

func (b *board) delegate(person, to string) {
	b.t.Helper()
	b.as(person).Post("/delegations", object{
		"delegate": b.handle(to), "from": time.Now().Add(-time.Minute), "until": time.Now().Add(time.Hour), "reason": "away",
	}).Is(201)
}

// theThirdStory is story 3 of the lifecycles, over API, command line and links.
func theThirdStory(t *testing.T, s *kit.Stack) {
	const name = "story3"
	b := newBoard(t, s, name, cabStages(name)...)
	b.delegate("bo", "hal")
	b.delegate("fay", "dee")
	record := b.submitted(nil)
	number := record["number"].(string)
	require.Equal(t, b.handles("ana", "bo", "cy", "fay", "gil", "sec"), b.stage(record, "cab").Figures.Outstanding, "dee requests and eli implements: an electorate of 6")
	old := b.mailed("cy", record, "cab")
	require.Len(t, b.as("hal").Get("/approvals").Is(200).Map()["asked"], 1, "hal is shown bo's")

	out, problems, code := b.run("ana", "change", "vote", number, "approve", "--comment", "go")
	require.Zero(t, code, problems)
	require.Contains(t, out, "A vote in the stage cab is about what is done.")
	require.Contains(t, out, "Swap it back.", "the vote shows what it covers")
	_, problems, code = b.run("hal", "change", "vote", number, "approve", "--for", b.handle("bo"))
	require.Zero(t, code, problems)
	shown, _, _ := b.run("cy", "change", "show", number)
	require.Contains(t, shown, b.handle("hal")+" for "+b.handle("bo")+": approve")

	b.changed("dee", record, "edit", object{"back_out_plan": "Swap it back, and tell everybody."})
	var again []any
	for _, event := range items(b.Admin(t).Get("/changes/" + number + "/timeline?limit=200").Is(200)) {
		if event["type"] == "change.approval_voided" {
			again = event["data"].(object)["needed_again"].([]any)
			require.Equal(t, []any{"back_out_plan"}, event["data"].(object)["fields"])
		}
	}
	require.Equal(t, []any{b.handle("ana"), b.handle("bo")}, again)
	cab := b.stage(record, "cab")
	require.NotNil(t, cab.Votes[0].Void)
	require.NotNil(t, cab.Votes[1].Void)

	cy := b.browser("cy")
	for method, form := range map[string]url.Values{http.MethodGet: nil, http.MethodPost: {"vote": {"approve"}}} {
		status, page := cy(method, "/approve/"+old, form)
		require.Equal(t, http.StatusConflict, status)
		require.Contains(t, page, "back-out plan", "the old link names the field")
	}
	b.neverByDee(record, old)

	for _, person := range []string{"ana", "bo", "fay"} {
		b.vote(person, record, "approve", nil)
	}
	link := b.mailed("gil", record, "cab")
	status, page := b.browser("")(http.MethodGet, "/approve/"+link, nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "/sign-in", "without a session it asks to sign in")
	gil := b.browser("gil")
	status, page = gil(http.MethodGet, "/approve/"+link, nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "Swap it back, and tell everybody.")
	require.Len(t, b.stage(record, "cab").Votes, 5, "opening it votes nothing")
	status, _ = gil(http.MethodPost, "/approve/"+link, url.Values{"vote": {"reject"}})
	require.Equal(t, http.StatusUnprocessableEntity, status, "a rejection says why")
	status, _ = gil(http.MethodPost, "/approve/"+link, url.Values{"vote": {"approve"}})
	require.Equal(t, http.StatusOK, status)
	status, _ = gil(http.MethodPost, "/approve/"+link, url.Values{"vote": {"abstain"}})
	require.Equal(t, http.StatusGone, status, "it works once")

	why := b.stage(record, "cab").Figures.Why
	require.Contains(t, why, "66.7 %")
	require.Contains(t, why, "waiting for "+b.handle("sec"))
	shown, _, _ = b.run("cy", "change", "show", number)
	require.Contains(t, shown, why)
	require.Equal(t, "awaiting_approval", b.read(record)["state"])
	b.vote("mona", record, "approve", nil)
	_, problems, code = b.run("sec", "change", "vote", number, "approve")
	require.Zero(t, code, problems)
	require.Equal(t, "scheduled", b.read(record)["state"])
	why = b.stage(record, "cab").Figures.Why
	require.Contains(t, why, "83.3 %")
	shown, _, _ = b.run("ana", "change", "show", number)
	require.Contains(t, shown, why)

	moved := b.changed("dee", record, "edit", object{"window_from": b.window(2 * time.Hour), "window_to": b.window(6 * time.Hour)})
	require.Equal(t, "awaiting_approval", moved["state"])
	require.Equal(t, "approved", b.stage(record, "cab").State, "two hours later, as long: the board has decided")
	require.Equal(t, b.handles("mona"), b.stage(record, "window").Figures.Outstanding)
	require.Empty(t, b.as("ana").Get("/approvals").Is(200).Map()["asked"])
	require.Equal(t, "scheduled", b.vote("mona", record, "approve", nil)["state"])
}

// neverByDee: every way in which dee might approve her own change is refused, and each refusal is one line of the audit.
func (b *board) neverByDee(record object, link string) {
	t, number := b.t, record["number"].(string)
	refused := 0
	audited := func(way string) {
		t.Helper()
		refused++
		require.Equal(t, refused, b.refusals("dee"), way)
	}
	b.as("dee").Insist("/changes/"+number+"/cast-vote", b.ballot(record, "approve", nil)).Is(403)
	audited("by API")
	_, problems, code := b.run("dee", "change", "vote", number, "approve")
	require.Equal(t, 1, code)
	require.Contains(t, problems, "is the requester")
	audited("by the command line")
	status, page := b.browser("dee")(http.MethodGet, "/approve/"+link, nil)
	require.Equal(t, http.StatusForbidden, status)
	require.NotContains(t, page, "Swap it")
	audited("by the link of another")
	b.as("dee").Insist("/changes/"+number+"/cast-vote", b.ballot(record, "approve", object{"for": b.handle("fay")})).Is(403)
	audited("as fay's delegate")
	grant := object{"person": b.handle("dee"), "role": "admin", "scope_kind": "all"}
	b.Admin(t).Post("/grants", grant).Is(200)
	b.as("dee").Insist("/changes/"+number+"/cast-vote", b.ballot(record, "approve", nil)).Is(403)
	audited("as administrator")
	require.Equal(t, 5, refused, "story 3 has five")

	b.as("dee").Insist("/changes/"+number+"/break-glass", object{"reason": "mine"}).Is(403)
	b.as("dee").Insist("/changes/"+number+"/assess", object{}).Is(409) // it has been assessed
	b.Admin(t).Post("/grants/revoke", grant).Is(200)
	status, _ = b.browser("dee")(http.MethodPost, "/approve/"+link, url.Values{"vote": {"approve"}})
	require.Equal(t, http.StatusForbidden, status)
	audited("by pressing the button of another's link")
	b.as("dee").Insist("/changes/"+number+"/cast-vote", b.ballot(record, "approve", object{"for": b.handle("ana")})).Is(403)
	audited("for whoever has not delegated")
	b.as("eli").Insist("/changes/"+number+"/cast-vote", b.ballot(record, "approve", nil)).Is(403)
	require.Equal(t, 1, b.refusals("eli"), "nor does whoever carries it out")
	require.Empty(t, b.stage(record, "cab").inForce())
}

// inForce are the hands whose votes count.
func (s stage) inForce() (hands []string) {
	for _, vote := range s.Votes {
		if vote.Void == nil {
			hands = append(hands, vote.By)
		}
	}
	return hands
}

// votesDecide: a delegate reaches the quorum, and a recusal that empties a stage approves nothing.
func votesDecide(t *testing.T, s *kit.Stack) {
	const name = "quorate"
	asked := (&board{name: name}).asked("ana", "bo", "cy")
	b := newBoard(t, s, name, object{
		"name": "board", "electorate": asked, "rule": object{"threshold": "50%", "of": "votes_cast", "quorum": "50%"},
	})
	b.delegate("bo", "hal")
	record := b.submitted(nil)
	b.vote("ana", record, "approve", nil)
	b.as("mona").Insist("/changes/"+record["number"].(string)+"/close-voting", object{"stage": "board"}).Is(409)
	b.vote("hal", record, "approve", object{"for": b.handle("bo")})
	require.Equal(t, "scheduled", b.read(record)["state"], "%v", b.stage(record, "board"))
	b.changed("dee", record, "cancel", object{"reason": "enough"})

	empty := b.submitted(object{"title": "All step aside", "configuration_items": []string{"other-" + name}})
	for _, person := range []string{"ana", "bo", "cy"} {
		b.vote(person, empty, "recuse", nil)
	}
	board := b.stage(empty, "board")
	require.Equal(t, "error", board.State)
	require.Contains(t, board.Figures.Why, "nobody is left to vote")
	require.Equal(t, "awaiting_approval", b.read(empty)["state"], "it never approves")
	require.Contains(t, b.told(empty), "change.approval_failed")
	var escalated int
	require.NoError(t, b.Rows(t).NewRaw(`SELECT count(*) FROM outbox WHERE record_id = ?::uuid AND kind = 'change.vote_escalated'`, empty["id"]).Scan(t.Context(), &escalated))
	require.Equal(t, 1, escalated)
	b.as("ana").Insist("/changes/"+empty["number"].(string)+"/cast-vote", b.ballot(empty, "approve", nil)).Is(403)
}
