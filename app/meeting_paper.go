package app

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// MeetingPaper is all that the agenda and the minutes of a meeting tell.
type MeetingPaper struct {
	Meeting MeetingView `json:"meeting"`
	Items   []PaperItem `json:"items"`
	// Notes are those about the meeting itself.
	Notes []PaperLine `json:"notes"`
}

// PaperItem is one change on the agenda, with what became of it.
type PaperItem struct {
	meeting.Item
	// Hidden: the reader may not read the change, and what follows is empty.
	Hidden     bool         `json:"hidden,omitempty"`
	Title      string       `json:"title,omitempty"`
	Type       string       `json:"type,omitempty"`
	State      domain.State `json:"state,omitempty"`
	Team       string       `json:"team,omitempty"`
	Assignee   string       `json:"assignee,omitempty"`
	Services   []string     `json:"services,omitempty"`
	RiskLevel  string       `json:"risk_level,omitempty"`
	RiskScore  int          `json:"risk_score,omitempty"`
	WindowFrom *time.Time   `json:"window_from,omitempty"`
	WindowTo   *time.Time   `json:"window_to,omitempty"`
	Conflicts  int          `json:"conflicts,omitempty"`
	// ConflictLevels count them by how much they matter.
	ConflictLevels map[change.Level]int `json:"conflict_levels,omitempty"`
	// PutOffBy put a vote off to the meeting, which put the change on the agenda; PutOffWhy is why.
	PutOffBy  string       `json:"put_off_by,omitempty"`
	PutOffWhy string       `json:"put_off_why,omitempty"`
	Stages    []PaperStage `json:"stages,omitempty"`
	Lines     []PaperLine  `json:"lines,omitempty"`
}

// PaperStage is where one stage of a change's approval stands.
type PaperStage struct {
	Name        string         `json:"name"`
	State       approval.State `json:"state"`
	Why         string         `json:"why"`
	Outstanding []string       `json:"outstanding,omitempty"`
	DueAt       *time.Time     `json:"due_at,omitempty"`
}

// PaperLine is something that was said or decided: a vote, what became of a stage, or a note.
type PaperLine struct {
	At time.Time `json:"at"`
	// When says whether that was before the meeting, in it or after it.
	When string `json:"when" enum:"before,in,after"`
	Kind string `json:"kind" enum:"vote,decision,note"`
	By   string `json:"by,omitempty"`
	// For is in whose place it was voted, where that is another; Stage is the stage that it is about.
	For   string `json:"for,omitempty"`
	Stage string `json:"stage,omitempty"`
	// What is the vote, or what became of the stage; Text what was said, or why.
	What string `json:"what,omitempty"`
	Text string `json:"text,omitempty"`
	// Conditions are those of a vote; People whom it concerns: who is asked too, or is needed again; Fields what was edited.
	Conditions []string `json:"conditions,omitempty"`
	People     []string `json:"people,omitempty"`
	Fields     []string `json:"fields,omitempty"`
	// DueAt is until when there is time, where a deadline was moved.
	DueAt *time.Time `json:"due_at,omitempty"`
}

// The kinds of lines, and when they come.
const (
	PaperVote     = "vote"
	PaperDecision = "decision"
	PaperNote     = "note"

	PaperBefore = "before"
	PaperIn     = "in"
	PaperAfter  = "after"
)

// decisions are the events of changes that minutes tell, in words.
var decisions = map[string]string{
	"change.approval_approved": "approved", "change.approval_rejected": "rejected", "change.approval_escalated": "escalated",
	"change.approval_failed": "cannot be decided", "change.approval_voided": "votes void", "change.vote_deferred": "deadline moved",
	"change.approved_alone": "approved alone", "change.info_requested": "asked", "change.info_answered": "answered",
	"change.approval_withdrawn": "withdrawn", "change.others_asked": "others are asked", "change.voting_closed": "voting closed",
	"change.approval_replaced": "another policy decides",
}

// MeetingPaper reads what agenda and minutes of a meeting are made of. Each change is read as its reader may, each vote from its
// timeline: votes before the meeting, in it and after it are the same votes.
func (a *App) MeetingPaper(ctx context.Context, reference string) (MeetingPaper, error) {
	paper := MeetingPaper{Items: []PaperItem{}, Notes: []PaperLine{}}
	var err error
	if paper.Meeting, err = a.Meeting(ctx, reference); err != nil {
		return paper, err
	}
	if paper.Items, err = a.paperItems(ctx, paper.Meeting); err != nil {
		return paper, err
	}
	notes, err := schemas.ReadTimeline(ctx, a.DB, paper.Meeting.ID, 0, []string{"meeting.noted"}, schemas.Whole, mostLines)
	if err != nil {
		return paper, a.fault(ctx, "reading what was noted", err)
	}
	for _, event := range notes {
		line := paper.line(event, PaperNote)
		line.Text = line.said(event, "text")
		number := noted(event)
		if number == "" {
			paper.Notes = append(paper.Notes, line)
			continue
		}
		for i := range paper.Items {
			if item := &paper.Items[i]; item.Number == number && !item.Hidden {
				item.Lines = append(item.Lines, line)
			}
		}
	}
	for _, item := range paper.Items {
		slices.SortStableFunc(item.Lines, func(x, y PaperLine) int { return x.At.Compare(y.At) })
	}
	return paper, nil
}

// mostLines bounds how many events of one record a paper tells.
const mostLines = 1000

