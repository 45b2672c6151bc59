package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestEveryLanguageWritesMomentsAndNumbers(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	at := store.Instant("2026-11-30T20:05:00Z").In(zone)
	for tag, want := range map[string]string{"en-GB": "30 Nov 2026, 15:05 EST", "en-US": "Nov 30, 2026, 3:05 PM EST"} {
		language, known := app.LanguageOf(tag)
		require.True(t, known)
		require.Equal(t, want, language.Moment(at))
		for number, text := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
			require.Equal(t, text, language.Number(number))
		}
		require.Equal(t, "1.5", language.Decimal(1.49999999))
	}
	american, _ := app.LanguageOf("en-us")
	require.Equal(t, "Mon Nov 30, 3:05 PM", american.Clock(at))
	require.Equal(t, "November 30", american.Day(at))
	require.Equal(t, []string{"3:05 PM", "15:05"}, []string{american.Time(at), app.Languages[0].Time(at)})
	require.Equal(t, "Mon 30 Nov 15:05", app.Languages[0].Clock(at))
	require.Equal(t, "30 November", app.Languages[0].Day(at))
	for accept, tag := range map[string]string{
		"": "en-GB", "en-US,en;q=0.9": "en-US", "de-DE,de;q=0.9,en-us;q=0.7": "en-US", "en": "en-GB", "fr": "en-GB", ";;,,": "en-GB",
	} {
		require.Equal(t, tag, app.LanguageAsked(accept).Tag, accept)
	}
}

func TestALanguageIsKeptWithThePerson(t *testing.T) {
	t.Parallel()
	d := setup(t)
	session := d.invited("rita", words)
	me, err := d.Resume(t.Context(), session.Secret)
	require.NoError(t, err)
	require.Empty(t, me.Language, "none was chosen")
	require.NoError(t, d.SetLanguage(d.inside(session), "en-US"))
	_, err = d.SavePerson(d.as("ana", all(domain.RoleAdmin)), app.Person{Handle: "rita", Name: "Rita", Active: true})
	require.NoError(t, err)
	me, err = d.Resume(t.Context(), session.Secret)
	require.NoError(t, err)
	require.Equal(t, "en-US", me.Language, "whoever writes the person leaves it")
	refuses(t, domain.CodeInvalid, d.SetLanguage(d.inside(session), "tlh"))
	require.NoError(t, d.SetLanguage(d.inside(session), ""))
}
