package web

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

const (
	itemsPath = "/configuration-items"
	// newItemPath lies where no item's page can be: no handle begins with a hyphen.
	newItemPath = itemsPath + "/-/new"
	// offeredItemsPath answers the items that a form offers.
	offeredItemsPath = itemsPath + "/-/offered"
	// importItemsPath ends as those paths do that have the time of an import.
	importItemsPath = "/configuration-import"
)

// mountConfiguration adds the pages about configuration items.
func (w *console) mountConfiguration(pages *gin.RouterGroup) {
	read := pages.Group(itemsPath, w.needs(app.PermissionConfigurationRead))
	read.GET("", w.items)
	read.GET("/:handle", w.item)
	read.GET("/:handle/impact", w.itemImpact)
	write := pages.Group("", w.needs(app.PermissionConfigurationWrite))
	write.GET(newItemPath, w.newItem)
	write.GET(offeredItemsPath, w.offeredItems)
	write.POST(newItemPath, w.addItem)
	write.GET(itemsPath+"/:handle/edit", w.editItem)
	write.POST(itemsPath+"/:handle/edit", w.saveItem)
	write.POST(itemsPath+"/:handle/end", w.endItem)
	write.POST(itemsPath+"/:handle/relations", w.relateItem)
	write.POST(itemsPath+"/:handle/relations/end", w.endRelation)
	write.GET(importItemsPath, w.importForm)
	write.POST(importItemsPath, w.importItems)
}

// readsItems reports whether somebody sees configuration items.
func readsItems(who app.Principal) bool { return who.May(app.PermissionConfigurationRead) }

func itemURL(handle string) string { return itemsPath + "/" + url.PathEscape(handle) }

// itemFilters are what a list of items is narrowed by.
type itemFilters struct {
	Words, Class, Service, Criticality, Team, Environment, Cursor string
}

func itemFiltersOf(query url.Values) itemFilters {
	return itemFilters{
		Words: strings.TrimSpace(query.Get("q")), Class: query.Get("class"), Service: query.Get("service"), Criticality: query.Get("criticality"),
		Team: query.Get("team"), Environment: strings.TrimSpace(query.Get("environment")), Cursor: query.Get("cursor"),
	}
}

func (f itemFilters) url(cursor string) string {
	values := url.Values{}
	for name, value := range map[string]string{
		"q": f.Words, "class": f.Class, "service": f.Service, "criticality": f.Criticality, "team": f.Team, "environment": f.Environment, "cursor": cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return itemsPath + "?" + values.Encode()
}

func (f itemFilters) query() app.ItemQuery {
	return app.ItemQuery{
		Words: f.Words, Class: f.Class, Service: f.Service, Criticality: f.Criticality, Team: f.Team, Environment: f.Environment, Cursor: f.Cursor,
	}
}

// narrowed reports whether a filter leaves anything out.
func (f itemFilters) narrowed() bool { return f != itemFilters{Cursor: f.Cursor} }

// itemsView is the list of items.
type itemsView struct {
	page
	Filters               itemFilters
	Found                 app.Page[configuration.Item]
	Classes, Teams        []choice
	Services, Criticality []choice
	// ServiceOf finds what is known of an item's service.
	ServiceOf map[string]app.ServiceView
}

func (w *console) items(c *gin.Context) {
	ctx := c.Request.Context()
	view := itemsView{page: w.page(c, "Configuration items"), Filters: itemFiltersOf(c.Request.URL.Query())}
	var err error
	if view.Found, err = w.Service.ConfigurationItems(ctx, view.Filters.query()); err != nil {
		w.fail(c, err)
		return
	}
	view.Classes = w.classes(ctx)
	view.Teams, _ = w.teamsOf(ctx, view.Who.Handle)
	view.ServiceOf = w.servicesByName(ctx)
	for _, name := range slices.Sorted(maps.Keys(view.ServiceOf)) {
		view.Services = append(view.Services, titled(name, view.ServiceOf[name].Title))
	}
	view.Criticality = criticalities(view.ServiceOf)
	w.show(c, http.StatusOK, itemsPage(view))
}

// classes are the terms of the vocabulary of classes. One that cannot be read leaves them empty: nothing is decided by it.
func (w *console) classes(ctx context.Context) []choice {
	found, err := vocabulary(configuration.Vocabulary)(w, ctx, nil)
	if err != nil {
		w.Log.WarnContext(ctx, "the classes of configuration items could not be read", "error", err)
	}
	return found
}

func (w *console) servicesByName(ctx context.Context) map[string]app.ServiceView {
	found, err := w.Service.Services(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "the services could not be read", "error", err)
	}
	named := make(map[string]app.ServiceView, len(found))
	for _, one := range found {
		named[one.Name] = one
	}
	return named
}

// gravestFirst are the words that most organisations have for how critical a service is.
var gravestFirst = []string{"critical", "high", "medium", "low"}

// criticalities are those that services have, the gravest first, and others by name.
func criticalities(services map[string]app.ServiceView) []choice {
	var names []string
	for _, one := range services {
		if one.Criticality != "" && !slices.Contains(names, one.Criticality) {
			names = append(names, one.Criticality)
		}
	}
	place := func(name string) int {
		if at := slices.Index(gravestFirst, name); at >= 0 {
			return at
		}
		return len(gravestFirst)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b)) })
	choices := make([]choice, len(names))
	for i, name := range names {
		choices[i] = titled(name, "")
	}
	return choices
}

// gravity is the colour of a criticality's chip.
func gravity(criticality string) string {
	switch criticality {
	case "critical":
		return "alarm"
	case "high":
		return "warn"
	}
	return ""
}

// anyOf puts the choice of none before others, and keeps a value that is not among them.
func anyOf(choices []choice, value string) []choice {
	return append([]choice{{"", "Any"}}, or(choices, value)...)
}

// serviceName is what people call a service.
func serviceName(service app.ServiceView, name string) string { return cmp.Or(service.Title, name) }

// className words a class as the vocabulary does, or by its name.
func className(classes []choice, class string) string {
	for _, one := range classes {
		if one.Value == class {
			return one.Title
		}
	}
	return human(class)
}
