package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// changeKind ties the rules of change enablement to their rows.
func (a *Activities) changeKind() kind {
	return &lifecycle[change.Change, change.Facts]{
		table:   change.Lifecycle,
		head:    func(record *change.Change) *domain.Record { return &record.Record },
		prepare: func(context.Context, bun.Tx, domain.Command) error { return nil },
		lock: func(ctx context.Context, tx bun.Tx, id string) (change.Change, schemas.Held, error) {
			return schemas.LockChange(ctx, tx, id)
		},
		facts:     a.changeFacts,
		decide:    change.Decide,
		deadlines: change.Deadlines,
		write: func(before, record change.Change, created, wordsChanged bool, into *schemas.Passage) {
			into.Change(before, record, created, wordsChanged)
		},
	}
}

// changeMentions are the fields of any body that name something facts must be known about.
type changeMentions struct {
	Title              string          `json:"title"`
	Model              string          `json:"model"`
	Team               string          `json:"team"`
	Assignee           string          `json:"assignee"`
	Requester          string          `json:"requester"`
	Service            string          `json:"service"`
	Services           []string        `json:"services"`
	ConfigurationItems []string        `json:"configuration_items"`
	Predecessors       []string        `json:"predecessors"`
	To                 string          `json:"to"`
	Meeting            string          `json:"meeting"`
	Vote               approval.Choice `json:"vote"`
	For                string          `json:"for"`
}

// The commands by what they need to know, beside the calendar, which all do.
var (
	openingChange = []string{"draft", "from_model"}
	// namingChange name people, teams, services or other changes.
	namingChange = append([]string{"edit", "assess", "peer_review", "start", "start_task", "complete_task", "complete", "back_out"}, openingChange...)
	// judgingChange are about what the change caused.
	judgingChange = []string{"cause_proposed", "decide_cause"}
	// scoringChange score the risk.
	scoringChange = append([]string{"submit", "edit", "schedule", "assess", "record_retrospective"}, openingChange...)
	// askingChange begin an approval, or may bring the change under another policy.
	askingChange = []string{"submit", "assess", "peer_review", "record_retrospective", "edit", "schedule"}
	// votingChange move one.
	votingChange = []string{"cast_vote", "close_voting", "request_info", "answer_info", "defer", "ask_others", "approval_due", "electorate_changed", "on_agenda"}
	// lookingChange look for conflicts: what moves the change, what may schedule or start it, and what takes it out of others' way.
	lookingChange = []string{
		"submit", "edit", "schedule", "assess", "peer_review", "from_model", "cancel", "withdraw", "revise", "start", "window_opens", "window_missed",
		"complete_task", "complete", "back_out", "extend", "override_conflict", "conflicts_changed", "close_voting", "approval_due", "electorate_changed",
		"break_glass", "content_changed", "request_info", "answer_info", "defer", "ask_others",
	}
	// failingChange may make it a failure of its model.
	failingChange = []string{"complete", "back_out", "decide_cause"}
	// precedingChange may make it another to those that must come after it.
	precedingChange = []string{
		"edit", "schedule", "cancel", "withdraw", "revise", "window_opens", "window_missed", "complete", "back_out", "extend", "record_retrospective",
		"cast_vote", "close_voting", "approval_due", "electorate_changed", "content_changed", "request_info", "answer_info", "defer", "ask_others",
	}
)

