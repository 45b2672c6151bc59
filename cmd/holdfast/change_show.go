package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

type changeShow struct{ record }

// Run shows a change as whoever decides about it needs it.
func (c *changeShow) Run(ctx context.Context, s *session) error {
	found, err := s.service.Change(ctx, c.Record)
	if err != nil {
		return err
	}
	return s.show(view{data: found, table: s.changes([]app.ChangeView{found}), text: func(p *printer) error { return s.describeChange(p, found) }})
}

// describeChange prints what a change is, then what is decided about it, then what it is made of.
func (s *session) describeChange(p *printer, c app.ChangeView) error {
	if err := p.line("%s", p.paint(bold, c.Number+gap+oneLine(c.Title))); err != nil {
		return err
	}
	state := strings.ReplaceAll(string(c.State), "_", " ")
	for _, mark := range []struct {
		holds bool
		words string
	}{
		{c.WindowMissed, "window missed"},
		{c.HeldSince != nil, "held"},
		{c.ApprovalVoid, "no longer what was approved"},
		{c.Unauthorised, "unauthorised"},
		{c.Restricted, "restricted"},
	} {
		if mark.holds {
			state += ", " + mark.words
		}
	}
	next := ""
	if c.WakeAt != nil {
		next = c.NextDue + " at " + p.when(*c.WakeAt)
	}
	err := p.pairs(
		"State", state+", since "+p.when(c.StateSince), "Type", strings.TrimSpace(c.Type+" "+parenthesised(c.Model)), "Risk", riskLine(c),
		"Service", c.Service, "Touches also", beside(c.Services, c.Service), "Environment", c.Environment, "Configuration items", strings.Join(c.ConfigurationItems, ", "),
		"Alone", onlyIf(c.Exclusive, "nobody else may touch them meanwhile"), "Window from", c.WindowFrom, "Window to", windowEnd(c),
		"Starts by itself", onlyIf(c.AutoStart, "as the window opens"), "Outage", c.ExpectedOutage, "Team", c.Team, "Carried out by", c.Assignee,
		"Asked for by", c.Requester, "Drafted by", different(c.OpenedBy, c.Requester), "Assessed by", c.AssessedBy, "Peer review", c.ReviewedBy,
		"Started", c.ActualStart, "Ended", c.ActualEnd, "Outcome", strings.ReplaceAll(c.Outcome, "_", " "), "Watched until", c.WatchUntil,
		"Review", c.ReviewNeeded, "Review due", c.ReviewDueAt, "Next", next, "Version", c.Version, "Times in", zoneName(p.zone, c.UpdatedAt),
	)
	if err != nil {
		return err
	}
	for _, part := range []struct{ title, body string }{
		{"Approval", approvalText(p, c)},
		{"Questions", questionsText(c)},
		{"Against it", conflictsText(c)},
		{"Risk", riskText(c)},
		{"Why", c.Justification},
		{"Plan", c.Plan},
		{"Tests", c.TestPlan},
		{"Way back", c.BackOutPlan},
		{"Tasks", tasksText(c)},
		{"Caused", causesText(p, c)},
		{"What was done", c.OutcomeNotes},
		{"Findings", c.Findings},
		{"Links", linksText(c)},
		{"You may", verbsList(c.AllowedCommands)},
	} {
		if err := p.paragraph(part.title, part.body); err != nil {
			return err
		}
	}
	return nil
}

// zoneName names a zone; this machine's, which has no name of its own, by what it is called at an instant.
func zoneName(zone *time.Location, at time.Time) string {
	if zone != time.Local {
		return zone.String()
	}
	return at.In(zone).Format("MST (-07:00)")
}

func parenthesised(words string) string {
	if words == "" {
		return ""
	}
	return "(" + words + ")"
}

func onlyIf(holds bool, words string) string {
	if holds {
		return words
	}
	return ""
}

// beside are the others of a list.
func beside(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(other string) bool { return other == one })
}

func riskLine(c app.ChangeView) string {
	if c.Risk.Level == "" {
		return ""
	}
	return fmt.Sprintf("%s, %d of %d points by the %s", c.Risk.Level, c.Risk.Score, change.MaxRisk, c.Risk.From)
}

// riskText gives every point, of both ways in which a change is rated; the higher counts.
func riskText(c app.ChangeView) string {
	lines := []string{}
	for _, way := range []struct {
		name   string
		points []change.Point
	}{{"calculator", c.Risk.Calculator}, {"questionnaire", c.Risk.Questionnaire}} {
		for _, point := range way.points {
			lines = append(lines, fmt.Sprintf("%3d  %s (%s)", point.Points, point.Why, way.name))
		}
	}
	return strings.Join(lines, "\n")
}

