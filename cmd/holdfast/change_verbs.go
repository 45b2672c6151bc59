package main

import (
	"context"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// changeVerbs has a command for every verb of the lifecycle's table that people give, with a flag for every field of its body; a
// test holds the two together.
type changeVerbs struct {
	Draft               changeDraft               `cmd:"" help:"Draft a change, or an emergency."`
	FromModel           changeFromModel           `cmd:"" help:"Make a change of a model; a standard one needs no vote."`
	Edit                changeEdit                `cmd:"" help:"Change its content; what is left out stays. Votes about what is edited become void."`
	Submit              changeSubmit              `cmd:"" help:"Ask for it to be authorised."`
	Assess              changeAssess              `cmd:"" help:"As a peer: answer the questionnaire, and rate the risk."`
	PeerReview          changePeerReview          `cmd:"" help:"As a peer: I have read it."`
	Vote                changeVote                `cmd:"" aliases:"cast-vote" help:"Vote on what the change is now; shows what the vote is about."`
	CloseVoting         changeCloseVoting         `cmd:"" help:"As the chair: end the voting of a stage with the votes that there are."`
	Defer               changeDefer               `cmd:"" help:"As the chair: move the deadline of a stage, to that of a later meeting."`
	AskOthers           changeAskOthers           `cmd:"" help:"As the chair: ask further people where those of a stage cannot decide it."`
	RequestInfo         changeRequestInfo         `cmd:"" help:"Ask the owner something before voting; the deadline stands still."`
	AnswerInfo          changeAnswerInfo          `cmd:"" help:"Answer what a stage asked."`
	BreakGlass          changeBreakGlass          `cmd:"" help:"As a change manager: approve alone, and be reviewed for it."`
	Revise              changeRevise              `cmd:"" help:"Take a rejected or an approved change back to its draft."`
	Schedule            changeSchedule            `cmd:"" help:"Set its window."`
	Start               changeStart               `cmd:"" help:"Begin to carry it out."`
	StartTask           changeStartTask           `cmd:"" help:"Begin one of its tasks."`
	CompleteTask        changeCompleteTask        `cmd:"" help:"One of its tasks is done."`
	Complete            changeComplete            `cmd:"" help:"It has been carried out; say how it went."`
	BackOut             changeBackOut             `cmd:"" help:"It has been taken back; say why."`
	Extend              changeExtend              `cmd:"" help:"Give it more time while it is carried out."`
	OverrideConflict    changeOverrideConflict    `cmd:"" help:"Lift one blocking conflict for the next start."`
	RecordRetrospective changeRecordRetrospective `cmd:"" help:"Record an emergency that was handled before anybody could be asked."`
	DecideCause         changeDecideCause         `cmd:"" help:"As the owner of the service: did it cause an incident?"`
	Review              changeReview              `cmd:"" help:"Say what is learned from it."`
	Close               changeClose               `cmd:"" help:"End a change that was carried out."`
	Withdraw            changeWithdraw            `cmd:"" help:"Take it back to its draft before it is begun."`
	Cancel              changeCancel              `cmd:"" help:"It will not be made."`
	Link                changeLink                `cmd:"" help:"Tie it to another record."`
	Unlink              changeUnlink              `cmd:"" help:"Untie it from another record."`
}

// changed is a command on one change.
type changed struct{ verb }

func (c changed) send(ctx context.Context, s *session, name string, body any) error {
	return s.give(ctx, app.Request{
		Practice: change.Practice, Verb: name, Record: c.Record, Key: c.Key, Async: c.Async, IfVersion: c.IfVersion,
	}, body)
}

// changedBecause is one that needs a reason, changedPlainly one that may have one.
type changedBecause struct {
	changed
	Reason string `required:"" placeholder:"TEXT" help:"Why."`
}

type changedPlainly struct {
	changed
	Reason string `placeholder:"TEXT" help:"Why."`
}

type changeSubmit struct {
	changedPlainly
	Expedited bool `help:"The lead time is not kept, on purpose; needs a reason."`
}

// Run submits.
func (c *changeSubmit) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "submit", change.Submit{Expedited: c.Expedited, Reason: c.Reason})
}

type changeAssess struct {
	changedPlainly
	Answers map[string]string `name:"answer" mapsep:"none" placeholder:"QUESTION=ANSWER" help:"An answer to the model's questionnaire, by the question's id; may be given several times."`
}

// Run assesses.
func (c *changeAssess) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "assess", change.AnswerRisk{Answers: c.Answers, Reason: c.Reason})
}

type changePeerReview struct {
	changed
	Comment string `placeholder:"TEXT" help:"What was found."`
}

// Run reviews as a peer.
func (c *changePeerReview) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "peer_review", change.PeerReview{Comment: c.Comment})
}

type changeCloseVoting struct {
	changedPlainly
	Stage string `required:"" placeholder:"NAME" help:"Of this stage."`
}

