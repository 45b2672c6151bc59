package domain

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Role is what a grant gives to a person within a scope.
type Role string

// The roles (lifecycles.md, "Governance everywhere"). RoleRequester also holds for whoever asked for the record.
const (
	RoleRequester       Role = "requester"
	RoleAgent           Role = "agent"
	RoleTeamLead        Role = "team_lead"
	RoleIncidentManager Role = "incident_manager"
	RoleServiceOwner    Role = "service_owner"
	RoleChangeManager   Role = "change_manager"
	RoleCABMember       Role = "cab_member"
	RoleApprover        Role = "approver"
	// RoleConfigurationManager keeps what is known of configuration items.
	RoleConfigurationManager Role = "configuration_manager"
	RoleAuditor              Role = "auditor"
	RoleAdmin                Role = "admin"
)

// StateInfo describes one state of a lifecycle.
type StateInfo struct {
	Name  State  `json:"name"`
	Title string `json:"title"`
	// Open: work remains (not resolved, closed, canceled, rejected). Active: not closed, canceled, rejected.
	Open   bool `json:"open"`
	Active bool `json:"active"`
}

// Transition is one row of a lifecycle's table: who may give which command in which states. The table drives buttons,
// allowed_commands, permissions, diagrams and the exhaustive test.
type Transition struct {
	Verb  string  `json:"verb"`
	Title string  `json:"title"` // the button
	From  []State `json:"from"`  // none: it creates the record
	To    []State `json:"to"`    // where it can lead; none: the state stays
	// Leads narrows To by source state, for a command that does not lead everywhere from everywhere; a state that is not
	// in it stays.
	Leads map[State][]State `json:"leads,omitempty"`
	Roles []Role            `json:"roles"` // one of them is needed; none: only the platform itself
	Event string            `json:"event"` // past tense
	// Body makes a new, empty body struct of the command.
	Body func() any `json:"-"`
}

// Targets lists where the command can lead from a state; none: the state stays.
func (t Transition) Targets(from State) []State {
	if t.Leads != nil {
		return t.Leads[from]
	}
	return t.To
}

// Machine reports whether only the platform itself gives this command.
func (t Transition) Machine() bool { return len(t.Roles) == 0 }

// Lifecycle is a practice's table, as data.
type Lifecycle struct {
	Practice    Practice
	Prefix      string // of numbers: "INC"
	States      []StateInfo
	Transitions []Transition
}

// Transition finds a verb's row.
func (l *Lifecycle) Transition(verb string) (Transition, bool) {
	for _, transition := range l.Transitions {
		if transition.Verb == verb {
			return transition, true
		}
	}
	return Transition{}, false
}

// State finds a state's description.
func (l *Lifecycle) State(name State) (StateInfo, bool) {
	for _, state := range l.States {
		if state.Name == name {
			return state, true
		}
	}
	return StateInfo{}, false
}

// Allowed lists the verbs that the state allows to the actor, in the table's order.
func (l *Lifecycle) Allowed(state State, actor Actor) []string {
	allowed := []string{}
	for _, transition := range l.Transitions {
		if !transition.Machine() && slices.Contains(transition.From, state) && actor.Has(transition.Roles...) {
			allowed = append(allowed, transition.Verb)
		}
	}
	return allowed
}

// Check refuses a verb that does not exist, that the state does not allow or that the actor may not give.
func (l *Lifecycle) Check(verb string, state State, actor Actor) error {
	transition, known := l.Transition(verb)
	if !known {
		return Errorf(CodeNotFound, "%s has no command %q", l.Practice, verb)
	}
	if transition.Machine() && actor.Kind == ActorPerson {
		return Errorf(CodeForbidden, "%s is given by the platform itself", verb)
	}
	if !actor.Has(transition.Roles...) {
		return Errorf(CodeForbidden, "%s needs the permission %s.%s (%s)", verb, l.Practice, verb, roleList(transition.Roles))
	}
	if len(transition.From) == 0 {
		if state != "" {
			return Conflict(l.Allowed(state, actor), "the %s exists already", l.Practice)
		}
		return nil
	}
	if !slices.Contains(transition.From, state) {
		return Conflict(l.Allowed(state, actor), "%s is not allowed while the %s is %s", verb, l.Practice, state)
	}
	return nil
}

func roleList(roles []Role) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = string(role)
	}
	return strings.Join(names, " or ")
}

// Mermaid draws the table as a state diagram for the documentation.
func (l *Lifecycle) Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	lines := map[string][]string{}
	for _, transition := range l.Transitions {
		from := transition.From
		if len(from) == 0 {
			from = []State{"[*]"}
		}
		for _, source := range from {
			for _, target := range transition.Targets(source) {
				if source != target {
					edge := fmt.Sprintf("    %s --> %s", source, target)
					lines[edge] = append(lines[edge], transition.Verb)
				}
			}
		}
	}
	edges := make([]string, 0, len(lines))
	for edge := range lines {
		edges = append(edges, edge)
	}
	sort.Strings(edges)
	for _, edge := range edges {
		fmt.Fprintf(&b, "%s : %s\n", edge, strings.Join(lines[edge], ", "))
	}
	for _, state := range l.States {
		if !state.Active {
			fmt.Fprintf(&b, "    %s --> [*]\n", state.Name)
		}
	}
	return b.String()
}
