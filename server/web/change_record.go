package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// changeView is all that the page of a change shows.
type changeView struct {
	page
	Change   app.ChangeView
	Timeline []domain.StoredEvent
	// After is the place that the timeline shown begins after; More: it goes on after what is shown.
	After int64
	More  bool
	// Commands are those of the allowed ones that this reader is one to give, the usual next one first.
	Commands []string
	// Stages are those of the approval, and Seats what the reader may vote in now.
	Stages []stageView
	Seats  []seat
	// Predecessors are the changes that must have ended well before, as far as the reader may read them.
	Predecessors []app.ChangeView
	// Form is the command that is being given, with Tasks where it has some, TasksWas being those there were; Ballot is the vote that is.
	Form     *form
	Tasks    []taskRow
	TasksWas string
	Ballot   *ballot
	NotNow   string
	// Questions are those about the risk, by their names, where some are answered.
	Questions map[string]string
	// Attachments are the files that the reader may have; Note and Upload add to the change.
	Attachments []app.Attachment
	Note        noteForm
	Upload      uploadForm
	// Watchers are for who adds notes and files.
	Watchers watchersView
}

// change shows one change; ?do=submit shows it with that command's form open, ?do=cast-vote with the vote.
func (w *console) change(c *gin.Context) {
	view, err := w.readChange(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	switch verb := verbOf(c.Query("do")); {
	case verb == "":
	case verb == "cast_vote":
		view.openBallot(c.Request.Context(), c.Query("stage"), c.Query("for"))
		if back := c.Query(backField); back != "" && view.Ballot != nil {
			view.Ballot.Back = local(back)
		}
	case slices.Contains(view.Change.AllowedCommands, verb):
		if err := w.openChangeForm(c.Request.Context(), &view, verb, c.Request.URL.Query()); err != nil {
			w.fail(c, err)
			return
		}
	default:
		view.NotNow = verb
	}
	w.show(c, http.StatusOK, changePage(view))
}

// readChange reads what the page shows: the timeline first, so that a page that knows of an event shows what it did.
func (w *console) readChange(c *gin.Context) (changeView, error) {
	ctx, reference := c.Request.Context(), c.Param("record")
	view := changeView{After: queryNumber(c, "after")}
	after := view.After
	for range timelinePages {
		events, err := w.Service.ChangeTimeline(ctx, reference, after, timelinePage)
		if err != nil {
			return view, err
		}
		view.Timeline = append(view.Timeline, events.Items...)
		if view.More = events.NextCursor != ""; !view.More {
			break
		}
		after = view.lastSeq()
	}
	found, err := w.Service.Change(ctx, reference)
	if err != nil {
		return view, err
	}
	view.page, view.Change = w.page(c, found.Number+" "+found.Title), found
	content, err := w.enclose(ctx, found.Change)
	if err != nil {
		return view, err
	}
	view.Attachments, view.Questions, view.Predecessors = content.Files, content.Questions, content.Before
	if view.Seats, err = w.seatsOf(ctx, view.page, found.Change); err != nil {
		return view, err
	}
	if found.MayAnnotate {
		if view.Watchers, err = w.watchersView(ctx, view.page, found.Number, w.Service.ChangeWatchers); err != nil {
			return view, err
		}
	}
	view.Note, view.Upload = noteForm{Key: newKey()}, uploadForm{Key: newKey()}
	view.Commands = inOrder(found.AllowedCommands)
	view.Stages = stagesOf(found.Change)
	return view, nil
}

// lastSeq is where the timeline shown ends.
func (v changeView) lastSeq() int64 {
	if len(v.Timeline) == 0 {
		return v.After
	}
	return v.Timeline[len(v.Timeline)-1].Seq
}

// allows reports whether the reader may give a command, and is one to give it.
func (v changeView) allows(verb string) bool { return slices.Contains(v.Commands, verb) }

// usual are the commands of changes in the order in which they usually come; the first that is allowed is the page's main button.
var usual = []string{
	"cast_vote", "answer_info", "submit", "peer_review", "assess", "schedule", "start", "complete", "review", "close", "back_out", "extend",
	"revise", "edit", "record_retrospective", "close_voting", "defer", "ask_others", "request_info", "withdraw", "cancel", "break_glass",
}

// elsewhere are commands that stand beside what they are about: a task, a conflict, an incident, a link.
var elsewhere = []string{"start_task", "complete_task", "override_conflict", "decide_cause", "link", "unlink"}

// inOrder puts commands into the order in which they usually come.
func inOrder(verbs []string) []string {
	return slices.SortedStableFunc(slices.Values(verbs), func(a, b string) int { return placeOf(a) - placeOf(b) })
}

func placeOf(verb string) int {
	if place := slices.Index(usual, verb); place >= 0 {
		return place
	}
	return len(usual)
}

// parted are the buttons of the head: the main one, those beside it, and those of the menu.
func (v changeView) parted() (main string, beside, menu []string) {
	for _, verb := range v.Commands {
		switch {
		case slices.Contains(elsewhere, verb):
		case verb == "cast_vote" && outstanding(v.Seats) == 0, // a vote that can be changed
			verb == "start" && !v.startsNow():
			menu = append(menu, verb)
		case verb == "complete" && tasksLeft(v.Change.Change) > 0: // until they are done, only as failed
			beside = append(beside, verb)
		case verb == "revise" && v.Change.State == change.Rejected && main == "":
			main = verb
		case main == "" && placeOf(verb) < slices.Index(usual, "back_out"):
			main = verb
		case placeOf(verb) <= slices.Index(usual, "edit"):
			beside = append(beside, verb)
		default:
			menu = append(menu, verb)
		}
	}
	if main == "" && len(beside) == 0 {
		return "", menu, nil // a menu of its own would only hide them
	}
	return main, beside, menu
}

// startsNow reports whether a start would not be refused for the hour or for what blocks it.
func (v changeView) startsNow() bool {
	span, set := v.Change.Window()
	return set && span.Holds(v.Now) && len(v.Change.Blocked()) == 0
}

// changeDoURL leads to the form of a command, filled in with what is named.
func changeDoURL(number, verb string, filled ...string) string {
	address := recordURL(number) + "?do=" + slug(verb)
	for i := 0; i+1 < len(filled); i += 2 {
		address += "&" + filled[i] + "=" + url.QueryEscape(filled[i+1])
	}
	return address
}

// waitsFor says what a change waits for, in one sentence; empty where the page says it elsewhere.
func (v changeView) waitsFor(ctx context.Context) string {
	c := v.Change
	switch c.State {
	case change.Draft:
		return "A draft: nobody is asked before it is submitted."
	case change.Assessing:
		switch {
		case c.AssessedBy == "" && c.ReviewedBy == "":
			return "Waits for somebody of " + orNone(c.Team) + " to assess its risk, and for a peer to read it."
		case c.AssessedBy == "":
			return "Waits for somebody to assess its risk. " + c.ReviewedBy + " has read it."
		}
		return "Waits for a peer to read it. " + c.AssessedBy + " has assessed its risk."
	case change.Rejected:
		words := "Rejected."
		if c.Approval != nil {
			words = "Rejected: " + whereApprovalStands(*c.Approval)
		}
		if v.allows("revise") {
			words += " Revise takes it back to its draft."
		}
		return words
	case change.Canceled:
		return "Canceled: it will not be made."
	case change.AwaitingApproval:
		if by := asking(v.Stages); by != "" {
			return whereApprovalStands(*c.Approval) + " " + by + " asked something: the deadline stands still until it is answered."
		}
		if c.AsksAgain() {
			return whereApprovalStands(*c.Approval) + " It has no window; the board is asked again when one is set."
		}
		if c.Approval != nil {
			return whereApprovalStands(*c.Approval)
		}
	case change.Approved:
		if c.WindowMissed {
			return "Approved. Its window passed without a start: it needs another."
		}
		if _, set := c.Window(); !set {
			return "Approved. It needs a window."
		}
		if ofSuspendedModel(c.Change) {
			return "Approved, but its model is suspended, so it is not scheduled."
		}
		return "Approved. What blocks it must be gone, or overridden, before it is scheduled."
	case change.Scheduled:
		switch {
		case c.HeldSince != nil:
			return "Held: its window is open, and a conflict keeps it from starting."
		case ofSuspendedModel(c.Change):
			return "Scheduled, but its model is suspended, so it does not start."
		case len(c.Blocked()) > 0:
			return "Scheduled. What blocks it must be gone, or overridden, before it starts."
		}
		if c.AutoStart {
			return "Scheduled: it starts by itself as its window opens."
		}
		if c.Assignee == "" {
			return "Scheduled. Nobody is named to carry it out yet: somebody of " + orNone(c.Team) + " starts it within its window."
		}
		return "Scheduled: " + c.Assignee + " starts it within its window."
	case change.Implementing:
		if left := tasksLeft(c.Change); left > 0 {
			return "Being carried out: " + count(ctx, left, "task is", "tasks are") + " still to be done."
		}
		return "Being carried out: everything is done, and how it went is still to be said."
	case change.Review:
		if c.ReviewNeeded != "" && c.Findings == "" {
			return "It must be reviewed: " + c.ReviewNeeded + "."
		}
		if c.WatchUntil != nil {
			return "Watched: incidents on what it touched may have been caused by it. It closes by itself."
		}
	}
	return ""
}

// ofSuspendedModel reports whether the model is out of use that a change follows.
func ofSuspendedModel(c change.Change) bool {
	return slices.ContainsFunc(c.Blocked(), func(one change.Conflict) bool { return !one.Overridable() })
}

// asking are those whose questions wait for an answer; empty: nobody's.
func asking(stages []stageView) string {
	var people []string
	for _, stage := range stages {
		if !stage.State.TakesVotes() {
			continue
		}
		for _, question := range stage.OpenQuestions() {
			people = append(people, question.By)
		}
	}
	slices.Sort(people)
	return strings.Join(slices.Compact(people), ", ")
}

// tasksDone counts how many of a change's tasks are done.
func tasksDone(ctx context.Context, c change.Change) string {
	return numeral(ctx, len(c.Tasks)-tasksLeft(c)) + " of " + numeral(ctx, len(c.Tasks)) + " done"
}

func tasksLeft(c change.Change) int {
	left := 0
	for _, task := range c.Tasks {
		if task.State != change.TaskDone {
			left++
		}
	}
	return left
}

// openBefore are the titles of the tasks that one still waits for.
func openBefore(c change.Change, task change.Task) []string {
	var list []string
	for _, other := range c.Tasks {
		if slices.Contains(task.After, other.ID) && other.State != change.TaskDone {
			list = append(list, other.Title)
		}
	}
	return list
}

func changeLiveURL(view changeView) string {
	return recordURL(view.Change.Number) + "/live?after=" + strconv.FormatInt(view.After, 10) + "&seq=" + strconv.FormatInt(view.lastSeq(), 10)
}

// whereApprovalStands is its reason, with the stages named as people write them.
func whereApprovalStands(decided approval.Approval) string {
	reason := "; " + decided.Reason()
	for _, stage := range decided.Stages {
		reason = strings.ReplaceAll(reason, "; "+stage.Name+": ", "; "+stageName(stage.Name)+": ")
	}
	return sentence(strings.TrimPrefix(reason, "; "))
}
