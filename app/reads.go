package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Incident reads one incident by id or number.
func (a *App) Incident(ctx context.Context, reference string) (IncidentView, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return IncidentView{}, err
	}
	if err := principal.mayAnywhere(PermissionIncidentRead); err != nil {
		return IncidentView{}, err
	}
	found, links, exists, err := schemas.ReadIncidentAndLinks(ctx, a.DB, a.reader(principal), reference)
	if err != nil {
		return IncidentView{}, a.fault(ctx, "reading an incident", err)
	}
	if !exists {
		return IncidentView{}, domain.Errorf(domain.CodeNotFound, "no incident %s", reference)
	}
	if err := a.auditRead(ctx, principal, found.Record); err != nil {
		return IncidentView{}, err
	}
	view := principal.view(found)
	view.Links, err = a.auditLinks(ctx, principal, links)
	return view, err
}

// links reads a record's links from both ends, to records that the principal may read.
func (a *App) links(ctx context.Context, principal Principal, record string) ([]schemas.LinkRow, error) {
	links, err := schemas.ReadLinks(ctx, a.DB, a.reader(principal), record)
	if err != nil {
		return []schemas.LinkRow{}, a.fault(ctx, "reading links", err)
	}
	return a.auditLinks(ctx, principal, links)
}

// auditLinks writes down the restricted records among links that were read.
func (a *App) auditLinks(ctx context.Context, principal Principal, links []schemas.LinkRow) ([]schemas.LinkRow, error) {
	err := auditRows(ctx, a, principal, links, func(link schemas.LinkRow) (string, bool) { return link.ID, link.Unnamed })
	return append([]schemas.LinkRow{}, links...), err
}

// views adds to each of a page of incidents what the principal may do, and writes down the restricted ones.
func (a *App) views(ctx context.Context, principal Principal, page []incident.Incident) ([]IncidentView, error) {
	views, heads := make([]IncidentView, len(page)), make([]domain.Record, len(page))
	for i, one := range page {
		views[i], heads[i] = principal.view(one), one.Record
	}
	return views, a.auditRead(ctx, principal, heads...)
}

// view adds what the principal may do to an incident, and takes away what is not theirs to see.
func (p Principal) view(found incident.Incident) IncidentView {
	view := IncidentView{Incident: found, AllowedCommands: []string{}, Links: []schemas.LinkRow{}}
	for _, verb := range incident.Allowed(found, p.actor(p.rolesFor(found.Record))) {
		if p.may(Permission("incident."+verb), p.rolesFor(found.Record)) == nil {
			view.AllowedCommands = append(view.AllowedCommands, verb)
		}
	}
	if !p.staff(found.Record) {
		view.Source, view.Agreements, view.Escalations = nil, nil, nil
		view.Clocks = slices.DeleteFunc(slices.Clone(found.Clocks), func(c sla.Clock) bool { return !c.Metric.ToRequester() })
		for i, clock := range view.Clocks {
			view.Clocks[i] = asPromised(clock)
		}
	}
	return view
}

// Incidents lists incidents, one page at a time.
func (a *App) Incidents(ctx context.Context, query IncidentQuery) (Page[IncidentView], error) {
	page := Page[IncidentView]{Items: []IncidentView{}}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return page, err
	}
	if err := principal.mayAnywhere(PermissionIncidentRead); err != nil {
		return page, err
	}
	filter, err := query.filter(principal, a.now())
	if err != nil {
		return page, err
	}
	found, next, err := schemas.ListIncidents(ctx, a.DB, a.reader(principal), filter)
	if err != nil {
		return page, a.fault(ctx, "listing incidents", err)
	}
	if page.Items, err = a.views(ctx, principal, found); err != nil {
		return page, err
	}
	if next != nil {
		if page.NextCursor, err = encodeCursor(next); err != nil {
			return page, a.fault(ctx, "making a cursor", err)
		}
	}
	return page, nil
}

func (q IncidentQuery) filter(principal Principal, now time.Time) (schemas.IncidentFilter, error) {
	filter := schemas.IncidentFilter{
		Priorities: q.Priority, Team: q.Team, Assignee: me(q.Assignee, principal), Requester: me(q.Requester, principal),
		Service: q.Service, Category: q.Category, Tag: q.Tag, Words: q.Words, OpenedFrom: q.OpenedFrom, OpenedTo: q.OpenedTo,
		Sort: q.Sort, Limit: pageSize(q.Limit),
	}
	if filter.Assignee == unassigned {
		filter.Assignee, filter.Unassigned = "", true
	}
	for _, state := range q.State {
		switch state {
		case "open":
			filter.Open = true
		case "active":
			filter.Active = true
		default:
			if _, known := incident.Lifecycle.State(domain.State(state)); !known {
				return filter, badQuery("state", state, "is not a state, open or active")
			}
			filter.States = append(filter.States, state)
		}
	}
	if err := checkPriorities(q.Priority); err != nil {
		return filter, err
	}
	if err := inCalendar(map[string]*time.Time{"opened_from": q.OpenedFrom, "opened_to": q.OpenedTo}); err != nil {
		return filter, err
	}
	var err error
	if filter.Promise, err = q.PromiseQuery.filter(principal, now); err != nil {
		return filter, err
	}
	if filter.Sort == "" {
		filter.Sort = "-opened_at"
	}
	if !schemas.KnownSort(filter.Sort) {
		return filter, badQuery("sort", filter.Sort, "takes opened_at, updated_at, priority, wake_at, each with - for descending")
	}
	filter.After, err = positionIn(q.Cursor)
	return filter, err
}

