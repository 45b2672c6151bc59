package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

//go:embed demo/organisation.yaml
var demoOrganisation []byte

// demoPeople work in the organisation; the last two only ask for things.
var demoPeople = []struct {
	handle, name string
	role         domain.Role
	scope        string // a team; empty: everything
}{
	{"ana", "Ana Brandt", domain.RoleIncidentManager, ""},
	{"bo", "Bo Nielsen", domain.RoleAgent, ""},
	{"cy", "Cy Okafor", domain.RoleTeamLead, "messaging"},
	{"dee", "Dee Marin", domain.RoleAgent, "messaging"},
	{"eli", "Eli Sato", domain.RoleTeamLead, "network"},
	{"rita", "Rita Lang", domain.RoleRequester, ""},
	{"sam", "Sam Weber", domain.RoleRequester, ""},
}

// demoStep is one command of somebody; step 0 of an incident logs it.
type demoStep struct {
	by, verb string
	body     any
}

// demoIncidents are lives of a few incidents, given as commands like anybody's.
func demoIncidents(now time.Time) [][]demoStep {
	tomorrow := now.Add(24 * time.Hour).Truncate(time.Hour)
	return [][]demoStep{
		{
			{"bo", "log", incident.Log{Title: "Mail cannot be sent from the sales office", Description: "Outbox fills up since this morning; receiving works.", Impact: "high", Urgency: "high", Service: "mail", Requester: "rita", Channel: "phone", Category: "delivery"}},
			{"dee", "triage", incident.Triage{}},
			{"dee", "assign", incident.Assign{Assignee: "dee"}},
			{"dee", "start", incident.Start{}},
		},
		{{"rita", "log", incident.Log{Title: "Calendar invitations arrive twice", Impact: "low", Urgency: "medium", Service: "mail"}}},
		{
			{"bo", "log", incident.Log{Title: "VPN drops every ten minutes at home", Impact: "low", Urgency: "high", Service: "vpn", Requester: "sam", Channel: "phone"}},
			{"eli", "triage", incident.Triage{Category: "connection"}},
			{"eli", "hold", incident.HoldOn{Reason: incident.AwaitingRequester, Comment: "Which router do you use at home?"}},
		},
		{
			{"bo", "log", incident.Log{Title: "Branch office has no network", Impact: "high", Urgency: "medium", Service: "vpn", Channel: "monitoring"}},
			{"eli", "start", incident.Start{}},
			{"eli", "hold", incident.HoldOn{Reason: incident.AwaitingVendor, Vendor: "Northline", Reference: "NL-20418", PromisedAt: &tomorrow}},
		},
		{{"bo", "log", incident.Log{
			Title: "Password of the intranet forgotten", Impact: "low", Urgency: "low", Service: "intranet", Requester: "sam", Channel: "phone",
			Resolution: &incident.Resolve{Code: "fixed", Notes: "Reset on the phone after the usual questions."},
		}}},
		{
			{"sam", "log", incident.Log{Title: "Intranet search finds nothing", Impact: "medium", Urgency: "low", Service: "intranet"}},
			{"ana", "start", incident.Start{}},
			{"ana", "resolve", incident.Resolve{Code: "fixed", Notes: "The index was rebuilt; search answers again."}},
			{"sam", "confirm", incident.Confirm{Score: 5, Comment: "Quick, thank you"}},
		},
	}
}

// installDemo fills an empty installation with an organisation and a few incidents. Every write has a fixed key, so that an
// interrupted first start is finished by the next one.
func installDemo(ctx context.Context, service *app.App) error {
	for _, person := range demoPeople {
		handle := person.handle
		if _, err := service.SavePerson(system(ctx), app.Person{Handle: handle, Name: person.name, Mail: handle + "@example.org", Active: true, Zone: "Europe/Berlin"}); err != nil {
			return fmt.Errorf("set up the person %s: %w", handle, err)
		}
	}
	if err := installOrganisation(ctx, service); err != nil {
		return err
	}
	for _, person := range demoPeople {
		grant := app.Grant{Person: person.handle, Role: person.role, ScopeKind: "all"}
		if person.scope != "" {
			grant.ScopeKind, grant.ScopeName = "team", person.scope
		}
		if _, err := service.GiveGrant(system(ctx), grant); err != nil {
			return fmt.Errorf("set up the rights of %s: %w", person.handle, err)
		}
	}
	for i, life := range demoIncidents(service.Clock.Now()) {
		if err := installLife(ctx, service, i, life); err != nil {
			return err
		}
	}
	return nil
}

// installOrganisation stores the teams, services and policies that the people work in.
func installOrganisation(ctx context.Context, service *app.App) error {
	trees, err := policyfile.ParseTrees("organisation.yaml", demoOrganisation)
	if err != nil {
		return err
	}
	for _, tree := range trees {
		document, err := tree.Document()
		if err != nil {
			return err
		}
		document.Reason = "an organisation to try things on"
		if _, err := service.ApplyPolicy(system(ctx), document); err != nil {
			return fmt.Errorf("set up %s/%s: %w", document.Kind, document.Name, err)
		}
	}
	return nil
}

// installLife gives one incident's commands in order.
func installLife(ctx context.Context, service *app.App, number int, life []demoStep) error {
	record := ""
	for i, step := range life {
		grants, err := service.Grants(system(ctx), step.by)
		if err != nil {
			return err
		}
		body, err := json.Marshal(step.body)
		if err != nil {
			return fmt.Errorf("set up incident %d: %w", number, err)
		}
		reply, err := service.Execute(app.WithPrincipal(ctx, app.Principal{Handle: step.by, Kind: "person", Grants: grants}), app.Request{
			Practice: domain.Incident, Verb: step.verb, Record: record, Body: body,
			Key: "demo/" + strconv.Itoa(number) + "/" + strconv.Itoa(i),
		})
		if err != nil {
			return fmt.Errorf("set up incident %d, %s: %w", number, step.verb, err)
		}
		record = reply.Record
	}
	return nil
}
