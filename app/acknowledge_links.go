package app

import (
	"context"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Links are those in mails. One that acknowledges acts without a session: whoever holds it may do that one thing, as the person that it
// was mailed to. One that leads to a vote needs that person's session.
type Links interface {
	ApprovalLinks
	// AcknowledgeLink tells what a link in the mail of a page is for, and uses nothing up: not_found where there is none such.
	AcknowledgeLink(ctx context.Context, secret string) (AcknowledgeLink, error)
	// AcknowledgeByLink acknowledges the link's escalation as its person, once: not_found where the link does not work, or not any
	// more, conflict where somebody takes care already.
	AcknowledgeByLink(ctx context.Context, secret string, from Caller) (AcknowledgeLink, error)
}

var _ Links = (*App)(nil)

// AcknowledgePath is where the console takes links that acknowledge; the secret follows.
const AcknowledgePath = "/acknowledge/"

// AcknowledgeLink is what the link in the mail of a page is for.
type AcknowledgeLink struct {
	Person, Name, Zone string
	// Number is the escalation's, SourceNumber that of the record which needs somebody.
	Number, SourceNumber, Title, Why string
	Priority                         int
	// State is the escalation's as it stands; AcknowledgedBy takes care of it, "": nobody.
	State          domain.State
	AcknowledgedBy string
	ExpiresAt      time.Time
	// Over says why the link does not work any more; empty: it does.
	Over LinkOver
}

// LinkOver is why a link does not work any more.
type LinkOver string

// The reasons for which a link does not work any more.
const (
	LinkUsed    LinkOver = "used"
	LinkExpired LinkOver = "expired"
	// LinkEnded: nobody is needed any more.
	LinkEnded LinkOver = "ended"
	// LinkLeft: the link's person is not among those who decide any more.
	LinkLeft LinkOver = "left"
	// LinkNotInPlace: the link's person does not vote in place of whom it was for any more.
	LinkNotInPlace LinkOver = "not_in_place"
)

// AcknowledgeLink tells what a link is for.
func (a *App) AcknowledgeLink(ctx context.Context, secret string) (AcknowledgeLink, error) {
	link, _, _, err := a.acknowledgeLink(ctx, secret)
	return link, err
}

func (a *App) acknowledgeLink(ctx context.Context, secret string) (AcknowledgeLink, schemas.AcknowledgeLink, schemas.Bearer, error) {
	row, bearer, found, err := schemas.FindAcknowledgeLink(ctx, a.DB, HashSecret(secret))
	if err != nil {
		return AcknowledgeLink{}, row, bearer, a.fault(ctx, "reading a link to acknowledge", err)
	}
	if !found || len(secret) > 200 {
		return AcknowledgeLink{}, row, bearer, domain.Errorf(domain.CodeNotFound, "no mail of a page holds this link")
	}
	link := AcknowledgeLink{
		Person: bearer.Person.Handle, Name: bearer.Person.Name, Zone: bearer.Person.Zone, Number: row.Number, SourceNumber: row.SourceNumber,
		Title: row.Title, Why: row.Why, Priority: row.Priority, State: domain.State(row.State), AcknowledgedBy: row.AcknowledgedBy, ExpiresAt: row.ExpiresAt.UTC(),
	}
	switch {
	case row.UsedAt != nil:
		link.Over = LinkUsed
	case !row.Open:
		link.Over = LinkEnded
	case !row.ExpiresAt.After(a.now()):
		link.Over = LinkExpired
	}
	return link, row, bearer, nil
}

// AcknowledgeByLink acknowledges as the person of a link. The link's hash is the command's key: pressed twice at once, it is one
// command, and one that could not be decided leaves the link as it was.
func (a *App) AcknowledgeByLink(ctx context.Context, secret string, from Caller) (AcknowledgeLink, error) {
	link, row, bearer, err := a.acknowledgeLink(ctx, secret)
	if err != nil || link.Over != "" {
		return link, err
	}
	principal := Principal{
		Handle: bearer.Person.Handle, Name: bearer.Person.Name, Kind: bearer.Person.Kind, Zone: bearer.Person.Zone,
		Grants: grantsOf(bearer.Grants), Permissions: []string{string(escalation.Practice) + ".acknowledge"},
	}
	_, err = a.Execute(WithPrincipal(ctx, principal), Request{Practice: escalation.Practice, Verb: "acknowledge", Record: row.Escalation, Key: row.Hash})
	if err != nil {
		return link, err
	}
	if _, err := schemas.UseAcknowledgeLink(ctx, a.DB, row.Hash, a.now()); err != nil {
		return link, a.fault(ctx, "using a link to acknowledge", err)
	}
	link.AcknowledgedBy, link.State = link.Person, escalation.Acknowledged
	return link, a.audit(ctx, link.Person, "acknowledge by link", row.Escalation, "done", link.Number+" from "+from.Address)
}
