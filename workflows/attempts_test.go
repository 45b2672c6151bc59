package workflows_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/holdfast-itsm/holdfast/domain"
)

// attempts is the way from the workflow to the real activities. A test can see each attempt, stop it on its way, and lose it.
type attempts struct {
	mu     sync.Mutex
	calls  []call
	inside int
	stops  map[stop]chan struct{}
	lost   []way
}

// call is one attempt of an activity.
type call struct {
	what    string // the command's verb, or "look"
	id      string
	local   bool
	at      time.Time
	overlap bool // another one was under way
}

// way is one of the two that an attempt takes.
type way string

const (
	neither way = ""
	there   way = "there" // lost, Apply is never reached
	back    way = "back"  // lost, Apply has committed and its answer does not arrive
)

type stop struct {
	what string
	on   way
}

// apply is the activity Apply, with what the test puts before it.
func (l *life) apply(ctx context.Context, command domain.Command) (domain.Result, error) {
	return through(ctx, l, command.Verb(), command.ID, func() (domain.Result, error) { return l.Activities.Apply(ctx, command) })
}

// look is the activity Look, likewise.
func (l *life) look(ctx context.Context, practice domain.Practice, record string) (domain.View, error) {
	return through(ctx, l, "look", record, func() (domain.View, error) { return l.Activities.Look(ctx, practice, record) })
}

func through[T any](ctx context.Context, l *life, what, id string, do func() (T, error)) (T, error) {
	made := call{what: what, id: id, local: activity.GetInfo(ctx).IsLocalActivity, at: l.env.Now()}
	lost := l.enter(made)
	l.poke()
	defer l.leave()
	var none T
	if err := l.wait(ctx, stop{what, there}); err != nil {
		return none, err
	}
	if lost == there {
		return none, errors.New("the way there is lost")
	}
	result, err := do()
	if err != nil {
		return none, err
	}
	if err := l.wait(ctx, stop{what, back}); err != nil {
		return none, err
	}
	if lost == back {
		return none, errors.New("the way back is lost")
	}
	return result, nil
}

// wait stands still where the test wants it.
func (l *life) wait(ctx context.Context, at stop) error {
	l.mu.Lock()
	released := l.stops[at]
	l.mu.Unlock()
	if released == nil {
		return nil
	}
	l.poke()
	select {
	case <-released:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *attempts) enter(made call) way {
	a.mu.Lock()
	defer a.mu.Unlock()
	made.overlap = a.inside > 0
	a.calls = append(a.calls, made)
	a.inside++
	lost := neither
	if len(a.lost) > 0 {
		lost, a.lost = a.lost[0], a.lost[1:]
	}
	return lost
}

func (a *attempts) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.inside--
}

// lose says of each coming attempt what of it is lost.
func (a *attempts) lose(lost ...way) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost = lost
}

// hold stops an activity on its way there until it is released.
func (a *attempts) hold(what string) (release func()) { return a.holdOn(there, what) }

func (a *attempts) holdOn(on way, what string) (release func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	released := make(chan struct{})
	a.stops[stop{what, on}] = released
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.stops, stop{what, on})
		close(released)
	}
}

// called lists the attempts of activities so far: all, or those of one name.
func (a *attempts) called(what ...string) []call {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := []call{}
	for _, made := range a.calls {
		if len(what) == 0 || slices.Contains(what, made.what) {
			found = append(found, made)
		}
	}
	return found
}

// began waits until an activity is under way.
func (l *life) began(what string) {
	l.t.Helper()
	before := len(l.called(what))
	l.until(what+" is under way", func() bool { return len(l.called(what)) > before })
}
