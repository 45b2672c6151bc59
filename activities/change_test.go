package activities_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// board is a desk with the people of story 3: seven members beside dee, who asks, and eli, who carries out.
type board struct{ *desk }

const cab = `{"when": "true", "stages": [
	{"name": "cab", "electorate": ["role:cab_member"], "rule": {"threshold": "60%", "of": "electorate", "required": ["sec"]}, "deadline": "3wd", "default": "escalate", "covers": ["scope", "schedule"]},
	{"name": "window", "electorate": ["role:change_manager"], "rule": {"threshold": 1, "of": "approvals"}, "deadline": "1wd", "covers": ["schedule"], "parallel": true}]}`

func settleBoard(t *testing.T) board {
	t.Helper()
	return boardAt(t, setup(t))
}

// boardAt settles a board at a desk.
func boardAt(t *testing.T, d *desk) board {
	t.Helper()
	app := d.db.App(t)
	for _, name := range []string{"dee", "eli", "fay", "fred", "gil", "hal", "mona", "sec"} {
		require.NoError(t, schemas.SavePerson(t.Context(), app, schemas.PersonRow{
			Handle: name, Name: name, Kind: "person", Active: true, Zone: "UTC", CreatedAt: store.Instant("2026-01-01T00:00:00Z"),
		}))
	}
	for _, grant := range []struct{ person, role string }{
		{"ana", "cab_member"},
		{"bo", "cab_member"},
		{"cy", "cab_member"},
		{"dee", "cab_member"},
		{"eli", "cab_member"},
		{"fay", "cab_member"},
		{"gil", "cab_member"},
		{"sec", "cab_member"},
		{"mona", "change_manager"},
	} {
		_, err := d.db.Superuser(t).NewRaw(`INSERT INTO grants (person, role, scope_kind, scope_name, granted_by, granted_at)
			VALUES (?, ?, 'all', '', 'holdfast', now())`, grant.person, grant.role).Exec(t.Context())
		require.NoError(t, err)
	}
	_, err := d.db.Superuser(t).NewRaw(`INSERT INTO team_members (team, person) SELECT 'messaging', unnest('{dee,eli,fred}'::text[])`).Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, schemas.AddDelegation(t.Context(), app, schemas.DelegationRow{
		ID: domain.NewID("hal"), Principal: "bo", Delegate: "hal", From: store.Instant("2026-11-01T00:00:00Z"),
		Until: store.Instant("2027-01-01T00:00:00Z"), MadeBy: "bo", MadeAt: store.Instant("2026-11-01T00:00:00Z"),
	}))
	var policy approval.Policy
	require.NoError(t, json.Unmarshal([]byte(cab), &policy))
	d.db.Apply(t, "ApprovalPolicy/cab", policy)
	return board{d}
}

func (b board) by(name string, roles ...domain.Role) domain.Actor {
	return domain.Actor{Kind: domain.ActorPerson, Name: name, Roles: roles}
}

func (b board) give(actor domain.Actor, verb, record string, content any) (domain.Result, error) {
	b.t.Helper()
	command := b.command(actor, verb, record, content)
	command.Name, command.Practice = "change."+verb, change.Practice
	return b.Apply(b.t.Context(), command)
}

func (b board) do(actor domain.Actor, verb, record string, content any) domain.Result {
	b.t.Helper()
	result, err := b.give(actor, verb, record, content)
	require.NoError(b.t, err, verb)
	require.Equal(b.t, domain.Applied, result.Outcome, "%s: %v", verb, result.Refusal)
	return result
}

func (b board) change(reference string) change.Change {
	b.t.Helper()
	found, exists, err := schemas.ReadChange(b.t.Context(), b.worker, everything, reference)
	require.NoError(b.t, err)
	require.True(b.t, exists)
	return found
}

func (b board) draft(more body) string {
	b.t.Helper()
	content := body{
		"title": "Move the mail to the new relay", "justification": "The old one ends", "plan": "Move it", "test_plan": "Send a mail",
		"back_out_plan": "Move it back", "service": "mail", "configuration_items": []string{"mx1"}, "environment": "production",
		"assignee": "eli", "window_from": store.Instant("2026-12-18T21:00:00Z"), "window_to": store.Instant("2026-12-19T01:00:00Z"),
		"tasks": []body{{"title": "Copy"}, {"title": "Switch", "after": []string{"t1"}}},
	}
	for name, value := range more {
		content[name] = value
	}
	return b.do(b.by("dee", domain.RoleAgent), "draft", "", content).View.Record
}

// asked is a change of dee's that waits for the board.
func (b board) asked(more body) string {
	b.t.Helper()
	id := b.draft(more)
	fred := b.by("fred", domain.RoleAgent)
	b.do(b.by("dee", domain.RoleAgent), "submit", id, nil)
	b.do(fred, "assess", id, nil)
	b.do(fred, "peer_review", id, nil)
	require.Equal(b.t, change.AwaitingApproval, b.change(id).State)
	return id
}

func (b board) vote(name, record string, more body) {
	b.t.Helper()
	content := body{"vote": "approve", "hashes": b.change(record).Approval.Hashes}
	for field, value := range more {
		content[field] = value
	}
	b.do(b.by(name, domain.RoleCABMember), "cast_vote", record, content)
}

func (b board) waitsFor(record string) []string {
	b.t.Helper()
	var people []string
	require.NoError(b.t, b.worker.NewRaw(`SELECT stage || ' ' || person FROM approval_seats WHERE record_id = ? ORDER BY 1`, record).Scan(b.t.Context(), &people))
	return people
}

