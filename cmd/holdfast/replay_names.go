package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// introduce makes everybody active whom the commands name, and lets them be of the teams that they work for in the log.
// Accounts and teams that are there keep what they have.
func (r *replayRun) introduce(ctx context.Context) error {
	progress := r.progress("introducing", int64(len(r.names.People)+len(r.names.Teams)), "accounts and teams")
	defer progress.end()
	writers, writing := errgroup.WithContext(ctx)
	writers.SetLimit(r.Clients)
	for _, handle := range slices.Sorted(maps.Keys(r.names.People)) {
		writers.Go(func() error {
			defer progress.add(1)
			return r.introducePerson(writing, handle, r.names.People[handle])
		})
	}
	if err := writers.Wait(); err != nil {
		return err
	}
	for _, handle := range slices.Sorted(maps.Keys(r.names.Teams)) {
		if err := r.introduceTeam(ctx, handle, r.names.Teams[handle]); err != nil {
			return err
		}
		progress.add(1)
	}
	return nil
}

func (r *replayRun) introducePerson(ctx context.Context, handle, name string) error {
	person, err := r.service.Person(ctx, handle)
	switch {
	case err == nil && person.Active:
		return nil
	case domain.CodeOf(err) == domain.CodeNotFound:
		person = app.Person{Handle: handle, Name: name}
	case err != nil:
		return err
	}
	person.Active = true
	if _, err := r.service.SavePerson(ctx, person); err != nil {
		return fmt.Errorf("introduce %s: %w", handle, err)
	}
	return nil
}

func (r *replayRun) introduceTeam(ctx context.Context, handle, title string) error {
	team := policy.Team{Title: title, Members: []string{}}
	document, err := r.service.Policy(ctx, policy.KindTeam, handle, 0)
	switch {
	case err == nil:
		if err := json.Unmarshal(document.Spec, &team); err != nil {
			return fmt.Errorf("read the team %s: %w", handle, err)
		}
	case domain.CodeOf(err) != domain.CodeNotFound:
		return err
	}
	known := len(team.Members)
	for _, person := range slices.Sorted(maps.Keys(r.names.Members[handle])) {
		if !slices.Contains(team.Members, person) {
			team.Members = append(team.Members, person)
		}
	}
	if err == nil && len(team.Members) == known {
		return nil
	}
	spec, err := json.Marshal(team)
	if err != nil {
		return fmt.Errorf("introduce the team %s: %w", handle, err)
	}
	reason := "as in " + r.File
	if _, err := r.service.ApplyPolicy(ctx, policy.Document{Kind: policy.KindTeam, Name: handle, Spec: spec, Reason: reason}); err != nil {
		return fmt.Errorf("introduce the team %s: %w", handle, err)
	}
	return nil
}
