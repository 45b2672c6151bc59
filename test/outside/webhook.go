package outside

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// Call is one request that a webhook took.
type Call struct {
	// At is when it came.
	At     time.Time
	Header http.Header
	Body   []byte
}

// WebhookServer is an HTTP server.
type WebhookServer struct {
	receiver
	URL   string
	took  []Call
	tries int
}

// NewWebhookServer starts an HTTP server, which ends with the test.
func NewWebhookServer(t testing.TB) *WebhookServer {
	t.Helper()
	s := &WebhookServer{receiver: newReceiver()}
	server := httptest.NewServer(s)
	s.URL = server.URL
	t.Cleanup(func() {
		s.Become(Failing)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// Calls lists what was taken, in order.
func (s *WebhookServer) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.took)
}

// Tries counts requests, whatever came of them.
func (s *WebhookServer) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// ServeHTTP implements http.Handler.
func (s *WebhookServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	came := time.Now()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.tries++
	s.mu.Unlock()
	switch s.is() {
	case Failing:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case Refusing:
		w.WriteHeader(http.StatusGone)
		return
	case Hanging:
		s.hang()
		return
	case Closing:
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	s.took = append(s.took, Call{At: came, Header: r.Header.Clone(), Body: body})
	s.mu.Unlock()
}
