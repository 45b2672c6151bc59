package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast-itsm/holdfast/domain"
)

const (
	// maxTries bounds how often a call is made in all.
	maxTries = 4
	// maxPause bounds a pause between two tries: whoever is told to wait longer is told so instead.
	maxPause = 10 * time.Second
	// maxAnswer bounds a JSON answer: a page of records with the longest texts stays below.
	maxAnswer = 64 << 20
)

// call is one operation of the API.
type call struct {
	method string
	path   []string // segments, not yet escaped
	query  url.Values
	header http.Header
	// key is the Idempotency-Key of a POST; one is made where it is empty, and every try carries the same.
	key  string
	body any // as JSON; nil: none
	// content is a body that is not JSON.
	content io.Reader
	media   string
	// unkeyed marks a POST that the server would do again: it is repeated only when it surely was not done.
	unkeyed bool
	// long gives a try more time.
	long bool
	// into takes the JSON answer; nil: it is thrown away.
	into any
}

// answer is what came back of a call that was not refused.
type answer struct {
	status int
	body   []byte
	header http.Header
}

func get(path ...string) call { return call{method: http.MethodGet, path: path} }

// do makes a call, again where trying again is safe and may help, and reads its answer.
func (c *client) do(ctx context.Context, op call) (answer, error) {
	body, err := c.prepare(&op)
	if err != nil {
		return answer{}, err
	}
	for try := 1; ; try++ {
		got, err := c.try(ctx, op, body)
		if err == nil {
			return got, got.read(op.into)
		}
		pause, again := c.pauseBefore(op, err, try)
		if !again || !wait(ctx, pause) || !rewind(op.content) {
			return got, err
		}
	}
}

// prepare encodes the body once and fixes the key, so that all tries are the same call.
func (c *client) prepare(op *call) ([]byte, error) {
	if c.fault != nil {
		return nil, c.fault
	}
	for _, segment := range op.path {
		if segment == "" || segment == "." || segment == ".." {
			return nil, domain.Errorf(domain.CodeNotFound, "no %s %q", strings.TrimSuffix(op.path[0], "s"), segment)
		}
	}
	if op.method == http.MethodPost && op.key == "" {
		op.key = uuid.NewString()
	}
	if op.body == nil {
		return nil, nil
	}
	body, err := json.Marshal(op.body)
	if err != nil {
		return nil, fmt.Errorf("encoding a request: %w", domain.Errorf(domain.CodeMalformed, "the request is no JSON: %v", err))
	}
	return body, nil
}

// try makes a call once.
func (c *client) try(ctx context.Context, op call, body []byte) (answer, error) {
	bounded, cancel := context.WithTimeout(ctx, c.timeout(op))
	defer cancel()
	response, err := c.send(bounded, op, body)
	if err != nil {
		return answer{}, failure(ctx, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return answer{}, failure(ctx, err)
	case len(content) > maxAnswer:
		return answer{}, domain.Errorf(domain.CodeTooLarge, "the answer has more than %d bytes; ask for less", maxAnswer)
	case response.StatusCode >= http.StatusMultipleChoices:
		return answer{}, refusal(response, content)
	}
	return answer{status: response.StatusCode, body: content, header: response.Header}, nil
}

// send sends a call; the answer's body is the caller's to close.
func (c *client) send(ctx context.Context, op call, body []byte) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	if op.content != nil {
		content = io.NopCloser(op.content)
	}
	request, err := http.NewRequestWithContext(ctx, op.method, c.location(op), content)
	if err != nil {
		return nil, err
	}
	for name, values := range op.header {
		request.Header[name] = values
	}
	request.Header.Set("User-Agent", c.options.Agent)
	if request.Header.Get("Accept") == "" {
		request.Header.Set("Accept", "application/json, application/problem+json")
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	switch {
	case op.content != nil:
		request.Header.Set("Content-Type", op.media)
	case body != nil:
		request.Header.Set("Content-Type", "application/json")
	}
	if op.key != "" {
		request.Header.Set("Idempotency-Key", op.key)
	}
	if op.unkeyed {
		request.GetBody = nil // or the transport would repeat it by itself
	}
	return c.http.Do(request)
}

func (c *client) location(op call) string {
	var b strings.Builder
	b.WriteString(c.address)
	b.WriteString(base)
	for _, segment := range op.path {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(segment))
	}
	if len(op.query) > 0 {
		b.WriteByte('?')
		b.WriteString(op.query.Encode())
	}
	return b.String()
}

func (c *client) timeout(op call) time.Duration {
	if op.long {
		return longFactor * c.options.Timeout
	}
	return c.options.Timeout
}

// pauseBefore says whether a failed call is tried again, and after how long.
func (c *client) pauseBefore(op call, err error, try int) (time.Duration, bool) {
	if try >= maxTries {
		return 0, false
	}
	pause := c.options.Pause << (try - 1)
	pause += rand.N(pause/2 + 1)
	refused := errors.Is(err, syscall.ECONNREFUSED)
	dropped := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if known := domain.AsError(err); known != nil && known.RetryAfter > 0 {
		again := known.Code == domain.CodeTooMany || known.Code == domain.CodeUnavailable && !op.unkeyed
		return max(pause, known.RetryAfter), again && known.RetryAfter <= maxPause
	}
	return pause, refused || (dropped && !op.unkeyed)
}

// wait waits, unless the context ends before.
func wait(ctx context.Context, pause time.Duration) bool {
	if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < pause {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// rewind puts a body back to its beginning for another try; not every one can.
func rewind(content io.Reader) bool {
	if content == nil {
		return true
	}
	seeker, can := content.(io.Seeker)
	if !can {
		return false
	}
	_, err := seeker.Seek(0, io.SeekStart)
	return err == nil
}

// read decodes an answer.
func (a answer) read(into any) error {
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return fmt.Errorf("reading an answer: %w", domain.Errorf(domain.CodeInternal, "the answer is not one of Holdfast's: %v", err))
	}
	return nil
}
