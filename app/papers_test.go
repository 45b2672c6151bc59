package app_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// votedChange writes a change of messaging's that quin asked for and ana drafted, and that waits for the votes of pia and bo.
func (d *desk) votedChange(restricted bool) string {
	d.t.Helper()
	now := d.clock.Now()
	number, err := schemas.NextNumber(d.t.Context(), d.worker, change.Lifecycle)
	require.NoError(d.t, err)
	record := change.Change{Record: domain.Record{
		ID: domain.NewID(number), Practice: change.Practice, Number: number, State: change.AwaitingApproval, Version: 1, Title: "Move the mail",
		Tags: []string{}, ConfigurationItems: []string{}, Team: "messaging", Service: "mail", Requester: "quin", OpenedBy: "ana", Priority: 3,
		Policies: map[string]int{}, Open: true, Active: true, Restricted: restricted, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
	}, Details: change.Details{Type: change.Normal, SubmittedAt: &now, Services: []string{"mail"}}}
	begun := approval.Begin(approval.Selection{Candidate: approval.Candidate{Name: "cab", Version: 1, Spec: approval.Policy{When: "true", Stages: []approval.StagePolicy{
		{Name: "cab", Electorate: []approval.Target{"person:pia"}, Rule: approval.Rule{FirstResponse: true}},
	}}}}, approval.Parties{Requesters: []string{"ana", "quin"}})
	days, err := policyfile.CompileCalendar(store.Desk)
	require.NoError(d.t, err)
	k := approval.NewKeeper(begun, approval.Facts{Calendar: days, Seats: map[string][]approval.Member{"cab": {{Person: "pia"}, {Person: "bo"}}}})
	require.NoError(d.t, k.Submit(now, "ana", approval.Hashes{approval.Scope: "1", approval.Schedule: "2"}))
	record.Approval = &k.Approval
	into := schemas.NewPassage(d.worker, record.ID, now)
	into.Change(change.Change{}, record, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return number
}

// looks counts how often a change was told to look at what is attached.
func (d *desk) looks() (times int) {
	d.t.Helper()
	require.NoError(d.t, d.worker.NewRaw(`SELECT count(*) FROM messages WHERE command ->> 'name' = 'change.content_changed'`).Scan(d.t.Context(), &times))
	return times
}

func TestWhoAddsToAChange(t *testing.T) {
	t.Parallel()
	d := setup(t)
	number := d.votedChange(false)
	quin := d.as("quin", all(domain.RoleRequester), all(domain.RoleApprover))
	for name, c := range map[string]struct {
		as   context.Context
		code domain.Code
	}{
		"an agent of its team":         {d.as("dee", ofTeam(domain.RoleAgent, "messaging")), ""},
		"who is asked to decide it":    {d.as("pia", all(domain.RoleRequester)), ""},
		"a change manager":             {d.as("mona", all(domain.RoleChangeManager)), ""},
		"an administrator":             {d.as("root", all(domain.RoleAdmin)), ""},
		"who asked for it":             {quin, domain.CodeForbidden},
		"an auditor":                   {d.as("cy", all(domain.RoleAuditor)), domain.CodeForbidden},
		"an agent of another team":     {d.as("fay", ofTeam(domain.RoleAgent, "network")), domain.CodeNotFound},
		"an approver who is not asked": {d.as("gil", all(domain.RoleApprover)), domain.CodeNotFound},
		"a token that may not": {app.WithPrincipal(t.Context(), app.Principal{
			Handle: "dee", Kind: "person", Grants: []app.Grant{all(domain.RoleAgent)}, Permissions: []string{"change.read", "note.write", "note.internal"},
		}), domain.CodeForbidden},
	} {
		before := d.looks()
		_, noted := d.AddChangeNote(c.as, number, "", app.NoteBody{Body: "Seen by " + name, Internal: true})
		_, told := d.AddChangeNote(c.as, number, "", app.NoteBody{Body: "Told by " + name})
		require.Equal(t, before, d.looks(), "a note stirs nothing")
		_, attached := d.AddChangeAttachment(c.as, number, "", app.Upload{Name: "plan.txt", Content: strings.NewReader(name)})
		for of, err := range map[string]error{"internal note": noted, "note": told, "file": attached} {
			if c.as == quin && of == "note" {
				require.NoError(t, err, "who asked for it has a word, and no more")
				continue
			}
			if c.code != "" {
				refuses(t, c.code, err)
				continue
			}
			require.NoError(t, err, name)
		}
		want := before
		if c.code == "" {
			want++
		}
		require.Equal(t, want, d.looks(), name)
	}
	require.Len(t, d.stored(), 4, "of what was refused nothing stays")
	_, err := d.AddChangeNote(d.as("pia"), number, "", app.NoteBody{Body: "For all", Answer: true})
	refuses(t, domain.CodeInvalid, err)
}

func TestWhoAskedForAChangeReadsWhatIsPublic(t *testing.T) {
	t.Parallel()
	d := setup(t)
	number := d.votedChange(false)
	dee, quin, pia := d.as("dee", ofTeam(domain.RoleAgent, "messaging")), d.as("quin", all(domain.RoleRequester), all(domain.RoleApprover)), d.as("pia", all(domain.RoleRequester))
	inner, err := d.AddChangeAttachment(dee, number, "", app.Upload{Name: "inner.txt", Content: strings.NewReader("narwhal")})
	require.NoError(t, err)
	outer, err := d.AddChangeAttachment(dee, number, "", app.Upload{Name: "outer.txt", Public: true, Content: strings.NewReader("okapi")})
	require.NoError(t, err)
	for _, internal := range []bool{true, false} {
		_, err = d.AddChangeNote(dee, number, "", app.NoteBody{Body: "A word", Internal: internal})
		require.NoError(t, err)
	}
	for as, want := range map[context.Context]int{dee: 2, pia: 2, d.as("cy", all(domain.RoleAuditor)): 2, quin: 1} {
		notes, err := d.ChangeNotes(as, number, 0, 0)
		require.NoError(t, err)
		require.Len(t, notes.Items, want)
		files, err := d.ChangeAttachments(as, number)
		require.NoError(t, err)
		require.Len(t, files, want)
		events, err := d.ChangeTimeline(as, number, 0, 0)
		require.NoError(t, err)
		require.Len(t, events.Items, 2*want)
	}
	_, _, err = d.OpenChangeAttachment(quin, number, inner.ID)
	refuses(t, domain.CodeNotFound, err)
	_, content, err := d.OpenChangeAttachment(quin, number, outer.ID)
	require.NoError(t, err)
	text, err := io.ReadAll(content)
	require.NoError(t, err)
	require.NoError(t, content.Close())
	require.Equal(t, "okapi", string(text))
	_, err = d.Attachments(dee, number)
	refuses(t, domain.CodeNotFound, err)

	var told []string
	require.NoError(t, d.worker.NewRaw(`SELECT kind || ' ' || (recipients ->> 0) FROM outbox`).Scan(t.Context(), &told))
	require.Equal(t, []string{"change.note person:quin"}, told)
	_, err = d.AddChangeNote(quin, number, "", app.NoteBody{Body: "When will it be?"})
	require.NoError(t, err)
	require.NoError(t, d.worker.NewRaw(`SELECT kind || ' ' || (recipients ->> 0) FROM outbox ORDER BY position`).Scan(t.Context(), &told))
	require.Equal(t, []string{"change.note person:quin", "change.note person:ana"}, told, "ana drafted it, and nobody carries it out yet")
}

func TestAFileThatGoesIsLookedAtLikeOneThatComes(t *testing.T) {
	t.Parallel()
	d := setup(t)
	number := d.votedChange(false)
	dee := d.as("dee", ofTeam(domain.RoleAgent, "messaging"))
	file, err := d.AddChangeAttachment(dee, number, "", app.Upload{Name: "plan.txt", Content: strings.NewReader("x")})
	require.NoError(t, err)
	refuses(t, domain.CodeForbidden, d.RemoveChangeAttachment(d.as("pia", all(domain.RoleRequester)), number, file.ID))
	require.Equal(t, 1, d.looks())
	require.NoError(t, d.RemoveChangeAttachment(dee, number, file.ID))
	require.NoError(t, d.RemoveChangeAttachment(dee, number, file.ID))
	require.Equal(t, 2, d.looks(), "once as it came, once as it went")
	require.Empty(t, d.stored())
	other, err := d.AddChangeAttachment(dee, number, "", app.Upload{Name: "other.txt", Content: strings.NewReader("y")})
	require.NoError(t, err)
	require.NoError(t, d.RemoveChangeAttachment(d.as("mona", all(domain.RoleChangeManager)), number, other.ID))
}

func TestARestrictedChangeTakesNothingFromWhoMayNotReadIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	number := d.votedChange(true)
	dee, pia := d.as("dee", ofTeam(domain.RoleAgent, "messaging")), d.as("pia", all(domain.RoleRequester))
	_, err := d.ChangeNotes(dee, number, 0, 0)
	refuses(t, domain.CodeNotFound, err)
	_, err = d.AddChangeNote(dee, number, "", app.NoteBody{Body: "x", Internal: true})
	refuses(t, domain.CodeNotFound, err)
	_, err = d.AddChangeAttachment(dee, number, "", app.Upload{Name: "a", Content: strings.NewReader("x")})
	refuses(t, domain.CodeNotFound, err)
	_, err = d.AddChangeAttachment(pia, number, "", app.Upload{Name: "a", Content: strings.NewReader("x")})
	require.NoError(t, err, "who decides it reads it")
	require.Equal(t, 1, d.looks())
}

