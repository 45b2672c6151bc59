package web

import (
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// happens writes what happened in an escalation, as the workers do.
func (d *desk) happens(one escalation.Escalation, what string, change func(*escalation.Escalation)) escalation.Escalation {
	d.t.Helper()
	change(&one)
	one.Version++
	into := schemas.NewPassage(d.base.Worker(d.t), one.ID, d.Clock.Now())
	into.Events([]domain.Event{{Type: what, At: d.Clock.Now(), Actor: domain.Actor{Kind: domain.ActorPerson, Name: "bo"}}})
	into.Escalation(one, false, false)
	require.NoError(d.t, into.Write(d.t.Context()))
	return one
}

// TestWhoIsCalledIsLive: what happens in an escalation reaches the pages that show it without a word from its incident.
func TestWhoIsCalledIsLive(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	source, other := incidentNumbered(t, d.base, 1, "rita"), incidentNumbered(t, d.base, 2, "rita")
	record, elsewhere := d.listen("bo", "", recordURL(source.Number)+"/live?seq=1"), d.listen("bo", "", recordURL(other.Number)+"/live?seq=1")
	hers := d.listen("rita", "", portalURL(source.Number)+"/live?seq=1", portalURL(other.Number)+"/live?seq=1")
	list := d.listen("bo", "", escalationsLivePath+"?state=open")
	list.until("Nobody is being called")

	one := d.calling(source)
	opened := record.until(one.Number)
	require.Contains(t, opened, `hx-target="#escalations"`)
	require.NotContains(t, opened, `hx-target="#record-head"`, "nothing else changed")
	list.until(one.Number)

	page := d.listen("bo", "", recordURL(one.Number)+"/live?seq=1")
	one = d.happens(one, "escalation.acknowledged", func(e *escalation.Escalation) {
		e.State, e.AcknowledgedBy, e.NextAt = escalation.Acknowledged, "bo", nil
	})
	record.until("bo takes care.")
	list.until("Acknowledged")
	told := page.until("Acknowledged by bo")
	for _, part := range []string{"#escalation-head", "#escalation-facts", "#escalation-steps", "#timeline-list"} {
		require.Contains(t, told, `hx-target="`+part+`"`)
	}
	page.until("id: ")
	place := page.last
	page.end()
	d.happens(one, "escalation.exhausted", func(e *escalation.Escalation) { e.State = escalation.Exhausted })
	missed := d.listen("bo", place, recordURL(one.Number)+"/live?seq=2").until("Exhausted")
	require.NotContains(t, missed, "-whole", "a page goes on from where it was")

	d.writes(other.ID, "Okapi, for all", false)
	require.NotContains(t, elsewhere.until("Okapi"), one.Number, "other records hear nothing of it")
	require.NotContains(t, hers.until("Okapi"), one.Number, "and whom the desk calls is its own business")
	require.Equal(t, http.StatusForbidden, ask(t, d.pages, http.MethodGet, liveOf(escalationsLivePath), nil, d.cookies["rita"]).Code)
}

// TestAPageThatWasJustMadeIsBroughtUpToDate: somebody was called after the page was made and before it listened.
func TestAPageThatWasJustMadeIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	source := incidentOf(t, d.base, "rita")
	source.Escalations = []incident.Call{{}}
	retitle(t, d.base, source, "Mail is out again")
	one := d.calling(source)
	require.Contains(t, d.listen("bo", "", recordURL(source.Number)+"/live?seq=2").until(one.Number), `hx-target="#escalations"`)
	require.Contains(t, d.listen("bo", "", escalationsLivePath).until(one.Number), `hx-target="#escalation-list"`)
}

// rings puts something into somebody's bell, as the worker does.
func (d *desk) rings(person string) {
	d.t.Helper()
	require.NoError(d.t, schemas.TellAccount(d.t.Context(), d.base.App(d.t), "account.test_page", person, "{}", d.Clock.Now()))
	_, err := d.base.Superuser(d.t).NewRaw(`INSERT INTO bell (person, outbox, kind, lane, data, created_at)
		SELECT ?0, max(position), 'account.test_page', 'page', '{}', ?1 FROM outbox`, person, d.Clock.Now()).Exec(d.t.Context())
	require.NoError(d.t, err)
}

func TestTheBellCountsOnEveryPage(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	first, second := d.listen("bo", "", recordURL(record.Number)+"/live?seq=1"), d.listen("bo", "") // one that shows nothing live
	ana := d.listen("ana", "")
	none := `<span id="bell-count"></span>`
	for _, one := range []*heard{first, second, ana} {
		require.Contains(t, one.until("event: bell\n"), none)
	}
	d.rings("bo")
	d.rings("bo")
	for _, one := range []*heard{first, second} {
		one.until(`class="badge-count">2<`)
	}
	require.NoError(t, d.ReadBell(app.WithPrincipal(t.Context(), app.Principal{Handle: "bo", Kind: "person"}), math.MaxInt32, true))
	for _, one := range []*heard{first, second} {
		require.Contains(t, one.until(none), "event: bell\n", "what is read in one window is read in all")
	}
	d.rings("ana")
	require.NotContains(t, ana.until(`class="badge-count">1<`), ">2<", "everybody has a bell of their own")
	require.Contains(t, d.listen("ana", "").until("event: bell\n"), `class="badge-count">1<`, "a window that comes into sight is told at once")
}
