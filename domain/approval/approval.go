// Package approval decides together: who is asked, what their votes come to, when that is final, and why.
//
// A Policy (a document of the kind ApprovalPolicy) has stages; each has an electorate, a Rule and a deadline. Tally says what
// votes come to under a rule, exactly and in one sentence. An Approval is what a record keeps of it all; Keeper brings it in line
// with what happens. Changes, releases, requests, gates of services and edits of policies share it; all of it is pure.
//
// One human never counts twice. Within a stage a person's hand gives at most one vote that counts, their own or one for a
// single other member; and a member's seat has at most one, by their own hand or by a delegate's. A member's own word takes the
// place of a delegate's, never the reverse. Whoever asks for something or carries it out has no hand at all. docs/adr/0016 gives
// the reasons.
//
// A vote is about content: it carries the hash of everything its stage covers. When that changes the vote is void, stays
// visible, and whoever gave it is asked again. A stage that is decided stays decided, until the content changes or one of
// those whose approval counted turns out to be a party.
package approval

import (
	"maps"
	"slices"
	"time"
)

// Verdict is what votes come to.
type Verdict string

// The verdicts. Escalated is that of a deadline that passed without a decision, Error that of a rule that nobody can meet, such
// as one of which nobody is left to vote; both need somebody, and neither approves.
const (
	Pending   Verdict = "pending"
	Approved  Verdict = "approved"
	Rejected  Verdict = "rejected"
	Escalated Verdict = "escalated"
	Error     Verdict = "error"
)

// State is where a stage stands.
type State string

// The states of a stage.
const (
	Waiting        State = "waiting"   // for an earlier stage, or to be submitted
	Open           State = "open"      // votes are taken
	StageEscalated State = "escalated" // its deadline has passed without a decision; votes are still taken
	StageError     State = "error"     // its rule cannot be met; votes are not taken
	StageApproved  State = "approved"
	StageRejected  State = "rejected"
	Moot           State = "moot" // another decision made it needless
)

// TakesVotes reports whether a stage in this state takes votes.
func (s State) TakesVotes() bool { return s == Open || s == StageEscalated }

// Undecided reports whether a stage in this state still needs somebody.
func (s State) Undecided() bool { return s.TakesVotes() || s == StageError }

// Cover names a part of a record's content that a vote is about.
type Cover string

// The parts. Each practice says what belongs to them: for a change, scope is what is done and schedule is when.
const (
	Scope    Cover = "scope"
	Schedule Cover = "schedule"
)

// Covers are all parts.
var Covers = []Cover{Scope, Schedule}

// Hashes say what a record's content is, part by part.
type Hashes map[Cover]string

// Approval is what a record keeps of its approval.
type Approval struct {
	Policy        string `json:"policy"`
	PolicyVersion int    `json:"policy_version"`
	// Why says in one sentence why this policy is the one that holds.
	Why     string  `json:"why,omitempty"`
	Parties Parties `json:"parties"`
	Hashes  Hashes  `json:"hashes,omitempty"`
	// SubmittedAt is when it was last asked for; nothing while it is not.
	SubmittedAt *time.Time `json:"submitted_at,omitempty"`
	Stages      []Stage    `json:"stages"`
	// Earlier are the stages of policies that held before, for the votes that they have; all are void.
	Earlier []Stage `json:"earlier,omitempty"`
	// Edits are the changes of content since it was first submitted, oldest first, at most MaxEdits.
	Edits []Edit `json:"edits,omitempty"`
	// BreakGlass stands in for votes.
	BreakGlass *BreakGlass `json:"break_glass,omitempty"`
	// Agendas are the meetings that are to talk about the record: a stage that is asked again waits for them too.
	Agendas []Agenda `json:"agendas,omitempty"`
}

// MaxEdits is how many changes of content an approval remembers, to say what changed since a vote was offered.
const MaxEdits = 200

// Stage is one stage of an approval: its terms as they were when the approval began, who decides it, and what they said.
type Stage struct {
	StagePolicy
	State State `json:"state"`
	// Round counts how often it was asked, from 1; votes of earlier rounds are void.
	Round   int      `json:"round"`
	Members []Member `json:"members"`
	// Votes are all that were ever given, oldest first.
	Votes     []Vote     `json:"votes"`
	Questions []Question `json:"questions,omitempty"`
	OpenedAt  *time.Time `json:"opened_at,omitempty"`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
	Timing    Timing     `json:"timing,omitzero"`
	// Figures are what the votes come to; their Why says in one sentence why the stage stands where it stands.
	Figures Figures `json:"figures"`
}

