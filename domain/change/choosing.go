package change

import (
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// NobodysTarget is who decides changes for which no document says who does.
const NobodysTarget approval.Target = "role:change_manager"

// nobodysPolicy decides changes for which no document does: one change manager. Nothing is let by unseen.
var nobodysPolicy = approval.Policy{Stages: []approval.StagePolicy{{
	Name: "change_manager", Electorate: []approval.Target{NobodysTarget}, Rule: approval.Rule{FirstResponse: true},
}}}

// ask begins the approval: by the policy that holds for the change as it is now.
func (d *draft) ask() error {
	record := &d.Record
	selected, err := d.choose()
	if err != nil {
		return err
	}
	switch had := record.Approval; {
	case had == nil:
		begun := approval.Begin(selected, record.parties())
		record.Approval = &begun
	case had.Policy != selected.Name || had.PolicyVersion != selected.Version:
		next := approval.Succeed(*had, selected, record.parties())
		record.Approval = &next
	}
	k := d.keeper()
	if err := k.Bar(d.moment, d.command.Actor.Name, record.parties()); err != nil {
		return err
	}
	record.Attached, record.AgreedFrom = sorted(d.facts.Attachments), record.WindowFrom
	if err := k.Submit(d.moment, d.command.Actor.Name, record.hashes()); err != nil {
		return err
	}
	d.keep(k)
	return nil
}

// choose finds the policy that holds for the change as it is now.
func (d *draft) choose() (approval.Selection, error) {
	selected, found, err := approval.Select(d.facts.Voting.Candidates, d.facts.Voting.Language, Expressed(d.Record))
	if err != nil {
		return selected, domain.Errorf(domain.CodeInvalid, "%v", err)
	}
	if !found {
		selected = approval.Selection{Candidate: approval.Candidate{Spec: nobodysPolicy}, Why: "no approval policy applies: a change manager decides"}
	}
	return selected, nil
}

// rechoose puts a change that was asked for under another policy where an edit has brought it there, such as to a higher risk or to
// another category: those decide whom that one names, and not those who were asked about less.
func (d *draft) rechoose(edited []string) error {
	record := &d.Record
	had, is := record.Approval, record.hashes()
	same := had.Hashes[approval.Scope] == is[approval.Scope] && !slices.ContainsFunc(edited, selecting)
	if d.facts.Voting.Language == nil || had.Verdict() == approval.Rejected || same {
		return nil
	}
	selected, err := d.choose()
	if err != nil || selected.Name == had.Policy {
		return err
	}
	k := d.keeper()
	k.Replace(d.moment, d.command.Actor.Name, selected, edited)
	d.keep(k)
	k = d.keeper() // with the seats of other stages
	if err := k.Bar(d.moment, d.command.Actor.Name, record.parties().With(had.Parties)); err != nil {
		return err
	}
	if err := k.Submit(d.moment, d.command.Actor.Name, is); err != nil {
		return err
	}
	d.keep(k)
	return nil
}

// selecting reports whether a policy may be chosen by a field that is no part of the scope.
func selecting(field string) bool {
	return slices.Contains([]string{"title", "category", "team", "service", "tags"}, field)
}

// Expressed is a change as the expressions of documents see it.
func Expressed(record Change) map[string]any {
	return map[string]any{
		"practice": string(Practice), "title": record.Title, "type": record.Type, "model": record.Model, "priority": int64(record.Priority),
		"service": record.Service, "category": record.Category, "team": record.Team,
		"environment": record.Environment, "requester": record.Requester, "tags": record.Tags,
		"configuration_items": record.ConfigurationItems,
		"risk":                map[string]any{"level": record.Risk.Level, "score": int64(record.Risk.Score)},
	}
}

// parties are those who have no vote: who asked, who drafted, who carries it out and who owns a task, or began one.
func (c *Change) parties() approval.Parties {
	parties := approval.Parties{Requesters: sorted(content.Unique([]string{c.Requester, c.OpenedBy})), Implementers: content.Unique([]string{c.Assignee})}
	for _, task := range c.Tasks {
		if kind, name, _ := strings.Cut(task.Owner, ":"); kind == "person" && !task.Condition {
			parties.TaskOwners = append(parties.TaskOwners, name)
		}
		parties.TaskOwners = append(parties.TaskOwners, task.By)
	}
	parties.TaskOwners = sorted(content.Unique(parties.TaskOwners))
	return parties
}

// Ballots are the commands of those who are asked: whoever is named in an electorate, or stands in for somebody who is, and whoever owns
// a service on which the change may have caused an incident, gives them, whatever their roles are elsewhere.
var Ballots = []string{"cast_vote", "request_info", "decide_cause"}

// Seats reports whether a person is, or was, of those who decide.
func (c Change) Seats(person string) bool {
	return c.Approval != nil && slices.ContainsFunc(c.Approval.Stages, func(s approval.Stage) bool {
		return slices.ContainsFunc(s.Members, func(m approval.Member) bool { return m.Person == person })
	})
}
