// Package app is the application layer: one Service that the HTTP server, the console and, over HTTP, the command line call.
//
// It checks permissions, sends commands through the door of the record's workflow, reads views from PostgreSQL and writes
// what is not a decision: accounts, policies and annotations. Everything that a caller may do goes through here.
package app

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Rows of reads that leave as they are stored.
type (
	LinkRow       = schemas.LinkRow
	FoundRow      = schemas.FoundRow
	WaitingRow    = schemas.WaitingRow
	StreamedEvent = schemas.StreamedEvent
)

// Service is everything that can be asked of Holdfast. Errors are *domain.Error; every method may answer
// unauthenticated, forbidden (naming the permission), unavailable (with a time to try again) and internal besides those named.
type Service interface {
	Commands
	Incidents
	Escalations
	Changes
	ChangeCalendar
	Configuration
	Meetings
	Annotations
	Work
	Policies
	Proposals
	Accounts
	Views
	OnCall
	Deliveries
	Notifications
	Promises
	Alerts
}

// Commands changes records.
type Commands interface {
	// Execute gives one command: conflict (with the allowed commands), invalid, not_found, precondition_failed.
	Execute(ctx context.Context, request Request) (Reply, error)
	// Bulk gives one command to several records and answers one outcome for each, never all or nothing.
	Bulk(ctx context.Context, request BulkRequest) ([]BulkOutcome, error)
	// Command tells what became of a command: not_found when nothing is known of it.
	Command(ctx context.Context, id string) (CommandStatus, error)
}

// Incidents reads incidents.
type Incidents interface {
	Incident(ctx context.Context, reference string) (IncidentView, error)
	Incidents(ctx context.Context, query IncidentQuery) (Page[IncidentView], error)
	// Similar ranks incidents by the words they share with this one.
	Similar(ctx context.Context, reference string, limit int) ([]IncidentView, error)
	// SimilarTo does the same for a text not yet logged.
	SimilarTo(ctx context.Context, text, service string, limit int) ([]IncidentView, error)
}

// Escalations reads whom was called, to which record, and what came of it.
type Escalations interface {
	Escalation(ctx context.Context, reference string) (EscalationView, error)
	Escalations(ctx context.Context, query EscalationQuery) (Page[EscalationView], error)
	EscalationTimeline(ctx context.Context, reference string, after int64, limit int) (Page[domain.StoredEvent], error)
}

// Annotations are parts of a record that decide nothing.
type Annotations interface {
	Timeline(ctx context.Context, reference string, after int64, limit int) (Page[domain.StoredEvent], error)
	Notes(ctx context.Context, reference string, after int64, limit int) (Page[Note], error)
	AddNote(ctx context.Context, reference, key string, body NoteBody) (Note, error)
	// Answers suggests public notes that staff marked as answers, from incidents like the text that are over.
	Answers(ctx context.Context, text, service string, limit int) ([]Answer, error)
	Links(ctx context.Context, reference string) ([]LinkRow, error)
	Watchers(ctx context.Context, reference string) ([]Watcher, error)
	Watch(ctx context.Context, reference, person string) ([]Watcher, error)
	Unwatch(ctx context.Context, reference, person string) ([]Watcher, error)
	Attachments(ctx context.Context, reference string) ([]Attachment, error)
	AddAttachment(ctx context.Context, reference, key string, upload Upload) (Attachment, error)
	// OpenAttachment gives the content; the caller closes it.
	OpenAttachment(ctx context.Context, reference, id string) (Attachment, io.ReadCloser, error)
	// RemoveAttachment takes a file away for good; the timeline keeps that it was there.
	RemoveAttachment(ctx context.Context, reference, id string) error
}

// Work says what is to be done and what is waited for.
type Work interface {
	Work(ctx context.Context) (WorkView, error)
	Waiting(ctx context.Context, query WaitingQuery) (Page[WaitingRow], error)
	Search(ctx context.Context, text string, limit int) ([]FoundRow, error)
	// Events calls send for every event after a place that the caller may see, until ctx ends or send fails.
	Events(ctx context.Context, query EventQuery, send func(LiveEvent) error) error
}

// Policies are versioned documents.
type Policies interface {
	Policies(ctx context.Context, kind string) ([]policy.Document, error)
	// Policy gives one version; 0 is the newest.
	Policy(ctx context.Context, kind, name string, version int) (policy.Document, error)
	PolicyVersions(ctx context.Context, kind, name string) ([]policy.Document, error)
	// RecentRuns answers what the rules of an AutomationRules document did lately, the newest first.
	RecentRuns(ctx context.Context, document string, limit int) ([]RuleRun, error)
	// ApplyPolicy stores a new version unless the newest has the same content: invalid with one field error per problem.
	ApplyPolicy(ctx context.Context, document policy.Document) (policy.Document, error)
	// ApplyPolicyOn does so only while base is the newest version, 0 while there is none: else it is a conflict.
	ApplyPolicyOn(ctx context.Context, document policy.Document, base int) (policy.Document, error)
	ValidatePolicy(ctx context.Context, document policy.Document) ([]policy.Problem, error)
	// TestPolicies runs policy tests against what is stored and what is being written.
	TestPolicies(ctx context.Context, body PolicyTestBody) (PolicyTestReport, error)
	// Simulate lets the records that the caller may read live again under proposed documents, and writes nothing.
	Simulate(ctx context.Context, body SimulationBody) (SimulationReport, error)
}

