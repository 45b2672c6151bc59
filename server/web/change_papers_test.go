package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
)

func TestNotesAndFilesStandAtAChange(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.board()
	page := d.get("bo", recordURL(one.Number), http.StatusOK)
	for _, words := range []string{`action="/changes/` + one.Number + `/notes"`, `action="/changes/` + one.Number + `/attachments"`, "No files yet", "makes the votes about what is done void"} {
		require.Contains(t, page, words)
	}
	require.Equal(t, recordURL(one.Number)+"#timeline", d.done("bo", recordURL(one.Number)+"/notes", url.Values{"body": {"Is the <bank> told?"}, "audience": {"internal"}}))
	bo := app.WithPrincipal(t.Context(), app.Principal{Handle: "bo", Grants: d.admin.Grants})
	file, err := d.AddChangeAttachment(bo, one.ID, "", app.Upload{Name: "runbook.txt", Content: strings.NewReader("step by step")})
	require.NoError(t, err)
	page = d.get("bo", recordURL(one.Number), http.StatusOK)
	for _, words := range []string{"Is the <bank> told?", `<span class="chip">internal</span>`, "runbook.txt", recordURL(one.Number) + "/attachments/" + file.ID} {
		require.Contains(t, page, words)
	}
	require.Equal(t, "step by step", d.get("bo", recordURL(one.Number)+"/attachments/"+file.ID, http.StatusOK))
	refused := d.post("bo", recordURL(one.Number)+"/notes", url.Values{"body": {" "}, "audience": {"public"}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "must have 1 to")
	d.post("rita", recordURL(one.Number)+"/notes", url.Values{"body": {"May I?"}}, http.StatusNotFound)
}

func TestAChangeHasWatchers(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	page := recordURL(d.board().Number)
	require.Contains(t, d.get("bo", page, http.StatusOK), "Watch it yourself")
	require.Equal(t, page+"#watchers", d.done("bo", page+"/watchers", url.Values{"person": {"me"}}))
	d.done("bo", page+"/watchers", url.Values{"person": {"cy"}})
	watched := d.get("bo", page, http.StatusOK)
	require.NotContains(t, watched, "Watch it yourself")
	require.Contains(t, watched, `href="/people/cy"`)
	require.Contains(t, d.post("bo", page+"/watchers", url.Values{"person": {"nobody"}}, http.StatusUnprocessableEntity), `value="nobody"`)
	d.done("bo", page+"/watchers/remove", url.Values{"person": {"cy"}})
	require.NotContains(t, d.get("bo", page, http.StatusOK), `href="/people/cy"`)
	d.post("rita", page+"/watchers", url.Values{"person": {"me"}}, http.StatusNotFound)
}
