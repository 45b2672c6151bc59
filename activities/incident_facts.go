package activities

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// incidentKind ties the rules of incident management to their rows.
func (a *Activities) incidentKind() kind {
	return &lifecycle[incident.Incident, incident.Facts]{
		table: incident.Lifecycle,
		head:  func(record *incident.Incident) *domain.Record { return &record.Record },
		prepare: func(ctx context.Context, tx bun.Tx, command domain.Command) error {
			if command.Verb() != "merge_into" {
				return nil
			}
			return schemas.LockMerges(ctx, tx)
		},
		lock: func(ctx context.Context, tx bun.Tx, id string) (incident.Incident, schemas.Held, error) {
			return schemas.LockIncident(ctx, tx, id)
		},
		facts:     a.incidentFacts,
		decide:    incident.Decide,
		deadlines: incident.Deadlines,
		write: func(before, record incident.Incident, created, wordsChanged bool, into *schemas.Passage) {
			into.Incident(record, before.Clocks, created, wordsChanged)
		},
		automated: &automated[incident.Incident]{followed: incident.FollowedEvents, situation: incident.Situation, command: incident.CommandOf},
		book: func(ctx context.Context, tx bun.Tx, versions map[string]int) (*automation.Book, error) {
			return a.policies.Automation(ctx, tx, versions, a.Rules)
		},
	}
}

// mentions are the fields of any body that name something facts must be known about.
type mentions struct {
	Team       string          `json:"team"`
	Assignee   string          `json:"assignee"`
	Requester  string          `json:"requester"`
	Service    string          `json:"service"`
	Incident   string          `json:"incident"`
	To         string          `json:"to"`
	Follows    string          `json:"follows"`
	Resolution json.RawMessage `json:"resolution"`
	// ConfigurationItems are asked about where an incident is opened.
	ConfigurationItems []string `json:"configuration_items"`
	// BreachCause is a term of a vocabulary.
	BreachCause string `json:"breach_cause"`
}

// incidentFacts reads what Decide needs for one command, at the policy versions stamped on the record; a command that opens
// an incident or names another service reads the newest versions, to be stamped.
func (a *Activities) incidentFacts(ctx context.Context, tx bun.Tx, record incident.Incident, command domain.Command) (incident.Facts, error) {
	facts := incident.Facts{Timing: incident.DefaultTiming()}
	var named mentions
	if len(command.Body) > 0 {
		if err := json.Unmarshal(command.Body, &named); err != nil {
			return facts, domain.Errorf(domain.CodeInvalid, "the body of %s cannot be read", command.Name)
		}
	}
	versions, opening := record.Policies, record.State == "" && command.Verb() == "log"
	if opening {
		number, err := schemas.NextNumber(ctx, tx, incident.Lifecycle)
		if err != nil {
			return facts, err
		}
		facts.Number = number
	}
	var candidates []schemas.AgreementVersion
	service := named.Service
	if command.Verb() == "re_rate" {
		service = record.Service
	}
	if opening || command.Verb() == "re_rate" || service != "" && service != record.Service {
		var err error
		if versions, candidates, err = a.newestVersions(ctx, tx, service, record.Policies); err != nil {
			return facts, err
		}
		facts.Policies = versions
	}
	if !stamped(versions) || named.BreachCause != "" && versions[breachPolicy] == 0 { // opened by a release that knew fewer documents
		newest, _, err := a.newestVersions(ctx, tx, record.Service, record.Policies)
		if err != nil {
			return facts, err
		}
		maps.Copy(newest, versions)
		versions = newest
	}
	if err := a.policyFacts(ctx, tx, &facts, versions); err != nil {
		return facts, err
	}
	if err := a.agreedFacts(ctx, tx, &facts, record, schemas.CalendarOf(versions), candidates, command.Verb()); err != nil {
		return facts, err
	}
	if command.Verb() == "clock_due" {
		var err error
		if facts.Agreed.Teams, err = teamsAtThresholds(ctx, tx, record, facts.Agreed.Held); err != nil {
			return facts, err
		}
	}
	if err := a.watchFacts(ctx, tx, &facts, record, command, named.ConfigurationItems); err != nil {
		return facts, err
	}
	if opening {
		if err := a.assignmentFacts(ctx, tx, &facts, versions, command); err != nil {
			return facts, err
		}
	}
	if err := a.nameFacts(ctx, tx, &facts, record, command, named); err != nil {
		return facts, err
	}
	if err := a.pagingFacts(ctx, tx, &facts, record, versions, command.Verb(), named.Service); err != nil {
		return facts, err
	}
	if command.Verb() == "page" {
		if err := a.callFacts(ctx, tx, &facts, command); err != nil {
			return facts, err
		}
	}
	return facts, a.relationFacts(ctx, tx, &facts, record, command, named)
}

