package api_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is asked of changes, meetings and configuration items is answered or refused, whatever stands in it.
func TestNoQueryOfChangesIsAFault(t *testing.T) {
	t.Parallel()
	d := setup(t)
	const id = "0d8f3c52-0000-8000-8000-000000000001"
	place := func(json string) string { return url.QueryEscape(base64.RawURLEncoding.EncodeToString([]byte(json))) }
	for _, path := range []string{"/changes", "/cab-meetings", "/configuration-items", "/alerts"} {
		for _, cursor := range []string{
			`{"v":"2026-99-99 00:00:00+00","i":"` + id + `"}`, `{"v":"infinity","i":"` + id + `"}`, `{"v":"-infinity","i":"` + id + `"}`, `{"v":"2026","i":"nobody"}`,
			`{"v":"99999|infinity","i":"` + id + `"}`, `{"v":"","i":""}`, `{}`, `[]`, `null`, `{"v":"\u0000","i":"` + id + `"}`, `{"v":"2026-11-30 09:00:00+00","i":"` + id + `"}`,
			`{"at":"0000-01-01T00:00:00Z","id":"` + id + `"}`, `{"h":"\u0000"}`,
		} {
			for _, sort := range []string{"", "-opened_at", "priority", "-priority", "wake_at", "-wake_at", "window_from", "-window_from", "updated_at"} {
				query := path + "?cursor=" + place(cursor)
				if sort != "" {
					if path != "/changes" {
						continue
					}
					query += "&sort=" + sort
				}
				told := d.ask(http.MethodGet, query, d.agent, nil)
				require.Less(t, told.status, 500, "%s (%s): %s", query, cursor, told.body)
			}
		}
	}
	for _, query := range []string{
		"/changes?from=0000-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "/changes?from=2026-01-01T00:00:00Z&to=9999-12-31T23:59:59-23:59", "/changes?priority=99999999999",
		"/changes?q=%26%7C%21%28%29%3A%2A", "/changes?q=%27%22%5C", "/changes?q=a%20%26%20", "/changes?tag=%22%5D", "/changes?item=%5C", "/changes?category=%25",
		"/change-windows?from=0000-01-01T00:00:00Z&to=0000-12-01T00:00:00Z", "/change-windows?from=9999-01-01T00:00:00Z&to=9999-12-31T23:59:59-23:59",
		"/planned-work", "/configuration-impact?item=%5C&at=9999-12-31T23:59:59-23:59", "/configuration-impact?item=x&at=0000-01-01T00:00:01Z",
		"/configuration-items?at=0000-01-01T00:00:01Z", "/configuration-items?q=%5C%25_", "/alerts?change=" + id, "/alerts?incident=x&item=%5C",
		"/changes/" + id + "/attachments/x", "/change-models/%25/record", "/teams/%25/change-record", "/policy-proposals/x", "/policy-proposals/" + id,
	} {
		told := d.ask(http.MethodGet, query, d.agent, nil)
		require.Less(t, told.status, 500, "%s: %s", query, told.body)
	}
	for _, path := range []string{"/delegations/x", "/delegations/" + id, "/change-feeds/x", "/change-feeds/%25", "/intake-keys/x"} {
		told := d.ask(http.MethodDelete, path, d.agent, nil)
		require.Less(t, told.status, 500, "%s: %s", path, told.body)
	}
}
