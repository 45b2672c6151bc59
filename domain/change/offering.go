package change

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// Standing is how somebody stands to changes, beyond their roles.
type Standing struct {
	// Teams are those they are of.
	Teams []string
	// Owns are the services of which they say what caused an incident.
	Owns []string
	// Delegations are those by which they vote for others.
	Delegations []approval.Delegation
	// At is the moment.
	At time.Time
}

// Offered are the commands of Allowed that are for this person to give, as far as the row and their standing tell: what the table allows
// to a role, the rules narrow to those whose business it is. Nothing that Decide would take is left out.
func Offered(c Change, actor domain.Actor, s Standing) []string {
	return slices.DeleteFunc(Allowed(c, actor), func(verb string) bool { return !c.offered(verb, actor, s) })
}

func (c Change) offered(verb string, actor domain.Actor, s Standing) bool {
	if actor.Kind != domain.ActorPerson {
		return true
	}
	switch verb {
	case "cast_vote", "request_info":
		return c.Approval != nil && approval.NewKeeper(*c.Approval, approval.Facts{Delegations: s.Delegations}).Holds(s.At, actor.Name)
	case "answer_info":
		return c.Approval != nil && slices.ContainsFunc(c.Approval.Stages, func(one approval.Stage) bool { return len(one.OpenQuestions()) > 0 })
	case "close_voting":
		return c.Approval != nil && slices.ContainsFunc(c.Approval.Stages, approval.Stage.Closable)
	case "assess", "peer_review":
		return !c.partyTo(actor.Name) && c.peerOf(actor, s.Teams)
	case "decide_cause":
		return c.judges(actor, s)
	case "schedule":
		return scheduler(c, actor)
	case "start", "start_task", "complete_task", "complete", "back_out":
		return c.carriedBy(actor.Name, s.Teams) && !c.approvedBy(actor.Name)
	}
	return true
}
