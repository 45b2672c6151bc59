package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/policytest"
)

const matrixURL = "/policies/PriorityMatrix/default"

// matrix is the source of the default matrix with one more word, as a form sends it.
func matrix(change ...string) string {
	text := strings.NewReplacer(change...).Replace(policyStarts["PriorityMatrix"])
	return strings.ReplaceAll(text, "\n", "\r\n")
}

func TestEveryKindHasAStartThatIsRight(t *testing.T) {
	t.Parallel()
	for _, kind := range policyfile.Kinds() {
		trees, err := policyfile.ParseTrees("start", []byte(policyStarts[kind]))
		require.NoError(t, err)
		require.Len(t, trees, 1, kind)
		document, err := trees[0].Document()
		require.NoError(t, err)
		require.Equal(t, kind, document.Kind)
		require.NotEmpty(t, kindMeans[kind])
		if tests := testStarts[kind]; tests != "" {
			outcomes, err := policytest.RunInPlace(t.Context(), tests, policyStarts[kind], nil)
			require.NoError(t, err)
			require.Empty(t, outcomes[0].Difference)
		}
	}
}

func TestPoliciesAreReadByTheDeskAndWrittenByAdministrators(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	for _, path := range []string{policiesPath, matrixURL, matrixURL + "/compare", policiesPath + "/new", matrixURL + "/edit"} {
		d.get("rita", path, http.StatusForbidden)
		d.get("ana", path, http.StatusOK)
	}
	list := d.get("bo", policiesPath, http.StatusOK)
	require.Contains(t, list, `href="`+matrixURL+`"`)
	require.NotContains(t, list, "New policy")
	require.NotContains(t, d.get("bo", matrixURL, http.StatusOK), "/edit")
	d.get("bo", matrixURL+"/edit", http.StatusForbidden)
	d.post("bo", matrixURL+"/edit", url.Values{"do": {doApply}}, http.StatusForbidden)
	d.get("bo", policiesPath+"/new?kind=Team", http.StatusForbidden)
	require.NotContains(t, d.get("rita", "/incidents", http.StatusOK), policiesPath)
	d.get("ana", "/policies/PriorityMatrix/none", http.StatusNotFound)
	d.get("ana", matrixURL+"?version=7", http.StatusNotFound)
}

func TestADocumentIsAppliedWithAReason(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	form := url.Values{"text": {matrix("low: 5", "low: 4")}, "base": {"1"}, "do": {doApply}}
	without := d.post("ana", matrixURL+"/edit", form, http.StatusUnprocessableEntity)
	require.Contains(t, without, "Say why")
	require.Contains(t, without, "low: {high: 3, medium: 4, low: 4}", "what was written stays")
	form.Set("reason", "nobody used five")
	require.Equal(t, matrixURL, d.done("ana", matrixURL+"/edit", form))

	page := d.get("bo", matrixURL, http.StatusOK)
	require.Contains(t, page, "version 2")
	require.Contains(t, page, "nobody used five")
	require.Contains(t, d.get("bo", matrixURL+"?version=1", http.StatusOK), "This is an older version")
	compared := d.get("bo", matrixURL+"/compare?from=2&to=1", http.StatusOK)
	require.Contains(t, compared, "From version 1 to 2", "the older comes first")
	require.Regexp(t, `<del class="line">.*low: 5</del>`, compared)
	require.Regexp(t, `<ins class="line">.*low: 4</ins>`, compared)

	form.Set("text", matrix("low: 5", "low: 3"))
	late := d.post("ana", matrixURL+"/edit", form, http.StatusConflict)
	require.Contains(t, late, "Version 2 was stored by ana meanwhile")
	require.Contains(t, late, "(nobody used five)")
	require.Contains(t, late, `name="base" value="2"`, "the next attempt stands on what is there now")
	require.Contains(t, late, "What changed since version 1")
	require.Regexp(t, `(?s)aria-label="What others changed".*<ins class="line">.*low: 4</ins>.*aria-label="What this text changes".*<ins class="line">.*low: 3</ins>`, late)
	form.Set("base", "2")
	form.Set("text", matrix("low: 5", "low: 4"))
	require.Contains(t, d.post("ana", matrixURL+"/edit", form, http.StatusOK), "It says the same")
}

