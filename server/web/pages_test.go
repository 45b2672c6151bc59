package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func html(t *testing.T, part templ.Component) string {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, part.Render(t.Context(), &text))
	requireNothingInline(t, text.String())
	return text.String()
}

// pageOf is the frame of a page for somebody signed in.
func pageOf(title string) page {
	return page{Title: title, Who: &app.Principal{Handle: "ana", Name: "Ana"}, Here: "/incidents", Now: noon}
}

func recordOf(state domain.State, allowed ...string) app.IncidentView {
	due := noon.Add(-time.Minute)
	return app.IncidentView{
		Incident: incident.Incident{Record: domain.Record{
			ID: "id", Number: "INC-000007", State: state, Title: "<Mail> is down", Description: "since 8", Priority: 2,
			OpenedAt: noon.Add(-time.Hour), StateSince: noon.Add(-time.Hour), WakeAt: &due, NextDue: "triage",
		}},
		AllowedCommands: allowed,
	}
}

func viewOf(state domain.State, allowed ...string) recordView {
	return recordView{page: pageOf("x"), Record: recordOf(state, allowed...), Note: noteForm{Key: "n"}, Upload: uploadForm{Key: "u"}}
}

func TestTheAllowedCommandsAreTheOnlyButtons(t *testing.T) {
	t.Parallel()
	for _, state := range incident.Lifecycle.States {
		record := recordOf(state.Name)
		for _, roles := range [][]domain.Role{{domain.RoleAdmin}, {domain.RoleRequester}, {domain.RoleAuditor}} {
			allowed := incident.Allowed(record.Incident, domain.Actor{Kind: domain.ActorPerson, Roles: roles})
			text := html(t, recordHead(viewOf(state.Name, allowed...)))
			for _, transition := range incident.Lifecycle.Transitions {
				count := 0
				for _, verb := range allowed {
					if verb == transition.Verb {
						count++
					}
				}
				require.Equal(t, count, strings.Count(text, `href="/incidents/INC-000007?do=`+slug(transition.Verb)+`#command"`), "%s to %v in %s", transition.Verb, roles, state.Name)
			}
		}
	}
	require.Contains(t, html(t, recordHead(viewOf(incident.Closed))), "nothing for you to do")
}

func TestARefusedFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	refused := form{Verb: "resolve", Title: "Resolve", Action: "/x", Key: "k1", Fields: fieldsFor(t, "resolve")}
	byName(t, refused.Fields, "notes").Value = "replaced <the> relay"
	byName(t, refused.Fields, "code").Value = "gone"
	byName(t, refused.Fields, "code").Choices = []choice{{"fixed", "Fixed"}}
	status := refused.refuse(domain.Invalid("code", `"gone" is not a resolution code`))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.NotEqual(t, "k1", refused.Key, "nothing was done, so the next attempt is a new one")
	text := html(t, commandPanel(&refused, "INC-000007", ""))
	require.Contains(t, text, "replaced &lt;the&gt; relay</textarea>")
	require.Contains(t, text, `<option value="gone" selected>gone</option>`)
	require.Contains(t, text, "Code &#34;gone&#34; is not a resolution code.")
	require.Contains(t, text, `aria-invalid="true"`)
	require.Contains(t, text, "Nothing was changed, and what you wrote is kept here.")
}

func TestAnUnknownOutcomeKeepsItsKey(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&domain.Error{Code: domain.CodeUnavailable, Message: "away"}, errors.New("secret detail")} {
		unsure := form{Key: "k1"}
		unsure.refuse(err)
		require.Equal(t, "k1", unsure.Key)
		text := html(t, commandPanel(&unsure, "INC-000007", ""))
		require.Contains(t, text, `name="key" value="k1"`)
		require.Contains(t, text, "it is done once")
		require.NotContains(t, text, "secret detail")
	}
}

func TestACommandThatIsNotAllowedIsSaidToBe(t *testing.T) {
	t.Parallel()
	require.Contains(t, html(t, commandPanel(nil, "INC-000007", "merge_into")), "Merge into is not possible now")
	require.NotContains(t, html(t, commandPanel(nil, "INC-000007", "")), "not possible")
}

func TestAConflictSaysWhatIsAllowedNow(t *testing.T) {
	t.Parallel()
	problem := server.ProblemOf(domain.Conflict([]string{"reopen", "merge_into"}, "an incident that is closed does not allow assign"))
	text := html(t, problemBox(problem, nil))
	require.Contains(t, text, "It now allows: Reopen, Merge into.")
}