// paperItems asks as many questions whatever is on the agenda.
func (a *App) paperItems(ctx context.Context, of MeetingView) ([]PaperItem, error) {
	ids := make([]string, len(of.Items))
	for i, item := range of.Items {
		ids[i] = item.Change
	}
	found, err := a.readableChanges(ctx, ids)
	if err != nil {
		return nil, err
	}
	told := append(slices.Sorted(maps.Keys(decisions)), "change.voted")
	events, err := schemas.ReadTimelines(ctx, a.DB, slices.Collect(maps.Keys(found)), told, mostLines)
	if err != nil {
		return nil, a.fault(ctx, "reading the votes of changes", err)
	}
	items := make([]PaperItem, len(of.Items))
	for i, item := range of.Items {
		one, readable := found[item.Change]
		if !readable {
			items[i] = PaperItem{Item: item, Hidden: true}
			continue
		}
		items[i] = paperItem(of, item, one, events[one.ID])
	}
	return items, nil
}

// readableChanges reads those of some changes, by id or number, that the caller may read, and writes down the restricted ones; by id.
func (a *App) readableChanges(ctx context.Context, references []string) (map[string]change.Change, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if principal.mayAnywhere(PermissionChangeRead) != nil {
		return map[string]change.Change{}, nil
	}
	found, err := schemas.ReadChanges(ctx, a.DB, a.reader(principal), references)
	if err != nil {
		return nil, a.fault(ctx, "reading changes", err)
	}
	by, heads := map[string]change.Change{}, make([]domain.Record, len(found))
	for i, one := range found {
		by[one.ID], heads[i] = one, one.Record
	}
	return by, a.auditRead(ctx, principal, heads...)
}

func paperItem(of MeetingView, item meeting.Item, found change.Change, events []domain.StoredEvent) PaperItem {
	one := PaperItem{
		Item: item, Title: found.Title, Type: found.Type, State: found.State, Team: found.Team, Assignee: found.Assignee,
		Services: found.Services, WindowFrom: found.WindowFrom, WindowTo: found.WindowTo, Conflicts: len(found.Conflicts),
		RiskLevel: found.Risk.Level, RiskScore: found.Risk.Score,
	}
	for _, conflict := range found.Conflicts {
		if one.ConflictLevels == nil {
			one.ConflictLevels = map[change.Level]int{}
		}
		one.ConflictLevels[conflict.Level]++
	}
	if found.Approval != nil {
		for _, stage := range found.Approval.Stages {
			one.Stages = append(one.Stages, PaperStage{
				Name: stage.Name, State: stage.State, Why: stage.Figures.Why, Outstanding: stage.Figures.Outstanding, DueAt: stage.Timing.DueAt,
			})
		}
	}
	paper := MeetingPaper{Meeting: of}
	for _, event := range events {
		line := paper.of(event)
		one.Lines = append(one.Lines, line)
		if event.Type == "change.vote_deferred" && line.By != "" && !event.At.After(item.At) && item.By == item.Number {
			one.PutOffBy, one.PutOffWhy = line.By, event.Reason
		}
	}
	return one
}

// of words one event of a change.
func (p MeetingPaper) of(event domain.StoredEvent) PaperLine {
	what, decided := decisions[event.Type]
	if !decided {
		line := p.line(event, PaperVote)
		var vote struct {
			Vote  string `json:"vote"`
			For   string `json:"for"`
			Stage string `json:"stage"`
		}
		if json.Unmarshal(event.Data, &vote) == nil {
			line.What, line.Stage = vote.Vote, vote.Stage
			if vote.For != line.By {
				line.For = vote.For
			}
		}
		line.Text = line.said(event, "comment")
		var words struct {
			Conditions []string `json:"conditions"`
		}
		if json.Unmarshal(event.Personal, &words) == nil {
			line.Conditions = words.Conditions
		}
		return line
	}
	line := p.line(event, PaperDecision)
	var fact struct {
		Stage  string     `json:"stage"`
		Why    string     `json:"why"`
		People []string   `json:"people"`
		Again  []string   `json:"needed_again"`
		Fields []string   `json:"fields"`
		DueAt  *time.Time `json:"due_at"`
	}
	if json.Unmarshal(event.Data, &fact) == nil {
		line.Stage, line.Text, line.Fields, line.People = fact.Stage, fact.Why, fact.Fields, append(fact.People, fact.Again...)
	}
	line.What = what
	switch event.Type {
	case "change.info_requested":
		line.Text = line.said(event, "question")
	case "change.info_answered":
		line.Text = line.said(event, "answer")
	case "change.vote_deferred":
		line.DueAt = fact.DueAt
	}
	line.Text = cmp.Or(line.Text, event.Reason)
	return line
}

func (p MeetingPaper) line(event domain.StoredEvent, kind string) PaperLine {
	line := PaperLine{At: event.At, When: PaperBefore, Kind: kind}
	if event.Actor.Kind == domain.ActorPerson {
		line.By = event.Actor.Name
	}
	if held := p.Meeting.HeldAt; held != nil && !event.At.Before(*held) {
		line.When = PaperIn
		if ended := p.Meeting.EndedAt; ended != nil && event.At.After(*ended) {
			line.When = PaperAfter
		}
	}
	return line
}

// said is one of the words of people in an event.
func (PaperLine) said(event domain.StoredEvent, name string) string {
	words := map[string]any{}
	if json.Unmarshal(event.Personal, &words) != nil {
		return ""
	}
	text, _ := words[name].(string)
	return text
}
