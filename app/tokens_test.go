package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// with asks with a token, found by its secret.
func (d *desk) with(secret string) context.Context {
	d.t.Helper()
	principal, err := d.Authenticate(d.t.Context(), secret)
	require.NoError(d.t, err)
	return app.WithPrincipal(d.t.Context(), principal)
}

// token makes a token as the installation does.
func (d *desk) token(person string, days int) app.NewToken {
	d.t.Helper()
	made, err := d.CreateToken(d.as("holdfast", all(domain.RoleAdmin)), "", app.TokenBody{Person: person, Name: "first", Days: days})
	require.NoError(d.t, err)
	return made
}

func TestATokenOutlivesNotTheOneThatMadeIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first := d.token("bo", 2)
	require.Empty(t, first.CreatedByToken)
	second, err := d.CreateToken(d.with(first.Secret), "", app.TokenBody{Name: "longer", Days: 3650})
	require.NoError(t, err)
	require.Equal(t, first.ExpiresAt, second.ExpiresAt)
	require.Equal(t, first.ID, second.CreatedByToken)
	short, err := d.CreateToken(d.with(first.Secret), "", app.TokenBody{Name: "shorter", Days: 1})
	require.NoError(t, err)
	require.True(t, short.ExpiresAt.Before(first.ExpiresAt))
	listed, err := d.Tokens(d.with(first.Secret), "me")
	require.NoError(t, err)
	require.Len(t, listed, 3)
	d.clock.Advance(48 * time.Hour)
	for _, token := range []app.NewToken{first, second, short} {
		_, err := d.Authenticate(t.Context(), token.Secret)
		refuses(t, domain.CodeUnauthenticated, err)
	}
}

func TestATokenEndsWithTheOneThatMadeIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first, other := d.token("bo", 9), d.token("bo", 9)
	line := []app.NewToken{first}
	for range 3 {
		next, err := d.CreateToken(d.with(line[len(line)-1].Secret), "", app.TokenBody{Name: "next"})
		require.NoError(t, err)
		line = append(line, next)
	}
	asSecond := d.with(line[1].Secret)
	d.audited()
	require.NoError(t, d.RevokeToken(d.with(other.Secret), line[1].ID))
	require.Equal(t, []string{"bo revoke token done: " + line[1].ID + " and 2 that it made"}, d.audited())
	for i, token := range line {
		_, err := d.Authenticate(t.Context(), token.Secret)
		if i == 0 {
			require.NoError(t, err, "its maker goes on")
			continue
		}
		refuses(t, domain.CodeUnauthenticated, err)
	}
	_, err := d.CreateToken(asSecond, "", app.TokenBody{Name: "too late"})
	refuses(t, domain.CodeUnauthenticated, err)
}

func TestAPersonHasAHundredLiveTokens(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bo := d.as("bo", all(domain.RoleAgent))
	var last app.NewToken
	for i := range 100 {
		var err error
		last, err = d.CreateToken(bo, "", app.TokenBody{Name: "one more", Days: 1 + i%2})
		require.NoError(t, err)
	}
	_, err := d.CreateToken(bo, "", app.TokenBody{Name: "too many"})
	require.Equal(t, "body.person", refuses(t, domain.CodeInvalid, err).Fields[0].Location)
	require.NoError(t, d.RevokeToken(bo, last.ID))
	_, err = d.CreateToken(bo, "", app.TokenBody{Name: "in its place", Days: 2})
	require.NoError(t, err)
	_, err = d.CreateToken(d.as("cy"), "", app.TokenBody{Name: "of another person"})
	require.NoError(t, err)
	d.clock.Advance(24 * time.Hour)
	_, err = d.CreateToken(bo, "", app.TokenBody{Name: "expired ones do not count"})
	require.NoError(t, err)
}

func TestAFormThatIsSentTwiceMakesOneToken(t *testing.T) {
	t.Parallel()
	d := setup(t)
	bo, body := d.as("bo"), app.TokenBody{Name: "monitoring", Days: 5}
	const senders = 4
	made := make([]app.NewToken, senders)
	var group errgroup.Group
	for i := range senders {
		group.Go(func() (err error) {
			made[i], err = d.CreateToken(bo, "k", body)
			return err
		})
	}
	require.NoError(t, group.Wait())
	listed, err := d.Tokens(bo, "me")
	require.NoError(t, err)
	require.Len(t, listed, 1)
	working := 0
	for _, one := range made {
		require.Equal(t, listed[0].ID, one.ID)
		if _, err := d.Authenticate(t.Context(), one.Secret); err == nil {
			working++
		}
	}
	require.Equal(t, 1, working, "the secret that was answered last")

	again, err := d.CreateToken(bo, "k", body)
	require.NoError(t, err)
	require.Equal(t, listed[0].ExpiresAt, again.ExpiresAt)
	d.with(again.Secret)

	_, err = d.CreateToken(bo, "k", app.TokenBody{Name: "other", Days: 5})
	refuses(t, domain.CodeInvalid, err)
	_, err = d.CreateToken(bo, "k", app.TokenBody{Name: "monitoring", Days: 6})
	refuses(t, domain.CodeInvalid, err)
	_, err = d.CreateToken(d.with(again.Secret), "k", body)
	refuses(t, domain.CodeInvalid, err)
	other, err := d.CreateToken(d.as("cy"), "k", body)
	require.NoError(t, err)
	require.NotEqual(t, again.ID, other.ID, "a key is its asker's")

	d.clock.Advance(11 * time.Minute)
	_, err = d.CreateToken(bo, "k", body)
	refuses(t, domain.CodeConflict, err)
	d.with(again.Secret)
	require.NoError(t, d.RevokeToken(bo, again.ID))
	_, err = d.CreateToken(bo, "k", body)
	refuses(t, domain.CodeConflict, err)
}