// positionIn reads the cursor of a list; nil where there is none.
func positionIn(cursor string) (*schemas.Position, error) {
	place, err := decodeCursor[schemas.Position](cursor)
	if err == nil && place != nil && !schemas.IsID(place.ID) {
		err = domain.Errorf(domain.CodeMalformed, "the cursor is not one of ours")
	}
	return place, err
}

// unassigned is written in place of a person: nobody.
const unassigned = "none"

// checkPriorities refuses priorities that there are not.
func checkPriorities(list []int) error {
	for _, priority := range list {
		if priority < 1 || priority > 5 {
			return badQuery("priority", priority, "is 1 to 5")
		}
	}
	return nil
}

// badQuery refuses a value of a query.
func badQuery(name string, value any, message string) error {
	return &domain.Error{
		Code: domain.CodeInvalid, Message: name + " " + message,
		Fields: []domain.FieldError{{Location: "query." + name, Message: message, Value: value}},
	}
}

// inCalendar refuses moments that nothing has a form for.
func inCalendar(moments map[string]*time.Time) error {
	for name, moment := range moments {
		if moment != nil && !domain.Tellable(*moment) {
			return badQuery(name, moment.Year(), "lies in no year from 1 to 9999")
		}
	}
	return nil
}

func me(handle string, principal Principal) string {
	if handle == "me" {
		return principal.Handle
	}
	return handle
}

// Similar ranks other incidents by the words they share with one.
func (a *App) Similar(ctx context.Context, reference string, limit int) ([]IncidentView, error) {
	view, err := a.Incident(ctx, reference)
	if err != nil {
		return nil, err
	}
	return a.similar(ctx, view.ID, view.Title+" "+view.Description, view.Service, view.Category, limit)
}

// SimilarTo ranks incidents by the words they share with a text.
func (a *App) SimilarTo(ctx context.Context, text, service string, limit int) ([]IncidentView, error) {
	return a.similar(ctx, "", text, service, "", limit)
}

func (a *App) similar(ctx context.Context, except, text, service, category string, limit int) ([]IncidentView, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := principal.mayAnywhere(PermissionIncidentRead); err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return []IncidentView{}, nil
	}
	found, err := schemas.SimilarIncidents(ctx, a.DB, a.reader(principal), except, text, service, category, min(pageSize(limit), 20))
	if err != nil {
		return nil, a.fault(ctx, "finding similar incidents", err)
	}
	return a.views(ctx, principal, found)
}

// Work gathers what stands before somebody.
func (a *App) Work(ctx context.Context) (WorkView, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return WorkView{}, err
	}
	work := WorkView{Mine: []IncidentView{}, Teams: []IncidentView{}, Requested: []IncidentView{}}
	mine, err := a.Incidents(ctx, IncidentQuery{State: []string{"open"}, Assignee: "me", Sort: "wake_at"})
	if err != nil {
		return work, err
	}
	requested, err := a.Incidents(ctx, IncidentQuery{State: []string{"active"}, Requester: "me"})
	if err != nil {
		return work, err
	}
	work.Mine, work.Requested = mine.Items, requested.Items
	found, unassigned, err := schemas.TeamWork(ctx, a.DB, a.reader(principal), principal.Handle, defaultPage)
	if err != nil {
		return work, a.fault(ctx, "reading the teams' work", err)
	}
	work.Unassigned = unassigned
	work.Teams, err = a.views(ctx, principal, found)
	return work, err
}

// Waiting lists every open deadline, the next one first.
func (a *App) Waiting(ctx context.Context, query WaitingQuery) (Page[schemas.WaitingRow], error) {
	page := Page[schemas.WaitingRow]{Items: []schemas.WaitingRow{}}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return page, err
	}
	if err := principal.mayAnywhere(PermissionIncidentRead); err != nil {
		return page, err
	}
	if err := inCalendar(map[string]*time.Time{"until": query.Until}); err != nil {
		return page, err
	}
	after, err := decodeCursor[schemas.WaitingPosition](query.Cursor)
	if err != nil {
		return page, err
	}
	rows, next, err := schemas.ListWaiting(ctx, a.DB, a.reader(principal), schemas.WaitingFilter{
		Team: query.Team, Assignee: me(query.Assignee, principal),
		Service: query.Service, Name: query.Name, Until: query.Until, After: after, Limit: pageSize(query.Limit),
	})
	if err != nil {
		return page, a.fault(ctx, "listing what is waited for", err)
	}
	if err := auditRows(ctx, a, principal, rows, func(row schemas.WaitingRow) (string, bool) { return row.Record, row.Unnamed }); err != nil {
		return page, err
	}
	page.Items = append(page.Items, rows...)
	if next != nil {
		if page.NextCursor, err = encodeCursor(next); err != nil {
			return page, a.fault(ctx, "making a cursor", err)
		}
	}
	return page, nil
}

// Search finds records of every practice by number or by words.
func (a *App) Search(ctx context.Context, text string, limit int) ([]schemas.FoundRow, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := principal.mayAnywhere(PermissionIncidentRead); err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return []schemas.FoundRow{}, nil
	}
	rows, err := schemas.Search(ctx, a.DB, a.reader(principal), strings.TrimSpace(text), pageSize(limit))
	if err != nil {
		return nil, a.fault(ctx, "searching", err)
	}
	err = auditRows(ctx, a, principal, rows, func(row schemas.FoundRow) (string, bool) { return row.ID, row.Unnamed })
	return append([]schemas.FoundRow{}, rows...), err
}
