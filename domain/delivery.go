package domain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Lane orders what leaves for the outside: a page never waits behind a notice.
type Lane string

// The lanes. A page wakes somebody; a notice tells them.
const (
	LanePage   Lane = "page"
	LaneNotice Lane = "notice"
)

// Lanes are all lanes, the most urgent first.
var Lanes = []Lane{LanePage, LaneNotice}

// Guard is asked before something is sent: is what it tells still so? Kind names the question, ID whom it is about.
type Guard struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// The guards that Holdfast sets by itself.
const (
	// GuardUnread holds until a person has read a notice of their bell; the id is "<outbox>/<person>". Every page without a
	// guard of its own has it.
	GuardUnread = "unread"
)

// Channel is a way to reach somebody or something outside.
type Channel string

// The channels. SMS, voice and push are carried by a gateway behind a webhook.
const (
	ChannelMail    Channel = "mail"
	ChannelWebhook Channel = "webhook"
	ChannelSMS     Channel = "sms"
	ChannelVoice   Channel = "voice"
	ChannelPush    Channel = "push"
	// ChannelSlack is a workspace of Slack; its addresses are "<destination>/<user id>".
	ChannelSlack Channel = "slack"
)

// MailDestination is the SMTP relay that the workers are configured with.
const MailDestination = "mail"

// DeliveryStart is the input of a destination's workflow.
type DeliveryStart struct {
	Destination string `json:"destination"`
	// Logic is the version of the workflow code's command sequence that this run follows.
	Logic int `json:"logic"`
	// Unknown are fields of a newer build, handed on.
	Unknown Unknown `json:"-"`
}

// UnmarshalJSON keeps unknown fields.
func (s *DeliveryStart) UnmarshalJSON(data []byte) error {
	type plain DeliveryStart
	unknown, err := decodeKnown(data, (*plain)(s))
	s.Unknown = unknown
	return err
}

// MarshalJSON writes unknown fields too.
func (s DeliveryStart) MarshalJSON() ([]byte, error) {
	type plain DeliveryStart
	return encodeKnown(plain(s), s.Unknown)
}

// DeliveryOrder asks for one batch of what is due at a destination.
type DeliveryOrder struct {
	Destination string `json:"destination"`
	Lane        Lane   `json:"lane"`
}

// DeliveryReport says what a batch left.
type DeliveryReport struct {
	Settled int `json:"settled"`
	// More is due at once; else something is after Wait, or nothing waits.
	More bool          `json:"more,omitempty"`
	Wait time.Duration `json:"wait,omitempty"`
	// Held: the destination does not answer, and nothing is sent before Wait is over, whatever falls due meanwhile.
	Held bool `json:"held,omitempty"`
	// Answers: the destination did not answer before, and does again.
	Answers bool `json:"answers,omitempty"`
	// Gone: there is no such destination any more.
	Gone bool `json:"gone,omitempty"`
}

// Destination is an instance of a channel as a channel is given it.
type Destination struct {
	Name string
	URL  string
	// Secrets sign what is sent; while one is being replaced there are two.
	Secrets []string
	// Token lets Holdfast in, where the channel asks for one.
	Token string
}

// Parcel is one message as a channel sends it: one notice, or several that were bundled.
type Parcel struct {
	// ID stays the same over all attempts, so that a receiver knows a repetition.
	ID          string
	Destination string
	Channel     Channel
	Address     string
	Lane        Lane
	Person      Person
	// Told are what it tells, the oldest first; all belong to one service, where there are several.
	Told []Told
}

// Person is whom a parcel is for; a receiver that is none has no handle.
type Person struct {
	Handle string
	Name   string
	Zone   string // IANA name; times are told in it
}

// Told is one notice with what its words need.
type Told struct {
	Kind string
	At   time.Time
	Data map[string]any
	// Record is the record's head as it stands when it is told; nil: the notice belongs to none.
	Record *Record
	// Note is the public note that the notice is about.
	Note string
	// NoteBy is who wrote it.
	NoteBy string
	// Secret is the one-use part of a link or a code; it is in no row.
	Secret    string
	ExpiresAt time.Time
}

// Word gives a fact of a notice as text; "" where there is none.
func (t Told) Word(name string) string {
	switch value := t.Data[name].(type) {
	case string:
		return value
	case float64:
		text, err := json.Marshal(value)
		if err == nil {
			return string(text)
		}
	}
	return ""
}

// Carrier is a way out, such as SMTP.
type Carrier interface {
	// Begin prepares for some sendings to one destination.
	Begin(to Destination) Sending
}

// Sending sends parcels one after the other; one connection may serve several.
type Sending interface {
	// Send hands a parcel to its receiver before ctx ends. A failure whose consequence is known is a *DeliveryFault; any
	// other means that the destination is down.
	Send(ctx context.Context, parcel Parcel) error
	Close()
}

// Place is where a message stands at its destination; its parts are the channel's own.
type Place struct {
	Room    string
	Message string
}

// Poster is a Sending whose messages stay where they were put, so that later ones about the same record stand beside the first.
type Poster interface {
	Sending
	// Post is Send beside the message at a place; the zero place begins anew. It answers where the first of them stands.
	Post(ctx context.Context, parcel Parcel, beside Place) (Place, error)
}

// DeliveryFault says why a parcel was not taken, and what follows from it.
type DeliveryFault struct {
	Consequence Consequence
	// Message is in plain words, without secrets.
	Message string
	// After is how long a destination that is busy asks to be left alone.
	After time.Duration
}

// Consequence is what follows from a delivery that failed.
type Consequence string

// The consequences of a failure.
const (
	// FaultDown: the destination itself does not work; it is tried again, and others to it would fail as well.
	FaultDown Consequence = "down"
	// FaultBusy: the destination asks to be left alone for a while; it is, and that is not a failure.
	FaultBusy Consequence = "busy"
	// FaultStopped: the destination lets nobody in until somebody changes how it is written.
	FaultStopped Consequence = "stopped"
	// FaultLater: this parcel is not taken now.
	FaultLater Consequence = "later"
	// FaultRefused: this parcel will never be taken.
	FaultRefused Consequence = "refused"
)

// Error implements error.
func (f *DeliveryFault) Error() string { return f.Message }

// SecretHash is what is kept of a secret. Secrets are random, so a plain SHA-256 cannot be guessed back.
func SecretHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// CodeHash is what is kept of the code that was sent to a contact.
func CodeHash(contact, code string) string { return SecretHash(contact + "/" + code) }
