package importmap

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// Plan is how an incident of a log is lived again by commands.
type Plan struct {
	Origin, Number string
	Steps          []Step
	Counts         Counts
	// Ends is the incident after the last command, as the rules have it.
	Ends incident.Incident
	// Names are those that the commands name, and the teams they must belong to by then.
	Names Names
}

// Step is one command.
type Step struct {
	// Row is the row of the incident that it follows, Part its place among that row's commands; both count from 1.
	Row, Part int
	Verb      string
	Body      json.RawMessage
}

// Counts say what a plan's commands are for.
type Counts struct {
	Commands int `json:"commands"`
	// ByOne and ByTwo are transitions of the log from one state to the next, the first one included, that take so many commands.
	ByOne int `json:"transitions_by_one_command"`
	ByTwo int `json:"transitions_by_two_commands"`
	// What changes beside the state takes one command each.
	Assignments int `json:"assignments"`
	Ratings     int `json:"priority_changes"`
	Edits       int `json:"edits"`
}

// Add counts another plan.
func (c *Counts) Add(other Counts) {
	c.Commands += other.Commands
	c.ByOne += other.ByOne
	c.ByTwo += other.ByTwo
	c.Assignments += other.Assignments
	c.Ratings += other.Ratings
	c.Edits += other.Edits
}

// Key is the idempotency key of a step in a run: the same incident, row and part have the same key at every try. Another run
// lives the same incidents once more.
func (p Plan) Key(run string, step Step) string {
	return domain.NewID(fmt.Sprintf("replay %q %q %q %d %d", run, p.Origin, p.Number, step.Row, step.Part))
}

// mostCommands bounds how many commands may lead from one state of the log to the next.
const mostCommands = 2

// Plan finds the commands that live an incident again, row by row. Where the lifecycle cannot express it, whyNot says what
// stands against it, in the same words for all incidents of the kind.
//
// The lifecycle itself is asked: every command of a plan was decided by incident.Decide on the record that the commands
// before it made. Facts outside the record are taken to be as the commands need them: whoever they name is active and of the
// team, a closed incident was closed just now.
func (m *Map) Plan(group Group, vocabulary Vocabulary) (plan Plan, whyNot string) {
	p := &planner{
		m: m, named: group.Names, moment: group.OpenedAt,
		plan: Plan{Origin: group.Origin, Number: group.Number, Names: NewNames()},
		facts: incident.Facts{
			Calendar: alwaysOpen, Timing: incident.DefaultTiming(), Matrix: vocabulary.Matrix, HoldReasons: vocabulary.HoldReasons,
			ResolutionCodes: vocabulary.ResolutionCodes, Team: incident.TeamFact{Known: true},
			Requester: incident.PersonFact{Active: true}, Service: incident.ServiceFact{Known: true},
		},
	}
	for i, row := range group.Snapshots {
		p.row, p.part = i+1, 0
		if whyNot = p.live(row); whyNot != "" {
			return plan, whyNot
		}
	}
	p.plan.Ends, p.plan.Counts.Commands = p.record, len(p.plan.Steps)
	return p.plan, ""
}

// alwaysOpen is a calendar for rules that measure time: a replay takes none.
var alwaysOpen = func() *calendar.Calendar {
	weekly := map[string][]string{}
	for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		weekly[day] = []string{"00:00-24:00"}
	}
	compiled, _ := calendar.Compile(calendar.Spec{Timezone: "UTC", Weekly: weekly}, time.UTC, nil)
	return compiled
}()

// planner goes through one incident's rows.
type planner struct {
	m         *Map
	facts     incident.Facts
	named     Names // as the source writes them
	moment    time.Time
	plan      Plan
	record    incident.Incident
	row, part int
}

// order is a command that is not given yet.
type order struct {
	verb string
	body any
}

