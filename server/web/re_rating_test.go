package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
)

func TestANewVersionOffersAReRating(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	first := d.agrees(silver)
	record := d.promised(1, silver)
	place := policyURL(first)
	require.NotContains(t, d.get("ana", place, http.StatusOK), "Preview re-rating", "there is nothing to bring under it")
	d.agrees(fasterSilver)
	offer := d.get("ana", place, http.StatusOK)
	require.Contains(t, offer, "1 open record is measured by an earlier version.")
	require.Contains(t, offer, `href="/re-rating?outdated=SLA%2Fsilver"`)
	require.NotContains(t, d.get("ana", place+"?version=1", http.StatusOK), "Preview re-rating", "it is the newest that is offered")
	told := d.get("bo", place, http.StatusOK)
	require.Contains(t, told, "A team lead can bring them under this one.")
	require.NotContains(t, told, "/re-rating")
	d.get("bo", reRatingPath, http.StatusForbidden)
	d.get("rita", reRatingPath, http.StatusForbidden)

	preview := d.get("ana", reRatingURL("SLA/silver"), http.StatusOK)
	require.Contains(t, preview, "1 broken at once, 0 due earlier, 0 later.")
	require.Contains(t, preview, `href="/incidents/`+record.Number+`/clocks"`, "each figure opens its records")
	require.Contains(t, preview, `datetime="2026-11-30T08:30:00.000Z"`)
	require.Contains(t, preview, "Nothing has been changed yet.")
	require.Contains(t, d.get("ana", reRatingURL("Calendar/always"), http.StatusOK), "Nothing would change")
	require.Contains(t, d.get("ana", reRatingPath+"?team=network", http.StatusOK), "Nothing would change")
	d.get("ana", reRatingURL("silver"), http.StatusUnprocessableEntity)
	require.Zero(t, d.commands(), "a preview gives none")
}

func TestAReRatingIsCarriedOutAsItWasShown(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.agrees(silver)
	record := d.promised(1, silver)
	d.agrees(fasterSilver)
	form := url.Values{keyField: {"k"}, "outdated": {"SLA/silver"}}
	refused := d.post("ana", reRatingPath, form, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "1 broken at once", "the preview is still there")
	require.Contains(t, refused, `name="outdated" value="SLA/silver"`)
	require.Zero(t, d.commands())
	d.post("bo", reRatingPath, form, http.StatusForbidden)

	form.Set("reason", "silver is faster now")
	for range 2 {
		done := d.post("ana", reRatingPath, form, http.StatusOK)
		require.Contains(t, done, "1 record is being measured anew.")
		require.Contains(t, done, record.Number)
		require.Equal(t, 1, d.commands(), "the same form gives its commands once")
	}
	form.Set("team", "network")
	require.Contains(t, d.post("ana", reRatingPath, form, http.StatusOK), "0 records are being measured anew.", "the filter is kept")
}

// commands counts those that wait to be decided.
func (d *desk) commands() int {
	d.t.Helper()
	var waiting int
	require.NoError(d.t, d.base.Superuser(d.t).NewRaw("SELECT count(*) FROM messages").Scan(d.t.Context(), &waiting))
	return waiting
}

func TestAReRatingKeepsItsFilter(t *testing.T) {
	t.Parallel()
	view := reRatingView{Filters: filtersOf(incidentQueue, url.Values{"team": {"network"}, "q": {"mail"}, "state": {"closed"}, "priority": {"1,2"}}), Outdated: "Calendar/support"}
	require.Equal(t, reRatingPath+"?cursor=c&outdated=Calendar%2Fsupport&priority=1%2C2&q=mail&team=network", view.url("c"))
	require.Equal(t, []string{"open"}, view.query().State, "what is over keeps its verdicts")
	require.Equal(t, app.PromiseQuery{Outdated: "Calendar/support"}, view.query().PromiseQuery)
}
