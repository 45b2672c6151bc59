// Package activities decides and writes. Apply is the one writer of records: it reads the facts, lets the domain decide and
// commits record, deadlines, timeline, messages and outbox in one transaction.
package activities

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"go.temporal.io/sdk/temporal"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Dependencies are what the activities work with.
type Dependencies struct {
	// DB acts under the worker's role.
	DB    *bun.DB
	Clock domain.Clock
	// Rules evaluates the expressions of policy documents.
	Rules Rules
	// CompileCalendar makes a working calendar of a Calendar document; it knows the time zones.
	CompileCalendar func(calendar.Spec) (*calendar.Calendar, error)
	// Transient and Constraint read what kind of failure the database reported.
	Transient  func(error) bool
	Constraint func(error) string
	// Committed is called after a commit that posted messages, Noticed after one that left notices; neither must block.
	Committed, Noticed func()
	// Carriers are the ways out that this installation is configured with, by the channel of their destinations.
	Carriers map[domain.Channel]domain.Carrier
	// Delivered, where not nil, is told what became of deliveries.
	Delivered func(channel, outcome string, count int)
	Log       *slog.Logger
}

// Rules evaluates the expressions of policy documents.
type Rules interface {
	policy.Evaluator
	sla.Language
	approval.Language
	window.Language
	automation.Language
}

// Activities are registered with the worker under the names in domain.
type Activities struct {
	Dependencies
	policies *schemas.Documents
	kinds    map[domain.Practice]kind
}

// kind is what Apply needs of one practice, its record and fact types erased.
type kind interface {
	apply(ctx context.Context, tx bun.Tx, command domain.Command, now time.Time, alone bool) (domain.Result, left, error)
}

// left says what a commit left for others to carry on.
type left struct{ messages, notices bool }

// New makes the activities of every practice.
func New(dependencies Dependencies) *Activities {
	a := &Activities{Dependencies: dependencies, policies: schemas.NewDocuments(dependencies.CompileCalendar)}
	a.kinds = map[domain.Practice]kind{domain.Incident: a.incidentKind(), escalation.Practice: a.escalationKind(), change.Practice: a.changeKind(), meeting.Practice: a.meetingKind()}
	return a
}

// Apply decides one command and commits it. Applied twice, the second answer is the first one's. A refusal is a result;
// an error that a retry may mend is returned plain, any other as non-retryable.
func (a *Activities) Apply(ctx context.Context, command domain.Command) (domain.Result, error) {
	kind, known := a.kinds[command.Practice]
	if !known {
		return domain.Result{}, temporal.NewNonRetryableApplicationError("no practice "+string(command.Practice), domain.FaultType, nil)
	}
	if holdsNUL(command) {
		return a.refuse(ctx, command, domain.Errorf(domain.CodeInvalid, "%s holds the character U+0000, which cannot be stored", command.Name))
	}
	now := domain.Millisecond(a.Clock.Now())
	var result domain.Result
	var rest left
	transaction := func(alone bool) error {
		return a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			var err error
			result, rest, err = kind.apply(ctx, tx, command, now, alone)
			return err
		})
	}
	err := transaction(false)
	var fault burdened
	if errors.As(err, &fault) && !errors.As(err, new(undone)) && !a.Transient(err) {
		// A message that cannot be applied must not stop what comes after it; the relay tries it by itself, and gives it up.
		a.Log.WarnContext(ctx, "a command is applied without the messages before it", "command", command.Name, "record", command.Record, "error", err)
		err = transaction(true)
	}
	if err != nil {
		return a.failed(ctx, command, err)
	}
	if rest.messages && a.Committed != nil {
		a.Committed()
	}
	if rest.notices && a.Noticed != nil {
		a.Noticed()
	}
	return result, nil
}

// failed sorts a failure of Apply: a refusal found late, a violated constraint, a passing fault, or a fault of ours.
func (a *Activities) failed(ctx context.Context, command domain.Command, err error) (domain.Result, error) {
	var nothing undone
	switch {
	case errors.As(err, &nothing):
		return nothing.result, nil
	case a.Transient(err):
		return domain.Result{}, fmt.Errorf("applying %s: %w", command.Name, err)
	case a.Constraint(err) == schemas.ReservedOnce:
		others, readErr := schemas.ReservedBy(ctx, a.DB, command.Record)
		if readErr != nil {
			return domain.Result{}, readErr
		}
		by := cmp.Or(strings.Join(others, ", "), "one that was scheduled just now")
		return a.refuse(ctx, command, domain.Conflict(nil, "an item is reserved by another change in that time: %s; look at what blocks this one, and try again", by))
	case a.Constraint(err) != "":
		return a.refuse(ctx, command, domain.Errorf(domain.CodeInvalid, "%s is against the rule %s", command.Name, a.Constraint(err)))
	}
	a.Log.ErrorContext(ctx, "a command failed and was not applied", "command", command.Name, "record", command.Record, "id", command.ID, "error", err)
	return domain.Result{}, temporal.NewNonRetryableApplicationError("applying "+command.Name, domain.FaultType, err)
}

// refuse answers a refusal that was decided outside of a transaction, with the committed view.
func (a *Activities) refuse(ctx context.Context, command domain.Command, why *domain.Error) (domain.Result, error) {
	view, err := a.look(ctx, command.Practice, command.Record)
	if err != nil {
		return domain.Result{}, err
	}
	return domain.Result{Outcome: domain.Refused, Version: view.Version, Refusal: why, View: view}, nil
}

// holdsNUL reports whether a command carries a character that PostgreSQL's text cannot hold.
func holdsNUL(command domain.Command) bool {
	if strings.ContainsRune(command.Reason+command.Actor.Name, 0) {
		return true
	}
	if !bytes.Contains(command.Body, []byte(`\u0000`)) {
		return false
	}
	// An escaped backslash before u0000 is harmless text: such pairs go first.
	return bytes.Contains(bytes.ReplaceAll(command.Body, []byte(`\\`), nil), []byte(`\u0000`))
}

// undone rolls a transaction back with the answer to give.
type undone struct{ result domain.Result }

func (undone) Error() string { return "nothing was decided" }

// Look reads a record's committed view, with the time left to its next deadline by this worker's clock.
func (a *Activities) Look(ctx context.Context, practice domain.Practice, record string) (domain.View, error) {
	return a.look(ctx, practice, record)
}
