package app

import (
	"context"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Configuration knows what is run: items, how they hang together, and what follows from that. Every read may be of any instant.
type Configuration interface {
	ConfigurationItems(ctx context.Context, query ItemQuery) (Page[configuration.Item], error)
	// ConfigurationItem reads an item with what is around it: as it is, or as it was at an instant.
	ConfigurationItem(ctx context.Context, handle string, at *time.Time) (ItemView, error)
	// ItemVersions lists what was ever said of an item, the newest first.
	ItemVersions(ctx context.Context, handle string) ([]configuration.Item, error)
	// ItemRelations lists the relations that an item has or ever had, the newest first.
	ItemRelations(ctx context.Context, handle string) ([]RelatedRow, error)
	// SaveItem writes an item's next version, unless nothing differs. With a base it does so only on top of that version, 0 for
	// none in force: else it is a conflict.
	SaveItem(ctx context.Context, handle string, body ItemBody) (configuration.Item, error)
	// EndItem ends an item, and its relations with it: conflict where it has ended.
	EndItem(ctx context.Context, handle, reason string) (configuration.Item, error)
	// Relate ties one item to another; the same again does nothing. EndRelation ends a relation.
	Relate(ctx context.Context, handle string, body RelationBody) error
	EndRelation(ctx context.Context, handle string, body RelationBody) error
	// Impact says who feels what happens to some items.
	Impact(ctx context.Context, query ImpactQuery) (configuration.Impact, error)
	// ImportConfiguration writes all that sources say, or with any fault nothing; a dry run writes nothing and tells what would be.
	ImportConfiguration(ctx context.Context, body ImportBody) (configuration.Report, error)
}

// ItemQuery narrows a list of items, by their handles.
type ItemQuery struct {
	// Words are looked for within handles and titles.
	Words                             string
	Class, Service, Team, Environment string
	// Criticality is that of the items' services.
	Criticality string
	// At is the instant of which the list is; nil: now.
	At     *time.Time
	Limit  int
	Cursor string
}

// ItemBody is what an item is to be.
type ItemBody struct {
	configuration.Content
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why it is changed"`
	// Base is the version that its writer saw; nil asks for none.
	Base *int `json:"base,omitempty" minimum:"0" doc:"The version this one goes on from, 0 for a new item: another one is a conflict"`
}

// RelationBody is a relation of an item to another.
type RelationBody struct {
	Type string `json:"type" enum:"depends_on,runs_on,uses,part_of,connected_to"`
	To   string `json:"to" minLength:"1" maxLength:"100" doc:"The handle of the other item"`
}

// ItemView is an item with what is around it.
type ItemView struct {
	configuration.Item
	// RelationsFrom begin at the item, RelationsTo end there.
	RelationsFrom []RelatedRow `json:"relations_from"`
	RelationsTo   []RelatedRow `json:"relations_to"`
	// Incidents are those open on it that the caller may read, Changes those that touch it and are not at their end.
	Incidents []ItemIncident `json:"open_incidents"`
	Changes   []ItemChange   `json:"open_changes"`
	MayEdit   bool           `json:"may_edit"`
}

// RelatedRow is a relation of an item, with what is at its other end; ItemIncident and ItemChange are records on an item.
type (
	RelatedRow   = schemas.RelatedRow
	ItemIncident = schemas.ItemIncident
	ItemChange   = schemas.ItemChange
)

// ImpactQuery asks for an impact.
type ImpactQuery struct {
	Items []string
	// At is the instant at which the items hung together; nil: now.
	At *time.Time
	// Depth is over how many relations it is followed; 0: over as many as there may be.
	Depth int
	// Through: shared items do not stop it.
	Through bool
}

const (
	// mostRelations is how many relations of an item are told in each direction, mostAround how many records on it.
	mostRelations = 500
	mostAround    = 50
	mostReached   = 5000
	mostVersions  = 200
)

// ConfigurationItems lists items, one page at a time.
func (a *App) ConfigurationItems(ctx context.Context, query ItemQuery) (Page[configuration.Item], error) {
	page := Page[configuration.Item]{Items: []configuration.Item{}}
	if err := a.allowed(ctx, PermissionConfigurationRead); err != nil {
		return page, err
	}
	if err := inCalendar(map[string]*time.Time{"at": query.At}); err != nil {
		return page, err
	}
	size := pageSize(query.Limit)
	found, err := schemas.ListItems(ctx, a.DB, schemas.ItemFilter{
		At: a.instant(query.At), Words: query.Words, Class: query.Class, Service: query.Service, Team: query.Team,
		Environment: query.Environment, Criticality: query.Criticality, After: query.Cursor, Limit: size + 1,
	})
	if err != nil {
		return page, a.fault(ctx, "listing configuration items", err)
	}
	if len(found) > size {
		found = found[:size]
		page.NextCursor = found[size-1].Handle
	}
	page.Items = append(page.Items, found...)
	return page, nil
}

// instant is a moment that was asked for, or now.
func (a *App) instant(at *time.Time) time.Time {
	if at == nil {
		return a.now()
	}
	return domain.Millisecond(*at)
}

// ConfigurationItem reads an item with what is around it.
func (a *App) ConfigurationItem(ctx context.Context, handle string, at *time.Time) (ItemView, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return ItemView{}, err
	}
	if err := principal.mayAnywhere(PermissionConfigurationRead); err != nil {
		return ItemView{}, err
	}
	if err := inCalendar(map[string]*time.Time{"at": at}); err != nil {
		return ItemView{}, err
	}
	item, found, err := schemas.ItemAt(ctx, a.DB, handle, at)
	if err != nil {
		return ItemView{}, a.fault(ctx, "reading a configuration item", err)
	}
	if !found {
		return ItemView{}, domain.Errorf(domain.CodeNotFound, "no configuration item %s", handle)
	}
	view := ItemView{Item: item, MayEdit: at == nil && item.ValidTo == nil && principal.mayConfigure(item.Content)}
	view.RelationsFrom, view.RelationsTo, err = schemas.RelatedOf(ctx, a.DB, handle, a.instant(at), mostRelations)
	if err == nil {
		view.Incidents, err = schemas.OpenIncidentsOn(ctx, a.DB, a.reader(principal), handle, mostAround)
	}
	if err == nil {
		view.Changes, err = schemas.OpenChangesOn(ctx, a.DB, a.reader(principal), handle, mostAround)
	}
	return view, a.fault(ctx, "reading what is around a configuration item", err)
}

