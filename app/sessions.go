package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// How long a session lasts: so long unused, and so long at most.
const (
	SessionIdle  = 12 * time.Hour
	SessionLasts = 7 * 24 * time.Hour
	// seenEvery is how exactly a session's last use is kept: not every request writes.
	seenEvery = time.Minute
	// maxSessions is how many sessions a person has; the oldest end.
	maxSessions = 50
)

// sessionPrefix marks the secrets of sessions, which are no tokens and work in the console only.
const sessionPrefix = "hs_"

// Resume finds whose session a secret is, as Authenticate does for tokens, and notes that it is used.
func (a *App) Resume(ctx context.Context, secret string) (Principal, error) {
	if !strings.HasPrefix(secret, sessionPrefix) || len(secret) > 200 {
		return Principal{}, sessionOver()
	}
	now := a.now()
	found, live, err := schemas.FindSession(ctx, a.DB, HashSecret(secret), now, now.Add(-SessionIdle))
	if err == nil && live && now.Sub(found.Session.SeenAt) >= seenEvery {
		err = schemas.SeeSession(ctx, a.DB, found.Session.ID, now)
	}
	return a.resumed(ctx, found, live, err)
}

func (a *App) resumed(ctx context.Context, found schemas.Bearer, live bool, err error) (Principal, error) {
	if err == nil && !live {
		return Principal{}, sessionOver()
	}
	return a.principal(ctx, found, live, err)
}

func sessionOver() error {
	return domain.Errorf(domain.CodeUnauthenticated, "your session is over; sign in again")
}

// stay begins a session of somebody, possibly with a token, in place of the one whose secret the browser still has. It is
// always a new one: a secret that was known before somebody signed in must be worth nothing after.
func (a *App) stay(ctx context.Context, tx bun.Tx, person, token string, from Caller) (NewSession, error) {
	now := a.now()
	if strings.HasPrefix(from.Before, sessionPrefix) {
		earlier, live, err := schemas.FindSession(ctx, tx, HashSecret(from.Before), now, now.Add(-SessionIdle))
		if err != nil {
			return NewSession{}, err
		}
		if live {
			if _, err := schemas.EndSession(ctx, tx, earlier.Session.ID, "", now); err != nil {
				return NewSession{}, err
			}
		}
	}
	random, _ := NewSecret()
	secret := sessionPrefix + strings.TrimPrefix(random, secretPrefix)
	row := schemas.SessionRow{
		ID: uuid.Must(uuid.NewV7()).String(), Hash: HashSecret(secret), Person: person, Token: token, Address: from.Address, Network: network(from.Address),
		Agent: shortened(from.Agent, domain.MaxItemBytes), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(SessionLasts),
	}
	if err := schemas.AddSession(ctx, tx, row); err != nil {
		return NewSession{}, err
	}
	if err := schemas.EndOldest(ctx, tx, person, maxSessions, now); err != nil {
		return NewSession{}, err
	}
	return NewSession{Session: sessionOf(row), Secret: secret}, nil
}

// shortened cuts a text to so many bytes, between characters.
func shortened(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "")
}

func sessionOf(row schemas.SessionRow) Session {
	return Session{
		ID: row.ID, Person: row.Person, TokenID: row.Token, Address: row.Address, Agent: row.Agent,
		CreatedAt: row.CreatedAt.UTC(), SeenAt: row.SeenAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(),
	}
}

// Sessions lists where somebody is signed in: oneself, or, for an administrator, anybody.
func (a *App) Sessions(ctx context.Context, person string) ([]Session, error) {
	principal, person, err := a.tokenOwner(ctx, person, "list sessions")
	if err != nil {
		return nil, err
	}
	now := a.now()
	rows, err := schemas.LiveSessions(ctx, a.DB, person, now, now.Add(-SessionIdle), maxSessions)
	sessions := make([]Session, len(rows))
	for i, row := range rows {
		sessions[i] = sessionOf(row)
		sessions[i].Current = row.ID == principal.SessionID
	}
	return sessions, a.fault(ctx, "listing sessions", err)
}

// EndSession ends a session at once: one's own, or, for an administrator, anybody's. It is written down; one that has ended
// stays so.
func (a *App) EndSession(ctx context.Context, id string) error {
	principal, person, err := tokenEnder(ctx)
	if err != nil {
		return err
	}
	missing := domain.Errorf(domain.CodeNotFound, "no session %s that could be ended", id)
	if !schemas.IsID(id) {
		return missing
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		whose, err := schemas.EndSession(ctx, tx, id, person, a.now())
		if err != nil {
			return err
		}
		if whose == "" {
			before, err := schemas.SessionOwner(ctx, tx, id)
			if err == nil && (before == "" || person != "" && before != person) {
				return missing
			}
			return err // it has ended before
		}
		return a.auditIn(ctx, tx, a.line(principal, "end session", "done", id+" of "+whose))
	})
	return a.fault(ctx, "ending a session", err)
}

// SignOut ends the session that asks.
func (a *App) SignOut(ctx context.Context) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil || principal.SessionID == "" {
		return err
	}
	_, err = schemas.EndSession(ctx, a.DB, principal.SessionID, principal.Handle, a.now())
	return a.fault(ctx, "ending a session", err)
}
