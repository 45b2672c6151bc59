package server

import (
	"io"
	"net/http"
	"time"
)

// The times that a body may take to come.
const (
	bodyTime   = 30 * time.Second
	uploadTime = 10 * time.Minute
)

// InTime gives every request's body a time to come: a sender that lets a server wait would hold it for ever. What comes after
// the body may take as long as it does.
func InTime(next http.Handler) http.Handler { return within(bodyTime, next) }

func within(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		deadline := http.NewResponseController(w).SetReadDeadline
		if err := deadline(time.Now().Add(limit)); err != nil {
			http.Error(w, "this connection cannot be bounded", http.StatusInternalServerError)
			return
		}
		bounded := *r // the server looks at its own request to see what was left unread
		bounded.Body = &timed{ReadCloser: r.Body, lift: func() error { return deadline(time.Time{}) }}
		next.ServeHTTP(w, &bounded)
	})
}

// timed lifts the deadline when the body has come.
type timed struct {
	io.ReadCloser
	lift func() error
}

func (t *timed) Read(into []byte) (int, error) {
	n, err := t.ReadCloser.Read(into)
	if err == io.EOF && t.lift() != nil {
		return n, io.ErrUnexpectedEOF // the connection is gone
	}
	return n, err
}

// Patient gives a body the time of a large file over a slow line, from when it is first read: until then, nobody has said
// that the file is wanted.
func Patient(body io.Reader, deadline func(time.Time) error) io.Reader {
	return &patient{Reader: body, deadline: deadline}
}

type patient struct {
	io.Reader
	deadline func(time.Time) error
	begun    bool
}

func (p *patient) Read(into []byte) (int, error) {
	if !p.begun {
		p.begun = true
		if err := p.deadline(time.Now().Add(uploadTime)); err != nil {
			return 0, err
		}
	}
	return p.Reader.Read(into)
}
