package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/proposal"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Proposals are edits of policy documents that need a second person (docs/adr/0020).
type Proposals interface {
	// Proposals lists those that wait, and then the newest that were decided.
	Proposals(ctx context.Context) ([]ProposalView, error)
	Proposal(ctx context.Context, id string) (ProposalView, error)
	// DecideProposal approves exactly what has this hash, which stores it as a version, or rejects it.
	DecideProposal(ctx context.Context, id string, said proposal.Decision) (ProposalView, error)
	// WithdrawProposal ends a proposal; whoever wrote on it may.
	WithdrawProposal(ctx context.Context, id string) (ProposalView, error)
}

// ProposalView is a proposal, and whom it waits for.
type ProposalView struct {
	proposal.Proposal
	WaitsFor []string `json:"waits_for" doc:"Who can approve it"`
}

// maxProposals bounds how many proposals a list has.
const maxProposals = 100

func (a *App) proposalView(p proposal.Proposal) (ProposalView, error) {
	now, err := p.At(a.now())
	return ProposalView{Proposal: now, WaitsFor: now.WaitsFor()}, err
}

// Proposals lists those that wait, and then the newest that were decided.
func (a *App) Proposals(ctx context.Context) ([]ProposalView, error) {
	if err := a.allowed(ctx, PermissionPolicyRead); err != nil {
		return nil, err
	}
	found, err := schemas.ListProposals(ctx, a.DB, maxProposals)
	if err != nil {
		return nil, a.fault(ctx, "listing proposals", err)
	}
	list := make([]ProposalView, len(found))
	for i, one := range found {
		if list[i], err = a.proposalView(one); err != nil {
			return nil, a.fault(ctx, "listing proposals", err)
		}
	}
	return list, nil
}

// Proposal reads one proposal.
func (a *App) Proposal(ctx context.Context, id string) (ProposalView, error) {
	if err := a.allowed(ctx, PermissionPolicyRead); err != nil {
		return ProposalView{}, err
	}
	found, known, err := schemas.ReadProposal(ctx, a.DB, id)
	switch {
	case err != nil:
		return ProposalView{}, a.fault(ctx, "reading a proposal", err)
	case !known:
		return ProposalView{}, noProposal(id)
	}
	return a.proposalView(found)
}

func noProposal(id string) error { return domain.Errorf(domain.CodeNotFound, "no proposal %s", id) }

// approvers are the people who can approve an edit of a policy now.
func approvers(ctx context.Context, tx bun.Tx) ([]approval.Member, error) {
	found, err := schemas.ReadVoting(ctx, tx, schemas.VotingAsked{Record: uuid.Nil.String(), Targets: proposal.Targets})
	if err != nil {
		return nil, err
	}
	var seats []approval.Member
	for _, people := range found.Seats() {
		seats = append(seats, people...)
	}
	return approval.NewElectorate(seats, approval.Parties{}).Members, nil
}

// installs reports whether a program of the installation asks, such as the one that stores the documents it comes with.
func (p Principal) installs() bool { return p.TokenID == "" && p.SessionID == "" }

// propose holds an edit back that needs a second person, and answers its proposal. None is held that the installation makes, or where
// nobody else is there who could approve it: that is written down.
func (a *App) propose(ctx context.Context, tx bun.Tx, principal Principal, wanted policy.Document, base int) (held string, err error) {
	if !proposal.Needed(wanted.Kind) || principal.installs() {
		return "", nil
	}
	seats, err := approvers(ctx, tx)
	if err != nil {
		return "", err
	}
	pending, waits, err := a.pending(ctx, tx, wanted)
	if err != nil {
		return "", err
	}
	before := pending
	if waits {
		if pending, err = pending.Edit(wanted, base, principal.Handle, seats, a.now()); err != nil {
			return "", err
		}
		if pending.Approval.Verdict() == approval.Error { // nobody is left but those who wrote on it: it is this author's anew
			if err := schemas.SaveProposal(ctx, tx, before.End(principal.Handle, a.now())); err != nil {
				return "", err
			}
			waits = false
		}
	}
	name := wanted.Kind + "/" + wanted.Name
	if !waits {
		pending, err = proposal.New(uuid.NewString(), wanted, base, principal.Handle, seats, a.now())
		if domain.CodeOf(err) == domain.CodeConflict && err != nil {
			return "", a.auditIn(ctx, tx, a.line(principal, "apply policy", "alone", name+": nobody else can approve it"))
		}
		if err != nil {
			return "", err
		}
	}
	if waits && pending.Hash == before.Hash && pending.Approval.Stages[0].Round == before.Approval.Stages[0].Round {
		return pending.ID, nil
	}
	if err := schemas.SaveProposal(ctx, tx, pending); err != nil {
		return "", err
	}
	if err := a.auditIn(ctx, tx, a.line(principal, "propose policy", "done", name+" "+pending.Hash[:12])); err != nil {
		return "", err
	}
	return pending.ID, a.tellApprovers(ctx, tx, pending)
}

// pending reads the proposal that waits under a document's name. One that has waited too long is rejected by now.
func (a *App) pending(ctx context.Context, tx bun.Tx, wanted policy.Document) (proposal.Proposal, bool, error) {
	found, waits, err := schemas.WaitingProposal(ctx, tx, wanted.Kind, wanted.Name)
	if err != nil || !waits {
		return found, false, err
	}
	now, err := found.At(a.now())
	if err != nil || now.State == proposal.Waiting {
		return found, err == nil, err
	}
	return proposal.Proposal{}, false, schemas.SaveProposal(ctx, tx, now)
}