// Choice is what somebody votes.
type Choice string

// The choices.
const (
	Approve     Choice = "approve"
	ApproveWith Choice = "approve_with" // on conditions, each of which is a task that blocks the start
	Reject      Choice = "reject"       // with a comment
	Abstain     Choice = "abstain"      // counts to the quorum
	Recuse      Choice = "recuse"       // leaves the electorate
)

// Choices are all choices.
var Choices = []Choice{Approve, ApproveWith, Reject, Abstain, Recuse}

// Approves reports whether a choice approves.
func (c Choice) Approves() bool { return c == Approve || c == ApproveWith }

// Vote is one vote.
type Vote struct {
	// By is whose hand gave it, For whose seat it fills: the same person but for a delegate's vote.
	By         string    `json:"by"`
	For        string    `json:"for"`
	Choice     Choice    `json:"vote"`
	Comment    string    `json:"comment,omitempty"`
	Conditions []string  `json:"conditions,omitempty"`
	Round      int       `json:"round,omitempty"`
	At         time.Time `json:"at"`
	// Hashes are the content that it is about.
	Hashes Hashes `json:"hashes,omitempty"`
	// Void says why it does not count any more.
	Void *Void `json:"void,omitempty"`
}

// Counts reports whether the vote is in force.
func (v Vote) Counts() bool { return v.Void == nil }

// Delegated reports whether it was given for another.
func (v Vote) Delegated() bool { return v.By != v.For }

// Void says why and since when a vote does not count.
type Void struct {
	At  time.Time `json:"at"`
	Why Voiding   `json:"why"`
	// Fields are what was edited.
	Fields []string `json:"fields,omitempty"`
}

// Voiding is why a vote does not count any more.
type Voiding string

// Why votes become void.
const (
	VoidChanged   Voiding = "changed"   // another vote took its place
	VoidEdited    Voiding = "edited"    // what it is about was edited
	VoidWithdrawn Voiding = "withdrawn" // what it is about was withdrawn
	VoidLeft      Voiding = "left"      // who gave it, or for whom it was given, left the electorate
)

// Question is something that a member wants to know before deciding; the stage's deadline stops until it is answered.
type Question struct {
	By         string     `json:"by"`
	Round      int        `json:"round"`
	Text       string     `json:"text"`
	AskedAt    time.Time  `json:"asked_at"`
	AnsweredBy string     `json:"answered_by,omitempty"`
	Answer     string     `json:"answer,omitempty"`
	AnsweredAt *time.Time `json:"answered_at,omitempty"`
}

// Edit is one change of content.
type Edit struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	From   Hashes    `json:"from"`
	To     Hashes    `json:"to"`
	Fields []string  `json:"fields,omitempty"`
}

// BreakGlass is an approval by break-glass: one person decides, says why, and is reviewed for it.
type BreakGlass struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	Hashes Hashes    `json:"hashes,omitempty"`
	// Void says why it does not hold any more.
	Void *Void `json:"void,omitempty"`
}

// Begin is the approval of a record under a policy, not yet submitted.
func Begin(choice Selection, parties Parties) Approval {
	a := Approval{Policy: choice.Name, PolicyVersion: choice.Version, Why: choice.Why, Parties: parties}
	for _, terms := range choice.Spec.Stages {
		a.Stages = append(a.Stages, Stage{StagePolicy: terms, State: Waiting, Members: []Member{}, Votes: []Vote{}})
	}
	return a
}

// Verdict is what the stages come to together: one rejection rejects, and all must approve.
func (a Approval) Verdict() Verdict {
	if a.glassBroken() {
		return Approved
	}
	verdict := Approved
	for _, stage := range a.Stages {
		switch stage.State {
		case StageRejected:
			return Rejected
		case StageError:
			verdict = Error
		case StageEscalated:
			if verdict != Error {
				verdict = Escalated
			}
		case StageApproved:
		default:
			if verdict == Approved {
				verdict = Pending
			}
		}
	}
	if len(a.Stages) == 0 {
		return Error // nobody decides what has no stage
	}
	return verdict
}

// Final reports whether nobody is asked any more.
func (a Approval) Final() bool {
	verdict := a.Verdict()
	return verdict == Approved || verdict == Rejected
}

