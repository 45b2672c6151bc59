package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// secretPrefix marks our tokens, so that scanners of leaked secrets can find them.
const secretPrefix = "hf_"

// NewSecret makes a token's secret of 256 random bits, and the hash to keep.
func NewSecret() (secret, hash string) {
	var bits [32]byte
	rand.Read(bits[:]) // never fails
	secret = secretPrefix + base64.RawURLEncoding.EncodeToString(bits[:])
	return secret, HashSecret(secret)
}

// HashSecret is what is kept of a secret. Secrets are random, so a plain SHA-256 cannot be guessed back.
func HashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Authenticate finds whose token a secret is: unauthenticated when it is unknown, revoked, expired, or its person inactive.
func (a *App) Authenticate(ctx context.Context, secret string) (Principal, error) {
	unknown := domain.Errorf(domain.CodeUnauthenticated, "the token is not valid: unknown, expired or revoked")
	if !strings.HasPrefix(secret, secretPrefix) || len(secret) > 200 {
		return Principal{}, unknown
	}
	token, person, found, err := schemas.FindToken(ctx, a.DB, HashSecret(secret), a.now())
	if err != nil {
		return Principal{}, a.fault(ctx, "authenticating", err)
	}
	if !found {
		return Principal{}, unknown
	}
	principal := Principal{
		Handle: person.Handle, Name: person.Name, Kind: person.Kind, Zone: person.Zone,
		Permissions: token.Permissions, TokenID: token.ID,
	}
	grants, err := schemas.ReadGrants(ctx, a.DB, person.Handle)
	if err != nil {
		return Principal{}, a.fault(ctx, "authenticating", err)
	}
	principal.Grants = grantsOf(grants)
	return principal, nil
}

// WhoAmI answers who asks.
func (a *App) WhoAmI(ctx context.Context) (Principal, error) { return PrincipalFrom(ctx) }

// People finds people by handle, name or mail.
func (a *App) People(ctx context.Context, text string, limit int) ([]Person, error) {
	if err := a.allowed(ctx, PermissionPeopleRead); err != nil {
		return nil, err
	}
	rows, err := schemas.ListPeople(ctx, a.DB, text, pageSize(limit))
	people := make([]Person, len(rows))
	for i, row := range rows {
		people[i] = personOf(row)
	}
	return people, a.fault(ctx, "listing people", err)
}

// Person reads somebody by handle.
func (a *App) Person(ctx context.Context, handle string) (Person, error) {
	if err := a.allowed(ctx, PermissionPeopleRead); err != nil {
		return Person{}, err
	}
	row, found, err := schemas.ReadPerson(ctx, a.DB, handle)
	if err == nil && !found {
		return Person{}, domain.Errorf(domain.CodeNotFound, "no person %s", handle)
	}
	return personOf(row), a.fault(ctx, "reading a person", err)
}

func personOf(row schemas.PersonRow) Person {
	return Person{Handle: row.Handle, Name: row.Name, Mail: row.Mail, Kind: row.Kind, Active: row.Active, Zone: row.Zone, CreatedAt: row.CreatedAt.UTC()}
}

var handlePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// SavePerson writes somebody, new or known.
func (a *App) SavePerson(ctx context.Context, person Person) (Person, error) {
	if err := a.allowed(ctx, PermissionPeopleWrite); err != nil {
		return person, err
	}
	if !handlePattern.MatchString(person.Handle) {
		return person, domain.Invalid("handle", "takes 1 to 100 lower-case letters, digits, dots, underscores and hyphens")
	}
	if err := validName(person.Name); err != nil {
		return person, err
	}
	if !domain.OneLine(person.Mail) {
		return person, domain.Invalid("mail", "is no address")
	}
	if person.Kind == "" {
		person.Kind = "person"
	}
	if person.Zone == "" {
		person.Zone = "UTC"
	}
	if _, err := time.LoadLocation(person.Zone); err != nil {
		return person, domain.Invalid("zone", "%q is not a time zone", person.Zone)
	}
	row := schemas.PersonRow{Handle: person.Handle, Name: person.Name, Mail: person.Mail, Kind: person.Kind, Active: person.Active, Zone: person.Zone, CreatedAt: a.now()}
	if err := schemas.SavePerson(ctx, a.DB, row); err != nil {
		return person, a.fault(ctx, "writing a person", err)
	}
	return a.Person(ctx, person.Handle)
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

// Grants lists what a person was granted.
func (a *App) Grants(ctx context.Context, person string) ([]Grant, error) {
	if err := a.allowed(ctx, PermissionPeopleRead); err != nil {
		return nil, err
	}
	rows, err := schemas.ReadGrants(ctx, a.DB, person)
	return grantsOf(rows), a.fault(ctx, "reading grants", err)
}

func grantsOf(rows []schemas.GrantRow) []Grant {
	grants := make([]Grant, len(rows))
	for i, row := range rows {
		grants[i] = Grant{Person: row.Person, Role: row.Role, ScopeKind: row.ScopeKind, ScopeName: row.ScopeName, GrantedBy: row.GrantedBy, GrantedAt: row.GrantedAt.UTC()}
	}
	return grants
}

// GiveGrant gives a person a role within a scope.
func (a *App) GiveGrant(ctx context.Context, grant Grant) ([]Grant, error) {
	return a.changeGrant(ctx, grant, "grant", func(row schemas.GrantRow) (bool, error) {
		if row.Role == domain.RoleAdmin && row.ScopeKind != "all" {
			return false, domain.Invalid("scope_kind", "must be all for an admin, who governs everybody and not one team or service")
		}
		return schemas.GiveGrant(ctx, a.DB, row)
	})
}

// TakeGrant takes a grant away.
func (a *App) TakeGrant(ctx context.Context, grant Grant) ([]Grant, error) {
	return a.changeGrant(ctx, grant, "revoke", func(row schemas.GrantRow) (bool, error) { return schemas.TakeGrant(ctx, a.DB, row) })
}

func (a *App) changeGrant(ctx context.Context, grant Grant, action string, write func(schemas.GrantRow) (bool, error)) ([]Grant, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := principal.mayAnywhere(PermissionGrantWrite); err != nil {
		return nil, err
	}
	if !slices.Contains(everybody, grant.Role) {
		return nil, domain.Invalid("role", "%q is not a role", grant.Role)
	}
	if (grant.ScopeKind == "all") != (grant.ScopeName == "") {
		return nil, domain.Invalid("scope_name", "is given for a team or a service, and only then")
	}
	if _, err := a.Person(ctx, grant.Person); err != nil {
		return nil, err
	}
	changed, err := write(schemas.GrantRow{
		Person: grant.Person, Role: grant.Role, ScopeKind: grant.ScopeKind, ScopeName: grant.ScopeName,
		GrantedBy: principal.Handle, GrantedAt: a.now(),
	})
	if err != nil {
		return nil, a.fault(ctx, "changing a grant", err)
	}
	if changed {
		detail := string(grant.Role) + " to " + grant.Person + " for " + grant.ScopeKind + " " + grant.ScopeName
		if err := a.audit(ctx, principal.Handle, action, "", "done", detail); err != nil {
			return nil, err
		}
	}
	return a.Grants(ctx, grant.Person)
}

// Tokens lists a person's tokens, never their secrets.
func (a *App) Tokens(ctx context.Context, person string) ([]Token, error) {
	_, person, err := a.tokenOwner(ctx, person)
	if err != nil {
		return nil, err
	}
	rows, err := schemas.ReadTokens(ctx, a.DB, person)
	tokens := make([]Token, len(rows))
	for i, row := range rows {
		tokens[i] = tokenOf(row)
	}
	return tokens, a.fault(ctx, "listing tokens", err)
}

func tokenOf(row schemas.TokenRow) Token {
	return Token{
		ID: row.ID, Person: row.Person, Name: row.Name, Permissions: append([]string{}, row.Permissions...), CreatedBy: row.CreatedBy,
		CreatedAt: row.CreatedAt.UTC(), ExpiresAt: row.ExpiresAt.UTC(), RevokedAt: row.RevokedAt,
	}
}

// tokenOwner says whose tokens are meant and checks that the principal may handle them.
func (a *App) tokenOwner(ctx context.Context, person string) (Principal, string, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, "", err
	}
	if person == "" || person == "me" || person == principal.Handle {
		return principal, principal.Handle, principal.mayAnywhere(PermissionTokenOwn)
	}
	return principal, person, principal.mayAnywhere(PermissionTokenWrite)
}

const (
	defaultTokenDays = 90
	maxTokenDays     = 3650
)

// CreateToken makes a token; its secret is in the answer and nowhere else. A token cannot make one that may more than itself.
func (a *App) CreateToken(ctx context.Context, body TokenBody) (NewToken, error) {
	principal, person, err := a.tokenOwner(ctx, body.Person)
	if err != nil {
		return NewToken{}, err
	}
	if err := validName(body.Name); err != nil {
		return NewToken{}, err
	}
	if body.Days == 0 {
		body.Days = defaultTokenDays
	}
	if body.Days < 1 || body.Days > maxTokenDays {
		return NewToken{}, domain.Invalid("days", "must be 1 to %d", maxTokenDays)
	}
	if len(body.Permissions) == 0 {
		body.Permissions = principal.Permissions
	}
	for _, permission := range body.Permissions {
		if _, known := permissions[Permission(permission)]; !known {
			return NewToken{}, domain.Invalid("permissions", "%q is not a permission", permission)
		}
		if len(principal.Permissions) > 0 && !slices.Contains(principal.Permissions, permission) {
			return NewToken{}, domain.Errorf(domain.CodeForbidden, "this token does not carry the permission %s", permission)
		}
	}
	if _, err := a.Person(ctx, person); err != nil {
		return NewToken{}, err
	}
	secret, hash := NewSecret()
	now := a.now()
	row := schemas.TokenRow{
		ID: uuid.Must(uuid.NewV7()).String(), Person: person, Name: body.Name, Hash: hash, Permissions: append([]string{}, body.Permissions...),
		CreatedBy: principal.Handle, CreatedAt: now, ExpiresAt: now.AddDate(0, 0, body.Days),
	}
	if err := schemas.AddToken(ctx, a.DB, row); err != nil {
		return NewToken{}, a.fault(ctx, "making a token", err)
	}
	return NewToken{Token: tokenOf(row), Secret: secret}, nil
}

// RevokeToken ends a token at once: one's own, or, for an administrator, anybody's.
func (a *App) RevokeToken(ctx context.Context, id string) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	person := principal.Handle
	if principal.mayAnywhere(PermissionTokenWrite) == nil {
		person = ""
	} else if err := principal.mayAnywhere(PermissionTokenOwn); err != nil {
		return err
	}
	if !schemas.IsID(id) {
		return domain.Errorf(domain.CodeNotFound, "no token %s", id)
	}
	ended, err := schemas.RevokeToken(ctx, a.DB, id, person, a.now())
	if err == nil && !ended {
		return domain.Errorf(domain.CodeNotFound, "no token %s that could be revoked", id)
	}
	return a.fault(ctx, "revoking a token", err)
}
