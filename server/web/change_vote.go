package web

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/server"
)

// ballot is a vote being given: in which seat, on what, and what was written.
type ballot struct {
	Action string
	// ID sets its inputs apart from those of other ballots on the page.
	ID     string
	Seat   seat
	Others []seat
	Covers []covered
	// Beside is what a vote in this seat is not about, and others vote on: what the change does, for whoever votes on its window alone.
	Beside  []covered
	Hashes  approval.Hashes
	Key     string
	Problem *server.Problem
	Loose   []string
	// Own: the seat is the voter's own.
	Own bool
	// Back is the page that it leads to afterwards; empty: the change's.
	Back string
	// Vote, Comment and Conditions are what was chosen and written; conditions one a line.
	Vote, Comment, Conditions string
	// Bearing is what it is given in view of.
	Bearing bearing
}

// covered is a part of what the vote is about.
type covered struct {
	Field, Label string
	// Text is what it says; Lines where it is a list, Files where it is files. Moments are set for the window.
	Text     string
	Lines    []string
	Files    []app.Attachment
	From, To *time.Time
	// Before is what it said when the voter voted last, Changed that it has changed since then, Now that it changed while they wrote.
	Before       string
	Changed, Now bool
}

// The names of the inputs.
const (
	stageField = "stage"
	forField   = "for"
	hashField  = "hash." // followed by the part
	backField  = "next"
)

// openBallot opens the vote in a seat: the one named, else the first there is.
func (v *changeView) openBallot(ctx context.Context, stage, person string) {
	place := slices.IndexFunc(v.Seats, func(s seat) bool {
		return (stage == "" || s.Stage == stage) && (person == "" || s.Person == person)
	})
	if place < 0 {
		v.NotNow = "cast_vote"
		return
	}
	b := ballotOf(v.enclosed(), v.Seats[place], v.Who.Handle, v.Now)
	b.Others = slices.Delete(slices.Clone(v.Seats), place, place+1)
	if last := lastVoid(b.Seat); last != nil {
		b.compare(changedSince(ctx, v.Timeline, last.At), last.Void.Fields)
	}
	if given := b.Seat.Given; given != nil {
		b.Vote, b.Comment, b.Conditions = string(given.Choice), given.Comment, strings.Join(given.Conditions, "\n")
	}
	v.Ballot = &b
}

// enclosed is a change with what its votes are about and the record itself does not hold: its files, the questions that its answers
// are to, by their names, and the changes that must have ended well before.
type enclosed struct {
	change.Change
	Files     []app.Attachment
	Questions map[string]string
	Before    []app.ChangeView
}

// enclose reads what a change encloses, as its reader may.
func (w *console) enclose(ctx context.Context, c change.Change) (enclosed, error) {
	content := enclosed{Change: c}
	for _, id := range c.Predecessors {
		before, err := w.Service.Change(ctx, id)
		if err != nil && domain.CodeOf(err) != domain.CodeNotFound {
			return content, err
		}
		if err == nil {
			content.Before = append(content.Before, before)
		}
	}
	var err error
	if content.Files, err = w.Service.ChangeAttachments(ctx, c.ID); err != nil {
		return content, err
	}
	content.Questions, err = w.questionWords(ctx, c)
	return content, err
}

func (v *changeView) enclosed() enclosed {
	return enclosed{v.Change.Change, v.Attachments, v.Questions, v.Predecessors}
}

// beforeLines are the changes that must have ended well before, as far as the reader may read them.
func beforeLines(c enclosed) []string {
	var lines []string
	for _, before := range c.Before {
		lines = append(lines, before.Number+" "+before.Title)
	}
	if hidden := len(c.Predecessors) - len(c.Before); hidden > 0 {
		lines = append(lines, strconv.Itoa(hidden)+" that you may not read")
	}
	return lines
}

// ballotOf is an empty ballot for a seat.
func ballotOf(c enclosed, in seat, me string, now time.Time) ballot {
	b := ballot{
		Bearing: bearing{Change: c.Change, Stage: stageViewOf(in.Stood), Now: now},
		Own:     in.Person == me,
		Action:  recordURL(c.Number) + "/do/cast-vote", ID: c.Number + "-" + in.Stage + "-" + in.Person, Seat: in,
		Covers: coveredBy(c, in.Stood.Covered()), Hashes: c.Approval.Hashes, Key: newKey(),
	}
	if !slices.Contains(in.Stood.Covered(), approval.Scope) {
		b.Beside = coveredBy(c, []approval.Cover{approval.Scope})
	}
	return b
}