// live goes on by one row: what changes beside the state comes first where the state before allows it, else after the move.
func (p *planner) live(row incident.Snapshot) string {
	if row.Assignee != "" && row.Team == "" && p.record.Team == "" {
		if row.Team = p.team(); row.Team == "" {
			return "a person has it before the log names a team, and the map has no replay.team"
		}
	}
	opened := 0
	if p.record.State == "" {
		if refused := p.give(p.log(row)); refused != nil {
			return "log: " + refused.Message
		}
		opened = 1
	}
	var later []order
	for _, change := range p.changes(row) {
		refused := p.give(change)
		switch {
		case refused == nil:
		case refused.Code == domain.CodeConflict:
			later = append(later, change)
		default:
			return change.verb + ": " + refused.Message
		}
	}
	if whyNot := p.move(row, opened); whyNot != "" {
		return whyNot
	}
	for _, change := range later {
		if refused := p.give(change); refused != nil {
			return refused.Message
		}
	}
	return ""
}

// team is the one that the map gives where the log names none.
func (p *planner) team() string {
	return (&row{handles: map[string]string{}}).handle(p.m.Replay.Team, p.plan.Names.Teams)
}

// move goes to the row's state by the fewest commands.
func (p *planner) move(row incident.Snapshot, opened int) string {
	before := p.record
	for commands := 0; commands <= mostCommands-opened; commands++ {
		way, found := p.way(p.record, row, commands)
		if !found {
			continue
		}
		for _, next := range way {
			if refused := p.give(next); refused != nil {
				return next.verb + ": " + refused.Message
			}
		}
		switch opened + commands {
		case 1:
			p.plan.Counts.ByOne++
		case 2:
			p.plan.Counts.ByTwo++
		}
		return ""
	}
	for _, next := range p.ways(row) {
		transition, _ := incident.Lifecycle.Transition(next.verb)
		_, _, refused := p.decide(before, next)
		if refused != nil && refused.Code == domain.CodeInvalid && slices.Contains(transition.To, row.State) {
			return next.verb + ": " + refused.Message
		}
	}
	return fmt.Sprintf("no %d commands lead from %s to %s", mostCommands, place(before.State, before.Hold.Reason), place(row.State, row.Hold.Reason))
}

// way finds exactly so many commands that lead from a record to a row's state.
func (p *planner) way(from incident.Incident, row incident.Snapshot, commands int) ([]order, bool) {
	if commands == 0 {
		arrived := from.State == row.State && (row.State != incident.OnHold || from.Hold.Reason == row.Hold.Reason)
		return nil, arrived
	}
	for _, next := range p.ways(row) {
		to, _, refused := p.decide(from, next)
		if refused != nil {
			continue
		}
		if rest, found := p.way(to, row, commands-1); found {
			return append([]order{next}, rest...), true
		}
	}
	return nil, false
}

// ways are the commands that can lead to a row's state, the plainer ones first.
func (p *planner) ways(row incident.Snapshot) []order {
	ways := []order{
		{"triage", incident.Triage{}},
		{"start", incident.Start{}},
		{"resume", incident.Plain{}},
		{"reopen", incident.Because{Reason: p.m.Replay.ReopenReason}},
	}
	switch row.State {
	case incident.OnHold:
		ways = append(ways, order{"hold", incident.HoldOn{Reason: row.Hold.Reason, Vendor: row.Hold.Vendor, Reference: row.Hold.Reference}})
	case incident.Resolved, incident.Closed:
		ways = append(ways, order{"resolve", resolve(row)}, order{"close", incident.Plain{}})
	case incident.Canceled:
		ways = append(ways, order{"cancel", incident.Because{Reason: p.m.Replay.CancelReason}})
	}
	return ways
}

func resolve(row incident.Snapshot) incident.Resolve {
	return incident.Resolve{Code: row.Resolution.Code, Notes: row.Resolution.Notes}
}

// log opens the incident as its first row has it, resolved at once where that is so.
func (p *planner) log(row incident.Snapshot) order {
	body := incident.Log{
		Title: row.Title, Description: row.Description, Impact: row.Impact, Urgency: row.Urgency, Service: row.Service,
		Category: row.Category, Requester: row.Requester, Channel: row.Channel, Location: row.Location, Environment: row.Environment,
		Team: row.Team, Assignee: row.Assignee, ConfigurationItems: row.ConfigurationItems,
	}
	if row.State == incident.Resolved || row.State == incident.Closed {
		resolution := resolve(row)
		body.Resolution = &resolution
	}
	return order{"log", body}
}

