package activities_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// office is the application over a board's database, and whoever governs it.
type office struct {
	*app.App
	ctx context.Context
}

func (b board) office() office {
	b.t.Helper()
	blobs, err := app.OpenFolder(b.t.TempDir())
	require.NoError(b.t, err)
	return office{
		App: app.New(app.Dependencies{DB: b.db.App(b.t), Clock: b.clock, Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient, Log: slog.New(slog.DiscardHandler)}),
		ctx: app.WithPrincipal(b.t.Context(), app.Principal{Handle: "root", Name: "root", Kind: "person", Grants: []app.Grant{
			{Role: domain.RoleAdmin, ScopeKind: "all"},
		}}),
	}
}

func (b board) stage(record, name string) approval.Stage {
	b.t.Helper()
	stage, found := b.change(record).Approval.Stage(name)
	require.True(b.t, found)
	return stage
}

// TestWhoLosesWhatTheyWereAskedForLeaves: whoever takes a grant away or deactivates an account stirs the changes in whose undecided
// stages the person has a seat, and no others.
func TestWhoLosesWhatTheyWereAskedForLeaves(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	o := b.office()
	id, idle := b.asked(nil), b.draft(body{"configuration_items": []string{"mx7"}})
	b.vote("ana", id, nil)
	b.vote("mona", id, nil)
	require.Equal(t, approval.StageApproved, b.stage(id, "window").State)
	take := func(person string, role domain.Role) {
		_, err := o.TakeGrant(o.ctx, app.Grant{Person: person, Role: role, ScopeKind: "all"})
		require.NoError(t, err)
		b.relay()
	}
	take("ana", domain.RoleCABMember)
	require.Equal(t, []string{"cab bo", "cab cy", "cab fay", "cab gil", "cab sec"}, b.waitsFor(id))
	require.Empty(t, b.stage(id, "cab").InForce(), "with the vote")
	require.Contains(t, b.types(id), "change.approval_left")

	take("mona", domain.RoleChangeManager)
	require.Len(t, b.stage(id, "window").InForce(), 1, "what is decided stays as it was")
	require.Zero(t, b.count("interests", "kind = 'person' AND key = 'mona'"))

	gil, err := o.Person(o.ctx, "gil")
	require.NoError(t, err)
	gil.Active = false
	_, err = o.SavePerson(o.ctx, gil)
	require.NoError(t, err)
	b.relay()
	require.Equal(t, []string{"cab bo", "cab cy", "cab fay", "cab sec"}, b.waitsFor(id))
	require.Equal(t, 2, b.count("messages", "record_id = ?", id))
	require.Zero(t, b.count("messages", "record_id = ?", idle), "nobody is asked about it")

	// A grant of a role for which they are not asked changes nothing.
	_, err = o.GiveGrant(o.ctx, app.Grant{Person: "cy", Role: domain.RoleAuditor, ScopeKind: "all"})
	require.NoError(t, err)
	version := b.change(id).Version
	take("cy", domain.RoleAuditor)
	require.Equal(t, version+1, b.change(id).Version, "it has looked")
	require.Equal(t, []string{"cab bo", "cab cy", "cab fay", "cab sec"}, b.waitsFor(id))
	b.sound()
}

