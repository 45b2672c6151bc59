package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// The mail that asks for a vote holds a link of its reader's own, about what the change is as it is sent; who has voted meanwhile, or is
// not asked any more, gets no mail.
func TestTheMailThatAsksForAVoteHoldsALink(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	b := boardAt(t, p.desk)
	id := b.asked(nil)
	seen := b.change(id).Approval.Hashes
	p.dispatch()
	b.vote("bo", id, nil)
	p.deliver("mail", domain.LaneNotice)

	mails := map[string]string{}
	for _, mail := range p.mails.Mails() {
		mails[mail.To] = strings.ReplaceAll(mail.Text, "=\r\n", "")
	}
	require.NotContains(t, mails, "bo@example.org", "bo has voted")
	_, rest, found := strings.Cut(mails["cy@example.org"], public+"/approve/")
	require.True(t, found, mails["cy@example.org"])
	secret := strings.Fields(rest)[0]
	link, known, err := schemas.FindApprovalLink(t.Context(), p.db.App(t), domain.SecretHash(secret))
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, "cy", link.Person)
	require.Equal(t, "cab", link.Stage)
	require.Equal(t, id, link.Change)
	require.Equal(t, seen, link.Hashes)
	require.Nil(t, link.UsedAt)
}

// asked are the mails that ask for a vote, by whom they go to, with soft line breaks taken out. Nobody has two of them.
func (p *post) asked() map[string]string {
	p.t.Helper()
	mails := map[string]string{}
	for _, mail := range p.mails.Mails() {
		if strings.Contains(mail.Text, "for your vote") {
			require.NotContains(p.t, mails, mail.To, "nobody is asked twice for one stage")
			mails[mail.To] = strings.ReplaceAll(mail.Text, "=\r\n", "")
		}
	}
	return mails
}

func (b board) delegates(principal, delegate string) {
	b.t.Helper()
	require.NoError(b.t, schemas.AddDelegation(b.t.Context(), b.db.App(b.t), schemas.DelegationRow{
		ID: domain.NewID(principal + delegate), Principal: principal, Delegate: delegate, From: b.clock.Now().Add(-time.Hour),
		Until: b.clock.Now().Add(60 * 24 * time.Hour), MadeBy: principal, MadeAt: b.clock.Now(),
	}))
}

// mailed gives everybody of a board an address.
func (b board) mailed() {
	b.t.Helper()
	_, err := b.db.Superuser(b.t).NewRaw(`UPDATE people SET mail = handle || '@example.org' WHERE mail = ''`).Exec(b.t.Context())
	require.NoError(b.t, err)
}

// A delegate hears of the vote that is asked of whom they stand in for, with a link of their own; never twice for one stage, and not
// where they could not vote.
func TestADelegateIsAskedInPlaceOfWhomTheyStandInFor(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	b := boardAt(t, p.desk)
	b.mailed()
	b.delegates("ana", "hal") // who stands in for bo too
	b.delegates("cy", "gil")  // who has a vote of their own
	b.delegates("fay", "eli") // who carries the change out
	id := b.asked(body{"restricted": true})
	p.dispatch()
	p.deliver("mail", domain.LaneNotice)
	mails := p.asked()
	require.Contains(t, mails["hal@example.org"], "waits for your vote in place of ana in the stage cab")
	require.NotContains(t, mails, "eli@example.org")
	require.Contains(t, mails, "gil@example.org")
	require.NotContains(t, mails["gil@example.org"], "in place of")
	require.NotContains(t, mails["hal@example.org"], b.change(id).Title, "of a restricted change no mail says more than its number")

	_, rest, _ := strings.Cut(mails["hal@example.org"], public+"/approve/")
	link, known, err := schemas.FindApprovalLink(t.Context(), p.db.App(t), domain.SecretHash(strings.Fields(rest)[0]))
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, []string{"hal", "ana", "cab"}, []string{link.Person, link.Seat, link.Stage})
	require.Equal(t, b.change(id).Approval.Hashes, link.Hashes)
	var bell []string
	require.NoError(t, p.worker.NewRaw(`SELECT data ->> 'for' FROM bell WHERE person = 'hal'`).Scan(t.Context(), &bell))
	require.Equal(t, []string{"ana"}, bell)
}

// A reminder reaches a delegate while somebody whom they stand in for has not voted, and while the delegation lasts.
func TestADelegateIsRemindedWhileTheyCanVote(t *testing.T) {
	t.Parallel()
	p := setupPost(t)
	b := boardAt(t, p.desk)
	b.mailed()
	b.delegates("fay", "fred")
	id := b.asked(nil)
	p.dispatch()
	_, err := p.db.Superuser(t).NewRaw(`UPDATE outbox SET dispatched_at = now()`).Exec(t.Context())
	require.NoError(t, err)
	b.vote("bo", id, nil)
	for p.count("outbox", "kind = 'change.vote_reminder' AND data ->> 'stage' = 'cab'") == 0 {
		p.clock.Set(b.change(id).WakeAt.Format(time.RFC3339Nano))
		require.Equal(t, domain.Applied, b.wakes(id).Outcome)
	}
	_, err = p.db.Superuser(t).NewRaw(`DELETE FROM deliveries`).Exec(t.Context())
	require.NoError(t, err)
	p.dispatch()
	p.deliver("mail", domain.LaneNotice)
	mails := p.asked()
	require.Contains(t, mails["fred@example.org"], "still waits for your vote in place of fay")
	require.NotContains(t, mails, "hal@example.org", "bo, whom hal stands in for, has voted")
}
