package app

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/auth"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/slack"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Dependencies are what the application layer works with.
type Dependencies struct {
	// DB acts under the application's role.
	DB    *bun.DB
	Door  Way
	Clock domain.Clock
	Blobs Blobs
	// CheckPolicy says what is wrong with a document: its fields, its expressions, its calendars.
	CheckPolicy func(policy.Document) []policy.Problem
	// Transient tells a database that is away from a fault of ours.
	Transient func(error) bool
	// Posted is called after a commit that left a message to deliver; it must not block.
	Posted func()
	Log    *slog.Logger
	// DoorWait is how long a command waits for its decision before it is queued.
	DoorWait time.Duration
	// Replies tell people in Slack what became of what they pressed; left out, only Slack's own address is called.
	Replies *slack.Replies
	// Passwords checks them; left out, at the standard cost.
	Passwords *auth.Passwords
}

// App implements Service.
type App struct {
	Dependencies
	feeds *feeds
	// policyTests has room for the runs of policy tests that may be under way at once.
	policyTests chan struct{}
	// documents keeps what clocks are measured by.
	documents *schemas.Documents
}

var _ Service = (*App)(nil)

// DefaultDoorWait is how long a command waits for its decision before it is queued and answered as such.
const DefaultDoorWait = 5 * time.Second

// New makes the application layer.
func New(dependencies Dependencies) *App {
	if dependencies.DoorWait == 0 {
		dependencies.DoorWait = DefaultDoorWait
	}
	if dependencies.Replies == nil {
		dependencies.Replies = slack.NewReplies(nil)
	}
	if dependencies.Passwords == nil {
		dependencies.Passwords = auth.NewPasswords(auth.Standard)
	}
	return &App{Dependencies: dependencies, policyTests: make(chan struct{}, policyTestRuns), documents: schemas.NewDocuments(policyfile.CompileCalendar), feeds: newFeeds(source{
		page: func(ctx context.Context, after schemas.StreamPosition, limit int) ([]schemas.StreamedEvent, error) {
			return schemas.ReadStream(ctx, dependencies.DB, after, limit)
		},
		end: func(ctx context.Context) (schemas.StreamPosition, error) {
			return schemas.StreamEnd(ctx, dependencies.DB)
		},
	})}
}

// retryAfter is what callers are told when the database is away.
const retryAfter = 5 * time.Second

// fault turns an error of a lower layer into one that may leave: a database that is away is unavailable, everything else
// unknown is internal and only logged.
func (a *App) fault(ctx context.Context, operation string, err error) error {
	if err == nil {
		return nil
	}
	if known := domain.AsError(err); known != nil {
		return known
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return &domain.Error{Code: domain.CodeUnavailable, Message: "the request was given up", RetryAfter: retryAfter}
	}
	if a.Transient(err) {
		a.Log.WarnContext(ctx, "the database is away", "operation", operation, "error", err)
		return &domain.Error{Code: domain.CodeUnavailable, Message: "the database is away; nothing was accepted, try again", RetryAfter: retryAfter}
	}
	a.Log.ErrorContext(ctx, "an operation failed", "operation", operation, "error", err)
	return domain.Errorf(domain.CodeInternal, "an internal fault stopped this")
}

func (a *App) now() time.Time { return domain.Millisecond(a.Clock.Now()) }

// The bounds of a page.
const (
	defaultPage = 50
	maxPage     = 200
)

func pageSize(asked int) int {
	if asked <= 0 {
		return defaultPage
	}
	return min(asked, maxPage)
}

// encodeCursor makes an opaque text of a place; decodeCursor reads it back.
func encodeCursor(place any) (string, error) {
	text, err := json.Marshal(place)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}

func decodeCursor[T any](cursor string) (*T, error) {
	if cursor == "" {
		return nil, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, domain.Errorf(domain.CodeMalformed, "the cursor is not one of ours")
	}
	var place T
	if err := json.Unmarshal(text, &place); err != nil {
		return nil, domain.Errorf(domain.CodeMalformed, "the cursor is not one of ours")
	}
	return &place, nil
}

// readable finds an incident that the principal may read; a record that they may not read does not exist for them.
func (a *App) readable(ctx context.Context, permission Permission, reference string) (Principal, domain.Record, error) {
	return a.readableOf(ctx, domain.Incident, permission, reference)
}

// readableOf finds a record of a practice as readable does an incident.
func (a *App) readableOf(ctx context.Context, of domain.Practice, permission Permission, reference string) (Principal, domain.Record, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, domain.Record{}, err
	}
	if len(principal.Permissions) > 0 {
		if err := principal.mayAnywhere(permission); err != nil {
			return principal, domain.Record{}, err
		}
	}
	found, exists, err := practices[of].read(ctx, a.DB, a.reader(principal), reference)
	if err != nil {
		return principal, domain.Record{}, a.fault(ctx, "reading a record", err)
	}
	if !exists {
		return principal, domain.Record{}, domain.Errorf(domain.CodeNotFound, "no record %s", reference)
	}
	if err := a.auditRead(ctx, principal, found.head); err != nil {
		return principal, domain.Record{}, err
	}
	return principal, found.head, principal.may(permission, practices[of].annotated.roles(principal, found.head))
}