func TestTheTimelineTellsPeopleMachinesAndTimersApart(t *testing.T) {
	t.Parallel()
	late := int64(90_500)
	view := viewOf(incident.New)
	view.Timeline = []domain.StoredEvent{
		{Seq: 1, At: noon, Type: "incident.logged", Actor: domain.Actor{Kind: domain.ActorPerson, Name: "ana"}, Public: true},
		{Seq: 2, At: noon, Type: "incident.triage_escalated", Actor: domain.Actor{Kind: domain.ActorTimer}, DueAt: &noon, LatenessMS: &late},
		{Seq: 3, At: noon, Type: "incident.assigned", Actor: domain.Actor{Kind: domain.ActorMachine, Name: "robot"}, Data: json.RawMessage(`{"team":{"from":"","to":"mail"},"ping_pong":true}`)},
		{Seq: 4, At: noon, Type: "note.added", Actor: domain.Actor{Kind: domain.ActorPerson, Name: "bo"}, Personal: json.RawMessage(`{"body":"a <b> note"}`)},
	}
	text := html(t, timelineList(view))
	for _, want := range []string{
		"by ana", "by itself (timer)", "1m30s late", "by robot (machine)", "by-timer", "by-machine",
		"a &lt;b&gt; note", `<span class="chip">internal</span>`, "Ping pong",
	} {
		require.Contains(t, text, want)
	}
	require.Less(t, strings.Index(text, "event-4"), strings.Index(text, "event-1"), "the newest comes first")
}

func TestWhatAnEventSays(t *testing.T) {
	t.Parallel()
	facts := factsOf(t.Context(), domain.StoredEvent{
		Data:     json.RawMessage(`{"id":"0190","priority":{"from":3,"to":2},"until":"2026-03-02T12:00:00Z","tags":["a","b"],"reason":"awaiting_vendor","service":"","fields":["x"]}`),
		Personal: json.RawMessage(`{"comment":"soon"}`),
	})
	require.Equal(t, []fact{
		{Label: "Priority", From: "3", To: "2", Change: true},
		{Label: "Reason", To: "Awaiting vendor"},
		{Label: "Tags", To: "a, b"},
		{Label: "Until", To: "2026-03-02T12:00:00Z", At: &noon},
		{Label: "Comment", To: "soon", Text: true},
	}, facts)
	require.Empty(t, factsOf(t.Context(), domain.StoredEvent{}))

	imported := factsOf(t.Context(), domain.StoredEvent{Data: json.RawMessage(`{"source":{"made_sla":{"from":"true","to":"false"},"notify":"no"}}`)})
	require.Equal(t, []fact{
		{Label: "Source: made_sla", From: "true", To: "false", Change: true},
		{Label: "Source: notify", To: "no"},
	}, imported)
}

func TestOnlyStaffAreOfferedInternalNotes(t *testing.T) {
	t.Parallel()
	view := viewOf(incident.New)
	require.NotContains(t, html(t, noteBox(view)), "internal")
	view.Staff = true
	require.Contains(t, html(t, noteBox(view)), `name="audience" value="internal"`)
}

func TestWholePagesHaveNothingInline(t *testing.T) {
	t.Parallel()
	view := viewOf(incident.New, "triage", "assign", "link")
	view.Form = &form{Verb: "triage", Title: "Triage", Fields: fieldsFor(t, "triage")}
	page := html(t, recordPage(view))
	require.Contains(t, page, "<title>x · Holdfast</title>")
	require.Contains(t, page, "&lt;Mail&gt; is down")
	require.Contains(t, page, `data-live="/incidents/INC-000007/live?after=0&amp;seq=0"`)

	list := app.Page[app.IncidentView]{Items: []app.IncidentView{recordOf(incident.New)}, NextCursor: "c2"}
	text := html(t, queuePage(queueOf(filters{State: "open", Team: "a&b"}, list)))
	require.Contains(t, text, `href="/incidents?cursor=c2&amp;state=open&amp;team=a%26b" rel="next"`)
	require.Contains(t, text, "1 min over")
	require.Contains(t, text, `<time datetime="2026-03-02T11:59:00.000Z"`)

	logging := form{Verb: "log", Title: "Log", Action: "/incidents/new", Key: "k", Fields: fieldsFor(t, "log")}
	require.Contains(t, html(t, newPage(pageOf("Log"), logging, list.Items)), `name="resolution.notes"`)
	waiting := app.Page[app.WaitingRow]{Items: []app.WaitingRow{{Number: "INC-000007", Name: "auto_close", Then: "closes by itself", DueAt: noon.Add(time.Hour)}}}
	require.Contains(t, html(t, waitingPage(pageOf("Waiting"), app.WaitingQuery{}, waiting, nil, nil)), "in 1 h")
}

func TestEmptyListsSayWhatToDo(t *testing.T) {
	t.Parallel()
	var none app.Page[app.IncidentView]
	require.Contains(t, html(t, queuePage(queueOf(filters{State: everyState}, none))), "Log the first one")
	require.Contains(t, html(t, queuePage(queueOf(filters{State: "open"}, none))), "Show all incidents")
	require.Contains(t, html(t, queuePage(queueOf(filters{State: "open", Cursor: "c"}, none))), "To the first page")
	require.Contains(t, html(t, waitingPage(pageOf("x"), app.WaitingQuery{}, app.Page[app.WaitingRow]{}, nil, nil)), "To the incidents")
}