// Accounts are people, what they may do, and how machines sign in.
type Accounts interface {
	WhoAmI(ctx context.Context) (Principal, error)
	People(ctx context.Context, text string, limit int) ([]Person, error)
	// Directory lists people, one page at a time.
	Directory(ctx context.Context, query PeopleQuery) (Page[Person], error)
	Person(ctx context.Context, handle string) (Person, error)
	SavePerson(ctx context.Context, person Person) (Person, error)
	// AddPerson writes somebody new: invalid when the handle is somebody else's already.
	AddPerson(ctx context.Context, person Person) (Person, error)
	Teams(ctx context.Context) ([]TeamView, error)
	Services(ctx context.Context) ([]ServiceView, error)
	Grants(ctx context.Context, person string) ([]Grant, error)
	GiveGrant(ctx context.Context, grant Grant) ([]Grant, error)
	TakeGrant(ctx context.Context, grant Grant) ([]Grant, error)
	Tokens(ctx context.Context, person string) ([]Token, error)
	// CreateToken answers the secret, once; asked again with the same key soon after, another one of the same token.
	CreateToken(ctx context.Context, key string, body TokenBody) (NewToken, error)
	RevokeToken(ctx context.Context, id string) error
	// Sessions lists where somebody is signed in to the console.
	Sessions(ctx context.Context, person string) ([]Session, error)
	EndSession(ctx context.Context, id string) error
	// Invite makes a one-use link with which somebody sets their password.
	Invite(ctx context.Context, key, person string) (NewInvitation, error)
}

// Page is one page of a list; NextCursor is empty on the last.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// Request asks for one command.
type Request struct {
	Practice domain.Practice
	Verb     string
	// Record is an id or a number; empty for a command that opens a record.
	Record string
	// Key is the caller's idempotency key; empty: a fresh one is made.
	Key string
	// KeyIsNew: nobody can have used Key before, so that nothing needs to be looked up under it.
	KeyIsNew bool
	Body     json.RawMessage
	// IfVersion refuses the command when the record is at another version; 0 asks nothing.
	IfVersion int64
	// Async answers after one durable insert, without waiting for the decision.
	Async bool
	// Patience is how long the decision is waited for before the command is queued; 0: as long as anybody waits.
	Patience time.Duration
}

// Reply is what became of a command: applied or repeated with the committed record, or queued with the command's id.
type Reply struct {
	CommandID string         `json:"command_id"`
	Outcome   domain.Outcome `json:"outcome"`
	Version   int64          `json:"version,omitempty"`
	Record    string         `json:"record"`
	Incident  *IncidentView  `json:"incident,omitempty"`
	// Escalation is there in place of the incident where the command was one of an escalation.
	Escalation *EscalationView `json:"escalation,omitempty"`
	// Change is there in place of the incident where the command was one of a change.
	Change *ChangeView `json:"change,omitempty"`
	// Meeting is there in place of the incident where the command was one of a CAB meeting.
	Meeting *MeetingView `json:"meeting,omitempty"`
}

// Committed is the committed record of whatever practice, and its version; nothing where the command is queued.
func (r Reply) Committed() (any, int64) {
	switch {
	case r.Incident != nil:
		return r.Incident, r.Incident.Version
	case r.Change != nil:
		return r.Change, r.Change.Version
	case r.Meeting != nil:
		return r.Meeting, r.Meeting.Version
	case r.Escalation != nil:
		return r.Escalation, r.Escalation.Version
	}
	return nil, 0
}

// allowed are the commands that can be given to the record of a reply.
func (r Reply) allowed() []string {
	switch {
	case r.Incident != nil:
		return r.Incident.AllowedCommands
	case r.Change != nil:
		return r.Change.AllowedCommands
	case r.Meeting != nil:
		return r.Meeting.AllowedCommands
	case r.Escalation != nil:
		return r.Escalation.AllowedCommands
	}
	return nil
}

// BulkRequest gives the same command to several records.
type BulkRequest struct {
	Practice domain.Practice `json:"-"`
	IDs      []string        `json:"ids" minItems:"1" maxItems:"500" doc:"Ids or numbers"`
	Command  string          `json:"command" doc:"The verb: assign, resolve, …"`
	Body     json.RawMessage `json:"body,omitempty"`
	Key      string          `json:"-"`
}

