package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// outsider is an agent of everything who decides on nothing.
func (d *desk) outsider() string {
	d.t.Helper()
	_, err := d.GiveGrant(app.WithPrincipal(d.t.Context(), d.admin), app.Grant{Person: "cy", Role: domain.RoleAgent, ScopeKind: "all"})
	require.NoError(d.t, err)
	d.signIn("cy")
	return "cy"
}

func TestTheQueueOfChangesIsThatOfIncidents(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.board()
	d.board(func(c *change.Change, _ *approval.Keeper) {
		c.Title, c.Restricted, c.Type = "Okapi out of the relay", true, change.Emergency
	})
	cy := d.outsider()
	page := d.get(cy, changesPath, http.StatusOK)
	for _, words := range []string{
		"Move the mail to the new relay", `name="id" value="` + one.Number + `"`, "With the selected", `value="assign"`, `value="tag"`, `value="cancel"`, "Awaiting approval",
		"Mine to carry out", "1 blocking", "Medium", "0 of 2 voted", `action="/changes/views"`, `data-opens="keys"`, `<h1>All open</h1>`,
	} {
		require.Contains(t, page, words)
	}
	require.NotContains(t, page, "Okapi")
	require.NotContains(t, page, `name="promise"`)
	require.Contains(t, d.get("bo", changesPath+"?state=all&q=relays", http.StatusOK), one.Number, "words are found as they stand in an index")
	require.NotContains(t, d.get(cy, changesPath+"?state=all&q=okapi", http.StatusOK), "Okapi out")
	require.Contains(t, d.get(cy, changesPath+"?type=emergency", http.StatusOK), "Nothing matches")
	for _, query := range []string{"?voting=yes", "?item=mx1", "?service=mail", "?sort=window_from", "?state=awaiting_approval&team=messaging"} {
		require.Contains(t, d.get("bo", changesPath+query, http.StatusOK), one.Number, query)
	}
	require.Contains(t, d.get("bo", changesPath+"?item=mx1", http.StatusOK), "Touches: mx1")
	require.Contains(t, d.get("bo", changesPath+"?column=type,model,tags,environment", http.StatusOK), `<td data-label="Environment">production`)
	d.get("rita", changesPath, http.StatusForbidden)
	d.get("bo", changesPath+"?sort=title", http.StatusUnprocessableEntity)
}

func TestViewsOfChangesAreTheirOwn(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.board()
	kept := d.done("bo", changesPath+"/views", url.Values{
		"key": {"k1"}, "name": {"Mail, taking votes"}, "audience": {app.AudiencePrivate}, "filters": {"state=open&service=mail&voting=yes&column=title,risk"}, "default": {"true"},
	})
	page := d.get("bo", kept, http.StatusOK)
	require.Contains(t, page, "<h1>Mail, taking votes</h1>")
	require.Contains(t, page, one.Number)
	require.NotContains(t, page, `<th scope="col">Window</th>`)
	require.Contains(t, d.get("bo", changesPath, http.StatusOK), "<h1>Mail, taking votes</h1>", "the list begins with it")
	require.NotContains(t, d.get("bo", queuePath, http.StatusOK), "Mail, taking votes", "incidents have views of their own")
	counted := d.get("bo", changesPath+"/views?state=open", http.StatusOK)
	require.Regexp(t, `Mail, taking votes\s*<span class="tally"><span class="visually-hidden">, </span>1</span>`, counted)
	refused := d.post("bo", changesPath+"/views", url.Values{"name": {""}, "audience": {app.AudiencePrivate}, "filters": {"state=open"}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "Keep what is shown as")
}

func TestACommandForSeveralChanges(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.board()
	hidden := d.board(func(c *change.Change, _ *approval.Keeper) { c.Title, c.Restricted = "Okapi out of the relay", true })
	d.get("bo", changesPath+"/bulk?do=cast-vote&id="+one.Number, http.StatusNotFound)
	tag := d.get(d.outsider(), changesPath+"/bulk?do=tag&id="+one.Number+"&id="+hidden.Number, http.StatusOK)
	for _, words := range []string{"Tag 2 changes", "Move the mail to the new relay", "Not found, or not for you to see", `id="f-tags"`} {
		require.Contains(t, tag, words)
	}
	for _, words := range []string{"Okapi", "back_out_plan", "window_from"} {
		require.NotContains(t, tag, words, "the form has what the command needs and no more")
	}
	require.Contains(t, d.get("bo", changesPath+"/bulk?do=assign&id="+one.Number, http.StatusOK), "Assign 1 change")
	require.Contains(t, d.get("bo", changesPath+"/bulk?do=cancel", http.StatusOK), "Select changes in the list first")
	for _, command := range append(changeQueue.first, changeQueue.more...) {
		transition, known := change.Lifecycle.Transition(command.Verb)
		require.True(t, known, command.Slug)
		names := map[string]bool{}
		for _, f := range fieldsOf(transition) {
			names[f.Name] = true
		}
		for _, name := range command.Fields {
			require.True(t, names[name], "%s: %s has no field %s", command.Slug, command.Verb, name)
		}
	}
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(second(changeQueue.bulkCommand("resolve"))))
}

func second[T any](_ T, err error) error { return err }