// Run closes the voting.
func (c *changeCloseVoting) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "close_voting", change.OfStage{Stage: c.Stage, Reason: c.Reason})
}

type changeDefer struct {
	changedBecause
	Stage   string `required:"" placeholder:"NAME" help:"Of this stage."`
	Until   moment `xor:"to" required:"" placeholder:"TIME" help:"Until when it has time."`
	Meeting string `xor:"to" required:"" placeholder:"CAB" help:"To this later meeting: it has time until that is over, and is put on its agenda."`
}

// Run defers the vote.
func (c *changeDefer) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "defer", change.Defer{Stage: c.Stage, Until: s.moment(c.Until), Meeting: c.Meeting, Reason: c.Reason})
}

type changeAskOthers struct {
	changedBecause
	Stage  string   `required:"" placeholder:"NAME" help:"In this stage."`
	People []string `required:"" placeholder:"PERSON" help:"Who is asked too; several, separated by commas."`
}

// Run asks others.
func (c *changeAskOthers) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "ask_others", change.AskOthers{Stage: c.Stage, People: c.People, Reason: c.Reason})
}

// inStage is what is said in a stage.
type inStage struct {
	changed
	Stage string `placeholder:"NAME" help:"Left out: the only stage that it can be about."`
	Text  string `required:"" placeholder:"TEXT" help:"What is said; - reads it from the input."`
}

type (
	changeRequestInfo struct{ inStage }
	changeAnswerInfo  struct{ inStage }
)

// Run asks.
func (c *changeRequestInfo) Run(ctx context.Context, s *session) error {
	words, err := s.text(c.Text)
	if err != nil {
		return err
	}
	return c.send(ctx, s, "request_info", change.RequestInfo{Stage: c.Stage, Text: words})
}

// Run answers.
func (c *changeAnswerInfo) Run(ctx context.Context, s *session) error {
	words, err := s.text(c.Text)
	if err != nil {
		return err
	}
	return c.send(ctx, s, "answer_info", change.AnswerInfo{Stage: c.Stage, Text: words})
}

type (
	changeBreakGlass struct{ changedBecause }
	changeRevise     struct{ changedPlainly }
	changeClose      struct{ changedPlainly }
	changeWithdraw   struct{ changedPlainly }
	changeCancel     struct{ changedBecause }
)

// Run breaks the glass.
func (c *changeBreakGlass) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "break_glass", change.Because{Reason: c.Reason})
}

// Run revises.
func (c *changeRevise) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "revise", change.Plain{Reason: c.Reason})
}

// Run closes.
func (c *changeClose) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "close", change.Plain{Reason: c.Reason})
}

// Run withdraws.
func (c *changeWithdraw) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "withdraw", change.Plain{Reason: c.Reason})
}

// Run cancels.
func (c *changeCancel) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "cancel", change.Because{Reason: c.Reason})
}

type changeSchedule struct {
	changedPlainly
	WindowFrom moment `name:"window-from" aliases:"from" required:"" placeholder:"TIME" help:"When it is to be carried out."`
	WindowTo   moment `name:"window-to" aliases:"to" required:"" placeholder:"TIME" help:"When it is to be done, excluded."`
}

// Run sets the window.
func (c *changeSchedule) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "schedule", change.Schedule{WindowFrom: s.moment(c.WindowFrom), WindowTo: s.moment(c.WindowTo), Reason: c.Reason})
}

type changeReview struct {
	changed
	Findings string `required:"" placeholder:"TEXT" help:"What is learned from it; - reads it from the input."`
}

// Run reviews.
func (c *changeReview) Run(ctx context.Context, s *session) error {
	words, err := s.text(c.Findings)
	if err != nil {
		return err
	}
	return c.send(ctx, s, "review", change.ReviewFindings{Findings: words})
}

type changeDecideCause struct {
	changedPlainly
	Incident string `arg:"" name:"incident" help:"Number or id of the incident."`
	Caused   bool   `negatable:"" required:"" help:"The change caused it, or did not."`
}

// Run decides.
func (c *changeDecideCause) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "decide_cause", change.DecideCause{Incident: c.Incident, Caused: c.Caused, Reason: c.Reason})
}

// changeRelation ties a change to another record.
type changeRelation struct {
	changed
	Type string `arg:"" enum:"caused_by,blocks,duplicates,fixed_by,implements,child_of,follows" help:"How they hang together: ${enum}."`
	To   string `arg:"" help:"Number or id of the other incident or change."`
}

type (
	changeLink   struct{ changeRelation }
	changeUnlink struct{ changeRelation }
)

// Run links.
func (c *changeLink) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "link", change.Relate{Type: c.Type, To: c.To})
}

// Run unlinks.
func (c *changeUnlink) Run(ctx context.Context, s *session) error {
	return c.send(ctx, s, "unlink", change.Relate{Type: c.Type, To: c.To})
}

// withUnderscores lets words of several parts be written as they are read, with a hyphen.
func withUnderscores(word string) string { return strings.ReplaceAll(word, "-", "_") }
