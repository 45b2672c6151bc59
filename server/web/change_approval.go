package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// stageView is one stage of an approval, as a page shows it.
type stageView struct {
	approval.Stage
	// Seats are its members: those who voted first, those of whom a vote is outstanding, those who do not vote.
	Seats []memberView
	// Least is how much must approve, as a weight; 0 where that is no fixed number.
	Least int64
	// Void are the votes that do not count any more, newest first.
	Void []approval.Vote
}

// memberView is one member of a stage.
type memberView struct {
	approval.Member
	Weight int64
	// Vote is the one in force; nil: there is none.
	Vote *approval.Vote
	// Again: an edit made their earlier vote void. Required: without their approval nothing is approved.
	Again, Required, Veto bool
}

// stagesOf are the stages of a change's approval; none before it is submitted for the first time.
func stagesOf(c change.Change) []stageView {
	if c.Approval == nil {
		return nil
	}
	list := make([]stageView, len(c.Approval.Stages))
	for i, stage := range c.Approval.Stages {
		list[i] = stageViewOf(stage)
	}
	return list
}

func stageViewOf(stage approval.Stage) stageView {
	view := stageView{Stage: stage}
	if !stage.Rule.FirstResponse && stage.Rule.Of != approval.OfVotesCast {
		view.Least = stage.Rule.Threshold.Least(stage.Figures.Weight)
	}
	again, given := stage.NeededAgain(), stage.InForce()
	for _, member := range stage.Members {
		one := memberView{
			Member: member, Weight: 1, Again: slices.Contains(again, member.Person),
			Required: slices.Contains(stage.Rule.Required, member.Person), Veto: slices.Contains(stage.Rule.Veto, member.Person),
		}
		if weight, set := stage.Rule.Weights[member.Person]; set {
			one.Weight = int64(weight)
		}
		if i := slices.IndexFunc(given, func(vote approval.Vote) bool { return vote.For == member.Person }); i >= 0 {
			one.Vote = &given[i]
		}
		view.Seats = append(view.Seats, one)
	}
	slices.SortStableFunc(view.Seats, func(a, b memberView) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Person, b.Person))
	})
	for _, vote := range slices.Backward(stage.Votes) {
		if !vote.Counts() {
			view.Void = append(view.Void, vote)
		}
	}
	return view
}

// rank orders members by what they said.
func (m memberView) rank() int {
	switch {
	case m.Left != "":
		return 9
	case m.Vote == nil:
		return 5
	}
	return slices.Index(approval.Choices, m.Vote.Choice)
}

// kind is a member's place in the bar, as a class: what they said, or that they are silent.
func (m memberView) kind() string {
	switch {
	case m.Left != "":
		return "left"
	case m.Vote == nil:
		return "silent"
	case m.Vote.Choice.Approves():
		return "approves"
	case m.Vote.Choice == approval.Reject:
		return "rejects"
	}
	return "abstains"
}

// cell is one member's part of the bar, in hundredths of its width.
type cell struct {
	Kind     string
	X, Width string
}

const barWidth = 100.0

// cells are the parts of the bar, as wide as each member counts.
func (v stageView) cells() []cell {
	var list []cell
	at := 0.0
	for _, member := range v.Seats {
		if member.Left != "" || v.Figures.Weight == 0 {
			continue
		}
		width := barWidth * float64(member.Weight) / float64(v.Figures.Weight)
		list = append(list, cell{member.kind(), percentOf(at), percentOf(width)})
		at += width
	}
	return list
}

// mark is where enough approve; empty where that is no fixed place.
func (v stageView) mark() string {
	if v.Least == 0 || v.Figures.Weight == 0 || v.Least > v.Figures.Weight {
		return ""
	}
	return percentOf(barWidth * float64(v.Least) / float64(v.Figures.Weight))
}

func percentOf(value float64) string { return strconv.FormatFloat(value, 'f', 2, 64) + "%" }

// ruleWords say when the stage is approved.
func ruleWords(ctx context.Context, v stageView) string {
	rule := v.Rule
	switch {
	case rule.FirstResponse:
		return "The first to respond decides."
	case rule.Of == approval.OfVotesCast:
		return rule.Threshold.String() + " of the votes cast must approve."
	case rule.Threshold.IsShare():
		return rule.Threshold.String() + " must approve: " + numeral(ctx, int(v.Least)) + " of " + numeral(ctx, int(v.Figures.Weight)) + "."
	}
	return count(ctx, int(v.Least), "approval is needed.", "approvals are needed.")
}

// votedWords word a vote in force.
var votedWords = map[approval.Choice]string{
	approval.Approve: "approves", approval.ApproveWith: "approves, with conditions", approval.Reject: "rejects",
	approval.Abstain: "abstains", approval.Recuse: "steps aside",
}

// voidWords say why a vote does not count any more.
func voidWords(v approval.Void) string {
	switch v.Why {
	case approval.VoidChanged:
		return "another vote took its place"
	case approval.VoidEdited:
		if len(v.Fields) == 0 {
			return "what it was about was edited"
		}
		return "edited since: " + fieldWords(v.Fields)
	case approval.VoidWithdrawn:
		return "the change was taken back"
	}
	return "who gave it, or for whom it was given, does not decide any more"
}

// stageStates word where a stage stands.
var stageStates = map[approval.State]string{
	approval.Waiting: "not yet open", approval.Open: "open", approval.StageEscalated: "overdue, escalated", approval.StageError: "cannot be decided",
	approval.StageApproved: "approved", approval.StageRejected: "rejected", approval.Moot: "not needed any more",
}

