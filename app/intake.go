package app

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/alert"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Intake takes what monitoring says, without a session: whoever has a service's key tells its alerts.
type Intake interface {
	// FindIntake finds the live key of a secret: not_found where there is none.
	FindIntake(ctx context.Context, secret string) (IntakeKey, error)
	// TakeAlerts takes a payload of a source (alert.Sources): not_found for a source that is not known, invalid where it holds no alerts
	// that can be read. Then nothing of it is kept. What it answers has been stored: neither Temporal nor a worker is needed for that.
	TakeAlerts(ctx context.Context, key IntakeKey, source string, body []byte) (Taken, error)
}

var _ Intake = (*App)(nil)

// IntakePath is where monitoring tells its alerts: the key's secret and the source follow.
const IntakePath = "/api/v1/intake/"

// Taken counts what became of the alerts of one payload.
type Taken struct {
	Received int `json:"received"`
	// Opened began, each with an incident of its own.
	Opened int `json:"opened"`
	// Again began anew, and are about the incident that they had opened before.
	Again int `json:"again"`
	// Held began while a change works on what they are about.
	Held int `json:"held"`
	// Counted went on.
	Counted int `json:"counted"`
	// Stopped are over.
	Stopped int `json:"stopped"`
	// Ignored did not fire and are told to be over, or stand in the payload a second time.
	Ignored int `json:"ignored"`
}

// noIntake says no more of a key than that it does not work.
func noIntake() error { return domain.Errorf(domain.CodeNotFound, "there is no such intake") }

// FindIntake finds the live key of a secret.
func (a *App) FindIntake(ctx context.Context, secret string) (IntakeKey, error) {
	if !strings.HasPrefix(secret, secretPrefix) || len(secret) > 200 {
		return IntakeKey{}, noIntake()
	}
	row, found, err := schemas.FindIntakeKey(ctx, a.DB, HashSecret(secret))
	if err == nil && !found {
		return IntakeKey{}, noIntake()
	}
	return intakeKeyOf(row), a.fault(ctx, "finding an intake key", err)
}

// TakeAlerts takes a payload. The alerts and what they ask of incidents are one transaction: commands wait in the queue, for the relay.
func (a *App) TakeAlerts(ctx context.Context, key IntakeKey, source string, body []byte) (Taken, error) {
	read, known := alert.Sources[source]
	if !known {
		return Taken{}, noIntake()
	}
	alerts, err := read(body)
	if err != nil {
		return Taken{}, err
	}
	told, now := latest(alerts), a.now()
	var taken Taken
	var commands []schemas.PostedCommand
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		fates, err := schemas.TakeAlerts(ctx, tx, key.Service, source, key.ID, told, now)
		if err != nil {
			return err
		}
		taken = count(fates, len(alerts))
		if commands, err = asked(fates, told, key.Service, now); err != nil {
			return err
		}
		if err := schemas.PostCommands(ctx, tx, commands, now); err != nil {
			return err
		}
		if key.UsedAt != nil && now.Sub(*key.UsedAt) < time.Minute {
			return nil
		}
		return schemas.UseIntakeKey(ctx, tx, key.ID, now)
	})
	if err != nil {
		return Taken{}, a.fault(ctx, "taking alerts", err)
	}
	if len(commands) > 0 {
		a.posted()
	}
	return taken, nil
}

// latest makes a list of what is told at once in which each alert stands once: of several tellings of one, the last counts.
func latest(alerts []alert.Alert) []schemas.ToldAlert {
	place, list := map[string]int{}, []schemas.ToldAlert{}
	for _, one := range alerts {
		if i, before := place[one.Key]; before {
			list[i].Alert = one
			continue
		}
		id := uuid.Must(uuid.NewV7()).String()
		place[one.Key] = len(list)
		list = append(list, schemas.ToldAlert{ID: id, Opens: alert.IncidentOf(id), Alert: one})
	}
	return list
}

func count(fates []schemas.AlertFate, received int) Taken {
	taken := Taken{Received: received, Ignored: received - len(fates)}
	for _, fate := range fates {
		switch {
		case fate.What == schemas.AlertCounted:
			taken.Counted++
		case fate.What == schemas.AlertStopped:
			taken.Stopped++
		case fate.Opens:
			taken.Opened++
		case fate.Incident != "":
			taken.Again++
		default:
			taken.Held++
		}
	}
	return taken
}

// asked are the commands that follow from what became of alerts, one for a record at most. Each has an id of its own, made from the
// occurrence's, so that it is decided once.
func asked(fates []schemas.AlertFate, told []schemas.ToldAlert, service string, now time.Time) ([]schemas.PostedCommand, error) {
	var commands []schemas.PostedCommand
	for _, fate := range fates {
		verb, content, closed := "", map[string]any{"alert": fate.ID}, domain.TargetDrop
		switch {
		case fate.Incident == "" || fate.What == schemas.AlertCounted:
			continue
		case fate.What == schemas.AlertStopped:
			verb = "alert_stopped"
		case !fate.Opens:
			verb, closed = "alert_again", domain.TargetSend
		default:
			i := slices.IndexFunc(told, func(one schemas.ToldAlert) bool { return one.ID == fate.ID })
			held := alert.Held{Alert: told[i].Alert, ID: fate.ID, Service: service, Item: fate.Item, Follows: fate.Before}
			verb, content = "log", held.Opens()
		}
		body, err := json.Marshal(content)
		if err != nil {
			return nil, err
		}
		commands = append(commands, schemas.PostedCommand{Closed: closed, Command: domain.Command{
			ID: domain.CommandID("alert", fate.ID, verb), Name: string(domain.Incident) + "." + verb, Practice: domain.Incident, Record: fate.Incident,
			Actor: domain.Actor{Kind: domain.ActorMachine, Name: alert.Monitoring}, ReceivedAt: now, Body: body, Digest: domain.Digest(body),
		}})
	}
	return commands, nil
}
