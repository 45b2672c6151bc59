package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Practice is the short noun of an ITIL 4 practice: "incident", later "change", "release", …
type Practice string

// Incident is the practice that restores service (ITIL 4: incident management).
const Incident Practice = "incident"

// State is a record's place in its lifecycle, in lower_snake.
type State string

// Bounds of what a record takes; above them a command is refused.
const (
	MaxTitleBytes       = 300
	MaxDescriptionBytes = 64 << 10
	MaxReasonBytes      = 4 << 10
	MaxItems            = 100 // tags, configuration items, custom fields
	MaxItemBytes        = 200
)

// Record is the head of every record, whatever its practice: one row in one table, so that queues, search and
// "due next" are one indexed read. A practice's record embeds it and adds its own columns.
//
// People, teams and services are named by their handles. Times are UTC, cut to milliseconds.
type Record struct {
	ID                 string          `json:"id" bun:"id,pk,type:uuid"`
	Practice           Practice        `json:"practice" bun:"practice"`
	Number             string          `json:"number" bun:"number"`
	State              State           `json:"state" bun:"state"`
	Version            int64           `json:"version" bun:"version"`
	Title              string          `json:"title" bun:"title"`
	Description        string          `json:"description" bun:"description"`
	Service            string          `json:"service" bun:"service"`
	Category           string          `json:"category" bun:"category"`
	Tags               []string        `json:"tags" bun:"tags,type:jsonb"`
	Team               string          `json:"team" bun:"team"`
	Assignee           string          `json:"assignee" bun:"assignee"`
	Requester          string          `json:"requester" bun:"requester"`
	OpenedBy           string          `json:"opened_by" bun:"opened_by"`
	Priority           int             `json:"priority" bun:"priority"` // 1 is the highest
	Channel            string          `json:"channel" bun:"channel"`
	Location           string          `json:"location" bun:"location"`
	Environment        string          `json:"environment" bun:"environment"`
	ConfigurationItems []string        `json:"configuration_items" bun:"configuration_items,type:jsonb"`
	CustomFields       json.RawMessage `json:"custom_fields,omitempty" bun:"custom_fields,type:json,nullzero"`
	// Policies are the policy versions the record opened under: "Calendar/default" → 3. A later version reaches it only by
	// a logged command.
	Policies   map[string]int `json:"policies" bun:"policies,type:json"`
	Restricted bool           `json:"restricted" bun:"restricted"`
	// Open: work remains. Active: not closed, canceled or rejected. Both follow from State by the lifecycle's table.
	Open   bool `json:"open" bun:"open"`
	Active bool `json:"active" bun:"active"`
	// NextDue names the deadline that WakeAt belongs to.
	WakeAt     *time.Time `json:"wake_at,omitempty" bun:"wake_at"`
	NextDue    string     `json:"next_due,omitempty" bun:"next_due"`
	OpenedAt   time.Time  `json:"opened_at" bun:"opened_at"`
	UpdatedAt  time.Time  `json:"updated_at" bun:"updated_at"`
	StateSince time.Time  `json:"state_since" bun:"state_since"`
	ResolvedAt *time.Time `json:"resolved_at,omitempty" bun:"resolved_at"`
	ClosedAt   *time.Time `json:"closed_at,omitempty" bun:"closed_at"`
	// LastEventAt is the moment of the newest decision; no later decision lies before it.
	LastEventAt time.Time `json:"-" bun:"last_event_at"`
}

// Head returns the record's head; every practice's record has it by embedding.
func (r *Record) Head() *Record { return r }

// Moment is the moment at which a decision is taken that was asked for at another one: cut to milliseconds, and never before the
// record's newest decision.
func (r *Record) Moment(asked time.Time) time.Time {
	asked = Millisecond(asked)
	if asked.Before(r.LastEventAt) {
		return r.LastEventAt
	}
	return asked
}

// EffectiveWindow is how far back something may have happened that is said now (effective_at).
const EffectiveWindow = 24 * time.Hour

// Effective is when something really was so that is said at a moment: then, or up to EffectiveWindow before, with a reason, and never
// before the record's last change of state.
func (r *Record) Effective(asked *time.Time, moment time.Time, reason string) (time.Time, error) {
	if asked == nil {
		return moment, nil
	}
	effective := Millisecond(*asked)
	switch {
	case effective.After(moment):
		return effective, Invalid("effective_at", "lies in the future")
	case effective.Before(moment.Add(-EffectiveWindow)):
		return effective, Invalid("effective_at", "lies more than 24 h back")
	case !r.StateSince.IsZero() && effective.Before(r.StateSince):
		return effective, Invalid("effective_at", "lies before the last change of state (%s)", r.StateSince.Format(time.RFC3339Nano))
	case reason == "":
		return effective, Invalid("reason", "is needed with effective_at")
	}
	return effective, nil
}

// Millisecond cuts an instant to the precision that the timeline stores, in UTC.
func Millisecond(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Tellable reports whether a moment lies in a year from 1 to 9999, in UTC: others neither JSON nor the database's dates have a form for.
func Tellable(at time.Time) bool {
	year := at.UTC().Year()
	return year >= 1 && year <= 9999
}

// NewID derives a record's id from a seed (a command id): a UUID of version 8 (RFC 9562 §5.8) over its SHA-256, so that the
// same key can never open two records.
func NewID(seed string) string {
	sum := sha256.Sum256([]byte("record/" + seed))
	id := sum[:16]
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
