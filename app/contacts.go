package app

import (
	"context"
	"encoding/json"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/slack"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	maxContacts  = 20
	maxCodeTries = 5
	// mostAsked is how many codes or test pages somebody has sent within an hour: they may go to others' phones.
	mostAsked = 10
)

// seldom refuses what somebody has had sent too often.
func (a *App) seldom(ctx context.Context, db bun.IDB, person, kind string) error {
	count, err := schemas.SentTo(ctx, db, person, kind, a.now().Add(-time.Hour))
	if err != nil {
		return a.fault(ctx, "counting what was sent", err)
	}
	if count >= mostAsked {
		return &domain.Error{Code: domain.CodeTooMany, Message: "that was sent often within the last hour; wait a while", RetryAfter: 10 * time.Minute}
	}
	return nil
}

var phoneNumber = regexp.MustCompile(`^\+[0-9]{6,15}$`)

// AddContact writes a contact and has a code sent to it; one that is known and not verified is sent another.
func (a *App) AddContact(ctx context.Context, body ContactBody) (Contact, error) {
	principal, err := a.own(ctx)
	if err != nil {
		return Contact{}, err
	}
	body.Address = strings.TrimSpace(body.Address)
	if err := a.checkContact(ctx, body); err != nil {
		return Contact{}, err
	}
	if body.Channel == domain.ChannelSlack {
		if body.Address, err = a.slackAddress(ctx, body.Address); err != nil {
			return Contact{}, err
		}
	}
	var contact Contact
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		rows, err := schemas.Contacts(ctx, tx, principal.Handle)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(rows, func(row schemas.ContactRow) bool { return row.Channel == body.Channel && row.Address == body.Address })
		var row schemas.ContactRow
		switch {
		case at >= 0 && rows[at].VerifiedAt != nil:
			return domain.Invalid("address", "is among your contacts, verified")
		case at >= 0:
			row = rows[at]
		case len(rows) >= maxContacts:
			return domain.Errorf(domain.CodeConflict, "you have %d contacts; drop one first", maxContacts)
		default:
			row = schemas.ContactRow{ID: uuid.Must(uuid.NewV7()).String(), Person: principal.Handle, Channel: body.Channel, Address: body.Address, CreatedAt: a.now()}
			if fresh, err := schemas.AddContact(ctx, tx, row); err != nil || !fresh {
				return err
			}
		}
		contact = contactOf(row)
		if err := a.seldom(ctx, tx, principal.Handle, "account.contact"); err != nil {
			return err
		}
		told, err := json.Marshal(map[string]any{"id": row.ID, "channel": row.Channel, "address": row.Address})
		if err != nil {
			return err
		}
		return schemas.TellAccount(ctx, tx, "account.contact", principal.Handle, string(told), a.now())
	})
	return contact, a.fault(ctx, "writing a contact", err)
}

func (a *App) checkContact(ctx context.Context, body ContactBody) error {
	channels, err := schemas.ReachedChannels(ctx, a.DB)
	if err != nil {
		return a.fault(ctx, "listing channels", err)
	}
	if !slices.Contains(channels, body.Channel) {
		return domain.Invalid("channel", "is none by which this installation reaches people")
	}
	bare, err := mail.ParseAddress(body.Address)
	switch {
	case len(body.Address) == 0 || len(body.Address) > 320 || strings.ContainsFunc(body.Address, func(r rune) bool { return r < ' ' }):
		return domain.Invalid("address", "is one line of 1 to 320 bytes")
	case body.Channel == domain.ChannelMail && (err != nil || bare.Address != body.Address):
		return domain.Invalid("address", "is no mail address")
	case (body.Channel == domain.ChannelSMS || body.Channel == domain.ChannelVoice) && !phoneNumber.MatchString(body.Address):
		return domain.Invalid("address", "is a number with its country, such as +4930123456")
	}
	return nil
}

// slackUser is Slack's name of a person, which their profile there shows as the member ID.
var slackUser = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)

// slackAddress is the whole address of a user of Slack, "acme/U024BE7LH"; where there is one workspace it need not be named.
func (a *App) slackAddress(ctx context.Context, text string) (string, error) {
	workspace, user := slack.SplitAddress(text)
	user = strings.ToUpper(user)
	if !slackUser.MatchString(user) {
		return "", domain.Invalid("address", "is your member ID in Slack, such as U024BE7LH: your profile there shows it under \"Copy member ID\"")
	}
	rows, err := schemas.ActiveDestinations(ctx, a.DB)
	if err != nil {
		return "", a.fault(ctx, "listing workspaces", err)
	}
	names := []string{}
	for _, row := range rows {
		if row.Channel == domain.ChannelSlack {
			names = append(names, row.Name)
		}
	}
	switch {
	case len(names) == 0:
		return "", domain.Invalid("channel", "is none by which this installation reaches people")
	case workspace == "" && len(names) == 1:
		workspace = names[0]
	case !slices.Contains(names, workspace):
		return "", domain.Invalid("address", "names one of the workspaces %s before the member ID, such as %s/U024BE7LH", strings.Join(names, ", "), names[0])
	}
	return slack.Address(workspace, user), nil
}

// VerifyContact takes the code that was sent to a contact. Each code bears five guesses.
func (a *App) VerifyContact(ctx context.Context, id, code string) (Contact, error) {
	principal, err := a.own(ctx)
	if err != nil {
		return Contact{}, err
	}
	var contact Contact
	var wrong error // told after the transaction: the guess counts
	err = a.contact(ctx, principal, id, func(ctx context.Context, tx bun.Tx, row schemas.ContactRow) error {
		now := a.now()
		switch {
		case row.VerifiedAt != nil:
		case row.CodeExpiresAt == nil || !row.CodeExpiresAt.After(now) || row.CodeTries >= maxCodeTries:
			wrong = domain.Invalid("code", "works no more; have another sent")
		case domain.CodeHash(row.ID, strings.TrimSpace(code)) != row.CodeHash:
			row.CodeTries++
			wrong = domain.Invalid("code", "is not the one that was sent last")
		default:
			row.VerifiedAt, row.CodeHash, row.CodeExpiresAt = &now, "", nil
		}
		contact = contactOf(row)
		return schemas.SaveContact(ctx, tx, row)
	})
	if err == nil {
		err = wrong
	}
	return contact, err
}

// contact changes one of somebody's contacts.
func (a *App) contact(ctx context.Context, principal Principal, id string, change func(context.Context, bun.Tx, schemas.ContactRow) error) error {
	missing := domain.Errorf(domain.CodeNotFound, "you have no contact %s", id)
	if !schemas.IsID(id) {
		return missing
	}
	err := a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		row, found, err := schemas.LockContact(ctx, tx, principal.Handle, id)
		if err != nil {
			return err
		}
		if !found {
			return missing
		}
		return change(ctx, tx, row)
	})
	return a.fault(ctx, "changing a contact", err)
}

// DropContact takes a contact away; rules that name it reach nobody by it.
func (a *App) DropContact(ctx context.Context, id string) error {
	principal, err := a.own(ctx)
	if err != nil {
		return err
	}
	return a.contact(ctx, principal, id, func(ctx context.Context, tx bun.Tx, row schemas.ContactRow) error {
		_, err := schemas.DropContact(ctx, tx, principal.Handle, row.ID)
		return err
	})
}