// BulkOutcome is what became of a bulk command on one record.
type BulkOutcome struct {
	Record    string         `json:"record"`
	CommandID string         `json:"command_id,omitempty"`
	Outcome   domain.Outcome `json:"outcome"`
	Version   int64          `json:"version,omitempty"`
	Refusal   *domain.Error  `json:"refusal,omitempty"`
}

// CommandStatus is what became of a command.
type CommandStatus struct {
	CommandID  string          `json:"command_id"`
	Command    string          `json:"command"`
	Record     string          `json:"record"`
	State      string          `json:"state" enum:"pending,applied,refused,dropped,failed"`
	Version    int64           `json:"version,omitempty"`
	Refusal    *domain.Error   `json:"refusal,omitempty"`
	Practice   domain.Practice `json:"practice"`
	ReceivedAt time.Time       `json:"received_at"`
	Attempts   int             `json:"attempts,omitempty"`
	Fault      string          `json:"fault,omitempty"`
}

// IncidentView is an incident with what its reader may do to it.
type IncidentView struct {
	incident.Incident
	AllowedCommands []string  `json:"allowed_commands"`
	Links           []LinkRow `json:"links"`
}

// IncidentQuery narrows a list of incidents; Assignee and Requester take "me".
type IncidentQuery struct {
	State      []string   `json:"state"` // a state, "open" or "active"
	Priority   []int      `json:"priority"`
	Team       string     `json:"team"`
	Assignee   string     `json:"assignee"` // "none": nobody
	Requester  string     `json:"requester"`
	Service    string     `json:"service"`
	Category   string     `json:"category"`
	Tag        string     `json:"tag"`
	Words      string     `json:"q"`
	OpenedFrom *time.Time `json:"opened_from"`
	OpenedTo   *time.Time `json:"opened_to"`
	PromiseQuery
	Sort   string `json:"sort"`
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// Note is a word about a record: public to its requester, or internal.
type Note struct {
	Seq      int64        `json:"seq"`
	At       time.Time    `json:"at"`
	Author   domain.Actor `json:"author"`
	Body     string       `json:"body"`
	Internal bool         `json:"internal"`
	Answer   bool         `json:"answer,omitempty"` // suggested to others
}

// NoteBody is a new note.
type NoteBody struct {
	Body     string `json:"body" minLength:"1" maxLength:"65536"`
	Internal bool   `json:"internal,omitempty"`
	// Answer: staff let others who report something similar read it.
	Answer bool `json:"answer,omitempty" doc:"Suggest it to others who report something similar; for public notes of staff"`
}

// Watcher is told of everything that happens to a record.
type Watcher struct {
	Person string    `json:"person" bun:"person"`
	Since  time.Time `json:"since" bun:"since"`
}

// Attachment is a file at a record.
type Attachment struct {
	ID        string    `json:"id" bun:"id,pk,type:uuid"`
	Name      string    `json:"name" bun:"name"`
	MediaType string    `json:"media_type" bun:"media_type"`
	Bytes     int64     `json:"bytes" bun:"bytes"`
	SHA256    string    `json:"sha256" bun:"sha256"`
	Public    bool      `json:"public" bun:"public"`
	AddedBy   string    `json:"added_by" bun:"added_by"`
	AddedAt   time.Time `json:"added_at" bun:"added_at"`
	// MayRemove: the reader may take it away.
	MayRemove bool `json:"may_remove" bun:"-"`
}

// Upload is a file to attach.
type Upload struct {
	Name      string
	MediaType string
	Public    bool
	Content   io.Reader
}

// WorkView is what stands before somebody: their own work and that of their teams, what falls due first coming first.
type WorkView struct {
	Mine       []IncidentView `json:"mine"`
	Teams      []IncidentView `json:"teams"`
	Unassigned int            `json:"unassigned"`
	Requested  []IncidentView `json:"requested"`
}

// WaitingQuery narrows the list of what is waited for.
type WaitingQuery struct {
	Team     string     `json:"team"`
	Assignee string     `json:"assignee"`
	Service  string     `json:"service"`
	Name     string     `json:"name"`
	Until    *time.Time `json:"until"`
	Cursor   string     `json:"cursor"`
	Limit    int        `json:"limit"`
}

// EventQuery says which live events to send. After is a Last-Event-ID; empty: from now on; 0: from the first.
type EventQuery struct {
	After    string          `json:"after"`
	Record   string          `json:"record"`
	Service  string          `json:"service"`
	Practice domain.Practice `json:"practice"`
	// Within, where not 0, is how many events may lie behind After. Where there are more, or where After is no place of this
	// stream, the events begin now, and Started is told another place than After.
	Within int `json:"-"`
	// Only, where not nil, is asked of every event in its order, before it is looked up who reads: false passes over the event.
	Only func(StreamedEvent) bool `json:"-"`
	// Started, where not nil, is called when it is known that the events may be read, with the place where they begin.
	Started func(place string) `json:"-"`
}

// LiveEvent is an event with its id in the stream.
type LiveEvent struct {
	ID string `json:"-"`
	StreamedEvent
}
