package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/alert"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// tells makes a key of the service mail and sends a payload with it.
func (d *desk) tells(payload string) app.Taken {
	d.t.Helper()
	ctx := app.WithPrincipal(d.t.Context(), d.admin)
	made, err := d.MakeIntakeKey(ctx, app.IntakeKeyBody{Service: "mail", Name: "prometheus"})
	require.NoError(d.t, err)
	key, err := d.FindIntake(ctx, made.Secret)
	require.NoError(d.t, err)
	taken, err := d.TakeAlerts(ctx, key, "generic", []byte(payload))
	require.NoError(d.t, err)
	return taken
}

// implementing is a change of mx1 that is being carried out.
func (d *desk) implementing() change.Change {
	d.t.Helper()
	return d.board(func(c *change.Change, _ *approval.Keeper) {
		begun := c.OpenedAt
		until := begun.Add(4 * 3600e9)
		c.State, c.WindowFrom, c.WindowTo, c.ActualStart, c.Assignee = change.Implementing, &begun, &until, &begun, "bo"
		settle := until.Add(change.HoldsPast + change.Settle)
		c.SettleAt = &settle
	})
}

func TestAlertsSayWhatCameOfThem(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	require.Contains(t, d.get("ana", alertsPath, http.StatusOK), "Nothing fires")
	require.Contains(t, d.get("ana", alertsPath+"?state=all", http.StatusOK), "Connect a monitoring")
	require.NotContains(t, d.get("bo", alertsPath+"?state=all", http.StatusOK), intakeKeysPath, "bo keeps no key")
	d.get("rita", alertsPath, http.StatusForbidden)

	one := d.implementing()
	taken := d.tells(`[{"key": "disk", "status": "firing", "title": "Disk of mx1 is full", "severity": "critical", "configuration_item": "mx1:9100"},
		{"key": "cpu", "status": "firing", "title": "mx1 is busy", "configuration_item": "mx1"},
		{"key": "far", "status": "firing", "title": "<b>mx9</b> is slow", "severity": "info", "labels": {"job": "node"}, "link": "https://prom.example/g"}]`)
	require.Equal(t, app.Taken{Received: 3, Held: 2, Opened: 1}, taken)
	d.tells(`{"key": "cpu", "status": "resolved", "title": "mx1 is fine"}`)

	firing := d.get("bo", alertsPath, http.StatusOK)
	for _, words := range []string{
		"Disk of mx1 is full", "critical", `href="/changes/` + one.Number + `"`, "If it still fires after that, it does.", "told once", `href="/configuration-items/mx1"`,
		"is about to be logged", "none named", "https://prom.example/g",
	} {
		require.Contains(t, firing, words)
	}
	require.NotContains(t, firing, "mx1 is busy", "it is over")
	require.NotContains(t, firing, `href="https://prom.example`, "a sender's address is shown, not followed")
	held := d.get("bo", alertsPath+"?state=held", http.StatusOK)
	require.Contains(t, held, "and over before that let go: no incident.")
	require.NotContains(t, held, "is slow")
	require.Contains(t, d.get("bo", alertsPath+"?item=mx1&state=all", http.StatusOK), "mx1 is busy")
	require.Contains(t, d.get("bo", alertsPath+"?change="+one.Number, http.StatusOK), "Disk of mx1 is full")
	require.Contains(t, d.get("bo", alertsPath+"?service=wifi", http.StatusOK), "No alert like that")
	d.get("bo", alertsPath+"?cursor=nothing", http.StatusUnprocessableEntity)

	page := d.get("bo", recordURL(one.Number), http.StatusOK)
	for _, words := range []string{"held here and open no incident", "2 alerts held, 1 firing", "opens incidents, which are proposed as caused by this change", alertsPath + "?change=" + one.Number + "&state=all"} {
		require.Contains(t, page, words)
	}
	d.estateOf("mx1")
	item := d.get("bo", itemURL("mx1"), http.StatusOK)
	require.Contains(t, item, "mx1 is busy")
	require.Contains(t, item, `href="/changes/`+one.Number+`"`)
}

// estateOf writes items of which nothing but the handle is known.
func (d *desk) estateOf(handles ...string) {
	d.t.Helper()
	for _, handle := range handles {
		body := app.ItemBody{}
		body.Class = "server"
		_, err := d.SaveItem(app.WithPrincipal(d.t.Context(), d.admin), handle, body)
		require.NoError(d.t, err)
	}
}