func TestAQueuedCommandIsShownAsPending(t *testing.T) {
	t.Parallel()
	status := app.CommandStatus{CommandID: "c1", Command: "incident.hold", Record: "id", State: "pending", ReceivedAt: noon}
	require.Contains(t, html(t, outcomePart(status)), "Pending: accepted, not yet decided.")
	require.Contains(t, html(t, outcomePart(status)), `hx-trigger="every 3s"`)
	status.State = "applied"
	require.NotContains(t, html(t, outcomePart(status)), "hx-trigger")
	status.State, status.Refusal = "refused", domain.Errorf(domain.CodeConflict, "it is closed")
	require.Contains(t, html(t, outcomePart(status)), "It is closed.")
	require.Equal(t, "/commands/c1", afterReply(app.Reply{CommandID: "c1", Outcome: domain.Queued}))
	view := recordOf(incident.New)
	require.Equal(t, "/incidents/INC-000007", afterReply(app.Reply{Incident: &view}))
}

func TestALiveMessageIsWhole(t *testing.T) {
	t.Parallel()
	view := viewOf(incident.New)
	view.Record.Description = "one\ntwo\r\nthree\rfour"
	text, err := message(t.Context(), "7", liveParts(view, []domain.StoredEvent{{Type: "incident.assigned", Actor: domain.Actor{Kind: domain.ActorTimer}}}))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(text, "event: 7\ndata: "))
	require.True(t, strings.HasSuffix(text, "\n\n"))
	for _, line := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		require.True(t, strings.HasPrefix(line, "data: "), line)
		require.NotContains(t, line, "\r", "a reader of events takes it for the end of a line")
	}
	for _, target := range []string{"#record-head", "#record-facts", "#timeline-list", "#attachment-list", "#link-list"} {
		require.Contains(t, text, `hx-target="`+target+`"`)
	}
	require.Contains(t, text, "Updated: Assigned by itself (timer)")
}

// Every deadline that an incident can have is worded, so that none shows under its bare name.
func TestEveryDeadlineIsWorded(t *testing.T) {
	t.Parallel()
	always, problems := calendar.Compile(calendar.Spec{Timezone: "UTC", Weekly: map[string][]string{
		"mon": {"00:00-24:00"}, "tue": {"00:00-24:00"}, "wed": {"00:00-24:00"}, "thu": {"00:00-24:00"},
		"fri": {"00:00-24:00"}, "sat": {"00:00-24:00"}, "sun": {"00:00-24:00"},
	}}, time.UTC, nil)
	require.Empty(t, problems)
	facts := incident.Facts{Calendar: always, Timing: incident.DefaultTiming()}
	held := recordOf(incident.OnHold).Incident
	held.Hold = incident.Hold{Base: incident.AwaitingRequester, Since: &noon, Until: &noon, PromisedAt: &noon}
	resolved := recordOf(incident.Resolved).Incident
	resolved.Resolution.RecordedAt = &noon
	names := 0
	for _, record := range []incident.Incident{recordOf(incident.New).Incident, held, resolved} {
		deadlines, err := incident.Deadlines(record, facts)
		require.NoError(t, err)
		for _, deadline := range deadlines {
			names++
			require.NotEqual(t, human(deadline.Name), dueTitle(deadline.Name), deadline.Name)
			require.Contains(t, waitingNames(), choice{deadline.Name, waitingName(deadline.Name)})
		}
	}
	require.GreaterOrEqual(t, names, 7)
}

func TestAFailureSaysWhatBecameOfTheWork(t *testing.T) {
	t.Parallel()
	codes := []domain.Code{
		domain.CodeMalformed, domain.CodeUnauthenticated, domain.CodeForbidden, domain.CodeNotFound, domain.CodeConflict, domain.CodePreconditionFailed,
		domain.CodeTooLarge, domain.CodeUnsupportedMedia, domain.CodeInvalid, domain.CodeTooMany, domain.CodeUnavailable, domain.CodeInternal,
	}
	for _, code := range codes {
		problem := server.ProblemOf(domain.Errorf(code, "x"))
		require.NotContains(t, aftermath(problem, true), "wrote", "%s: nothing was written", code)
		require.NotContains(t, aftermath(problem, false), "kept here", "%s: the form is elsewhere", code)
		require.NotEmpty(t, consequence(problem), code)
		require.NotEmpty(t, failureTitle(problem), code)
	}
}

func TestHowFarOff(t *testing.T) {
	t.Parallel()
	for off, want := range map[time.Duration]string{
		30 * time.Second: "in under 1 min", 59 * time.Minute: "in 59 min", 2 * time.Hour: "in 2 h", 125 * time.Minute: "in 2 h 5 min",
		49 * time.Hour: "in 2 d 1 h", 48 * time.Hour: "in 2 d", -90 * time.Minute: "1 h 30 min over",
	} {
		require.Equal(t, want, relative(noon.Add(off), noon))
	}
}
