package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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

func TestATerminalGetsColourWidthAndNothingElse(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := printer{out: &out, colour: true, width: 30, zone: time.UTC}
	require.NoError(t, table{titles: []string{"N", "TITLE"}, rows: [][]any{
		{urgent{1}, "日本語のとても長い題名がここにあります"}, {2, "a\x1b]0;evil\x07b\u202ec\nd"},
	}}.write(&p))
	require.Equal(t, bold+"N"+plain+"  "+bold+"TITLE"+plain+"\n"+red+"1"+plain+"  日本語のとても長い題名がこ…\n2  a]0;evilbc d\n", out.String())
}
