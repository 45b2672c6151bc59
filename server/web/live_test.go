package web

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// heard is a live connection of somebody's browser.
type heard struct {
	t    *testing.T
	body *bufio.Reader
	end  func()
	last string // the last id
}

// liveOf is the connection of pages that show something.
func liveOf(addresses ...string) string { return livePath + "?" + url.Values{"of": addresses}.Encode() }

// listen opens a connection as a browser does, after a place where one is named.
func (d *desk) listen(who, after string, addresses ...string) *heard {
	d.t.Helper()
	site := d.address()
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, site+liveOf(addresses...), nil)
	require.NoError(d.t, err)
	name, value, _ := strings.Cut(d.cookies[who], ": ")
	request.Header.Set(name, value)
	if after != "" {
		request.Header.Set("Last-Event-ID", after)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(d.t, err)
	end := func() { require.NoError(d.t, response.Body.Close()) }
	d.t.Cleanup(end)
	require.Equal(d.t, http.StatusOK, response.StatusCode)
	require.Equal(d.t, "text/event-stream", response.Header.Get("Content-Type"))
	return &heard{t: d.t, body: bufio.NewReader(response.Body), end: end}
}

// until reads on to the end of the message that has a text in it.
func (h *heard) until(text string) string {
	h.t.Helper()
	var seen strings.Builder
	for line := ""; line != "\n" || !strings.Contains(seen.String(), text); {
		var err error
		line, err = h.body.ReadString('\n')
		require.NoError(h.t, err, "waiting for %q after %q", text, seen.String())
		if id, found := strings.CutPrefix(line, "id: "); found {
			h.last = strings.TrimSpace(id)
		}
		seen.WriteString(line)
	}
	return seen.String()
}

// rest is what comes until the server ends the connection.
func (h *heard) rest() string {
	h.t.Helper()
	rest, err := io.ReadAll(h.body)
	require.NoError(h.t, err, "it ends in order")
	return string(rest)
}

// place reads on to where the pages are once they were told of a text.
func (h *heard) place(text string) string {
	h.t.Helper()
	h.until(text)
	h.until("id: ")
	return h.last
}

// signOut ends somebody's session, as another window of their browser does.
func (d *desk) signOut(person string) {
	d.t.Helper()
	_, secret, _ := strings.Cut(d.cookies[person], "=")
	who, err := d.Resume(d.t.Context(), secret)
	require.NoError(d.t, err)
	require.NoError(d.t, d.SignOut(app.WithPrincipal(d.t.Context(), who)))
}

func (d *desk) writes(record, body string, internal bool) {
	d.t.Helper()
	_, err := d.AddNote(app.WithPrincipal(d.t.Context(), d.admin), record, "", app.NoteBody{Body: body, Internal: internal})
	require.NoError(d.t, err)
}

