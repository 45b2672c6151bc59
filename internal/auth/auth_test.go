package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/internal/auth"
)

var cheap = auth.Cost{Memory: 64, Passes: 1, Lanes: 1}

func TestAPasswordMatchesItsOwnHashOnly(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(cheap)
	rapid.Check(t, func(r *rapid.T) {
		word, other := rapid.String().Draw(r, "word"), rapid.String().Draw(r, "other")
		hash, err := passwords.Hash(t.Context(), word)
		require.NoError(r, err)
		matches, stale, err := passwords.Matches(t.Context(), word, hash)
		require.NoError(r, err)
		require.True(r, matches)
		require.False(r, stale)
		matches, _, err = passwords.Matches(t.Context(), other, hash)
		require.NoError(r, err)
		require.Equal(r, word == other, matches)
	})
}

func TestHashesAreSaltedAndGrowOld(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(cheap)
	first, err := passwords.Hash(t.Context(), "a word")
	require.NoError(t, err)
	second, err := passwords.Hash(t.Context(), "a word")
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	matches, stale, err := auth.NewPasswords(auth.Cost{Memory: 128, Passes: 1, Lanes: 1}).Matches(t.Context(), "a word", first)
	require.NoError(t, err)
	require.True(t, matches)
	require.True(t, stale)
	matches, _, err = passwords.Matches(t.Context(), "", "")
	require.NoError(t, err)
	require.False(t, matches, "nobody's password is matched by nothing")
	for _, broken := range []string{"x", "$argon2id$v=19$m=64$a$b", "$argon2i$v=19$m=64,t=1,p=1$YQ$YQ", "$argon2id$v=19$m=64,t=1,p=1$!$YQ"} {
		_, _, err = passwords.Matches(t.Context(), "a word", broken)
		require.Error(t, err, broken)
	}
}

func TestWhoeverWaitsTooLongIsTold(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	passwords := auth.NewPasswords(auth.Standard)
	var failed bool
	for range 200 { // a turn may be free, and then it is taken
		if _, err := passwords.Hash(over, "a word"); err != nil {
			require.ErrorIs(t, err, context.Canceled)
			failed = true
			break
		}
	}
	require.True(t, failed)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for password, fine := range map[string]bool{
		"correct horse battery staple": true, "ÄÖÜäöüß und viele Wörter": true, "short": false, "aaaaaaaaaaaaaaaaaaaaa": false,
		"ana.brandt ana.brandt": false, "password1234567890": false, "fourteen chars": false, "fifteen charss.": true,
	} {
		require.Equal(t, fine, auth.Check(password, "ana.brandt") == nil, password)
	}
}

func TestPausesGrowAndEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.SampledFrom([]auth.Limit{auth.PerPair, auth.PerAddress, auth.PerAccount}).Draw(r, "limit")
		failures := rapid.IntRange(0, 1<<20).Draw(r, "failures")
		pause := limit.Pause(failures)
		require.LessOrEqual(r, pause, limit.Longest)
		require.LessOrEqual(r, pause, limit.Pause(failures+1))
		require.Equal(r, failures < limit.Free, pause == 0)
	})
	rapid.Check(t, func(r *rapid.T) {
		limit := rapid.SampledFrom([]auth.Limit{auth.PerPair, auth.PerAddress, auth.PerAccount}).Draw(r, "limit")
		failures, since := rapid.IntRange(0, 1000).Draw(r, "failures"), time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(r, "since"))
		left := limit.Left(failures, since)
		require.GreaterOrEqual(r, left, 0)
		require.LessOrEqual(r, left, failures)
		require.GreaterOrEqual(r, limit.Left(failures, since), limit.Left(failures, since+time.Minute))
	})
	require.Zero(t, auth.PerPair.Left(5, auth.Forgotten))
	require.Equal(t, 4, auth.PerPair.Left(5, auth.Forgotten/5))
	require.Equal(t, time.Second, auth.PerPair.Pause(auth.PerPair.Free))
}