// changeFacts reads what Decide needs for one command.
func (a *Activities) changeFacts(ctx context.Context, tx bun.Tx, record change.Change, command domain.Command) (change.Facts, error) {
	var facts change.Facts
	var named changeMentions
	verb := command.Verb()
	if len(command.Body) > 0 {
		if err := json.Unmarshal(command.Body, &named); err != nil {
			return facts, domain.Errorf(domain.CodeInvalid, "the body of %s cannot be read", command.Name)
		}
	}
	if err := a.changePolicies(ctx, tx, &facts, record, verb, named); err != nil {
		return facts, err
	}
	if slices.Contains(openingChange, verb) {
		var err error
		if facts.Number, err = schemas.NextNumber(ctx, tx, change.Lifecycle); err != nil {
			return facts, err
		}
		record = asOpened(record, command, facts.Model, named)
	}
	if slices.Contains(namingChange, verb) {
		if err := changeNames(ctx, tx, &facts, record, command, named); err != nil {
			return facts, err
		}
		if record.Team == "" && slices.Contains(openingChange, verb) {
			record.Team = facts.Services[record.Service].Team
		}
	}
	if slices.Contains(judgingChange, verb) {
		if err := judges(ctx, tx, &facts, record, command, named.Service); err != nil {
			return facts, err
		}
	}
	if slices.Contains(scoringChange, verb) {
		if err := a.measure(ctx, tx, &facts, record, command); err != nil {
			return facts, err
		}
	}
	if err := a.votingFacts(ctx, tx, &facts, record, command, named.For); err != nil {
		return facts, err
	}
	if slices.Contains(lookingChange, verb) || verb == "cast_vote" && looksToVote(record, named.Vote) {
		if err := a.surroundings(ctx, tx, &facts, record, command); err != nil {
			return facts, err
		}
	}
	if slices.Contains(precedingChange, verb) && !named.Vote.Approves() {
		var err error
		if facts.Surroundings.Successors, err = schemas.Successors(ctx, tx, record.ID); err != nil {
			return facts, err
		}
	}
	if slices.Contains(failingChange, verb) && record.Type == change.Standard {
		var err error
		if facts.SameModel, err = schemas.ChangesOfModel(ctx, tx, record.Model); err != nil {
			return facts, err
		}
	}
	if verb == "settled" {
		var err error
		if facts.Alerts, err = schemas.HeldAlerts(ctx, tx, record.ID); err != nil {
			return facts, err
		}
	}
	if verb == "defer" && named.Meeting != "" {
		var err error
		if facts.Meeting, err = deferredTo(ctx, tx, named.Meeting, a.Clock.Now()); err != nil {
			return facts, err
		}
	}
	if verb == "link" || verb == "unlink" {
		target, found, err := schemas.ReadTarget(ctx, tx, named.To, false)
		if err != nil {
			return facts, err
		}
		if found {
			facts.Target = &change.Target{ID: target.ID, Number: target.Number, Practice: target.Practice}
		}
	}
	return facts, nil
}

// looksToVote reports whether a vote looks for conflicts. One that does not approve may take the change out of others' way. One that
// does looks only where it may reserve an item that others touch too, for them: what came into its own way has been told.
func looksToVote(record change.Change, vote approval.Choice) bool {
	return !vote.Approves() || slices.ContainsFunc(record.Conflicts, func(c change.Conflict) bool { return c.Kind == "exclusive" })
}

// deferredTo is the meeting to which a vote is put off; nil where there is none.
func deferredTo(ctx context.Context, tx bun.Tx, reference string, now time.Time) (*change.Meeting, error) {
	found, exists, err := schemas.ReadMeeting(ctx, tx, schemas.Reader{All: true, Restricted: true}, reference)
	if err != nil || !exists {
		return nil, err
	}
	ahead := found.State == meeting.Planned || found.State == meeting.AgendaFixed
	return &change.Meeting{ID: found.ID, Number: found.Number, Board: found.Board.Target(), EndsAt: found.EndsAt, Ahead: ahead && found.StartsAt.After(now)}, nil
}

// asOpened is what a change will be about that a command opens, as far as facts depend on it.
func asOpened(record change.Change, command domain.Command, model change.Model, named changeMentions) change.Change {
	record.ID, record.Team, record.Assignee = command.Record, named.Team, named.Assignee
	record.Service, record.Services, record.ConfigurationItems = named.Service, named.Services, named.ConfigurationItems
	if command.Verb() == "from_model" {
		if record.Service == "" {
			record.Service = model.Service
		}
		if record.Team == "" {
			record.Team = model.Team
		}
		if len(record.ConfigurationItems) == 0 {
			record.ConfigurationItems = model.ConfigurationItems
		}
		record.Title, record.Environment, record.Model, record.Type = cmp.Or(named.Title, model.Title, named.Model), model.Environment, named.Model, model.Type
		record.Priority, record.Requester, record.Tasks = change.PriorityOf(record.Type), command.Actor.Name, model.ToDo()
	}
	if record.Service != "" {
		record.Services = append([]string{record.Service}, record.Services...)
	}
	return record
}

