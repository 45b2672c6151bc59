package notice_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/notice"
)

func TestTurnsAreToldInTheZoneOfWhomTheyAreFor(t *testing.T) {
	t.Parallel()
	words := func(kind string, data map[string]any) notice.Words {
		data["by"], data["schedule"], data["reason"] = "ana", "primary", "a wedding"
		said, err := notice.Of(domain.Parcel{
			Person: domain.Person{Handle: "bo", Zone: "Europe/Berlin"}, Told: []domain.Told{{Kind: kind, Data: data}},
		}, "https://desk.example.org")
		require.NoError(t, err)
		require.Contains(t, notice.Kinds(), kind)
		require.NotContains(t, said.Text, "<no value>")
		return said
	}
	changed := words("account.on_call_changed", map[string]any{"person": "cy", "replaces": "bo", "from": "2026-12-01T08:00:00Z", "to": "2026-12-02T08:00:00Z"})
	require.Equal(t, "cy is on call for bo in primary", changed.Subject)
	require.Contains(t, changed.Text, "cy in place of bo, from 1 December 2026 09:00 CET to 2 December 2026 09:00 CET.")
	require.Contains(t, changed.Text, "Why: a wedding")
	require.Equal(t, "https://desk.example.org/on-call/primary", changed.Link)
	require.Equal(t, "cy is no longer on call in primary", words("account.on_call_ended", map[string]any{"person": "cy"}).Subject)

	proposed := words("account.swap_proposed", map[string]any{"person": "ana", "with": "bo", "takes_from": "2026-12-01T08:00:00Z", "takes_to": "2026-12-02T08:00:00Z"})
	require.Equal(t, "ana asks you to swap turns of primary", proposed.Subject)
	require.Contains(t, proposed.Text, "ana takes over what bo has on call from 1 December 2026 09:00 CET")
	require.NotContains(t, proposed.Text, "bo takes over")
	require.Equal(t, "https://desk.example.org/on-call", proposed.Link)
	for _, kind := range []string{"account.swap_accepted", "account.swap_declined", "account.swap_withdrawn"} {
		require.Contains(t, words(kind, map[string]any{"person": "bo", "with": "ana"}).Subject, "primary")
	}
}
