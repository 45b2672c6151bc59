package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// refusedDelay is how long a deadline whose command was refused waits before it is tried again.
const refusedDelay = time.Minute

// lifecycle ties one practice's pure functions to its rows. R is its record, F its facts.
type lifecycle[R, F any] struct {
	table *domain.Lifecycle
	head  func(*R) *domain.Record
	// prepare takes the locks that a command needs before its record's.
	prepare   func(ctx context.Context, tx bun.Tx, command domain.Command) error
	lock      func(ctx context.Context, tx bun.Tx, id string) (R, schemas.Held, error)
	facts     func(ctx context.Context, tx bun.Tx, record R, command domain.Command) (F, error)
	decide    func(R, domain.Command, F, time.Time) (domain.Decision[R], error)
	deadlines func(R, F) ([]domain.Deadline, error)
	// write adds the record's head and the practice's own rows to what is written; before is the record as it was read.
	write func(before, record R, created, wordsChanged bool, into *schemas.Passage)
	// automated and book let rules of automation follow what is decided; without them none do.
	automated *automated[R]
	book      func(ctx context.Context, tx bun.Tx, versions map[string]int) (*automation.Book, error)
}

// apply is one transaction of Apply, top to bottom. Alone, it leaves what waits for the record to the relay.
func (l *lifecycle[R, F]) apply(ctx context.Context, tx bun.Tx, command domain.Command, now time.Time, alone bool) (domain.Result, left, error) {
	fresh, rules, err := schemas.ClaimCommand(ctx, tx, command, now)
	if err != nil {
		return domain.Result{}, left{}, err
	}
	if !fresh {
		result, err := l.repeated(ctx, tx, command, now)
		return result, left{}, err
	}
	if err := l.prepare(ctx, tx, command); err != nil {
		return domain.Result{}, left{}, err
	}
	record, held, err := l.lock(ctx, tx, command.Record)
	if err != nil {
		return domain.Result{}, left{}, err
	}
	p := &passage[R, F]{
		lifecycle: l, tx: tx, now: now, record: record, exists: held.Exists, takes: held.Messages && !alone,
		putOff: map[string]bool{}, rules: rules,
	}
	if p.exists {
		p.before, p.read = *l.head(&p.record), p.record
	} else if transition, known := l.table.Transition(command.Verb()); !known || len(transition.From) > 0 {
		return domain.Result{}, left{}, undone{domain.Result{
			Outcome: domain.Refused,
			Refusal: domain.Errorf(domain.CodeNotFound, "no %s %s", l.table.Practice, command.Record),
		}}
	}
	if command.Relayed {
		if err := p.settled(ctx, command); err != nil {
			return domain.Result{}, left{}, err
		}
	}
	refused, err := p.run(ctx, command)
	if err != nil {
		return domain.Result{}, left{}, p.blame(err)
	}
	result, rest, err := p.commit(ctx, command, refused)
	return result, rest, p.blame(err)
}

// settled ends the passage of a command from the queue whose row was settled since the relay read it: by another relay, or on
// the way of another command.
func (p *passage[R, F]) settled(ctx context.Context, command domain.Command) error {
	row, found, err := schemas.ReadMessage(ctx, p.tx, command.ID)
	if err != nil || !found || row.State == schemas.MessagePending {
		return err
	}
	result := domain.Result{Outcome: domain.Dropped}
	if len(row.Outcome) > 0 {
		if err := json.Unmarshal(row.Outcome, &result); err != nil {
			return fmt.Errorf("reading the outcome of message %s: %w", row.ID, err)
		}
	}
	result.View = viewOf(p.before, p.now)
	return undone{result}
}

// burdened is the failure of a passage that had taken messages on its way: they may be to blame.
type burdened struct{ error }

func (b burdened) Unwrap() error { return b.error }

func (p *passage[R, F]) blame(err error) error {
	if err == nil || !p.took {
		return err
	}
	return burdened{err}
}

