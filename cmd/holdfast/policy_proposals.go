package main

import (
	"context"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/proposal"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
)

type proposalList struct{}

// Run lists the edits that wait for a second person, and the newest that were decided.
func (proposalList) Run(ctx context.Context, s *session) error {
	list, err := s.service.Proposals(ctx)
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: proposalTable(list)})
}

func proposalTable(list []app.ProposalView) table {
	t := table{titles: []string{"DOCUMENT", "STATE", "BY", "PROPOSED", "WAITS FOR", "REASON", "ID"}, empty: "No edit waits for a second person."}
	for _, one := range list {
		t.rows = append(t.rows, []any{
			one.Kind + "/" + one.Name, string(one.State), one.ProposedBy, one.ProposedAt, strings.Join(one.WaitsFor, " "), one.Reason, one.ID,
		})
	}
	return t
}

// proposed is an edit by its id, or by the document it is about.
type proposed struct {
	Proposal string `arg:"" help:"Its id, or its document, such as ChangeModel/restart."`
}

func (c proposed) find(ctx context.Context, s *session) (app.ProposalView, error) {
	if !strings.Contains(c.Proposal, "/") {
		return s.service.Proposal(ctx, c.Proposal)
	}
	list, err := s.service.Proposals(ctx)
	if err != nil {
		return app.ProposalView{}, err
	}
	for _, one := range list {
		if one.State == proposal.Waiting && one.Kind+"/"+one.Name == c.Proposal {
			return one, nil
		}
	}
	return app.ProposalView{}, domain.Errorf(domain.CodeNotFound, "no edit of %s waits for a second person", c.Proposal)
}

// difference prints what an edit changes.
func (s *session) difference(ctx context.Context, one app.ProposalView) error {
	before := ""
	if one.Base > 0 {
		stored, err := s.service.Policy(ctx, one.Kind, one.Name, one.Base)
		if err != nil {
			return err
		}
		if before, err = policytext.Source(stored); err != nil {
			return err
		}
	}
	after, err := policytext.Source(policy.Document{Kind: one.Kind, Name: one.Name, Spec: one.Spec})
	if err != nil {
		return err
	}
	name := one.Kind + "/" + one.Name
	return s.patch(policytext.Unified(name+" in force", name+" by "+one.ProposedBy, before, after))
}

type proposalShow struct{ proposed }

// Run prints what an edit changes, and for whom it waits.
func (c *proposalShow) Run(ctx context.Context, s *session) error {
	one, err := c.find(ctx, s)
	if err != nil {
		return err
	}
	return s.show(view{data: one, table: proposalTable([]app.ProposalView{one}), text: func(p *printer) error {
		if err := s.difference(ctx, one); err != nil {
			return err
		}
		if one.State != proposal.Waiting {
			return p.line("%s", safe("The edit is "+string(one.State)+"."))
		}
		return p.line("%s", safe("Waits for one of: "+strings.Join(one.WaitsFor, ", ")))
	}})
}

type proposalApprove struct{ proposed }

// Run shows what an edit changes and approves exactly that.
func (c *proposalApprove) Run(ctx context.Context, s *session) error {
	one, err := c.find(ctx, s)
	if err != nil {
		return err
	}
	if err := s.difference(ctx, one); err != nil {
		return err
	}
	return s.decide(ctx, one, proposal.Decision{Vote: approval.Approve, Hash: one.Hash})
}

type proposalReject struct {
	proposed
	Reason string `required:"" short:"r" placeholder:"TEXT" help:"Why."`
}

// Run rejects an edit.
func (c *proposalReject) Run(ctx context.Context, s *session) error {
	one, err := c.find(ctx, s)
	if err != nil {
		return err
	}
	return s.decide(ctx, one, proposal.Decision{Vote: approval.Reject, Hash: one.Hash, Comment: c.Reason})
}

func (s *session) decide(ctx context.Context, one app.ProposalView, said proposal.Decision) error {
	decided, err := s.service.DecideProposal(ctx, one.ID, said)
	if err != nil {
		return err
	}
	return s.show(view{data: decided, table: proposalTable([]app.ProposalView{decided})})
}

type proposalWithdraw struct{ proposed }

// Run ends an edit that one wrote.
func (c *proposalWithdraw) Run(ctx context.Context, s *session) error {
	one, err := c.find(ctx, s)
	if err != nil {
		return err
	}
	ended, err := s.service.WithdrawProposal(ctx, one.ID)
	if err != nil {
		return err
	}
	return s.show(view{data: ended, table: proposalTable([]app.ProposalView{ended})})
}
