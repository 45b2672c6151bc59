package web

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// mountApprove adds the pages behind the links in the mails that ask for votes. They need a session: that of the link's person.
func (w *console) mountApprove(pages *gin.RouterGroup) {
	pages.GET(app.ApprovePath+":secret", w.approvalLink)
	pages.POST(app.ApprovePath+":secret", w.voteByLink)
}

// approveView is the page of a link that leads to a vote.
type approveView struct {
	page
	Link   app.ApprovalLink
	Ballot app.LinkedBallot
	// Done: the vote was given just now.
	Done bool
	// Failure says why it was not, Errors which of what was written is wrong.
	Failure string
	Errors  []domain.FieldError
}

// Stage is the one that is voted in, as it stands.
func (v approveView) Stage() approval.Stage {
	if v.Link.Change.Approval == nil {
		return approval.Stage{}
	}
	stage, _ := v.Link.Change.Approval.Stage(v.Link.Stage) // without a name where there is none any more
	return stage
}

// Covers words what the vote is about.
func (v approveView) Covers() string {
	covers := v.Stage().Covers
	switch {
	case len(covers) != 1:
		return "what is done, and when"
	case covers[0] == approval.Schedule:
		return "when it is done"
	}
	return "what is done"
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
	ballot := app.LinkedBallot{
		Vote: approval.Choice(c.PostForm("vote")), Comment: strings.TrimSpace(c.PostForm("comment")), Conditions: approveLines(c.PostForm("conditions")),
	}
	if ballot.Vote != approval.ApproveWith {
		ballot.Conditions = nil
	}
	link, err := w.Links.VoteByLink(c.Request.Context(), c.Param("secret"), ballot)
	w.showApprove(c, approveView{Link: link, Ballot: ballot, Done: err == nil && link.Over == ""}, err)
}

// approveLines are the lines of a text that say something.
func approveLines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func (w *console) showApprove(c *gin.Context, view approveView, err error) {
	number := view.Link.Change.Number
	switch {
	case err != nil && (number == "" || domain.CodeOf(err) == domain.CodeForbidden):
		w.fail(c, err)
	case err != nil && domain.CodeOf(err) == domain.CodeConflict:
		problem := w.problem(c, err)
		view.page, view.Failure, view.Errors = w.page(c, number+" is no longer what this link is about"), sentence(problem.Detail), domain.AsError(err).Fields
		w.show(c, problem.Status, overApprovePage(view))
	case err != nil:
		problem := w.problem(c, err)
		view.page, view.Failure, view.Errors = w.page(c, "Vote on "+number), sentence(problem.Detail), domain.AsError(err).Fields
		w.show(c, problem.Status, approvePage(view))
	case view.Link.Over != "":
		view.page, view.Failure = w.page(c, "This link is over"), approveOver[view.Link.Over]
		w.show(c, http.StatusGone, overApprovePage(view))
	case view.Done:
		view.page = w.page(c, "You have voted on "+number)
		w.show(c, http.StatusOK, approvePage(view))
	default:
		view.page = w.page(c, "Vote on "+number)
		w.show(c, http.StatusOK, approvePage(view))
	}
}

// approveOver says why a link to a vote does not work any more.
var approveOver = map[app.LinkOver]string{
	app.LinkUsed:    "You have voted by it already. As long as the stage is open, you can change your vote on the page of the change.",
	app.LinkExpired: "It worked for two weeks.",
	app.LinkEnded:   "Nobody is asked for this vote any more.",
}

// ballotChoice is one of the votes that a link offers.
type ballotChoice struct {
	Vote  approval.Choice
	Title string
	Hint  string
}

// ballotChoices are the votes, in the order in which they are offered.
var ballotChoices = []ballotChoice{
	{approval.Approve, "Approve", ""},
	{approval.ApproveWith, "Approve on conditions", "Each is a task that must be done before the start."},
	{approval.Reject, "Reject", "Say why below."},
	{approval.Abstain, "Abstain", "You were there, and have no opinion."},
	{approval.Recuse, "Step aside", "You have an interest of your own, and leave those who decide."},
}