// changePolicies reads the calendar and the model: of the versions that the change was opened under, or the newest where it is opened.
func (a *Activities) changePolicies(ctx context.Context, tx bun.Tx, facts *change.Facts, record change.Change, verb string, named changeMentions) error {
	versions, name := record.Policies, record.Model
	if slices.Contains(openingChange, verb) {
		if name = named.Model; name == "" {
			name = change.DefaultModel
		}
		newest, _, err := schemas.NewestPolicies(ctx, tx, named.Service, []string{policy.KindChangeModel + "/" + name}, false)
		if err != nil {
			return err
		}
		versions, facts.Policies = newest, newest
	}
	if name == "" {
		name = change.DefaultModel
	}
	if version := versions[policy.KindChangeModel+"/"+name]; version > 0 {
		var err error
		if facts.Model, err = schemas.ReadDocument[change.Model](ctx, a.policies, tx, policy.KindChangeModel+"/"+name, version); err != nil {
			return err
		}
		facts.ModelKnown, facts.ModelVersion = true, version
	}
	days := schemas.CalendarOf(versions)
	var err error
	facts.Calendar, err = a.policies.Calendar(ctx, tx, days.Name, days.Version)
	return err
}

func changeNames(ctx context.Context, tx bun.Tx, facts *change.Facts, record change.Change, command domain.Command, named changeMentions) error {
	team := named.Team
	if team == "" {
		team = record.Team
	}
	asked := schemas.ChangeNamesAsked{
		Team: team, Assignee: named.Assignee, Requester: named.Requester, Actor: command.Actor.Name,
		Services: append(append([]string{named.Service}, named.Services...), record.Services...), Predecessors: named.Predecessors,
	}
	names, err := schemas.ReadChangeNames(ctx, tx, asked)
	if err != nil {
		return err
	}
	if asked.Team == "" && record.Service != "" && named.Assignee != "" { // the team will be the service's
		asked.Team = names.Services[record.Service].Team
		if names, err = schemas.ReadChangeNames(ctx, tx, asked); err != nil {
			return err
		}
	}
	facts.TeamKnown, facts.AssigneeMember, facts.RequesterActive = names.TeamKnown, names.AssigneeMember, names.RequesterActive
	facts.ActorTeams, facts.Services, facts.Predecessors = names.ActorTeams, names.Services, names.Predecessors
	items := named.ConfigurationItems
	if command.Verb() == "from_model" { // also those that are left to the model
		items = record.ConfigurationItems
	}
	facts.UnknownItems, err = schemas.UnknownItems(ctx, tx, items)
	return err
}

// judges reads who says whether the change caused an incident: one on a service that is named, or one that is proposed already.
func judges(ctx context.Context, tx bun.Tx, facts *change.Facts, record change.Change, command domain.Command, service string) error {
	found, err := schemas.ReadJudges(ctx, tx, command.Actor.Name, append(record.Undecided(), cmp.Or(service, record.Service)), record.Restricted)
	facts.Judges, facts.ActorTeams = found.Judges, found.ActorTeams
	return err
}

// votingFacts reads who decides, and for whom whoever gives the command may; seat is whose a vote fills.
func (a *Activities) votingFacts(ctx context.Context, tx bun.Tx, facts *change.Facts, record change.Change, command domain.Command, seat string) (err error) {
	verb := command.Verb()
	asks := slices.Contains(askingChange, verb)
	if verb == "" || record.Approval == nil && (!asks || verb == "edit" || verb == "schedule") {
		return nil
	}
	if verb == "submit" || verb == "record_retrospective" {
		if facts.Urgent, err = schemas.UrgentLinked(ctx, tx, record.ID); err != nil {
			return err
		}
	}
	edited, err := asEdited(record, command, facts.Predecessors)
	if err != nil {
		return err
	}
	asked := schemas.VotingAsked{Record: record.ID, Team: edited.Team, Service: edited.Service, At: a.Clock.Now()}
	if asks {
		if asked.Targets, err = a.candidates(ctx, tx, &facts.Voting); err != nil {
			return err
		}
	}
	if record.Approval != nil {
		asked.Targets, asked.Hands = append(asked.Targets, record.Approval.Targets()...), record.Approval.Hands()
	}
	if asks || opensStages(record, verb) || votesForAnother(command, seat) {
		if err := schemas.ShareAccounts(ctx, tx); err != nil {
			return err
		}
	}
	if verb == "ask_others" {
		var others change.AskOthers
		if err := json.Unmarshal(command.Body, &others); err != nil {
			return domain.Errorf(domain.CodeInvalid, "the body of %s cannot be read", command.Name)
		}
		for _, person := range others.People[:min(len(others.People), domain.MaxItems)] {
			asked.Targets = append(asked.Targets, approval.Target(approval.TargetPerson+":"+person))
		}
	}
	slices.Sort(asked.Targets)
	asked.Targets = slices.Compact(asked.Targets)
	if verb == "cast_vote" || verb == "request_info" {
		asked.Voter = command.Actor.Name
	}
	found, err := schemas.ReadVoting(ctx, tx, asked)
	facts.Attachments, facts.Voting.Seats = found.Attachments, found.Seats()
	facts.Voting.Delegations, facts.Voting.Inactive = found.Delegations, found.Inactive
	return err
}

