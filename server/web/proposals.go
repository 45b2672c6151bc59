package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/proposal"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
	"github.com/holdfast-itsm/holdfast/server"
)

const proposalsPath = policiesPath + "/proposals"

// mountProposals adds the pages of the edits that need a second person.
func (w *console) mountProposals(pages *gin.RouterGroup) {
	proposals := pages.Group(proposalsPath, w.staffOnly)
	proposals.GET("/:id", w.proposal)
	proposals.POST("/:id/decide", w.needs(app.PermissionPolicyApprove), w.decideProposal)
	proposals.POST("/:id/withdraw", w.needs(app.PermissionPolicyWrite), w.withdrawProposal)
}

// proposalView is an edit that waits for a second person, or has been decided.
type proposalView struct {
	page
	Proposal app.ProposalView
	// Hunks are what it changes of the version that it was made from.
	Hunks   []policytext.Hunk
	Problem *server.Problem
	Comment string
}

func (v proposalView) waits() bool { return v.Proposal.State == proposal.Waiting }

func (v proposalView) decides() bool {
	return v.waits() && v.Who != nil && v.Proposal.MayDecide(*v.Who)
}

func (v proposalView) wrote() bool { return v.Who != nil && v.Proposal.Wrote(*v.Who) }

func proposalURL(id string) string { return proposalsPath + "/" + id }

// waitingProposals are the edits that wait, of one document or, without a name, of all.
func (w *console) waitingProposals(c *gin.Context, kind, name string) ([]app.ProposalView, error) {
	list, err := w.Service.Proposals(c.Request.Context())
	return slices.DeleteFunc(list, func(one app.ProposalView) bool {
		return one.State != proposal.Waiting || name != "" && (one.Kind != kind || one.Name != name)
	}), err
}

// proposal shows an edit: what it changes, who wrote it, and for whom it waits.
func (w *console) proposal(c *gin.Context) { w.showProposal(c, http.StatusOK, nil, "") }

func (w *console) showProposal(c *gin.Context, status int, problem *server.Problem, comment string) {
	ctx := c.Request.Context()
	found, err := w.Service.Proposal(ctx, c.Param("id"))
	if err != nil {
		w.fail(c, err)
		return
	}
	view := proposalView{page: w.page(c, "Edit of "+found.Name), Proposal: found, Problem: problem, Comment: comment}
	before := policy.Document{}
	if found.Base > 0 {
		if before, err = w.Service.Policy(ctx, found.Kind, found.Name, found.Base); err != nil {
			w.fail(c, err)
			return
		}
	}
	if view.Hunks, err = proposedHunks(before, found); err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, status, proposalPage(view))
}

// proposedHunks compares an edit with the version that it was made from, which may be none.
func proposedHunks(before policy.Document, found app.ProposalView) ([]policytext.Hunk, error) {
	old := ""
	if found.Base > 0 {
		var err error
		if old, err = policytext.Source(before); err != nil {
			return nil, err
		}
	}
	fresh, err := policytext.Source(policy.Document{Kind: found.Kind, Name: found.Name, Spec: found.Spec})
	return policytext.Hunks(old, fresh), err
}

// decideProposal approves or rejects what the page showed, by its hash.
func (w *console) decideProposal(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	comment := strings.TrimSpace(c.PostForm("comment"))
	said := proposal.Decision{Vote: approval.Choice(c.PostForm("vote")), Hash: c.PostForm("hash"), Comment: comment}
	decided, err := w.Service.DecideProposal(c.Request.Context(), c.Param("id"), said)
	switch {
	case err != nil && domain.CodeOf(err) == domain.CodeNotFound:
		w.fail(c, err)
	case err != nil:
		problem := server.ProblemOf(err)
		w.showProposal(c, problem.Status, problem, comment)
	case decided.State == proposal.Applied:
		c.Redirect(http.StatusSeeOther, policyURL(decided.Document()))
	default:
		c.Redirect(http.StatusSeeOther, proposalURL(decided.ID))
	}
}

// withdrawProposal ends an edit of one's own.
func (w *console) withdrawProposal(c *gin.Context) {
	ended, err := w.Service.WithdrawProposal(c.Request.Context(), c.Param("id"))
	if err != nil {
		w.fail(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, proposalURL(ended.ID))
}

// standing says what becomes of the edit, or became of it.
func (v proposalView) standing() string {
	by := v.Proposal.ProposedBy + " wrote it; "
	switch v.Proposal.State {
	case proposal.Applied:
		return by + orNone(v.Proposal.DecidedBy) + " approved it, and it is in force."
	case proposal.Rejected:
		return by + "it did not come into force."
	case proposal.Withdrawn:
		return by + "it was withdrawn before anybody decided."
	}
	return by + "it comes into force once another person has approved exactly this."
}

// proposalStates word where an edit stands.
var proposalStates = map[proposal.State]string{
	proposal.Waiting: "Waits for a second person", proposal.Applied: "Approved and in force", proposal.Rejected: "Rejected", proposal.Withdrawn: "Withdrawn",
}
