package api_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/server"
	"github.com/holdfast-itsm/holdfast/server/api"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

func TestNothingIsReadBeforeItIsKnownWhoAsks(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for _, path := range []string{"/incidents", "/incidents/INC-000001/attachments?name=a", "/tokens"} {
		for _, length := range []int{10, api.MaxBody} {
			told := d.begin(path, "hf_nobody", length).hear() // not a byte of the body was sent
			require.Equal(t, http.StatusUnauthorized, told.status, path)
		}
	}
}

func TestBodiesAreBoundedWhateverTheyAreCalled(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"broken UTF-8":        {"{\"title\":\"a\xffb\",\"impact\":\"low\",\"urgency\":\"low\"}", http.StatusUnprocessableEntity},
		"NUL":                 {"{\"title\":\"a\x00b\"}", http.StatusUnprocessableEntity},
		"an escaped NUL":      {`{"title":"a\u0000b","impact":"low","urgency":"low"}`, http.StatusUnprocessableEntity},
		"half a pair":         {`{"title":"a","impact":"low","urgency":"low","custom_fields":{"a":"\ud800"}}`, http.StatusUnprocessableEntity},
		"half a pair, twice":  {`{"title":"a","impact":"low","urgency":"low","custom_fields":{"a":"\ud800\ud800"}}`, http.StatusUnprocessableEntity},
		"the other half":      {`{"title":"a","impact":"low","urgency":"low","custom_fields":{"a":"\udc00"}}`, http.StatusUnprocessableEntity},
		"65 levels":           {`{"custom_fields":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, http.StatusUnprocessableEntity},
		"too large":           {`{"title":"` + strings.Repeat("x", api.MaxBody) + `"}`, http.StatusRequestEntityTooLarge},
		"no title, but sound": {`{"description":"\ud83d\ude00 \\u0000 \\\\ud800","impact":"low","urgency":"low"}`, http.StatusUnprocessableEntity},
	} {
		for _, media := range []string{"", "application/json", "application/json; charset=utf-8", "application/merge-patch+json"} {
			told := d.ask(http.MethodPost, "/incidents", d.agent, strings.NewReader(c.body), "Content-Type", media)
			require.Equal(t, c.status, told.status, "%s as %q: %s", name, media, told.body)
			require.Equal(t, name == "no title, but sound", bytes.Contains(told.body, []byte("required property title")), "%s: %s", name, told.body)
		}
	}
	told := d.ask(http.MethodPost, "/incidents", d.agent, strings.NewReader("title=x"), "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusUnsupportedMediaType, told.status)
}

func TestNoAddressIsAFault(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record := d.incident().Number
	for _, path := range []string{
		"/incidents/%00", "/incidents/%FF", "/incidents/%00/timeline", "/incidents/" + record + "/attachments/%00", "/commands/%00", "/people/%00",
		"/people/a%00/grants", "/policies/%00/x", "/policies/Calendar/%FF/versions",
	} {
		require.Equal(t, http.StatusBadRequest, d.ask(http.MethodGet, path, d.agent, nil).status, path)
	}
	for _, path := range []string{
		"/incidents?team=", "/incidents?tag=", "/incidents?q=", "/incidents?state=", "/incidents?cursor=", "/search?q=", "/waiting?name=",
		"/waiting?assignee=", "/incidents/similar?q=", "/people?q=", "/policies?kind=", "/tokens?person=", "/incidents?",
	} {
		for _, bad := range []string{"a%00", "a%FFb", "a%zz"} {
			told := d.ask(http.MethodGet, path+bad, d.agent, nil)
			require.Equal(t, http.StatusBadRequest, told.status, "%s%s: %s", path, bad, told.body)
		}
	}
	require.Equal(t, http.StatusBadRequest, d.ask(http.MethodPut, "/incidents/"+record+"/watchers/%00", d.agent, nil).status)
}

func TestNoCursorOrFilterIsAFault(t *testing.T) {
	t.Parallel()
	d := setup(t)
	const id = "0d8f3c52-0000-8000-8000-000000000001"
	place := func(json string) string { return url.QueryEscape(base64.RawURLEncoding.EncodeToString([]byte(json))) }
	for _, query := range []string{
		"/incidents?cursor=" + place(`{"v":"2026-99-99 00:00:00+00","i":"`+id+`"}`),
		"/incidents?cursor=" + place(`{"v":"0000-01-01 00:00:00+00","i":"`+id+`"}`),
		"/incidents?cursor=" + place(`{"v":"2026","i":"`+id+`"}`),
		"/incidents?cursor=" + place(`{"v":"2026-01-01 00:00:00+00","i":"nobody"}`),
		"/incidents?sort=priority&cursor=" + place(`{"v":"infinity|2026-01-01 00:00:00+00","i":"`+id+`"}`),
		"/incidents?sort=priority&cursor=" + place(`{"v":"99999|2026-01-01 00:00:00+00","i":"`+id+`"}`),
		"/incidents?sort=priority&cursor=" + place(`{"v":"3","i":"`+id+`"}`),
		"/incidents?cursor=" + place(`[]`), "/incidents?cursor=%21",
		"/waiting?cursor=" + place(`{"d":"2026-01-01T00:00:00Z","r":"nobody","n":"triage"}`),
		"/waiting?cursor=" + place(`{"d":"0000-01-01T00:00:00Z","r":"`+id+`","n":"triage"}`),
		"/waiting?cursor=" + place(`{"d":"9999-12-31T23:59:59-23:59","r":"`+id+`","n":"triage"}`),
		"/waiting?cursor=" + place(`{"d":"2026-01-01T00:00:00Z","r":"`+id+`","n":"\u0000"}`),
		"/waiting?cursor=" + place(`{"r":"`+id+`"}`) + "x",
	} {
		told := d.ask(http.MethodGet, query, d.agent, nil)
		require.Equal(t, http.StatusBadRequest, told.status, "%s: %s", query, told.body)
		require.Equal(t, "malformed", told.code())
	}
	for _, query := range []string{
		"/incidents?opened_from=0000-01-01T00:00:00Z", "/incidents?opened_to=9999-12-31T23:59:59-23:59", "/waiting?until=0000-01-01T00:00:00Z",
		"/incidents?priority=99999999999", "/incidents?priority=0", "/incidents?priority=1,6",
	} {
		told := d.ask(http.MethodGet, query, d.agent, nil)
		require.Equal(t, http.StatusUnprocessableEntity, told.status, "%s: %s", query, told.body)
	}
	for _, query := range []string{
		"/incidents?cursor=" + place(`{"v":"2026-01-01 00:00:00.123+00","i":"`+id+`"}`), "/incidents?opened_to=9999-12-31T23:59:59Z",
		"/incidents?sort=wake_at&cursor=" + place(`{"v":"infinity","i":"`+id+`"}`),
		"/incidents?sort=-priority&cursor=" + place(`{"v":"3|2026-01-01 00:00:00+00","i":"`+id+`"}`),
		"/waiting?cursor=" + place(`{"d":"2026-01-01T00:00:00Z","r":"`+id+`","n":"triage"}`),
	} {
		require.Equal(t, http.StatusOK, d.ask(http.MethodGet, query, d.agent, nil).status, query)
	}
}

func TestEveryAnswerIsForWhoeverAskedAlone(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for path, status := range map[string]int{"/me": 200, "/incidents/INC-0": 404, "/incidents?cursor=!": 400, "/openapi.json": 200, "/people?limit=0": 422} {
		told := d.ask(http.MethodGet, path, d.agent, nil)
		require.Equal(t, status, told.status, path)
		require.Equal(t, "nosniff", told.header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-store", told.header.Get("Cache-Control"), path)
	}
	refused := d.ask(http.MethodGet, "/me", "hf_nobody", nil)
	require.Equal(t, "no-store", refused.header.Get("Cache-Control"))
}

func TestAnAccountHasSoManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	path := "/incidents/" + d.incident().Number + "/attachments?name=a"
	var under []wire
	for range server.MaxBusy {
		w := d.begin(path, d.agent, 2)
		w.send("x")
		under = append(under, w)
	}
	var refused told
	kit.Eventually(t, time.Minute, func() bool {
		refused = d.ask(http.MethodGet, "/me", d.agent, nil)
		return refused.status == http.StatusTooManyRequests
	})
	require.Equal(t, "1", refused.header.Get("Retry-After"))
	require.Equal(t, "too_many", refused.code())
	require.Equal(t, http.StatusOK, d.ask(http.MethodGet, "/me", d.token("rita"), nil).status, "others go on")
	for _, w := range under {
		w.send("y")
		require.Equal(t, http.StatusCreated, w.hear().status)
	}
	kit.Eventually(t, 20*time.Second, func() bool { return d.ask(http.MethodGet, "/me", d.agent, nil).status == http.StatusOK })
}

func TestAFileIsReadOnlyByThoseWhoMayAddIt(t *testing.T) {
	t.Parallel()
	d := setup(t)
	path := "/incidents/" + d.incident().Number + "/attachments?name=a"
	told := d.begin(path, d.token("rita"), app.MaxAttachmentBytes).hear() // not a byte was sent
	require.Equal(t, http.StatusForbidden, told.status)
	told = d.begin(strings.Replace(path, "INC-0", "INC-9", 1), d.agent, app.MaxAttachmentBytes).hear()
	require.Equal(t, http.StatusNotFound, told.status)
}

func TestAFileIsStoredAsItComes(t *testing.T) {
	t.Parallel()
	d := setup(t)
	path := "/incidents/" + d.incident().Number + "/attachments?name=a"
	half := strings.Repeat("x", 4<<20)
	w := d.begin(path, d.agent, 2*len(half))
	w.send(half)
	kit.Eventually(t, 20*time.Second, func() bool { return d.stored() > 2<<20 }, "half of the file has come, and nothing of it is stored")
	w.send(half)
	require.Equal(t, http.StatusCreated, w.hear().status)
	require.Equal(t, 2*len(half), d.stored())
	told := d.ask(http.MethodPost, path, d.agent, bytes.NewReader(make([]byte, app.MaxAttachmentBytes+1)))
	require.Equal(t, http.StatusRequestEntityTooLarge, told.status)
	require.Equal(t, 2*len(half), d.stored(), "what is too large is not kept")
}
