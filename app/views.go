package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Views are questions about records that people keep.
type Views interface {
	// Views lists the views of a practice that the caller sees: their own, those of their teams, and those for everybody.
	Views(ctx context.Context, practice domain.Practice) ([]View, error)
	// View reads one of them; DefaultView the one that the caller's list begins with: not_found when there is none.
	View(ctx context.Context, id string) (View, error)
	DefaultView(ctx context.Context, practice domain.Practice) (View, error)
	// CountViews counts what each of some questions about a practice finds for the caller, up to MaxCount; a higher number is MaxCount + 1.
	CountViews(ctx context.Context, practice domain.Practice, filters []ViewFilter) ([]int, error)
	// SaveView keeps a new view under an idempotency key, or writes the view with its id anew. A view is changed by who made
	// it, one for everybody also by whoever may publish.
	SaveView(ctx context.Context, key string, view View) (View, error)
	DropView(ctx context.Context, id string) error
	// ChooseView makes the caller's list begin with a view; an empty id takes that back.
	ChooseView(ctx context.Context, practice domain.Practice, id string) error
}

// Audiences of a view.
const (
	AudiencePrivate   = "private"
	AudienceTeam      = "team"
	AudienceEverybody = "everybody"
)

const (
	// MaxCount is how far a view is counted.
	MaxCount = 999
	// MaxViews bounds how many views somebody keeps.
	MaxViews = 100
	// maxColumns bounds the columns of a view.
	maxColumns = 30
)

