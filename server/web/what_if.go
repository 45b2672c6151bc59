package web

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
	"github.com/holdfast-itsm/holdfast/server"
)

const whatIfPath = "/what-if"

// mountWhatIf adds the page that tries proposed policies on what happened.
func (w *console) mountWhatIf(pages *gin.RouterGroup) {
	tries := pages.Group(whatIfPath, w.staffOnly, w.needs(app.PermissionPolicySimulate))
	tries.GET("", w.whatIf)
	tries.POST("", w.tryOut)
}

// simulates reports whether somebody may try policies out.
func simulates(who app.Principal) bool { return who.May(app.PermissionPolicySimulate) }

// tried reports whether documents of a kind can be tried on what happened.
func tried(kind string) bool { return slices.Contains(simulation.Kinds, kind) }

// whatIfView is the form and, once it was sent, what was found.
type whatIfView struct {
	page
	Text, Days string
	Problem    *server.Problem
	Faults     []app.PolicyFault
	Report     *app.SimulationReport
}

// whatIfDays are the periods that can be chosen.
var whatIfDays = []choice{{"7", "The last 7 days"}, {"30", "The last 30 days"}, {"90", "The last 90 days"}, {"365", "The last year"}}

const defaultDays = "90"

// doDownload asks for the records as CSV.
const doDownload = "csv"

// whatIf shows the form, begun with a stored document where one is named.
func (w *console) whatIf(c *gin.Context) {
	view := whatIfView{page: w.page(c, "What if"), Days: defaultDays}
	if kind, name := c.Query("kind"), c.Query("name"); kind != "" && name != "" {
		document, err := w.Service.Policy(c.Request.Context(), kind, name, 0)
		if err == nil {
			view.Text, err = policytext.Source(document)
		}
		if err != nil {
			w.fail(c, err)
			return
		}
	}
	if view.Text == "" {
		view.Text = policyStarts[policy.KindSLA]
	}
	w.show(c, http.StatusOK, whatIfPage(view))
}

// tryOut simulates the newest records of the period, and shows what was found or sends it as CSV.
func (w *console) tryOut(c *gin.Context) {
	if err := parseForm(c, maxForm); err != nil {
		w.fail(c, err)
		return
	}
	view := whatIfView{page: w.page(c, "What if"), Days: cmp.Or(c.PostForm("days"), defaultDays)}
	view.Here = whatIfPath // what was sent is not asked for again
	view.Text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(c.PostForm("text"))
	days, err := strconv.Atoi(view.Days)
	if err != nil || !slices.ContainsFunc(whatIfDays, func(one choice) bool { return one.Value == view.Days }) {
		days, view.Days = 90, defaultDays
	}
	since := w.Now().AddDate(0, 0, -days).UTC().Truncate(time.Millisecond)
	report, err := w.Service.Simulate(c.Request.Context(), app.SimulationBody{Proposed: view.Text, OpenedFrom: &since})
	if err != nil {
		w.show(c, view.tell(err), whatIfPage(view))
		return
	}
	if c.PostForm("do") == doDownload {
		w.downloadVerdicts(c, report.Verdicts)
		return
	}
	view.Report = &report
	w.show(c, http.StatusOK, whatIfPage(view))
}

// tell puts a failure into the form, faults of the text at their lines, and answers the status.
func (v *whatIfView) tell(err error) int {
	problem := server.ProblemOf(err)
	for _, wrong := range problem.Errors {
		fault := app.PolicyFault{Message: wrong.Message}
		if rest, numbered := strings.CutPrefix(wrong.Message, "line "); numbered {
			if number, message, found := strings.Cut(rest, ": "); found {
				fault = app.PolicyFault{Line: queryOrZero(number), Message: message}
			}
		}
		v.Faults = append(v.Faults, fault)
	}
	if len(v.Faults) == 0 {
		v.Problem = problem
	}
	return problem.Status
}

