package change

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Urgent is an incident of priority 1 or 2 that is linked with a change.
type Urgent struct {
	Number   string    `json:"number"`
	OpenedAt time.Time `json:"opened_at"`
	// EndedAt is when it was resolved, or closed; nothing while it is open.
	EndedAt *time.Time `json:"ended_at,omitempty"`
}

// recordWithin is how long after its start an emergency can be recorded: a week has a working day in it, and whoever works on something
// for longer could have asked somebody meanwhile.
const recordWithin = 7 * 24 * time.Hour

// justify reports whether the incident made what was done at an instant an emergency: it was open then, give or take the time by which
// anything may be put down late, such as the incident itself, or the last of what an outage needs once it is over.
func (u Urgent) justify(at time.Time) bool {
	return !at.Before(u.OpenedAt.Add(-domain.EffectiveWindow)) && (u.EndedAt == nil || !at.After(u.EndedAt.Add(domain.EffectiveWindow)))
}

// urgentAt are the numbers of the linked incidents that made what was done at an instant an emergency. Without one it takes a security
// reason.
func (d *draft) urgentAt(at time.Time) ([]string, error) {
	numbers := []string{}
	for _, one := range d.facts.Urgent {
		if one.justify(at) {
			numbers = append(numbers, one.Number)
		}
	}
	if len(numbers) == 0 && d.Record.SecurityReason == "" {
		if len(d.facts.Urgent) > 0 {
			return nil, domain.Conflict(nil, "an emergency needs an incident of priority 1 or 2 that was open within a day of it, or a security reason: %s was not",
				d.facts.Urgent[0].Number)
		}
		return nil, domain.Conflict(nil, "an emergency needs a link to an incident of priority 1 or 2, or a security reason")
	}
	return numbers, nil
}

// OpenIncident is an incident of high priority.
type OpenIncident struct {
	ID       string
	Number   string
	Service  string
	Priority int
	// LinkedAt is since when it is linked with the change; nothing where it is not.
	LinkedAt *time.Time
	// ByResponder: it was linked by somebody who acts for the incident: its assignee, a member or the lead of its team, or who holds the role
	// team lead or incident manager for it.
	ByResponder bool
	// Managers are the change managers who linked it.
	Managers []string `bun:"managers,type:json"`
	// Owner is whom news about it goes to: "person:ana" or "team:network".
	Owner string
}

// madeFor reports whether the change is made for the incident, which therefore does not stand in its way. A link says so that those see who
// vote on the change, or that is made by somebody who acts for the incident, or by a change manager who might override the conflict. Any
// other link ties the two, and says nothing of that.
func (c Change) madeFor(incident OpenIncident) bool {
	switch {
	case incident.LinkedAt == nil:
		return false
	case incident.ByResponder:
		return true
	case c.Type != Standard && c.SubmittedAt != nil && !incident.LinkedAt.After(*c.SubmittedAt):
		return true
	}
	return slices.ContainsFunc(incident.Managers, func(manager string) bool { return !c.everParty(manager) })
}
