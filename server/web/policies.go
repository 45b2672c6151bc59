package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
)

const policiesPath = "/policies"

// mountPolicies adds the pages of the policy documents. All staff read them; the forms are for those who may apply one.
func (w *console) mountPolicies(pages *gin.RouterGroup) {
	w.mountProposals(pages)
	policies := pages.Group(policiesPath, w.staffOnly)
	policies.GET("", w.policies)
	policies.GET("/:kind/:name", w.policy)
	policies.GET("/:kind/:name/compare", w.comparePolicy)
	write := policies.Group("", w.needs(app.PermissionPolicyWrite))
	write.GET("/new", w.newPolicy)
	write.POST("/new", w.writeNewPolicy)
	write.GET("/:kind/:name/edit", w.editPolicy)
	write.POST("/:kind/:name/edit", w.writePolicy)
}

// staffOnly refuses those who only ask for things: what an organisation decided, and who works in it, is for its desk.
func (w *console) staffOnly(c *gin.Context) {
	who, err := app.PrincipalFrom(c.Request.Context())
	if err == nil && !who.Staff() {
		err = domain.Errorf(domain.CodeForbidden, "this page is for people of the service desk")
	}
	if err != nil {
		w.fail(c, err)
		c.Abort()
	}
}

// needs refuses a page to those without a permission, before they fill in a form for nothing.
func (w *console) needs(permission app.Permission) gin.HandlerFunc {
	return func(c *gin.Context) {
		who, err := app.PrincipalFrom(c.Request.Context())
		if err == nil && !who.May(permission) {
			err = domain.Errorf(domain.CodeForbidden, "the permission %s is needed", permission)
		}
		if err != nil {
			w.fail(c, err)
			c.Abort()
		}
	}
}

// may reports whether the page's reader holds a permission; pages offer nothing that would be refused.
func (p page) may(permission app.Permission) bool { return p.Who != nil && p.Who.May(permission) }

// kindPolicies are the documents of one kind.
type kindPolicies struct {
	Kind      string
	Documents []policy.Document
}

// policies lists the newest version of every document, kind by kind; ?kind= narrows it.
func (w *console) policies(c *gin.Context) {
	documents, err := w.Service.Policies(c.Request.Context(), "")
	if err != nil {
		w.fail(c, err)
		return
	}
	proposals, err := w.waitingProposals(c, "", "")
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, policiesPage(w.page(c, "Policies"), byKind(documents), c.Query("kind"), proposals))
}