// The documents that every incident is opened under.
const (
	matrixPolicy        = "PriorityMatrix/default"
	holdPolicy          = "Vocabulary/hold-reasons"
	resolutionPolicy    = "Vocabulary/resolution-codes"
	breachPolicy        = "Vocabulary/breach-causes"
	assignmentPolicy    = "AssignmentRules/default"
	calendarPrefix      = "Calendar/"
	servicePolicyPrefix = "ServicePolicy/"
)

// basePolicies are those that every incident needs, beside a calendar.
var basePolicies = []string{matrixPolicy, holdPolicy, resolutionPolicy, assignmentPolicy}

// stampedPolicies are those that an incident opens under; one that is not among basePolicies may be missing.
var stampedPolicies = append(slices.Clone(basePolicies), breachPolicy)

// stamped reports whether every document that an incident needs is among its versions.
func stamped(versions map[string]int) bool {
	calendar := false
	for name := range versions {
		calendar = calendar || strings.HasPrefix(name, calendarPrefix)
	}
	return calendar && !slices.ContainsFunc(basePolicies, func(name string) bool { return versions[name] == 0 })
}

// newestVersions finds the versions to stamp: those of the base documents (kept where the record has them), and those of
// the named service and its support calendar. Beside them it answers the newest version of everything that agreements need.
func (a *Activities) newestVersions(ctx context.Context, tx bun.Tx, service string, kept map[string]int) (map[string]int, []schemas.AgreementVersion, error) {
	wanted := []string{}
	for _, name := range stampedPolicies {
		if kept[name] == 0 {
			wanted = append(wanted, name)
		}
	}
	newest, candidates, err := schemas.NewestPolicies(ctx, tx, service, wanted, true)
	if err != nil {
		return nil, nil, err
	}
	versions := maps.Clone(newest)
	for name, version := range kept {
		if versions[name] == 0 && !isServicePolicy(name) {
			versions[name] = version
		}
	}
	return versions, candidates, nil
}

func isServicePolicy(name string) bool {
	return strings.HasPrefix(name, servicePolicyPrefix) || strings.HasPrefix(name, calendarPrefix)
}

// policyFacts fills the facts with the stamped documents.
func (a *Activities) policyFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, versions map[string]int) error {
	var err error
	days := schemas.CalendarOf(versions)
	if facts.Calendar, err = a.policies.Calendar(ctx, tx, days.Name, days.Version); err != nil {
		return err
	}
	if facts.Matrix, err = schemas.ReadDocument[policy.PriorityMatrix](ctx, a.policies, tx, matrixPolicy, versions[matrixPolicy]); err != nil {
		return err
	}
	if facts.HoldReasons, err = schemas.ReadDocument[policy.Vocabulary](ctx, a.policies, tx, holdPolicy, versions[holdPolicy]); err != nil {
		return err
	}
	if facts.ResolutionCodes, err = schemas.ReadDocument[policy.Vocabulary](ctx, a.policies, tx, resolutionPolicy, versions[resolutionPolicy]); err != nil {
		return err
	}
	if versions[breachPolicy] > 0 {
		facts.BreachCauses, err = schemas.ReadDocument[policy.Vocabulary](ctx, a.policies, tx, breachPolicy, versions[breachPolicy])
	}
	return err
}

// assignmentFacts lets the assignment rules speak on a new incident.
func (a *Activities) assignmentFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, versions map[string]int, command domain.Command) error {
	rules, err := schemas.ReadDocument[policy.AssignmentRules](ctx, a.policies, tx, assignmentPolicy, versions[assignmentPolicy])
	if err != nil {
		return err
	}
	var body incident.Log
	if err := command.Decode(&body); err != nil {
		return nil //nolint:nilerr // Decide refuses the same body with the same words
	}
	requester := body.Requester
	if requester == "" {
		requester = command.Actor.Name
	}
	assignment, err := a.Rules.AssignmentFor(rules, map[string]any{
		"practice": string(domain.Incident), "title": body.Title, "description": body.Description, "impact": body.Impact,
		"urgency": body.Urgency, "service": body.Service, "category": body.Category, "channel": body.Channel,
		"location": body.Location, "environment": body.Environment, "requester": requester, "tags": body.Tags,
		"configuration_items": body.ConfigurationItems,
	})
	if err != nil {
		a.Log.WarnContext(ctx, "assignment rules were passed over", "policy", assignmentPolicy, "error", err)
		assignment.Fault = err.Error()
	}
	facts.Assignment = assignment
	return nil
}

