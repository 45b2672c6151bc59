package kit

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/require"
)

// API speaks to a stack as somebody. Every answer is checked against the OpenAPI that the stack itself publishes.
type API struct {
	t      testing.TB
	stack  *Stack
	url    string
	token  string
	client *http.Client
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	t      testing.TB
}

// API speaks with a token.
func (s *Stack) API(t testing.TB, token string) *API {
	return &API{t: t, stack: s, url: s.URL, token: token, client: &http.Client{Timeout: time.Minute}}
}

// Server speaks to one of the servers of a Stack of Parts; the first is 0.
func (a *API) Server(number int) *API {
	other := *a
	other.url = a.stack.URLs[number]
	return &other
}

// Admin speaks as the administrator.
func (s *Stack) Admin(t testing.TB) *API { return s.API(t, s.Token) }

// As makes a token for somebody and speaks as them.
func (s *Stack) As(t testing.TB, person string, permissions ...string) *API {
	t.Helper()
	var token struct {
		Secret string `json:"secret"`
	}
	s.Admin(t).Post("/tokens", map[string]any{"person": person, "name": "test", "permissions": permissions}).Is(http.StatusCreated).Into(&token)
	return s.API(t, token.Secret)
}

// Get reads a path below the API's base.
func (a *API) Get(path string) *Answer { a.t.Helper(); return a.Do(http.MethodGet, path, nil, nil) }

// Post sends a body as JSON; headers come in pairs.
func (a *API) Post(path string, body any, headers ...string) *Answer {
	a.t.Helper()
	pairs := map[string]string{}
	for i := 0; i+1 < len(headers); i += 2 {
		pairs[headers[i]] = headers[i+1]
	}
	return a.Do(http.MethodPost, path, body, pairs)
}

// Insist posts a command under a key of its own until it is decided: on a busy machine that can take longer than the server
// waits before it answers 202.
func (a *API) Insist(path string, body any) *Answer {
	a.t.Helper()
	key := strconv.FormatInt(keys.Add(1), 10) + a.t.Name()
	var answer *Answer
	Eventually(a.t, readyBound, func() bool {
		answer = a.Post(path, body, "Idempotency-Key", key[:min(len(key), 200)])
		return answer.Status != http.StatusAccepted
	})
	return answer
}

// keys tells apart the commands of one test run.
var keys atomic.Int64

// Do sends a request: a body of []byte as it is, any other as JSON, none where nil.
func (a *API) Do(method, path string, body any, headers map[string]string) *Answer {
	a.t.Helper()
	answer, err := a.Try(method, path, body, headers)
	require.NoError(a.t, err)
	return answer
}

// Try is Do where the server may be dead: the error says that no answer came, so nobody knows what has been done.
func (a *API) Try(method, path string, body any, headers map[string]string) (*Answer, error) {
	a.t.Helper()
	var content io.Reader
	kind := "application/json"
	switch body := body.(type) {
	case nil:
		kind = ""
	case []byte:
		content = bytes.NewReader(body)
	default:
		text, err := json.Marshal(body)
		require.NoError(a.t, err)
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(a.t.Context(), method, a.url+"/api/v1"+path, content)
	require.NoError(a.t, err)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
	if err != nil {
		return nil, err
	}
	a.stack.validate(a.t, request, response, text)
	return &Answer{t: a.t, Status: response.StatusCode, Header: response.Header, Body: text}, nil
}

// Is expects a status.
func (r *Answer) Is(status int) *Answer {
	r.t.Helper()
	require.Equal(r.t, status, r.Status, "%s", r.Body)
	return r
}

// Into reads the body.
func (r *Answer) Into(value any) *Answer {
	r.t.Helper()
	require.NoError(r.t, json.Unmarshal(r.Body, value), "%s", r.Body)
	return r
}

// Map reads the body as a JSON object.
func (r *Answer) Map() map[string]any {
	r.t.Helper()
	var value map[string]any
	r.Into(&value)
	return value
}

// Code is the code of a problem.
func (r *Answer) Code() string {
	r.t.Helper()
	require.Equal(r.t, "application/problem+json", r.Header.Get("Content-Type"), "%s", r.Body)
	code, _ := r.Map()["code"].(string)
	return code
}

// validators are built once for each published description.
var validators sync.Map

type lazyValidator struct {
	once sync.Once
	it   validator.Validator
}

func (s *Stack) validate(t testing.TB, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return
	}
	found, _ := validators.LoadOrStore(s.URL, &lazyValidator{})
	lazy := found.(*lazyValidator)
	lazy.once.Do(func() { lazy.it = s.newValidator(t) })
	require.NotNil(t, lazy.it, "the OpenAPI could not be read")
	copied := *response
	copied.Body = io.NopCloser(bytes.NewReader(body))
	if valid, problems := lazy.it.ValidateHttpResponse(request, &copied); !valid {
		for _, problem := range problems {
			t.Errorf("%s %s %d does not match our OpenAPI: %s: %s\n%s", request.Method, request.URL.Path, response.StatusCode, problem.Message, problem.Reason, body)
			for _, detail := range problem.SchemaValidationErrors {
				t.Errorf("  %s: %s", detail.FieldPath, detail.Reason)
			}
		}
	}
}

func (s *Stack) newValidator(t testing.TB) validator.Validator {
	t.Helper()
	response, err := http.Get(s.URL + "/api/v1/openapi.json")
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	document, err := libopenapi.NewDocument(text)
	require.NoError(t, err)
	made, problems := validator.NewValidator(document)
	require.Empty(t, problems)
	valid, wrong := made.ValidateDocument()
	require.True(t, valid, "%v", wrong)
	return made
}
