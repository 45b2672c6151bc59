package api

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/proposal"
)

// ByProposal is the path of an operation on one proposal.
type ByProposal struct {
	ID string `path:"id" maxLength:"64" doc:"Id of the proposal"`
}

// proposals registers the edits of policies that need a second person.
func (a *API) proposals() {
	register(a, operation(http.MethodGet, "/policy-proposals", "list-policy-proposals", "Edits that wait for a second person, and then the newest that were decided", "Policies", app.PermissionPolicyRead),
		func(ctx context.Context, _ *struct{}) (*list[app.ProposalView], error) {
			return listed(a.Service.Proposals(ctx))
		})
	register(a, operation(http.MethodGet, "/policy-proposals/{id}", "read-policy-proposal", "One edit, and for whom it waits", "Policies", app.PermissionPolicyRead),
		func(ctx context.Context, in *ByProposal) (*answer[app.ProposalView], error) {
			return answered(a.Service.Proposal(ctx, in.ID))
		})
	register(a, operation(http.MethodPost, "/policy-proposals/{id}/decide", "decide-policy-proposal", "Approve exactly what has this hash, which stores it, or reject it; never by whoever wrote on it", "Policies", app.PermissionPolicyApprove, http.StatusConflict),
		func(ctx context.Context, in *struct {
			ByProposal
			Body proposal.Decision
		},
		) (*answer[app.ProposalView], error) {
			return answered(a.Service.DecideProposal(ctx, in.ID, in.Body))
		})
	register(a, operation(http.MethodPost, "/policy-proposals/{id}/withdraw", "withdraw-policy-proposal", "End an edit that one wrote", "Policies", app.PermissionPolicyWrite, http.StatusConflict),
		func(ctx context.Context, in *ByProposal) (*answer[app.ProposalView], error) {
			return answered(a.Service.WithdrawProposal(ctx, in.ID))
		})
}
