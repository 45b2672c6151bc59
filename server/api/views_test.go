package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
)

func TestViewsAreKeptCountedAndTakenAway(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.incident()
	do := func(method, path, body string, headers ...string) told {
		return d.ask(method, path, d.agent, strings.NewReader(body), append([]string{"Content-Type", "application/json"}, headers...)...)
	}
	const body = `{"name":"Open","filter":{"state":["open"],"sort":"wake_at"},"columns":["number","due"]}`
	kept := do(http.MethodPost, "/views", body, "Idempotency-Key", "one")
	require.Equal(t, http.StatusCreated, kept.status, string(kept.body))
	var view app.View
	require.NoError(t, json.Unmarshal(kept.body, &view))
	require.Equal(t, "bo", view.Owner)
	require.Equal(t, app.AudiencePrivate, view.Audience)
	require.Contains(t, string(do(http.MethodPost, "/views", body, "Idempotency-Key", "one").body), view.ID)

	require.Equal(t, http.StatusNoContent, do(http.MethodPut, "/views/"+view.ID+"/default", "").status)
	require.Contains(t, string(do(http.MethodGet, "/views/default", "").body), view.ID)
	require.Equal(t, http.StatusNoContent, do(http.MethodDelete, "/views/default", "").status)
	require.Equal(t, http.StatusNotFound, do(http.MethodGet, "/views/default", "").status)

	changed := do(http.MethodPut, "/views/"+view.ID, `{"name":"All open","filter":{"state":["open"]}}`)
	require.Equal(t, http.StatusOK, changed.status, string(changed.body))
	require.Contains(t, string(do(http.MethodGet, "/views", "").body), "All open")
	require.JSONEq(t, `{"counts":[1,0]}`, string(do(http.MethodPost, "/views/count", `{"filters":[{"state":["open"]},{"team":"network"}]}`).body))

	require.Equal(t, http.StatusForbidden, do(http.MethodPost, "/views", `{"name":"x","audience":"everybody","filter":{}}`).status)
	require.Equal(t, http.StatusUnprocessableEntity, do(http.MethodPost, "/views", `{"name":"x","filter":{"nonsense":1}}`).status)
	require.Equal(t, http.StatusNoContent, do(http.MethodDelete, "/views/"+view.ID, "").status)
	require.Equal(t, http.StatusNotFound, do(http.MethodGet, "/views/"+view.ID, "").status)
}
