package app_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/auth"
)

const words = "correct horse battery staple"

var here = app.Caller{Address: "192.0.2.7", Agent: "a browser"}

// invited gives somebody a password by an invitation and answers the session that began with it.
func (d *desk) invited(person, password string) app.NewSession {
	d.t.Helper()
	invitation, err := d.Invite(d.as("root", all(domain.RoleAdmin)), "", person)
	require.NoError(d.t, err)
	session, err := d.Accept(d.t.Context(), secretOf(invitation), password, here)
	require.NoError(d.t, err)
	return session
}

func secretOf(invitation app.NewInvitation) string {
	return strings.TrimPrefix(invitation.Path, app.InvitationPath)
}

// inside is the context of whoever has a session.
func (d *desk) inside(session app.NewSession) context.Context {
	d.t.Helper()
	principal, err := d.Resume(d.t.Context(), session.Secret)
	require.NoError(d.t, err)
	return app.WithPrincipal(d.t.Context(), principal)
}

func TestAnInvitationIsUsedOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("root", all(domain.RoleAdmin))
	_, err := d.Invite(d.as("bo", all(domain.RoleAgent)), "", "rita")
	refuses(t, domain.CodeForbidden, err)
	_, err = d.Invite(admin, "", "nobody")
	refuses(t, domain.CodeNotFound, err)
	first, err := d.Invite(admin, "", "rita")
	require.NoError(t, err)
	second, err := d.Invite(admin, "", "rita")
	require.NoError(t, err)
	_, err = d.Invited(t.Context(), secretOf(first))
	refuses(t, domain.CodeNotFound, err)
	told, err := d.Invited(t.Context(), secretOf(second))
	require.NoError(t, err)
	require.Equal(t, "rita", told.Person)

	for _, weak := range []string{"", "too short", "rita rita rita rita", "aaaaaaaaaaaaaaaaaaaa", "holdfastholdfast1", "nul\x00 in the middle of it"} {
		_, err = d.Accept(t.Context(), secretOf(second), weak, here)
		require.Equal(t, "body.password", refuses(t, domain.CodeInvalid, err).Fields[0].Location, weak)
	}
	session, err := d.Accept(t.Context(), secretOf(second), words, here)
	require.NoError(t, err)
	me, err := d.WhoAmI(d.inside(session))
	require.NoError(t, err)
	require.Equal(t, "rita", me.Handle)
	require.Equal(t, session.ID, me.SessionID)
	_, err = d.Accept(t.Context(), secretOf(second), words, here)
	refuses(t, domain.CodeNotFound, err)

	late, err := d.Invite(admin, "", "bo")
	require.NoError(t, err)
	d.clock.Advance(72*time.Hour + time.Second)
	_, err = d.Accept(t.Context(), secretOf(late), words, here)
	refuses(t, domain.CodeNotFound, err)
	var left int
	require.NoError(t, d.base.Superuser(t).NewRaw(`SELECT count(*) FROM outbox WHERE kind = 'account.invited' AND data::text NOT LIKE '%hf_%'`).Scan(t.Context(), &left))
	require.Equal(t, 3, left, "each is to be told, without its secret")
}

