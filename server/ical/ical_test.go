package ical_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/server/ical"
)

func content() app.FeedContent {
	at := func(hour int) time.Time {
		return time.Date(2026, time.October, 25, hour, 0, 0, 0, time.FixedZone("Berlin", 7200))
	}
	long := strings.Repeat("Käsefondue, ", 20)
	return app.FeedContent{Title: "Primary; second floor", MadeAt: at(0), Shifts: []app.ShiftView{
		{Schedule: "primary", Title: long, OnDuty: app.OnDuty{Duty: oncall.Duty{Person: "bo", Replaces: "ana", Override: "o"}, Name: "Bo\r\nBEGIN:VALARM"}, From: at(0), To: at(12)},
		{Schedule: "primary", Title: "Primary", OnDuty: app.OnDuty{Duty: oncall.Duty{Person: "ana"}, Name: "Ana"}, From: at(12), To: at(20)},
	}}
}

func TestACalendarIsWrittenAsTheStandardSays(t *testing.T) {
	t.Parallel()
	text := ical.Write(content(), "https://desk.example.org/")
	unfolded := unfold(t, text)
	for _, line := range []string{
		"DTSTART:20261024T220000Z", "DTEND:20261025T100000Z", "DTSTAMP:20261024T220000Z", "SUMMARY:Ana on call: Primary", "TRANSP:TRANSPARENT",
		"DESCRIPTION:In place of ana", "URL:https://desk.example.org/on-call/primary", "X-WR-CALNAME:On call: Primary\\; second floor",
		"REFRESH-INTERVAL;VALUE=DURATION:PT1H",
	} {
		require.Contains(t, unfolded, "\r\n"+line+"\r\n")
	}
	require.Contains(t, unfolded, `Käsefondue\, Käsefondue`)
	require.Contains(t, unfolded, "SUMMARY:Bo BEGIN:VALARM on call:", "a name cannot add lines")
	require.Equal(t, 2, strings.Count(unfolded, "BEGIN:VEVENT"))
	require.Equal(t, text, ical.Write(content(), "https://desk.example.org/"), "the same shifts have the same names")
}

// unfold holds a text to the form of the standard, and joins its folded lines.
func unfold(t *testing.T, text string) string {
	t.Helper()
	require.True(t, strings.HasPrefix(text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"))
	require.True(t, strings.HasSuffix(text, "END:VCALENDAR\r\n"))
	require.Equal(t, strings.Count(text, "\n"), strings.Count(text, "\r\n"))
	for _, line := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		require.LessOrEqual(t, len(line), 75, line)
		require.True(t, utf8.ValidString(line), "no letter is cut in two: %q", line)
	}
	return strings.ReplaceAll(text, "\r\n ", "")
}

func TestOnlyAnAddressThatLivesIsServed(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	engine := gin.New()
	ical.Mount(engine, ical.Dependencies{Read: func(_ context.Context, secret string) (app.FeedContent, error) {
		if secret != "hf_right" {
			return app.FeedContent{}, domain.Errorf(domain.CodeNotFound, "there is no such feed")
		}
		return content(), nil
	}, ReadChanges: func(_ context.Context, secret string) (app.ChangeFeedContent, error) {
		if secret != "hf_changes" {
			return app.ChangeFeedContent{}, domain.Errorf(domain.CodeNotFound, "there is no such feed")
		}
		return changes(), nil
	}})
	ask := func(path string) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		engine.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		return answer
	}
	right := ask("/feeds/on-call/hf_right.ics")
	require.Equal(t, http.StatusOK, right.Code)
	require.Equal(t, "text/calendar; charset=utf-8", right.Header().Get("Content-Type"))
	require.Equal(t, "private, max-age=300", right.Header().Get("Cache-Control"))
	require.NotContains(t, right.Body.String(), "URL:")
	require.Contains(t, ask("/feeds/changes/hf_changes.ics").Body.String(), "SUMMARY:CHG-000001")
	for _, path := range []string{"/feeds/on-call/hf_changes.ics", "/feeds/changes/hf_right.ics", "/feeds/on-call/hf_wrong.ics", "/feeds/on-call/hf_right", "/feeds/on-call/.ics"} {
		wrong := ask(path)
		require.Equal(t, http.StatusNotFound, wrong.Code, path)
		require.NotContains(t, wrong.Body.String(), "BEGIN")
	}
}
