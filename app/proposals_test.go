package app_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/proposal"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// signedIn asks as somebody in a session of theirs, which programs of the installation have none of.
func (d *desk) signedIn(handle string, roles ...domain.Role) context.Context {
	var grants []app.Grant
	for _, role := range roles {
		grants = append(grants, all(role))
	}
	return app.WithPrincipal(d.t.Context(), app.Principal{Handle: handle, Name: handle, Kind: "person", SessionID: "s-" + handle, Grants: grants})
}

// holds writes a grant for everything.
func (d *desk) holds(person string, role domain.Role) {
	d.t.Helper()
	_, err := schemas.GiveGrant(d.t.Context(), d.base.App(d.t), schemas.GrantRow{
		Person: person, Role: role, ScopeKind: "all", GrantedBy: "holdfast", GrantedAt: d.clock.Now(),
	})
	require.NoError(d.t, err)
}

func model(plan string) policy.Document {
	return policy.Document{Kind: policy.KindChangeModel, Name: "restart", Reason: "faster", Spec: json.RawMessage(
		`{"type": "standard", "title": "Restart the relay", "plan": "` + plan + `", "back_out_plan": "Start the other"}`,
	)}
}

// TestAModelNeedsASecondPerson: whoever writes a model, also a new one, does not bring it into force.
func TestAModelNeedsASecondPerson(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.holds("ana", domain.RoleAdmin)
	d.holds("cy", domain.RoleAdmin)
	d.holds("bo", domain.RoleChangeManager)
	ana, bo, cy := d.signedIn("ana", domain.RoleAdmin), d.signedIn("bo", domain.RoleChangeManager), d.signedIn("cy", domain.RoleAdmin)
	held, err := d.ApplyPolicy(ana, model("Restart it"))
	require.NoError(t, err)
	require.NotEmpty(t, held.Proposal)
	require.Zero(t, held.Version)
	_, err = d.Policy(ana, policy.KindChangeModel, "restart", 0)
	refuses(t, domain.CodeNotFound, err)
	waiting, err := d.Proposal(bo, held.Proposal)
	require.NoError(t, err)
	require.Equal(t, []string{"bo", "cy"}, waiting.WaitsFor)
	require.Equal(t, []bool{false, true}, []bool{waiting.MayDecide(principalOf(t, ana)), waiting.MayDecide(principalOf(t, bo))})

	approve := proposal.Decision{Vote: approval.Approve, Hash: waiting.Hash}
	_, err = d.DecideProposal(ana, held.Proposal, approve)
	refuses(t, domain.CodeForbidden, err)
	_, err = d.DecideProposal(d.signedIn("rita", domain.RoleAgent), held.Proposal, approve)
	refuses(t, domain.CodeForbidden, err)
	team := app.WithPrincipal(t.Context(), app.Principal{Handle: "bo", Kind: "person", SessionID: "s", Grants: []app.Grant{ofTeam(domain.RoleChangeManager, "messaging")}})
	_, err = d.DecideProposal(team, held.Proposal, approve)
	refuses(t, domain.CodeForbidden, err)
	narrowed := principalOf(t, bo)
	narrowed.Permissions = []string{string(app.PermissionPolicyRead)}
	_, err = d.DecideProposal(app.WithPrincipal(t.Context(), narrowed), held.Proposal, approve)
	refuses(t, domain.CodeForbidden, err)

	again, err := d.ApplyPolicy(ana, model("Restart it"))
	require.NoError(t, err)
	require.Equal(t, held.Proposal, again.Proposal, "the same said again waits where it waits")
	edited, err := d.ApplyPolicy(ana, model("Restart it twice"))
	require.NoError(t, err)
	require.Equal(t, held.Proposal, edited.Proposal)
	refused := refuses(t, domain.CodeConflict, second(d.DecideProposal(bo, held.Proposal, approve)))
	require.Contains(t, refused.Message, "spec")

	waiting, err = d.Proposal(bo, held.Proposal)
	require.NoError(t, err)
	approve.Hash = waiting.Hash
	decided, err := d.DecideProposal(bo, held.Proposal, approve)
	require.NoError(t, err)
	require.Equal(t, []any{proposal.Applied, 1, "bo"}, []any{decided.State, decided.Version, decided.DecidedBy})
	stored, err := d.Policy(cy, policy.KindChangeModel, "restart", 0)
	require.NoError(t, err)
	require.Equal(t, []any{1, "ana", "bo", "faster"}, []any{stored.Version, stored.Author, stored.ApprovedBy, stored.Reason})
	require.Contains(t, string(stored.Spec), "Restart it twice")
	refuses(t, domain.CodeConflict, second(d.DecideProposal(cy, held.Proposal, approve)))

	// Another kind needs nobody.
	team1, err := d.ApplyPolicy(ana, policy.Document{Kind: policy.KindTeam, Name: "web", Spec: json.RawMessage(`{"title": "Web", "members": ["ana"]}`)})
	require.NoError(t, err)
	require.Equal(t, []any{1, ""}, []any{team1.Version, team1.Proposal})
}

