package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/auth"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// What a one-use link is for.
const (
	// ForPassword lets somebody set their password, the first one or a new one, and signs them in.
	ForPassword = "password"
	// ForEntering signs somebody in; the program that starts an installation makes one for its administrator.
	ForEntering = "enter"
)

// How long links work.
const (
	passwordLinkLasts = 72 * time.Hour
	enterLinkLasts    = time.Hour
)

// InvitationPath is where the console takes links; the secret follows.
const InvitationPath = "/welcome/"

// Invite makes a link with which somebody sets their password. Whoever had one before can use that no more; a password that they
// have works until the link is used. The link is in the answer only; that there is one is left in the outbox for the person.
//
// The same idempotency key makes one invitation. No secret is kept to be answered again, so whoever asks again within ten minutes
// gets a new link for it, and the one before works no more. Later, or once it was used, it is a conflict.
func (a *App) Invite(ctx context.Context, key, person string) (NewInvitation, error) {
	principal, err := a.govern(ctx, PermissionPeopleWrite, "invite", person)
	if err != nil {
		return NewInvitation{}, err
	}
	if len(principal.Permissions) > 0 {
		// Whoever has the link becomes the person: a part of somebody's rights must not become all of somebody else's.
		refused := domain.Errorf(domain.CodeForbidden, "a token that carries some permissions only makes no invitations")
		return NewInvitation{}, a.auditForbidden(ctx, principal, "invite", "", person, refused)
	}
	return a.invite(ctx, principal, key, person, ForPassword, passwordLinkLasts)
}

// EnterLink makes a link that signs somebody in once. Only programs of the installation's own make such.
func (a *App) EnterLink(ctx context.Context, person string) (NewInvitation, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return NewInvitation{}, err
	}
	if principal.TokenID != "" || principal.SessionID != "" {
		return NewInvitation{}, domain.Errorf(domain.CodeForbidden, "only the installation makes such links")
	}
	return a.invite(ctx, principal, "", person, ForEntering, enterLinkLasts)
}

func (a *App) invite(ctx context.Context, principal Principal, key, handle, purpose string, lasts time.Duration) (NewInvitation, error) {
	person, err := a.person(ctx, handle)
	if err != nil {
		return NewInvitation{}, err
	}
	if !person.Active || person.Kind != "person" {
		return NewInvitation{}, domain.Invalid("person", "is inactive or a machine, and cannot sign in")
	}
	secret, hash := NewSecret()
	now := a.now()
	row := schemas.InvitationRow{
		ID: keyedID("invitation", principal, key), Hash: hash, Person: handle, Purpose: purpose, MadeBy: principal.Handle,
		CreatedAt: now, ExpiresAt: now.Add(lasts),
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockAccounts(ctx, tx); err != nil {
			return err
		}
		made, found, err := schemas.MadeInvitation(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		if found {
			return a.renewInvitation(ctx, tx, principal, &row, made)
		}
		if err := schemas.AddInvitation(ctx, tx, row); err != nil {
			return err
		}
		if purpose == ForPassword {
			told, err := json.Marshal(map[string]any{"invitation": row.ID, "by": principal.Handle, "expires_at": row.ExpiresAt})
			if err != nil {
				return err
			}
			if err := schemas.TellAccount(ctx, tx, "account.invited", handle, string(told), now); err != nil {
				return err
			}
		}
		return a.auditIn(ctx, tx, a.line(principal, "invite", "done", row.ID+" for "+handle+" to "+purpose))
	})
	if err != nil {
		return NewInvitation{}, a.fault(ctx, "making an invitation", err)
	}
	return NewInvitation{Person: handle, Path: InvitationPath + secret, ExpiresAt: row.ExpiresAt}, nil
}

