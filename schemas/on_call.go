package schemas

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// OverrideRow changes who is on call in a schedule for a while.
type OverrideRow struct {
	bun.BaseModel `bun:"table:on_call_overrides,alias:o"`
	ID            string     `bun:"id,pk,type:uuid"`
	Schedule      string     `bun:"schedule"`
	Kind          string     `bun:"kind"`
	Person        string     `bun:"person"`
	Replaces      string     `bun:"replaces"`
	StartsAt      time.Time  `bun:"starts_at"`
	EndsAt        time.Time  `bun:"ends_at"`
	Reason        string     `bun:"reason"`
	SwapID        string     `bun:"swap_id,type:uuid,nullzero"`
	MadeBy        string     `bun:"made_by"`
	MadeAt        time.Time  `bun:"made_at"`
	CanceledBy    string     `bun:"canceled_by"`
	CanceledAt    *time.Time `bun:"canceled_at"`
}

// Override is the row as the rules take it.
func (r OverrideRow) Override() oncall.Override {
	return oncall.Override{
		ID: r.ID, Kind: r.Kind, Person: r.Person, Replaces: r.Replaces, From: r.StartsAt.UTC(), To: r.EndsAt.UTC(), MadeAt: r.MadeAt.UTC(),
	}
}

// ReadOnCallSpec reads the newest version of a schedule's document; false when there is none.
func ReadOnCallSpec(ctx context.Context, db bun.IDB, schedule string) (spec oncall.Spec, version int, found bool, err error) {
	row, found, err := ReadPolicy(ctx, db, policy.KindOnCallSchedule, schedule, 0)
	if err != nil || !found {
		return spec, 0, false, err
	}
	if err := json.Unmarshal([]byte(row.Spec), &spec); err != nil {
		return spec, 0, false, fmt.Errorf("reading the schedule %s: %w", schedule, err)
	}
	return spec, row.Version, true, nil
}

// OnCallNames lists the names of the schedules.
func OnCallNames(ctx context.Context, db bun.IDB) ([]string, error) {
	var names []string
	err := db.NewRaw(`SELECT DISTINCT name FROM policies WHERE kind = ? ORDER BY name`, policy.KindOnCallSchedule).Scan(ctx, &names)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("listing schedules: %w", err)
	}
	return names, nil
}

// ReadOverrides reads what was not canceled of a schedule's overrides within an interval, in the order in which they were made.
func ReadOverrides(ctx context.Context, db bun.IDB, schedule string, from, to time.Time) ([]OverrideRow, error) {
	var rows []OverrideRow
	err := db.NewSelect().Model(&rows).Where("schedule = ? AND canceled_at IS NULL", schedule).
		Where("tstzrange(starts_at, ends_at) && tstzrange(?, ?)", from, to).OrderExpr("made_at, id").Limit(maxOverrides).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading overrides of %s: %w", schedule, err)
	}
	return rows, nil
}

// maxOverrides bounds what is read at once: some fifty a day for a year.
const maxOverrides = 20_000

// ReadOverride reads one override; with lock it is held until the transaction ends.
func ReadOverride(ctx context.Context, db bun.IDB, id string, lock bool) (OverrideRow, bool, error) {
	var row OverrideRow
	if !IsID(id) {
		return row, false, nil
	}
	q := db.NewSelect().Model(&row).Where("id = ?", id)
	if lock {
		q = q.For("UPDATE")
	}
	err := q.Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading an override: %w", err)
	}
	return row, true, nil
}

// AddOverride writes a new override, once: it answers false when there is a row of its id.
func AddOverride(ctx context.Context, db bun.IDB, row OverrideRow) (bool, error) {
	added, err := changed(db.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("writing an override: %w", err)
	}
	return added, nil
}

