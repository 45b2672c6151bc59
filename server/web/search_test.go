package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

func TestARecordsNumberIsUnderstood(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"inc-42": "INC-000042", "INC000042": "INC-000042", "inc42": "INC-000042", "INC-0000042": "INC-000042", "INC-1234567": "INC-1234567",
		"chg-7": "CHG-000007", "42": "", "inc": "", "in-42": "", "mail 42": "", "": "",
	} {
		got, is := recordNumber(typed)
		require.Equal(t, want, got, typed)
		require.Equal(t, want != "", is, typed)
	}
}

func TestSearchFindsWhatItsReaderMayRead(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	for _, who := range []string{"bo", "rita"} {
		require.Contains(t, d.get(who, "/search?q=mail", http.StatusOK), `href="/incidents/`+record.Number+`"`)
		answer := ask(t, d.pages, http.MethodGet, "/search?q=inc-1", nil, d.cookies[who])
		require.Equal(t, "/incidents/"+record.Number, answer.Header().Get("Location"), "a number leads straight to its record")
		require.Contains(t, d.get(who, "/search/options?q=mail", http.StatusOK), record.Number)
		require.Contains(t, d.get(who, "/search/options?q=inc1", http.StatusOK), record.Number)
	}
	d.signIn("cy")
	for _, path := range []string{"/search?q=mail", "/search?q=INC-000001", "/search/options?q=mail", "/search/options?q=INC-000001"} {
		require.NotContains(t, strings.ReplaceAll(d.get("cy", path, http.StatusOK), "q=INC-000001", ""), `/incidents/INC`, path)
	}
	require.Contains(t, d.get("cy", "/search?q=mail", http.StatusOK), "Nothing was found")
	require.Contains(t, d.get("cy", "/search", http.StatusOK), "What do you look for?")
}

func TestSearchFindsNoInternalWord(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	_, err := d.AddNote(app.WithPrincipal(t.Context(), d.admin), record.ID, "", app.NoteBody{Body: "giraffe", Internal: true})
	require.NoError(t, err)
	require.Contains(t, d.get("rita", "/search?q=giraffe", http.StatusOK), "Nothing was found")
	require.NotContains(t, d.get("rita", "/search/options?q=giraffe", http.StatusOK), record.Number)
	require.Contains(t, d.get("bo", "/search?q=giraffe", http.StatusOK), "in a note")
	require.Contains(t, d.get("bo", "/search/options?q=giraffe", http.StatusOK), record.Number)
}

func TestThePaletteOffersWhatOneMayDo(t *testing.T) {
	t.Parallel()
	titles := func(role domain.Role, typed string) []string {
		who := whoHas(role)
		var list []string
		for _, one := range fitting(commandsFor(page{Who: &who}), typed) {
			list = append(list, one.Title)
			require.True(t, (one.Path == "") != (one.Theme == ""), one.Title)
			require.NotEmpty(t, one.Icon)
		}
		return list
	}
	require.Contains(t, titles(domain.RoleAdmin, ""), "New policy")
	require.NotContains(t, titles(domain.RoleAgent, ""), "New policy")
	require.NotContains(t, titles("", ""), "Go to Policies")
	require.Equal(t, []string{"Theme: Dark"}, titles("", "dark th"))
	require.Equal(t, []string{"Log an incident"}, titles(domain.RoleAgent, "NEW inc"))
	require.Equal(t, []string{"Report a problem"}, titles("", "NEW inc"))
	require.Empty(t, titles("", "og"), "a word is found by its beginning")
}

func TestThePaletteIsACombobox(t *testing.T) {
	t.Parallel()
	text := html(t, palette(pageOf("x")))
	require.Contains(t, text, `role="combobox"`)
	require.Contains(t, text, `aria-controls="palette-list"`)
	require.Contains(t, text, `data-theme-choice="dark"`)
	fragment := html(t, paletteOptions(nil, nil, nil, `a "b" & <c>`))
	require.Contains(t, fragment, `data-path="/search?q=a+%22b%22+%26+%3Cc%3E"`, "there is always one option")
	require.Contains(t, fragment, "&lt;c&gt;")
}
