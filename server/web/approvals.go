package web

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	approvalsPath = "/approvals"
	boardPath     = changesPath + "/board"
)

// mountApprovals adds the pages of those who decide.
func (w *console) mountApprovals(pages *gin.RouterGroup) {
	pages.GET(boardPath, w.staffOnly, w.needs(app.PermissionChangeRead), w.board)
	own := pages.Group(approvalsPath, w.needs(app.PermissionApprovalOwn))
	own.GET("", w.approvals)
	own.POST("/delegations", w.addDelegation)
	own.POST("/delegations/:id/end", w.endDelegation)
}

// approvalsView is what waits for somebody's vote, what they decided, and who stands in for whom.
type approvalsView struct {
	page
	Votes       app.Approvals
	Delegations []app.Delegation
	// Since is the place in the stream of events that they were read at; empty: it is not known.
	Since string
	Form  form
	// Problem is what was refused a moment ago and belongs to no form; Done names what was done.
	Problem *server.Problem
	Done    string
}

func (w *console) approvals(c *gin.Context) {
	view, err := w.approvalsView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Done = c.Query("done")
	w.show(c, http.StatusOK, approvalsPage(view))
}

func (w *console) approvalsView(c *gin.Context) (approvalsView, error) {
	ctx, view := c.Request.Context(), approvalsView{page: w.page(c, "Approvals")}
	var err error
	if view.Since, err = w.place(ctx); err != nil {
		return view, err
	}
	if view.Votes, err = w.Service.Approvals(ctx); err != nil {
		return view, err
	}
	if view.Delegations, err = w.Service.Delegations(ctx); err != nil {
		return view, err
	}
	view.Form = delegationForm()
	view.Form.Zone = zoneOf(ctx)
	view.Form.Fields[1].Value, view.Form.Fields[1].At = view.Now.In(zoneIn(ctx)).Format(momentLayouts[0]), &view.Now
	people, err := w.peopleChoices(ctx, nil)
	if err != nil {
		w.Log.WarnContext(ctx, "the people to choose from could not be read", "error", err)
		err = nil
	}
	view.Form.Fields[0].Choices = people
	return view, err
}

// delegationForm asks who votes in one's place, and how long.
func delegationForm() form {
	return form{Title: "Let somebody vote in your place", Action: approvalsPath + "/delegations", Key: newKey(), Fields: []field{
		{Name: "delegate", Label: "Who votes in your place", Required: true, Suggested: true, MaxLength: 100, Hint: "They are told, and shown as voting for you. Nobody counts twice."},
		{Name: "from", Label: "From", Kind: moment, Required: true},
		{Name: "until", Label: "Until", Kind: moment, Required: true, Hint: "At most a year."},
		{Name: "reason", Label: "Why", Optional: true, MaxLength: 2000},
	}}
}

func (w *console) addDelegation(c *gin.Context) {
	w.answerDelegation(c, "made", func(view *approvalsView) (*form, error) {
		f := &view.Form
		read(f.Fields, c.Request.PostForm)
		f.Key, f.Zone = c.PostForm(keyField), c.PostForm(zoneField)
		content, err := bodyOf(f.Fields, f.Zone)
		var body app.Delegating
		if err == nil {
			err = json.Unmarshal(content, &body)
		}
		if err == nil {
			_, err = w.Service.Delegate(c.Request.Context(), body)
		}
		return f, err
	})
}

func (w *console) endDelegation(c *gin.Context) {
	w.answerDelegation(c, "ended", func(*approvalsView) (*form, error) {
		return nil, w.Service.EndDelegation(c.Request.Context(), c.Param("id"))
	})
}

// answerDelegation does something about a delegation, and leads back or shows the page with what was refused.
func (w *console) answerDelegation(c *gin.Context, done string, do func(*approvalsView) (*form, error)) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	view, err := w.approvalsView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	f, err := do(&view)
	switch {
	case err == nil:
		c.Redirect(http.StatusSeeOther, approvalsPath+"?done="+done+"#delegations")
	case f != nil:
		w.show(c, f.refuse(err), approvalsPage(view))
	default:
		view.Problem = server.ProblemOf(err)
		w.show(c, view.Problem.Status, approvalsPage(view))
	}
}

