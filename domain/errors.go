package domain

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of failure an Error is. The HTTP layer maps each to one status in one table.
type Code string

// The codes of every failure that a caller can see.
const (
	CodeMalformed          Code = "malformed"           // the request cannot be read
	CodeUnauthenticated    Code = "unauthenticated"     // nobody known is asking
	CodeForbidden          Code = "forbidden"           // somebody known may not
	CodeNotFound           Code = "not_found"           // no such thing, or not for this person
	CodeConflict           Code = "conflict"            // the record's state does not allow it
	CodePreconditionFailed Code = "precondition_failed" // If-Match named another version
	CodeTooLarge           Code = "too_large"           // a body or a field is over its bound
	CodeUnsupportedMedia   Code = "unsupported_media"   // a content type that is not taken
	CodeInvalid            Code = "invalid"             // understood, and against a rule
	CodeTooMany            Code = "too_many"            // a rate limit
	CodeUnavailable        Code = "unavailable"         // a part that is needed is away; try again
	CodeInternal           Code = "internal"            // a fault of ours; the text never leaves
)

// FieldError points at one value of a request: Location is a path such as "body.impact".
type FieldError struct {
	Location string `json:"location"`
	Message  string `json:"message"`
	Value    any    `json:"value,omitempty"`
}

// Error is the one error type that crosses layers. Message is written for the person who asked.
type Error struct {
	Code    Code         `json:"code"`
	Message string       `json:"message"`
	Fields  []FieldError `json:"fields,omitempty"`
	// Allowed lists the commands that the record's state does allow; set with CodeConflict.
	Allowed []string `json:"allowed_commands,omitempty"`
	// RetryAfter says when trying again may help; set with CodeUnavailable and CodeTooMany.
	RetryAfter time.Duration `json:"-"`
	// Unknown are fields of a newer build, handed on.
	Unknown Unknown `json:"-"`
}

// Error gives the code and the message.
func (e *Error) Error() string {
	text := string(e.Code) + ": " + e.Message
	for _, field := range e.Fields {
		text += "; " + field.Location + ": " + field.Message
	}
	return text
}

// Errorf makes an Error of a code with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid makes a CodeInvalid error about one field of the body.
func Invalid(field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{
		Code: CodeInvalid, Message: field + " " + message,
		Fields: []FieldError{{Location: "body." + field, Message: message}},
	}
}

// OtherBody is the refusal of an idempotency key that comes with another body than the first time.
func OtherBody() *Error { return Errorf(CodeInvalid, "the idempotency key was used with another body") }

// Conflict refuses a command in the present state and names those that the state allows.
func Conflict(allowed []string, format string, args ...any) *Error {
	return &Error{Code: CodeConflict, Message: fmt.Sprintf(format, args...), Allowed: allowed}
}

// WithAllowed has a conflict that names no commands name those that are allowed instead; any other error stays as it is.
func WithAllowed(err error, allowed func() []string) error {
	if refused := AsError(err); refused != nil && refused.Code == CodeConflict && refused.Allowed == nil {
		refused.Allowed = allowed()
	}
	return err
}

// AsError finds the Error in a chain, or nil.
func AsError(err error) *Error {
	var found *Error
	if errors.As(err, &found) {
		return found
	}
	return nil
}

// CodeOf gives the code of an error: that of the Error in its chain, else CodeInternal.
func CodeOf(err error) Code {
	if found := AsError(err); found != nil {
		return found.Code
	}
	return CodeInternal
}

// Join makes one CodeInvalid error of several field errors, or nil of none.
func Join(fields []FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	texts := make([]string, len(fields))
	for i, field := range fields {
		texts[i] = strings.TrimPrefix(field.Location, "body.") + " " + field.Message
	}
	return &Error{Code: CodeInvalid, Message: strings.Join(texts, "; "), Fields: fields}
}
