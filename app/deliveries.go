package app

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Deliveries is what leaves for the outside, and where it goes. Administrators of everything govern it, auditors read it.
type Deliveries interface {
	// Deliveries lists deliveries, the newest first.
	Deliveries(ctx context.Context, query DeliveryQuery) (Page[Delivery], error)
	// ReplayDelivery lets one that was given up try again: not_found when there is none that was.
	ReplayDelivery(ctx context.Context, id string) error
	Destinations(ctx context.Context) ([]Destination, error)
	// SaveDestination writes a webhook or a workspace of Slack, a new one or the one of that name. A new webhook's secret is in the
	// answer, once.
	SaveDestination(ctx context.Context, name string, body DestinationBody) (NewDestination, error)
	// RotateSecret gives a webhook a new secret, which is in the answer, once. The old one signs beside it for a day.
	RotateSecret(ctx context.Context, name string) (NewDestination, error)
}

// DeliveryQuery narrows a list of deliveries.
type DeliveryQuery struct {
	State       []string `json:"state"` // pending, sent, failed, dead, dropped
	Destination string   `json:"destination"`
	Person      string   `json:"person"`
	Record      string   `json:"record"` // an id or a number
	Cursor      string   `json:"cursor"`
	Limit       int      `json:"limit"`
}

// Delivery is one thing that leaves, or left, for one receiver.
type Delivery struct {
	ID          string                `json:"id"`
	Destination string                `json:"destination"`
	Channel     domain.Channel        `json:"channel"`
	Lane        domain.Lane           `json:"lane"`
	Person      string                `json:"person,omitempty"`
	Address     string                `json:"address,omitempty"`
	Record      string                `json:"record,omitempty"` // its number
	Kind        string                `json:"kind"`
	State       schemas.DeliveryState `json:"state" enum:"pending,sent,failed,dead,dropped"`
	Attempts    int                   `json:"attempts"`
	Fault       string                `json:"fault,omitempty"`
	CreatedAt   time.Time             `json:"created_at"`
	// NextAt is when a pending one is tried, at the earliest.
	NextAt    *time.Time `json:"next_at,omitempty"`
	SettledAt *time.Time `json:"settled_at,omitempty"`
	// Bundle is the first of those that left as one message.
	Bundle string `json:"bundle,omitempty"`
}

// Destination is where deliveries go, and how it answers.
type Destination struct {
	Name    string           `json:"name"`
	Channel domain.Channel   `json:"channel"`
	Title   string           `json:"title"`
	URL     string           `json:"url,omitempty"`
	Kinds   []string         `json:"kinds"`
	Carries []domain.Channel `json:"carries"`
	Active  bool             `json:"active"`
	// Configured: the workers can reach it. Via names the mail relay.
	Configured bool   `json:"configured"`
	Via        string `json:"via,omitempty"`
	// OldSecretUntil is until when the secret before the present one signs too.
	OldSecretUntil *time.Time `json:"old_secret_until,omitempty"`
	// Failures in a row; OpenUntil is when it is tried again, by one delivery alone.
	Failures  int        `json:"failures"`
	OpenUntil *time.Time `json:"open_until,omitempty"`
	Fault     string     `json:"fault,omitempty"`
	FailedAt  *time.Time `json:"failed_at,omitempty"`
	SentAt    *time.Time `json:"sent_at,omitempty"`
	// Pending and GivenUp count deliveries; 1000 stands for more than 999.
	Pending int `json:"pending"`
	GivenUp int `json:"given_up"`
}

// DestinationBody is a webhook, or a workspace of Slack, as written.
type DestinationBody struct {
	Channel domain.Channel   `json:"channel,omitempty" enum:"webhook,slack" doc:"What it is, which stays; left out: a webhook"`
	Title   string           `json:"title" minLength:"1" maxLength:"200"`
	URL     string           `json:"url,omitempty" maxLength:"2000" doc:"https://host/path; http and private addresses only where the workers' --webhook-networks allow them. Of a workspace: the address of an API in place of Slack's"`
	Kinds   []string         `json:"kinds,omitempty" maxItems:"100" doc:"Kinds of notices about records that it is sent: incident.resolved, incident.*, …"`
	Carries []domain.Channel `json:"carries,omitempty" maxItems:"3" enum:"sms,voice,push" doc:"Contacts of people that it reaches, as a gateway"`
	Active  bool             `json:"active" doc:"Without it, nothing is added for it, and what waits stays"`
	// Token and SigningSecret are a workspace's; they are written and never read.
	Token         string `json:"token,omitempty" maxLength:"500" doc:"Of a workspace: the bot token, xoxb-…; left out, the one before stays"`
	SigningSecret string `json:"signing_secret,omitempty" maxLength:"200" doc:"Of a workspace: the signing secret of its app; left out, the one before stays, and a new one counts beside it for a day"`
}

// NewDestination is a destination with its secret, shown once.
type NewDestination struct {
	Destination
	Secret string `json:"secret,omitempty"`
}

// oldSecretLasts is how long a secret signs beside the one that replaced it.
const oldSecretLasts = 24 * time.Hour

