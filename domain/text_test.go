package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
)

func TestOneLineIsWhatReadsAsItIsWritten(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Mail is down", "läuft nicht – 邮件", "דואר", "👩‍🚒 called"} {
		require.True(t, domain.OneLine(text), "%q", text)
		require.Equal(t, text, domain.Line(text))
	}
	for _, text := range []string{"a\nb", "a\tb", "a\x1b[2Jb", "a\x7fb", "a\u0085b", "a\u2028b", "invoice\u202egpj.exe", "a\u2066b", "a\u200fb", "a\x00b", "a\xffb"} {
		require.False(t, domain.OneLine(text), "%q", text)
	}
}

func TestALineIsMadeOfAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.String().Draw(rt, "text")
		require.True(rt, domain.OneLine(domain.Line(text)))
		require.Len(rt, []rune(domain.Line(text)), len([]rune(text)))
	})
}