// coveredBy lists what a vote about parts of the content is about: exactly what its hashes are made of.
func coveredBy(c enclosed, parts []approval.Cover) []covered {
	var list []covered
	if slices.Contains(parts, approval.Schedule) {
		list = append(list, covered{Field: "window", Label: "Window", From: c.WindowFrom, To: c.WindowTo})
	}
	if !slices.Contains(parts, approval.Scope) {
		return list
	}
	list = append(
		list,
		covered{Field: "justification", Label: "Why", Text: c.Justification},
		covered{Field: "plan", Label: "Plan", Text: c.Plan},
		covered{Field: "test_plan", Label: "How it is tested", Text: c.TestPlan},
		covered{Field: "back_out_plan", Label: "How it is taken back", Text: c.BackOutPlan},
		covered{Field: "tasks", Label: "Tasks", Lines: taskLines(c.Change)},
		covered{Field: "configuration_items", Label: "Items", Lines: c.ConfigurationItems},
		covered{Field: "services", Label: "Services", Lines: c.Services},
		covered{Field: "environment", Label: "Environment", Text: c.Environment},
		covered{Field: "attachments", Label: "Files", Files: c.Files},
		covered{Field: "risk", Label: "Risk", Text: human(c.Risk.Level)},
	)
	if len(c.Predecessors) > 0 {
		list = append(list, covered{Field: "predecessors", Label: "Must have ended well before", Lines: beforeLines(c)})
	}
	if len(c.Answers) > 0 {
		list = append(list, covered{Field: "answers", Label: "Answers about its risk", Lines: answerLines(c)})
	}
	if c.SecurityReason != "" {
		list = append(list, covered{Field: "security_reason", Label: "Security reason", Text: c.SecurityReason})
	}
	if c.Exclusive {
		list = append(list, covered{Field: "exclusive", Label: "Items to itself", Text: "Nobody else may touch its items meanwhile."})
	}
	if c.Type != change.Normal || c.Model != "" {
		list = append(list, covered{Field: "type", Label: "Type", Text: strings.TrimSpace(human(c.Type) + " " + c.Model)})
	}
	return list
}

// taskLines are the tasks that a vote is about: those that voters asked for are none of them.
func taskLines(c change.Change) []string {
	var lines []string
	for _, task := range c.Tasks {
		if task.Condition {
			continue
		}
		line := task.Title
		if task.Owner != "" {
			line += " (" + ownerWords(task.Owner) + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// ownerWords word the owner of a task: "ana", "team messaging".
func ownerWords(owner string) string {
	kind, name, _ := strings.Cut(owner, ":")
	if kind == "team" {
		return "team " + name
	}
	return name
}

// lastVoid is the vote for a seat that an edit made void last; nil where there is none.
func lastVoid(in seat) *approval.Vote {
	for _, vote := range slices.Backward(in.Stood.Votes) {
		if vote.For == in.Person && vote.Void != nil && vote.Void.Why == approval.VoidEdited {
			return &vote
		}
	}
	return nil
}

// changedSince reads from the timeline what fields said before they were edited after a moment: of each the oldest word.
func changedSince(ctx context.Context, timeline []domain.StoredEvent, since time.Time) map[string]string {
	before := map[string]string{}
	for _, event := range timeline {
		if !event.At.After(since) || event.Type != "change.edited" && event.Type != "change.window_set" {
			continue
		}
		for _, one := range changesIn(ctx, event, allSaid(event), false) {
			if _, known := before[one.Field]; !known {
				before[one.Field] = one.From
			}
		}
	}
	return before
}

// compare marks what has changed since the voter voted last.
func (b *ballot) compare(before map[string]string, fields []string) {
	for i, part := range b.Covers {
		text, known := before[part.Field]
		b.Covers[i].Changed = known || slices.Contains(fields, part.Field)
		if known && part.Text != "" && part.Text != text {
			b.Covers[i].Before = text
		}
	}
}

// readBallot reads the vote that a form sent.
func readBallot(c *gin.Context) (change.CastVote, string) {
	vote := change.CastVote{
		Stage: c.PostForm(stageField), Vote: approval.Choice(c.PostForm("vote")), For: c.PostForm(forField),
		Comment: strings.TrimSpace(strings.ReplaceAll(c.PostForm("comment"), "\r\n", "\n")), Hashes: approval.Hashes{},
	}
	written := strings.ReplaceAll(c.PostForm("conditions"), "\r\n", "\n")
	if vote.Vote == approval.ApproveWith {
		for line := range strings.SplitSeq(written, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				vote.Conditions = append(vote.Conditions, line)
			}
		}
	}
	for _, part := range approval.Covers {
		if hash := c.PostForm(hashField + string(part)); hash != "" {
			vote.Hashes[part] = hash
		}
	}
	return vote, written
}

// giveVote gives the vote that a form sent.
func (w *console) giveVote(c *gin.Context, vote change.CastVote) (app.Reply, error) {
	if vote.Vote == "" {
		return app.Reply{}, domain.Invalid("vote", "is needed: choose one")
	}
	body, err := json.Marshal(vote)
	if err != nil {
		return app.Reply{}, err
	}
	return w.Service.Execute(c.Request.Context(), app.Request{
		Practice: change.Practice, Verb: "cast_vote", Record: c.Param("record"), Key: c.PostForm(keyField), Body: body,
	})
}

// refuse puts a failure into the ballot, which keeps what was written; it stands on the content as it is now.
func (b *ballot) refuse(err error, vote change.CastVote, written string) int {
	b.Problem = server.ProblemOf(err)
	b.Vote, b.Comment, b.Conditions = string(vote.Vote), vote.Comment, written
	for _, wrong := range b.Problem.Errors {
		field := strings.TrimPrefix(wrong.Location, "body.")
		place := slices.IndexFunc(b.Covers, func(one covered) bool { return one.Field == field })
		if place >= 0 && b.Problem.Code == domain.CodeConflict {
			b.Covers[place].Now = true
			continue
		}
		b.Loose = append(b.Loose, sentence(human(field)+" "+wrong.Message))
	}
	return b.Problem.Status
}

// forWords say in whose place a vote is given; empty for one's own.
func (b ballot) forWords(me string) string {
	if b.Seat.Person == me {
		return ""
	}
	return "in the place of " + b.Seat.Person
}