// TestARefusalListsWhatTheGiverCanDoNow: a board that is asked about a change takes no start; whoever asked for it cannot vote, and is
// not told to.
func TestARefusalListsWhatTheGiverCanDoNow(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := d.votedChange(false)
	narrow := app.WithPrincipal(t.Context(), app.Principal{
		Handle: "bo", Name: "bo", Kind: "person", Permissions: []string{"change.read", "change.start", "change.edit"},
		Grants: []app.Grant{ofTeam(domain.RoleAgent, "messaging")},
	})
	for who, test := range map[string]struct {
		as    context.Context
		votes bool
	}{
		"a member of the board": {d.as("bo", ofTeam(domain.RoleAgent, "messaging")), true},
		"a colleague":           {d.as("cy", ofTeam(domain.RoleAgent, "messaging")), false},
		"a narrow token":        {narrow, false},
	} {
		_, err := d.Execute(test.as, app.Request{Practice: change.Practice, Verb: "start", Record: id})
		refused := refuses(t, domain.CodeConflict, err)
		view, err := d.Change(test.as, id)
		require.NoError(t, err)
		require.Equal(t, view.AllowedCommands, refused.Allowed, who)
		require.Equal(t, test.votes, slices.Contains(refused.Allowed, "cast_vote"), who)
		require.Contains(t, refused.Allowed, "edit", who)
	}
}