// seat is a vote that the reader can give: in a stage, for themselves or for whom they stand in.
type seat struct {
	Stage, Person string
	// Stood is the stage as it stands, Given the vote that there is already, which can be changed.
	Stood approval.Stage
	Given *approval.Vote
}

// seatsOf are the votes that the reader can give on a change now, those that are outstanding first.
func (w *console) seatsOf(ctx context.Context, p page, c change.Change) ([]seat, error) {
	if c.Approval == nil || c.Approval.SubmittedAt == nil || c.Approval.Final() || p.Who == nil {
		return nil, nil
	}
	delegations, err := w.Service.Delegations(ctx)
	if err != nil {
		return nil, err
	}
	return seatsWith(p, c, delegations), nil
}

// seatsWith are the same, where the reader's delegations are known.
func seatsWith(p page, c change.Change, delegations []app.Delegation) []seat {
	if c.Approval == nil || c.Approval.SubmittedAt == nil || c.Approval.Final() {
		return nil
	}
	facts, me := approval.Facts{}, p.Who.Handle
	for _, one := range delegations {
		facts.Delegations = append(facts.Delegations, one.Delegation())
	}
	keeper := approval.NewKeeper(*c.Approval, facts)
	var seats []seat
	for _, asked := range keeper.AskedOf(p.Now, me) {
		stage, _ := c.Approval.Stage(asked.Stage)
		seats = append(seats, seat{Stage: asked.Stage, Person: asked.Person, Stood: stage})
	}
	slices.SortStableFunc(seats, func(a, b seat) int { // one's own before those of others
		return cmp.Compare(boolPlace(a.Person != me), boolPlace(b.Person != me))
	})
	for _, given := range keeper.Changeable(me) {
		seats = append(seats, seat{Stage: given.Stage.Name, Person: given.Vote.For, Stood: given.Stage, Given: &given.Vote})
	}
	return seats
}

func boolPlace(later bool) int {
	if later {
		return 1
	}
	return 0
}

// outstanding counts the seats in which there is no vote yet.
func outstanding(seats []seat) int {
	count := 0
	for _, one := range seats {
		if one.Given == nil {
			count++
		}
	}
	return count
}

// voterWords name whose vote it is: "hal for bo".
func voterWords(vote approval.Vote) string {
	if vote.Delegated() {
		return vote.By + " for " + vote.For
	}
	return vote.By
}

// stageName is a stage's name, as people write it: boards are known by their initials.
func stageName(name string) string {
	if name == "cab" || name == "ecab" {
		return strings.ToUpper(name)
	}
	return strings.NewReplacer("_", " ", "-", " ").Replace(name)
}

// stageTitle is the same, as a heading.
func stageTitle(name string) string { return human(stageName(name)) }

// otherWords name another vote that the reader can give.
func otherWords(other seat, me string) string {
	words := "in the stage " + stageName(other.Stage)
	if other.Person != me {
		words += ", for " + other.Person
	}
	if other.Given != nil {
		words += " (given)"
	}
	return words
}

// electorateWords say whom a stage asks.
func electorateWords(targets []approval.Target) string {
	words := make([]string, len(targets))
	for i, target := range targets {
		switch target.Kind() {
		case approval.TargetRole:
			words[i] = roleWords(target.Name())
		case approval.TargetTeam:
			words[i] = "the team " + target.Name()
		case approval.TargetPerson:
			words[i] = target.Name()
		default:
			words[i] = "the " + strings.ToLower(human(string(target)))
		}
	}
	return strings.Join(words, ", ")
}

// roleWords name those who hold a role.
func roleWords(role string) string {
	switch domain.Role(role) {
	case domain.RoleCABMember:
		return "the change advisory board"
	case domain.RoleChangeManager:
		return "the change managers"
	}
	return "everybody who is " + strings.ToLower(human(role))
}

// voteChoices are what can be voted in a seat: whoever stands in for somebody steps aside by not voting.
func voteChoices(b ballot) []choice {
	list := []choice{
		{string(approval.Approve), "approve"},
		{string(approval.ApproveWith), "approve, with conditions"},
		{string(approval.Reject), "reject"},
		{string(approval.Abstain), "abstain: you count as having voted"},
	}
	if b.Own {
		list = append(list, choice{string(approval.Recuse), "step aside: the decision is not yours to take"})
	}
	return list
}

// changeTexts are the texts of a change in the order in which they are read.
func changeTexts(c change.Change) []covered {
	list := []covered{{Label: "Why", Text: c.Justification}, {Label: "Plan", Text: c.Plan}}
	if c.TestPlan != "" || c.Type != change.Standard {
		list = append(list, covered{Label: "How it is tested", Text: c.TestPlan})
	}
	return append(list, covered{Label: "How it is taken back", Text: c.BackOutPlan})
}

// changeFlags mark what is out of the ordinary about a change: the words, and how grave they are.
func changeFlags(c change.Change) []choice {
	var flags []choice
	for _, one := range []struct {
		is          bool
		words, tone string
	}{
		{c.Outcome != "", human(c.Outcome), map[bool]string{true: "good", false: "warn"}[c.Outcome == change.Successful]},
		{c.Unauthorised, "done without authority", "alarm"},
		{c.ApprovalVoid, "not as approved", "alarm"},
		{c.WindowMissed, "window missed", "warn"},
		{c.OverrunAt != nil && c.State == change.Implementing, "over its window", "alarm"},
		{c.HeldSince != nil, "held", "alarm"},
		{c.Expedited, "expedited", ""},
		{c.Exclusive, "exclusive", ""},
		{c.Retrospective, "recorded afterwards", ""},
		{c.Restricted, "restricted", ""},
	} {
		if one.is {
			flags = append(flags, choice{one.tone, one.words})
		}
	}
	return flags
}
