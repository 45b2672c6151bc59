package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// mountApprove adds the pages behind the links in the mails that ask for votes. They need a session: that of the link's person.
func (w *console) mountApprove(pages *gin.RouterGroup) {
	pages.GET(app.ApprovePath+":secret", w.approvalLink)
	pages.POST(app.ApprovePath+":secret", w.voteByLink)
}

// approveView is the page of a link that leads to a vote.
type approveView struct {
	page
	Link app.ApprovalLink
	// Ballot is the vote, as the page of the change has it.
	Ballot ballot
	// Why says why there is no vote by this link, Changed what was edited since the mail.
	Why     string
	Changed []string
	// Seats are the votes that the reader can give on the change now, on its page.
	Seats []seat
	// Waiting counts the other votes that wait for the reader.
	Waiting int
}

// Stage is the one that is voted in, as it stands.
func (v approveView) Stage() approval.Stage {
	if v.Link.Change.Approval == nil {
		return approval.Stage{}
	}
	stage, _ := v.Link.Change.Approval.Stage(v.Link.Stage) // without a name where there is none any more
	return stage
}

// InPlaceOf is whose vote the link leads to, where that is not the reader's own.
func (v approveView) InPlaceOf() string {
	if v.Link.Seat == v.Link.Person {
		return ""
	}
	return v.Link.Seat
}

// Asks words whose vote is asked for.
func (v approveView) Asks() string {
	if v.InPlaceOf() != "" {
		return "A vote in place of " + v.InPlaceOf() + " is asked for, " + v.Who.Name
	}
	return "Your vote is asked for, " + v.Who.Name
}

// Covers words what the vote is about.
func (v approveView) Covers() string {
	covers := v.Stage().Covered()
	switch {
	case len(covers) != 1:
		return "what is done, and when"
	case covers[0] == approval.Schedule:
		return "when it is done"
	}
	return "what is done"
}

// CanVote reports whether the reader can vote on the page of the change, in the stage of the link.
func (v approveView) CanVote() bool {
	return slices.ContainsFunc(v.Seats, func(in seat) bool { return in.Stage == v.Link.Stage })
}

// voteThere words the way to a vote on the page of a change.
func voteThere(seats []seat) string {
	if outstanding(seats) == 0 {
		return "Change your vote"
	}
	return "Vote on its page"
}

// approvalLink shows what would be voted on. Following the link votes nothing: mail programs follow links too.
func (w *console) approvalLink(c *gin.Context) {
	link, err := w.Links.ApprovalLink(c.Request.Context(), c.Param("secret"))
	w.showApprove(c, approveView{Link: link}, err)
}

func (w *console) voteByLink(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	vote, written := readBallot(c)
	link, err := w.Links.VoteByLink(c.Request.Context(), c.Param("secret"), app.LinkedBallot{Vote: vote.Vote, Comment: vote.Comment, Conditions: vote.Conditions})
	view := approveView{Link: link}
	if err == nil && link.Over == "" {
		w.showVoted(c, view)
		return
	}
	view.Ballot.Vote, view.Ballot.Comment, view.Ballot.Conditions = string(vote.Vote), vote.Comment, written
	w.showApprove(c, view, err)
}

// showApprove shows the vote that a link leads to, or why it leads to none.
func (w *console) showApprove(c *gin.Context, view approveView, err error) {
	number, code := view.Link.Change.Number, domain.CodeOf(err)
	switch {
	case err != nil && number == "" && (code == domain.CodeForbidden || code == domain.CodeNotFound):
		problem := w.problem(c, err)
		view.page, view.Why = w.page(c, "This link leads nowhere"), "No mail that asks for a vote holds it, or it has been over for long."
		if code == domain.CodeForbidden {
			view.Title, view.Why = "This link is another person's", "A vote is given by whoever it was mailed to, in their own session. That it was tried in yours is kept in the audit."
		}
		w.show(c, problem.Status, strangeLinkPage(view))
	case err != nil && number == "":
		w.fail(c, err)
	case err != nil && code == domain.CodeConflict && len(domain.AsError(err).Fields) > 0:
		view.Why = "It is about something else now than the mail was."
		for _, wrong := range domain.AsError(err).Fields {
			view.Changed = append(view.Changed, strings.TrimPrefix(wrong.Location, "body."))
		}
		w.showOver(c, view, number+" was edited since the mail", w.problem(c, err).Status)
	case err != nil && (code == domain.CodeConflict || code == domain.CodeForbidden):
		problem := w.problem(c, err)
		view.Why = sentence(problem.Detail)
		w.showOver(c, view, "By this link no vote is taken", problem.Status)
	case view.Link.Over != "":
		over := view.over(c.Request.Context())
		view.Why = over.Title
		w.showOver(c, view, over.Value, http.StatusGone)
	default:
		w.showBallot(c, view, err)
	}
}

