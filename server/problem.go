// Package server holds what the HTTP faces share: how a failure is told to a caller. Its subpackages are the faces: api for
// machines, web for people, client for the command line.
package server

import (
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/holdfast-itsm/holdfast/domain"
)

// problemBase begins the stable type of every problem.
const problemBase = "https://holdfast.dev/problems/"

// statuses is the one table from a failure's code to an HTTP status.
var statuses = map[domain.Code]int{
	domain.CodeMalformed:          http.StatusBadRequest,
	domain.CodeUnauthenticated:    http.StatusUnauthorized,
	domain.CodeForbidden:          http.StatusForbidden,
	domain.CodeNotFound:           http.StatusNotFound,
	domain.CodeConflict:           http.StatusConflict,
	domain.CodePreconditionFailed: http.StatusPreconditionFailed,
	domain.CodeTooLarge:           http.StatusRequestEntityTooLarge,
	domain.CodeUnsupportedMedia:   http.StatusUnsupportedMediaType,
	domain.CodeInvalid:            http.StatusUnprocessableEntity,
	domain.CodeTooMany:            http.StatusTooManyRequests,
	domain.CodeUnavailable:        http.StatusServiceUnavailable,
	domain.CodeInternal:           http.StatusInternalServerError,
}

// Problem is a failure as RFC 9457 tells it.
type Problem struct {
	Type            string              `json:"type" doc:"A stable name of this kind of failure" example:"https://holdfast.dev/problems/conflict"`
	Title           string              `json:"title"`
	Status          int                 `json:"status"`
	Detail          string              `json:"detail,omitempty" doc:"What happened, for the person who asked"`
	Code            domain.Code         `json:"code"`
	Errors          []domain.FieldError `json:"errors,omitempty"`
	AllowedCommands []string            `json:"allowed_commands,omitempty" doc:"With 409: what the record's state does allow"`

	retryAfter int // seconds
}

// ProblemOf words an error for a caller. The text of an error that is not ours never leaves.
func ProblemOf(err error) *Problem {
	known := domain.AsError(err)
	if known == nil || known.Code == domain.CodeInternal {
		known = domain.Errorf(domain.CodeInternal, "an internal fault stopped this")
	}
	problem := newProblem(known.Code, known.Message)
	problem.Errors, problem.AllowedCommands = known.Fields, known.Allowed
	problem.retryAfter = int(math.Ceil(known.RetryAfter.Seconds()))
	return problem
}

// ProblemOfStatus words a failure that the HTTP layer found itself.
func ProblemOfStatus(status int, detail string) *Problem {
	code := domain.CodeMalformed
	for candidate, mapped := range statuses {
		if mapped == status {
			code = candidate
		}
	}
	if status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable {
		code, detail = domain.CodeInternal, "an internal fault stopped this"
	}
	problem := newProblem(code, detail)
	problem.Status = status
	return problem
}

func newProblem(code domain.Code, detail string) *Problem {
	status := statuses[code]
	return &Problem{Type: problemBase + string(code), Title: http.StatusText(status), Status: status, Detail: detail, Code: code}
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (*Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders are the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header {
	headers := http.Header{}
	if p.retryAfter > 0 {
		headers.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		headers.Set("WWW-Authenticate", `Bearer realm="holdfast"`)
	}
	return headers
}

// Write sends the problem.
func (p *Problem) Write(w http.ResponseWriter, log *slog.Logger) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		log.Debug("a problem could not be sent", "error", err)
	}
}