func TestAnInvitationThatIsAskedForTwiceIsOne(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("root", all(domain.RoleAdmin))
	first, err := d.Invite(admin, "k", "rita")
	require.NoError(t, err)
	again, err := d.Invite(admin, "k", "rita")
	require.NoError(t, err)
	_, err = d.Invited(t.Context(), secretOf(first))
	refuses(t, domain.CodeNotFound, err)
	_, err = d.Invited(t.Context(), secretOf(again))
	require.NoError(t, err)
	var left int
	require.NoError(t, d.base.Superuser(t).NewRaw(`SELECT count(*) FROM outbox WHERE kind = 'account.invited'`).Scan(t.Context(), &left))
	require.Equal(t, 1, left, "they are told once")
	_, err = d.Invite(admin, "k", "bo")
	refuses(t, domain.CodeInvalid, err)
	d.clock.Advance(11 * time.Minute)
	_, err = d.Invite(admin, "k", "rita")
	refuses(t, domain.CodeConflict, err)
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first := d.invited("rita", words)
	session, err := d.SignIn(t.Context(), " Rita ", words, app.Caller{Address: here.Address, Before: first.Secret})
	require.NoError(t, err)
	require.NotEqual(t, first.Secret, session.Secret)
	_, err = d.Resume(t.Context(), first.Secret)
	refuses(t, domain.CodeUnauthenticated, err)
	_, err = d.Authenticate(t.Context(), session.Secret)
	refuses(t, domain.CodeUnauthenticated, err)

	unknown := func(handle, password string) string {
		_, err := d.SignIn(t.Context(), handle, password, app.Caller{Address: "198.51.100.1"})
		return refuses(t, domain.CodeUnauthenticated, err).Message
	}
	wrong := unknown("rita", "correct horse battery stable")
	require.Equal(t, wrong, unknown("nobody", words), "nobody learns who has an account")
	require.Equal(t, wrong, unknown("sam", ""), "nor who has a password")
	require.Equal(t, wrong, unknown("not a handle'", words))
	require.Equal(t, wrong, unknown("rita", words+strings.Repeat("x", auth.MaxPasswordBytes)))

	person, err := d.Person(d.as("root", all(domain.RoleAdmin)), "rita")
	require.NoError(t, err)
	person.Active = false
	_, err = d.SavePerson(d.as("root", all(domain.RoleAdmin)), person)
	require.NoError(t, err)
	_, err = d.Resume(t.Context(), session.Secret)
	refuses(t, domain.CodeUnauthenticated, err)
	require.Equal(t, wrong, unknown("rita", words))
}

func TestGuessingIsSlowedDownAndLocksNobodyOut(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.invited("rita", words)
	guess := func(handle, address, password string) error {
		_, err := d.SignIn(t.Context(), handle, password, app.Caller{Address: address})
		return err
	}
	for range auth.PerPair.Free {
		refuses(t, domain.CodeUnauthenticated, guess("rita", "198.51.100.1", "wrong"))
	}
	pause := refuses(t, domain.CodeTooMany, guess("rita", "198.51.100.1", words))
	require.Positive(t, pause.RetryAfter)
	require.NoError(t, guess("rita", "192.0.2.7", words), "she herself comes from elsewhere")
	d.clock.Advance(2 * time.Second)
	refuses(t, domain.CodeUnauthenticated, guess("rita", "198.51.100.1", "wrong"))
	d.clock.Advance(3 * time.Second)
	require.NoError(t, guess("rita", "198.51.100.1", words), "when the pause is over, the right password is right")

	for i := range 200 { // from a whole network, one address after the other
		_ = guess("rita", "2001:db8:0:"+string(rune('a'+i%6))+string(rune('0'+i%10))+"::1", "wrong") //nolint:errcheck // refused either way
	}
	d.clock.Advance(auth.PerAccount.Longest + time.Second)
	require.NoError(t, guess("rita", "192.0.2.7", words), "a minute later at the latest")

	for i := range auth.PerAddress.Free { // one address tries many accounts
		refuses(t, domain.CodeUnauthenticated, guess("guess-"+string(rune('a'+i%26))+string(rune('a'+i/26)), "203.0.113.9", "wrong"))
	}
	refuses(t, domain.CodeTooMany, guess("sam", "203.0.113.9", "wrong"))
}

func TestASessionEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*desk, app.NewSession){
		"unused":    func(d *desk, _ app.NewSession) { d.clock.Advance(app.SessionIdle) },
		"after all": func(d *desk, s app.NewSession) { d.use(s, 15, 12*time.Hour-time.Minute) },
		"signed out": func(d *desk, s app.NewSession) {
			require.NoError(d.t, d.SignOut(d.inside(s)))
		},
		"by its person": func(d *desk, s app.NewSession) {
			other, err := d.SignIn(d.t.Context(), "rita", words, here)
			require.NoError(d.t, err)
			require.NoError(d.t, d.EndSession(d.inside(other), s.ID))
		},
		"by an administrator": func(d *desk, s app.NewSession) {
			require.NoError(d.t, d.EndSession(d.as("root", all(domain.RoleAdmin)), s.ID))
		},
		"by another password": func(d *desk, s app.NewSession) {
			other, err := d.SignIn(d.t.Context(), "rita", words, here)
			require.NoError(d.t, err)
			refuses(d.t, domain.CodeInvalid, d.ChangePassword(d.inside(other), "wrong", "another horse, another staple", here))
			require.NoError(d.t, d.ChangePassword(d.inside(other), words, "another horse, another staple", here))
			d.inside(other) // goes on
			_, err = d.SignIn(d.t.Context(), "rita", words, here)
			refuses(d.t, domain.CodeUnauthenticated, err)
		},
		"with the account": func(d *desk, _ app.NewSession) {
			admin := d.as("root", all(domain.RoleAdmin))
			rita, err := d.Person(admin, "rita")
			require.NoError(d.t, err)
			for _, active := range []bool{false, true} {
				rita.Active = active
				_, err = d.SavePerson(admin, rita)
				require.NoError(d.t, err)
			}
		},
		"after fifty more": func(d *desk, _ app.NewSession) {
			for range 50 {
				d.clock.Advance(time.Second)
				_, err := d.SignIn(d.t.Context(), "rita", words, here)
				require.NoError(d.t, err)
			}
		},
		"by a reset": func(d *desk, _ app.NewSession) { d.invited("rita", "a third horse and a staple") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			session := d.invited("rita", words)
			d.use(session, 3, time.Hour)
			end(d, session)
			_, err := d.Resume(t.Context(), session.Secret)
			refuses(t, domain.CodeUnauthenticated, err)
			others, err := d.Sessions(d.as("rita"), "")
			require.NoError(t, err)
			for _, other := range others {
				require.NotEqual(t, session.ID, other.ID)
			}
		})
	}
}

// use uses a session again and again.
func (d *desk) use(session app.NewSession, times int, pause time.Duration) {
	d.t.Helper()
	for range times {
		d.clock.Advance(pause)
		if d.clock.Now().Before(session.ExpiresAt) {
			d.inside(session)
		}
	}
}

func TestANewPasswordEndsEveryLink(t *testing.T) {
	t.Parallel()
	d := setup(t)
	session := d.invited("rita", words)
	link, err := d.Invite(d.as("root", all(domain.RoleAdmin)), "", "rita")
	require.NoError(t, err)
	enter, err := d.EnterLink(d.as("holdfast", all(domain.RoleAdmin)), "rita")
	require.NoError(t, err)
	require.NoError(t, d.ChangePassword(d.inside(session), words, "another horse, another staple", here))
	for _, old := range []app.NewInvitation{link, enter} {
		_, err = d.Accept(t.Context(), secretOf(old), words, here)
		refuses(t, domain.CodeNotFound, err)
	}
}

func TestWhoeverIsKnownThereWaitsForNobodyElse(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.invited("rita", words)
	guess := func(handle, address, password string) error {
		_, err := d.SignIn(t.Context(), handle, password, app.Caller{Address: address})
		return err
	}
	for i := range auth.PerAddress.Free { // a guest of the same network, with handles of nobody
		refuses(t, domain.CodeUnauthenticated, guess("guest-"+strings.Repeat("x", i+1), here.Address, "wrong"))
	}
	refuses(t, domain.CodeTooMany, guess("bo", here.Address, "wrong"))
	require.NoError(t, guess("rita", here.Address, words), "she signed in from there before")
	for i := range auth.PerAccount.Free { // somebody tries the account from everywhere
		refuses(t, domain.CodeUnauthenticated, guess("rita", "198.51.100."+strconv.Itoa(i+1), "wrong"))
	}
	refuses(t, domain.CodeTooMany, guess("rita", "203.0.113.7", words))
	require.NoError(t, guess("rita", here.Address, words))
}

func TestOnesOwnSuccessForgivesNothingTriedAtOthers(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.invited("rita", words)
	guess := func(handle, password string) error {
		_, err := d.SignIn(t.Context(), handle, password, here)
		return err
	}
	for i := range auth.PerAddress.Free {
		refuses(t, domain.CodeUnauthenticated, guess("guest-"+strings.Repeat("x", i+1), "wrong"))
		require.NoError(t, guess("rita", words))
	}
	refuses(t, domain.CodeTooMany, guess("bo", "wrong"))
}

