package app

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Authenticate finds whose token a secret is: unauthenticated when it is unknown, revoked, expired, or its person inactive.
func (a *App) Authenticate(ctx context.Context, secret string) (Principal, error) {
	if !strings.HasPrefix(secret, secretPrefix) || len(secret) > 200 {
		return Principal{}, unknownToken()
	}
	found, live, err := schemas.FindToken(ctx, a.DB, HashSecret(secret), a.now())
	return a.principal(ctx, found, live, err)
}

// Renew finds by its id whose session or token it is now, as Resume and Authenticate do by its secret. Programs of ours have
// neither, and stay who they are.
func (a *App) Renew(ctx context.Context, principal Principal) (Principal, error) {
	now := a.now()
	switch {
	case principal.SessionID != "":
		found, live, err := schemas.ReadSession(ctx, a.DB, principal.SessionID, now, now.Add(-SessionIdle))
		return a.resumed(ctx, found, live, err)
	case principal.TokenID != "":
		found, live, err := schemas.ReadToken(ctx, a.DB, principal.TokenID, now)
		return a.principal(ctx, found, live, err)
	}
	return principal, nil
}

// principal is whom a token speaks for, with the grants that they hold now.
func (a *App) principal(ctx context.Context, found schemas.Bearer, live bool, err error) (Principal, error) {
	if err != nil {
		return Principal{}, a.fault(ctx, "authenticating", err)
	}
	if !live {
		return Principal{}, unknownToken()
	}
	return Principal{
		Handle: found.Person.Handle, Name: found.Person.Name, Kind: found.Person.Kind, Zone: found.Person.Zone, Language: found.Language,
		Permissions: found.Token.Permissions, TokenID: found.Token.ID, SessionID: found.Session.ID, Grants: grantsOf(found.Grants),
	}, nil
}

// WhoAmI answers who asks.
func (a *App) WhoAmI(ctx context.Context) (Principal, error) { return PrincipalFrom(ctx) }

// People finds people by handle or name, and, for staff, by mail: the first of them, those who are active before the rest.
func (a *App) People(ctx context.Context, text string, limit int) ([]Person, error) {
	page, err := a.Directory(ctx, PeopleQuery{Text: text, Limit: limit})
	return page.Items, err
}

// Directory lists people, one page at a time.
func (a *App) Directory(ctx context.Context, query PeopleQuery) (Page[Person], error) {
	page := Page[Person]{Items: []Person{}}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return page, err
	}
	if err := principal.mayAnywhere(PermissionPeopleRead); err != nil {
		return page, err
	}
	after, err := decodeCursor[schemas.PeoplePosition](query.Cursor)
	if err != nil {
		return page, err
	}
	rows, next, err := schemas.ListPeople(ctx, a.DB, schemas.PeopleFilter{
		Text: query.Text, Mails: principal.staffSomewhere(), Active: query.Active, After: after, Limit: pageSize(query.Limit),
	})
	if err != nil {
		return page, a.fault(ctx, "listing people", err)
	}
	for _, row := range rows {
		page.Items = append(page.Items, principal.sight(personOf(row)))
	}
	if next != nil {
		if page.NextCursor, err = encodeCursor(next); err != nil {
			return page, a.fault(ctx, "making a cursor", err)
		}
	}
	return page, nil
}

// Person reads somebody by handle.
func (a *App) Person(ctx context.Context, handle string) (Person, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return Person{}, err
	}
	if err := principal.mayAnywhere(PermissionPeopleRead); err != nil {
		return Person{}, err
	}
	person, err := a.person(ctx, handle)
	return principal.sight(person), err
}

func (a *App) person(ctx context.Context, handle string) (Person, error) {
	row, found, err := schemas.ReadPerson(ctx, a.DB, handle)
	if err == nil && !found {
		return Person{}, domain.Errorf(domain.CodeNotFound, "no person %s", handle)
	}
	return personOf(row), a.fault(ctx, "reading a person", err)
}

// sight is what the principal sees of somebody: requesters see of others what they are called, and whether they are there.
func (p Principal) sight(person Person) Person {
	if person.Handle == p.Handle || p.staffSomewhere() {
		return person
	}
	return Person{Handle: person.Handle, Name: person.Name, Active: person.Active}
}

func personOf(row schemas.PersonRow) Person {
	return Person{Handle: row.Handle, Name: row.Name, Mail: row.Mail, Kind: row.Kind, Active: row.Active, Zone: row.Zone, CreatedAt: row.CreatedAt.UTC()}
}

var handlePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// reserved are handles that stand for whoever asks, and for nobody.
var reserved = []string{"me", "none"}

// SavePerson writes somebody, new or known. What changed is written down with it.
func (a *App) SavePerson(ctx context.Context, person Person) (Person, error) {
	return a.writePerson(ctx, person, false)
}

// AddPerson writes somebody new. Whoever is known just as they are written now was added by the same form, sent twice.
func (a *App) AddPerson(ctx context.Context, person Person) (Person, error) {
	return a.writePerson(ctx, person, true)
}