// downloadVerdicts sends every promise with a breach on either side, one a line.
func (w *console) downloadVerdicts(c *gin.Context, verdicts []simulation.Verdict) {
	var text strings.Builder
	rows := csv.NewWriter(&text)
	err := rows.Write(simulation.Columns)
	for _, v := range verdicts {
		if err == nil {
			err = rows.Write(csvValues(v))
		}
	}
	if rows.Flush(); err != nil || rows.Error() != nil {
		w.fail(c, domain.Errorf(domain.CodeInternal, "the records could not be written"))
		return
	}
	c.Header("Content-Disposition", `attachment; filename="what-if.csv"`)
	c.Data(http.StatusOK, "text/csv; charset=utf-8", []byte(text.String()))
}

// csvValues words a verdict for programs. A text that a spreadsheet would take for a formula is marked as text.
func csvValues(v simulation.Verdict) []string {
	values := v.Values()
	cells := make([]string, len(values))
	for i, value := range values {
		switch value := value.(type) {
		case nil:
		case *time.Time:
			if value != nil {
				cells[i] = exact(*value)
			}
		case string:
			if cells[i] = value; value != "" && strings.ContainsRune("=+-@\t", rune(value[0])) {
				cells[i] = "'" + value
			}
		default:
			cells[i] = fmt.Sprint(value)
		}
	}
	return cells
}

// whatIfTable is one way to part the promises.
type whatIfTable struct {
	Title, Head, ID string
	Groups          []simulation.Group
	// of reports whether a verdict belongs to a group.
	of func(simulation.Verdict, string) bool
}

// tables are the sums as they are shown. Of teams and weeks only those are in which something changes: the rest is in the totals.
func (v whatIfView) tables() []whatIfTable {
	r := v.Report
	return []whatIfTable{
		{"All records", "", "all", r.Totals, func(simulation.Verdict, string) bool { return true }},
		{"By priority", "Priority", "priority", r.ByPriority, func(v simulation.Verdict, key string) bool { return strconv.Itoa(v.Priority) == key }},
		{"By team", "Team", "team", changing(r.ByTeam), func(v simulation.Verdict, key string) bool { return v.Team == key }},
		{"By week of opening", "Week", "week", changing(r.ByWeek), func(v simulation.Verdict, key string) bool { return v.Week == key }},
	}
}

func changing(groups []simulation.Group) []simulation.Group {
	return slices.DeleteFunc(slices.Clone(groups), func(g simulation.Group) bool { return g.Gained+g.Lost == 0 })
}

// behind are the records behind one figure.
func (v whatIfView) behind(t whatIfTable, g simulation.Group, change simulation.Change) []simulation.Verdict {
	return slices.DeleteFunc(slices.Clone(v.Report.Verdicts), func(one simulation.Verdict) bool {
		return one.Change != change || one.Metric != g.Metric || !t.of(one, g.Key)
	})
}

// mostBehind bounds the records that are listed behind one figure; the download has all.
const mostBehind = 50

// sums adds the totals up for the sentence at the top.
func (v whatIfView) sums() simulation.Sums {
	var all simulation.Sums
	for _, total := range v.Report.Totals {
		all.Promises, all.Before, all.After = all.Promises+total.Promises, all.Before+total.Before, all.After+total.After
		all.Gained, all.Lost = all.Gained+total.Gained, all.Lost+total.Lost
	}
	return all
}

// outcomeWords say in short what became of a promise.
func outcomeWords(o simulation.Outcome) string {
	if !o.Promised() {
		return "no promise"
	}
	spent := (time.Duration(o.ElapsedMS) * time.Millisecond).Round(time.Minute)
	return string(o.State) + ", " + hours(spent) + " of " + hours(time.Duration(o.LengthMS)*time.Millisecond)
}

// hours writes open time for people: "3h 20m".
func hours(d time.Duration) string {
	d = d.Round(time.Minute)
	whole, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case whole == 0:
		return strconv.Itoa(minutes) + "m"
	case minutes == 0:
		return strconv.Itoa(whole) + "h"
	}
	return strconv.Itoa(whole) + "h " + strconv.Itoa(minutes) + "m"
}

// whatIfRows is how high the text stands: lower below what was found.
func whatIfRows(v whatIfView) string {
	if v.Report != nil {
		return "12"
	}
	return "20"
}
