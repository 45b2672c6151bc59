package schemas

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTellingQueryFindsNoMoreThanCanBeRanked(t *testing.T) {
	t.Parallel()
	const all = 1_000_000
	for want, words := range map[string][]tellingWord{
		`'gate'`:              {{"gate", 0, all}},
		`'it\\s''s' | 'gate'`: {{`it\s's`, 0, all}, {"gate", 900, all}},
		`'rare' | 'few'`:      {{"rare", 10, all}, {"few", 900, all}, {"many", 500, all}, {"most", 400_000, all}},
		`'gate' & 'label'`:    {{"gate", 20_000, all}, {"label", 30_000, all}, {"print", 90_000, all}},
		`'a' & 'b' & 'c'`:     {{"a", 200_000, all}, {"b", 300_000, all}, {"c", 30_000, all}},
		`'mail' & 'slow'`:     {{"mail", 500_000, all}, {"slow", 500_000, all}},
		`'mail'`:              {{"mail", 500_000, all}},
	} {
		require.Equal(t, want, tellingQuery(words))
	}
}
