package change

import (
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/alert"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// Facts are what Decide needs to know beyond the change and the command, read in the deciding transaction.
type Facts struct {
	// Number is that of a new change.
	Number string
	// Policies are the newest versions, to be stamped where a command asks for them; nil where it does not.
	Policies map[string]int
	// Calendar is the one in which working days count: that of the change's service, else the default one.
	Calendar *calendar.Calendar
	// Model is the one that the change follows, or that a command names; the default one for changes that follow none.
	Model        Model
	ModelKnown   bool
	ModelVersion int
	// SameModel are the other changes, by id, that follow the same model and wait to start.
	SameModel []string
	// What the handles stand for that a command names.
	TeamKnown       bool
	AssigneeMember  bool
	RequesterActive bool
	Services        map[string]Service
	// Judges are those who say whether a change caused an incident, by the service that it was on: its owner, or where it names nobody
	// who is active, those who hold the role for it.
	Judges map[string][]Judge
	// UnknownItems are configuration items of a command that there are not.
	UnknownItems []string
	// UnknownPredecessors are changes of a command that there are not; Predecessors are the ids of the others, by what named them.
	Predecessors map[string]string
	// ActorTeams are those of which whoever gives the command is a member.
	ActorTeams []string
	// Urgent are the linked incidents of priority 1 and 2, but for those that were canceled.
	Urgent []Urgent
	// Attachments are the digests of what is attached.
	Attachments []string
	// Measured is what the calculator of risk looks at.
	Measured     Measured
	Surroundings Surroundings
	// Alerts are those that the change holds and that still fire.
	Alerts []alert.Held
	// Target is the other record of a link.
	Target *Target
	// Meeting is the one to which a vote is put off; nil where there is none.
	Meeting *Meeting
	// Voting is what the approval needs to know.
	Voting Voting
}

// Service is what a change needs to know of a service.
type Service struct {
	Owner       string
	Team        string
	Criticality string
}

// Target is the other record of a link.
type Target struct {
	ID       string
	Number   string
	Practice domain.Practice
}