func (a Approval) glassBroken() bool { return a.BreakGlass != nil && a.BreakGlass.Void == nil }

// Reason says in one sentence, stage by stage, why the approval stands where it stands.
func (a Approval) Reason() string {
	if a.glassBroken() {
		return a.BreakGlass.By + " decided alone (break-glass)"
	}
	text := ""
	for _, stage := range a.Stages {
		if stage.Figures.Why == "" {
			continue
		}
		if text != "" {
			text += "; "
		}
		if len(a.Stages) > 1 {
			text += stage.Name + ": "
		}
		text += stage.Figures.Why
	}
	return text
}

// Stage finds a stage by name.
func (a Approval) Stage(name string) (Stage, bool) {
	for _, stage := range a.Stages {
		if stage.Name == name {
			return stage, true
		}
	}
	return Stage{}, false
}

// Asked is a member of whom a stage waits.
type Asked struct {
	Stage  string `json:"stage"`
	Person string `json:"person"`
	// Again: an edit made an earlier vote void.
	Again bool `json:"again,omitempty"`
}

// Asked lists, stage by stage, of whom votes are outstanding.
func (a Approval) Asked() []Asked {
	var list []Asked
	for _, stage := range a.Stages {
		if !stage.State.TakesVotes() {
			continue
		}
		again := stage.NeededAgain()
		for _, person := range stage.Figures.Outstanding {
			list = append(list, Asked{Stage: stage.Name, Person: person, Again: slices.Contains(again, person)})
		}
	}
	return list
}

// Condition is something that must be done before what was approved is begun.
type Condition struct {
	Stage string `json:"stage"`
	Vote
	Text string `json:"text"`
}

// Conditions are those of the votes in force.
func (a Approval) Conditions() []Condition {
	var list []Condition
	for _, stage := range a.Stages {
		for _, vote := range stage.Votes {
			if !vote.Counts() || vote.Choice != ApproveWith {
				continue
			}
			for _, text := range vote.Conditions {
				list = append(list, Condition{Stage: stage.Name, Vote: vote, Text: text})
			}
		}
	}
	return list
}

// NeededAgain are the members whose votes the edit that began this round made void, and who have not voted since.
func (s Stage) NeededAgain() []string {
	var list []string
	for _, vote := range s.Votes {
		if vote.Void == nil || vote.Void.Why != VoidEdited || vote.Round != s.Round-1 || slices.Contains(list, vote.For) {
			continue
		}
		seat, found := s.electorate(Parties{}).Find(vote.For)
		if found && seat.Left == "" && !slices.ContainsFunc(s.InForce(), func(v Vote) bool { return v.For == vote.For }) {
			list = append(list, vote.For)
		}
	}
	slices.Sort(list)
	return list
}

// InForce are the votes that count.
func (s Stage) InForce() []Vote {
	var list []Vote
	for _, vote := range s.Votes {
		if vote.Counts() {
			list = append(list, vote)
		}
	}
	return list
}

// covers reports whether votes of the stage are about one of some parts.
func (s Stage) covers(parts []Cover) bool {
	return slices.ContainsFunc(s.Covered(), func(part Cover) bool { return slices.Contains(parts, part) })
}

func (s Stage) electorate(parties Parties) Electorate {
	return Electorate{Members: s.Members, Parties: parties}
}

// about are the hashes of what the stage covers.
func (s Stage) about(hashes Hashes) Hashes {
	of := Hashes{}
	for _, part := range s.Covered() {
		if hash, given := hashes[part]; given {
			of[part] = hash
		}
	}
	return of
}

// Clone copies an approval so that changing the copy leaves it as it is.
func (a Approval) Clone() Approval {
	a.Hashes = maps.Clone(a.Hashes)
	a.Edits = slices.Clone(a.Edits)
	a.Stages, a.Earlier, a.Agendas = slices.Clone(a.Stages), slices.Clone(a.Earlier), slices.Clone(a.Agendas)
	for i := range a.Stages {
		s := &a.Stages[i]
		s.Members, s.Votes, s.Questions = slices.Clone(s.Members), slices.Clone(s.Votes), slices.Clone(s.Questions)
		if s.Timing.Own != nil {
			own := *s.Timing.Own
			s.Timing.Own = &own
		}
	}
	if a.BreakGlass != nil {
		broken := *a.BreakGlass
		a.BreakGlass = &broken
	}
	return a
}
