package approval

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Bounds of an ApprovalPolicy.
const (
	MaxStages    = 20
	MaxTargets   = 20
	MaxReminders = 10
	// MinDeadline bounds the open or wall time of a deadline from below.
	MinDeadline = time.Minute
)

// DefaultDeadline is the time that a stage has where its policy does not say, in working days.
const DefaultDeadline = 3

// DefaultReminders are the shares of a deadline at which those are reminded who have not voted, where a policy does not say.
var DefaultReminders = []Amount{{part: 50, whole: 100, text: "50%"}, {part: 90, whole: 100, text: "90%"}}

// Policy is the content of an ApprovalPolicy document: which records it is for, and who decides them.
type Policy struct {
	// When is an expression (CEL over `record`). Of the policies that apply, the first by name holds,
	// those called default-… after all others.
	When   string        `json:"when"`
	Stages []StagePolicy `json:"stages"`
}

// StagePolicy is one stage as a policy has it.
type StagePolicy struct {
	Name string `json:"name"`
	// Electorate says who is asked; who that is, is looked up when the stage opens.
	Electorate []Target `json:"electorate"`
	Rule       Rule     `json:"rule"`
	// Deadline is the time to decide, in the record's calendar or, with Wall, by the clock; left out: three working days.
	Deadline calendar.Duration `json:"deadline,omitzero"`
	Wall     bool              `json:"wall,omitempty"`
	// Default is what becomes of a stage whose deadline passes without a decision; left out: it escalates.
	Default Default `json:"default,omitempty"`
	// Covers are the parts of the content that a vote is about, and whose change makes it void; left out: all.
	Covers []Cover `json:"covers,omitempty"`
	// Parallel lets a stage open together with the one before it; else it opens once all before it have approved.
	Parallel bool `json:"parallel,omitempty"`
	// Reminders are shares of the deadline; left out: 50% and 90%, an empty list: none.
	Reminders []Amount `json:"reminders,omitzero"`
}

// Default is what becomes of a stage whose deadline passes without a decision.
type Default string

// The defaults.
const (
	DefaultReject   Default = "reject"
	DefaultEscalate Default = "escalate"
	DefaultApprove  Default = "approve" // never for changes
)

// ByDefault is what becomes of the stage where its deadline passes without a decision.
func (s StagePolicy) ByDefault() Default {
	if s.Default == "" {
		return DefaultEscalate
	}
	return s.Default
}

// deadline, covered and reminders are what a policy says, or what holds where it says nothing.
func (s StagePolicy) deadline() calendar.Duration {
	switch {
	case s.Deadline != calendar.Duration{}:
		return s.Deadline
	case s.Wall:
		return calendar.Duration{Open: DefaultDeadline * 24 * time.Hour}
	}
	return calendar.Duration{WorkingDays: DefaultDeadline}
}

// Covered are the parts of the content that the stage's votes are about: all, where the policy names none.
func (s StagePolicy) Covered() []Cover {
	if len(s.Covers) == 0 {
		return Covers
	}
	return s.Covers
}

func (s StagePolicy) reminders() []Amount {
	if s.Reminders == nil {
		return DefaultReminders
	}
	return s.Reminders
}

// Target is who is asked: "role:cab_member", "team:network", "person:ana", "service_owner" or "manager".
type Target string

// Kinds of targets.
const (
	TargetRole         = "role"
	TargetTeam         = "team"
	TargetPerson       = "person"
	TargetServiceOwner = "service_owner" // of the record's service
	TargetManager      = "manager"       // of the requester; refused until people have managers
)

// Kind and Name are the two halves of a target; the owner of a service and a manager have no name.
func (t Target) Kind() string {
	kind, _, _ := strings.Cut(string(t), ":")
	return kind
}

// Name is what a target of its kind is called.
func (t Target) Name() string {
	_, name, _ := strings.Cut(string(t), ":")
	return name
}

func (t Target) valid() bool {
	switch t.Kind() {
	case TargetRole, TargetTeam, TargetPerson:
		return policy.ValidName(t.Name())
	}
	return t == TargetServiceOwner || t == TargetManager
}

// findings collects the problems of one policy.
type findings struct{ list []policy.Problem }

