package web

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/server"
)

const (
	// maxImport bounds an import by the console: its preview carries what was sent. The command line takes more.
	maxImport = 8 << 20
	// maxSources is how many files are imported at once.
	maxSources = 20
	// plannedShown bounds the lines of a preview.
	plannedShown = 200
)

// importView is an import: its form, and what it would write or has written.
type importView struct {
	page
	Sources []configuration.Source
	Reason  string
	// Report is of the last step; nil before the first.
	Report  *configuration.Report
	Problem *server.Problem
}

// written reports whether everything was written.
func (v importView) written() bool {
	return v.Report != nil && !v.Report.DryRun && len(v.Report.Faults) == 0
}

// writes reports whether what is previewed can be written.
func (v importView) writes() bool {
	if v.Report == nil || !v.Report.DryRun || len(v.Report.Faults) > 0 {
		return false
	}
	return v.Report.Items.Created+v.Report.Items.Changed+v.Report.Relations.Created > 0
}

func (w *console) importForm(c *gin.Context) {
	w.show(c, http.StatusOK, importPage(importView{page: w.page(c, "Import configuration items")}))
}

// importItems takes files and tells what would be written; sent once more from there, it writes.
func (w *console) importItems(c *gin.Context) {
	view := importView{page: w.page(c, "Import configuration items")}
	write, err := view.receive(c)
	if err == nil && len(view.Sources) == 0 {
		err = domain.Invalid("file", "is missing: choose one first")
	}
	var report configuration.Report
	if err == nil {
		report, err = w.Service.ImportConfiguration(c.Request.Context(), app.ImportBody{Sources: view.Sources, DryRun: !write, Reason: view.Reason})
	}
	if err != nil {
		view.Problem = w.problem(c, err)
		w.show(c, view.Problem.Status, importPage(view))
		return
	}
	view.Report = &report
	status := http.StatusOK
	if len(report.Faults) > 0 {
		status = http.StatusUnprocessableEntity
	}
	w.show(c, status, importPage(view))
}

// receive reads the files of the form, or what its preview carries of them.
func (v *importView) receive(c *gin.Context) (write bool, err error) {
	body := server.Patient(c.Request.Body, http.NewResponseController(c.Writer).SetReadDeadline)
	// What a preview carries comes back with a carriage return before each line's end.
	c.Request.Body = http.MaxBytesReader(c.Writer, io.NopCloser(body), 2*maxImport)
	parts, err := c.Request.MultipartReader()
	if err != nil {
		return false, domain.Errorf(domain.CodeUnsupportedMedia, "this form is sent as multipart/form-data")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return write, nil
		}
		if err != nil {
			return write, unreadImport(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			return write, unreadImport(err)
		}
		if line, why := configuration.Unreadable(string(text)); why != "" {
			return write, domain.Invalid("file", "%s, line %d: %s", cmp.Or(part.FileName(), part.FormName()), line, why)
		}
		if err := v.take(part.FormName(), part.FileName(), string(text), &write); err != nil {
			return write, err
		}
	}
}

// take keeps one part of the form.
func (v *importView) take(name, file, text string, write *bool) error {
	switch name {
	case "file":
		if file != "" {
			v.Sources = append(v.Sources, configuration.Source{Name: file, Format: formatOf(file), Text: text})
		}
	case "name":
		v.Sources = append(v.Sources, configuration.Source{Name: text, Format: formatOf(text)})
	case "text":
		if last := len(v.Sources) - 1; last >= 0 {
			v.Sources[last].Text = strings.ReplaceAll(text, "\r\n", "\n")
		}
	case "reason":
		v.Reason = strings.TrimSpace(text)
	case "write":
		*write = true
	}
	size := 0
	for _, source := range v.Sources {
		size += len(source.Text)
	}
	if size > maxImport {
		return tooLargeImport()
	}
	if len(v.Sources) > maxSources {
		return domain.Invalid("file", "holds more than %d files", maxSources)
	}
	return nil
}

func unreadImport(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLargeImport()
	}
	return domain.Errorf(domain.CodeMalformed, "the upload could not be read")
}

func tooLargeImport() error {
	return domain.Errorf(domain.CodeTooLarge, "the console imports at most %d MiB at once; holdfast ci import takes more", maxImport>>20)
}

func formatOf(name string) string {
	if strings.EqualFold(filepath.Ext(name), ".json") {
		return configuration.JSON
	}
	return configuration.CSV
}

// plannedWords say what an import is about to write.
func plannedWords(one configuration.Planned) string {
	if one.Relation != nil {
		kind, _ := configuration.RelationTypeNamed(one.Relation.Type)
		return one.Relation.From + " " + kind.Title + " " + one.Relation.To
	}
	return one.Handle
}

// importCounts say how many items or relations become what.
func importCounts(ctx context.Context, counts configuration.Counts, change bool) string {
	words := []string{numeral(ctx, counts.Created) + " added"}
	if change {
		words = append(words, numeral(ctx, counts.Changed)+" changed")
	}
	return strings.Join(append(words, numeral(ctx, counts.Unchanged)+" as they are"), ", ")
}

func plannedWord(what string) string {
	if what == configuration.Created {
		return "added"
	}
	return "changed"
}
