package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMomentsAreReadInTheirZone(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("CET", 3600)
	for text, want := range map[string]string{
		"2026-11-20T15:04:05Z": "2026-11-20T15:04:05Z", "2026-11-20T15:04:05.123456+02:00": "2026-11-20T13:04:05.123Z", "2026-11-20 15:04": "2026-11-20T14:04:00Z",
		"2026-11-20": "2026-11-19T23:00:00Z", "00:30": "2026-11-19T23:30:00Z", "now": "2026-11-20T12:00:00Z", "+1h30m": "2026-11-20T13:30:00Z", "-30m": "2026-11-20T11:30:00Z",
	} {
		var m moment
		require.NoError(t, m.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, m.resolve(noon, berlin).Format(time.RFC3339Nano), text)
	}
	for _, text := range []string{"", "soon", "1h", "2026-13-01", "25:00", "+x"} {
		require.Error(t, new(moment).UnmarshalText([]byte(text)), text)
	}
	require.Nil(t, moment{}.resolve(noon, berlin))
}

func TestDistantChangesStandInHunksOfTheirOwn(t *testing.T) {
	t.Parallel()
	before := []string{}
	for i := range 30 {
		before = append(before, strconv.Itoa(i))
	}
	after := append([]string{"new"}, before...)
	after[20] = "changed"
	got := unified("a", "b", strings.Join(before, "\n")+"\n", strings.Join(after, "\n")+"\n")
	require.Equal(t, "--- a\n+++ b\n@@ -1,3 +1,4 @@\n+new\n 0\n 1\n 2\n@@ -17,7 +18,7 @@\n 16\n 17\n 18\n-19\n+changed\n 20\n 21\n 22\n", got)
	require.Equal(t, "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+x\n", unified("a", "b", "", "x\n"))
}

func TestAComparisonHoldsBothTexts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 12)
		before, after := few.Draw(t, "before"), few.Draw(t, "after")
		var old, fresh []string
		for _, one := range compare(before, after) {
			if one.sign != '+' {
				old = append(old, one.text)
			}
			if one.sign != '-' {
				fresh = append(fresh, one.text)
			}
		}
		require.Equal(t, strings.Join(before, "\n"), strings.Join(old, "\n"))
		require.Equal(t, strings.Join(after, "\n"), strings.Join(fresh, "\n"))
	})
}

func TestATerminalGetsColourWidthAndNothingElse(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := printer{out: &out, colour: true, width: 30, zone: time.UTC}
	require.NoError(t, table{titles: []string{"N", "TITLE"}, rows: [][]any{
		{urgent{1}, "日本語のとても長い題名がここにあります"}, {2, "a\x1b]0;evil\x07b\u202ec\nd"},
	}}.write(&p))
	require.Equal(t, bold+"N"+plain+"  "+bold+"TITLE"+plain+"\n"+red+"1"+plain+"  日本語のとても長い題名がこ…\n2  a]0;evilbc d\n", out.String())
}
