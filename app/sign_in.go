package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/auth"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// SignIns is how people come to a session in the console. Every way in leads to the same sessions; single sign-on will be
// one more. Programs use API tokens instead.
type SignIns interface {
	// SignIn takes a handle and a password: unauthenticated when they do not belong together, too_many (with a time to wait)
	// after many that did not.
	SignIn(ctx context.Context, handle, password string, from Caller) (NewSession, error)
	// SignInWithToken begins a session that may no more than an API token, and ends with it.
	SignInWithToken(ctx context.Context, secret string, from Caller) (NewSession, error)
	// Invited tells whom a one-use link is for: not_found when it was used, replaced, or is too old.
	Invited(ctx context.Context, secret string) (Invited, error)
	// Accept uses a one-use link up, sets the password if the link is for that, and begins a session.
	Accept(ctx context.Context, secret, password string, from Caller) (NewSession, error)
	// ChangePassword sets the caller's own password and ends their other sessions.
	ChangePassword(ctx context.Context, present, wanted string, from Caller) error
	// SetZone sets the time zone in which the caller reads and writes times.
	SetZone(ctx context.Context, zone string) error
	// SetLanguage sets the language of the caller's pages by its tag; empty: that which their browser asks for.
	SetLanguage(ctx context.Context, tag string) error
	// Resume finds whose session a secret is, and notes that it is used.
	Resume(ctx context.Context, secret string) (Principal, error)
	// Renew finds out anew who somebody is, without that counting as use: for pages that stay open.
	Renew(ctx context.Context, principal Principal) (Principal, error)
	// SignOut ends the session that asks.
	SignOut(ctx context.Context) error
}

var _ SignIns = (*App)(nil)

// Caller is where somebody who signs in comes from.
type Caller struct {
	// Address is the IP address, as far as it is known.
	Address string
	Agent   string
	// Before is the secret of the session that the browser had until now, if any; it ends.
	Before string
}

// SignIn takes a handle and a password. An attempt is counted before it is tried, so that many at once count too. Whoever is
// unknown or has no password is answered the same, after the same work.
func (a *App) SignIn(ctx context.Context, handle, password string, from Caller) (NewSession, error) {
	handle = strings.ToLower(strings.TrimSpace(handle))
	if !handlePattern.MatchString(handle) {
		handle = nobody
	}
	tried, err := a.attempt(ctx, handle, from.Address)
	if err != nil {
		return NewSession{}, err
	}
	kept, err := schemas.ReadPassword(ctx, a.DB, handle)
	if err != nil {
		return NewSession{}, a.fault(ctx, "signing in", err)
	}
	matches, stale, err := a.matches(ctx, password, kept)
	if err != nil { // the password was not looked at: that is nobody's mistake
		return NewSession{}, errors.Join(err, tried.takeBack(ctx, a.DB, a.now()))
	}
	if !matches {
		return NewSession{}, a.turnedAway(ctx, handle, kept != "", from)
	}
	fresh := ""
	if stale {
		if fresh, err = a.hash(ctx, password); err != nil {
			return NewSession{}, err
		}
	}
	var session NewSession
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		now := a.now()
		if err := a.unchanged(ctx, tx, handle, kept); err != nil {
			return err
		}
		if stale {
			if err := schemas.SetPassword(ctx, tx, handle, fresh, now); err != nil {
				return err
			}
		}
		if err := tried.succeeded(ctx, tx, now); err != nil {
			return err
		}
		if session, err = a.stay(ctx, tx, handle, "", from); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(Principal{Handle: handle}, "sign in", "done", "password from "+from.Address))
	})
	return session, a.fault(ctx, "signing in", err)
}

// unchanged holds a password until the transaction ends, and refuses when it is not the one any more that was checked before.
func (a *App) unchanged(ctx context.Context, tx bun.Tx, handle, checked string) error {
	kept, err := schemas.ReadPassword(ctx, tx, handle)
	if err == nil && kept != checked {
		return wrongPassword()
	}
	return err
}

func wrongPassword() error {
	return domain.Errorf(domain.CodeUnauthenticated, "handle and password do not belong together")
}

// turnedAway writes down that a password was not right. Whoever is unknown is written down as such, so that it takes as long.
func (a *App) turnedAway(ctx context.Context, handle string, known bool, from Caller) error {
	if !known {
		handle = "unknown"
	}
	if err := a.audit(ctx, handle, "sign in", "", "refused", "password from "+from.Address); err != nil {
		return err
	}
	return wrongPassword()
}

// passwordWait bounds how long a password waits for its turn to be checked.
const passwordWait = 10 * time.Second

func (a *App) matches(ctx context.Context, password, kept string) (matches, stale bool, err error) {
	if len(password) > auth.MaxPasswordBytes {
		password = "" // nobody's, whatever it is
	}
	bounded, cancel := context.WithTimeout(ctx, passwordWait)
	defer cancel()
	matches, stale, err = a.Passwords.Matches(bounded, password, kept)
	return matches && password != "", stale && matches, a.busy(ctx, err)
}

