package web

import (
	"bytes"
	entities "html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// estate writes a host that carries a machine with an application of the service mail on it, and DNS, which is shared.
func (d *desk) estate() {
	d.t.Helper()
	report, err := d.ImportConfiguration(app.WithPrincipal(d.t.Context(), d.admin), app.ImportBody{Reason: "first import", Sources: []configuration.Source{
		{Name: "items.csv", Format: configuration.CSV, Text: "handle,title,class,service,owner_team,environment,shared,rack,aliases\n" +
			"host-3,,server,,network,production,,A12,\nvm-1,,virtual_machine,,network,,,,\nmail-1,Mail store,application,mail,messaging,production,,,store.example.com\ndns,,server,,network,,yes,,\n"},
		{Name: "relations.csv", Format: configuration.CSV, Text: "from,type,to\nvm-1,runs_on,host-3\nmail-1,runs_on,vm-1\ndns,runs_on,host-3\nvm-1,uses,dns\n"},
	}})
	require.NoError(d.t, err)
	require.Empty(d.t, report.Faults)
}

func (d *desk) passes(minutes string) {
	d.t.Helper()
	d.Clock.(*store.Clock).Set(minutes)
}

// keeper signs cy in, who keeps the configuration items of the team messaging alone.
func (d *desk) keeper() {
	d.t.Helper()
	_, err := d.GiveGrant(app.WithPrincipal(d.t.Context(), d.admin), app.Grant{Person: "cy", Role: domain.RoleConfigurationManager, ScopeKind: "team", ScopeName: "messaging"})
	require.NoError(d.t, err)
	d.signIn("cy")
}

func TestItemsAreListedByWhatIsAsked(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	empty := d.get("ana", itemsPath, http.StatusOK)
	require.Contains(t, empty, "Nothing is known of what is run")
	require.Contains(t, empty, `href="`+importItemsPath+`"`)
	require.NotContains(t, d.get("bo", itemsPath, http.StatusOK), newItemPath, "bo reads them only")
	d.estate()
	all := d.get("bo", itemsPath, http.StatusOK)
	for _, words := range []string{`href="/configuration-items/host-3"`, "Mail store", "Virtual machine", "shared", "High"} {
		require.Contains(t, all, words)
	}
	for query, found := range map[string]string{
		"?q=STORE": "mail-1", "?class=virtual_machine": "vm-1", "?service=mail": "mail-1", "?criticality=high": "mail-1", "?team=messaging": "mail-1",
		"?environment=production&team=network": "host-3",
	} {
		page := d.get("bo", itemsPath+query, http.StatusOK)
		require.Contains(t, page, `href="/configuration-items/`+found+`"`, query)
		require.Equal(t, 1, strings.Count(page, `<th scope="row"`), query)
	}
	require.Contains(t, d.get("bo", itemsPath+"?criticality=low", http.StatusOK), "No item like that")
	d.get("rita", itemsPath, http.StatusForbidden)
	d.get("rita", itemsPath+"/mail-1", http.StatusForbidden)
}

func TestAnItemSaysWhatHangsOnItAndWhy(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.estate()
	page := d.get("bo", itemURL("host-3"), http.StatusOK)
	for _, words := range []string{
		"Carries", "a failure here is felt there", "felt by 3 items within 3 relations", "runs on vm-1", "shared: it ends here", "2 relations away", "A12",
		`href="/configuration-items/vm-1"`, "Added", "first import", "Tied: carries vm-1", "Nothing that you may read",
	} {
		if words == "Nothing that you may read" {
			require.Contains(t, page, "No incident that you may read, and no change.")
			continue
		}
		require.Contains(t, page, words)
	}
	require.NotContains(t, page, "/edit", "bo may not write it")
	require.NotContains(t, page, "/relations/end")

	far := d.get("bo", itemURL("host-3")+"/impact?depth=1", http.StatusOK)
	require.Contains(t, far, "felt by 2 items")
	require.NotContains(t, far, "Mail store")
	through := d.get("bo", itemURL("dns")+"/impact", http.StatusOK)
	require.Contains(t, through, "uses dns", "what is asked about is followed even where it is shared")
	gone := d.get("ana", itemURL("nothing"), http.StatusNotFound)
	require.Contains(t, gone, "nothing is only a name")
	require.Contains(t, gone, `href="/configuration-items/-/new?handle=nothing"`)
	d.get("bo", itemURL("host-3")+"?at=yesterday", http.StatusBadRequest)
	d.get("bo", itemURL("host-3")+"?at=2020-01-01T00:00:00Z", http.StatusNotFound)
}

func TestAnItemIsWrittenAndItsPastStays(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.estate()
	d.passes("2026-11-30T10:00:00Z")
	form := url.Values{
		"title": {"Mail store"}, "class": {"application"}, "service": {"mail"}, "owner_team": {"messaging"}, "environment": {"production"}, "exclusive": {"true"},
		"attributes": {"aliases: store.example.com\r\nports: [25, 587]"}, "reason": {"one at a time"}, "base": {"1"},
	}
	require.Contains(t, d.get("ana", itemURL("mail-1")+"/edit", http.StatusOK), "aliases: store.example.com")
	require.Equal(t, itemURL("mail-1"), d.done("ana", itemURL("mail-1")+"/edit", form))
	page := d.get("ana", itemURL("mail-1"), http.StatusOK)
	for _, words := range []string{"exclusive", "2, since", "one at a time", "[25,587]", "Changed"} {
		require.Contains(t, page, words)
	}
	refused := d.post("ana", itemURL("mail-1")+"/edit", form, http.StatusConflict)
	require.Contains(t, refused, "somebody changed it meanwhile")
	require.Contains(t, refused, "one at a time", "what was typed is kept")

	was := d.get("ana", itemURL("mail-1")+"?at=2026-11-30T09:30:00Z", http.StatusOK)
	require.Contains(t, was, "in version 1")
	require.NotContains(t, was, "[25,587]</dd>")

	form.Set("base", "2")
	form.Set("class", "toaster")
	form.Set("attributes", "no colon")
	require.Contains(t, d.post("ana", itemURL("mail-1")+"/edit", form, http.StatusUnprocessableEntity), `Attributes are one a line, each once, as name: value; "no colon" is none.`)
	form.Set("attributes", "")
	require.Contains(t, d.post("ana", itemURL("mail-1")+"/edit", form, http.StatusUnprocessableEntity), `"toaster" is no term of Vocabulary/item-classes`)
	d.post("bo", itemURL("mail-1")+"/edit", form, http.StatusForbidden)

	d.passes("2026-11-30T11:00:00Z")
	require.Equal(t, itemURL("vm-1"), d.done("ana", itemURL("vm-1")+"/end", url.Values{"reason": {"moved away"}}))
	ended := d.get("ana", itemURL("vm-1"), http.StatusOK)
	for _, words := range []string{"Ended by ana", "moved away", "Begin it anew", "No longer: runs on host-3"} {
		require.Contains(t, ended, words)
	}
	require.Contains(t, d.post("ana", itemURL("vm-1")+"/end", url.Values{}, http.StatusConflict), "has ended")
	d.passes("2026-11-30T12:00:00Z")
	require.Equal(t, itemURL("vm-1"), d.done("ana", newItemPath, url.Values{"handle": {"vm-1"}, "class": {"server"}}))
	require.Contains(t, d.get("ana", itemURL("vm-1"), http.StatusOK), "Begun anew")
	require.Contains(t, d.post("ana", newItemPath, url.Values{"handle": {"vm-1"}, "class": {"server"}}, http.StatusConflict), "Version 2 of vm-1 is in force, not 0")
	require.Contains(t, d.post("ana", newItemPath, url.Values{"handle": {"no good"}, "class": {"server"}}, http.StatusUnprocessableEntity), `id="f-handle-wrong"`)
}

// A number stays a number where nobody touched it, whatever else of the form was.
func TestAttributesKeepWhatTheyWere(t *testing.T) {
	t.Parallel()
	was := configuration.Content{Attributes: []byte(`{"cores":8,"tags":["a","b"],"note":"8","on":true,"none":null}`)}
	same, err := attributesFrom(attributeLines(was), was)
	require.NoError(t, err)
	require.JSONEq(t, string(was.Attributes), string(same))
	typed, err := attributesFrom("cores: 9\r\nlist: [1, 2]\nbroken: [1\n\nurl: https://x.example:8080/\n", was)
	require.NoError(t, err)
	require.JSONEq(t, `{"cores":"9","list":[1,2],"broken":"[1","url":"https://x.example:8080/"}`, string(typed))
	for _, lines := range []string{"a", ": b", "a: 1\na: 2"} {
		_, err := attributesFrom(lines, was)
		require.Equal(t, domain.CodeInvalid, domain.CodeOf(err), lines)
	}
	none, err := attributesFrom(" \n", was)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestItemsAreTiedInEitherDirection(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.estate()
	d.passes("2026-11-30T10:00:00Z")
	require.Equal(t, itemURL("mail-1")+"#relations", d.done("ana", itemURL("mail-1")+"/relations", url.Values{"type": {"depends_on"}, "to": {" dns "}}))
	require.Equal(t, itemURL("dns")+"#relations", d.done("ana", itemURL("dns")+"/relations", url.Values{"type": {"<depends_on"}, "to": {"vm-1"}}))
	page := d.get("ana", itemURL("dns"), http.StatusOK)
	require.Contains(t, page, "Is needed by")
	require.Contains(t, page, "Tied: is needed by mail-1")
	require.Contains(t, page, "Tied: is needed by vm-1")
	require.Contains(t, d.post("ana", itemURL("dns")+"/relations", url.Values{"type": {"uses"}, "to": {"nothing"}}, http.StatusUnprocessableEntity), "To is no configuration item that is in force.")

	d.passes("2026-11-30T11:00:00Z")
	d.done("ana", itemURL("dns")+"/relations/end", url.Values{"type": {"<depends_on"}, "to": {"mail-1"}})
	require.Contains(t, d.get("ana", itemURL("mail-1"), http.StatusOK), "No longer: depends on dns")
	require.Contains(t, d.post("ana", itemURL("dns")+"/relations/end", url.Values{"type": {"uses"}, "to": {"mail-1"}}, http.StatusNotFound), "No relation dns uses mail-1 is in force")

	d.keeper()
	d.post("cy", itemURL("host-3")+"/relations", url.Values{"type": {"uses"}, "to": {"dns"}}, http.StatusForbidden)
	own := d.get("cy", itemURL("mail-1"), http.StatusOK)
	require.Contains(t, own, `action="/configuration-items/mail-1/relations/end"`)
	require.NotContains(t, d.get("cy", itemURL("host-3"), http.StatusOK), "/relations", "it is looked after by another team")
}

// upload sends parts of a form, "name" or "name=file", each with its text.
func (d *desk) upload(who string, status int, parts ...[2]string) string {
	d.t.Helper()
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	for _, part := range parts {
		name, file, isFile := strings.Cut(part[0], "=")
		into, err := writer.CreateFormField(name)
		if isFile {
			into, err = writer.CreateFormFile(name, file)
		}
		require.NoError(d.t, err)
		_, err = into.Write([]byte(part[1]))
		require.NoError(d.t, err)
	}
	require.NoError(d.t, writer.Close())
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.address()+importItemsPath, &body)
	require.NoError(d.t, err)
	request.Header.Set("Content-Type", writer.FormDataContentType())
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("Cookie", strings.TrimPrefix(d.cookies[who], "Cookie: "))
	answer, err := http.DefaultClient.Do(request)
	require.NoError(d.t, err)
	defer func() { require.NoError(d.t, answer.Body.Close()) }()
	text, err := io.ReadAll(answer.Body)
	require.NoError(d.t, err)
	require.Equal(d.t, status, answer.StatusCode, "%s", text)
	requireNothingInline(d.t, string(text))
	return entities.UnescapeString(string(text))
}

func TestAnImportIsPreviewedAndThenWritten(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.estate()
	d.passes("2026-11-30T10:00:00Z")
	d.get("ana", importItemsPath, http.StatusOK)
	text := "handle,class,rack\nhost-3,server,B7\nhost-4,server,\n"
	tied := "from,type,to\nvm-1,runs_on,host-4\nvm-1,runs_on,host-3\n"
	preview := d.upload("ana", http.StatusOK, [2]string{"reason", "audit"}, [2]string{"file=items.csv", text}, [2]string{"file=ties.csv", tied})
	for _, words := range []string{
		"This would be written", "1 added, 1 changed, 0 as they are", "1 added, 1 as they are", "vm-1 runs on host-4", "items.csv:2", "A12", "B7", `name="write"`,
	} {
		require.Contains(t, preview, words)
	}
	d.get("ana", itemURL("host-4"), http.StatusNotFound)

	written := d.upload("ana", http.StatusOK, [2]string{"name", "items.csv"}, [2]string{"text", strings.ReplaceAll(text, "\n", "\r\n")},
		[2]string{"name", "ties.csv"}, [2]string{"text", tied}, [2]string{"reason", "audit"}, [2]string{"write", "1"})
	require.Contains(t, written, "Changes near these items look for conflicts again.")
	page := d.get("ana", itemURL("host-3"), http.StatusOK)
	require.Contains(t, page, "B7")
	require.Contains(t, page, "audit")
	again := d.upload("ana", http.StatusOK, [2]string{"file=items.csv", text})
	require.Contains(t, again, "There is nothing to write")
	require.NotContains(t, again, `name="write"`)
}

func TestAnImportThatCannotBeIsToldByLine(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	faults := d.upload("ana", http.StatusUnprocessableEntity, [2]string{"file=items.csv", "handle,class\nhost-3,toaster\nhost-4,server\n"})
	require.Contains(t, faults, "1 fault: nothing was written")
	require.Contains(t, faults, "items.csv, line 2")
	require.NotContains(t, faults, `name="write"`)
	require.Contains(t, d.upload("ana", http.StatusUnprocessableEntity), "File is missing: choose one first.")
	require.Contains(t, d.upload("ana", http.StatusUnprocessableEntity, [2]string{"file=x.csv", "handle\n\xff"}), "x.csv, line 2: is not UTF-8")
	require.Contains(t, d.upload("ana", http.StatusRequestEntityTooLarge, [2]string{"file=x.csv", strings.Repeat("x", maxImport+1)}), "at most 8 MiB")
	d.post("ana", importItemsPath, url.Values{"write": {"1"}}, http.StatusUnsupportedMediaType)
	d.upload("bo", http.StatusForbidden, [2]string{"file=items.csv", "handle,class\nx,server\n"})
	d.keeper()
	require.Contains(t, d.upload("cy", http.StatusForbidden, [2]string{"file=items.csv", "handle,class\nx,server\n"}), "configuration.write")
}

func TestItemsAreFoundFromEverywhere(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.estate()
	require.Contains(t, d.get("bo", searchPath+"?q=store", http.StatusOK), `href="/configuration-items/mail-1"`)
	palette := d.get("bo", searchPath+"/options?q=host", http.StatusOK)
	require.Contains(t, palette, `data-path="/configuration-items/host-3"`)
	require.NotContains(t, d.get("rita", searchPath+"/options?q=host", http.StatusOK), "configuration-items")
	require.NotContains(t, d.get("bo", searchPath+"/options?q=new", http.StatusOK), newItemPath)
	require.Contains(t, d.get("ana", searchPath+"/options?q=ci", http.StatusOK), newItemPath)
	record := d.put("INC-000011", "The store is slow", "rita", "new", false)
	require.NotContains(t, d.get("bo", recordURL(record.Number), http.StatusOK), `href="/configuration-items/mx1"`)
	require.Contains(t, d.get("bo", recordURL(d.board().Number), http.StatusOK), `href="/configuration-items/mx1"`)
}
