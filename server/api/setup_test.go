package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/server"
	"github.com/holdfast-itsm/holdfast/server/api"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode) // says nothing of every route
	m.Run()
}

// desk is the API over the application and a database with the organisation of the tests, without a door.
type desk struct {
	t       testing.TB
	base    store.DB
	service *app.App
	url     string
	blobs   string
	agent   string // the secret of bo's token
}

func setup(t testing.TB) *desk {
	t.Helper()
	base := store.Database(t)
	base.Settle(t)
	d := &desk{t: t, base: base, blobs: t.TempDir()}
	blobs, err := app.OpenFolder(d.blobs)
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	d.service = app.New(app.Dependencies{
		DB: base.App(t), Clock: store.NewClock("2026-11-30T09:00:00Z"), Blobs: blobs, CheckPolicy: policyfile.Check, Transient: pg.Transient, Log: log,
	})
	engine := gin.New()
	engine.ContextWithFallback = true
	api.Mount(engine, api.Dependencies{Service: d.service, Authenticate: d.service.Authenticate, Log: log})
	faces := httptest.NewServer(server.InTime(engine))
	t.Cleanup(faces.Close)
	d.url = faces.URL
	_, err = d.service.GiveGrant(d.installs(), app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"})
	require.NoError(t, err)
	d.agent = d.token("bo")
	return d
}

func (d *desk) installs() context.Context {
	return app.WithPrincipal(d.t.Context(), app.Principal{Handle: "holdfast", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
}

func (d *desk) token(person string) string {
	d.t.Helper()
	made, err := d.service.CreateToken(d.installs(), "", app.TokenBody{Person: person, Name: "test"})
	require.NoError(d.t, err)
	return made.Secret
}

// incident writes an incident of rita's, as the worker does.
func (d *desk) incident() incident.Incident {
	d.t.Helper()
	worker, now := d.base.Worker(d.t), store.Instant("2026-11-30T08:00:00Z")
	number, err := schemas.NextNumber(d.t.Context(), worker, incident.Lifecycle)
	require.NoError(d.t, err)
	record := incident.Incident{
		Record: domain.Record{
			ID: domain.NewID(number), Practice: domain.Incident, Number: number, State: incident.New, Version: 1, Title: "Mail is out",
			Tags: []string{}, ConfigurationItems: []string{}, Requester: "rita", OpenedBy: "rita", Priority: 3, Policies: map[string]int{},
			Open: true, Active: true, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
		},
		Details: incident.Details{Impact: "medium", Urgency: "medium"},
	}
	into := schemas.NewPassage(worker, record.ID, now)
	into.Events([]domain.Event{{Type: "incident.logged", At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "rita"}, Public: true}})
	into.Incident(record, nil, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return record
}

// told is an answer.
type told struct {
	status int
	header http.Header
	body   []byte
}

func (a told) code() string {
	var problem struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(a.body, &problem) != nil {
		return ""
	}
	return problem.Code
}

// ask sends a request with a token; headers come in pairs.
func (d *desk) ask(method, path, secret string, body io.Reader, headers ...string) told {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), method, d.url+api.Base+path, body)
	require.NoError(d.t, err)
	request.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(d.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(d.t, err)
	return told{response.StatusCode, response.Header, text}
}

// wire is one connection, to send a request piece by piece.
type wire struct {
	net.Conn
	t testing.TB
}

// begin sends the head of a POST that promises so many bytes.
func (d *desk) begin(path, secret string, length int) wire {
	d.t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	require.NoError(d.t, err)
	d.t.Cleanup(func() { connection.Close() })
	w := wire{connection, d.t}
	w.send(fmt.Sprintf("POST %s%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		api.Base, path, secret, length))
	return w
}

func (w wire) send(text string) {
	w.t.Helper()
	_, err := io.WriteString(w, text)
	require.NoError(w.t, err)
}

func (w wire) hear() told {
	w.t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(w), nil)
	require.NoError(w.t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return told{response.StatusCode, response.Header, text}
}

// stored is how many bytes lie in the folder of attachments.
func (d *desk) stored() int {
	d.t.Helper()
	files, err := os.ReadDir(d.blobs)
	require.NoError(d.t, err)
	bytes := int64(0)
	for _, file := range files {
		if info, err := file.Info(); err == nil { // else it is gone already
			bytes += info.Size()
		}
	}
	return int(bytes)
}