// TestTheThirdStoryOnRows is story 3 of the lifecycles: the board's votes, on real rows.
func TestTheThirdStoryOnRows(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.asked(nil)
	require.Equal(t, []string{"cab ana", "cab bo", "cab cy", "cab fay", "cab gil", "cab sec", "window mona"}, b.waitsFor(id))
	b.vote("ana", id, nil)
	b.vote("hal", id, body{"for": "bo"})
	old := b.change(id).Approval.Hashes
	b.do(b.by("dee", domain.RoleAgent), "edit", id, body{"back_out_plan": "Move it back, box by box"})
	require.Contains(t, b.waitsFor(id), "cab bo")
	stage, _ := b.change(id).Approval.Stage("cab")
	require.Equal(t, []string{"ana", "bo"}, stage.NeededAgain())

	result, err := b.give(b.by("cy", domain.RoleCABMember), "cast_vote", id, body{"vote": "approve", "hashes": old})
	require.NoError(t, err)
	require.Equal(t, domain.CodeConflict, result.Refusal.Code)
	require.Contains(t, result.Refusal.Message, "back_out_plan")
	for _, c := range []body{nil, {"for": "fay"}} {
		content := body{"vote": "approve", "hashes": b.change(id).Approval.Hashes}
		for name, value := range c {
			content[name] = value
		}
		result, err := b.give(b.by("dee", domain.RoleCABMember, domain.RoleAdmin), "cast_vote", id, content)
		require.NoError(t, err)
		require.Equal(t, domain.CodeForbidden, result.Refusal.Code)
	}
	for _, name := range []string{"ana", "bo", "fay", "gil"} {
		b.vote(name, id, nil)
	}
	require.Equal(t, []string{"cab cy", "cab sec", "window mona"}, b.waitsFor(id))
	b.vote("sec", id, nil)
	require.Equal(t, []string{"window mona"}, b.waitsFor(id), "what is decided waits for nobody")
	b.vote("mona", id, nil)
	require.Equal(t, change.Scheduled, b.change(id).State)
	require.Empty(t, b.waitsFor(id))

	var votes, void int
	require.NoError(t, b.worker.NewRaw(`SELECT count(*), count(*) FILTER (WHERE void <> '') FROM votes WHERE record_id = ?`, id).Scan(t.Context(), &votes, &void))
	require.Equal(t, []int{8, 2}, []int{votes, void})
	b.do(b.by("dee", domain.RoleAgent), "edit", id, body{
		"window_from": store.Instant("2026-12-18T23:00:00Z"), "window_to": store.Instant("2026-12-19T03:00:00Z"),
	})
	require.Equal(t, []string{"window mona"}, b.waitsFor(id))
	b.sound()
}

// Two changes want one item at one time: whoever is scheduled second is told, whatever their votes were about, and the database
// itself lets none by.
func TestAnItemThatSomebodyWantsAloneIsReservedOnce(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	first := b.asked(body{"exclusive": true})
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		b.vote(name, first, nil)
	}
	require.Equal(t, change.Scheduled, b.change(first).State)
	second := b.asked(body{"window_from": store.Instant("2026-12-18T22:00:00Z")})
	found := b.change(second).Conflicts
	require.Len(t, found, 2, "the item, and eli who carries both out")
	require.Equal(t, []any{change.Blocking, "exclusive", "mx1"}, []any{found[0].Level, found[0].Kind, found[0].Item})
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		b.vote(name, second, nil)
	}
	require.Equal(t, change.Approved, b.change(second).State, "what blocks it keeps it from being scheduled")
	_, err := b.db.Superuser(t).NewRaw(`UPDATE change_items SET reserves = true WHERE change_id = ?`, second).Exec(t.Context())
	require.ErrorContains(t, err, "change_items_reserved")

	b.do(b.by("mona", domain.RoleChangeManager), "override_conflict", second, body{"conflict": found[0].ID, "reason": "both know"})
	require.Equal(t, change.Scheduled, b.change(second).State)
	b.do(b.by("dee", domain.RoleAgent), "cancel", first, body{"reason": "not needed"})
	b.deliver()
	require.Empty(t, b.change(second).Conflicts, "the other change is gone")
	b.sound()
}

func TestAWindowThatNobodyUsesIsMissed(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.asked(nil)
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		b.vote(name, id, nil)
	}
	b.clock.Set("2026-12-19T01:00:00Z")
	command := b.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil)
	command.Name, command.Practice = "change."+domain.Tick, change.Practice
	_, err := b.Apply(t.Context(), command)
	require.NoError(t, err)
	missed := b.change(id)
	require.Equal(t, change.Approved, missed.State)
	require.True(t, missed.WindowMissed)
	var touched int
	require.NoError(t, b.worker.NewRaw(`SELECT count(*) FROM change_items WHERE change_id = ?`, id).Scan(t.Context(), &touched))
	require.Zero(t, touched)
	require.Equal(t, 21*time.Hour, missed.WindowFrom.Sub(store.Instant("2026-12-18T00:00:00Z")))
	b.sound()
}

// TestADelegateReadsWhileTheyVote lets hal read what bo decides on for as long as hal votes for bo, by the clock of whoever reads.
func TestADelegateReadsWhileTheyVote(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.asked(nil)
	for instant, reads := range map[string]bool{
		"2026-10-31T23:59:59Z": false, "2026-11-01T00:00:00Z": true, "2026-12-31T23:59:59Z": true, "2027-01-01T00:00:00Z": false,
	} {
		hal := schemas.Reader{Handle: "hal", At: store.Instant(instant)}
		_, found, err := schemas.ReadChange(t.Context(), b.worker, hal, id)
		require.NoError(t, err)
		require.Equal(t, reads, found, instant)
		listed, _, err := schemas.ListChanges(t.Context(), b.worker, hal, schemas.ChangeFilter{Limit: 10})
		require.NoError(t, err)
		require.Equal(t, reads, len(listed) == 1, instant)
	}
}