// TestALivePageShowsWhatItsViewerMaySeeNow: the rights of a page that is open end with the grants that gave them.
func TestALivePageShowsWhatItsViewerMaySeeNow(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	installs := app.WithPrincipal(t.Context(), d.admin)
	record := incidentOf(t, d.base, "bo")
	stream := d.listen("bo", "", recordURL(record.Number)+"/live")
	d.writes(record.ID, "Giraffe, for us", true)
	stream.until("Giraffe, for us")
	_, err := d.TakeGrant(installs, app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"})
	require.NoError(t, err)
	d.writes(record.ID, "Zebra, for us", true)
	d.writes(record.ID, "Okapi, for all", false)
	require.NotContains(t, stream.until("Okapi, for all"), "Zebra")
	stream.until("id: ")
	d.signOut("bo")
	d.writes(record.ID, "Quagga, for all", false)
	require.NotContains(t, stream.rest(), "Quagga", "the stream ends with the session")
	request := ask(t, d.pages, http.MethodGet, liveOf(recordURL(record.Number)+"/live"), nil, d.cookies["bo"], "HX-Request: true")
	require.Equal(t, http.StatusUnauthorized, request.Code, "and the browser is told why")
}

func TestEachPageOfABrowserIsToldOfItsOwn(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	hers, other := incidentOf(t, d.base, "rita"), incidentNumbered(t, d.base, 2, "cy")
	both := []string{recordURL(hers.Number) + "/live?seq=1", recordURL(other.Number) + "/live?seq=1"}
	bo, rita := d.listen("bo", "", both...), d.listen("rita", "", append(both, portalURL(hers.Number)+"/live?seq=1")...)
	require.Contains(t, rita.until("event: 1-end"), "No incident INC-000002")
	d.writes(other.ID, "Zebra, of another", false)
	require.Contains(t, bo.until("Zebra, of another"), "event: 1\n")
	d.writes(hers.ID, "Okapi, for us", true)
	require.Contains(t, bo.until("Okapi, for us"), "event: 0\n")
	d.writes(hers.ID, "Quagga, for all", false)
	bo.until("Quagga, for all")
	told := rita.until("event: 0\n") + rita.until("event: 2\n") + rita.until("id: ")
	require.Contains(t, told, "Quagga, for all")
	require.NotContains(t, told, "Zebra")
	require.NotContains(t, told, "Okapi")
}

func TestAConnectionIsBounded(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	status := func(who string, addresses ...string) int {
		return ask(t, d.pages, http.MethodGet, liveOf(addresses...), nil, d.cookies[who]).Code
	}
	good := recordURL(record.Number) + "/live"
	for _, address := range []string{
		"", "/", "/incidents", recordURL(record.Number), "/incidents//live", "/incidents/a/b/live", livePath, "https://evil.example/incidents/live",
		"//evil.example/incidents/live", "/incidents/%00/live", "/incidents/live?q=%ff", "/incidents/live?q=%zz", "/incidents/live?rows=" + strings.Repeat("1", longestWatched),
	} {
		require.Equal(t, http.StatusBadRequest, status("bo", good, address), address)
	}
	many := make([]string, mostWatched+1)
	for i := range many {
		many[i] = good + "?seq=" + strconv.Itoa(i)
	}
	require.Equal(t, http.StatusBadRequest, status("bo", many...))
	require.Equal(t, http.StatusNotFound, status("rita", "/incidents/INC-000009/live"))
	require.Equal(t, http.StatusNotFound, status("rita", homeLivePath), "home is for the desk")
	require.Equal(t, http.StatusNotFound, status("bo", portalURL(record.Number)+"/live"), "and a report for whoever reported it")
	as := ask(t, d.pages, http.MethodGet, liveOf(good)+"&as=rita", nil, d.cookies["bo"])
	require.Equal(t, http.StatusUnauthorized, as.Code, "pages of somebody else get nothing")
}

func TestAPageGoesOnFromWhereItWas(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	first, second := incidentOf(t, d.base, "rita"), incidentNumbered(t, d.base, 2, "rita")
	pages := []string{recordURL(first.Number) + "/live?seq=1", recordURL(second.Number) + "/live?seq=1"}
	before := d.listen("bo", "", pages...)
	d.writes(first.ID, "Giraffe", false)
	place := before.place("Giraffe")
	before.end()
	d.writes(second.ID, "Zebra", false)

	after := d.listen("bo", place, pages...)
	missed := after.until("Zebra")
	require.NotContains(t, missed, "Giraffe", "what was told is not told again")
	require.NotContains(t, missed, "-whole")

	mixed := d.listen("bo", "", pages[0]+"&since="+place, pages[1])
	require.NotContains(t, mixed.until("Zebra"), "Giraffe", "each page can be at a place of its own")

	for _, unknown := range []string{"nonsense", "18446744073709551615-1"} {
		whole := d.listen("bo", unknown, pages...).until("Zebra")
		require.Contains(t, whole, "event: 0-whole\n", unknown)
		require.Contains(t, whole, "Giraffe", unknown)
	}
}

func TestAQueueGoesOnFromWhereItWas(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	first, second := incidentOf(t, d.base, "rita"), incidentNumbered(t, d.base, 2, "rita")
	page := queueLivePath + "?state=open&rows=000001-1.000002-1"
	before := d.listen("bo", "", page)
	retitle(t, d.base, first, "Giraffe")
	place := before.place("Giraffe")
	before.end()
	retitle(t, d.base, second, "Zebra")
	incidentNumbered(t, d.base, 3, "rita")

	missed := d.listen("bo", place, page).until("Zebra")
	require.NotContains(t, missed, "Giraffe", "what was told is not told again")
	require.Contains(t, missed, "1 new", "what came in is counted anew")
	require.Contains(t, d.listen("bo", "", page).until("Zebra"), "Giraffe", "a page that was just made is compared as a whole")
}

// TestAQueueOfWordsIsToldWhatComesIn: only the list's own statement knows which records have its words.
func TestAQueueOfWordsIsToldWhatComesIn(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	first, second := incidentOf(t, d.base, "rita"), incidentNumbered(t, d.base, 2, "rita")
	retitle(t, d.base, first, "Giraffe, the first")
	stream := d.listen("bo", "", queueLivePath+"?state=open&q=giraffe&rows=000001-2")
	retitle(t, d.base, second, "Zebra")
	first.Version, second.Version = first.Version+1, second.Version+1
	retitle(t, d.base, second, "Giraffe, the second")
	stream.until("1 new")
	retitle(t, d.base, first, "Giraffe, still the first")
	require.Contains(t, stream.until("still the first"), "1 new", "what is new is counted anew, not twice")
}

func TestTooLongAgoIsToldSo(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	stream := d.listen("bo", "", recordURL(record.Number)+"/live?seq=1")
	d.writes(record.ID, "Giraffe", false)
	place := stream.place("Giraffe")
	into := schemas.NewPassage(d.base.Worker(t), record.ID, store.Instant("2026-11-30T08:00:00Z"))
	events := make([]domain.Event, reach+1)
	for i := range events {
		events[i] = domain.Event{Type: "incident.reminded", At: record.OpenedAt, Actor: domain.Actor{Kind: domain.ActorTimer}, Public: true}
	}
	into.Events(events)
	require.NoError(t, into.Write(t.Context()))
	require.Contains(t, d.listen("bo", place, recordURL(record.Number)+"/live?seq=1").until("event: 0\n"), "event: 0-whole\n")
}

func TestHomeHearsOfItsRecords(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "bo")
	here, err := d.Place(t.Context())
	require.NoError(t, err)
	stream := d.listen("bo", "", homeLivePath+"?rows=000001&since="+here)
	d.writes(record.ID, "Giraffe", false)
	told := stream.until("event: 0\n")
	require.Contains(t, told, `hx-target="#home-lists"`)
	require.Contains(t, told, "What I asked for")
	require.NotContains(t, told, "-whole")
	require.NotContains(t, told, "<form", "what is being typed is not touched")
}

