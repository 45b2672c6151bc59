package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// slowest is how long one piece of a stream may take to leave: a reader that takes longer is dropped, and goes on later.
const slowest = 30 * time.Second

// Stream is an answer of server-sent events.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// NewStream begins the answer.
func NewStream(w http.ResponseWriter) *Stream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return &Stream{w: w, control: http.NewResponseController(w)}
}

// Send sends a piece at once; none, where it is empty. It fails when the reader has left or is too slow.
func (s *Stream) Send(text string) error {
	if text == "" {
		return nil
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(slowest)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}
