package domain

import (
	"encoding/json"
	"time"
)

// Event is one line of a record's timeline. Apply stores it in a gap-free, hash-chained sequence; it is never changed.
type Event struct {
	Type  string    `json:"type"` // past tense: "incident.assigned"
	At    time.Time `json:"at"`   // the moment that counts
	Actor Actor     `json:"actor"`
	// Reason is why, in the actor's words; like Personal it enters the chain as a salted digest.
	Reason string `json:"reason,omitempty"`
	// Data holds the facts of the event (old and new values, codes); part of the hash chain as stored.
	Data map[string]any `json:"data,omitempty"`
	// Personal holds free text and names of people; it enters the chain as a salted digest, so that erasing it breaks nothing.
	Personal map[string]any `json:"personal,omitempty"`
	// Public events are shown to the requester.
	Public bool `json:"public"`
	// DueAt and LatenessMS tell of a deadline: when it was due, and how late it was committed.
	DueAt      *time.Time `json:"due_at,omitempty"`
	LatenessMS *int64     `json:"lateness_ms,omitempty"`
}

// Change is the old and the new value of one field, as an edit puts it on the timeline.
type Change struct {
	From any `json:"from"`
	To   any `json:"to"`
}

// ClosedTarget says what becomes of a message whose target has ended.
type ClosedTarget string

// The choices for a message whose target has ended.
const (
	TargetDrop ClosedTarget = "drop" // forget it
	TargetNote ClosedTarget = "note" // leave a note on the target
	TargetSend ClosedTarget = "send" // let the target's own rules decide
)

// Message is a command that one record's decision sends to another record. It is a row of the same transaction; the relay
// delivers it through the same door as any command, in order per target, once.
type Message struct {
	Practice Practice       `json:"practice"`
	Record   string         `json:"record"`
	Command  string         `json:"command"`
	Body     map[string]any `json:"body,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	OnClosed ClosedTarget   `json:"on_closed"`
	// Chain is that of the command whose decision sends it.
	Chain []string `json:"chain,omitempty"`
}

// Notice is something to tell people, a row of the outbox in the same transaction.
type Notice struct {
	// Kind names the occasion and thereby the template: "incident.reminder".
	Kind string `json:"kind"`
	// To are recipients: "person:ana", "team_lead:messaging", "team:messaging".
	To   []string       `json:"to"`
	Data map[string]any `json:"data,omitempty"`
	// Lane is LaneNotice where it is left out.
	Lane Lane `json:"lane,omitempty"`
	// Guard, where there is one, is asked before it is sent.
	Guard *Guard `json:"guard,omitempty"`
}

// Link ties two records together; both ends show it.
type Link struct {
	Type string `json:"type"` // caused_by, blocks, duplicates, fixed_by, implements, child_of, follows
	To   string `json:"to"`   // the other record's id
}

// LinkTypes are the kinds of links, each with how its other end reads.
var LinkTypes = map[string]string{
	"caused_by": "causes", "blocks": "blocked_by", "duplicates": "duplicated_by", "fixed_by": "fixes",
	"implements": "implemented_by", "child_of": "parent_of", "follows": "followed_by",
}

// Decision is what Decide answers: the record as it shall be and everything that goes with it, to be committed as one.
type Decision[R any] struct {
	Record   R
	Events   []Event
	Messages []Message
	Notices  []Notice
	Links    []Link
	Unlinks  []Link
	// Watchers are people, by handle, who shall be told of the record from now on.
	Watchers []string
}

// StoredEvent is an event as the timeline keeps it, with its place in the record's hash chain.
type StoredEvent struct {
	Record     string          `json:"record" bun:"record_id"`
	Number     string          `json:"number,omitempty" bun:"number,scanonly"`
	Seq        int64           `json:"seq" bun:"seq"`
	At         time.Time       `json:"at" bun:"at"`
	RecordedAt time.Time       `json:"recorded_at" bun:"recorded_at"`
	Type       string          `json:"type" bun:"type"`
	Actor      Actor           `json:"actor" bun:"embed:actor_"`
	Reason     string          `json:"reason,omitempty" bun:"reason"`
	Data       json.RawMessage `json:"data,omitempty" bun:"data,type:json"`
	Personal   json.RawMessage `json:"personal,omitempty" bun:"personal,type:json"`
	Public     bool            `json:"public" bun:"public"`
	DueAt      *time.Time      `json:"due_at,omitempty" bun:"due_at"`
	LatenessMS *int64          `json:"lateness_ms,omitempty" bun:"lateness_ms"`
	Hash       string          `json:"hash" bun:"hash"`
	PrevHash   string          `json:"prev_hash" bun:"prev_hash"`
}
