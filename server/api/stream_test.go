package api_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/server/api"
)

// listen opens a stream of events from the first one.
func (d *desk) listen(secret string) (int, *bufio.Reader) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+api.Base+"/events", nil)
	require.NoError(d.t, err)
	request.Header.Set("Authorization", "Bearer "+secret)
	request.Header.Set("Last-Event-ID", "0")
	response, err := http.DefaultClient.Do(request)
	require.NoError(d.t, err)
	d.t.Cleanup(func() { response.Body.Close() })
	return response.StatusCode, bufio.NewReader(response.Body)
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.incident()
	made, err := d.service.CreateToken(d.installs(), "", app.TokenBody{Person: "bo", Name: "to be revoked"})
	require.NoError(t, err)
	status, stream := d.listen(made.Secret)
	require.Equal(t, http.StatusOK, status)
	for line := ""; !strings.Contains(line, "incident.logged"); {
		line, err = stream.ReadString('\n')
		require.NoError(t, err)
	}
	require.NoError(t, d.service.RevokeToken(d.installs(), made.ID))
	d.incident()
	rest, err := io.ReadAll(stream)
	require.NoError(t, err, "the stream ends in order")
	require.NotContains(t, string(rest), "event: ", "and says nothing more")
}

func TestAnAccountHasTwentyStreams(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for range 20 {
		status, _ := d.listen(d.agent)
		require.Equal(t, http.StatusOK, status)
	}
	told := d.ask(http.MethodGet, "/events", d.agent, nil)
	require.Equal(t, http.StatusTooManyRequests, told.status)
	require.NotEmpty(t, told.header.Get("Retry-After"))
	status, _ := d.listen(d.token("rita"))
	require.Equal(t, http.StatusOK, status)
}