// nameFacts says of the handles that a command names whether they stand for something active.
func (a *Activities) nameFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, record incident.Incident, command domain.Command, named mentions) error {
	team := named.Team
	if team == "" {
		team = record.Team
	}
	assignee := named.Assignee
	if command.Verb() == "start" && record.Assignee == "" {
		assignee = command.Actor.Name // whoever starts takes it, if of the team
	}
	if named.Team == "" && assignee == "" && named.Requester == "" && named.Service == "" {
		return nil
	}
	if named.Team == "" && facts.Assignment.Team != "" {
		team = facts.Assignment.Team
	}
	names, err := schemas.ReadNames(ctx, tx, schemas.NamesAsked{Team: team, Assignee: assignee, Requester: named.Requester, Service: named.Service})
	if err != nil {
		return err
	}
	facts.Team = incident.TeamFact{Known: names.TeamKnown}
	facts.Assignee = incident.PersonFact{Active: names.AssigneeActive, Member: names.AssigneeMember}
	facts.Requester = incident.PersonFact{Active: names.RequesterActive}
	facts.Service = incident.ServiceFact{Known: names.ServiceKnown, Team: names.ServiceTeam}
	facts.Paging.Escalation = names.ServiceEscalation
	return nil
}

// relationFacts reads the other record that a command names, locking it where a circle could race, and the duplicates of
// an incident that may end.
func (a *Activities) relationFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, record incident.Incident, command domain.Command, named mentions) error {
	verb := command.Verb()
	reference := ""
	switch verb {
	case "merge_into":
		reference = named.Incident
	case "link", "unlink":
		reference = named.To
	case "log":
		reference = named.Follows
	}
	if reference != "" {
		target, found, err := schemas.ReadTarget(ctx, tx, reference, verb == "merge_into")
		if err != nil {
			return err
		}
		if found {
			facts.Target = &target
		}
	}
	switch verb {
	case "close", "confirm", "auto_close", "cancel", "parent_closed":
		duplicates, err := schemas.DuplicatesOf(ctx, tx, record.ID)
		if err != nil {
			return err
		}
		facts.Duplicates = duplicates
	}
	return nil
}

// namingItems are the commands by which an incident comes to name what it affects.
var namingItems = []string{"log", "triage", "edit"}

// watchFacts asks which changes touched what an incident names with a command and did not name before; one that names nothing new asks
// nothing. They are those that were watched as it was opened: what ended only later did not cause it.
func (a *Activities) watchFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, record incident.Incident, command domain.Command, items []string) (err error) {
	if !slices.Contains(namingItems, command.Verb()) {
		return nil
	}
	added := slices.DeleteFunc(slices.Clone(items), func(item string) bool { return slices.Contains(record.ConfigurationItems, item) })
	if len(added) == 0 {
		return nil
	}
	opened := record.OpenedAt
	if opened.IsZero() {
		opened = domain.Millisecond(a.Clock.Now())
	}
	facts.Watching, err = schemas.ChangesThatTouched(ctx, tx, added, record.ConfigurationItems, command.Record, opened)
	return err
}

// callFacts says of the people and the policy of a page whether they can be called.
func (a *Activities) callFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, command domain.Command) error {
	var body incident.Page
	if err := command.Decode(&body); err != nil {
		return nil //nolint:nilerr // Decide refuses the same body with the same words
	}
	if body.Policy != "" {
		_, known, err := schemas.ReadPolicy(ctx, tx, policy.KindEscalationPolicy, body.Policy, 0)
		if err != nil {
			return err
		}
		facts.PolicyKnown = known
	}
	active, err := schemas.ActivePeople(ctx, tx, body.People)
	if err != nil {
		return err
	}
	facts.Callable = make(map[string]bool, len(active))
	for handle := range active {
		facts.Callable[handle] = true
	}
	return nil
}