func TestOthersSessionsAreTheirOwn(t *testing.T) {
	t.Parallel()
	d := setup(t)
	ritas, bos := d.invited("rita", words), d.invited("bo", words)
	refuses(t, domain.CodeNotFound, d.EndSession(d.inside(bos), ritas.ID))
	admin := d.as("root", all(domain.RoleAdmin))
	over := d.invited("ana", words)
	require.NoError(t, d.EndSession(admin, over.ID))
	require.NoError(t, d.EndSession(admin, over.ID), "what has ended stays so")
	refuses(t, domain.CodeNotFound, d.EndSession(d.inside(bos), over.ID))
	_, err := d.Sessions(d.inside(bos), "rita")
	refuses(t, domain.CodeForbidden, err)
	mine, err := d.Sessions(d.inside(ritas), "me")
	require.NoError(t, err)
	require.Len(t, mine, 1)
	require.True(t, mine[0].Current)
	require.Equal(t, here.Address, mine[0].Address)
}

func TestASessionByTokenIsNoMoreThanTheToken(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("root", all(domain.RoleAdmin))
	narrow, err := d.CreateToken(admin, "", app.TokenBody{Person: "rita", Name: "reader", Permissions: []string{"incident.read", "token.own"}})
	require.NoError(t, err)
	session, err := d.SignInWithToken(t.Context(), narrow.Secret, here)
	require.NoError(t, err)
	inside := d.inside(session)
	principal, err := app.PrincipalFrom(inside)
	require.NoError(t, err)
	require.Equal(t, narrow.ID, principal.TokenID)
	require.Equal(t, []string{"incident.read", "token.own"}, principal.Permissions)
	refuses(t, domain.CodeForbidden, d.ChangePassword(inside, "", words, here))
	directory, err := d.CreateToken(admin, "", app.TokenBody{Person: "rita", Name: "directory", Permissions: []string{"people.write"}})
	require.NoError(t, err)
	sync, err := d.Authenticate(t.Context(), directory.Secret)
	require.NoError(t, err)
	sync.Grants = []app.Grant{all(domain.RoleAdmin)}
	_, err = d.Invite(app.WithPrincipal(t.Context(), sync), "", "ana")
	refuses(t, domain.CodeForbidden, err) // the link would make it all that ana is
	whole, err := d.CreateToken(admin, "", app.TokenBody{Person: "bo", Name: "whole"})
	require.NoError(t, err)
	byWhole, err := d.SignInWithToken(t.Context(), whole.Secret, here)
	require.NoError(t, err)
	refuses(t, domain.CodeForbidden, d.ChangePassword(d.inside(byWhole), "", words, here)) // it would outlive the token
	made, err := d.CreateToken(inside, "", app.TokenBody{Name: "child"})
	require.NoError(t, err)
	require.Equal(t, narrow.ID, made.CreatedByToken)
	_, err = d.EnterLink(inside, "rita")
	refuses(t, domain.CodeForbidden, err)
	refuses(t, domain.CodeForbidden, d.SetPassword(inside, "rita", words))
	require.NoError(t, d.RevokeToken(admin, narrow.ID))
	_, err = d.Resume(t.Context(), session.Secret)
	refuses(t, domain.CodeUnauthenticated, err)
	_, err = d.SignInWithToken(t.Context(), narrow.Secret, here)
	refuses(t, domain.CodeUnauthenticated, err)
}

func TestTheInstallationsLinkSignsInOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	installation := d.as("holdfast", all(domain.RoleAdmin))
	link, err := d.EnterLink(installation, "rita")
	require.NoError(t, err)
	session, err := d.Accept(t.Context(), secretOf(link), "", here)
	require.NoError(t, err)
	require.NoError(t, d.ChangePassword(d.inside(session), "", words, here), "who has no password yet need not say it")
	_, err = d.Accept(t.Context(), secretOf(link), "", here)
	refuses(t, domain.CodeNotFound, err)
	_, err = d.SignIn(t.Context(), "rita", words, here)
	require.NoError(t, err)
}

func TestOldSignInsAreForgotten(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.invited("rita", words)
	_, err := d.SignIn(t.Context(), "rita", "wrong", here)
	refuses(t, domain.CodeUnauthenticated, err)
	rows := func() (count int) {
		err := d.base.Superuser(t).NewRaw(`SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM invitations) + (SELECT count(*) FROM attempts)`).Scan(t.Context(), &count)
		require.NoError(t, err)
		return count
	}
	before := rows()
	require.NoError(t, d.ForgetSignIns(t.Context()))
	require.Equal(t, before, rows())
	d.clock.Advance(60 * 24 * time.Hour)
	require.NoError(t, d.ForgetSignIns(t.Context()))
	require.Zero(t, rows())
}
