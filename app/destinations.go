package app

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// SaveDestination writes a webhook, or a workspace of Slack.
func (a *App) SaveDestination(ctx context.Context, name string, body DestinationBody) (NewDestination, error) {
	if body.Channel == "" {
		body.Channel = domain.ChannelWebhook
	}
	return a.writeDestination(ctx, name, "save destination", func(row *schemas.DestinationRow, fresh bool) (string, error) {
		switch {
		case body.Channel != domain.ChannelWebhook && body.Channel != domain.ChannelSlack:
			return "", domain.Invalid("channel", "is webhook or slack")
		case !fresh && row.Channel != body.Channel:
			return "", domain.Invalid("channel", "stays what it is: %s", row.Channel)
		case strings.TrimSpace(body.Title) == "" || len(body.Title) > 200:
			return "", domain.Invalid("title", "must have 1 to 200 bytes")
		}
		row.Channel = body.Channel
		if body.Channel == domain.ChannelSlack {
			return "", a.saveWorkspace(row, body, fresh)
		}
		if err := webhook.CheckURL(body.URL); err != nil {
			return "", domain.Invalid("url", "%v", err)
		}
		if body.Token+body.SigningSecret != "" {
			return "", domain.Invalid("token", "is a workspace's; a webhook's secret is made here")
		}
		for _, channel := range body.Carries {
			if channel != domain.ChannelSMS && channel != domain.ChannelVoice && channel != domain.ChannelPush {
				return "", domain.Invalid("carries", "is any of sms, voice and push")
			}
		}
		row.Title, row.URL, row.Kinds, row.Carries, row.Active = body.Title, body.URL, body.Kinds, body.Carries, body.Active
		if fresh {
			row.Secret = webhook.NewSecret()
			return row.Secret, nil
		}
		return "", nil
	})
}

// RotateSecret gives a webhook a new secret.
func (a *App) RotateSecret(ctx context.Context, name string) (NewDestination, error) {
	return a.writeDestination(ctx, name, "rotate secret", func(row *schemas.DestinationRow, fresh bool) (string, error) {
		if fresh {
			return "", domain.Errorf(domain.CodeNotFound, "no destination %s", name)
		}
		if row.Channel == domain.ChannelSlack {
			return "", domain.Invalid("name", "is a workspace of Slack, which makes its secrets itself; write it with the new one")
		}
		until := a.now().Add(oldSecretLasts)
		row.OldSecret, row.OldSecretUntil, row.Secret = row.Secret, &until, webhook.NewSecret()
		return row.Secret, nil
	})
}

// writeDestination changes a destination, of which the change answers a secret to show.
func (a *App) writeDestination(ctx context.Context, name, action string, change func(row *schemas.DestinationRow, fresh bool) (string, error)) (NewDestination, error) {
	principal, err := a.govern(ctx, PermissionDestinationWrite, action, name)
	if err != nil {
		return NewDestination{}, err
	}
	if !handlePattern.MatchString(name) {
		return NewDestination{}, domain.Invalid("name", "has 1 to 100 of a-z, 0-9, '.', '_' and '-', the first a letter or digit")
	}
	var made NewDestination
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		row, circuit, found, err := schemas.ReadDestination(ctx, tx, name)
		if err != nil {
			return err
		}
		if found && row.Channel == domain.ChannelMail {
			return domain.Invalid("name", "is the mail relay's, which the workers are configured with")
		}
		if !found {
			row = schemas.DestinationRow{Name: name, CreatedAt: a.now()}
		}
		row.UpdatedAt = a.now()
		if made.Secret, err = change(&row, !found); err != nil {
			return err
		}
		if err := schemas.SaveDestination(ctx, tx, row); err != nil {
			return err
		}
		made.Destination = a.destinationOf(schemas.DestinationState{
			DestinationRow: row, Configured: true, Failures: circuit.Failures, Fault: circuit.Fault, OpenUntil: circuit.OpenUntil, FailedAt: circuit.FailedAt, SentAt: circuit.SentAt,
		})
		return a.auditIn(ctx, tx, a.line(principal, action, "done", name))
	})
	return made, a.fault(ctx, "writing a destination", err)
}

// saveWorkspace writes a workspace of Slack. Its token goes to nobody else's address than it was given for.
func (a *App) saveWorkspace(row *schemas.DestinationRow, body DestinationBody, fresh bool) error {
	if body.URL != "" {
		if err := webhook.CheckURL(body.URL); err != nil {
			return domain.Invalid("url", "%v", err)
		}
	}
	switch {
	case len(body.Kinds) > 0 || len(body.Carries) > 0:
		return domain.Invalid("kinds", "are a webhook's; a workspace reaches people who have it as a contact")
	case body.Token != "" && !strings.HasPrefix(body.Token, "xoxb-"):
		return domain.Invalid("token", "is the app's bot token, which begins with xoxb-")
	case body.Token == "" && (fresh || body.URL != row.URL):
		return domain.Invalid("token", "is needed: of a new workspace, and with another address")
	case body.SigningSecret == "" && fresh, body.SigningSecret != "" && (len(body.SigningSecret) < 16 || strings.ContainsAny(body.SigningSecret, " \t\r\n")):
		return domain.Invalid("signing_secret", "is what the app's page shows under Basic Information, of 16 characters or more")
	}
	if body.Token != "" {
		row.Token = body.Token
	}
	if body.SigningSecret != "" && body.SigningSecret != row.Secret {
		if !fresh {
			until := a.now().Add(oldSecretLasts)
			row.OldSecret, row.OldSecretUntil = row.Secret, &until
		}
		row.Secret = body.SigningSecret
	}
	row.Title, row.URL, row.Active = body.Title, body.URL, body.Active
	row.Kinds, row.Carries = nil, []domain.Channel{domain.ChannelSlack}
	return nil
}