// opensStages reports whether a command on a change may ask people of a stage. A vote in the last stages does not.
func opensStages(record change.Change, verb string) bool {
	a := record.Approval
	return a.SubmittedAt != nil && (!slices.Contains(votingChange, verb) || slices.ContainsFunc(a.Stages, func(s approval.Stage) bool { return s.State == approval.Waiting }))
}

// votesForAnother reports whether somebody fills a seat that is not theirs. Whoever deactivates their account finds the change by that vote.
func votesForAnother(command domain.Command, seat string) bool {
	return command.Verb() == "cast_vote" && seat != "" && seat != command.Actor.Name
}

// candidates are the newest versions of the approval policies; it answers all whom they ask.
func (a *Activities) candidates(ctx context.Context, tx bun.Tx, voting *change.Voting) ([]approval.Target, error) {
	documents, err := schemas.NewestDocuments(ctx, tx, policy.KindApprovalPolicy)
	if err != nil {
		return nil, err
	}
	voting.Language = a.Rules
	targets := []approval.Target{change.NobodysTarget}
	for _, document := range documents {
		candidate := approval.Candidate{Name: document.Name, Version: document.Version}
		if err := json.Unmarshal(document.Spec, &candidate.Spec); err != nil {
			return nil, err
		}
		voting.Candidates = append(voting.Candidates, candidate)
		for _, stage := range candidate.Spec.Stages {
			targets = append(targets, stage.Electorate...)
		}
	}
	slices.Sort(targets)
	return slices.Compact(targets), nil
}

// surroundings reads what conflicts are looked for in, as the command would have the change.
func (a *Activities) surroundings(ctx context.Context, tx bun.Tx, facts *change.Facts, record change.Change, command domain.Command) error {
	had := record
	record, err := asEdited(record, command, facts.Predecessors)
	if err != nil {
		return err
	}
	if command.Verb() == "from_model" {
		var made change.FromModel
		if err := json.Unmarshal(command.Body, &made); err != nil {
			return domain.Errorf(domain.CodeInvalid, "the body of %s cannot be read", command.Name)
		}
		if made.WindowFrom != nil && made.WindowTo != nil && made.WindowFrom.Before(*made.WindowTo) {
			record.WindowFrom, record.WindowTo = made.WindowFrom, made.WindowTo
		}
	}
	now := domain.Millisecond(a.Clock.Now())
	if facts.Surroundings, err = schemas.Surroundings(ctx, tx, record, now); err != nil {
		return err
	}
	if facts.Surroundings.Suspended, err = a.suspended(ctx, tx, facts, record); err != nil {
		return err
	}
	was, _ := had.Window()
	if span, _ := record.Window(); had.SubmittedAt != nil && (span != was || !slices.Equal(record.ConfigurationItems, had.ConfigurationItems)) {
		if facts.Surroundings.Left, err = schemas.ChangesNear(ctx, tx, had, now); err != nil {
			return err
		}
	}
	err = a.windows(ctx, tx, record, &facts.Surroundings)
	if span, set := record.Window(); set {
		facts.Measured.InFreeze = slices.ContainsFunc(facts.Surroundings.Freezes, func(w window.Window) bool { return len(w.Within(span)) > 0 })
	}
	return err
}
