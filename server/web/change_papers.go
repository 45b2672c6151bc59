package web

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	changeFilesPath = changesPath + "/:record/attachments"
	changeFilePath  = changeFilesPath + "/:attachment"
)

// mountChangePapers adds the notes, the files and the watchers of changes.
func (w *console) mountChangePapers(changes *gin.RouterGroup) {
	changes.POST("/:record/notes", w.addChangeNote)
	changes.POST("/:record/attachments", w.addChangeAttachment)
	changes.GET("/:record/attachments/:attachment", w.downloadFromChange)
	changes.POST("/:record/attachments/:attachment/remove", w.removeFromChange)
	changes.POST("/:record/watchers", w.watchTheChange)
	changes.POST("/:record/watchers/remove", w.unwatchTheChange)
}

// addChangeNote puts a note on a change. Which button was pressed says who reads it.
func (w *console) addChangeNote(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	reference, key := c.Param("record"), c.PostForm(keyField)
	body := app.NoteBody{Body: c.PostForm("body"), Internal: c.PostForm("audience") == "internal"}
	_, err := w.Service.AddChangeNote(c.Request.Context(), reference, key, body)
	if err == nil {
		c.Redirect(http.StatusSeeOther, recordURL(reference)+"#timeline")
		return
	}
	w.refuseChangePart(c, err, func(view *changeView, problem *server.Problem) {
		view.Note = noteForm{Key: keyAfter(problem, key), Text: body.Body, Problem: problem}
	})
}

// addChangeAttachment stores a file at a change as it arrives.
func (w *console) addChangeAttachment(c *gin.Context) {
	key, err := w.receiveUpload(c, c.Param("record"), w.Service.AddChangeAttachment)
	if err == nil {
		c.Redirect(http.StatusSeeOther, recordURL(c.Param("record"))+"#attachments")
		return
	}
	w.refuseChangePart(c, err, func(view *changeView, problem *server.Problem) {
		view.Upload = uploadForm{Key: keyAfter(problem, key), Problem: problem}
	})
}

// downloadFromChange gives a file of a change.
func (w *console) downloadFromChange(c *gin.Context) {
	file, content, err := w.Service.OpenChangeAttachment(c.Request.Context(), c.Param("record"), c.Param("attachment"))
	w.sendFile(c, file, content, err)
}

// removeFromChange takes a file of a change away.
func (w *console) removeFromChange(c *gin.Context) {
	err := w.Service.RemoveChangeAttachment(c.Request.Context(), c.Param("record"), c.Param("attachment"))
	w.sendBack(c, err, recordURL(c.Param("record"))+"#attachments")
}

// refuseChangePart shows the change again, with the failure beside the form that caused it. Whoever may not add to it has no form.
func (w *console) refuseChangePart(c *gin.Context, err error, put func(*changeView, *server.Problem)) {
	view, viewErr := w.readChange(c)
	if viewErr != nil || domain.CodeOf(err) == domain.CodeForbidden {
		w.fail(c, err)
		return
	}
	problem := server.ProblemOf(err)
	put(&view, problem)
	w.show(c, problem.Status, changePage(view))
}

// voids says what a file that comes or goes now does to the votes; empty: nothing.
func (v changeView) voids(what string) string {
	c := v.Change
	over := change.Over(c.State) || c.State == change.Draft || c.State == change.Rejected
	switch {
	case c.Approval == nil || c.Approval.SubmittedAt == nil || over:
		return ""
	case c.State == change.AwaitingApproval:
		return "It is being voted on: " + what + " makes the votes about what is done void, and those who gave them are asked again."
	}
	return "It is approved: " + what + " makes the votes about what is done void. Those who gave them are asked again, and until then it is not approved."
}

// attach stores a file at a record, as the service does.
type attach func(ctx context.Context, reference, key string, upload app.Upload) (app.Attachment, error)
