package activities_test

import (
	"strings"
	"testing"

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