// questionsText says what whoever assesses is asked, and which answers there are.
func questionsText(c app.ChangeView) string {
	lines := []string{}
	for _, question := range c.Questions {
		line := question.ID + ": " + question.Words()
		if question.Optional {
			line += ", may be left open"
		}
		if answer := c.Answers[question.ID]; answer != "" {
			line += ": " + answer
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func conflictsText(c app.ChangeView) string {
	lines := []string{}
	for _, conflict := range c.Conflicts {
		line := fmt.Sprintf("%-8s  %s (%s)", conflict.Level, conflict.Why, conflict.ID)
		if overridden(c, conflict.ID) {
			line += ", overridden"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// approvalText says stage by stage what the rule is, where it stands, who voted what and who is missing.
func approvalText(p *printer, c app.ChangeView) string {
	if c.Approval == nil {
		return ""
	}
	lines := []string{fmt.Sprintf("%s by %s: %s", c.Approval.Verdict(), policyName(c.Approval), c.Approval.Why)}
	if broken := c.Approval.BreakGlass; broken != nil && broken.Void == nil {
		lines = append(lines, fmt.Sprintf("%s decided alone: %s", broken.By, broken.Reason))
	}
	for _, stage := range c.Approval.Stages {
		lines = append(lines, fmt.Sprintf("%s (%s)", stage.Name, stage.State), "  needs "+ruleText(stage.Rule)+"; asked: "+targetsText(stage.Electorate))
		if stage.Figures.Why != "" {
			lines = append(lines, "  "+stage.Figures.Why)
		}
		if stage.State.TakesVotes() && len(stage.Figures.Outstanding) > 0 {
			lines = append(lines, "  missing: "+strings.Join(stage.Figures.Outstanding, " "))
		}
		if again := stage.NeededAgain(); stage.State.TakesVotes() && len(again) > 0 {
			lines = append(lines, "  needed again: "+strings.Join(again, " "))
		}
		if due := stage.Timing.DueAt; due != nil && stage.State == approval.Open {
			lines = append(lines, fmt.Sprintf("  until %s, then: %s", p.when(*due), stage.ByDefault()))
		}
		if stage.State == approval.StageEscalated {
			lines = append(lines, "  "+passedText(p, stage.Timing.DueAt)+"; votes still count")
		}
		for _, member := range stage.Members {
			if member.Left != "" {
				lines = append(lines, fmt.Sprintf("  %s %s", member.Person, member.Left))
			}
		}
		for _, vote := range stage.Votes {
			lines = append(lines, "  "+voteText(p, vote))
		}
		for _, question := range stage.Questions {
			answer := question.Answer
			if answer == "" {
				answer = "not answered yet; the deadline stands still"
			}
			lines = append(lines, fmt.Sprintf("  %s asks: %s — %s", question.By, oneLine(question.Text), oneLine(answer)))
		}
	}
	return strings.Join(lines, "\n")
}

// passedText says when the deadline of an escalated stage was.
func passedText(p *printer, due *time.Time) string {
	if due == nil {
		return "its deadline passed"
	}
	return "its deadline passed " + p.when(*due)
}

func policyName(a *approval.Approval) string {
	if a.Policy == "" {
		return "no policy"
	}
	return fmt.Sprintf("%s (version %d)", a.Policy, a.PolicyVersion)
}

func targetsText(targets []approval.Target) string {
	words := make([]string, len(targets))
	for i, target := range targets {
		words[i] = strings.TrimSpace("the " + strings.ReplaceAll(target.Kind()+" "+target.Name(), "_", " "))
		if target.Kind() == approval.TargetPerson {
			words[i] = target.Name()
		}
	}
	return strings.Join(words, ", ")
}

// ruleText words a rule as its policy has it.
func ruleText(rule approval.Rule) string {
	words := []string{"the first response"}
	if !rule.FirstResponse {
		words[0] = rule.Threshold.String()
		if rule.Of != "" {
			words[0] += " of " + strings.ReplaceAll(string(rule.Of), "_", " ")
		}
	}
	if !rule.Quorum.IsZero() {
		words = append(words, "quorum "+rule.Quorum.String())
	}
	for _, named := range []struct {
		what   string
		people []string
	}{{"required", rule.Required}, {"veto", rule.Veto}} {
		if len(named.people) > 0 {
			words = append(words, named.what+" "+strings.Join(named.people, " "))
		}
	}
	for _, person := range slices.Sorted(maps.Keys(rule.Weights)) {
		words = append(words, fmt.Sprintf("%s counts %d", person, rule.Weights[person]))
	}
	return strings.Join(words, ", ")
}

func voteText(p *printer, vote approval.Vote) string {
	who := vote.By
	if vote.Delegated() {
		who += " for " + vote.For
	}
	words := fmt.Sprintf("%s  %s: %s", p.when(vote.At), who, strings.ReplaceAll(string(vote.Choice), "_", " "))
	for _, condition := range vote.Conditions {
		words += "; condition: " + oneLine(condition)
	}
	if vote.Comment != "" {
		words += " — " + oneLine(vote.Comment)
	}
	if vote.Void != nil {
		words += fmt.Sprintf(" (void: %s)", strings.Join(parts(string(vote.Void.Why), strings.Join(vote.Void.Fields, " ")), " "))
	}
	return words
}

func tasksText(c app.ChangeView) string {
	lines := []string{}
	for _, task := range c.Tasks {
		line := fmt.Sprintf("%-7s  %s  %s", task.State, task.ID, oneLine(task.Title))
		if task.Condition {
			line += " (a condition of " + task.AskedBy + ")"
		}
		if task.Owner != "" {
			line += ", " + task.Owner
		}
		if len(task.After) > 0 {
			line += ", after " + strings.Join(task.After, " ")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func causesText(p *printer, c app.ChangeView) string {
	lines := []string{}
	for _, cause := range c.Causes {
		verdict := "undecided, due " + p.when(cause.DueAt)
		if cause.Verdict != "" {
			verdict = cause.Verdict + " by " + cause.By
		}
		lines = append(lines, cause.Number+": "+verdict)
	}
	return strings.Join(lines, "\n")
}

func linksText(c app.ChangeView) string {
	lines := []string{}
	for _, link := range c.Links {
		lines = append(lines, fmt.Sprintf("%s %s (%s) %s", strings.ReplaceAll(link.Type, "_", " "), link.Number, link.State, oneLine(link.Title)))
	}
	return strings.Join(lines, "\n")
}
