package api_test

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/server/api"
)

// callersTable says what each caller is answered, from docs/lifecycles/change.md, approval.md and cab.md.
//
//go:embed testdata/callers.txt
var callersTable string

// aboutChanges reports whether an operation enables changes: its group says so, or it decides on edits of models.
func aboutChanges(path string, operation *huma.Operation) bool {
	groups := []string{"Changes", "Approvals", "CAB meetings", "Configuration", "Alerts"}
	return slices.Contains(groups, operation.Tags[0]) || strings.HasPrefix(path, "/change") || strings.HasPrefix(path, "/policy-proposals")
}

// ofOne are those of one change.
func ofOne(path string) bool { return strings.HasPrefix(path, "/changes/{id}") }

// line is a row of the table: an operation with a variant, the state of the change that it is asked of, and the statuses by caller.
type line struct {
	name, state string
	restricted  bool
	statuses    map[string]string
}

func (l line) operation() string {
	name, _, _ := strings.Cut(l.name, "/")
	return name
}

func readCallers(t *testing.T) (lines []line) {
	t.Helper()
	for _, text := range strings.Split(callersTable, "\n") {
		fields := strings.Fields(text)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if fields[0] == "operation" {
			require.Equal(t, callers, fields[2:])
			continue
		}
		require.Len(t, fields, 2+len(callers), text)
		row := line{name: fields[0], state: fields[1], statuses: map[string]string{}}
		if of, found := strings.CutPrefix(row.state, "restricted-"); found {
			row.state, row.restricted = of, true
		}
		for i, caller := range callers {
			row.statuses[caller] = fields[2+i]
		}
		lines = append(lines, row)
	}
	return lines
}

// route is an operation of the API's document.
type route struct{ method, path string }

// changeRoutes are all that the document says of changes, by the ids of the operations.
func changeRoutes() map[string]route {
	routes := map[string]route{}
	for path, item := range api.Mount(gin.New(), api.Dependencies{}).OpenAPI().Paths {
		for method, operation := range map[string]*huma.Operation{"GET": item.Get, "PUT": item.Put, "POST": item.Post, "PATCH": item.Patch, "DELETE": item.Delete} {
			if operation != nil && aboutChanges(path, operation) {
				routes[operation.OperationID] = route{method, path}
			}
		}
	}
	return routes
}

// Every operation about changes has its rows, those of one change for a restricted one too.
func TestEveryRouteOfChangesSaysWhoMayAsk(t *testing.T) {
	t.Parallel()
	rows := map[string]int{}
	for _, row := range readCallers(t) {
		rows[row.operation()] |= map[bool]int{false: 1, true: 2}[row.restricted]
	}
	routes := changeRoutes()
	require.Greater(t, len(routes), 80)
	for id, route := range routes {
		want := map[bool]int{false: 1, true: 3}[ofOne(route.path)]
		assert.Equal(t, want, rows[id], "testdata/callers.txt does not say who is answered what by %s %s (%s); 3: for a change of each kind", route.method, route.path, id)
	}
	for id := range rows {
		assert.Contains(t, routes, id, "the document has no such operation about changes")
	}
}

// Without a token, or with a broken one, nothing is answered.
func TestNoRouteOfChangesIsOpen(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for id, route := range changeRoutes() {
		path := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(route.path, "x")
		for _, secret := range []string{"", "hf_nobody", d.agent + "x"} {
			assert.Equal(t, 401, d.ask(route.method, path, secret, strings.NewReader("{")).status, "%s with %q", id, secret)
		}
	}
}

// Everybody is answered as the table says.
func TestEveryCallerIsAnsweredAsTheTableSays(t *testing.T) {
	t.Parallel()
	w, routes := newWorld(t), changeRoutes()
	for _, row := range readCallers(t) {
		route := routes[row.operation()]
		for _, caller := range callers {
			at := w.at(row.state, row.restricted)
			named := map[string]string{"id": at.ID}
			asked := calls[row.name]
			if asked.fill != nil {
				maps.Copy(named, asked.fill(w, row.restricted))
			}
			var content any
			if asked.body != nil {
				content = asked.body(w, caller, named)
			}
			path := route.path
			for name, value := range named {
				path = strings.ReplaceAll(path, "{"+name+"}", value)
			}
			told := w.ask(caller, route.method, path+asked.query, content)
			assert.Equal(t, row.statuses[caller], statusText(told), "%s %s as %s: %s", row.name, row.state, caller, brief(told))
		}
	}
}

func statusText(answer told) string { return fmt.Sprint(answer.status) }

// brief is the beginning of what an answer says.
func brief(answer told) string { return string(answer.body[:min(len(answer.body), 300)]) }

// What is kept of a change is read by all who list changes: a window in a year that no answer can hold is refused.
func TestNoWindowOfAChangeBreaksTheLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, window := range [][2]string{
		{"9999-12-31T23:59:59-23:00", "9999-12-31T23:59:59-23:59"}, {"0000-01-01T00:00:00Z", "0000-01-02T00:00:00Z"}, {"0001-01-01T00:00:00+23:00", "0001-01-02T00:00:00Z"},
	} {
		span := body{"window_from": window[0], "window_to": window[1]}
		told := w.ask("dee", "POST", "/changes", body{"title": "Late", "team": "messaging", "window_from": window[0], "window_to": window[1]})
		require.Equal(t, 422, told.status, "%s", told.body)
		made := w.ask("dee", "POST", "/changes/from-model", body{"model": "restart", "team": "messaging", "configuration_items": []string{"mx1"}, "window_from": window[0], "window_to": window[1]})
		require.Equal(t, 422, made.status, "%s", made.body)
		require.Equal(t, 422, w.ask("dee", "POST", "/changes/"+w.at("draft", false).ID+"/edit", span).status)
		require.Equal(t, 422, w.ask("dee", "POST", "/changes/"+w.at("approved", false).ID+"/schedule", span).status)
		require.Equal(t, 422, w.ask("val", "POST", "/delegations", body{"delegate": "hal", "from": window[0], "until": window[1]}).status)
	}
	require.Equal(t, 200, w.ask("root", "GET", "/changes", nil).status)
}