// repeated answers a command that was decided before: with the first outcome and the present view, so that a workflow
// whose memory is behind catches up.
func (l *lifecycle[R, F]) repeated(ctx context.Context, tx bun.Tx, command domain.Command, now time.Time) (domain.Result, error) {
	row, found, err := schemas.ReadCommand(ctx, tx, command.ID)
	if err != nil {
		return domain.Result{}, err
	}
	if !found || row.Outcome == nil {
		return domain.Result{}, fmt.Errorf("command %s is claimed and has no outcome", command.ID)
	}
	var first domain.Result
	if err := json.Unmarshal(row.Outcome, &first); err != nil {
		return domain.Result{}, fmt.Errorf("reading the outcome of command %s: %w", command.ID, err)
	}
	head, _, err := schemas.ReadHead(ctx, tx, command.Record)
	if err != nil {
		return domain.Result{}, err
	}
	if row.Digest != command.Digest {
		return domain.Result{
			Outcome: domain.Refused, Version: head.Version, View: viewOf(head, now),
			Refusal: domain.OtherBody(),
		}, nil
	}
	return domain.Result{Outcome: domain.Repeated, Version: first.Version, View: viewOf(head, now)}, nil
}

// passage is one record's way through one Apply: what was decided so far, nothing written yet.
type passage[R, F any] struct {
	*lifecycle[R, F]
	tx     bun.Tx
	now    time.Time
	record R
	read   R // as it was before
	before domain.Record
	exists bool
	takes  bool           // messages wait for the record, and are applied on the way
	took   bool           // one was begun
	rules  map[string]int // the newest versions of the rules of automation

	steps    int
	events   []domain.Event
	messages []domain.Message
	notices  []domain.Notice
	links    []domain.Link
	unlinks  []domain.Link
	watchers []string
	arrived  []arrival
	// putOff are deadlines whose command was refused: they are tried again after refusedDelay.
	putOff map[string]bool
}

// arrival is a message that was applied on the way.
type arrival struct {
	row     schemas.MessageRow
	command domain.Command
	refused *domain.Error
}

// run handles everything due at or before the command's moment, in order, and then the command itself. It answers the
// command's refusal, if it was refused.
func (p *passage[R, F]) run(ctx context.Context, command domain.Command) (*domain.Error, error) {
	moment := p.clamp(command.ReceivedAt)
	tick := command.Verb() == domain.Tick
	if tick {
		moment = p.now
	}
	if p.exists {
		if err := p.catchUp(ctx, moment, command.ID); err != nil {
			return nil, err
		}
	}
	switch {
	case tick:
		return nil, nil
	case command.IfVersion != 0 && p.steps > 0:
		return domain.Errorf(domain.CodePreconditionFailed, "the %s went on from version %d by itself", p.table.Practice, p.before.Version), nil
	}
	return p.step(ctx, command, moment, nil)
}

// clamp brings a moment into [last event, now].
func (p *passage[R, F]) clamp(moment time.Time) time.Time {
	if moment.After(p.now) || moment.IsZero() {
		moment = p.now
	}
	return p.head(&p.record).Moment(moment)
}

// catchUp handles what came before a moment: the deadlines due until then, earliest first, and before each the messages that
// were committed before it was due; then the messages that remain. So a reply in the last second before a deadline counts,
// however late the timer or the relay is, and no command overtakes what was accepted before it.
func (p *passage[R, F]) catchUp(ctx context.Context, until time.Time, self string) error {
	waiting, err := p.waiting(ctx, until, self)
	if err != nil {
		return err
	}
	wake := p.head(&p.record).WakeAt
	if len(waiting) == 0 && (wake == nil || wake.After(until)) {
		return nil
	}
	for range maxSteps {
		next, err := p.nextDue(ctx, until)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(waiting, func(m schemas.MessageRow) bool { return next == nil || m.ReceivedAt.Before(next.DueAt) }); i >= 0 {
			if err := p.take(ctx, waiting[i]); err != nil {
				return err
			}
			waiting = slices.Delete(waiting, i, i+1)
			continue // it may have moved the deadline
		}
		if next == nil {
			return nil
		}
		timer := domain.Command{
			ID: "deadline/" + next.Name, Name: next.Command, Practice: p.table.Practice,
			Record: p.head(&p.record).ID, Actor: domain.Actor{Kind: domain.ActorTimer, Name: next.Name}, ReceivedAt: next.DueAt,
		}
		refused, err := p.step(ctx, timer, p.clamp(notAfter(waiting, until)), next)
		if err != nil {
			return err
		}
		if refused != nil {
			p.putOff[next.Name] = true
		}
	}
	return fmt.Errorf("the deadlines of %s do not end: their commands leave them due", p.head(&p.record).ID)
}

