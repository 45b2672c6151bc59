package policytext

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDistantChangesStandInHunksOfTheirOwn(t *testing.T) {
	t.Parallel()
	before := []string{}
	for i := range 30 {
		before = append(before, strconv.Itoa(i))
	}
	after := append([]string{"new"}, before...)
	after[20] = "changed"
	got := Unified("a", "b", strings.Join(before, "\n")+"\n", strings.Join(after, "\n")+"\n")
	require.Equal(t, "--- a\n+++ b\n@@ -1,3 +1,4 @@\n+new\n 0\n 1\n 2\n@@ -17,7 +18,7 @@\n 16\n 17\n 18\n-19\n+changed\n 20\n 21\n 22\n", got)
	require.Equal(t, "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+x\n", Unified("a", "b", "", "x\n"))
}

func TestAComparisonHoldsBothTexts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 12)
		before, after := few.Draw(t, "before"), few.Draw(t, "after")
		var old, fresh []string
		for _, one := range compare(before, after) {
			if one.Sign != '+' {
				old = append(old, one.Text)
			}
			if one.Sign != '-' {
				fresh = append(fresh, one.Text)
			}
		}
		require.Equal(t, strings.Join(before, "\n"), strings.Join(old, "\n"))
		require.Equal(t, strings.Join(after, "\n"), strings.Join(fresh, "\n"))
	})
}
