package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

const (
	// maxLine bounds one line of the stream: an event with the longest text stays below.
	maxLine = 4 << 20
	// maxSilentTries bounds how often in a row a stream is opened that says nothing of use.
	maxSilentTries = 30
	// maxStreamPause bounds the pause between two such tries.
	maxStreamPause = 5 * time.Second
)

// Events calls send for every event after a place until ctx ends or send fails. A connection that drops is opened again
// after the last event that was sent, so that none is lost and none comes twice.
func (c *client) Events(ctx context.Context, query app.EventQuery, send func(app.LiveEvent) error) error {
	stream := &stream{client: c, query: query, last: query.After, send: send}
	pause := c.options.Pause
	for silent := 1; ; silent++ {
		heard, err := stream.open(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case stream.refused != nil:
			return stream.refused
		case !worthAgain(err):
			return err
		}
		if heard {
			silent, pause = 0, c.options.Pause
		}
		if silent >= maxSilentTries {
			return err
		}
		if !wait(ctx, pause) {
			return nil
		}
		pause = min(2*pause, maxStreamPause)
	}
}

// worthAgain reports whether a stream that ended so may be opened again: it dropped, or Holdfast is away for a while.
func worthAgain(err error) bool {
	return Unreachable(err) || domain.CodeOf(err) == domain.CodeUnavailable
}

// stream is one reader's place in the events.
type stream struct {
	*client
	query   app.EventQuery
	last    string // id of the last event sent
	send    func(app.LiveEvent) error
	refused error // what send said
}

// open reads the stream until it ends, which is always an error, and reports whether it said anything after its welcome.
func (s *stream) open(ctx context.Context) (bool, error) {
	op := get("events")
	op.query = values("record", s.query.Record, "service", s.query.Service, "practice", string(s.query.Practice))
	op.header = http.Header{"Accept": {"text/event-stream, application/problem+json"}, "Cache-Control": {"no-store"}}
	if s.last != "" {
		op.header["Last-Event-Id"] = []string{s.last}
	}
	if _, err := s.prepare(&op); err != nil {
		return false, err
	}
	watched, cancel := context.WithCancel(ctx)
	defer cancel()
	// A connection that died without a word is one that says nothing: the server beats every few seconds.
	silence := time.AfterFunc(s.options.Silence, cancel)
	defer silence.Stop()
	response, err := s.client.send(watched, op, nil)
	if err != nil {
		return false, failure(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
		if err != nil {
			return false, failure(ctx, err)
		}
		return false, refusal(response, content)
	}
	return s.read(ctx, response.Body, func() { silence.Reset(s.options.Silence) })
}

// read takes the stream apart (WHATWG HTML, "Server-sent events"); alive is told of every line.
func (s *stream) read(ctx context.Context, body io.Reader, alive func()) (bool, error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var id string
	var data []string
	heard, comments := false, 0
	for lines.Scan() {
		alive()
		line := lines.Text()
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if id != "" && len(data) == 0 {
				s.last = id // a place without an event
			}
			if len(data) > 0 {
				heard = true
				if err := s.pass(id, strings.Join(data, "\n")); err != nil {
					return heard, err
				}
			}
			id, data = "", nil
		case name == "":
			comments++
			heard = heard || comments > 1 // the first one is the welcome
		case name == "id":
			id = value
		case name == "data":
			data = append(data, value)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return heard, domain.Errorf(domain.CodeTooLarge, "an event has more than %d bytes", maxLine)
	}
	if lines.Err() != nil {
		return heard, failure(ctx, lines.Err())
	}
	return heard, failure(ctx, io.EOF)
}

// pass hands one event on and keeps its place.
func (s *stream) pass(id, data string) error {
	event := app.LiveEvent{ID: id}
	if err := json.Unmarshal([]byte(data), &event); err != nil {
		return fmt.Errorf("reading an event: %w", domain.Errorf(domain.CodeInternal, "the event is not one of Holdfast's: %v", err))
	}
	if s.query.Only != nil && !s.query.Only(event.StreamedEvent) {
		s.last = id
		return nil
	}
	if err := s.send(event); err != nil {
		s.refused = err
		return err
	}
	if id != "" {
		s.last = id
	}
	return nil
}
