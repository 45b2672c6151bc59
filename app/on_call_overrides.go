package app

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Override is somebody in another's place, or beside them, for a while.
type Override struct {
	ID       string    `json:"id"`
	Schedule string    `json:"schedule"`
	Kind     string    `json:"kind" enum:"replace,add"`
	Person   string    `json:"person"`
	Replaces string    `json:"replaces,omitempty"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Reason   string    `json:"reason,omitempty"`
	// Swap is the swap that it came of.
	Swap   string    `json:"swap,omitempty"`
	MadeBy string    `json:"made_by"`
	MadeAt time.Time `json:"made_at"`
}

// OverrideBody asks for an override. From in the past, or left out, is now: who was on call stays what it was.
type OverrideBody struct {
	Kind     string    `json:"kind,omitempty" enum:"replace,add" doc:"replace when left out"`
	Person   string    `json:"person" maxLength:"100" doc:"Who is on call"`
	Replaces string    `json:"replaces,omitempty" maxLength:"100" doc:"In whose place; left out: of whoever is on call, or of nobody"`
	From     time.Time `json:"from,omitzero" required:"false" doc:"Left out, or in the past: now"`
	To       time.Time `json:"to" doc:"At most a year later"`
	Reason   string    `json:"reason,omitempty" maxLength:"2000"`
}

func overrideOf(row schemas.OverrideRow) Override {
	return Override{
		ID: row.ID, Schedule: row.Schedule, Kind: row.Kind, Person: row.Person, Replaces: row.Replaces, From: row.StartsAt.UTC(),
		To: row.EndsAt.UTC(), Reason: row.Reason, Swap: row.SwapID, MadeBy: row.MadeBy, MadeAt: row.MadeAt.UTC(),
	}
}

// Overrides lists what changes a schedule from now on.
func (a *App) Overrides(ctx context.Context, schedule string) ([]Override, error) {
	if _, err := a.viewer(ctx, PermissionOnCallRead); err != nil {
		return nil, err
	}
	if _, err := a.rota(ctx, a.DB, schedule); err != nil {
		return nil, a.fault(ctx, "reading a schedule", err)
	}
	now := a.now()
	rows, err := schemas.ReadOverrides(ctx, a.DB, schedule, now, now.AddDate(0, 0, aheadDays))
	if err != nil {
		return nil, a.fault(ctx, "reading overrides", err)
	}
	list := make([]Override, len(rows))
	for i, row := range rows {
		list[i] = overrideOf(row)
	}
	slices.SortStableFunc(list, func(a, b Override) int { return a.From.Compare(b.From) })
	return list, nil
}

// overrider finds who asks to change a schedule. Where they may not, the attempt is written down.
func (a *App) overrider(ctx context.Context, schedule, action, detail string) (Principal, rota, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, rota{}, err
	}
	found, err := a.rota(ctx, a.DB, schedule)
	if err != nil {
		return principal, found, a.fault(ctx, "reading a schedule", err)
	}
	refusal, err := a.mayOverride(ctx, principal, found)
	if err != nil {
		return principal, found, a.fault(ctx, "looking for teams", err)
	}
	return principal, found, a.auditForbidden(ctx, principal, action, "", onCallDetail(schedule, detail), refusal)
}

// AddOverride puts somebody in another's place, or beside them.
func (a *App) AddOverride(ctx context.Context, schedule, key string, body OverrideBody) (Override, error) {
	principal, rota, err := a.overrider(ctx, schedule, "override on call", body.Person)
	if err != nil {
		return Override{}, err
	}
	now := a.now()
	row := schemas.OverrideRow{
		ID: onCallID("override", principal, key), Schedule: schedule, Kind: cmp.Or(body.Kind, oncall.Replace), Person: body.Person,
		Replaces: body.Replaces, StartsAt: later(domain.Millisecond(body.From.UTC()), now), EndsAt: domain.Millisecond(body.To.UTC()),
		Reason: strings.TrimSpace(body.Reason), MadeBy: principal.Handle, MadeAt: now,
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		stored, found, err := schemas.ReadOverride(ctx, tx, row.ID, false)
		if err != nil {
			return err
		}
		if found {
			row, err = sameOverride(row, stored)
			return err
		}
		if err := a.validOverride(ctx, tx, rota, row); err != nil {
			return err
		}
		return a.addOverride(ctx, tx, principal, row, "override on call")
	})
	return overrideOf(row), a.fault(ctx, "adding an override", onceOnCall(err, row))
}

// later is the later one of two moments.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// onCallID is the same for what one principal asks under one key.
func onCallID(what string, principal Principal, key string) string {
	if key == "" {
		return uuid.Must(uuid.NewV7()).String()
	}
	return domain.NewID("on-call-" + what + "/" + principal.Handle + "/" + key)
}

// sameOverride answers the override that was made under a key before.
func sameOverride(asked, stored schemas.OverrideRow) (schemas.OverrideRow, error) {
	same := asked.Schedule == stored.Schedule && asked.Kind == stored.Kind && asked.Person == stored.Person && asked.Replaces == stored.Replaces &&
		asked.Reason == stored.Reason
	if !same {
		return stored, domain.OtherBody()
	}
	return stored, nil
}

// validOverride refuses what would change nothing, or something else than was meant.
func (a *App) validOverride(ctx context.Context, tx bun.Tx, rota rota, row schemas.OverrideRow) error {
	switch {
	case row.Kind != oncall.Replace && row.Kind != oncall.Add:
		return domain.Invalid("kind", "is %s or %s", oncall.Replace, oncall.Add)
	case row.Kind == oncall.Add && row.Replaces != "":
		return domain.Invalid("replaces", "is given where somebody is replaced, and only then")
	case row.Replaces == row.Person:
		return domain.Invalid("replaces", "%s cannot stand in for themselves", row.Person)
	case len(row.Reason) > maxOnCallReason:
		return domain.Invalid("reason", "takes at most %d bytes", maxOnCallReason)
	}
	if err := validSpan("", row.StartsAt, row.EndsAt, row.MadeAt); err != nil {
		return err
	}
	if err := a.active(ctx, tx, "person", row.Person); err != nil || row.Replaces == "" {
		return err
	}
	return hasShift(ctx, tx, rota, "replaces", row.Replaces, row.StartsAt, row.EndsAt)
}

const maxOnCallReason = 2000

// validSpan refuses a time that is over, runs backwards, or is too long or too far away. prefix is put before the names of fields.
func validSpan(prefix string, from, to, now time.Time) error {
	switch {
	case !from.Before(to):
		return domain.Invalid(prefix+"to", "must be after from, and not be over")
	case to.Sub(from) > oncall.MaxOverride:
		return domain.Invalid(prefix+"to", "must be within a year after from")
	case from.Sub(now) > oncall.MaxOverride:
		return domain.Invalid(prefix+"from", "must be within a year")
	}
	return nil
}

// active refuses somebody who cannot be reached.
func (a *App) active(ctx context.Context, db bun.IDB, field, person string) error {
	found, err := schemas.ActivePeople(ctx, db, []string{person})
	if err != nil {
		return err
	}
	if _, active := found[person]; !active {
		return domain.Invalid(field, "%q is nobody who is active here", person)
	}
	return nil
}

// hasShift refuses somebody who is not on call at any time between two instants.
func hasShift(ctx context.Context, db bun.IDB, rota rota, field, person string, from, to time.Time) error {
	overrides, err := overridesOf(ctx, db, rota.name, from, to)
	if err != nil {
		return err
	}
	for _, shift := range rota.Shifts(from, to, overrides) {
		if shift.Person == person {
			return nil
		}
	}
	return domain.Invalid(field, "%s is not on call in this time", person)
}

// addOverride writes an override with its line in the audit, and tells those whom it is about.
func (a *App) addOverride(ctx context.Context, tx bun.Tx, principal Principal, row schemas.OverrideRow, action string) error {
	if _, err := schemas.AddOverride(ctx, tx, row); err != nil {
		return err
	}
	if err := tellOnCall(ctx, tx, "account.on_call_changed", principal, toldOverride(row), row.MadeAt, row.Person, row.Replaces); err != nil {
		return err
	}
	return a.auditIn(ctx, tx, a.line(principal, action, "done", onCallDetail(row.Schedule, overrideWords(row)...)))
}

func overrideWords(row schemas.OverrideRow) []string {
	words := []string{row.ID, row.Person}
	switch {
	case row.Kind == oncall.Add:
		words = append(words, "beside whoever is on call")
	case row.Replaces == "":
		words = append(words, "for whoever is on call")
	default:
		words = append(words, "for", row.Replaces)
	}
	return append(words, "from", row.StartsAt.Format(time.RFC3339), "to", row.EndsAt.Format(time.RFC3339))
}

// toldOverride is what people are told of an override.
func toldOverride(row schemas.OverrideRow) map[string]any {
	return map[string]any{
		"schedule": row.Schedule, "person": row.Person, "replaces": row.Replaces, "reason": row.Reason, "from": row.StartsAt.UTC(), "to": row.EndsAt.UTC(),
	}
}

// tellOnCall leaves something to tell people, but for whoever did it.
func tellOnCall(ctx context.Context, tx bun.Tx, kind string, by Principal, about map[string]any, now time.Time, people ...string) error {
	about["by"] = by.Handle
	told, err := json.Marshal(about)
	if err != nil {
		return err
	}
	for _, person := range people {
		if person == "" || person == by.Handle {
			continue
		}
		if err := schemas.TellAccount(ctx, tx, kind, person, string(told), now); err != nil {
			return err
		}
	}
	return nil
}

// onceOnCall words the constraints that keep overrides from meeting.
func onceOnCall(err error, row schemas.OverrideRow) error {
	switch pg.Constraint(err) {
	case "on_call_overrides_person":
		return domain.Errorf(domain.CodeConflict, "%s stands in at this time already; end that override first", row.Person)
	case "on_call_overrides_replaced":
		return domain.Errorf(domain.CodeConflict, "somebody stands in for %s at this time already; end that override first", row.Replaces)
	}
	return err
}

// EndOverride takes an override back.
func (a *App) EndOverride(ctx context.Context, id string) error {
	if _, err := a.viewer(ctx, PermissionOnCallRead); err != nil {
		return err
	}
	missing := domain.Errorf(domain.CodeNotFound, "no override %s that could be ended", id)
	row, found, err := schemas.ReadOverride(ctx, a.DB, id, false)
	if err != nil {
		return a.fault(ctx, "reading an override", err)
	}
	if !found {
		return missing
	}
	principal, _, err := a.overrider(ctx, row.Schedule, "end override", id)
	if err != nil {
		return err
	}
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		now := a.now()
		ended, err := schemas.EndOverride(ctx, tx, row, principal.Handle, now)
		if err != nil {
			return err
		}
		if ended == 0 {
			return missing
		}
		if err := tellOnCall(ctx, tx, "account.on_call_ended", principal, toldOverride(row), now, row.Person, row.Replaces); err != nil {
			return err
		}
		return a.auditIn(ctx, tx, a.line(principal, "end override", "done", onCallDetail(row.Schedule, overrideWords(row)...)))
	})
	return a.fault(ctx, "ending an override", err)
}