func TestAChangeWithoutAlertsHasNoBoxOfThem(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	one := d.board()
	require.Regexp(t, `<section id="held"[^>]* hidden`, d.get("bo", recordURL(one.Number), http.StatusOK))
	ended := d.implementing()
	require.Contains(t, d.get("bo", recordURL(ended.Number), http.StatusOK), "None so far.")
}

func TestWhatCameOfAnAlertIsWorded(t *testing.T) {
	t.Parallel()
	text := func(row app.AlertRow) string {
		return regexp.MustCompile(`\s+`).ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(html(t, alertFate(row)), ""), " ")
	}
	require.Equal(t, "About INC-000001", strings.TrimSpace(text(app.AlertRow{Incident: "INC-000001"})))
	require.Contains(t, text(app.AlertRow{Incident: "INC-000001", Change: "CHG-000002"}), "CHG-000002")
	require.Contains(t, text(app.AlertRow{Held: true, Alert: alert.Alert{Firing: true}}), "Held by a change that you may not read: opens no incident")
	require.Contains(t, text(app.AlertRow{}), "not for you to read")
}

func TestAKeyIsMadeShownOnceAndRevoked(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	require.Contains(t, d.get("ana", intakeKeysPath, http.StatusOK), "None yet.")
	require.Contains(t, d.post("ana", intakeKeysPath, url.Values{"service": {"gone"}, "name": {"prometheus"}}, http.StatusUnprocessableEntity), "Service gone is not known.")
	require.Contains(t, d.post("ana", intakeKeysPath, url.Values{"service": {"mail"}}, http.StatusUnprocessableEntity), `id="f-name-wrong"`)
	made := d.post("ana", intakeKeysPath, url.Values{"service": {"mail"}, "name": {"prometheus-berlin"}}, http.StatusCreated)
	found := regexp.MustCompile(`value="http://example\.com(/api/v1/intake/(hf_[^/]+)/alertmanager)"`).FindStringSubmatch(made)
	require.NotNil(t, found, "the address as its reader came to the console")
	for _, words := range []string{"curl -d '{\"key\": \"trial\"", found[2] + "/generic", "send_resolved: true", "kept nowhere"} {
		require.Contains(t, made, words)
	}
	key, err := d.FindIntake(t.Context(), found[2])
	require.NoError(t, err)
	trial := regexp.MustCompile(`curl -d '([^']+)'`).FindStringSubmatch(made)
	taken, err := d.TakeAlerts(t.Context(), key, "generic", []byte(trial[1]))
	require.NoError(t, err, "what is shown to be tried works")
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, taken)

	list := d.get("ana", intakeKeysPath, http.StatusOK)
	require.NotContains(t, list, found[2])
	require.Contains(t, list, "prometheus-berlin")
	require.Contains(t, list, "last used")
	require.Equal(t, intakeKeysPath, d.done("ana", intakeKeysPath+"/"+key.ID+"/revoke", url.Values{}))
	require.Contains(t, d.get("ana", intakeKeysPath, http.StatusOK), "1 key that was revoked")
	_, err = d.FindIntake(t.Context(), found[2])
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(err))
	d.post("ana", intakeKeysPath+"/nothing/revoke", url.Values{}, http.StatusNotFound)
	for _, who := range []string{"bo", "rita"} {
		d.get(who, intakeKeysPath, http.StatusForbidden)
		d.post(who, intakeKeysPath, url.Values{"service": {"mail"}, "name": {"x"}}, http.StatusForbidden)
		d.post(who, intakeKeysPath+"/"+key.ID+"/revoke", url.Values{}, http.StatusForbidden)
	}
}

// An owner of a service connects it and no other.
func TestTheOwnerOfAServiceConnectsIt(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	_, err := d.GiveGrant(app.WithPrincipal(t.Context(), d.admin), app.Grant{Person: "cy", Role: domain.RoleServiceOwner, ScopeKind: "service", ScopeName: "wifi"})
	require.NoError(t, err)
	d.signIn("cy")
	page := d.get("cy", intakeKeysPath, http.StatusOK)
	require.Contains(t, page, `<option value="wifi"`)
	require.NotContains(t, page, `<option value="mail"`)
	require.Contains(t, d.get("cy", alertsPath, http.StatusOK), intakeKeysPath)
	d.post("cy", intakeKeysPath, url.Values{"service": {"mail"}, "name": {"x"}}, http.StatusForbidden)
	require.Contains(t, d.post("cy", intakeKeysPath, url.Values{"service": {"wifi"}, "name": {"x"}}, http.StatusCreated), "x of wifi is made")
}
