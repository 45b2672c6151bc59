package activities_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// A file that comes to a vote voids what was voted before; until the change has looked at it, nobody decides on it unseen.
func TestAFileThatComesToAVoteIsVotedOn(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	o, id := b.office(), b.asked(nil)
	b.vote("ana", id, nil)
	dee := app.WithPrincipal(t.Context(), app.Principal{Handle: "dee", Kind: "person", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "team", ScopeName: "messaging"}}})
	seen := b.change(id).Approval.Hashes
	_, err := o.AddChangeNote(dee, id, "", app.NoteBody{Body: "The runbook follows", Internal: true})
	require.NoError(t, err)
	b.relay()
	require.NotContains(t, b.waitsFor(id), "cab ana", "a note voids nothing")

	file, err := o.AddChangeAttachment(dee, id, "", app.Upload{Name: "runbook.txt", Content: strings.NewReader("step by step")})
	require.NoError(t, err)
	result, err := b.give(b.by("bo", domain.RoleCABMember), "cast_vote", id, body{"vote": "approve", "hashes": seen})
	require.NoError(t, err)
	require.Equal(t, domain.CodeConflict, result.Refusal.Code)
	require.Contains(t, result.Refusal.Message, "attachments")
	require.NotContains(t, b.waitsFor(id), "cab ana")

	b.relay()
	require.Contains(t, b.waitsFor(id), "cab ana")
	found := b.change(id)
	require.Equal(t, []string{file.SHA256}, found.Attached)
	again := map[string]any{}
	for _, event := range b.events(id) {
		if event.Type == "change.approval_voided" {
			require.NoError(t, json.Unmarshal(event.Data, &again))
		}
	}
	require.Equal(t, []any{[]any{"ana"}, []any{"attachments"}}, []any{again["needed_again"], again["fields"]})
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		b.vote(name, id, nil)
	}
	require.Equal(t, change.Scheduled, b.change(id).State)
	b.sound()
}
