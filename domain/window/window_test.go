package window_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/window"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err) // the texts are literals of tests
	}
	return t
}

func read(t *testing.T, text string) window.Spec {
	t.Helper()
	var spec window.Spec
	require.NoError(t, json.Unmarshal([]byte(text), &spec))
	return spec
}

// fridays begin at 22:00 in UTC.
func fridays(after time.Time) (time.Time, bool) {
	day := after.UTC().Truncate(24 * time.Hour)
	for ; ; day = day.AddDate(0, 0, 1) {
		if begins := day.Add(22 * time.Hour); day.Weekday() == time.Friday && begins.After(after) {
			return begins, true
		}
	}
}

func TestADatedWindowHoldsFromItsBeginningToBeforeItsEnd(t *testing.T) {
	t.Parallel()
	w := window.Window{Spec: read(t, `{"from": "2026-12-18T17:00:00Z", "to": "2027-01-04T06:00:00Z"}`)}
	for text, holds := range map[string]bool{
		"2026-12-18T16:59:59Z": false, "2026-12-18T17:00:00Z": true, "2027-01-04T05:59:59Z": true, "2027-01-04T06:00:00Z": false,
	} {
		span, is := w.At(at(text))
		require.Equal(t, holds, is, text)
		if is {
			require.Equal(t, at("2027-01-04T06:00:00Z"), span.To)
		}
	}
	require.Len(t, w.Within(window.Span{From: at("2027-01-04T05:59:59Z"), To: at("2027-02-01T00:00:00Z")}), 1)
	require.Empty(t, w.Within(window.Span{From: at("2026-12-01T00:00:00Z"), To: at("2026-12-18T17:00:00Z")}), "it ends as the freeze begins")
}

func TestARecurringWindowIsFoundFromWithinAnOccurrence(t *testing.T) {
	t.Parallel()
	w := window.Window{Spec: read(t, `{"recurring": {"cron": "0 22 * * 5", "lasts": "60h", "timezone": "UTC"}}`), Starts: fridays}
	span, holds := w.At(at("2026-11-29T12:00:00Z")) // a Sunday
	require.True(t, holds)
	require.Equal(t, window.Span{From: at("2026-11-27T22:00:00Z"), To: at("2026-11-30T10:00:00Z")}, span)
	_, holds = w.At(at("2026-11-30T10:00:00Z"))
	require.False(t, holds)
	month := w.Within(window.Span{From: at("2026-11-01T00:00:00Z"), To: at("2026-12-01T00:00:00Z")})
	require.Len(t, month, 5, "the one that began in October reaches into November")
	require.Equal(t, at("2026-10-30T22:00:00Z"), month[0].From)
}

func TestOccurrencesThatTouchAreOne(t *testing.T) {
	t.Parallel()
	w := window.Window{Spec: read(t, `{"recurring": {"cron": "0 22 * * 5", "lasts": "168h", "timezone": "UTC"}}`), Starts: fridays}
	long := window.Span{From: at("2026-11-10T00:00:00Z"), To: at("2026-11-25T00:00:00Z")}
	found := w.Within(long)
	require.Len(t, found, 1)
	require.True(t, found[0].Covers(long))
}

func TestWhatIsWrongWithAWindowIsSaid(t *testing.T) {
	t.Parallel()
	for text, path := range map[string]string{
		`{}`:                               "spec.from",
		`{"from": "2026-12-18T17:00:00Z"}`: "spec.from",
		`{"from": "2026-12-18T17:00:00Z", "to": "2026-12-18T17:00:00Z"}`:                                                                        "spec.to",
		`{"from": "2026-12-18T17:00:00Z", "to": "2028-12-18T17:00:00Z"}`:                                                                        "spec.to",
		`{"from": "9999-12-01T00:00:00Z", "to": "9999-12-31T23:59:59-23:59"}`:                                                                   "spec.to",
		`{"recurring": {"cron": "0 22 * * 5", "lasts": "1s", "timezone": "UTC"}}`:                                                               "spec.recurring.lasts",
		`{"from": "2026-12-18T17:00:00Z", "to": "2026-12-19T17:00:00Z", "recurring": {"cron": "0 22 * * 5", "lasts": "1h", "timezone": "UTC"}}`: "spec.recurring",
	} {
		problems := read(t, text).Validate()
		require.Len(t, problems, 1, text)
		require.Equal(t, path, problems[0].Path, text)
	}
	require.Empty(t, read(t, `{"from": "2026-12-18T17:00:00Z", "to": "2026-12-19T17:00:00Z"}`).Validate())
}
