package change

import (
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
)

// What follows keeps an edit from going round the rules of other commands.

// mayEdit refuses an edit of some fields; was is the change before it.
func (d *draft) mayEdit(was Change, fields []string) error {
	record, actor := &d.Record, d.command.Actor
	touches := func(of ...string) bool {
		return slices.ContainsFunc(fields, func(field string) bool { return slices.Contains(of, field) })
	}
	switch when := touches("window", "auto_start"); {
	case record.Type == Standard && slices.ContainsFunc(fields, d.facts.Model.fixes):
		return domain.Conflict(nil, "a standard change follows its model: make a normal one of what differs")
	case record.Type == Standard && touches("service", "services", "configuration_items"):
		return d.facts.Model.covers(record)
	case when && slices.Contains([]domain.State{Implementing, Review}, record.State):
		return domain.Conflict(nil, "the window of what has been started stays; a change manager can extend it while it is carried out")
	case when && slices.Contains([]domain.State{Approved, Scheduled}, record.State) && actor.Kind == domain.ActorPerson && !scheduler(was, actor):
		return notScheduler()
	case record.State == Review && touches(judged...) && (!actor.Has(domain.RoleChangeManager) || was.carriedOut(actor.Name)):
		return domain.Errorf(domain.CodeForbidden, "once it has been carried out, only a change manager who did not carry it out corrects %s", strings.Join(judged, ", "))
	}
	return nil
}

// notScheduler refuses a window to whoever may not set it.
func notScheduler() error {
	return domain.Errorf(domain.CodeForbidden, "the window is for whoever drafted the change, the lead of its team, and change managers")
}

// judged are the fields by which it is judged what a change caused, and who judges it.
var judged = []string{"service", "services", "configuration_items", "team", "assignee"}

// fixes reports whether a field is the model's, so that the change would no longer be the one that was authorised.
func (m Model) fixes(field string) bool {
	return slices.Contains([]string{"plan", "test_plan", "back_out_plan", "tasks", "exclusive"}, field) || field == "environment" && m.Environment != ""
}

// covers refuses a standard change of something else than what its model names: where that names configuration items, or a service, only
// those were authorised.
func (m Model) covers(c *Change) error {
	other := func(named ...string) func(string) bool {
		return func(one string) bool { return !slices.Contains(named, one) }
	}
	if m.Service != "" && slices.ContainsFunc(services(c.Service, c.Services), other(m.Service)) {
		return domain.Conflict(nil, "the model %s is for the service %s alone: make a normal change of what differs", c.Model, m.Service)
	}
	if len(m.ConfigurationItems) > 0 && slices.ContainsFunc(c.ConfigurationItems, other(m.ConfigurationItems...)) {
		return domain.Conflict(nil, "the model %s is for %s alone: make a normal change of what differs", c.Model, strings.Join(m.ConfigurationItems, ", "))
	}
	return nil
}

// carriedOut reports whether a person has carried some of the change out, whoever is named now.
func (c Change) carriedOut(person string) bool {
	return slices.Contains(c.CarriedBy, person) || slices.Contains(c.parties().TaskOwners, person) || c.Carries(person, nil)
}

// carriedOutBy notes who has part in carrying the change out: whoever acts, and whoever is named for it.
func (c *Change) carriedOutBy(actor domain.Actor) {
	for _, person := range []string{actor.Name, c.Assignee} {
		named := person == c.Assignee || actor.Human()
		if person != "" && named && !slices.Contains(c.CarriedBy, person) {
			c.CarriedBy = append(slices.Clone(c.CarriedBy), person)
		}
	}
}