// showBallot shows the vote, with what was refused of it.
func (w *console) showBallot(c *gin.Context, view approveView, refused error) {
	ctx, written := c.Request.Context(), view.Ballot
	view.page = w.page(c, "Vote on "+view.Link.Change.Number)
	content, err := w.enclose(ctx, view.Link.Change.Change)
	if err != nil {
		w.fail(c, err)
		return
	}
	me := view.Who.Handle
	view.Ballot = ballotOf(content, seat{Stage: view.Link.Stage, Person: view.Link.Seat, Stood: view.Stage()}, me, view.Now)
	status := http.StatusOK
	if refused != nil {
		w.problem(c, refused)
		status = view.Ballot.refuse(refused, change.CastVote{Vote: approval.Choice(written.Vote), Comment: written.Comment}, written.Conditions)
	}
	w.show(c, status, approvePage(view))
}

// showVoted says what has become of the vote.
func (w *console) showVoted(c *gin.Context, view approveView) {
	view.page = w.page(c, "You have voted on "+view.Link.Change.Number)
	votes, err := w.approvalsFor(c.Request.Context())
	if err != nil {
		w.Log.WarnContext(c.Request.Context(), "what else waits for a vote could not be read", "error", err)
	}
	view.Waiting = len(votes.Asked)
	w.show(c, http.StatusOK, votedPage(view))
}

// showOver says why a link leads to no vote, and where there is one.
func (w *console) showOver(c *gin.Context, view approveView, title string, status int) {
	view.page = w.page(c, title)
	var err error
	if view.Seats, err = w.seatsOf(c.Request.Context(), view.page, view.Link.Change.Change); err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, status, overApprovePage(view))
}

// leftWords tell somebody why they do not decide any more.
var leftWords = map[approval.Leaving]string{
	approval.AsRequester:   "The change is asked for by you, and nobody decides about their own work.",
	approval.AsImplementer: "You carry the change out, and nobody decides about their own work.",
	approval.AsTaskOwner:   "A task of the change is yours, and nobody decides about their own work.",
	approval.Recused:       "You have stepped aside.", approval.Inactive: "Your account was inactive.",
	approval.NoLonger: "You are no longer one of those who are asked: the role or the team for which you were has ended.",
}

// over says what has become of a link: the title of the page, and the reason.
func (v approveView) over(ctx context.Context) choice {
	stage := v.Stage()
	switch {
	case v.Link.Over == app.LinkUsed:
		return choice{"You have voted by this link", "It works once. As long as the vote is open, you can change yours on the page of the change."}
	case v.Link.Over == app.LinkExpired:
		return choice{"This link has expired", "It worked for two weeks, until " + shown(ctx, v.Link.ExpiresAt) + "."}
	case v.Link.Over == app.LinkLeft && v.InPlaceOf() != "":
		return choice{"This vote is over", v.InPlaceOf() + " does not decide this any more."}
	case v.Link.Over == app.LinkNotInPlace:
		return choice{
			"You do not vote in place of " + v.Link.Seat, "The delegation has ended, the vote has been given, or you have a part in the change.",
		}
	case v.Link.Over == app.LinkLeft:
		return choice{"You do not decide this any more", leftWords[v.Link.Left]}
	case stage.State == approval.StageApproved || stage.State == approval.StageRejected || stage.State == approval.Moot:
		return choice{"This vote is over", "The stage " + stageName(stage.Name) + " is " + stageStates[stage.State] + ". " + sentence(stage.Figures.Why)}
	}
	return choice{"This vote is over", "Nobody is asked any more: the change was taken back, or is asked about in another way."}
}