// renewInvitation gives one that was made a moment ago the secret that is about to be answered, and makes row the one that is kept.
func (a *App) renewInvitation(ctx context.Context, tx bun.Tx, principal Principal, row *schemas.InvitationRow, made schemas.InvitationRow) error {
	switch {
	case made.Person != row.Person || made.Purpose != row.Purpose:
		return domain.OtherBody()
	case made.UsedAt != nil || row.CreatedAt.Sub(made.CreatedAt) > secretAgain:
		return domain.Errorf(domain.CodeConflict, "this made a link before, and it was shown then; make another one")
	}
	made.Hash = row.Hash
	*row = made
	if err := schemas.ChangeInvitationHash(ctx, tx, row.ID, row.Hash); err != nil {
		return err
	}
	return a.auditIn(ctx, tx, a.line(principal, "invite", "done", row.ID+" for "+row.Person+" again, with a new link"))
}

// Invited tells whom a link is for.
func (a *App) Invited(ctx context.Context, secret string) (Invited, error) {
	_, invited, err := a.invitation(ctx, a.DB, secret)
	return invited, err
}

func (a *App) invitation(ctx context.Context, db bun.IDB, secret string) (schemas.InvitationRow, Invited, error) {
	row, person, found, err := schemas.FindInvitation(ctx, db, HashSecret(secret), a.now())
	if err != nil {
		return row, Invited{}, a.fault(ctx, "reading an invitation", err)
	}
	if !found || len(secret) > 200 {
		return row, Invited{}, domain.Errorf(domain.CodeNotFound, "this link was used before, was replaced by a newer one, or is too old; ask for another")
	}
	return row, Invited{Person: person.Handle, Name: person.Name, Purpose: row.Purpose, ExpiresAt: row.ExpiresAt.UTC()}, nil
}

// Accept uses a link up. Setting a password ends every session that the person has: whoever lost it may not be alone with it.
func (a *App) Accept(ctx context.Context, secret, password string, from Caller) (NewSession, error) {
	_, invited, err := a.invitation(ctx, a.DB, secret)
	if err != nil {
		return NewSession{}, err
	}
	hash := ""
	if invited.Purpose == ForPassword {
		if err := auth.Check(password, invited.Person, invited.Name); err != nil {
			return NewSession{}, err
		}
		if hash, err = a.hash(ctx, password); err != nil {
			return NewSession{}, err
		}
	}
	var session NewSession
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		row, _, err := a.invitation(ctx, tx, secret)
		if err != nil {
			return err
		}
		now := a.now()
		used, err := schemas.UseInvitation(ctx, tx, row.ID, now)
		if err != nil {
			return err
		}
		if !used {
			return domain.Errorf(domain.CodeNotFound, "this link was used a moment ago; ask for another")
		}
		if hash != "" {
			if err := a.settle(ctx, tx, invited.Person, hash, "", now); err != nil {
				return err
			}
		}
		if session, err = a.stay(ctx, tx, invited.Person, "", from); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(Principal{Handle: invited.Person}, "sign in", "done", "link "+row.ID+" from "+from.Address))
	})
	return session, a.fault(ctx, "accepting an invitation", err)
}

// settle sets a password, ends all sessions but one and every link, and forgives failed attempts at the account.
func (a *App) settle(ctx context.Context, tx bun.Tx, person, hash, but string, now time.Time) error {
	if err := schemas.SetPassword(ctx, tx, person, hash, now); err != nil {
		return err
	}
	if err := shutOut(ctx, tx, person, but, now); err != nil {
		return err
	}
	return schemas.ForgiveAttempts(ctx, tx, nil, []string{accountOf(person)}, now)
}

// shutOut ends somebody's sessions but one, and every link.
func shutOut(ctx context.Context, tx bun.Tx, person, but string, now time.Time) error {
	if err := schemas.EndSessions(ctx, tx, person, but, now); err != nil {
		return err
	}
	return schemas.DropInvitations(ctx, tx, person, "", now)
}

// SetPassword gives somebody a password without a link. Only programs of the installation's own do so, for people of a demo.
func (a *App) SetPassword(ctx context.Context, person, password string) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	if principal.TokenID != "" || principal.SessionID != "" {
		return domain.Errorf(domain.CodeForbidden, "only the installation sets passwords of others; make an invitation")
	}
	if err := auth.Check(password, person); err != nil {
		return err
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := a.settle(ctx, tx, person, hash, "", a.now()); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, "set password", "done", person))
	})
	return a.fault(ctx, "setting a password", err)
}
