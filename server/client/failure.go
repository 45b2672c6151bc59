package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// failure words a call that got no answer. When the caller gave up, the chain says so and not that Holdfast is away.
func failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), domain.Errorf(domain.CodeUnavailable, "the call was given up before Holdfast answered"))
	}
	text := err.Error()
	var around *url.Error
	if errors.As(err, &around) {
		text = around.Err.Error()
	}
	var slow net.Error
	if errors.Is(err, context.DeadlineExceeded) || (errors.As(err, &slow) && slow.Timeout()) {
		text = "no answer in time"
	}
	return &absence{told: domain.Errorf(domain.CodeUnavailable, "Holdfast cannot be reached: %s", text), cause: err}
}

// absence is a failure to reach Holdfast: an error of ours, ErrUnreachable and the cause at once.
type absence struct {
	told  *domain.Error
	cause error
}

func (a *absence) Error() string { return a.told.Error() }

func (a *absence) Unwrap() []error {
	if a.cause == nil {
		return []error{a.told, ErrUnreachable}
	}
	return []error{a.told, ErrUnreachable, a.cause}
}

// refusal makes the server's error again of an answer that is one.
func refusal(response *http.Response, content []byte) error {
	status := response.StatusCode
	media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	var problem server.Problem
	if err != nil || media != "application/problem+json" || json.Unmarshal(content, &problem) != nil || problem.Code == "" {
		return strange(response)
	}
	message := problem.Detail
	if message == "" {
		message = http.StatusText(status)
	}
	return &domain.Error{
		Code: problem.Code, Message: message, Fields: problem.Errors, Allowed: problem.AllowedCommands,
		RetryAfter: retryAfter(response.Header.Get("Retry-After")),
	}
}

// strange words a refusal that our API did not word: a proxy's, or that of something else at the address.
func strange(response *http.Response) error {
	status := response.StatusCode
	if status < http.StatusBadRequest {
		return domain.Errorf(domain.CodeMalformed, "the address leads elsewhere, to %s; give that address", response.Header.Get("Location"))
	}
	message := fmt.Sprintf("the answer was %d %s, which is not Holdfast's", status, http.StatusText(status))
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		told := domain.Errorf(domain.CodeUnavailable, "%s", message)
		told.RetryAfter = retryAfter(response.Header.Get("Retry-After"))
		return &absence{told: told}
	}
	return domain.Errorf(server.ProblemOfStatus(status, "").Code, "%s", message)
}

// retryAfter reads the header's seconds. A date, which we never send, is not followed.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 0 || seconds > 24*60*60 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
