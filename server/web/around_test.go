package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

func TestALinkIsWordedFromBothEnds(t *testing.T) {
	t.Parallel()
	choices := linkChoices()
	require.Len(t, choices, 2*len(domain.LinkTypes))
	for _, one := range choices {
		require.Contains(t, linkWords, one.Value)
		at, body := relation("INC-000001", one.Value, "INC-000002")
		require.Contains(t, domain.LinkTypes, body.Type, "it is given in the words that the record takes")
		if body.Type == one.Value {
			require.Equal(t, "INC-000001", at)
			require.Equal(t, "INC-000002", body.To)
		} else {
			require.Equal(t, one.Value, domain.LinkTypes[body.Type])
			require.Equal(t, "INC-000002", at, "the other end keeps it")
			require.Equal(t, "INC-000001", body.To)
		}
	}
	view := viewOf(incident.New, "link", "unlink")
	view.Record.Links = []app.LinkRow{{Type: "blocked_by", Number: "INC-000009", Title: "Other", State: incident.New}}
	text := html(t, linkBox(view))
	require.Contains(t, text, "is blocked by")
	require.Contains(t, text, `action="/incidents/INC-000007/links/remove"`)
	view.Record.AllowedCommands = nil
	require.NotContains(t, html(t, linkBox(view)), "<form", "who may not link sees no form")
}

func TestALinkToNothingIsRefusedInItsPlace(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	refused := d.post("bo", recordURL(record.Number)+"/links", url.Values{"type": {"causes"}, "to": {" "}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "The other record is missing: give the number of the other record.")
	require.Contains(t, refused, `<option value="causes" selected>`)
	require.Contains(t, refused, `<details class="further" open>`)
}

func TestWatchersAreForTheDesk(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	page := recordURL(record.Number)
	require.Contains(t, d.get("bo", page, http.StatusOK), "Watch it yourself")
	require.Equal(t, page+"#watchers", d.done("bo", page+"/watchers", url.Values{"person": {"me"}}))
	d.done("bo", page+"/watchers", url.Values{"person": {"cy"}})
	watched := d.get("bo", page, http.StatusOK)
	require.NotContains(t, watched, "Watch it yourself")
	require.Contains(t, watched, `href="/people/cy"`)
	wrong := d.post("bo", page+"/watchers", url.Values{"person": {"nobody"}}, http.StatusUnprocessableEntity)
	require.Contains(t, wrong, `value="nobody"`)
	d.done("bo", page+"/watchers/remove", url.Values{"person": {"cy"}})
	require.NotContains(t, d.get("bo", page, http.StatusOK), `href="/people/cy"`)
	require.NotContains(t, d.get("rita", page, http.StatusOK), "Watchers")
	d.post("rita", page+"/watchers", url.Values{"person": {"cy"}}, http.StatusForbidden)
}

func TestNotesAreShownAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	admin := app.WithPrincipal(t.Context(), d.admin)
	for body, internal := range map[string]bool{"a **bold** <b>word</b>": false, "between _us_": true} {
		_, err := d.AddNote(admin, record.ID, "", app.NoteBody{Body: body, Internal: internal})
		require.NoError(t, err)
	}
	for _, who := range []string{"bo", "rita"} {
		page := ask(t, d.pages, http.MethodGet, recordURL(record.Number), nil, d.cookies[who]).Body.String()
		require.Contains(t, page, "a <strong>bold</strong> &lt;b&gt;word&lt;/b&gt;")
		require.Equal(t, who == "bo", strings.Contains(page, "between <em>us</em>"), "an internal note is for the desk")
	}
}

func TestHistoryFollowsAField(t *testing.T) {
	t.Parallel()
	event := func(seq int64, kind, data, personal string) domain.StoredEvent {
		return domain.StoredEvent{Seq: seq, At: noon, Type: kind, Data: json.RawMessage(data), Personal: json.RawMessage(personal), Actor: domain.Actor{Kind: domain.ActorPerson, Name: "bo"}}
	}
	var told []string
	for _, one := range turnsOf(t.Context(), []domain.StoredEvent{
		event(1, "incident.logged", `{"priority":3,"assignment_rule":"rest","team":"mail","service":""}`, `{"title":"Mail"}`),
		event(2, "incident.triaged", `{"priority":{"from":3,"to":2}}`, ``),
		event(3, "note.added", ``, `{"body":"x"}`),
		event(4, "incident.held", `{"reason":"awaiting_requester","base":"awaiting_requester"}`, ``),
		event(5, "incident.replied", `{}`, ``),
		event(6, "incident.edited", `{"fields":["title"]}`, `{"title":{"from":"Mail","to":"Mail is out"}}`),
		event(7, "incident.resolved", `{"code":"fixed"}`, ``),
		event(8, "incident.replied", `{}`, ``),
	}) {
		told = append(told, one.Field+": "+one.From+" > "+one.To)
	}
	require.Equal(t, []string{
		"state:  > New", "priority:  > 3", "team:  > mail", "title:  > Mail", "state: New > Triaged", "priority: 3 > 2", "state: Triaged > On hold",
		"state: On hold > Triaged", "title: Mail > Mail is out", "state: Triaged > Resolved", "state: Resolved > In progress",
	}, told)
}

func TestHistoryShowsWhatItsReaderMayRead(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	page := recordURL(record.Number) + "/history"
	require.Contains(t, d.get("bo", page, http.StatusOK), "What its fields said before")
	require.Contains(t, d.get("rita", page+"?field=state", http.StatusOK), "<ins>New</ins>")
	require.Contains(t, d.get("rita", page+"?field=priority", http.StatusOK), "It never changed")
	d.signIn("cy")
	d.get("cy", page, http.StatusNotFound)
}

func TestViewersAreThoseWithAPageOpen(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		var known viewers
		people := []string{"ana", "bo", "cy"}
		open := map[string][]func(){}
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			who := rapid.SampledFrom(people).Draw(t, "who")
			if pages := open[who]; len(pages) > 0 && rapid.Bool().Draw(t, "leaves") {
				pages[0]()
				open[who] = pages[1:]
			} else {
				leave := known.join(ctx, "r", who, make(chan struct{}, 1))
				open[who] = append(pages, leave)
			}
			for _, me := range people {
				var want []string
				for _, other := range people {
					if other != me && len(open[other]) > 0 {
						want = append(want, other)
					}
				}
				require.Equal(t, want, known.others("r", me))
			}
		}
		for _, pages := range open {
			for _, leave := range pages {
				leave()
			}
		}
		require.Empty(t, known.open, "nothing is kept of pages that were closed")
	})
}

func TestAPageIsToldWhoElseViewsIt(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	follow := func(who string) (until func(string) string, end func()) {
		stream := d.listen(who, "", recordURL(record.Number)+"/live?seq=1")
		return stream.until, stream.end
	}
	bo, _ := follow("bo")
	bo(`id="viewers"`)
	_, anaLeaves := follow("ana")
	bo("Also viewing: ana")
	rita, _ := follow("rita")
	bo("Also viewing: ana, rita")
	anaLeaves()
	bo("Also viewing: rita")
	_, err := d.AddNote(app.WithPrincipal(t.Context(), d.admin), record.ID, "", app.NoteBody{Body: "for all", Internal: false})
	require.NoError(t, err)
	require.NotContains(t, rita("for all"), "Also viewing", "who works on it is for the desk")
	require.Contains(t, d.get("bo", recordURL(record.Number), http.StatusOK), "Also viewing: rita")
}
