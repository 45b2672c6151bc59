package change

import (
	"cmp"
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// Judge is somebody who says whether a change caused an incident on a service, with the teams that they are of.
type Judge struct {
	Person string   `json:"person"`
	Teams  []string `json:"teams"`
}

// on is the service whose incident may have been caused by the change.
func (c Cause) on(record *Change) string { return cmp.Or(c.Service, record.Service) }

// Undecided are the services, each once, on which the change may have caused an incident of which nobody has said whether it did.
func (c Change) Undecided() []string {
	var services []string
	for _, cause := range c.Causes {
		if cause.Verdict == "" {
			services = append(services, cause.on(&c))
		}
	}
	return sorted(content.Unique(services))
}

// ForManagers reports whether change managers decide too: nobody else may, or has in time.
func (c Cause) ForManagers() bool { return c.AsksManagers || c.Escalated }

// hadPart reports whether a person of some teams has carried the change out, and so does not judge what it caused.
func (c *Change) hadPart(person string, teams []string) bool {
	return c.carriedOut(person) || c.Carries(person, teams)
}

// askCause says whom a cause is put to: the service's owner, or where it names none those who hold the role for it. Where all of them
// carried the change out, or there is nobody, the change managers are asked from the start.
func (d *draft) askCause(cause *Cause) []string {
	record, service := &d.Record, cause.on(&d.Record)
	var to []string
	for _, judge := range d.facts.Judges[service] {
		if !record.hadPart(judge.Person, judge.Teams) {
			to = append(to, "person:"+judge.Person)
		}
	}
	if len(to) == 0 {
		cause.AsksManagers = true
		to = append(to, "role:"+string(domain.RoleChangeManager))
	}
	return to
}

// mayJudge refuses whoever carried the change out, and whoever is not asked about a cause.
func (d *draft) mayJudge(cause Cause) error {
	record, actor := &d.Record, d.command.Actor
	if record.hadPart(actor.Name, d.facts.ActorTeams) {
		return domain.Errorf(domain.CodeForbidden, "whoever carried the change out does not judge what it caused")
	}
	service := cause.on(record)
	judges := d.facts.Judges[service]
	switch {
	case actor.Kind != domain.ActorPerson,
		slices.ContainsFunc(judges, func(j Judge) bool { return j.Person == actor.Name }),
		cause.ForManagers() && actor.Has(domain.RoleChangeManager):
		return nil
	case cause.ForManagers():
		return domain.Errorf(domain.CodeForbidden, "what caused %s, a change manager decides now", cause.Number)
	case len(judges) == 1:
		return domain.Errorf(domain.CodeForbidden, "what caused an incident on %s decides its owner, %s", service, judges[0].Person)
	}
	return domain.Errorf(domain.CodeForbidden, "what caused an incident on %s, those decide who own it", cmp.Or(service, "no service"))
}

// judges reports whether somebody may decide a cause that is open, as far as the row and their standing tell.
func (c *Change) judges(actor domain.Actor, s Standing) bool {
	return !c.hadPart(actor.Name, s.Teams) && slices.ContainsFunc(c.Causes, func(cause Cause) bool {
		return cause.Verdict == "" &&
			(slices.Contains(s.Owns, cause.on(c)) || cause.ForManagers() && actor.Has(domain.RoleChangeManager))
	})
}
