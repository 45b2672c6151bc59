package web

import (
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// addNote puts a note on a record. Which button was pressed says who reads it.
func (w *console) addNote(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	reference, key := c.Param("record"), c.PostForm(keyField)
	body := app.NoteBody{Body: c.PostForm("body"), Internal: c.PostForm("audience") == "internal", Answer: c.PostForm("audience") == "answer"}
	_, err := w.Service.AddNote(c.Request.Context(), reference, key, body)
	if err == nil {
		c.Redirect(http.StatusSeeOther, recordURL(reference)+"#timeline")
		return
	}
	w.refusePart(c, err, func(view *recordView, problem *server.Problem) {
		view.Note = noteForm{Key: keyAfter(problem, key), Text: body.Body, Problem: problem}
		w.offerReplies(c, view)
	})
}

// refusePart shows the record again, with the failure beside the form that caused it.
func (w *console) refusePart(c *gin.Context, err error, put func(*recordView, *server.Problem)) {
	view, viewErr := w.recordView(c)
	if viewErr != nil {
		w.fail(c, err) // the first failure is the one that matters; the page would only say it again
		return
	}
	problem := server.ProblemOf(err)
	put(&view, problem)
	w.show(c, problem.Status, recordPage(view))
}

// uploadBound leaves room for the form around the file.
const uploadBound = app.MaxAttachmentBytes + maxForm

// addAttachment stores a file as it arrives; its form sends the other fields first.
func (w *console) addAttachment(c *gin.Context) {
	key, err := w.receiveUpload(c, c.Param("record"), w.Service.AddAttachment)
	if err == nil {
		c.Redirect(http.StatusSeeOther, recordURL(c.Param("record"))+"#attachments")
		return
	}
	w.refusePart(c, err, func(view *recordView, problem *server.Problem) {
		view.Upload = uploadForm{Key: keyAfter(problem, key), Problem: problem}
	})
}

// receiveUpload reads an upload as long as it keeps coming, and stores its file. It answers the form's key.
func (w *console) receiveUpload(c *gin.Context, record string, add attach) (string, error) {
	body := server.Patient(c.Request.Body, http.NewResponseController(c.Writer).SetReadDeadline)
	c.Request.Body = http.MaxBytesReader(c.Writer, io.NopCloser(body), uploadBound)
	return receive(c.Request.Context(), c.Request, record, add)
}

// receive reads an upload's form up to its file and stores that.
func receive(ctx context.Context, request *http.Request, record string, add attach) (key string, err error) {
	parts, err := request.MultipartReader()
	if err != nil {
		return "", domain.Errorf(domain.CodeMalformed, "the upload could not be read")
	}
	public := false
	for {
		part, err := parts.NextPart()
		if err != nil {
			return key, domain.Invalid("file", "is missing: choose one first")
		}
		switch part.FormName() {
		case keyField:
			key, err = shortValue(part)
		case "public":
			public = true
		case "file":
			if part.FileName() == "" {
				return key, domain.Invalid("file", "is missing: choose one first")
			}
			_, err = add(ctx, record, key, app.Upload{
				Name: part.FileName(), MediaType: mediaType(part.Header.Get("Content-Type")), Public: public, Content: part,
			})
			return key, err
		}
		if err != nil {
			return key, err
		}
	}
}

func shortValue(part *multipart.Part) (string, error) {
	value, err := io.ReadAll(io.LimitReader(part, domain.MaxItemBytes))
	if err != nil {
		return "", domain.Errorf(domain.CodeMalformed, "the upload could not be read")
	}
	return string(value), nil
}

func mediaType(header string) string {
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		return "application/octet-stream"
	}
	return media
}

// download gives a file of an incident.
func (w *console) download(c *gin.Context) {
	file, content, err := w.Service.OpenAttachment(c.Request.Context(), c.Param("record"), c.Param("attachment"))
	w.sendFile(c, file, content, err)
}

// removeAttachment takes a file of an incident away.
func (w *console) removeAttachment(c *gin.Context) {
	err := w.Service.RemoveAttachment(c.Request.Context(), c.Param("record"), c.Param("attachment"))
	w.sendBack(c, err, recordURL(c.Param("record"))+"#attachments")
}

// sendBack goes on to a page, unless what was asked for failed.
func (w *console) sendBack(c *gin.Context, err error, page string) {
	if err != nil {
		w.fail(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, page)
}

// sendFile gives a file that was opened, or says why it was not; it is never to be shown by a browser as a page of ours.
func (w *console) sendFile(c *gin.Context, file app.Attachment, content io.ReadCloser, err error) {
	if err != nil {
		w.fail(c, err)
		return
	}
	defer func() {
		if err := content.Close(); err != nil {
			w.Log.Warn("an attachment could not be closed", "error", err)
		}
	}()
	c.Header("Content-Type", "application/octet-stream")
	c.Header("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	c.Header("Content-Length", strconv.FormatInt(file.Bytes, 10))
	c.Status(http.StatusOK)
	if _, err := io.Copy(c.Writer, content); err != nil {
		w.Log.Debug("an attachment was not sent whole", "error", err)
	}
}
