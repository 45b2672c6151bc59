package policytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// approvalSubject asks what votes come to: under a rule of its own, or that of a stage of an ApprovalPolicy.
type approvalSubject struct {
	Of    string         `json:"of,omitempty"`
	Stage string         `json:"stage,omitempty"` // needed where the policy has several
	Rule  *approval.Rule `json:"rule,omitempty"`
	// Electorate are those who are asked; the parties among them do not vote.
	Electorate  []string       `json:"electorate"`
	Requester   string         `json:"requester,omitempty"`
	Implementer string         `json:"implementer,omitempty"`
	TaskOwners  []string       `json:"task_owners,omitempty"`
	Inactive    []string       `json:"inactive,omitempty"`
	Votes       []approvalVote `json:"votes,omitempty"`
	// Expired: the deadline has passed, and what votes do not decide becomes what Default says.
	Expired bool             `json:"expired,omitempty"`
	Default approval.Default `json:"default,omitempty"`
}

// approvalVote is one vote; one by another than it is for is a delegate's.
type approvalVote struct {
	By         string          `json:"by"`
	For        string          `json:"for,omitempty"`
	Vote       approval.Choice `json:"vote"`
	Comment    string          `json:"comment,omitempty"`
	Conditions []string        `json:"conditions,omitempty"`
}

func (s *approvalSubject) run(documents *documents) (answer, error) {
	stage, err := s.terms(documents)
	if err != nil {
		return answer{}, err
	}
	votes, err := s.given()
	if err != nil {
		return answer{}, err
	}
	figures := approval.Tally(stage.Rule, s.electorate(), votes, s.Expired)
	verdict, why := figures.Verdict, figures.Why
	if s.Expired {
		verdict, why = approval.Overdue(figures, stage.ByDefault())
	}
	text := string(verdict)
	return answer{verdict: &text, why: &why}, nil
}

// terms are the rule and the default that are asked about.
func (s *approvalSubject) terms(documents *documents) (approval.StagePolicy, error) {
	stage := approval.StagePolicy{}
	switch {
	case (s.Of == "") == (s.Rule == nil) || s.Of == "" && s.Stage != "":
		return stage, fmt.Errorf("an approval has either a rule, or of: the name of an ApprovalPolicy, and its stage")
	case s.Rule != nil:
		stage.Rule = *s.Rule
		if problems := stage.Rule.Validate("rule"); len(problems) > 0 {
			return stage, fmt.Errorf("%s: %s", problems[0].Path, problems[0].Message)
		}
	default:
		found, err := find("ApprovalPolicy", documents.approvals, s.Of)
		if err != nil {
			return stage, err
		}
		if stage, err = stageOf(found, s.Stage); err != nil {
			return stage, err
		}
	}
	if s.Default != "" {
		stage.Default = s.Default
	}
	if !slices.Contains([]approval.Default{approval.DefaultReject, approval.DefaultEscalate, approval.DefaultApprove}, stage.ByDefault()) {
		return stage, fmt.Errorf("default: %q is not one of reject, escalate, approve", stage.Default)
	}
	return stage, nil
}

func stageOf(of approval.Policy, name string) (approval.StagePolicy, error) {
	names := make([]string, len(of.Stages))
	for i, stage := range of.Stages {
		if stage.Name == name || name == "" && len(of.Stages) == 1 {
			return stage, nil
		}
		names[i] = stage.Name
	}
	return approval.StagePolicy{}, fmt.Errorf("stage: %q is not one of %s", name, strings.Join(names, ", "))
}

func (s *approvalSubject) electorate() approval.Electorate {
	members := make([]approval.Member, len(s.Electorate))
	for i, person := range s.Electorate {
		members[i].Person = person
		if slices.Contains(s.Inactive, person) {
			members[i].Left = approval.Inactive
		}
	}
	parties := approval.Parties{TaskOwners: s.TaskOwners}
	for _, one := range []struct {
		person string
		are    *[]string
	}{{s.Requester, &parties.Requesters}, {s.Implementer, &parties.Implementers}} {
		if one.person != "" {
			*one.are = []string{one.person}
		}
	}
	return approval.NewElectorate(members, parties)
}

// given are the votes in their order, but for what inactive people voted for others, which a record leaves out likewise. A test with a
// misspelt vote would prove nothing.
func (s *approvalSubject) given() ([]approval.Vote, error) {
	votes := make([]approval.Vote, 0, len(s.Votes))
	for i, vote := range s.Votes {
		ballot := approval.Ballot{By: vote.By, For: vote.For, Choice: vote.Vote, Comment: vote.Comment, Conditions: vote.Conditions}
		if ballot.For == "" {
			ballot.For = ballot.By
		}
		if err := ballot.Check(); err != nil {
			return nil, fmt.Errorf("votes[%d]: %s", i, domain.AsError(err).Message)
		}
		if ballot.For == ballot.By || !slices.Contains(s.Inactive, ballot.By) {
			votes = append(votes, approval.Vote{By: ballot.By, For: ballot.For, Choice: ballot.Choice})
		}
	}
	return votes, nil
}