func (a *App) hash(ctx context.Context, password string) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, passwordWait)
	defer cancel()
	hash, err := a.Passwords.Hash(bounded, password)
	return hash, a.busy(ctx, err)
}

// busy says that a password did not come to its turn.
func (a *App) busy(ctx context.Context, err error) error {
	if err != nil && a.Transient(err) {
		return &domain.Error{Code: domain.CodeUnavailable, Message: "too many people sign in just now; try again", RetryAfter: retryAfter}
	}
	return a.fault(ctx, "checking a password", err)
}

// SignInWithToken begins a session with an API token. Tokens are random, so that guessing them needs no pauses.
func (a *App) SignInWithToken(ctx context.Context, secret string, from Caller) (NewSession, error) {
	principal, err := a.Authenticate(ctx, secret)
	if err != nil {
		return NewSession{}, err
	}
	var session NewSession
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if session, err = a.stay(ctx, tx, principal.Handle, principal.TokenID, from); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, "sign in", "done", "token "+principal.TokenID+" from "+from.Address))
	})
	return session, a.fault(ctx, "signing in", err)
}

// ChangePassword sets the caller's own password. Whoever has one must say it; whoever came by a link may set a first one. A token
// is not enough for that: the password would go on when the token is revoked.
func (a *App) ChangePassword(ctx context.Context, present, wanted string, from Caller) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	if len(principal.Permissions) > 0 || principal.Kind == "machine" {
		return domain.Errorf(domain.CodeForbidden, "this session cannot set a password: it is a machine's, or its token carries some permissions only")
	}
	kept, err := schemas.ReadPassword(ctx, a.DB, principal.Handle)
	if err != nil {
		return a.fault(ctx, "changing a password", err)
	}
	if kept == "" && principal.TokenID != "" {
		return domain.Errorf(domain.CodeForbidden, "this session began with a token, which cannot set a first password; an administrator makes you a link for that")
	}
	var tried attempt
	if kept != "" {
		if tried, err = a.attempt(ctx, principal.Handle, from.Address); err != nil {
			return err
		}
		matches, _, err := a.matches(ctx, present, kept)
		if err != nil {
			return err
		}
		if !matches {
			if err := a.audit(ctx, principal.Handle, "change password", "", "refused", "from "+from.Address); err != nil {
				return err
			}
			return domain.Invalid("present", "is not your present password")
		}
	}
	if err := auth.Check(wanted, principal.Handle, principal.Name); err != nil {
		return err
	}
	hash, err := a.hash(ctx, wanted)
	if err != nil {
		return err
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		now := a.now()
		if err := a.unchanged(ctx, tx, principal.Handle, kept); err != nil {
			return err
		}
		if err := a.settle(ctx, tx, principal.Handle, hash, principal.SessionID, now); err != nil {
			return err
		}
		if kept != "" {
			if err := tried.succeeded(ctx, tx, now); err != nil {
				return err
			}
		}
		return a.auditIn(ctx, tx, a.line(principal, "change password", "done", "from "+from.Address))
	})
	return a.fault(ctx, "changing a password", err)
}

// SetZone sets the caller's own time zone, a name of the IANA database.
func (a *App) SetZone(ctx context.Context, zone string) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	if err := principal.mayAnywhere(PermissionTokenOwn); err != nil {
		return err
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return domain.Invalid("zone", "is not a time zone; write one such as Europe/Berlin")
	}
	return a.fault(ctx, "setting a time zone", schemas.SetZone(ctx, a.DB, principal.Handle, zone))
}

// SetLanguage sets the language of the caller's pages, one of Languages; empty takes the choice back.
func (a *App) SetLanguage(ctx context.Context, tag string) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	if err := principal.mayAnywhere(PermissionTokenOwn); err != nil {
		return err
	}
	if tag != "" {
		language, known := LanguageOf(tag)
		if !known {
			return domain.Invalid("language", "is not one that there is")
		}
		tag = language.Tag
	}
	return a.fault(ctx, "setting a language", schemas.SetLanguage(ctx, a.DB, principal.Handle, tag))
}

// ForgetSignIns removes what is left of sessions, invitations, links and attempts that are over.
func (a *App) ForgetSignIns(ctx context.Context) error {
	now := a.now()
	if err := schemas.ForgetAcknowledgeLinks(ctx, a.DB, now.Add(-keepSignIns)); err != nil {
		return a.fault(ctx, "forgetting old links", err)
	}
	if err := schemas.ForgetApprovalLinks(ctx, a.DB, now.Add(-keepSignIns)); err != nil {
		return a.fault(ctx, "forgetting old links", err)
	}
	return a.fault(ctx, "forgetting old sign-ins", schemas.ForgetSignIns(ctx, a.DB, now.Add(-keepSignIns), now.Add(-2*auth.Forgotten)))
}

// keepSignIns is how long sessions and invitations stay in the database after they ended; the audit keeps its lines.
const keepSignIns = 30 * 24 * time.Hour
