package app

import (
	"context"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/internal/slack"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Presses take what people answer by the buttons of messages, without a session: whoever signed the request says who pressed.
type Presses interface {
	// PressInSlack takes a press on a button of a message in a workspace: unauthenticated where the workspace did not sign it,
	// malformed where it cannot be read. What comes of it, a refusal too, is said by the answer, which is called once the press
	// has been acknowledged; nil: there is nothing to say.
	PressInSlack(ctx context.Context, destination string, request SlackRequest) (answer func(context.Context) error, err error)
}

var _ Presses = (*App)(nil)

// SlackRequest is a request that says it is Slack's.
type SlackRequest struct {
	Timestamp, Signature string
	// Body is at most MaxSlackRequest bytes.
	Body []byte
}

// SlackInteractionsPath is where a workspace's app sends what people press, below the public address.
func SlackInteractionsPath(destination string) string {
	return "/api/v1/integrations/slack/" + destination + "/interactions"
}

// MaxSlackRequest bounds the body of such a request.
const MaxSlackRequest = slack.MaxPress

// pressWaits is how long the decision is waited for: Slack asks for an answer within three seconds.
const pressWaits = 1500 * time.Millisecond

// PressInSlack takes a press in a workspace.
func (a *App) PressInSlack(ctx context.Context, destination string, request SlackRequest) (func(context.Context) error, error) {
	row, press, err := a.slackPress(ctx, destination, request)
	if err != nil || press == nil {
		return nil, err
	}
	reply := a.pressed(ctx, row, *press)
	return func(ctx context.Context) error { return a.Replies.Send(ctx, row.URL, *press, reply) }, nil
}

// slackPress reads a request that a workspace has signed; no press: it asks for nothing. Whether there is such a workspace is told to
// nobody who cannot sign for it.
func (a *App) slackPress(ctx context.Context, destination string, request SlackRequest) (schemas.DestinationRow, *slack.Press, error) {
	row, _, found, err := schemas.ReadDestination(ctx, a.DB, destination)
	if err != nil {
		return row, nil, a.fault(ctx, "reading a workspace", err)
	}
	secrets := []string{}
	if found && row.Channel == domain.ChannelSlack && row.Active {
		secrets = append(secrets, row.Secret)
		if row.OldSecretUntil != nil && row.OldSecretUntil.After(a.now()) {
			secrets = append(secrets, row.OldSecret)
		}
	}
	if err := slack.Verify(secrets, request.Timestamp, request.Signature, request.Body, a.now()); err != nil {
		return row, nil, domain.Errorf(domain.CodeUnauthenticated, "%v", err)
	}
	press, asks, err := slack.ParsePress(request.Body)
	if err != nil {
		return row, nil, domain.Errorf(domain.CodeMalformed, "%v", err)
	}
	if !asks {
		return row, nil, nil
	}
	return row, &press, nil
}

// pressed gives the command of a press as the person whose contact pressed it, and words what came of it.
func (a *App) pressed(ctx context.Context, row schemas.DestinationRow, press slack.Press) slack.Reply {
	principal, refusal := a.whoPressed(ctx, row, press)
	if refusal != "" {
		return slack.Reply{Text: refusal}
	}
	ctx = WithPrincipal(ctx, principal)
	reply, err := a.Execute(ctx, Request{
		Practice: escalation.Practice, Verb: press.Action, Record: press.Record, Key: press.Key, Patience: pressWaits,
	})
	switch {
	case err != nil:
		return slack.Reply{Text: a.refusedPress(ctx, press, err)}
	case reply.Outcome == domain.Queued:
		return slack.Reply{Text: "It is accepted, and done as soon as Holdfast is back at work."}
	}
	if reply.Outcome == domain.Applied {
		if err := a.audit(ctx, principal.Handle, press.Action+" by Slack", press.Record, "done", row.Name+"/"+press.User); err != nil {
			a.Log.ErrorContext(ctx, "a press in Slack could not be audited", "record", press.Record, "error", err)
		}
	}
	moment := a.now()
	if call := reply.Escalation; call != nil && call.AcknowledgedAt != nil { // a press that is told again was decided before
		moment = *call.AcknowledgedAt
	}
	at := moment.In(zoneOf(principal.Zone)).Format("15:04 MST")
	if press.Action == slack.ActionAcknowledge {
		return slack.Reply{Done: true, Over: true, Text: principal.Name + " took care of it at " + at + ". Nobody else is called."}
	}
	return slack.Reply{Done: true, Text: principal.Name + " escalated it at " + at + ". Whoever is next in line is called."}
}

// whoPressed finds the one person whose verified contact a user of Slack is; else it says why nobody may press.
func (a *App) whoPressed(ctx context.Context, row schemas.DestinationRow, press slack.Press) (Principal, string) {
	address := slack.Address(row.Name, press.User)
	owners, err := schemas.OwnersOf(ctx, a.DB, domain.ChannelSlack, address)
	var wrote bool
	if err == nil {
		wrote, err = schemas.WroteIn(ctx, a.DB, row.Name, address, press.Room)
	}
	switch {
	case err != nil:
		a.Log.WarnContext(ctx, "whoever pressed a button in Slack could not be looked up", "workspace", row.Name, "error", err)
		return Principal{}, "Holdfast cannot look you up just now, and nothing was done. Press again in a moment."
	case len(owners) == 0:
		return Principal{}, "Holdfast does not know you here, and nothing was done. Add Slack as a contact on your profile in Holdfast, and bring back the code that you are sent."
	case len(owners) > 1:
		return Principal{}, "More than one account of Holdfast has you as its contact, and nothing was done. Let one of them drop it."
	case !wrote:
		return Principal{}, "Holdfast did not send you this message, and nothing was done. Press the button in the one that it sent to you."
	}
	person := owners[0].Person
	return Principal{Handle: person.Handle, Name: person.Name, Kind: person.Kind, Zone: person.Zone, Grants: grantsOf(owners[0].Grants)}, ""
}

// refusedPress says in plain words why nothing was done.
func (a *App) refusedPress(ctx context.Context, press slack.Press, err error) string {
	known := domain.AsError(err)
	if known == nil || known.Code == domain.CodeInternal || known.Code == domain.CodeUnavailable {
		return "Holdfast could not do it just now. Press again in a moment."
	}
	switch known.Code {
	case domain.CodeForbidden:
		return "You may not do that: " + known.Message + "."
	case domain.CodeNotFound:
		return "There is nothing that you could do about it: it is not yours to see, or has gone."
	case domain.CodeConflict:
		found, readErr := a.Escalation(ctx, press.Record)
		switch {
		case readErr != nil:
		case found.State == escalation.Acknowledged:
			return found.AcknowledgedBy + " takes care already, and nobody else is called."
		case !found.Open:
			return "Nobody is needed any more: " + found.Ended + "."
		}
	}
	return "It was not done: " + known.Message + "."
}

// zoneOf is the place of an IANA zone's name; UTC where there is none.
func zoneOf(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return zone
}
