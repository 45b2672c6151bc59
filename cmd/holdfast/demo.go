package main

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// demoFiles are the demo organisation: organisation.yaml its policies, people.yaml who works there, items.csv and relations.csv what
// it runs, and the rest what has happened to them.
//
//go:embed demo/*.yaml demo/*.csv
var demoFiles embed.FS

const (
	demoPolicies = "demo/organisation.yaml"
	demoPeople   = "demo/people.yaml"
	// demoCalendar is the calendar by whose open hours the organisation lives.
	demoCalendar = "support"
	// demoAge is how many working days before the first start the organisation began to use Holdfast.
	demoAge = 45
)

// demoLives are the files that tell lives of incidents and of changes.
var demoLives = []string{"demo/applications.yaml", "demo/changes.yaml", "demo/desk.yaml", "demo/messaging.yaml", "demo/network.yaml", "demo/workplace.yaml"}

// demoPerson is somebody of the organisation, with what they may do.
type demoPerson struct {
	Handle string      `json:"handle"`
	Name   string      `json:"name"`
	Zone   string      `json:"zone"`
	Grants []demoGrant `json:"grants"`
}

// demoGrant is a role for everything, or for one team or service.
type demoGrant struct {
	Role    string `json:"role"`
	Team    string `json:"team,omitempty"`
	Service string `json:"service,omitempty"`
}

// demoTrees reads the documents of one of the demo's files.
func demoTrees(name string) ([]policyfile.Tree, error) {
	content, err := demoFiles.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the demo: %w", err)
	}
	return policyfile.ParseTrees(name, content)
}

// installDemo fills an empty installation with an organisation and the incidents of its last two months, as they stand at
// a moment. It must run where no worker does: it decides by itself, on the demo's own clock. Every write has a fixed key,
// so that an installation that was interrupted is finished by the next one for the same moment.
func installDemo(ctx context.Context, site demoSite, now time.Time) error {
	documents, err := demoDocuments()
	if err != nil {
		return err
	}
	hours, err := demoHours(documents, now)
	if err != nil {
		return err
	}
	if documents, err = hours.onBoardDay(documents); err != nil {
		return err
	}
	script, err := readDemoScript(documents, now)
	if err != nil {
		return err
	}
	player := newDemoPlayer(site, script.begin)
	if err := player.settle(ctx, documents); err != nil {
		return err
	}
	if err := player.importItems(ctx); err != nil {
		return err
	}
	if err := player.play(ctx, script, now); err != nil {
		return err
	}
	if err := player.changeTurns(ctx, now); err != nil {
		return err
	}
	if err := player.delegateVotes(ctx, now); err != nil {
		return err
	}
	_, err = schemas.SkipOutbox(ctx, site.rows, now) // nobody is told now of what happened to them in the demo's two months
	return err
}

// demoDocuments are the policies that the organisation began with.
func demoDocuments() ([]policy.Document, error) {
	trees, err := demoTrees(demoPolicies)
	if err != nil {
		return nil, err
	}
	documents := make([]policy.Document, 0, len(trees))
	for _, tree := range trees {
		document, err := tree.Document()
		if err != nil {
			return nil, err
		}
		document.Reason = "an organisation to try things on"
		documents = append(documents, document)
	}
	return documents, nil
}

// readDemoPeople reads who works in the organisation.
func readDemoPeople() ([]demoPerson, error) {
	var file struct {
		Kind   string       `json:"kind"`
		Name   string       `json:"name"`
		People []demoPerson `json:"people"`
	}
	trees, err := demoTrees(demoPeople)
	if err != nil {
		return nil, err
	}
	err = trees[0].Decode(&file)
	return file.People, err
}

// settle stores the people, their policies and their rights, in this order: teams name people, grants name teams. A policy
// that has changed since the organisation began is left as it is.
func (p *demoPlayer) settle(ctx context.Context, documents []policy.Document) error {
	people, err := readDemoPeople()
	if err != nil {
		return err
	}
	for _, person := range people {
		known := app.Person{Handle: person.Handle, Name: person.Name, Mail: person.Handle + "@example.org", Kind: "person", Active: true, Zone: person.Zone}
		if _, err := p.app.SavePerson(system(ctx), known); err != nil {
			return fmt.Errorf("set up the person %s: %w", person.Handle, err)
		}
	}
	for _, document := range documents {
		if err := p.begin(ctx, document); err != nil {
			return err
		}
	}
	for _, person := range people {
		for _, given := range person.Grants {
			if _, err := p.app.GiveGrant(system(ctx), given.to(person.Handle)); err != nil {
				return fmt.Errorf("set up the rights of %s: %w", person.Handle, err)
			}
		}
	}
	return nil
}

func (g demoGrant) to(person string) app.Grant {
	grant := app.Grant{Person: person, Role: domain.Role(g.Role), ScopeKind: "all"}
	switch {
	case g.Team != "":
		grant.ScopeKind, grant.ScopeName = "team", g.Team
	case g.Service != "":
		grant.ScopeKind, grant.ScopeName = "service", g.Service
	}
	return grant
}

// begin stores a policy that the organisation began with, unless somebody of it has changed it since: an installation that
// goes on must not take that back.
func (p *demoPlayer) begin(ctx context.Context, document policy.Document) error {
	stored, err := p.app.Policy(system(ctx), document.Kind, document.Name, 0)
	if err != nil && domain.CodeOf(err) != domain.CodeNotFound {
		return err
	}
	if err == nil && stored.Reason != defaultReason {
		return nil
	}
	if _, err := p.app.ApplyPolicy(system(ctx), document); err != nil {
		return fmt.Errorf("set up %s/%s: %w", document.Kind, document.Name, err)
	}
	return nil
}