// View is a question about a practice's records that somebody keeps, and the columns that its list shows.
type View struct {
	ID       string          `json:"id"`
	Practice domain.Practice `json:"practice"`
	Name     string          `json:"name"`
	Owner    string          `json:"owner"`
	Audience string          `json:"audience" enum:"private,team,everybody"`
	// Team sees it, where its audience is a team.
	Team   string     `json:"team,omitempty"`
	Filter ViewFilter `json:"filter"`
	// Columns are names of fields in the order shown; none: the usual ones.
	Columns   []string  `json:"columns"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	// Default: the caller's list begins with it.
	Default bool `json:"default"`
	// Changeable: the caller may change it and take it away.
	Changeable bool `json:"changeable"`
}

// Views lists the views that the caller sees.
func (a *App) Views(ctx context.Context, practice domain.Practice) ([]View, error) {
	principal, err := a.viewer(ctx, PermissionViewOwn)
	if err != nil {
		return nil, err
	}
	rows, err := schemas.ListViews(ctx, a.DB, principal.Handle, practice)
	if err != nil {
		return nil, a.fault(ctx, "listing views", err)
	}
	views := make([]View, len(rows))
	for i, row := range rows {
		if views[i], err = principal.viewOf(row); err != nil {
			return nil, a.fault(ctx, "listing views", err)
		}
	}
	return views, nil
}

// View reads one view.
func (a *App) View(ctx context.Context, id string) (View, error) {
	principal, err := a.viewer(ctx, PermissionViewOwn)
	if err != nil {
		return View{}, err
	}
	return a.view(ctx, a.DB, principal, id)
}

func (a *App) view(ctx context.Context, db bun.IDB, principal Principal, id string) (View, error) {
	row, found, err := schemas.ReadView(ctx, db, principal.Handle, id)
	if err == nil && !found {
		return View{}, domain.Errorf(domain.CodeNotFound, "no view %s", id)
	}
	if err != nil {
		return View{}, a.fault(ctx, "reading a view", err)
	}
	view, err := principal.viewOf(row)
	return view, a.fault(ctx, "reading a view", err)
}

// DefaultView reads the view that the caller's list begins with.
func (a *App) DefaultView(ctx context.Context, practice domain.Practice) (View, error) {
	principal, err := a.viewer(ctx, PermissionViewOwn)
	if err != nil {
		return View{}, err
	}
	row, found, err := schemas.ReadDefaultView(ctx, a.DB, principal.Handle, practice)
	if err == nil && !found {
		return View{}, domain.Errorf(domain.CodeNotFound, "no view was chosen")
	}
	if err != nil {
		return View{}, a.fault(ctx, "reading a default view", err)
	}
	view, err := principal.viewOf(row)
	return view, a.fault(ctx, "reading a default view", err)
}

// viewOf is a stored view as the principal sees it.
func (p Principal) viewOf(row schemas.ViewRow) (View, error) {
	view := View{
		ID: row.ID, Practice: row.Practice, Name: row.Name, Owner: row.Owner, Audience: row.Audience, Team: row.Team,
		Columns: append([]string{}, row.Columns...), UpdatedAt: row.UpdatedAt.UTC(), Default: row.Chosen,
	}
	view.Changeable = p.mayChange(view)
	if err := json.Unmarshal([]byte(row.Filter), &view.Filter); err != nil {
		return view, fmt.Errorf("reading the filter of view %s: %w", row.ID, err)
	}
	return view, nil
}

func (p Principal) mayChange(view View) bool {
	return view.Owner == p.Handle || view.Audience == AudienceEverybody && p.May(PermissionViewPublish)
}

// viewer is the caller, if they hold a permission about views.
func (a *App) viewer(ctx context.Context, permission Permission) (Principal, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, err
	}
	return principal, principal.mayAnywhere(permission)
}

// CountViews counts what each of some questions finds, in one statement.
func (a *App) CountViews(ctx context.Context, practice domain.Practice, filters []ViewFilter) ([]int, error) {
	of, known := viewed[cmp.Or(practice, domain.Incident)]
	if !known {
		return nil, domain.Errorf(domain.CodeNotFound, "no practice %q", practice)
	}
	principal, err := a.viewer(ctx, of.read)
	if err != nil {
		return nil, err
	}
	if len(filters) > MaxViews {
		return nil, domain.Invalid("filters", "are at most %d", MaxViews)
	}
	counts, err := of.count(ctx, a, principal, filters)
	return append([]int{}, counts...), a.fault(ctx, "counting records", err)
}

// SaveView keeps a view.
func (a *App) SaveView(ctx context.Context, key string, view View) (View, error) {
	principal, err := a.viewer(ctx, PermissionViewOwn)
	if err != nil {
		return view, err
	}
	if err := validView(&view, principal); err != nil {
		return view, err
	}
	if err := a.mayShare(ctx, principal, view); err != nil {
		return view, err
	}
	filter, err := json.Marshal(view.Filter)
	if err != nil {
		return view, a.fault(ctx, "encoding a filter", err)
	}
	row := schemas.ViewRow{
		ID: view.ID, Practice: view.Practice, Name: view.Name, Owner: principal.Handle, Audience: view.Audience, Team: view.Team,
		Filter: string(filter), Columns: append([]string{}, view.Columns...), CreatedAt: a.now(), UpdatedAt: a.now(),
	}
	if row.ID == "" {
		row.ID = domain.NewID("view/" + principal.Handle + "/" + cmp.Or(key, uuid.NewString()))
		return a.addView(ctx, principal, row)
	}
	stored, err := a.view(ctx, a.DB, principal, row.ID)
	if err != nil {
		return view, err
	}
	if !stored.Changeable {
		return view, domain.Errorf(domain.CodeForbidden, "the view %q is %s's to change", stored.Name, stored.Owner)
	}
	if stored.Practice != row.Practice {
		return view, domain.Invalid("practice", "of a view stays what it is")
	}
	if _, err := schemas.ChangeView(ctx, a.DB, row); err != nil {
		return view, a.fault(ctx, "changing a view", err)
	}
	return a.view(ctx, a.DB, principal, row.ID)
}

func (a *App) addView(ctx context.Context, principal Principal, row schemas.ViewRow) (View, error) {
	kept, err := schemas.CountViews(ctx, a.DB, principal.Handle)
	if err != nil {
		return View{}, a.fault(ctx, "counting views", err)
	}
	if kept >= MaxViews {
		return View{}, domain.Invalid("name", "cannot be kept: you have %d views; take one away first", MaxViews)
	}
	if err := schemas.AddView(ctx, a.DB, row); err != nil {
		return View{}, a.fault(ctx, "writing a view", err)
	}
	stored, err := a.view(ctx, a.DB, principal, row.ID)
	if err == nil && stored.Name != row.Name {
		return View{}, domain.OtherBody()
	}
	return stored, err
}

// validView refuses what cannot be kept, and fills in what was left out.
func validView(view *View, principal Principal) error {
	view.Name, view.Audience, view.Practice = strings.TrimSpace(view.Name), cmp.Or(view.Audience, AudiencePrivate), cmp.Or(view.Practice, domain.Incident)
	if err := validName(view.Name); err != nil {
		return err
	}
	of, known := viewed[view.Practice]
	switch {
	case !known:
		return domain.Errorf(domain.CodeNotFound, "no practice %q", view.Practice)
	case !slices.Contains([]string{AudiencePrivate, AudienceTeam, AudienceEverybody}, view.Audience):
		return domain.Invalid("audience", "is private, team or everybody")
	case (view.Audience == AudienceTeam) != (view.Team != ""):
		return domain.Invalid("team", "is given for the audience team, and only then")
	case len(view.Columns) > maxColumns:
		return domain.Invalid("columns", "are at most %d", maxColumns)
	}
	for _, column := range view.Columns {
		if !columnName(column) {
			return domain.Invalid("columns", "are names of fields in lower case")
		}
	}
	return of.check(view.Filter, principal)
}

func columnName(name string) bool {
	return name != "" && len(name) <= 40 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// mayShare refuses an audience that the caller may not speak to: members share with their team, leads with everybody.
func (a *App) mayShare(ctx context.Context, principal Principal, view View) error {
	switch view.Audience {
	case AudiencePrivate:
		return nil
	case AudienceEverybody:
		return principal.mayAnywhere(PermissionViewPublish)
	}
	if err := principal.mayAnywhere(PermissionViewShare); err != nil {
		return err
	}
	member, err := schemas.IsMember(ctx, a.DB, view.Team, principal.Handle)
	if err == nil && !member {
		return domain.Invalid("team", "%q is not a team of yours", view.Team)
	}
	return a.fault(ctx, "looking into a team", err)
}

// DropView takes a view away.
func (a *App) DropView(ctx context.Context, id string) error {
	principal, err := a.viewer(ctx, PermissionViewOwn)
	if err != nil {
		return err
	}
	view, err := a.view(ctx, a.DB, principal, id)
	if err != nil {
		return err
	}
	if !view.Changeable {
		return domain.Errorf(domain.CodeForbidden, "the view %q is %s's to take away", view.Name, view.Owner)
	}
	_, err = schemas.DropView(ctx, a.DB, id)
	return a.fault(ctx, "taking a view away", err)
}

// ChooseView makes the caller's list begin with a view.
func (a *App) ChooseView(ctx context.Context, practice domain.Practice, id string) error {
	principal, err := a.viewer(ctx, PermissionViewOwn)
	if err != nil {
		return err
	}
	if id != "" {
		view, err := a.view(ctx, a.DB, principal, id)
		if err != nil {
			return err
		}
		practice = view.Practice
	}
	return a.fault(ctx, "choosing a view", schemas.ChooseView(ctx, a.DB, principal.Handle, practice, id))
}