func (a *App) writePerson(ctx context.Context, person Person, fresh bool) (Person, error) {
	principal, err := a.govern(ctx, PermissionPeopleWrite, "save person", person.Handle)
	if err != nil {
		return person, err
	}
	if err := validPerson(&person); err != nil {
		return person, err
	}
	row := schemas.PersonRow{Handle: person.Handle, Name: person.Name, Mail: person.Mail, Kind: person.Kind, Active: person.Active, Zone: person.Zone, CreatedAt: a.now()}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := schemas.LockAccounts(ctx, tx); err != nil {
			return err
		}
		before, known, err := schemas.ReadPerson(ctx, tx, row.Handle)
		if err != nil {
			return err
		}
		changes := changesOf(before, row)
		if len(changes) == 0 {
			return nil
		}
		if known && fresh {
			return domain.Invalid("handle", "belongs to somebody already")
		}
		if err := mustStay(ctx, tx, row.Handle, "active", !row.Active); err != nil {
			return err
		}
		if err := schemas.SavePerson(ctx, tx, row); err != nil {
			return err
		}
		if !row.Active { // and nothing of it comes back with the account
			if err := shutOut(ctx, tx, row.Handle, "", a.now()); err != nil {
				return err
			}
		}
		if !row.Active || before.Kind != row.Kind { // whoever is a machine by now decides nothing either
			if err := a.tellGone(ctx, tx, row.Handle); err != nil {
				return err
			}
		}
		detail := row.Handle + ": " + strings.Join(changes, ", ")
		if !known {
			detail = row.Handle + ": new"
		}
		return a.auditIn(ctx, tx, a.line(principal, "save person", "done", detail))
	})
	if err != nil {
		return person, a.fault(ctx, "writing a person", err)
	}
	a.posted()
	return a.person(ctx, person.Handle)
}

// validPerson refuses what cannot be written, and fills in what was left out.
func validPerson(person *Person) error {
	if !handlePattern.MatchString(person.Handle) {
		return domain.Invalid("handle", "takes 1 to 100 lower-case letters, digits, dots, underscores and hyphens")
	}
	if slices.Contains(reserved, person.Handle) {
		return domain.Invalid("handle", "%s means something else in lists", person.Handle)
	}
	if err := validName(person.Name); err != nil {
		return err
	}
	if !domain.OneLine(person.Mail) {
		return domain.Invalid("mail", "is no address")
	}
	person.Kind, person.Zone = cmp.Or(person.Kind, "person"), cmp.Or(person.Zone, "UTC")
	if _, err := time.LoadLocation(person.Zone); err != nil {
		return domain.Invalid("zone", "%q is not a time zone", person.Zone)
	}
	return nil
}

// changesOf names what a write changes of somebody. Names and addresses are theirs and stay out of the audit.
func changesOf(before, after schemas.PersonRow) []string {
	var changes []string
	if before.Name != after.Name {
		changes = append(changes, "name")
	}
	if before.Mail != after.Mail {
		changes = append(changes, "mail")
	}
	if before.Kind != after.Kind {
		changes = append(changes, "kind "+after.Kind)
	}
	if before.Active != after.Active {
		changes = append(changes, "active "+strconv.FormatBool(after.Active))
	}
	if before.Zone != after.Zone {
		changes = append(changes, "zone "+after.Zone)
	}
	return changes
}

// validName bounds what somebody or a token is called.
func validName(name string) error {
	if strings.TrimSpace(name) == "" || len(name) > domain.MaxItemBytes || !domain.OneLine(name) {
		return domain.Invalid("name", "must have 1 to %d bytes in one line, without control characters and marks of writing direction", domain.MaxItemBytes)
	}
	return nil
}

// Teams lists teams with their members.
func (a *App) Teams(ctx context.Context) ([]TeamView, error) {
	if err := a.allowed(ctx, PermissionPeopleRead); err != nil {
		return nil, err
	}
	rows, err := schemas.ListTeams(ctx, a.DB)
	teams := make([]TeamView, len(rows))
	for i, row := range rows {
		teams[i] = TeamView{Name: row.Name, Title: row.Title, Lead: row.Lead, Calendar: row.Calendar, Members: append([]string{}, row.Members...)}
	}
	return teams, a.fault(ctx, "listing teams", err)
}

// Services lists services.
func (a *App) Services(ctx context.Context) ([]ServiceView, error) {
	if err := a.allowed(ctx, PermissionPeopleRead); err != nil {
		return nil, err
	}
	rows, err := schemas.ListServices(ctx, a.DB)
	services := make([]ServiceView, len(rows))
	for i, row := range rows {
		services[i] = ServiceView{Name: row.Name, Title: row.Title, Owner: row.Owner, Criticality: row.Criticality, Team: row.Team, Calendar: row.Calendar}
	}
	return services, a.fault(ctx, "listing services", err)
}
