// Package window holds the rules of freezes and maintenance windows: spans of time in which changes must not be carried out, or in
// which they should be. A document says when, once or again and again, and for which changes.
package window

import (
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Bounds of a document.
const (
	// MaxLasts is how long one occurrence of a recurring window may last.
	MaxLasts = 31 * 24 * time.Hour
	// MinLasts is the shortest.
	MinLasts = time.Minute
	// MaxSpan is how long a dated window may last.
	MaxSpan = 366 * 24 * time.Hour
	// mostOccurrences bounds how many occurrences are looked at in one question.
	mostOccurrences = 5000
)

// Spec is the content of a FreezeWindow or a MaintenanceWindow document: dated, or recurring.
type Spec struct {
	Title string `json:"title,omitempty"`
	// From and To bound a dated window: half-open, From is in it, To is not.
	From *time.Time `json:"from,omitempty"`
	To   *time.Time `json:"to,omitempty"`
	// Recurring says when it comes again and again, in place of From and To.
	Recurring *Recurring `json:"recurring,omitempty"`
	// AppliesTo is an expression (CEL over `record`) that says which changes it is for; left out: all.
	AppliesTo string `json:"applies_to,omitempty"`
	// Exempt lets some changes through a freeze all the same.
	Exempt Exempt `json:"exempt,omitzero"`
}

// Recurring is a window that comes again and again.
type Recurring struct {
	// Cron are the five fields that say when an occurrence begins, as wall time of Timezone.
	Cron string `json:"cron"`
	// Lasts is the length of an occurrence in clock time: "60h".
	Lasts Length `json:"lasts"`
	// Timezone is an IANA name.
	Timezone string `json:"timezone"`
}

// Exempt says which changes a freeze does not hold.
type Exempt struct {
	// Approval names an ApprovalPolicy: a change that was approved by it is let through.
	Approval string `json:"approval,omitempty"`
}

// Length is a length of clock time that documents write as text, "60h" or "90m".
type Length struct{ time.Duration }

// UnmarshalText reads a length; a text that is none is an error.
func (l *Length) UnmarshalText(text []byte) error {
	length, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a length of time like 60h or 90m", text)
	}
	l.Duration = length
	return nil
}

// MarshalText writes a length as it is read.
func (l Length) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Validate answers what is wrong with the document, but for its cron text, its zone and its expression, which need libraries.
func (s Spec) Validate() []policy.Problem {
	var list []policy.Problem
	add := func(path, format string, args ...any) {
		list = append(list, policy.Problem{Path: "spec." + path, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case s.Recurring != nil && (s.From != nil || s.To != nil):
		add("recurring", "stands in place of from and to, not beside them")
	case s.Recurring != nil:
		if lasts := s.Recurring.Lasts.Duration; lasts < MinLasts || lasts > MaxLasts {
			add("recurring.lasts", "takes %s to %s, has %s", MinLasts, MaxLasts, lasts)
		}
	case s.From == nil || s.To == nil:
		add("from", "and to are needed, or recurring")
	case !s.From.Before(*s.To):
		add("to", "does not lie after from")
	case !domain.Tellable(*s.From) || !domain.Tellable(*s.To):
		add("to", "or from lies in no year from 1 to 9999")
	case s.To.Sub(*s.From) > MaxSpan:
		add("to", "lies more than a year after from")
	}
	return list
}

// Language reads what documents write in languages of their own: the expressions by which they say which changes they are for, and
// when they recur. It lives outside the domain because it needs libraries.
type Language interface {
	WindowApplies(expression string, record map[string]any) (bool, error)
	// Recurs answers the beginnings of a recurring window.
	Recurs(recurring Recurring) (Starts, error)
}

// Compile makes a document ready to be asked.
func Compile(name string, version int, spec Spec, language Language) (Window, error) {
	made := Window{Name: name, Version: version, Spec: spec}
	var err error
	if spec.Recurring != nil {
		made.Starts, err = language.Recurs(*spec.Recurring)
	}
	return made, err
}

// Starts answers the first moment after an instant at which an occurrence begins; false when none is foreseen.
type Starts func(after time.Time) (time.Time, bool)

// Window is a document made ready to be asked.
type Window struct {
	Name    string
	Version int
	Spec    Spec
	// Starts are the beginnings of a recurring window; nil for a dated one.
	Starts Starts
}

// Span is a stretch of time: From is in it, To is not.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Overlaps reports whether two spans have a moment in common.
func (s Span) Overlaps(other Span) bool { return s.From.Before(other.To) && other.From.Before(s.To) }

// Holds reports whether an instant lies in the span.
func (s Span) Holds(at time.Time) bool { return !at.Before(s.From) && at.Before(s.To) }

// Covers reports whether the whole of another span lies in this one.
func (s Span) Covers(other Span) bool { return !other.From.Before(s.From) && !other.To.After(s.To) }

// Within lists the occurrences that have a moment in common with a span, earliest first. Occurrences that overlap or touch are told
// as one, so that what covers a span is seen to cover it.
func (w Window) Within(span Span) []Span {
	if w.Starts == nil {
		own := Span{From: w.Spec.From.UTC(), To: w.Spec.To.UTC()}
		if own.Overlaps(span) {
			return []Span{own}
		}
		return nil
	}
	lasts := w.Spec.Recurring.Lasts.Duration
	var found []Span
	at := span.From.Add(-lasts)
	for range mostOccurrences {
		next, comes := w.Starts(at)
		if !comes || !next.Before(span.To) {
			break
		}
		at = next
		one := Span{From: next.UTC(), To: next.Add(lasts).UTC()}
		if last := len(found) - 1; last >= 0 && !found[last].To.Before(one.From) {
			found[last].To = one.To
			continue
		}
		found = append(found, one)
	}
	return found
}

// At answers the occurrence that an instant lies in.
func (w Window) At(at time.Time) (Span, bool) {
	for _, span := range w.Within(Span{From: at, To: at.Add(time.Nanosecond)}) {
		if span.Holds(at) {
			return span, true
		}
	}
	return Span{}, false
}