func TestWhoLeavesATeamOrAServiceLeavesWhatTheyWereAskedFor(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.db.Apply(t, "ApprovalPolicy/cab", json.RawMessage(`{"when": "true", "stages": [
		{"name": "team", "electorate": ["team:network"], "rule": {"threshold": 1}},
		{"name": "owner", "electorate": ["service_owner"], "rule": {"threshold": 1}, "parallel": true},
		{"name": "lead", "electorate": ["role:team_lead"], "rule": {"threshold": 1}, "parallel": true}]}`))
	o := b.office()
	require.NoError(t, schemas.SaveTeam(t.Context(), b.db.App(t), schemas.TeamRow{Name: "network", Title: "Network", Lead: "cy", Members: []string{"cy", "fay", "gil"}}))
	id := b.asked(nil)
	require.Equal(t, []string{"lead ana", "owner ana", "team cy", "team fay", "team gil"}, b.waitsFor(id))
	apply := func(kind, name, spec string) {
		_, err := o.ApplyPolicy(o.ctx, policy.Document{Kind: kind, Name: name, Spec: json.RawMessage(spec)})
		require.NoError(t, err)
		b.relay()
	}
	apply(policy.KindTeam, "network", `{"title": "Network", "lead": "cy", "members": ["cy", "gil"]}`)
	require.Equal(t, []string{"lead ana", "owner ana", "team cy", "team gil"}, b.waitsFor(id))
	apply(policy.KindTeam, "network", `{"title": "The network", "lead": "cy", "members": ["cy", "gil", "bo"]}`)
	require.Equal(t, 1, b.count("messages", "record_id = ?", id), "nobody has left")
	apply(policy.KindServicePolicy, "mail", `{"title": "Mail", "owner": "bo", "criticality": "high", "support": {"team": "messaging", "calendar": "desk"}}`)
	require.Equal(t, []string{"lead ana", "team cy", "team gil"}, b.waitsFor(id))
	require.Equal(t, approval.StageError, b.stage(id, "owner").State)
	apply(policy.KindTeam, "messaging", `{"title": "Messaging", "lead": "bo", "members": ["ana", "bo", "dee", "eli", "fred"]}`)
	require.Equal(t, []string{"team cy", "team gil"}, b.waitsFor(id))
	b.sound()
}

// A stage that was decided, and is asked again after an edit, asks only those who still are of those who may decide.
func TestAnEditMeasuresTheSeatsOfTheStagesThatItOpensAgain(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	o := b.office()
	id := b.scheduled(nil).ID
	_, err := o.TakeGrant(o.ctx, app.Grant{Person: "ana", Role: domain.RoleCABMember, ScopeKind: "all"})
	require.NoError(t, err)
	require.Zero(t, b.deliver(), "nobody is asked any more")
	require.Equal(t, change.Scheduled, b.change(id).State)
	b.do(b.by("dee", domain.RoleAgent), "edit", id, body{"plan": "Move it by night"})
	require.Equal(t, []string{"cab bo", "cab cy", "cab fay", "cab gil", "cab sec"}, b.waitsFor(id))
	b.sound()
}

