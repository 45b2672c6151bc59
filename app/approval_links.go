package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// ApprovalLinks lead from the mail that asks for a vote to that vote. A link is one person's, is about what the change was as the mail
// was sent, and works once; it opens nothing without a session of that very person.
type ApprovalLinks interface {
	// ApprovalLink tells what a link is for, and uses nothing up: not_found where there is none such, forbidden, with a line in the
	// audit, in the session of somebody else, and conflict with the fields that have changed since.
	ApprovalLink(ctx context.Context, secret string) (ApprovalLink, error)
	// VoteByLink votes as the link's person, once, on what the mail was about; it is refused as ApprovalLink and the vote are.
	VoteByLink(ctx context.Context, secret string, ballot LinkedBallot) (ApprovalLink, error)
}

var _ ApprovalLinks = (*App)(nil)

// ApprovePath is where the console takes links that lead to a vote; the secret follows.
const ApprovePath = "/approve/"

// ApprovalLink is what the link in the mail that asks for a vote is for.
type ApprovalLink struct {
	Change ChangeView
	Stage  string
	// Person is who votes by it, Seat whose vote it is: their own, or that of somebody who delegated to them.
	Person, Seat string
	ExpiresAt    time.Time
	// Over says why the link does not work any more; empty: it does.
	Over LinkOver
	// Left says why its person does not decide any more, where that is why it is over.
	Left approval.Leaving
}

// LinkedBallot is a vote by a link, which says what it is about.
type LinkedBallot struct {
	Vote       approval.Choice
	Comment    string
	Conditions []string
}

// ApprovalLink tells what a link is for.
func (a *App) ApprovalLink(ctx context.Context, secret string) (ApprovalLink, error) {
	link, _, err := a.approvalLink(ctx, secret)
	return link, err
}

func (a *App) approvalLink(ctx context.Context, secret string) (ApprovalLink, schemas.ApprovalLink, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return ApprovalLink{}, schemas.ApprovalLink{}, err
	}
	row, found, err := schemas.FindApprovalLink(ctx, a.DB, HashSecret(secret))
	if err != nil {
		return ApprovalLink{}, row, a.fault(ctx, "reading a link to vote", err)
	}
	if !found || len(secret) > 200 {
		return ApprovalLink{}, row, domain.Errorf(domain.CodeNotFound, "no mail that asks for a vote holds this link")
	}
	if row.Person != principal.Handle {
		refusal := domain.Errorf(domain.CodeForbidden, "this link is another person's: a vote is given by whoever it was mailed to, in their own session")
		return ApprovalLink{}, row, a.auditForbidden(ctx, principal, "change.cast_vote", row.Change, row.Number+" by the link of "+row.Person, refusal)
	}
	link := ApprovalLink{Stage: row.Stage, Person: row.Person, Seat: row.Seat, ExpiresAt: row.ExpiresAt}
	if link.Change, err = a.Change(ctx, row.Change); err != nil {
		return link, row, err
	}
	stage, asked := approval.Stage{}, link.Change.Approval != nil
	if asked {
		stage, asked = link.Change.Approval.Stage(row.Stage)
	}
	switch {
	case row.UsedAt != nil:
		link.Over = LinkUsed
		return link, row, nil
	case !row.ExpiresAt.After(a.now()):
		link.Over = LinkExpired
		return link, row, nil
	case !asked || link.Change.Approval.SubmittedAt == nil:
		link.Over = LinkEnded
		return link, row, nil
	}
	if err := link.Change.Approval.ChangedSince(row.Stage, row.Hashes); err != nil {
		return link, row, err
	}
	if !stage.State.TakesVotes() {
		link.Over = LinkEnded
	} else if link.Left = whyLeft(stage, row.Seat); link.Left != "" {
		link.Over = LinkLeft
	} else if row.Seat != row.Person {
		link.Over, err = a.inPlace(ctx, link.Change.Approval, row)
	}
	return link, row, err
}

// inPlace says whether a link of a delegate still leads to a vote in place of whom it was for.
func (a *App) inPlace(ctx context.Context, of *approval.Approval, row schemas.ApprovalLink) (LinkOver, error) {
	standing, err := schemas.ReadStanding(ctx, a.DB, row.Person, a.now())
	if err != nil {
		return "", a.fault(ctx, "reading the delegations of a link's person", err)
	}
	seats := approval.NewKeeper(*of, approval.Facts{Delegations: standing.Delegations}).AskedOf(standing.At, row.Person)
	if slices.ContainsFunc(seats, func(seat approval.Asked) bool { return seat.Stage == row.Stage && seat.Person == row.Seat }) {
		return "", nil
	}
	return LinkNotInPlace, nil
}

// whyLeft says why somebody does not vote in a stage any more; empty: they do.
func whyLeft(stage approval.Stage, person string) approval.Leaving {
	for _, member := range stage.Members {
		if member.Person == person {
			return member.Left
		}
	}
	return approval.NoLonger
}

// VoteByLink votes as the link's person. The link's hash is the command's key: pressed twice at once, it is one vote, and one that was
// refused leaves the link as it was.
func (a *App) VoteByLink(ctx context.Context, secret string, ballot LinkedBallot) (ApprovalLink, error) {
	link, row, err := a.approvalLink(ctx, secret)
	if err != nil || link.Over != "" {
		return link, err
	}
	vote := change.CastVote{Stage: row.Stage, Vote: ballot.Vote, Comment: ballot.Comment, Conditions: ballot.Conditions, Hashes: row.Hashes}
	if row.Seat != row.Person {
		vote.For = row.Seat
	}
	body, err := json.Marshal(vote)
	if err != nil {
		return link, fmt.Errorf("encoding a vote: %w", err)
	}
	reply, err := a.Execute(ctx, Request{Practice: change.Practice, Verb: "cast_vote", Record: row.Change, Key: row.Hash, Body: body})
	if err != nil {
		return link, err
	}
	if _, err := schemas.UseApprovalLink(ctx, a.DB, row.Hash, a.now()); err != nil {
		return link, a.fault(ctx, "using a link to vote", err)
	}
	if reply.Change != nil {
		link.Change = *reply.Change
	}
	return link, a.audit(ctx, row.Person, "vote by link", row.Change, "done", row.Number+" in "+row.Stage)
}
