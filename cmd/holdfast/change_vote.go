package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

type changeVote struct {
	changed
	Vote       string            `arg:"" optional:"" help:"approve, approve-with (--condition), reject (--comment), abstain or recuse; left out: only shows what the vote is about."`
	Stage      string            `placeholder:"NAME" help:"Left out: the only open stage in which you, or whom you stand for, are asked."`
	For        string            `placeholder:"PERSON" help:"In whose place, by a delegation; left out: your own."`
	Comment    string            `placeholder:"TEXT" help:"Why; needed to reject; - reads it from the input."`
	Conditions []string          `name:"condition" sep:"none" placeholder:"TEXT" help:"Approve on this condition, a task to be done before the change starts; may be given several times."`
	Hashes     map[string]string `name:"seen" mapsep:"," placeholder:"PART=HASH" help:"What you have seen, as the command without a vote shows it: where that has changed since, the vote is refused. Left out: the change as it is now."`
}

// Run shows what the vote is about, and gives it.
func (c *changeVote) Run(ctx context.Context, s *session) error {
	choice := approval.Choice(withUnderscores(c.Vote))
	if choice == approval.Approve && len(c.Conditions) > 0 {
		choice = approval.ApproveWith
	}
	if choice != "" && !slices.Contains(approval.Choices, choice) {
		return misusef("%q is no vote: approve, approve-with, reject, abstain or recuse", c.Vote)
	}
	comment, err := s.text(c.Comment)
	if err != nil {
		return err
	}
	found, err := s.service.Change(ctx, c.Record)
	if err != nil {
		return err
	}
	if found.Approval == nil || len(found.Approval.Hashes) == 0 {
		return misusef("nobody is asked about %s, which is %s", found.Number, standsAt(found.State))
	}
	if choice == "" {
		return s.show(view{data: found.Approval.Hashes, table: hashTable(found), text: func(p *printer) error { return s.ballot(p, found, c.Stage) }})
	}
	hashes := approval.Hashes{}
	for part, hash := range c.Hashes {
		hashes[approval.Cover(part)] = hash
	}
	if len(hashes) == 0 {
		hashes = found.Approval.Hashes
		if s.Format == "table" && !s.Quiet {
			if err := s.ballot(&s.printer, found, c.Stage); err != nil {
				return err
			}
			if err := s.line(""); err != nil {
				return err
			}
		}
	}
	err = s.give(ctx, app.Request{
		Practice: change.Practice, Verb: "cast_vote", Record: found.ID, Key: c.Key, Async: c.Async, IfVersion: c.IfVersion,
	}, change.CastVote{Stage: c.Stage, Vote: choice, For: c.For, Comment: comment, Conditions: c.Conditions, Hashes: hashes})
	return byFlag(err, "(for)", "(--for)")
}

// byFlag names a flag in a refusal that names a field of a body.
func byFlag(err error, field, flag string) error {
	refused := domain.AsError(err)
	if refused == nil || !strings.Contains(refused.Message, field) {
		return err
	}
	named := *refused
	named.Message = strings.ReplaceAll(named.Message, field, flag)
	named.Fields = slices.Clone(named.Fields)
	for i := range named.Fields {
		named.Fields[i].Message = strings.ReplaceAll(named.Fields[i].Message, field, flag)
	}
	return &named
}

// standsAt words a state in a sentence: "which is in review".
func standsAt(state domain.State) string {
	if state == change.Draft {
		return "a draft"
	}
	info, _ := change.Lifecycle.State(state)
	return strings.ToLower(info.Title)
}

func hashTable(c app.ChangeView) table {
	t := table{titles: []string{"PART", "HASH"}}
	for _, part := range slices.Sorted(maps.Keys(c.Approval.Hashes)) {
		t.rows = append(t.rows, []any{string(part), c.Approval.Hashes[part]})
	}
	return t
}

// ballot prints what votes are about: of every stage that takes them what it covers, then that itself.
func (s *session) ballot(p *printer, c app.ChangeView, only string) error {
	if err := p.line("%s", p.paint(bold, c.Number+gap+oneLine(c.Title))); err != nil {
		return err
	}
	covers := []approval.Cover{}
	for _, stage := range c.Approval.Stages {
		if !stage.State.TakesVotes() || only != "" && stage.Name != only {
			continue
		}
		parts := stage.Covered()
		words := make([]string, len(parts))
		for i, part := range parts {
			words[i] = coverWords[part]
		}
		covers = append(covers, parts...)
		if err := p.line("  A vote in the stage %s is about %s. %s", stage.Name, strings.Join(words, " and "), oneLine(stage.Figures.Why)); err != nil {
			return err
		}
	}
	if err := p.pairs("Risk", riskLine(c), "Window from", c.WindowFrom, "Window to", windowEnd(c)); err != nil {
		return err
	}
	if slices.Contains(covers, approval.Scope) {
		for _, part := range []struct{ title, body string }{
			{"Against it", conflictsText(c)},
			{"Why", c.Justification},
			{"Plan", c.Plan},
			{"Tests", c.TestPlan},
			{"Way back", c.BackOutPlan},
			{"Tasks", tasksText(c)},
			{"Configuration items", strings.Join(c.ConfigurationItems, "\n")},
			{"Services", strings.Join(c.Services, "\n")},
			{"Environment", c.Environment},
			{"Items to itself", onlyIf(c.Exclusive, "nobody else may touch its items meanwhile")},
			{"Follows the model", c.Model},
			{"Must have ended well before", strings.Join(c.Predecessors, "\n")},
			{"Answers about its risk", answersText(c)},
			{"Security reason", c.SecurityReason},
			{"Files", filesText(c)},
		} {
			if err := p.paragraph(part.title, part.body); err != nil {
				return err
			}
		}
	}
	seen := []string{}
	for _, part := range slices.Sorted(maps.Keys(c.Approval.Hashes)) {
		seen = append(seen, fmt.Sprintf("%s=%s", part, c.Approval.Hashes[part]))
	}
	return p.paragraph("To vote on exactly this", "--seen "+strings.Join(seen, ","))
}

// answersText are the answers to the questions about the risk, by the questions' ids.
func answersText(c app.ChangeView) string {
	lines := []string{}
	for _, id := range slices.Sorted(maps.Keys(c.Answers)) {
		lines = append(lines, id+": "+c.Answers[id])
	}
	return strings.Join(lines, "\n")
}

// filesText counts the files that a vote is about, and says how to see them.
func filesText(c app.ChangeView) string {
	if len(c.Attached) == 0 {
		return ""
	}
	return fmt.Sprintf("%d attached: holdfast change attachments %s", len(c.Attached), c.Number)
}

// coverWords say what the parts of a change are.
var coverWords = map[approval.Cover]string{approval.Scope: "what is done", approval.Schedule: "when it is done"}
