package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
	"github.com/holdfast-itsm/holdfast/server/client"
)

const committed = `{"id":"0b8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11","practice":"incident","number":"INC-000123","state":"triaged","version":4,
"title":"Mail is down","description":"","service":"mail","category":"","tags":["vip"],"team":"messaging","assignee":"ana","requester":"rik",
"opened_by":"rik","priority":2,"channel":"phone","location":"","environment":"","configuration_items":[],"policies":{"Calendar/default":1},
"restricted":false,"open":true,"active":true,"wake_at":"2026-11-20T10:00:00Z","next_due":"triage","opened_at":"2026-11-20T09:00:00.123Z",
"updated_at":"2026-11-20T09:30:00Z","state_since":"2026-11-20T09:30:00Z","impact":"high","urgency":"medium","priority_overridden":false,
"first_contact":false,"reassignment_count":0,"ping_pong":false,"reopen_count":0,"allowed_commands":["assign","start"],"links":[]}`

// recorder answers every request by a script, the last line of it for ever, and keeps what came.
type recorder struct {
	mu       sync.Mutex
	script   []http.HandlerFunc
	requests []*http.Request
	bodies   []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	r.requests, r.bodies = append(r.requests, request), append(r.bodies, string(body))
	answer := r.script[min(len(r.requests), len(r.script))-1]
	r.mu.Unlock()
	answer(w, request)
}

func (r *recorder) asked() []*http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

func (r *recorder) sent() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.bodies)
}

func serve(t *testing.T, script ...http.HandlerFunc) (app.Service, *recorder) {
	t.Helper()
	r := &recorder{script: script}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	return client.New(s.URL+"/", "hf_secret", quick), r
}

var quick = client.Options{Pause: time.Millisecond, Timeout: 5 * time.Second, Silence: 5 * time.Second}

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func refuse(err error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		server.ProblemOf(err).Write(w, slog.New(slog.DiscardHandler))
	}
}

// hangUp breaks the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		if err := tcp.SetLinger(0); err != nil {
			panic(err)
		}
	}
	if err := connection.Close(); err != nil {
		panic(err)
	}
}

func TestACommandCarriesEverythingAndAnswersTheCommittedRecord(t *testing.T) {
	t.Parallel()
	service, seen := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Holdfast-Command", "c1")
		w.Header().Set("Holdfast-Outcome", "repeated")
		reply(200, committed)(w, r)
	})
	got, err := service.Execute(t.Context(), app.Request{
		Practice: domain.Incident, Verb: "change_priority", Record: "INC-000123", Key: "k1", IfVersion: 3, Async: true,
		Body: json.RawMessage(`{"impact":"high"}`),
	})
	require.NoError(t, err)
	require.Equal(t, domain.Repeated, got.Outcome)
	require.Equal(t, "c1", got.CommandID)
	require.EqualValues(t, 4, got.Version)
	require.Equal(t, "INC-000123", got.Incident.Number)
	require.Equal(t, []string{"assign", "start"}, got.Incident.AllowedCommands)
	require.Equal(t, time.Date(2026, 11, 20, 9, 0, 0, 123e6, time.UTC), got.Incident.OpenedAt)

	request := seen.asked()[0]
	require.Equal(t, "POST /api/v1/incidents/INC-000123/change-priority", request.Method+" "+request.URL.Path)
	require.Equal(t, "Bearer hf_secret", request.Header.Get("Authorization"))
	require.Equal(t, "k1", request.Header.Get("Idempotency-Key"))
	require.Equal(t, `"3"`, request.Header.Get("If-Match"))
	require.Equal(t, "respond-async", request.Header.Get("Prefer"))
	require.Equal(t, "application/json", request.Header.Get("Content-Type"))
	require.JSONEq(t, `{"impact":"high"}`, seen.sent()[0])
}

func TestAQueuedCommandIsAnsweredAsQueued(t *testing.T) {
	t.Parallel()
	service, seen := serve(t, reply(202, `{"command_id":"abc","outcome":"queued","record":"0b8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11"}`))
	got, err := service.Execute(t.Context(), app.Request{Practice: domain.Incident, Verb: "log"})
	require.NoError(t, err)
	require.Equal(t, app.Reply{CommandID: "abc", Outcome: domain.Queued, Record: "0b8f1c52-6b1d-8a3e-9c55-3f4f7f3a7d11"}, got)
	require.Equal(t, "/api/v1/incidents", seen.asked()[0].URL.Path)
	require.NotEmpty(t, seen.asked()[0].Header.Get("Idempotency-Key"))
	require.Equal(t, "{}", seen.sent()[0])
}

func TestRefusalsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, want := range []*domain.Error{
		domain.Conflict([]string{"assign", "start"}, "a incident that is new does not allow confirm"),
		domain.Join([]domain.FieldError{{Location: "body.team", Message: "is not known", Value: "x"}, {Location: "body.title", Message: "is long"}}).(*domain.Error),
		domain.Errorf(domain.CodeForbidden, "the permission incident.assign is needed"),
		domain.Errorf(domain.CodeNotFound, "no incident INC-9"),
		domain.Errorf(domain.CodePreconditionFailed, "the incident is at version 4, not 3"),
		domain.Errorf(domain.CodeUnauthenticated, "send a bearer token"),
		{Code: domain.CodeTooMany, Message: "slower", RetryAfter: time.Hour},
		{Code: domain.CodeUnavailable, Message: "the database is away", RetryAfter: time.Hour},
	} {
		service, seen := serve(t, refuse(fmt.Errorf("deciding: %w", want)))
		_, err := service.Incident(t.Context(), "INC-9")
		require.Equal(t, want, domain.AsError(err))
		require.False(t, client.Unreachable(err))
		require.Len(t, seen.asked(), 1)
	}
}

func TestTriesAgainCarryTheSameKeyAndBody(t *testing.T) {
	t.Parallel()
	busy := refuse(&domain.Error{Code: domain.CodeUnavailable, Message: "the database is away", RetryAfter: time.Nanosecond})
	for name, fault := range map[string]http.HandlerFunc{"hung up": hangUp, "busy": busy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service, seen := serve(t, fault, fault, reply(201, `{"seq":7,"at":"2026-11-20T09:00:00Z","author":{"kind":"person","name":"ana"},"body":"hello","internal":false}`))
			note, err := service.AddNote(t.Context(), "INC-1", "", app.NoteBody{Body: "hello"})
			require.NoError(t, err)
			require.EqualValues(t, 7, note.Seq)
			require.GreaterOrEqual(t, len(seen.asked()), 3)
			key := seen.asked()[0].Header.Get("Idempotency-Key")
			require.NotEmpty(t, key)
			for i, request := range seen.asked() {
				require.Equal(t, key, request.Header.Get("Idempotency-Key"))
				require.JSONEq(t, `{"body":"hello"}`, seen.sent()[i])
			}
		})
	}
}

func TestAnAttachmentIsSentAgainFromItsBeginning(t *testing.T) {
	t.Parallel()
	service, seen := serve(t, refuse(&domain.Error{Code: domain.CodeUnavailable, Message: "away", RetryAfter: time.Nanosecond}), reply(201, `{"id":"f1","name":"a b.txt","bytes":5}`))
	file, err := service.AddAttachment(t.Context(), "INC-1", "k", app.Upload{Name: "a b.txt", MediaType: "text/plain", Public: true, Content: strings.NewReader("bytes")})
	require.NoError(t, err)
	require.Equal(t, "f1", file.ID)
	require.Equal(t, []string{"bytes", "bytes"}, seen.sent())
	require.Equal(t, "name=a+b.txt&public=true", seen.asked()[1].URL.RawQuery)
	require.Equal(t, "text/plain", seen.asked()[1].Header.Get("Content-Type"))
}

func TestWhoeverIsToldToComeAgainDoes(t *testing.T) {
	t.Parallel()
	busy := refuse(&domain.Error{Code: domain.CodeTooMany, Message: "too many at once", RetryAfter: time.Nanosecond})
	service, seen := serve(t, busy, reply(201, `{"id":"t1","secret":"hf_x"}`))
	made, err := service.CreateToken(t.Context(), "", app.TokenBody{Name: "ci"})
	require.NoError(t, err)
	require.Equal(t, "hf_x", made.Secret)
	require.Len(t, seen.asked(), 2)
}

func TestATokenIsAskedForAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	service, seen := serve(t, hangUp, reply(201, `{"id":"t1","secret":"hf_x"}`))
	made, err := service.CreateToken(t.Context(), "", app.TokenBody{Name: "ci"})
	require.NoError(t, err)
	require.Equal(t, "hf_x", made.Secret)
	require.Len(t, seen.asked(), 2)
	require.NotEmpty(t, seen.asked()[0].Header.Get("Idempotency-Key"))
	require.Equal(t, seen.asked()[0].Header.Get("Idempotency-Key"), seen.asked()[1].Header.Get("Idempotency-Key"))
}

func TestALinkIsAskedForAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	service, seen := serve(t, hangUp, reply(201, `{"person":"rita","path":"/welcome/hf_x"}`))
	made, err := service.Invite(t.Context(), "", "rita")
	require.NoError(t, err)
	require.Equal(t, "/welcome/hf_x", made.Path)
	require.Len(t, seen.asked(), 2)
	require.NotEmpty(t, seen.asked()[0].Header.Get("Idempotency-Key"))
	require.Equal(t, seen.asked()[0].Header.Get("Idempotency-Key"), seen.asked()[1].Header.Get("Idempotency-Key"))
}

func TestAnAbsentHoldfastIsUnreachable(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	_, err := client.New(s.URL, "", quick).WhoAmI(t.Context())
	require.True(t, client.Unreachable(err))
	require.Equal(t, domain.CodeUnavailable, domain.CodeOf(err))
	require.Contains(t, err.Error(), "connection refused")

	service, seen := serve(t, hangUp)
	_, err = service.WhoAmI(t.Context())
	require.True(t, client.Unreachable(err))
	require.LessOrEqual(t, len(seen.asked()), 8)

	service, _ = serve(t, reply(http.StatusBadGateway, "<h1>bad gateway</h1>"))
	_, err = service.WhoAmI(t.Context())
	require.True(t, client.Unreachable(err))
}

func TestASlowAnswerIsUnreachableAndAnEndedContextIsNot(t *testing.T) {
	t.Parallel()
	slow := func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }
	s := httptest.NewServer(http.HandlerFunc(slow))
	t.Cleanup(s.Close)
	options := quick
	options.Timeout = 50 * time.Millisecond
	_, err := client.New(s.URL, "", options).WhoAmI(t.Context())
	require.True(t, client.Unreachable(err))
	require.Contains(t, err.Error(), "no answer in time")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = client.New(s.URL, "", quick).WhoAmI(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, client.Unreachable(err))
}

func TestAnythingElseAtTheAddressIsTold(t *testing.T) {
	t.Parallel()
	for address, code := range map[string]domain.Code{"": domain.CodeMalformed, "localhost:80": domain.CodeMalformed, "ftp://x": domain.CodeMalformed} {
		_, err := client.New(address, "", quick).Work(t.Context())
		require.Equal(t, code, domain.CodeOf(err), address)
	}
	service, _ := serve(t, reply(200, "<html>"))
	_, err := service.Work(t.Context())
	require.Equal(t, domain.CodeInternal, domain.CodeOf(err))

	service, seen := serve(t, http.RedirectHandler("https://elsewhere.example/", http.StatusFound).ServeHTTP)
	_, err = service.Work(t.Context())
	require.Contains(t, err.Error(), "https://elsewhere.example/")
	require.Len(t, seen.asked(), 1)

	service, seen = serve(t, reply(200, "{}"))
	_, err = service.Incident(t.Context(), "")
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(err))
	require.Empty(t, seen.asked())
}

func TestListsAskForWhatTheyAreToldTo(t *testing.T) {
	t.Parallel()
	service, seen := serve(t, reply(200, `{"items":[`+committed+`],"next_cursor":"more"}`))
	from := time.Date(2026, 11, 1, 1, 0, 0, 0, time.FixedZone("CET", 3600))
	page, err := service.Incidents(t.Context(), app.IncidentQuery{State: []string{"new", "triaged"}, Priority: []int{1, 2}, Words: "mail & more", OpenedFrom: &from, Limit: 1000})
	require.NoError(t, err)
	require.Equal(t, "more", page.NextCursor)
	require.Len(t, page.Items, 1)
	query := seen.asked()[0].URL.Query()
	require.Equal(t, "new,triaged", query.Get("state"))
	require.Equal(t, "1,2", query.Get("priority"))
	require.Equal(t, "mail & more", query.Get("q"))
	require.Equal(t, "2026-11-01T00:00:00Z", query.Get("opened_from"))
	require.Equal(t, "200", query.Get("limit"))
	require.False(t, query.Has("team"))
}

var errEnough = errors.New("enough")