// changes are the commands that say what a row changes beside the state.
func (p *planner) changes(row incident.Snapshot) []order {
	var changes []order
	if body := p.assignment(row); body != (incident.Assign{}) {
		changes = append(changes, order{"assign", body})
	}
	if row.Impact != p.record.Impact || row.Urgency != p.record.Urgency {
		changes = append(changes, order{"change_priority", incident.ChangePriority{
			Impact: row.Impact, Urgency: row.Urgency, Reason: p.m.Replay.PriorityReason,
		}})
	}
	if body, changed := p.edit(row); changed {
		changes = append(changes, order{"edit", body})
	}
	return changes
}

// assignment is whom a row newly names: a row without a name takes nobody away.
func (p *planner) assignment(row incident.Snapshot) incident.Assign {
	var body incident.Assign
	if row.Team != "" && row.Team != p.record.Team {
		body.Team = row.Team
	}
	if row.Assignee != "" && (body.Team != "" || row.Assignee != p.record.Assignee) {
		body.Assignee = row.Assignee
	}
	return body
}

// edit is what a row says anew of the content.
func (p *planner) edit(row incident.Snapshot) (body incident.Edit, changed bool) {
	for _, field := range []struct {
		have, want string
		into       **string
	}{
		{p.record.Title, row.Title, &body.Title},
		{p.record.Description, row.Description, &body.Description},
		{p.record.Service, row.Service, &body.Service},
		{p.record.Category, row.Category, &body.Category},
		{p.record.Requester, row.Requester, &body.Requester},
		{p.record.Channel, row.Channel, &body.Channel},
		{p.record.Location, row.Location, &body.Location},
		{p.record.Environment, row.Environment, &body.Environment},
	} {
		if field.want != "" && field.want != field.have {
			*field.into, changed = &field.want, true
		}
	}
	if row.ConfigurationItems != nil && !slices.Equal(row.ConfigurationItems, p.record.ConfigurationItems) {
		body.ConfigurationItems, changed = &row.ConfigurationItems, true
	}
	return body, changed
}

// decide asks the lifecycle what a command makes of a record.
func (p *planner) decide(record incident.Incident, next order) (incident.Incident, json.RawMessage, *domain.Error) {
	body, err := json.Marshal(next.body)
	if err != nil {
		return record, nil, domain.Errorf(domain.CodeInvalid, "the body is no JSON: %v", err)
	}
	facts := p.facts
	// Whoever gives the commands is of no team: starting does not make the incident theirs.
	facts.Assignee.Active, facts.Assignee.Member = next.verb != "start", next.verb != "start"
	decision, err := incident.Decide(record, domain.Command{
		Name: "incident." + next.verb, Practice: domain.Incident, Body: body,
		Actor: domain.Actor{Kind: domain.ActorPerson, Roles: []domain.Role{domain.RoleAdmin}},
	}, facts, p.moment)
	if err != nil {
		return record, nil, domain.AsError(err)
	}
	return decision.Record, body, nil
}

// give takes a command into the plan.
func (p *planner) give(next order) *domain.Error {
	record, body, refused := p.decide(p.record, next)
	if refused != nil {
		return refused
	}
	p.record = record
	p.part++
	p.plan.Steps = append(p.plan.Steps, Step{Row: p.row, Part: p.part, Verb: next.verb, Body: body})
	switch next.verb {
	case "assign":
		p.plan.Counts.Assignments++
	case "change_priority":
		p.plan.Counts.Ratings++
	case "edit":
		p.plan.Counts.Edits++
	}
	p.name()
	return nil
}

// name notes whom the record names now.
func (p *planner) name() {
	names, record := &p.plan.Names, p.record
	for _, handle := range []string{record.Requester, record.Assignee} {
		if name, known := p.named.People[handle]; known {
			names.People[handle] = name
		}
	}
	if name, known := p.named.Teams[record.Team]; known {
		names.Teams[record.Team] = name
	}
	if record.Assignee != "" {
		names.join(record.Team, record.Assignee)
	}
}

// place words where an incident stands.
func place(state domain.State, hold string) string {
	if state == incident.OnHold {
		return fmt.Sprintf("%s (%s)", state, hold)
	}
	return string(state)
}