func (a *App) tellApprovers(ctx context.Context, tx bun.Tx, p proposal.Proposal) error {
	told, err := json.Marshal(map[string]any{"person": p.ProposedBy, "title": p.Kind + "/" + p.Name, "reason": p.Reason, "proposal": p.ID})
	if err != nil {
		return fmt.Errorf("encoding a proposal: %w", err)
	}
	for _, person := range p.WaitsFor() {
		if err := schemas.TellAccount(ctx, tx, "account.policy_proposed", person, string(told), a.now()); err != nil {
			return err
		}
	}
	return nil
}

// DecideProposal approves exactly what has this hash, which stores it as a version, or rejects it. It is forbidden to whoever wrote on
// it, and a conflict where its content, or the version that it was made from, is another by now.
func (a *App) DecideProposal(ctx context.Context, id string, said proposal.Decision) (ProposalView, error) {
	principal, err := a.governs(ctx, PermissionPolicyApprove, "decide policy", id)
	if err != nil {
		return ProposalView{}, err
	}
	var decided proposal.Proposal
	err = a.changeProposal(ctx, id, func(ctx context.Context, tx bun.Tx, p proposal.Proposal) (proposal.Proposal, error) {
		seats, err := approvers(ctx, tx)
		if err != nil {
			return p, err
		}
		if decided, err = p.Decide(principal.Handle, said, seats, a.now()); err != nil {
			return p, err
		}
		if decided.State == proposal.Applied {
			if decided.Version, err = a.storeProposal(ctx, tx, decided); err != nil {
				return p, err
			}
		}
		told, err := json.Marshal(map[string]any{
			"person": principal.Handle, "title": p.Kind + "/" + p.Name, "outcome": decided.State, "reason": said.Comment, "proposal": p.ID,
		})
		if err != nil {
			return p, fmt.Errorf("encoding a decision: %w", err)
		}
		if err := schemas.TellAccount(ctx, tx, "account.policy_decided", p.ProposedBy, string(told), a.now()); err != nil {
			return p, err
		}
		return decided, a.auditIn(ctx, tx, a.line(principal, "decide policy", string(decided.State), p.Kind+"/"+p.Name+" "+p.Hash[:12]))
	})
	if err != nil {
		return ProposalView{}, a.auditForbidden(ctx, principal, "decide policy", "", id, a.fault(ctx, "deciding a proposal", err))
	}
	a.posted()
	return a.proposalView(decided)
}

// storeProposal stores what was approved as the next version, and answers its number.
func (a *App) storeProposal(ctx context.Context, tx bun.Tx, p proposal.Proposal) (int, error) {
	document := p.Document()
	var fields []domain.FieldError
	for _, problem := range a.problems(document) {
		fields = append(fields, domain.FieldError{Location: "body." + problem.Path, Message: problem.Message})
	}
	if err := domain.Join(fields); err != nil {
		return 0, err
	}
	newest, _, err := schemas.ReadPolicy(ctx, tx, p.Kind, p.Name, 0)
	if err != nil {
		return 0, err
	}
	if newest.Version != p.Base {
		return 0, overtaken(newest, p.Base)
	}
	stored, err := a.storePolicy(ctx, tx, schemas.PolicyRow{
		Kind: p.Kind, Name: p.Name, Version: newest.Version + 1, Spec: string(p.Spec), Author: p.ProposedBy, Reason: p.Reason, ApprovedBy: p.DecidedBy,
	})
	return stored.Version, err
}

// WithdrawProposal ends a proposal; whoever wrote on it may.
func (a *App) WithdrawProposal(ctx context.Context, id string) (ProposalView, error) {
	principal, err := a.governs(ctx, PermissionPolicyWrite, "withdraw policy", id)
	if err != nil {
		return ProposalView{}, err
	}
	var ended proposal.Proposal
	err = a.changeProposal(ctx, id, func(ctx context.Context, tx bun.Tx, p proposal.Proposal) (proposal.Proposal, error) {
		if ended, err = p.Withdraw(principal.Handle, a.now()); err != nil {
			return p, err
		}
		return ended, a.auditIn(ctx, tx, a.line(principal, "withdraw policy", "done", p.Kind+"/"+p.Name+" "+p.Hash[:12]))
	})
	if err != nil {
		return ProposalView{}, a.fault(ctx, "withdrawing a proposal", err)
	}
	return a.proposalView(ended)
}

// governs is govern for what counts only where it is held for everything.
func (a *App) governs(ctx context.Context, permission Permission, action, detail string) (Principal, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, err
	}
	return principal, a.auditForbidden(ctx, principal, action, "", detail, principal.may(permission, principal.rolesForAll()))
}

// changeProposal changes a proposal while it holds its document's name.
func (a *App) changeProposal(ctx context.Context, id string, change func(context.Context, bun.Tx, proposal.Proposal) (proposal.Proposal, error)) error {
	return a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		found, known, err := schemas.ReadProposal(ctx, tx, id)
		if err != nil {
			return err
		}
		if !known {
			return noProposal(id)
		}
		if err := schemas.LockPolicyName(ctx, tx, found.Kind, found.Name); err != nil {
			return err
		}
		if found, _, err = schemas.ReadProposal(ctx, tx, id); err != nil { // as it is now that nobody else changes it
			return err
		}
		changed, err := change(ctx, tx, found)
		if err != nil {
			return err
		}
		return schemas.SaveProposal(ctx, tx, changed)
	})
}

// MayDecide reports whether somebody is one of those for whom it waits.
func (v ProposalView) MayDecide(who Principal) bool {
	return slices.Contains(v.WaitsFor, who.Handle) && who.may(PermissionPolicyApprove, who.rolesForAll()) == nil
}

// Wrote reports whether somebody wrote on it.
func (v ProposalView) Wrote(who Principal) bool {
	_, party := v.Approval.Parties.Bars(who.Handle)
	return party
}