// byKind groups documents, in the order of the kinds and then of their names.
func byKind(documents []policy.Document) []kindPolicies {
	slices.SortStableFunc(documents, func(a, b policy.Document) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	var groups []kindPolicies
	for _, document := range documents {
		if len(groups) == 0 || groups[len(groups)-1].Kind != document.Kind {
			groups = append(groups, kindPolicies{Kind: document.Kind})
		}
		last := &groups[len(groups)-1]
		last.Documents = append(last.Documents, document)
	}
	return groups
}

// policyView is one version of a document among all of them.
type policyView struct {
	page
	Document policy.Document
	Source   string
	// Versions are all of them, the newest first.
	Versions []policy.Document
	// Outdated is how many open records an earlier version measures than the newest; OutdatedMore: there are others.
	Outdated     int
	OutdatedMore bool
	// Turns are the next ones of a Cadence document; none for another.
	Turns turnsView
	// Proposals are the edits of it that wait for a second person: one, if any.
	Proposals []app.ProposalView
	// Runs are what rules of automation did lately, where it is a document of such.
	Runs []app.RuleRun
}

func (v policyView) newest() int { return v.Versions[0].Version }

// policy shows one version of a document; without ?version= the newest.
func (w *console) policy(c *gin.Context) {
	versions, err := w.versionsOf(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	view := policyView{page: w.page(c, c.Param("name")), Document: versions[0], Versions: versions}
	if asked := c.Query("version"); asked != "" {
		if view.Document, err = versionIn(versions, asked); err != nil {
			w.fail(c, err)
			return
		}
	}
	if view.Proposals, err = w.waitingProposals(c, view.Document.Kind, view.Document.Name); err != nil {
		w.fail(c, err)
		return
	}
	if view.Source, err = policytext.Source(view.Document); err != nil {
		w.fail(c, err)
		return
	}
	if view.Turns, err = nextTurns(view.Document, view.page.Now); err != nil {
		w.fail(c, err)
		return
	}
	if view.Outdated, view.OutdatedMore, err = w.outdatedBy(c.Request.Context(), versions[0]); err != nil {
		w.fail(c, err)
		return
	}
	if view.Document.Kind == automation.Kind {
		if view.Runs, err = w.Service.RecentRuns(c.Request.Context(), view.Document.Name, shownRuns); err != nil {
			w.fail(c, err)
			return
		}
	}
	w.show(c, http.StatusOK, policyPage(view))
}

func (w *console) versionsOf(c *gin.Context) ([]policy.Document, error) {
	return w.Service.PolicyVersions(c.Request.Context(), c.Param("kind"), c.Param("name"))
}

func versionIn(versions []policy.Document, asked string) (policy.Document, error) {
	number, err := strconv.Atoi(asked)
	found := slices.IndexFunc(versions, func(document policy.Document) bool { return document.Version == number })
	if err != nil || found < 0 {
		return policy.Document{}, domain.Errorf(domain.CodeNotFound, "there is no version %q of it", asked)
	}
	return versions[found], nil
}

// comparison is how two versions differ, the older one first.
type comparison struct {
	policyView
	Before, After policy.Document
	Hunks         []policytext.Hunk
}

// comparePolicy shows how two versions differ; left out, they are the newest and the one before.
func (w *console) comparePolicy(c *gin.Context) {
	versions, err := w.versionsOf(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	newest := versions[0].Version
	before, err := versionIn(versions, cmp.Or(c.Query("from"), strconv.Itoa(max(1, newest-1))))
	if err != nil {
		w.fail(c, err)
		return
	}
	after, err := versionIn(versions, cmp.Or(c.Query("to"), strconv.Itoa(newest)))
	if err != nil {
		w.fail(c, err)
		return
	}
	if before.Version > after.Version {
		before, after = after, before
	}
	view := comparison{policyView: policyView{page: w.page(c, "Compare "+c.Param("name")), Document: after, Versions: versions}, Before: before, After: after}
	if view.Hunks, err = differences(before, after); err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, comparePage(view))
}

// differences compares two documents by the lines of their sources.
func differences(before, after policy.Document) ([]policytext.Hunk, error) {
	old, err := policytext.Source(before)
	if err != nil {
		return nil, err
	}
	fresh, err := policytext.Source(after)
	return policytext.Hunks(old, fresh), err
}

func policyURL(document policy.Document) string {
	return policiesPath + "/" + document.Kind + "/" + document.Name
}

func versionURL(document policy.Document) string {
	return policyURL(document) + "?version=" + strconv.Itoa(document.Version)
}

func compareURL(document policy.Document, from, to int) string {
	return policyURL(document) + "/compare?from=" + strconv.Itoa(from) + "&to=" + strconv.Itoa(to)
}

// kindTitle words a kind: "ServicePolicy" → "Service policy".
func kindTitle(kind string) string {
	title := []rune{}
	for i, letter := range kind {
		if i > 0 && letter >= 'A' && letter <= 'Z' {
			title = append(title, ' ', letter+'a'-'A')
			continue
		}
		title = append(title, letter)
	}
	switch kind {
	case "SLA":
		return kind
	case policy.KindOnCallSchedule:
		return "On-call schedule"
	}
	return string(title)
}

// kindMeans says in one line what documents of a kind are for.
var kindMeans = map[string]string{
	policy.KindApprovalPolicy:    "Who decides together, how many it takes, and until when.",
	policy.KindAssignmentRules:   "Which team a new record goes to; the first rule that matches wins.",
	automation.Kind:              "What is done by itself when something has happened.",
	policy.KindCadence:           "What comes again and again, such as the meetings of a change advisory board.",
	policy.KindCalendar:          "When work is done: weekly hours, holidays, exceptions.",
	policy.KindCannedReply:       "What is written often, ready to be put into a note.",
	policy.KindChangeModel:       "How a repeated change is made; a standard one needs no vote.",
	policy.KindFreezeWindow:      "When no change may be carried out.",
	policy.KindMaintenanceWindow: "When changes should be carried out.",
	policy.KindEscalationPolicy:  "Whom to reach, one step after the other, until somebody takes care.",
	policy.KindOnCallSchedule:    "Who is on call: rotations in layers, of which the later one wins.",
	policy.KindRecordTemplate:    "What is logged often: it fills in the form.",
	policy.KindPriorityMatrix:    "What priority follows from impact and urgency.",
	policy.KindSLA:               "What was promised to whom, and what happens on the way.",
	policy.KindServicePolicy:     "What services there are, and who supports them.",
	policy.KindTeam:              "Who works together, and who leads.",
	policy.KindVocabulary:        "The words that fields offer.",
}

// kindChoices are all kinds.
func kindChoices() []choice {
	var choices []choice
	for _, kind := range policyfile.Kinds() {
		choices = append(choices, choice{kind, kindTitle(kind)})
	}
	return choices
}
