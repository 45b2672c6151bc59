package integration

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// delegatesAreAsked: whoever stands in for a member hears of the vote, and gives it in the member's place by a link of their own, once.
func delegatesAreAsked(t *testing.T, s *kit.Stack) {
	const name = "standing"
	b := newBoard(t, s, name, object{
		"name": "board", "electorate": (&board{name: name}).asked("ana", "bo"), "rule": object{"threshold": "2", "of": "approvals"},
	})
	b.delegate("bo", "hal")
	b.delegate("ana", "dee") // who asks for the change
	record := b.submitted(nil)
	number := record["number"].(string)
	kit.Eventually(t, time.Minute, func() bool { return b.bell("hal", record) == b.handle("bo") }, "hal is told for whom")
	require.Empty(t, b.bell("dee", record))

	link := b.mailedFor("hal", "bo", record, "board")
	status, page := b.browser("bo")(http.MethodGet, "/approve/"+link, nil)
	require.Equal(t, http.StatusForbidden, status, "%s", page)
	hal := b.browser("hal")
	status, page = hal(http.MethodGet, "/approve/"+link, nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "A vote in place of "+b.handle("bo")+" is asked for")
	require.NotContains(t, page, `value="recuse"`, "a delegate steps aside by not voting")
	status, page = hal(http.MethodPost, "/approve/"+link, url.Values{"vote": {"approve"}})
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "in place of "+b.handle("bo"))
	votes := b.stage(record, "board").Votes
	require.Equal(t, []string{b.handle("hal"), b.handle("bo")}, []string{votes[0].By, votes[0].For})
	status, _ = hal(http.MethodPost, "/approve/"+link, url.Values{"vote": {"approve"}})
	require.Equal(t, http.StatusGone, status, "it works once")

	other := b.mailedFor("hal", "ana", record, "board")
	status, page = hal(http.MethodGet, "/approve/"+other, nil)
	require.Equal(t, http.StatusGone, status, "ana has delegated to somebody else")
	require.Contains(t, page, "You do not vote in place of")
	require.Equal(t, "awaiting_approval", b.read(record)["state"], number)
}

// bell is in whose place somebody was told of a vote about a change; empty where they were not, or it is their own.
func (b *board) bell(person string, record object) string {
	b.t.Helper()
	var places []string
	require.NoError(b.t, b.Rows(b.t).NewRaw(`SELECT coalesce(data ->> 'for', '') FROM bell WHERE person = ? AND record_id = ?::uuid AND kind = 'change.vote_asked'`,
		b.handle(person), record["id"]).Scan(b.t.Context(), &places))
	if len(places) == 0 {
		return ""
	}
	return places[0]
}

// mailedFor is mailed, of a link to a vote in somebody else's place.
func (b *board) mailedFor(person, seat string, record object, stage string) string {
	b.t.Helper()
	secret := "hf_" + person + seat + b.name
	_, err := b.Rows(b.t).NewRaw(`INSERT INTO approval_links (hash, change_id, stage, person, seat, hashes, made_at, expires_at)
		SELECT ?, id, ?, ?, ?, approval -> 'hashes', now(), now() + interval '1 day' FROM changes WHERE id = ?::uuid`,
		domain.SecretHash(secret), stage, b.handle(person), b.handle(seat), record["id"]).Exec(b.t.Context())
	require.NoError(b.t, err)
	return secret
}