func TestProblemsStandBesideTheirLines(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	for _, wrong := range []struct{ text, line, says string }{
		{matrix("high: 1", "high: 9"), `<span class="at">6</span>`, "9 is not a priority from 1 to 5"},
		{matrix("levels", "level"), `<span class="at">4</span>`, "is not a key here"},
		{matrix("name: default", "name: other"), `<span class="at">2</span>`, "must stay default"},
		{matrix("name: default", "name: [default"), "", "problem in the document"},
		{"kind: Team\nname: default\nspec: {title: x, members: []}", `<span class="at">1</span>`, "must stay PriorityMatrix"},
		{"", "", "write one document"},
	} {
		for _, do := range []string{doCheck, doApply} {
			page := d.told(ask(t, d.pages, http.MethodPost, matrixURL+"/edit", url.Values{"text": {wrong.text}, "do": {do}, "reason": {"x"}, "base": {"1"}},
				d.cookies["ana"], fromHere), http.StatusUnprocessableEntity)
			require.Contains(t, strings.ToLower(page), strings.ToLower(wrong.says))
			require.Contains(t, page, wrong.line)
			require.Contains(t, page, `aria-invalid="true"`)
		}
	}
	versions, err := d.PolicyVersions(app.WithPrincipal(t.Context(), d.admin), "PriorityMatrix", "default")
	require.NoError(t, err)
	require.Len(t, versions, 1, "nothing was stored")
}

func TestADocumentIsTestedAndCheckedInPlace(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	ran := func(text, tests string) string {
		return d.post("ana", matrixURL+"/edit", url.Values{"text": {text}, "tests": {tests}, "do": {doTest}, "base": {"1"}}, http.StatusOK)
	}
	require.Contains(t, ran(matrix(), testStarts["PriorityMatrix"]), "1 passed, 0 failed")
	failed := ran(matrix("high: 1", "high: 2"), testStarts["PriorityMatrix"])
	require.Contains(t, failed, "0 passed, 1 failed")
	require.Contains(t, failed, "priority: expected 1, got 2")
	require.Contains(t, ran(matrix(), "kind: PolicyTest\nname: x\ncases: 7\n"), `<span class="at">3</span>`)
	require.Contains(t, ran(matrix(), " "), "there are none")

	checked := d.post("ana", matrixURL+"/edit", url.Values{"text": {matrix("low: 5", "low: 4")}, "do": {doCheck}, "base": {"1"}}, http.StatusOK)
	require.Contains(t, checked, "Nothing is wrong with it")
	require.Contains(t, checked, "What it changes")
}

func TestANewDocumentBeginsWithAnExample(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	require.Contains(t, d.get("ana", policiesPath+"/new", http.StatusOK), "/policies/new?kind=Vocabulary")
	require.Contains(t, d.get("ana", policiesPath+"/new?kind=Team", http.StatusOK), "title: Messaging")
	d.get("ana", policiesPath+"/new?kind=Nothing", http.StatusNotFound)
	form := url.Values{"text": {strings.ReplaceAll(policyStarts["Team"], "name: messaging", "name: night-shift")}, "reason": {"we work at night"}, "base": {"0"}, "do": {doApply}}
	require.Equal(t, "/policies/Team/night-shift", d.done("ana", policiesPath+"/new?kind=Team", form))
	require.Equal(t, "/policies/Team/night-shift", d.done("ana", policiesPath+"/new?kind=Team", form), "sent twice, it is stored once")
	form.Set("text", strings.ReplaceAll(form.Get("text"), "title: Messaging", "title: Owls"))
	require.Contains(t, d.post("ana", policiesPath+"/new?kind=Team", form, http.StatusConflict), "meanwhile")
}
