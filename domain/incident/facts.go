package incident

import (
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Facts are what Decide needs to know beyond the record and the command. They are read in the deciding transaction, at the
// policy versions stamped on the record, so that no guard can race.
type Facts struct {
	// Number and Policies are set for a command that opens an incident: its number and the versions it opens under.
	Number   string
	Policies map[string]int

	Calendar        *calendar.Calendar
	Timing          Timing
	Matrix          policy.PriorityMatrix
	HoldReasons     policy.Vocabulary
	ResolutionCodes policy.Vocabulary
	BreachCauses    policy.Vocabulary
	// Assignment is what the assignment rules say of a new incident, and which rule said it.
	Assignment policy.Assignment
	Agreed     Agreed
	Paging     Paging

	// PolicyKnown: there is an EscalationPolicy of the name in the command; Callable are the people named in it who can be called.
	PolicyKnown bool
	Callable    map[string]bool

	// Handles that the command names, and whether they stand for something active.
	Team      TeamFact
	Assignee  PersonFact
	Requester PersonFact
	Service   ServiceFact

	// Target is the other record that merge_into, link and unlink name; nil when there is none.
	Target *TargetFact
	// Watching are changes that touched what a command newly names and ended a short while before the incident was opened; without those
	// of which it is asked already, or decided, whether they caused it.
	Watching []WatchFact
	// Duplicates are the ids of the incidents merged into this one; read for commands that end it.
	Duplicates []string
}

// TeamFact says whether a team exists.
type TeamFact struct {
	Known bool
}

// PersonFact says whether a person exists and is active, and belongs to the team in question.
type PersonFact struct {
	Active bool
	Member bool
}

// ServiceFact says whether a service exists and which team supports it.
type ServiceFact struct {
	Known bool
	Team  string
}

// TargetFact describes the other record of a command.
type TargetFact struct {
	ID       string
	Number   string
	Practice domain.Practice
	State    domain.State
	ClosedAt *time.Time
	// Follows are the ids that the target is itself merged into, nearest first: a circle is refused.
	Follows []string
}

// WatchFact names a change that is watched after its end.
type WatchFact struct {
	Change string `bun:"change_id"`
}

// Timing holds the durations of the incident process. The defaults are those of the lifecycle's description.
type Timing struct {
	Triage     map[int]calendar.Duration // per priority, from opening
	Reminders  []calendar.Duration       // from the hold awaiting_requester
	NoResponse calendar.Duration
	AutoClose  calendar.Duration // from resolving
	Reopen     calendar.Duration // how long a closed incident can be reopened
}

// DefaultTiming is used where no policy says otherwise.
func DefaultTiming() Timing {
	day := func(n int) calendar.Duration { return calendar.Duration{WorkingDays: n} }
	open := func(d time.Duration) calendar.Duration { return calendar.Duration{Open: d} }
	return Timing{
		Triage: map[int]calendar.Duration{
			1: open(15 * time.Minute), 2: open(30 * time.Minute), 3: open(4 * time.Hour), 4: day(1), 5: day(1),
		},
		Reminders:  []calendar.Duration{day(1), day(2)},
		NoResponse: day(3),
		AutoClose:  day(3),
		Reopen:     day(5),
	}
}
