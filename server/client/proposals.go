package client

import (
	"context"
	"net/http"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/proposal"
)

// Proposals lists the edits of policies that wait for a second person, and then the newest that were decided.
func (c *client) Proposals(ctx context.Context) ([]app.ProposalView, error) {
	return list[app.ProposalView](ctx, c, get("policy-proposals"))
}

// Proposal reads one edit.
func (c *client) Proposal(ctx context.Context, id string) (app.ProposalView, error) {
	return one[app.ProposalView](ctx, c, get("policy-proposals", id))
}

// DecideProposal approves or rejects an edit.
func (c *client) DecideProposal(ctx context.Context, id string, said proposal.Decision) (app.ProposalView, error) {
	return one[app.ProposalView](ctx, c, call{method: http.MethodPost, path: []string{"policy-proposals", id, "decide"}, body: said})
}

// WithdrawProposal ends an edit.
func (c *client) WithdrawProposal(ctx context.Context, id string) (app.ProposalView, error) {
	return one[app.ProposalView](ctx, c, call{method: http.MethodPost, path: []string{"policy-proposals", id, "withdraw"}})
}
