package app

import (
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Person is somebody who works with Holdfast, or a machine that does.
type Person struct {
	Handle    string    `json:"handle" bun:"handle,pk" pattern:"^[a-z0-9][a-z0-9._-]{0,99}$"`
	Name      string    `json:"name" bun:"name" minLength:"1" maxLength:"200"`
	Mail      string    `json:"mail,omitempty" bun:"mail" maxLength:"320"`
	Kind      string    `json:"kind,omitempty" bun:"kind" enum:"person,machine"`
	Active    bool      `json:"active" bun:"active"`
	Zone      string    `json:"zone,omitempty" bun:"zone"`
	CreatedAt time.Time `json:"created_at,omitzero" bun:"created_at"`
}

// PeopleQuery narrows a list of people; Active left out asks for all.
type PeopleQuery struct {
	Text   string `json:"q"`
	Active *bool  `json:"active"`
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// TeamView is a team with its members.
type TeamView struct {
	Name     string   `json:"name" bun:"name"`
	Title    string   `json:"title" bun:"title"`
	Lead     string   `json:"lead,omitempty" bun:"lead"`
	Calendar string   `json:"calendar,omitempty" bun:"calendar"`
	Members  []string `json:"members" bun:"members,type:json"`
}

// ServiceView is a service and who supports it.
type ServiceView struct {
	Name        string `json:"name" bun:"name"`
	Title       string `json:"title" bun:"title"`
	Owner       string `json:"owner,omitempty" bun:"owner"`
	Criticality string `json:"criticality,omitempty" bun:"criticality"`
	Team        string `json:"team,omitempty" bun:"team"`
	Calendar    string `json:"calendar,omitempty" bun:"calendar"`
}

// Grant gives a person a role within a scope: all, one team or one service.
type Grant struct {
	Person    string      `json:"person" bun:"person"`
	Role      domain.Role `json:"role" bun:"role"`
	ScopeKind string      `json:"scope_kind" bun:"scope_kind" enum:"all,team,service"`
	ScopeName string      `json:"scope_name,omitempty" bun:"scope_name"`
	GrantedBy string      `json:"granted_by,omitempty" bun:"granted_by"`
	GrantedAt time.Time   `json:"granted_at,omitzero" bun:"granted_at"`
}

// Token lets a machine act as a person, within the permissions listed; none listed: all that the person has.
type Token struct {
	ID          string   `json:"id" bun:"id,pk,type:uuid"`
	Person      string   `json:"person" bun:"person"`
	Name        string   `json:"name" bun:"name"`
	Permissions []string `json:"permissions" bun:"permissions,type:jsonb"`
	CreatedBy   string   `json:"created_by" bun:"created_by"`
	// CreatedByToken is the token that made this one, and that ends it.
	CreatedByToken string     `json:"created_by_token,omitempty" bun:"created_by_token"`
	CreatedAt      time.Time  `json:"created_at" bun:"created_at"`
	ExpiresAt      time.Time  `json:"expires_at" bun:"expires_at"`
	RevokedAt      *time.Time `json:"revoked_at,omitempty" bun:"revoked_at"`
}

// TokenBody asks for a token.
type TokenBody struct {
	Person      string   `json:"person,omitempty" doc:"Left out: yourself"`
	Name        string   `json:"name" minLength:"1" maxLength:"200"`
	Permissions []string `json:"permissions,omitempty"`
	Days        int      `json:"days,omitempty" minimum:"1" maximum:"3650" doc:"How long it lives; 90 when left out; never longer than the token that makes it"`
}

// NewToken is a token with its secret, shown once.
type NewToken struct {
	Token
	Secret string `json:"secret"`
}

// Session is somebody's stay in the console.
type Session struct {
	ID     string `json:"id"`
	Person string `json:"person"`
	// TokenID is the API token that it began with and may no more than.
	TokenID   string    `json:"token_id,omitempty"`
	Address   string    `json:"address,omitempty"`
	Agent     string    `json:"agent,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"` // to the minute
	ExpiresAt time.Time `json:"expires_at"`
	// Current: it is the one that asks.
	Current bool `json:"current"`
}

// NewSession is a session with its secret, which only the browser's cookie keeps.
type NewSession struct {
	Session
	Secret string `json:"-"`
}

// NewInvitation is a one-use link, told once: a path of the console.
type NewInvitation struct {
	Person    string    `json:"person"`
	Path      string    `json:"path"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Invited is whom a one-use link is for, and what it does.
type Invited struct {
	Person    string    `json:"person"`
	Name      string    `json:"name"`
	Purpose   string    `json:"purpose"`
	ExpiresAt time.Time `json:"expires_at"`
}
