package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/policytest"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
	"github.com/holdfast-itsm/holdfast/server"
)

// policyForm is a document being written: its text, tests of it, and what was found out about both.
type policyForm struct {
	page
	Action string
	// Kind and Name are what the form is about; Name is empty for a new document.
	Kind, Name string
	// Base is the version that the text was made from; 0 for a new document.
	Base                int
	Text, Tests, Reason string
	Problem             *server.Problem
	// Faults are what is wrong with the text, by its lines.
	Faults      []app.PolicyFault
	ReasonWrong string
	// Right: the text was checked and nothing is wrong with it.
	Right bool
	// Same: it says what the stored version says.
	Same  bool
	Hunks []policytext.Hunk
	// Since is what others changed after Begun, the version that the text was made from, up to Base.
	Since []policytext.Hunk
	Begun int
	// Report is what became of the tests, where they were run.
	Report *app.PolicyTestReport
}

// The buttons of the form, as they are sent.
const (
	doCheck = "check"
	doTest  = "test"
	doApply = "apply"
)

// newPolicy shows the form of a new document, begun with an example of its kind.
func (w *console) newPolicy(c *gin.Context) {
	kind := c.Query("kind")
	if kind == "" {
		w.show(c, http.StatusOK, choosePolicyPage(w.page(c, "New policy")))
		return
	}
	if !slices.Contains(policyfile.Kinds(), kind) {
		w.fail(c, domain.Errorf(domain.CodeNotFound, "there is no kind %q", kind))
		return
	}
	form := w.policyForm(c, kind, "")
	form.Text, form.Tests = policyStarts[kind], testStarts[kind]
	w.show(c, http.StatusOK, editPolicyPage(form))
}

// editPolicy shows the form of a new version, begun with the newest.
func (w *console) editPolicy(c *gin.Context) {
	document, err := w.Service.Policy(c.Request.Context(), c.Param("kind"), c.Param("name"), 0)
	if err != nil {
		w.fail(c, err)
		return
	}
	form := w.policyForm(c, document.Kind, document.Name)
	form.Base, form.Tests = document.Version, testStarts[document.Kind]
	if form.Text, err = policytext.Source(document); err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, editPolicyPage(form))
}

func (w *console) policyForm(c *gin.Context, kind, name string) policyForm {
	if name == "" {
		return policyForm{page: w.page(c, "New "+strings.ToLower(kindTitle(kind))), Kind: kind, Action: policiesPath + "/new?kind=" + kind}
	}
	document := policy.Document{Kind: kind, Name: name}
	return policyForm{page: w.page(c, "Edit "+name), Kind: kind, Name: name, Action: policyURL(document) + "/edit"}
}

func (w *console) writeNewPolicy(c *gin.Context) { w.write(c, c.Query("kind"), "") }

func (w *console) writePolicy(c *gin.Context) { w.write(c, c.Param("kind"), c.Param("name")) }

// write does what was asked for with the text: it checks it, tests it, or stores it as a new version.
func (w *console) write(c *gin.Context, kind, name string) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	form := w.policyForm(c, kind, name)
	lines := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	form.Text, form.Tests = lines.Replace(c.PostForm("text")), lines.Replace(c.PostForm("tests"))
	form.Reason, form.Base = strings.TrimSpace(c.PostForm("reason")), queryOrZero(c.PostForm("base"))
	ctx, asked := c.Request.Context(), c.PostForm("do")
	document, tree := form.read()
	var err error
	switch {
	case asked == doTest:
		err = form.test(ctx, w.Service)
	case len(form.Faults) > 0:
	case asked == doApply:
		var stored policy.Document
		if stored, err = form.apply(ctx, w.Service, document); err == nil && form.ReasonWrong == "" && !form.Same {
			to := policyURL(stored)
			if stored.Proposal != "" {
				to = proposalURL(stored.Proposal)
			}
			c.Redirect(http.StatusSeeOther, to)
			return
		}
	default:
		err = form.check(ctx, w.Service, document)
	}
	w.show(c, form.tell(err, tree), editPolicyPage(form))
}

func queryOrZero(text string) int {
	number, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return number
}

// read makes a document of the text, or notes what is wrong with it.
func (f *policyForm) read() (policy.Document, policyfile.Tree) {
	trees, err := policyfile.ParseTrees(policytest.DraftText, []byte(f.Text))
	if err == nil && len(trees) != 1 {
		err = errors.New("write one document; another one has a form of its own")
	}
	if err != nil {
		f.blame(err)
		return policy.Document{}, policyfile.Tree{}
	}
	document, err := trees[0].Document()
	if err == nil && document.Kind != f.Kind {
		err = trees[0].Errorf("kind", "must stay %s; a document of another kind has a form of its own", f.Kind)
	}
	if err == nil && f.Name != "" && document.Name != f.Name {
		err = trees[0].Errorf("name", "must stay %s; to store it under another name, make a new document", f.Name)
	}
	f.blame(err)
	return document, trees[0]
}

