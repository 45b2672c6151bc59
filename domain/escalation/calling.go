package escalation

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// open begins to call. Whatever is wrong with what it was given, somebody is called: nobody would hear of a refusal.
func (d *draft) open() error {
	var body Open
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	d.Record = Escalation{
		Record: domain.Record{
			ID: d.command.Record, Practice: Practice, Number: d.facts.Number, Title: body.Title, Service: body.Service, Team: body.Team,
			OpenedBy: d.command.Actor.Name, Priority: body.Priority, OpenedAt: d.moment,
			Tags: []string{}, ConfigurationItems: []string{}, Policies: map[string]int{},
		},
		Details: Details{
			Source: body.Source, SourceNumber: body.SourceNumber, SourcePractice: body.SourcePractice, Why: body.Why,
			Policy: body.Policy, Told: []string{},
		},
	}
	d.move(Calling)
	data := map[string]any{"source": body.Source, "number": body.SourceNumber, "why": body.Why, "policy": body.Policy}
	switch {
	case body.Policy != "" && d.facts.Named != nil:
		d.plan(body.Policy, *d.facts.Named)
	case body.Policy != "":
		data["missing_policy"] = body.Policy
		d.Record.Plan = withoutPolicy(nil)
	default:
		data["people"] = body.People
		d.Record.Plan = withoutPolicy(body.People)
	}
	d.event("", data)
	d.begin()
	return nil
}

func (d *draft) plan(name string, policy Policy) {
	d.Record.Policy, d.Record.PolicyVersion, d.Record.Plan = name, d.facts.NamedVersion, policy
	d.Record.Policies = maps.Clone(d.Record.Policies)
	d.Record.Policies["EscalationPolicy/"+name] = d.facts.NamedVersion
}

// leadWait is how long somebody who was called by hand has before the team's lead hears of it.
const leadWait = 15 * time.Minute

// withoutPolicy are the steps where no document says any: the people named, then the lead of the team, at last administrators.
func withoutPolicy(people []string) Policy {
	plan := Policy{Fallback: []Target{LeadOfTeam, Administrators}}
	if len(people) > 0 {
		step := Step{Wait: Wait{Duration: leadWait}}
		for _, handle := range people {
			step.To = append(step.To, Target(TargetPerson+":"+handle))
		}
		plan.Steps = append(plan.Steps, step)
	}
	plan.Steps = append(plan.Steps, Step{Wait: Wait{Duration: leadWait}, To: []Target{LeadOfTeam}})
	return plan
}

// The targets that need no document.
const (
	LeadOfTeam     Target = "role:team_lead"
	Administrators Target = "role:admin"
)

// begin takes the steps from the first one.
func (d *draft) begin() {
	d.Record.Run++
	d.Record.Round, d.Record.Step, d.Record.Told = 1, 0, []string{}
	d.move(Calling)
	d.advance()
}

// advance takes the next step that reaches anybody. One that reaches nobody waits for nothing, and says so; after the last step
// of the last round the fallback is told.
func (d *draft) advance() {
	record := &d.Record
	record.NextAt = nil
	for {
		if record.Step >= len(record.Plan.Steps) {
			if record.Round > record.Plan.Repeat {
				d.exhaust()
				return
			}
			record.Round, record.Step = record.Round+1, 0
		}
		step := record.Plan.Steps[record.Step]
		record.Step++
		people, hooks := d.reached(step.To)
		data := map[string]any{"round": record.Round, "step": record.Step, "to": step.To, "people": people}
		if len(people) == 0 && len(hooks) == 0 {
			data["nobody"] = true
			d.add("escalation.step_empty", "nobody is reached by this step", data)
			continue
		}
		next := d.from().Add(step.Wait.Duration)
		record.NextAt = &next
		data["next_at"] = next
		d.add("escalation.step_taken", "", data)
		d.call(GuardCalling, people, nil)
		d.callHooks(hooks)
		return
	}
}

// reached are the people whom targets stand for now, each once, and the webhooks among them.
func (d *draft) reached(targets []Target) (people []string, hooks []string) {
	people = []string{}
	for _, target := range targets {
		if target.Kind() == TargetWebhook {
			hooks = append(hooks, string(target))
			continue
		}
		for _, handle := range d.facts.Reached[target] {
			if !slices.Contains(people, handle) {
				people = append(people, handle)
			}
		}
	}
	return people, hooks
}

func (d *draft) callHooks(hooks []string) {
	if len(hooks) > 0 {
		d.page(GuardCalling, hooks, nil)
	}
}

// exhaust ends the steps: all were in vain, and the fallback is told.
func (d *draft) exhaust() {
	people, hooks := d.reached(d.Record.Plan.Fallback)
	d.move(Exhausted)
	data := map[string]any{"to": d.Record.Plan.Fallback, "people": people}
	if len(people) == 0 && len(hooks) == 0 {
		data["nobody"] = true
	}
	d.add("escalation.exhausted", "nobody acknowledged", data)
	d.call(GuardCalling, people, map[string]any{"exhausted": true})
	d.callHooks(hooks)
}

// stepDue takes the next step, whose time has come.
func (d *draft) stepDue() error {
	d.advance()
	return nil
}

// unreached takes the next step at once, because nobody of this one could be reached on any contact.
func (d *draft) unreached() error {
	var body Unreached
	if err := d.command.Decode(&body); err != nil {
		return err
	}
	// Word of a step that says no run was left by a build that counted none, of the steps' first run.
	if max(body.Run, 1) != d.Record.Run || body.Round != d.Record.Round || body.Step != d.Record.Step {
		return domain.Conflict(nil, "the escalation has gone on from step %d", body.Step)
	}
	d.event("nobody could be reached", map[string]any{"run": d.Record.Run, "round": body.Round, "step": body.Step})
	d.advance()
	return nil
}

// Targets are all that a command may have to reach, each once: those of the plan that holds after it, or of the one that it
// brings, whoever is named in it, and whoever acknowledged.
func Targets(record Escalation, facts Facts, people []string) []Target {
	plan := record.Plan
	switch {
	case facts.Named != nil:
		plan = *facts.Named
	case record.State == "":
		plan = withoutPolicy(people)
	}
	targets := slices.Clone(plan.Fallback)
	for _, step := range plan.Steps {
		targets = append(targets, step.To...)
	}
	if record.AcknowledgedBy != "" {
		targets = append(targets, Target(TargetPerson+":"+record.AcknowledgedBy))
	}
	slices.Sort(targets)
	return slices.Compact(targets)
}
