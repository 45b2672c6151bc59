package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// mountAcknowledge adds the pages behind the links in the mails of pages, which need no session.
func (w *console) mountAcknowledge(open *gin.RouterGroup) {
	open.GET(app.AcknowledgePath+":secret", w.acknowledgeLink)
	open.POST(app.AcknowledgePath+":secret", w.acknowledgeByLink)
}

// acknowledgeView is the page of a link that acknowledges.
type acknowledgeView struct {
	page
	Link app.AcknowledgeLink
	// Done: it was acknowledged just now.
	Done    bool
	Failure string
}

// acknowledgeLink shows what a link does. Following it does nothing: mail programs follow links too.
func (w *console) acknowledgeLink(c *gin.Context) {
	link, err := w.Links.AcknowledgeLink(c.Request.Context(), c.Param("secret"))
	w.showAcknowledge(c, acknowledgeView{Link: link}, err)
}

func (w *console) acknowledgeByLink(c *gin.Context) {
	link, err := w.Links.AcknowledgeByLink(c.Request.Context(), c.Param("secret"), w.caller(c))
	if err != nil && link.Number != "" { // it is a link, and the command was not taken
		problem := w.problem(c, err)
		view := acknowledgeView{page: w.page(c, "Take care of "+link.SourceNumber), Link: link, Failure: sentence(problem.Detail)}
		w.show(c, problem.Status, acknowledgePage(view))
		return
	}
	w.showAcknowledge(c, acknowledgeView{Link: link, Done: err == nil && link.Over == ""}, err)
}

func (w *console) showAcknowledge(c *gin.Context, view acknowledgeView, err error) {
	status := http.StatusOK
	switch {
	case domain.CodeOf(err) == domain.CodeNotFound && err != nil:
		w.show(c, http.StatusNotFound, deadLinkPage(w.page(c, "This link does not work"), "No mail of a page holds it: it may have been cut off on its way."))
		return
	case err != nil:
		w.fail(c, err)
		return
	case view.Link.Over != "":
		w.show(c, http.StatusGone, deadLinkPage(w.page(c, "This link is over"), overWords(view.Link)))
		return
	}
	view.page = w.page(c, "Take care of "+view.Link.SourceNumber)
	if view.Done {
		view.Title = "You take care of " + view.Link.SourceNumber
	}
	w.show(c, status, acknowledgePage(view))
}

// overWords say why a link does not work any more, and how things stand.
func overWords(link app.AcknowledgeLink) string {
	switch {
	case link.Over == app.LinkEnded:
		return link.SourceNumber + " needs nobody any more."
	case link.AcknowledgedBy == link.Person:
		return "You take care of " + link.SourceNumber + " already."
	case link.AcknowledgedBy != "":
		return link.AcknowledgedBy + " takes care of " + link.SourceNumber + "."
	case link.Over == app.LinkUsed:
		return "It was used before, and " + link.SourceNumber + " calls for somebody again."
	}
	return "It worked for a day, and " + link.SourceNumber + " still calls for somebody."
}
