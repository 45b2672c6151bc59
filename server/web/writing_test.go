package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// write stores a document as an administrator.
func (d *desk) write(kind, name string, spec any) {
	d.t.Helper()
	text, err := json.Marshal(spec)
	require.NoError(d.t, err)
	_, err = d.ApplyPolicy(app.WithPrincipal(d.t.Context(), d.admin), policy.Document{Kind: kind, Name: name, Spec: text, Reason: "test"})
	require.NoError(d.t, err)
}

func template(title string, fields policy.TemplateFields) policy.RecordTemplate {
	return policy.RecordTemplate{Title: title, Practice: "incident", Fields: fields}
}

func TestATemplateFillsInWhatIsEmpty(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	require.NotContains(t, d.get("bo", "/incidents/new", http.StatusOK), "Template", "none are offered where there are none")
	d.write(policy.KindRecordTemplate, "printer", template("A printer", policy.TemplateFields{Title: "Printer: ", Impact: "low", Tags: []string{"paper", "ink"}, Description: "Which one:\n"}))
	d.write(policy.KindRecordTemplate, "mail", template("Mail", policy.TemplateFields{Title: "Mail: ", Urgency: "high"}))

	require.Contains(t, d.get("bo", "/incidents/new", http.StatusOK), `<option value="printer">A printer</option>`)
	filled := d.get("bo", "/incidents/new?template=printer&description=mine&key=k1", http.StatusOK)
	require.Contains(t, filled, `value="Printer: "`)
	require.Contains(t, filled, `value="paper, ink"`)
	require.Contains(t, filled, ">mine</textarea>", "what was typed stays")
	require.Contains(t, filled, `<option value="low" selected>`)
	require.Contains(t, filled, `<option value="printer" selected>`)
	require.Contains(t, filled, `name="template_taken" value="printer"`)
	require.Contains(t, filled, `name="key" value="k1"`)

	again := url.Values{"template": {"mail"}, "template_taken": {"printer"}, "title": {"Printer: "}, "impact": {"low"}, "tags": {"paper"}}
	other := d.get("bo", "/incidents/new?"+again.Encode(), http.StatusOK)
	require.Contains(t, other, `value="Mail: "`, "the first template's words go")
	require.NotContains(t, other, `<option value="low" selected>`)
	require.Contains(t, other, `value="paper"`, "what was changed stays")

	refused := d.post("bo", "/incidents/new", url.Values{"resolution.effective_at": {"soon"}, "template": {"mail"}, "template_taken": {"printer"}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, `name="template_taken" value="printer"`)
	require.NotContains(t, refused, `value="Mail: "`, "a template is not taken by logging")
	d.get("bo", "/incidents/new?template=nowhere&template_taken=gone", http.StatusOK)
}

func TestACannedReplyIsWrittenUnderWhatWasTyped(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	d.write(policy.KindCannedReply, "hello", policy.CannedReply{Title: "Say hello", Text: "Hello {{requester}}, about {{number}}: {{title}}.\n\n{{me}}"})
	d.write(policy.KindCannedReply, "network", policy.CannedReply{Title: "Of the network", Text: "x", Teams: []string{"network"}})
	page := recordURL(record.Number)
	offered := d.get("bo", page, http.StatusOK)
	require.Contains(t, offered, `<option value="hello">Say hello</option>`)
	require.NotContains(t, offered, "Of the network", "the record is of another team, or of none")

	written := d.get("bo", page+"?reply=hello&body="+url.QueryEscape("So far.\r\n"), http.StatusOK)
	require.Contains(t, written, ">So far.\n\nHello Rita, about INC-000001: Mail is out.\n\nBo</textarea>")
	require.Contains(t, d.get("bo", page+"?reply=network&body=kept", http.StatusOK), ">kept</textarea>")

	requester := d.get("rita", page+"?reply=hello", http.StatusOK)
	require.NotContains(t, requester, "Say hello")
	require.NotContains(t, requester, "Hello Rita")
	refused := d.post("bo", page+"/notes", url.Values{"body": {" "}, "audience": {"internal"}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "Say hello", "the replies are still offered")
}