// deliveryReader finds who reads what left for everybody.
func (a *App) deliveryReader(ctx context.Context) error {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	return a.auditForbidden(ctx, principal, "list deliveries", "", "", principal.may(PermissionDeliveryRead, principal.rolesForAll()))
}

// Deliveries lists deliveries, the newest first.
func (a *App) Deliveries(ctx context.Context, query DeliveryQuery) (Page[Delivery], error) {
	page := Page[Delivery]{Items: []Delivery{}}
	if err := a.deliveryReader(ctx); err != nil {
		return page, err
	}
	asked, err := a.deliveryQuery(ctx, query)
	if err != nil || asked == nil {
		return page, err
	}
	rows, err := schemas.ListDeliveries(ctx, a.DB, *asked)
	if err != nil {
		return page, a.fault(ctx, "listing deliveries", err)
	}
	if len(rows) == asked.Limit {
		rows = rows[:len(rows)-1]
		if page.NextCursor, err = encodeCursor(rows[len(rows)-1].Position); err != nil {
			return page, a.fault(ctx, "listing deliveries", err)
		}
	}
	for _, row := range rows {
		page.Items = append(page.Items, deliveryOf(row))
	}
	return page, nil
}

// deliveryQuery asks the rows; nil: the record is not known, so nothing is found.
func (a *App) deliveryQuery(ctx context.Context, query DeliveryQuery) (*schemas.DeliveryQuery, error) {
	place, err := decodeCursor[int64](query.Cursor)
	if err != nil {
		return nil, err
	}
	asked := schemas.DeliveryQuery{Destination: query.Destination, Person: query.Person, Limit: pageSize(query.Limit) + 1}
	if place != nil {
		asked.Before = *place
	}
	for _, state := range query.State {
		asked.States = append(asked.States, schemas.DeliveryState(state))
	}
	switch {
	case schemas.IsID(query.Record):
		asked.Record = query.Record
	case query.Record != "":
		id, found, err := schemas.RecordID(ctx, a.DB, strings.ToUpper(query.Record))
		if err != nil || !found {
			return nil, a.fault(ctx, "finding a record", err)
		}
		asked.Record = id
	}
	return &asked, nil
}

func deliveryOf(row schemas.FoundDelivery) Delivery {
	d := Delivery{
		ID: row.ID, Destination: row.Destination, Channel: row.Channel, Lane: row.Lane, Person: row.Person, Address: row.Address, Record: row.Number,
		Kind: row.Kind, State: row.State, Attempts: row.Attempts, Fault: row.Fault, CreatedAt: row.CreatedAt.UTC(), SettledAt: inUTC(row.SettledAt), Bundle: row.Bundle,
	}
	if row.State == schemas.DeliveryPending {
		d.NextAt = inUTC(&row.NextAt)
	}
	return d
}

func inUTC(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	utc := at.UTC()
	return &utc
}

// ReplayDelivery lets a delivery that was given up try again.
func (a *App) ReplayDelivery(ctx context.Context, id string) error {
	principal, err := a.govern(ctx, PermissionDeliveryReplay, "replay delivery", id)
	if err != nil {
		return err
	}
	missing := domain.Errorf(domain.CodeNotFound, "no delivery %s that was given up", id)
	if !schemas.IsID(id) {
		return missing
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		destination, err := schemas.ReplayDelivery(ctx, tx, id, a.now())
		if err != nil {
			return err
		}
		if destination == "" {
			return missing
		}
		return a.auditIn(ctx, tx, a.line(principal, "replay delivery", "done", id+" to "+destination))
	})
	return a.fault(ctx, "replaying a delivery", err)
}

// Destinations lists where deliveries go.
func (a *App) Destinations(ctx context.Context) ([]Destination, error) {
	if err := a.deliveryReader(ctx); err != nil {
		return nil, err
	}
	rows, err := schemas.Destinations(ctx, a.DB)
	if err != nil {
		return nil, a.fault(ctx, "listing destinations", err)
	}
	destinations := make([]Destination, len(rows))
	for i, row := range rows {
		destinations[i] = a.destinationOf(row)
	}
	return destinations, nil
}

func (a *App) destinationOf(row schemas.DestinationState) Destination {
	d := Destination{
		Name: row.Name, Channel: row.Channel, Title: row.Title, URL: row.URL, Kinds: row.Kinds, Carries: row.Carries, Active: row.Active,
		Configured: row.Configured, Via: row.Via, Failures: row.Failures, FailedAt: inUTC(row.FailedAt), SentAt: inUTC(row.SentAt),
		Pending: row.Pending, GivenUp: row.Dead,
	}
	if row.Failures > 0 || row.OpenUntil != nil && row.OpenUntil.After(a.now()) { // one that is busy has not failed
		d.Fault, d.OpenUntil = row.Fault, inUTC(row.OpenUntil)
	}
	if row.OldSecretUntil != nil && row.OldSecretUntil.After(a.now()) {
		d.OldSecretUntil = inUTC(row.OldSecretUntil)
	}
	return d
}
