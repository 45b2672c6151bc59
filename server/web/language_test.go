package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPagesFollowTheLanguageChosen(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita") // of 8 in the morning
	page := func(headers ...string) string {
		t.Helper()
		return ask(t, d.pages, http.MethodGet, recordURL(record.Number), nil, append(headers, d.cookies["bo"])...).Body.String()
	}
	require.Contains(t, page(), `<html lang="en-GB"`)
	require.Contains(t, page(), ">30 Nov 2026, 08:00 UTC<")
	require.Contains(t, page("Accept-Language: en-US,en;q=0.8"), ">Nov 30, 2026, 8:00 AM UTC<", "nobody chose: the browser is asked")
	require.Contains(t, ask(t, d.pages, http.MethodGet, signInPath, nil, "Accept-Language: en-US").Body.String(), `<html lang="en-US"`)

	d.done("bo", profilePath+"/language", url.Values{"language": {"en-US"}})
	require.Contains(t, page("Accept-Language: en-GB"), `<html lang="en-US"`)
	require.Contains(t, page("Accept-Language: en-GB"), ">Nov 30, 2026, 8:00 AM UTC<")
	require.Contains(t, d.get("bo", profilePath, http.StatusOK), `<option value="en-US" selected>`)
	refused := d.post("bo", profilePath+"/language", url.Values{"language": {"tlh"}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "not one that there is")
	d.done("bo", profilePath+"/language", url.Values{"language": {""}})
	require.Contains(t, page(), `<html lang="en-GB"`)
}
