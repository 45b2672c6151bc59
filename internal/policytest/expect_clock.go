package policytest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// signed is open time that can lie below zero: what remains of a target that was overrun.
type signed time.Duration

// UnmarshalJSON reads a duration as documents write it, perhaps with a minus before it.
func (s *signed) UnmarshalJSON(content []byte) error {
	var text string
	if err := json.Unmarshal(content, &text); err != nil {
		return fmt.Errorf("must be a duration like 2h or -30m")
	}
	amount, below := strings.CutPrefix(text, "-")
	read, err := calendar.ParseDuration(amount)
	if err != nil {
		return err
	}
	if read.WorkingDays > 0 {
		return fmt.Errorf("%q is not open time; working days are no amount of it", text)
	}
	*s = signed(read.Open)
	if below {
		*s = -*s
	}
	return nil
}

func (s signed) String() string { return time.Duration(s).String() }

func (e expectation) addClock(add func(string, any)) {
	if e.Elapsed != nil {
		add("elapsed", *e.Elapsed)
	}
	if e.Remaining != nil {
		add("remaining", *e.Remaining)
	}
	if e.DueAt != nil {
		add("due_at", e.DueAt.Format(time.RFC3339Nano))
	}
	if e.Fired != nil {
		add("fired", *e.Fired)
	}
}

func (e expectation) compareClock(got answer, compare func(name string, expected, got any, equal bool)) {
	for _, one := range []struct {
		name string
		want *signed
		got  *time.Duration
	}{{"elapsed", e.Elapsed, got.elapsed}, {"remaining", e.Remaining, got.remaining}} {
		if one.want != nil {
			compare(one.name, *one.want, shown(one.got), one.got != nil && time.Duration(*one.want) == *one.got)
		}
	}
	if e.DueAt != nil {
		is := unanswered
		if got.state != nil {
			is = "none: it is paused or has not begun"
		}
		if got.dueAt != nil {
			is = got.dueAt.In(e.DueAt.Location()).Format(time.RFC3339Nano)
		}
		compare("due_at", e.DueAt.Format(time.RFC3339Nano), is, got.dueAt != nil && got.dueAt.Equal(*e.DueAt))
	}
	if e.Fired != nil {
		compare("fired", *e.Fired, got.fired, got.state != nil && slices.Equal(*e.Fired, got.fired))
	}
}