// incidentOf writes an incident of somebody's, as the worker does.
func incidentOf(t *testing.T, base store.DB, requester string) incident.Incident {
	t.Helper()
	return incidentNumbered(t, base, 1, requester)
}

func incidentNumbered(t *testing.T, base store.DB, number int, requester string) incident.Incident {
	t.Helper()
	worker, now := base.Worker(t), store.Instant("2026-11-30T08:00:00Z")
	record := incident.Incident{
		Record: domain.Record{
			ID: domain.NewID(strconv.Itoa(number)), Practice: domain.Incident, Number: "INC-00000" + strconv.Itoa(number), State: incident.New, Version: 1, Title: "Mail is out",
			Tags: []string{}, ConfigurationItems: []string{}, Requester: requester, OpenedBy: requester, Priority: 3,
			Policies: map[string]int{}, Open: true, Active: true, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: incident.Details{Impact: "medium", Urgency: "medium"},
	}
	into := schemas.NewPassage(worker, record.ID, now)
	into.Events([]domain.Event{{Type: "incident.logged", At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: requester}, Public: true}})
	into.Incident(record, nil, true, true)
	require.NoError(t, into.Write(t.Context()))
	return record
}

// retitle writes another title, as the worker does when an incident is edited.
func retitle(t *testing.T, base store.DB, record incident.Incident, title string) {
	t.Helper()
	record.Title, record.Version = title, record.Version+1
	into := schemas.NewPassage(base.Worker(t), record.ID, record.OpenedAt)
	into.Events([]domain.Event{{Type: "incident.edited", At: record.OpenedAt, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "bo"}}})
	into.Incident(record, nil, false, true)
	require.NoError(t, into.Write(t.Context()))
}