// boardView is every change that waits for its board, one after the other.
type boardView struct {
	page
	// Mine: only those that wait for the reader are asked for. Cursor is where the page begins.
	Mine   bool
	Cursor string
	Next   string
	Items  []boardItem
	// Waiting is how many votes of the reader are outstanding in all, also on other pages.
	Waiting int
	// Since is the place in the stream of events that it was read at; empty: it is not known.
	Since string
}

// boardItem is one change on the board.
type boardItem struct {
	app.ChangeView
	Stages []stageView
	// Asked are the votes that the reader can give and has not given; each is fetched when it is opened.
	Asked []seat
	// Due is the deadline of the stage that ends first.
	Due dueMoment
}

// boardShown is how many changes a page of the board has at most.
const boardShown = 200

// board shows the changes that await approval. It asks as many questions whatever their number.
func (w *console) board(c *gin.Context) {
	view, err := w.boardView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, boardPage(view))
}

func (w *console) boardView(c *gin.Context) (boardView, error) {
	ctx := c.Request.Context()
	view := boardView{page: w.page(c, "CAB board"), Mine: c.Query("show") == "mine", Cursor: c.Query("cursor")}
	var err error
	if view.Since, err = w.place(ctx); err != nil {
		return view, err
	}
	votes, err := w.Service.Approvals(ctx)
	if err != nil {
		return view, err
	}
	view.Waiting = len(votes.Asked)
	delegations, err := w.Service.Delegations(ctx)
	if err != nil {
		return view, err
	}
	found, err := w.Service.Changes(ctx, app.ChangeQuery{Voting: true, Limit: boardShown, Cursor: view.Cursor})
	if err != nil {
		return view, err
	}
	view.Next = found.NextCursor
	for _, one := range found.Items {
		item := boardItem{ChangeView: one}
		for _, stage := range stagesOf(one.Change) {
			if stage.State.Undecided() {
				item.Stages = append(item.Stages, stage)
			}
		}
		item.Due = item.dueBy()
		for _, in := range seatsWith(view.page, one.Change, delegations) {
			if in.Given == nil {
				item.Asked = append(item.Asked, in)
			}
		}
		if !view.Mine || len(item.Asked) > 0 {
			view.Items = append(view.Items, item)
		}
	}
	slices.SortStableFunc(view.Items, func(a, b boardItem) int {
		return cmp.Or(boolPlace(len(a.Asked) == 0)-boolPlace(len(b.Asked) == 0), a.Due.compare(b.Due), cmp.Compare(a.Number, b.Number))
	})
	return view, nil
}

// ballotURL leads to a vote that leads back to the board.
func (v boardView) ballotURL(number string, in seat) string {
	return changeDoURL(number, "cast_vote", "stage", in.Stage, "for", in.Person, backField, v.url(""))
}

func (v boardView) url(cursor string) string {
	address, sign := boardPath, "?"
	if v.Mine {
		address, sign = address+"?show=mine", "&"
	}
	if cursor != "" {
		address += sign + "cursor=" + cursor
	}
	return address
}

// dueBy is the deadline of the stage that ends first; none comes last.
func (i boardItem) dueBy() dueMoment {
	var first dueMoment
	for _, stage := range i.Stages {
		if due := stage.Timing.DueAt; due != nil && stage.State == approval.Open && (first == 0 || dueMoment(due.UnixMilli()) < first) {
			first = dueMoment(due.UnixMilli())
		}
	}
	return first
}

// dueMoment is an instant in milliseconds; 0: none.
type dueMoment int64

func (d dueMoment) compare(other dueMoment) int {
	if (d == 0) != (other == 0) {
		return boolPlace(d == 0) - boolPlace(other == 0)
	}
	return cmp.Compare(d, other)
}

// asksFor words in whose place a vote is asked for; empty for one's own.
func asksFor(person, me string) string {
	if person == me {
		return ""
	}
	return "for " + person
}

// votedWord words a vote that was given.
func votedWord(choice approval.Choice) string { return strings.ToLower(castWords[choice]) }

// voteURL leads to a vote that is asked for.
func voteURL(number, stage, person string) string {
	return changeDoURL(number, "cast_vote", "stage", stage, "for", person) + "#command"
}

// approvalsFor are the votes that wait for the reader; none for who may not give any.
func (w *console) approvalsFor(ctx context.Context) (app.Approvals, error) {
	who, err := app.PrincipalFrom(ctx)
	if err != nil || !who.May(app.PermissionApprovalOwn) {
		return app.Approvals{}, err
	}
	return w.Service.Approvals(ctx)
}