func second[T any](_ T, err error) error { return err }

func principalOf(t *testing.T, ctx context.Context) app.Principal {
	t.Helper()
	principal, err := app.PrincipalFrom(ctx)
	require.NoError(t, err)
	return principal
}

// TestOnePersonAloneIsNotStopped: where nobody else can approve, an edit is stored at once, and that is written down; so is what the
// installation brings with it.
func TestOnePersonAloneIsNotStopped(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.holds("ana", domain.RoleAdmin)
	d.holds("gone", domain.RoleAdmin) // who is inactive
	ana := d.signedIn("ana", domain.RoleAdmin)
	stored, err := d.ApplyPolicy(ana, model("Restart it"))
	require.NoError(t, err)
	require.Equal(t, []any{1, "", ""}, []any{stored.Version, stored.Proposal, stored.ApprovedBy})
	require.Equal(t, 1, d.auditLines("apply policy", "alone"))

	d.holds("bo", domain.RoleChangeManager)
	held, err := d.ApplyPolicy(ana, model("Restart it twice"))
	require.NoError(t, err)
	require.Equal(t, 1, held.Version, "what is in force stays")
	require.NotEmpty(t, held.Proposal)

	installs := d.as("holdfast", all(domain.RoleAdmin))
	brought, err := d.ApplyPolicy(installs, policy.Document{Kind: policy.KindChangeModel, Name: "other", Spec: model("Do it").Spec})
	require.NoError(t, err)
	require.Equal(t, 1, brought.Version)

	// Whoever writes on an edit of another is not alone for that: the first author can approve it.
	d.holds("cy", domain.RoleAdmin)
	_, err = d.TakeGrant(ana, app.Grant{Person: "bo", Role: domain.RoleChangeManager, ScopeKind: "all"})
	require.NoError(t, err)
	cy := d.signedIn("cy", domain.RoleAdmin)
	over, err := d.ApplyPolicy(cy, model("Restart it three times"))
	require.NoError(t, err)
	require.NotEmpty(t, over.Proposal)
	view, err := d.Proposal(ana, over.Proposal)
	require.NoError(t, err)
	require.Equal(t, []string{"ana"}, view.WaitsFor)
	before, err := d.Proposal(ana, held.Proposal)
	require.NoError(t, err)
	require.Equal(t, proposal.Withdrawn, before.State)
}

func (d *desk) auditLines(action, outcome string) int {
	d.t.Helper()
	var count int
	require.NoError(d.t, d.base.Superuser(d.t).NewRaw(`SELECT count(*) FROM audit WHERE action = ? AND outcome = ?`, action, outcome).Scan(d.t.Context(), &count))
	return count
}

// What was made from a version that is no longer the newest is not approved, and what nobody approves in time is rejected.
func TestAProposalIsOvertakenOrExpires(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.holds("ana", domain.RoleAdmin)
	d.holds("bo", domain.RoleChangeManager)
	ana, bo := d.signedIn("ana", domain.RoleAdmin), d.signedIn("bo", domain.RoleChangeManager)
	held, err := d.ApplyPolicy(ana, model("Restart it"))
	require.NoError(t, err)
	_, err = d.ApplyPolicy(d.as("holdfast", all(domain.RoleAdmin)), model("As it comes"))
	require.NoError(t, err)
	view, err := d.Proposal(bo, held.Proposal)
	require.NoError(t, err)
	overtaken := refuses(t, domain.CodeConflict, second(d.DecideProposal(bo, held.Proposal, proposal.Decision{Vote: approval.Approve, Hash: view.Hash})))
	require.Contains(t, overtaken.Message, "stored by holdfast")

	d.clock.SetTo(d.clock.Now().Add(proposal.Lasts))
	list, err := d.Proposals(bo)
	require.NoError(t, err)
	require.Equal(t, proposal.Rejected, list[0].State)
	fresh, err := d.ApplyPolicy(ana, model("Restart it"))
	require.NoError(t, err)
	require.NotEqual(t, held.Proposal, fresh.Proposal)
	_, err = d.WithdrawProposal(d.signedIn("cy", domain.RoleAdmin), fresh.Proposal)
	refuses(t, domain.CodeForbidden, err)
	ended, err := d.WithdrawProposal(ana, fresh.Proposal)
	require.NoError(t, err)
	require.Equal(t, proposal.Withdrawn, ended.State)
	refuses(t, domain.CodeNotFound, second(d.Proposal(bo, "nothing")))
}