// Of somebody who is given a seat while what they are asked for is taken away, one side waits for the other.
func TestASeatIsNotGivenWhileItIsTakenAway(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	o := b.office()
	id := b.draft(nil)
	fred := b.by("fred", domain.RoleAgent)
	b.do(b.by("dee", domain.RoleAgent), "submit", id, nil)
	b.do(fred, "assess", id, nil)
	held, err := b.db.App(t).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, schemas.LockAccounts(t.Context(), held))
	opened := make(chan error, 1)
	go func() {
		_, err := b.give(fred, "peer_review", id, nil)
		opened <- err
	}()
	super := b.db.Superuser(t)
	require.Eventually(t, func() bool {
		var waits bool
		err := super.NewRaw(`SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(t.Context(), &waits)
		return err == nil && waits
	}, time.Minute, 10*time.Millisecond)
	require.Equal(t, change.Assessing, b.change(id).State)
	_, err = schemas.TakeGrant(t.Context(), held, schemas.GrantRow{Person: "ana", Role: domain.RoleCABMember, ScopeKind: "all"})
	require.NoError(t, err)
	require.NoError(t, held.Commit())
	require.NoError(t, <-opened)
	require.NotContains(t, b.waitsFor(id), "cab ana")
	_, err = o.TakeGrant(o.ctx, app.Grant{Person: "bo", Role: domain.RoleCABMember, ScopeKind: "all"})
	require.NoError(t, err)
	b.relay()
	require.NotContains(t, b.waitsFor(id), "cab bo")
}

// Whoever was asked reads on where a stage cannot be decided, and so does who stands for them: they are asked again once it can be.
func TestWhoWasAskedReadsOnWhereAStageCannotBeDecided(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.asked(body{"restricted": true})
	reads := func(person string) bool {
		_, found, err := schemas.ReadChange(t.Context(), b.worker, schemas.Reader{Handle: person, At: b.clock.Now()}, id)
		require.NoError(t, err)
		return found
	}
	listed := func(person string) int {
		rows, _, err := schemas.ListChanges(t.Context(), b.worker, schemas.Reader{Handle: person, All: true, At: b.clock.Now()}, schemas.ChangeFilter{Limit: 10})
		require.NoError(t, err)
		return len(rows)
	}
	for _, person := range []string{"ana", "sec", "bo", "hal", "mona"} {
		require.True(t, reads(person), person)
	}
	require.False(t, reads("fred"))
	b.vote("sec", id, body{"vote": "recuse"})
	require.Equal(t, approval.StageError, b.stage(id, "cab").State)
	require.Equal(t, []string{"window mona"}, b.waitsFor(id))
	for _, person := range []string{"ana", "sec", "bo", "hal", "mona"} {
		require.True(t, reads(person), person)
	}
	require.Equal(t, []int{1, 0}, []int{listed("ana"), listed("fred")}, "in lists too")
	b.do(b.by("dee", domain.RoleAgent), "withdraw", id, nil)
	require.False(t, reads("ana"), "nobody is asked any more")
	require.True(t, reads("sec"), "who has voted reads on")
	b.sound()
}

// A vote counts as long as whoever gave it has an account: also one that was given for somebody else.
func TestAVoteForAnotherGoesWithTheAccountOfWhoGaveIt(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	o := b.office()
	id := b.asked(body{"restricted": true})
	b.vote("hal", id, body{"for": "bo"})
	b.vote("ana", id, nil)
	b.vote("fay", id, nil)
	b.vote("gil", id, nil)
	require.Len(t, b.stage(id, "cab").InForce(), 4)
	require.NotContains(t, b.waitsFor(id), "cab bo")

	// Who stands for hal may not read for that.
	require.NoError(t, schemas.AddDelegation(t.Context(), b.db.App(t), schemas.DelegationRow{
		ID: domain.NewID("fred"), Principal: "hal", Delegate: "fred", From: b.clock.Now(), Until: b.clock.Now().Add(time.Hour), MadeBy: "hal", MadeAt: b.clock.Now(),
	}))
	_, found, err := schemas.ReadChange(t.Context(), b.worker, schemas.Reader{Handle: "fred", At: b.clock.Now()}, id)
	require.NoError(t, err)
	require.False(t, found)

	hal, err := o.Person(o.ctx, "hal")
	require.NoError(t, err)
	hal.Active = false
	_, err = o.SavePerson(o.ctx, hal)
	require.NoError(t, err)
	b.relay()
	require.Len(t, b.stage(id, "cab").InForce(), 3)
	require.Contains(t, b.waitsFor(id), "cab bo", "who can vote, or name another")
	require.Contains(t, b.types(id), "change.approval_left")
	b.vote("sec", id, nil)
	require.Equal(t, approval.StageApproved, b.stage(id, "cab").State, "by those who are left: 4 of 6")
	require.Zero(t, b.count("interests", "kind = 'hand'"))

	// Nor is a vote taken that waited while the account went.
	second := b.asked(body{"configuration_items": []string{"mx2"}})
	result, err := b.give(b.by("hal", domain.RoleCABMember), "cast_vote", second, body{"vote": "approve", "for": "bo", "hashes": b.change(second).Approval.Hashes})
	require.NoError(t, err)
	require.Equal(t, domain.CodeForbidden, result.Refusal.Code)
	b.sound()
}

// Of a vote for another and the end of the account that gives it, one side waits for the other.
func TestAVoteForAnotherIsNotGivenWhileTheAccountEnds(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	o := b.office()
	id := b.asked(nil)
	command := b.command(b.by("hal", domain.RoleCABMember), "cast_vote", id, body{"vote": "approve", "for": "bo", "hashes": b.change(id).Approval.Hashes})
	command.Name, command.Practice = "change.cast_vote", change.Practice
	release := b.holding("interests")
	voted := b.run("relation", func() error {
		_, err := b.Apply(t.Context(), command)
		return err
	})
	hal, err := o.Person(o.ctx, "hal")
	require.NoError(t, err)
	hal.Active = false
	gone := b.run("advisory", func() error {
		_, err := o.SavePerson(o.ctx, hal)
		return err
	})
	release()
	require.NoError(t, <-voted)
	require.NoError(t, <-gone)
	require.Len(t, b.stage(id, "cab").InForce(), 1, "it was given before")
	b.relay()
	require.Empty(t, b.stage(id, "cab").InForce())
	b.sound()
}