func (f *policyForm) blame(err error) {
	for _, fault := range policyfile.Faults(err) {
		f.Faults = append(f.Faults, app.PolicyFault{Text: policytest.DraftText, Line: fault.Line, Message: fault.Message})
	}
}

// test runs the tests. What is wrong with the document's text is in the form already, better told.
func (f *policyForm) test(ctx context.Context, service app.Policies) error {
	if strings.TrimSpace(f.Tests) == "" {
		f.Report = &app.PolicyTestReport{Faults: []app.PolicyFault{{Text: policytest.TestText, Message: "there are none: write or paste some"}}}
		return nil
	}
	if len(f.Faults) > 0 {
		return nil
	}
	report, err := service.TestPolicies(ctx, app.PolicyTestBody{Tests: f.Tests, Documents: f.Text})
	if err == nil {
		f.Report = &report
	}
	return err
}

// check asks what is wrong with the document, and shows what it changes.
func (f *policyForm) check(ctx context.Context, service app.Policies, document policy.Document) error {
	problems, err := service.ValidatePolicy(ctx, document)
	if err != nil {
		return err
	}
	fields := make([]domain.FieldError, len(problems))
	for i, problem := range problems {
		fields[i] = domain.FieldError{Location: "body." + problem.Path, Message: problem.Message}
	}
	if err := domain.Join(fields); err != nil {
		return err
	}
	f.Right = true
	before, err := service.Policy(ctx, document.Kind, document.Name, 0)
	if err != nil && domain.CodeOf(err) == domain.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	f.Hunks, err = differences(before, document)
	f.Same = len(f.Hunks) == 0
	return err
}

// apply stores the document, unless somebody else stored a version since the text was begun: then it shows what that one
// changed, and goes on from there.
func (f *policyForm) apply(ctx context.Context, service app.Policies, document policy.Document) (policy.Document, error) {
	switch {
	case f.Reason == "":
		f.ReasonWrong = "Say why: it is kept with the version."
		return document, nil
	case len(f.Reason) > domain.MaxReasonBytes:
		f.ReasonWrong = "It takes at most " + strconv.Itoa(domain.MaxReasonBytes) + " bytes."
		return document, nil
	}
	document.Reason = f.Reason
	stored, err := service.ApplyPolicyOn(ctx, document, f.Base)
	if domain.CodeOf(err) == domain.CodeConflict && err != nil {
		if failed := f.rebase(ctx, service, document); failed != nil {
			return stored, failed
		}
	}
	f.Same = err == nil && stored.Version == f.Base && stored.Proposal == ""
	return stored, err
}

// rebase goes on from the newest version: it shows what changed since the one that the text was made from, and what the text
// would change now.
func (f *policyForm) rebase(ctx context.Context, service app.Policies, document policy.Document) error {
	newest, err := service.Policy(ctx, document.Kind, document.Name, 0)
	if err != nil {
		return err
	}
	if f.Base > 0 {
		var base policy.Document
		if base, err = service.Policy(ctx, document.Kind, document.Name, f.Base); err != nil {
			return err
		}
		if f.Since, err = differences(base, newest); err != nil {
			return err
		}
	}
	f.Begun, f.Base = f.Base, newest.Version
	f.Hunks, err = differences(newest, document)
	return err
}

// tell puts a failure into the form, the problems of the document at their lines, and answers the status.
func (f *policyForm) tell(err error, tree policyfile.Tree) int {
	if err == nil && len(f.Faults) == 0 && f.ReasonWrong == "" {
		return http.StatusOK
	}
	if err == nil {
		return http.StatusUnprocessableEntity
	}
	problem := server.ProblemOf(err)
	for _, wrong := range problem.Errors {
		path := strings.TrimPrefix(wrong.Location, "body.")
		f.Faults = append(f.Faults, app.PolicyFault{Text: policytest.DraftText, Line: tree.LineOf(path), Message: path + ": " + wrong.Message})
	}
	if len(problem.Errors) == 0 {
		f.Problem = problem
	}
	return problem.Status
}

// sourceLine is one line of a text, with its number.
type sourceLine struct {
	Number int
	Text   string
	Here   bool
}

// excerpt is the line of a fault with those around it.
func excerpt(text string, line int) []sourceLine {
	lines := policytext.Lines(text)
	var shown []sourceLine
	for number := max(1, line-1); number <= min(len(lines), line+1); number++ {
		shown = append(shown, sourceLine{Number: number, Text: lines[number-1], Here: number == line})
	}
	return shown
}

// faultsOf are the faults of one of the two texts.
func (f policyForm) faultsOf(text string) []app.PolicyFault {
	faults := f.Faults
	if f.Report != nil {
		faults = append(slices.Clone(faults), f.Report.Faults...)
	}
	return slices.DeleteFunc(slices.Clone(faults), func(fault app.PolicyFault) bool {
		return (fault.Text == policytest.TestText) != (text == policytest.TestText)
	})
}