// mayConfigure reports whether somebody may write an item of a team and a service.
func (p Principal) mayConfigure(c configuration.Content) bool {
	return p.may(PermissionConfigurationWrite, p.rolesFor(domain.Record{Team: c.OwnerTeam, Service: c.Service})) == nil
}

// ItemVersions lists what was ever said of an item, the newest first.
func (a *App) ItemVersions(ctx context.Context, handle string) ([]configuration.Item, error) {
	if err := a.allowed(ctx, PermissionConfigurationRead); err != nil {
		return nil, err
	}
	found, err := schemas.ItemVersions(ctx, a.DB, handle, mostVersions)
	if err == nil && len(found) == 0 {
		return nil, domain.Errorf(domain.CodeNotFound, "no configuration item %s", handle)
	}
	return found, a.fault(ctx, "reading the past of a configuration item", err)
}

// ItemRelations lists the relations that an item has or ever had, the newest first.
func (a *App) ItemRelations(ctx context.Context, handle string) ([]RelatedRow, error) {
	if err := a.allowed(ctx, PermissionConfigurationRead); err != nil {
		return nil, err
	}
	found, err := schemas.RelationsEver(ctx, a.DB, handle, mostRelations)
	return found, a.fault(ctx, "reading the relations that a configuration item ever had", err)
}

// Impact says who feels what happens to some items.
func (a *App) Impact(ctx context.Context, query ImpactQuery) (configuration.Impact, error) {
	if err := a.allowed(ctx, PermissionConfigurationRead); err != nil {
		return configuration.Impact{}, err
	}
	if err := inCalendar(map[string]*time.Time{"at": query.At}); err != nil {
		return configuration.Impact{}, err
	}
	items := slices.Compact(slices.Sorted(slices.Values(query.Items)))
	switch {
	case len(items) == 0 || len(items) > domain.MaxItems:
		return configuration.Impact{}, badQuery("item", nil, "takes 1 to 100 handles")
	case query.Depth < 0 || query.Depth > configuration.ImpactDepth:
		return configuration.Impact{}, badQuery("depth", query.Depth, "is 1 to 10")
	case query.Depth == 0:
		query.Depth = configuration.ImpactDepth
	}
	found, err := schemas.Impact(ctx, a.DB, items, a.instant(query.At), query.Depth, query.Through, mostReached)
	if err != nil {
		return found, a.fault(ctx, "following an impact", err)
	}
	for _, item := range items {
		if !slices.ContainsFunc(found.Reached, func(one configuration.Reached) bool { return one.Handle == item }) {
			return found, domain.Errorf(domain.CodeNotFound, "no configuration item %s at that time", item)
		}
	}
	return found, nil
}
