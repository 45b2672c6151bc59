package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server/client"
)

// errTold ends a command with exit code 1 after everything was said.
var errTold = silent{exitFailed}

// misuse is a command line that cannot be meant, found after it was parsed.
type misuse struct{ error }

func misusef(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

// exitCode says how a command ended.
func exitCode(err error) int {
	var wrong misuse
	var told silent
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &told):
		return told.code
	case errors.As(err, &wrong):
		return exitUsage
	case client.Unreachable(err):
		return exitUnreachable
	}
	return exitFailed
}

// fail tells why a command failed, on the error stream, and gives its exit code. Data was asked for: data is told.
func (p *printer) fail(err error) int {
	code := exitCode(err)
	var told silent
	if code == exitDone || errors.As(err, &told) {
		return code
	}
	known := domain.AsError(err)
	switch {
	case known != nil && p.Format == "json":
		if writeJSON(p.err, known) == nil {
			return code
		}
	case known != nil:
		fmt.Fprintln(p.err, p.refusal(known))
		return code
	}
	fmt.Fprintf(p.err, "holdfast: %s\n", err)
	return code
}

// refusal words an error of Holdfast's: a sentence, then one line per field, then what may be done instead.
func (p *printer) refusal(e *domain.Error) string {
	lines := []string{strings.TrimSpace(openings[e.Code] + sentence(e))}
	for _, field := range e.Fields {
		place := strings.TrimPrefix(strings.TrimPrefix(field.Location, "body."), "query.")
		line := fmt.Sprintf("  %s: %s", place, field.Message)
		if shown := text(field.Value); shown != "" {
			line += fmt.Sprintf(" (%s)", shorten(oneLine(shown), 80))
		}
		lines = append(lines, line)
	}
	if len(e.Allowed) > 0 {
		lines = append(lines, "Allowed now: "+strings.ReplaceAll(strings.Join(e.Allowed, ", "), "_", "-"))
	}
	if e.Code == domain.CodeUnauthenticated {
		lines = append(lines, "Log in with: holdfast login")
	}
	if e.RetryAfter > 0 {
		lines = append(lines, "Try again in "+e.RetryAfter.String())
	}
	return strings.Join(lines, "\n")
}

// openings begin the sentence of a refusal.
var openings = map[domain.Code]string{
	domain.CodeConflict:           "Refused:",
	domain.CodePreconditionFailed: "Refused:",
	domain.CodeForbidden:          "Not allowed:",
	domain.CodeInvalid:            "Not valid:",
	domain.CodeNotFound:           "Not found:",
	domain.CodeUnauthenticated:    "Not logged in:",
	domain.CodeInternal:           "Fault:",
	domain.CodeUnavailable:        "Out of reach:",
	domain.CodeTooMany:            "Too much at once:",
}

// sentence is the message. Where fields are wrong they say it, each on its line, and the message would say it again.
func sentence(e *domain.Error) string {
	if len(e.Fields) > 0 && openings[e.Code] != "" {
		return ""
	}
	return " " + safe(strings.TrimSuffix(e.Message, ".")) + "."
}