// notAfter is the moment at which a deadline is decided: no later than what was committed first of what still waits, so that this
// keeps its own moment.
func notAfter(waiting []schemas.MessageRow, until time.Time) time.Time {
	for _, row := range waiting {
		if row.ReceivedAt.Before(until) {
			until = row.ReceivedAt
		}
	}
	return until
}

// maxSteps bounds the deadlines and messages that one Apply handles before its command.
const maxSteps = 1000

// nextDue finds the earliest deadline due until a moment that was not put off.
func (p *passage[R, F]) nextDue(ctx context.Context, until time.Time) (*domain.Deadline, error) {
	facts, err := p.facts(ctx, p.tx, p.record, domain.Command{})
	if err != nil {
		return nil, err
	}
	deadlines, err := p.deadlines(p.record, facts)
	if err != nil {
		return nil, err
	}
	for _, deadline := range deadlines {
		if !deadline.DueAt.After(until) && !p.putOff[deadline.Name] {
			return &deadline, nil
		}
	}
	return nil, nil
}

// waiting are the undelivered messages that were committed before a moment, in order, but for the command itself.
func (p *passage[R, F]) waiting(ctx context.Context, before time.Time, self string) ([]schemas.MessageRow, error) {
	if !p.takes {
		return nil, nil
	}
	rows, err := schemas.MessagesBefore(ctx, p.tx, p.head(&p.record).ID, before)
	return slices.DeleteFunc(rows, func(row schemas.MessageRow) bool { return row.ID == self }), err
}

// take applies a message that waits. One that cannot be read is left to the relay, which gives it up.
func (p *passage[R, F]) take(ctx context.Context, row schemas.MessageRow) error {
	var command domain.Command
	if json.Unmarshal(row.Command, &command) != nil {
		return nil
	}
	p.took = true
	fresh, _, err := schemas.ClaimCommand(ctx, p.tx, command, p.now)
	if err != nil || !fresh {
		return err
	}
	refused, err := p.step(ctx, command, p.clamp(command.ReceivedAt), nil)
	if err != nil {
		return err
	}
	p.arrived = append(p.arrived, arrival{row: row, command: command, refused: refused})
	return nil
}

// step decides one command in memory, and lets rules of automation follow it.
func (p *passage[R, F]) step(ctx context.Context, command domain.Command, moment time.Time, due *domain.Deadline) (*domain.Error, error) {
	events, refused, err := p.decided(ctx, command, moment, due)
	if refused != nil || err != nil {
		return refused, err
	}
	return nil, p.automate(ctx, command, events, moment)
}

// decided decides one command in memory and answers its events. A deadline's carry its due time and how late they are.
func (p *passage[R, F]) decided(ctx context.Context, command domain.Command, moment time.Time, due *domain.Deadline) ([]domain.Event, *domain.Error, error) {
	facts, err := p.facts(ctx, p.tx, p.record, command)
	var decision domain.Decision[R]
	if err == nil {
		decision, err = p.decide(p.record, command, facts, moment)
	}
	if refused := domain.AsError(err); refused != nil && refused.Code != domain.CodeInternal {
		return nil, refused, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("deciding %s: %w", command.Name, err)
	}
	inChain(command.Chain, decision.Events, decision.Messages)
	if due != nil {
		late := p.now.Sub(due.DueAt).Milliseconds()
		for i := range decision.Events {
			decision.Events[i].DueAt, decision.Events[i].LatenessMS = &due.DueAt, &late
		}
	}
	p.record = decision.Record
	p.steps++
	p.events = append(p.events, decision.Events...)
	p.messages = append(p.messages, decision.Messages...)
	p.notices = append(p.notices, decision.Notices...)
	p.watchers = append(p.watchers, decision.Watchers...)
	for _, link := range decision.Links {
		p.links, p.unlinks = append(p.links, link), without(p.unlinks, link)
	}
	for _, link := range decision.Unlinks {
		p.links, p.unlinks = without(p.links, link), append(p.unlinks, link)
	}
	return decision.Events, nil, nil
}

// without drops a link: of linking and unlinking the same on one way, the last counts.
func without(links []domain.Link, gone domain.Link) []domain.Link {
	return slices.DeleteFunc(links, func(link domain.Link) bool { return link == gone })
}
