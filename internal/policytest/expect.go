package policytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// answer is what a subject gives, each under the name that expect uses for it.
type answer struct {
	at       []time.Time
	one      bool // at is one instant, not a list
	duration *time.Duration
	open     *bool
	priority *int
	team     *string
	rule     *string
	category *string
	tags     []string
	people   *[]string
	verdict  *string
	why      *string
	policy   *string
	rules    *[]string
	actions  *[]string

	state              *string
	elapsed, remaining *time.Duration
	dueAt              *time.Time
	fired              []string

	frozen *bool
	until  *time.Time
	level  *string
	score  *int
}

// expectation is the expect of a case; only what stands in it is compared.
type expectation struct {
	At       *instants          `json:"at,omitempty"`
	Duration *calendar.Duration `json:"duration,omitempty"`
	Open     *bool              `json:"open,omitempty"`
	Priority *int               `json:"priority,omitempty"`
	Team     *string            `json:"team,omitempty"`
	Rule     *string            `json:"rule,omitempty"`
	Category *string            `json:"category,omitempty"`
	Tags     *[]string          `json:"tags,omitempty"`
	People   *[]string          `json:"people,omitempty"`
	Verdict  *string            `json:"verdict,omitempty"`
	Why      *string            `json:"why,omitempty"`
	Policy   *string            `json:"policy,omitempty"`
	Rules    *[]string          `json:"rules,omitempty"`
	Actions  *[]string          `json:"actions,omitempty"`

	State     *string    `json:"state,omitempty"`
	Elapsed   *signed    `json:"elapsed,omitempty"`
	Remaining *signed    `json:"remaining,omitempty"`
	DueAt     *time.Time `json:"due_at,omitempty"`
	Fired     *[]string  `json:"fired,omitempty"`

	Frozen *bool      `json:"frozen,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
	Level  *string    `json:"level,omitempty"`
	Score  *int       `json:"score,omitempty"`
}

// instants is one instant or a list of them.
type instants struct {
	times []time.Time
	list  bool
}

// UnmarshalJSON reads an instant in RFC 3339, or a list of them.
func (i *instants) UnmarshalJSON(content []byte) error {
	var one time.Time
	if json.Unmarshal(content, &one) == nil {
		i.times = []time.Time{one}
		return nil
	}
	i.list = true
	if err := json.Unmarshal(content, &i.times); err != nil {
		return errors.New("at must be an instant like 2026-11-02T09:00:00Z, or a list of them")
	}
	return nil
}

func (i *instants) String() string {
	if i.list {
		return "[" + written(i.times) + "]"
	}
	return written(i.times)
}

func written(times []time.Time) string {
	texts := make([]string, len(times))
	for i, t := range times {
		texts[i] = t.Format(time.RFC3339Nano)
	}
	return strings.Join(texts, ", ")
}

func (e expectation) empty() bool { return e.text() == "{}" }

// text writes what is expected on one line.
func (e expectation) text() string {
	var parts []string
	add := func(name string, value any) { parts = append(parts, fmt.Sprintf("%s: %v", name, value)) }
	if e.At != nil {
		add("at", e.At)
	}
	if e.Duration != nil {
		add("duration", *e.Duration)
	}
	if e.Open != nil {
		add("open", *e.Open)
	}
	if e.Priority != nil {
		add("priority", *e.Priority)
	}
	for _, field := range []struct {
		name string
		text *string
	}{{"team", e.Team}, {"rule", e.Rule}, {"category", e.Category}, {"state", e.State}, {"policy", e.Policy}, {"verdict", e.Verdict}, {"why", e.Why}} {
		if field.text != nil {
			add(field.name, fmt.Sprintf("%q", *field.text))
		}
	}
	if e.Tags != nil {
		add("tags", *e.Tags)
	}
	for _, list := range []struct {
		name  string
		items *[]string
	}{{"people", e.People}, {"rules", e.Rules}, {"actions", e.Actions}} {
		if list.items != nil {
			add(list.name, *list.items)
		}
	}
	e.addClock(add)
	e.addChange(add)
	return "{" + strings.Join(parts, ", ") + "}"
}

// differs says how an answer differs from what is expected; empty when it does not.
func (e expectation) differs(got answer) string {
	var list []string
	compare := func(name string, expected, got any, equal bool) {
		if !equal {
			list = append(list, fmt.Sprintf("%s: expected %v, got %v", name, expected, got))
		}
	}
	if e.At != nil {
		compare("at", e.At, got.instants(), e.At.equal(got))
	}
	if e.Duration != nil {
		compare("duration", *e.Duration, shown(got.duration), got.duration != nil && *e.Duration == calendar.Duration{Open: *got.duration})
	}
	if e.Open != nil {
		compare("open", *e.Open, shown(got.open), got.open != nil && *got.open == *e.Open)
	}
	if e.Priority != nil {
		compare("priority", *e.Priority, shown(got.priority), got.priority != nil && *got.priority == *e.Priority)
	}
	for _, field := range []struct {
		name      string
		want, got *string
	}{
		{"team", e.Team, got.team},
		{"rule", e.Rule, got.rule},
		{"category", e.Category, got.category},
		{"state", e.State, got.state},
		{"policy", e.Policy, got.policy},
		{"verdict", e.Verdict, got.verdict},
		{"why", e.Why, got.why},
	} {
		if field.want != nil {
			compare(field.name, fmt.Sprintf("%q", *field.want), shown(field.got), field.got != nil && *field.got == *field.want)
		}
	}
	if e.Tags != nil {
		compare("tags", *e.Tags, got.tags, got.team != nil && slices.Equal(*e.Tags, got.tags))
	}
	for _, list := range []struct {
		name      string
		want, got *[]string
	}{{"people", e.People, got.people}, {"rules", e.Rules, got.rules}, {"actions", e.Actions, got.actions}} {
		if list.want != nil {
			compare(list.name, *list.want, shown(list.got), list.got != nil && slices.Equal(*list.want, *list.got))
		}
	}
	e.compareClock(got, compare)
	e.compareChange(got, compare)
	return strings.Join(list, "; ")
}

const unanswered = "nothing: the subject does not answer this"

// shown writes a value, or that the subject does not give it.
func shown[T any](value *T) string {
	if value == nil {
		return unanswered
	}
	if text, right := any(*value).(string); right {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprint(*value)
}

func (a answer) instants() string {
	if a.at == nil {
		return unanswered
	}
	if a.one {
		return written(a.at)
	}
	return "[" + written(a.at) + "]"
}

// equal compares instants, whatever zone they are written in.
func (i *instants) equal(got answer) bool {
	return i.list != got.one && slices.EqualFunc(i.times, got.at, time.Time.Equal)
}