// EndOverride takes an override back: one that has begun ends now, one that has not is canceled. With a swap, all of its
// overrides are. It answers how many were changed; those that are over stay.
func EndOverride(ctx context.Context, db bun.IDB, row OverrideRow, by string, now time.Time) (int, error) {
	result, err := db.NewRaw(`UPDATE on_call_overrides SET canceled_by = ?0,
			canceled_at = CASE WHEN starts_at >= ?1 THEN ?1::timestamptz END, ends_at = CASE WHEN starts_at >= ?1 THEN ends_at ELSE ?1 END
		WHERE (id = ?2 OR swap_id = ?3::uuid) AND canceled_at IS NULL AND ends_at > ?1`,
		by, now, row.ID, bun.NullZero(row.SwapID)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("ending an override: %w", err)
	}
	ended, err := result.RowsAffected()
	return int(ended), err
}

// SwapRow is a change of turns that somebody proposed to somebody.
type SwapRow struct {
	bun.BaseModel `bun:"table:on_call_swaps,alias:w"`
	ID            string     `bun:"id,pk,type:uuid"`
	Schedule      string     `bun:"schedule"`
	Proposer      string     `bun:"proposer"`
	Other         string     `bun:"other"`
	GivesFrom     *time.Time `bun:"gives_from"`
	GivesTo       *time.Time `bun:"gives_to"`
	TakesFrom     *time.Time `bun:"takes_from"`
	TakesTo       *time.Time `bun:"takes_to"`
	Reason        string     `bun:"reason"`
	State         string     `bun:"state"`
	ProposedAt    time.Time  `bun:"proposed_at"`
	DecidedAt     *time.Time `bun:"decided_at"`
}

// ReadSwaps reads the swaps that a person proposed or was asked for since a moment, the open ones first, then the newest.
func ReadSwaps(ctx context.Context, db bun.IDB, person string, since time.Time) ([]SwapRow, error) {
	var rows []SwapRow
	err := db.NewSelect().Model(&rows).Where("(proposer = ?0 OR other = ?0) AND proposed_at >= ?1", person, since).
		OrderExpr("state <> 'proposed', proposed_at DESC, id").Limit(maxSwaps).Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading swaps of %s: %w", person, err)
	}
	return rows, nil
}

const maxSwaps = 200

// ReadSwap reads one swap and holds it until the transaction ends.
func ReadSwap(ctx context.Context, db bun.IDB, id string) (SwapRow, bool, error) {
	var row SwapRow
	if !IsID(id) {
		return row, false, nil
	}
	err := db.NewSelect().Model(&row).Where("id = ?", id).For("UPDATE").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading a swap: %w", err)
	}
	return row, true, nil
}

// AddSwap writes a new swap, once: it answers false when there is a row of its id.
func AddSwap(ctx context.Context, db bun.IDB, row SwapRow) (bool, error) {
	added, err := changed(db.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("writing a swap: %w", err)
	}
	return added, nil
}

// DecideSwap writes what became of a swap.
func DecideSwap(ctx context.Context, db bun.IDB, id, state string, now time.Time) error {
	if _, err := db.NewRaw(`UPDATE on_call_swaps SET state = ?, decided_at = ? WHERE id = ?`, state, now, id).Exec(ctx); err != nil {
		return fmt.Errorf("deciding a swap: %w", err)
	}
	return nil
}

// ActivePeople tells which of some handles are active people, with their names.
func ActivePeople(ctx context.Context, db bun.IDB, handles []string) (map[string]string, error) {
	var rows []struct {
		Handle string `bun:"handle"`
		Name   string `bun:"name"`
	}
	err := db.NewRaw(`SELECT handle, name FROM people WHERE active AND handle = ANY(?::text[])`, pgdialect.Array(handles)).Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("looking for active people: %w", err)
	}
	names := make(map[string]string, len(rows))
	for _, row := range rows {
		names[row.Handle] = row.Name
	}
	return names, nil
}

// TeamsOf lists the teams that any of some people is in.
func TeamsOf(ctx context.Context, db bun.IDB, people []string) ([]string, error) {
	var teams []string
	err := db.NewRaw(`SELECT DISTINCT team FROM team_members WHERE person = ANY(?::text[]) ORDER BY team`, pgdialect.Array(people)).Scan(ctx, &teams)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("looking for the teams of people: %w", err)
	}
	return teams, nil
}
