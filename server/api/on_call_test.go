package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
)

func TestOnCallOverHTTP(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.base.Apply(t, "OnCallSchedule/primary", oncall.Spec{Timezone: "Europe/Berlin", Layers: []oncall.Layer{{
		Name: "week", Rotation: oncall.Rotation{Unit: "week", Start: "2026-11-23", Handoff: "09:00"}, People: []string{"ana", "bo"},
	}}})
	_, err := d.service.GiveGrant(d.installs(), app.Grant{Person: "ana", Role: domain.RoleTeamLead, ScopeKind: "team", ScopeName: "messaging"})
	require.NoError(t, err)
	lead := d.token("ana")
	send := func(method, path, secret, body string, headers ...string) told {
		return d.ask(method, path, secret, strings.NewReader(body), append([]string{"Content-Type", "application/json"}, headers...)...)
	}
	who := d.ask(http.MethodGet, "/on-call?schedule=primary", d.agent, nil)
	require.Equal(t, http.StatusOK, who.status, string(who.body))
	require.JSONEq(t, `{"items":[{"schedule":"primary","title":"primary","at":"2026-11-30T09:00:00Z","people":[{"person":"bo","layer":"week","name":"Bo","active":true}],
		"until":"2026-12-07T08:00:00Z","next":[{"person":"ana","layer":"week","name":"Ana","active":true}]}]}`, string(who.body))
	require.Equal(t, http.StatusNotFound, d.ask(http.MethodGet, "/on-call?schedule=none", d.agent, nil).status)
	require.Equal(t, http.StatusForbidden, d.ask(http.MethodGet, "/on-call", d.token("rita"), nil).status)
	require.Equal(t, http.StatusOK, d.ask(http.MethodGet, "/on-call/shifts?person=me&to=2027-01-01T00:00:00Z", d.agent, nil).status)
	require.Equal(t, http.StatusUnprocessableEntity, d.ask(http.MethodGet, "/on-call/shifts?to=2020-01-01T00:00:00Z", d.agent, nil).status)
	require.Equal(t, http.StatusOK, d.ask(http.MethodGet, "/schedules", d.agent, nil).status)
	require.Equal(t, http.StatusOK, d.ask(http.MethodGet, "/schedules/primary/check", d.agent, nil).status)

	body := `{"person":"cy","replaces":"bo","to":"2026-12-01T08:00:00Z"}`
	require.Equal(t, http.StatusForbidden, send(http.MethodPost, "/schedules/primary/overrides", d.agent, body).status)
	made := send(http.MethodPost, "/schedules/primary/overrides", lead, body, "Idempotency-Key", "a")
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	again := send(http.MethodPost, "/schedules/primary/overrides", lead, body, "Idempotency-Key", "a")
	require.JSONEq(t, string(made.body), string(again.body))
	require.Equal(t, http.StatusConflict, send(http.MethodPost, "/schedules/primary/overrides", lead, `{"person":"cy","to":"2026-12-01T08:00:00Z"}`).status)
	var override app.Override
	require.NoError(t, json.Unmarshal(made.body, &override))
	require.Contains(t, string(d.ask(http.MethodGet, "/schedules/primary/overrides", d.agent, nil).body), override.ID)
	require.Equal(t, http.StatusNoContent, d.ask(http.MethodDelete, "/overrides/"+override.ID, lead, nil).status)
	require.Equal(t, http.StatusNotFound, d.ask(http.MethodDelete, "/overrides/none", lead, nil).status)

	proposed := send(http.MethodPost, "/schedules/primary/swaps", d.agent, `{"with":"ana","gives":{"from":"2026-12-01T08:00:00Z","to":"2026-12-02T08:00:00Z"}}`)
	require.Equal(t, http.StatusCreated, proposed.status, string(proposed.body))
	var swap app.Swap
	require.NoError(t, json.Unmarshal(proposed.body, &swap))
	require.Equal(t, http.StatusForbidden, send(http.MethodPost, "/swaps/"+swap.ID+"/accept", d.agent, "").status)
	require.Equal(t, http.StatusOK, d.ask(http.MethodPost, "/swaps/"+swap.ID+"/accept", lead, nil).status)
	require.Equal(t, http.StatusConflict, d.ask(http.MethodPost, "/swaps/"+swap.ID+"/decline", lead, nil).status)
	require.Contains(t, string(d.ask(http.MethodGet, "/swaps", d.agent, nil).body), `"state":"accepted"`)

	feed := send(http.MethodPost, "/on-call/feeds", d.agent, `{"schedule":"primary"}`)
	require.Equal(t, http.StatusCreated, feed.status, string(feed.body))
	require.Contains(t, string(feed.body), app.FeedPath+"hf_")
	listed := d.ask(http.MethodGet, "/on-call/feeds", d.agent, nil)
	require.NotContains(t, string(listed.body), "hf_", "an address is told once")
	var one app.NewFeed
	require.NoError(t, json.Unmarshal(feed.body, &one))
	require.Equal(t, http.StatusNoContent, d.ask(http.MethodDelete, "/on-call/feeds/"+one.ID, d.agent, nil).status)
}
