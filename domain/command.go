package domain

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
)

// ActorKind says what sort of author an event has, so that a timeline tells people, timers and machines apart.
type ActorKind string

// The authors there are.
const (
	ActorPerson  ActorKind = "person"
	ActorTimer   ActorKind = "timer"
	ActorMachine ActorKind = "machine"
	ActorPolicy  ActorKind = "policy"
)

// Actor is who gives a command. Roles are those that hold for this record, found by the application layer from the
// actor's grants and relation to the record; the lifecycle's table is checked against them.
type Actor struct {
	Kind  ActorKind `json:"kind"`
	Name  string    `json:"name"`
	Roles []Role    `json:"roles,omitempty"`
	// Machine: the account that acts as a person is a machine's. It may do what its roles allow, and responds to nobody.
	Machine bool `json:"machine,omitempty" bun:"-"`
}

// Human reports whether somebody of flesh and blood acts.
func (a Actor) Human() bool { return a.Kind == ActorPerson && !a.Machine }

// Has reports whether the actor holds one of the roles. Timers, machines and policies act for the platform itself and hold all.
func (a Actor) Has(roles ...Role) bool {
	if a.Kind != ActorPerson {
		return true
	}
	for _, held := range a.Roles {
		for _, wanted := range roles {
			if held == wanted || held == RoleAdmin {
				return true
			}
		}
	}
	return false
}

// Command asks one record to change. It is at once the workflow update's argument, the queue's row and the input of Decide.
type Command struct {
	// ID is the idempotency key: SHA-256 over account, method, route, record and key, hex. The same id is applied once.
	ID string `json:"id"`
	// Name is practice and verb: "incident.assign".
	Name     string   `json:"name"`
	Practice Practice `json:"practice"`
	Record   string   `json:"record"`
	Actor    Actor    `json:"actor"`
	// ReceivedAt is when the platform took the command in; Decide's moment is this, clamped to [last event, now].
	ReceivedAt time.Time       `json:"received_at"`
	Reason     string          `json:"reason,omitempty"`
	Body       json.RawMessage `json:"body,omitempty"`
	// Digest is the SHA-256 of the body as received, hex: the same key with another body is an error.
	Digest string `json:"digest"`
	// IfVersion refuses the command when the record has another version; 0 asks nothing (HTTP If-Match).
	IfVersion int64 `json:"if_version,omitempty"`
	// Relayed marks a command that the relay brings from its row in the queue. The row may have been settled meanwhile; then it
	// is not decided again.
	Relayed bool `json:"relayed,omitempty"`
	// Chain are the rules of automation that led to the command, oldest first, as "document/rule"; none: somebody or something else did.
	Chain []string `json:"chain,omitempty"`
	// Unknown are fields of a newer build, handed on.
	Unknown Unknown `json:"-"`
}

// Verb is the command's name without its practice.
func (c Command) Verb() string {
	_, verb, found := strings.Cut(c.Name, ".")
	if !found {
		return c.Name
	}
	return verb
}

// CheckVersion refuses the command where it asks for another version of its record than there is.
func (c Command) CheckVersion(version int64) error {
	if c.IfVersion == 0 || c.IfVersion == version {
		return nil
	}
	return Errorf(CodePreconditionFailed, "the %s is at version %d, not %d", c.Practice, version, c.IfVersion)
}

// Opens reports whether the command opens its record: it starts the record's process.
func (c Command) Opens() bool { return slices.Contains(opening, c.Verb()) }

// opening are the verbs that open a record, of whatever practice.
var opening = []string{"log", "open", "draft", "from_model", "plan"}

// Event is a line of the timeline that the command brings about, without what it tells; left out, the reason is the command's own. It
// names who gave the command, and not what they may do.
func (c Command) Event(kind, reason string, at time.Time) Event {
	if reason == "" {
		reason = c.Reason
	}
	actor := c.Actor
	actor.Roles, actor.Machine = nil, false
	return Event{Type: kind, At: at, Actor: actor, Reason: reason}
}

// Decode reads the body strictly into a command struct: an unknown field is an error that names it.
func (c Command) Decode(into any) error {
	if len(bytes.TrimSpace(c.Body)) == 0 {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(c.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return &Error{
			Code: CodeInvalid, Message: "the body of " + c.Name + " cannot be read",
			Fields: []FieldError{{Location: "body", Message: decodeMessage(err)}},
		}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Errorf(CodeInvalid, "the body of %s has something after its end", c.Name)
	}
	return nil
}

func decodeMessage(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		field := kind.Field
		if field == "" {
			field = "the body"
		}
		return field + " cannot be a JSON " + kind.Value
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// CommandID makes the idempotency key of a command: account, method, route, record and the caller's key can each contain
// anything, so each is length-prefixed before hashing.
func CommandID(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		var length [4]byte
		n := len(part)
		length[0], length[1], length[2], length[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
		sum.Write(length[:])
		sum.Write([]byte(part))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Digest is the SHA-256 of a body, hex.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Outcome says what became of a command.
type Outcome string

// The outcomes.
const (
	Applied  Outcome = "applied"  // decided and committed
	Repeated Outcome = "repeated" // had been applied before; the first result stands
	Refused  Outcome = "refused"  // a rule forbids it; nothing was written
	Queued   Outcome = "queued"   // durably accepted, not yet decided
	Dropped  Outcome = "dropped"  // arrived at a record that had ended
)

// Result is what Apply answers: the outcome of the command and the record's new process view.
type Result struct {
	Outcome Outcome `json:"outcome"`
	Version int64   `json:"version"`
	Refusal *Error  `json:"refusal,omitempty"`
	View    View    `json:"view"`
	// Unknown are fields of a newer build, handed on.
	Unknown Unknown `json:"-"`
}

// View is all that a record's workflow remembers: what to wait for next. It is computed by Apply from the committed row,
// never by the workflow.
type View struct {
	Record  string `json:"record"`
	State   State  `json:"state"`
	Version int64  `json:"version"`
	// WakeAt is the instant of the next deadline, WakeAfter how far off it was by Apply's clock.
	WakeAt    *time.Time    `json:"wake_at,omitempty"`
	WakeAfter time.Duration `json:"wake_after,omitempty"`
	// Ended: nothing more can fall due and no process needs to wait; the workflow may return.
	Ended bool `json:"ended"`
	// Unknown are fields of a newer build, handed on.
	Unknown Unknown `json:"-"`
}