func (f *findings) add(path, format string, args ...any) {
	f.list = append(f.list, policy.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (f *findings) name(path, text string) {
	if !policy.ValidName(text) {
		f.add(path, "%q is not a name of lower-case letters, digits, dots, underscores and hyphens", text)
	}
}

// Validate answers what is wrong with the policy, but for its expression, which needs a Language. Whether the people, roles and
// teams exist is looked up when a stage opens: a name may come into being later.
func (p Policy) Validate() []policy.Problem {
	f := &findings{}
	if p.When == "" {
		f.add("spec.when", "needs an expression; true matches every record")
	}
	if len(p.Stages) < 1 || len(p.Stages) > MaxStages {
		f.add("spec.stages", "takes 1 to %d entries, has %d", MaxStages, len(p.Stages))
	}
	seen := map[string]bool{}
	for i, stage := range p.Stages {
		path := fmt.Sprintf("spec.stages[%d]", i)
		f.name(path+".name", stage.Name)
		if seen[stage.Name] {
			f.add(path+".name", "%q stands here a second time", stage.Name)
		}
		seen[stage.Name] = true
		f.stage(path, stage)
		if i == 0 && stage.Parallel {
			f.add(path+".parallel", "there is no stage before it to open with; mark the later one")
		}
	}
	return f.list
}

func (f *findings) stage(path string, stage StagePolicy) {
	f.targets(path+".electorate", stage.Electorate)
	f.list = append(f.list, stage.Rule.Validate(path+".rule")...)
	switch deadline := stage.deadline(); {
	case stage.Wall && deadline.WorkingDays > 0:
		f.add(path+".deadline", "counts wall time, which has no working days; write 24h for a day")
	case deadline.WorkingDays == 0 && deadline.Open < MinDeadline:
		f.add(path+".deadline", "is less than a minute")
	}
	if !slices.Contains([]Default{DefaultReject, DefaultEscalate, DefaultApprove}, stage.ByDefault()) {
		f.add(path+".default", "%q is not one of %s, %s, %s", stage.Default, DefaultReject, DefaultEscalate, DefaultApprove)
	}
	covers := map[Cover]bool{}
	for i, part := range stage.Covers {
		at := fmt.Sprintf("%s.covers[%d]", path, i)
		if !slices.Contains(Covers, part) {
			f.add(at, "%q is not one of %s, %s", part, Scope, Schedule)
		}
		if covers[part] {
			f.add(at, "%q stands here a second time", part)
		}
		covers[part] = true
	}
	f.reminders(path+".reminders", stage.Reminders)
}

func (f *findings) targets(path string, targets []Target) {
	if len(targets) < 1 || len(targets) > MaxTargets {
		f.add(path, "takes 1 to %d entries, has %d", MaxTargets, len(targets))
	}
	seen := map[Target]bool{}
	for i, target := range targets {
		at := fmt.Sprintf("%s[%d]", path, i)
		if !target.valid() {
			f.add(at, "%q is nobody to ask; there are role:<name>, team:<name>, person:<handle> and %s", target, TargetServiceOwner)
		}
		if target == TargetManager {
			f.add(at, "nobody knows yet who anybody's manager is, so the stage would ask nobody; name a role, a team or a person")
		}
		if seen[target] {
			f.add(at, "%q stands here a second time", target)
		}
		seen[target] = true
	}
}

func (f *findings) reminders(path string, reminders []Amount) {
	if len(reminders) > MaxReminders {
		f.add(path, "takes at most %d entries, has %d", MaxReminders, len(reminders))
	}
	for i, reminder := range reminders {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case reminder.fault != "" || !reminder.IsShare() || reminder.part == reminder.whole:
			f.add(at, "is not a share of the deadline like 50%% that lies before its end")
		case i > 0 && reminders[i-1].IsShare() && reminder.part*reminders[i-1].whole <= reminders[i-1].part*reminder.whole:
			f.add(at, "does not come after the one before it")
		}
	}
}

// Candidate is the newest version of one ApprovalPolicy.
type Candidate struct {
	Name    string
	Version int
	Spec    Policy
}

// Selection is the policy that holds for a record, and why.
type Selection struct {
	Candidate
	Why string
}

// Language evaluates the expressions by which policies say which records they are for; it lives outside the domain because it
// needs a library.
type Language interface {
	ApprovalApplies(expression string, record map[string]any) (bool, error)
}

// behind reports whether a policy stands behind all that an organisation has made: those that come with Holdfast.
func (c Candidate) behind() bool { return strings.HasPrefix(c.Name, "default-") }

// Select finds the policy that holds for a record: the first by name of those that apply, those called default-… after the others. One whose expression cannot be
// evaluated is an error: passing it over could let a record by that somebody must approve. found: there is one.
func Select(candidates []Candidate, language Language, record map[string]any) (selected Selection, found bool, err error) {
	ordered := slices.Clone(candidates)
	sort.SliceStable(ordered, func(i, j int) bool {
		if a, b := ordered[i].behind(), ordered[j].behind(); a != b {
			return b
		}
		return ordered[i].Name < ordered[j].Name
	})
	var others []string
	for _, candidate := range ordered {
		applies, err := language.ApprovalApplies(candidate.Spec.When, record)
		switch {
		case err != nil:
			return Selection{}, false, fmt.Errorf("asking the approval policy %s whether it applies: %w", candidate.Name, err)
		case applies && found:
			others = append(others, candidate.Name)
		case applies:
			selected, found = Selection{Candidate: candidate, Why: candidate.Name + " applies"}, true
		}
	}
	if len(others) > 0 {
		selected.Why += ", before " + shown(others)
	}
	return selected, found, nil
}
