package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// TrackRecord says how the last changes of a model, or of a team, ended.
type TrackRecord struct {
	Total  int `bun:"total" json:"total"`
	Failed int `bun:"failed" json:"failed"`
	// Undecided are those of which it is not decided whether they caused an incident.
	Undecided int `bun:"undecided" json:"undecided"`
}

// endedBadly is true of a change that failed, was backed out, or is confirmed as the cause of an incident.
const endedBadly = `(outcome IN ('failed', 'backed_out') OR caused_incident)`

// ReadTrackRecord counts all changes that ended of a model, or where there is none of a team.
func ReadTrackRecord(ctx context.Context, db bun.IDB, model, team string) (TrackRecord, error) {
	var found TrackRecord
	query, of := recordOfModel, model
	if model == "" {
		query, of = recordOfTeam, team
	}
	if err := query.Scan(ctx, db, []any{of}, &found); err != nil {
		return found, fmt.Errorf("reading how changes ended: %w", err)
	}
	return found, nil
}

// Two statements each: under one with a choice in it no plan looks into the index of the models, or into that of the teams.
var (
	recordOfModel = recordOf(`changes c WHERE c.model = $1 AND c.model <> ''`)
	recordOfTeam  = recordOf(`records r JOIN changes c ON c.id = r.id WHERE r.practice = 'change' AND r.team = $1`)
)

func recordOf(whose string) pg.Prepared {
	return pg.Prepared(`SELECT count(*) AS total, count(*) FILTER (WHERE ` + endedBadly + `) AS failed,
	count(*) FILTER (WHERE c.causes::text <> '[]' AND EXISTS (SELECT FROM json_array_elements(c.causes) AS cause WHERE coalesce(cause ->> 'verdict', '') = '')) AS undecided
	FROM ` + whose + ` AND c.outcome <> ''`)
}

// failures are how many of the last changes failed, and how many those are.
type failures struct {
	Failed int `bun:"failed"`
	Ended  int `bun:"ended"`
}

// FailuresOf counts the last changes that ended of a model, or where there is none of a team: how many of them failed. Failed means
// failed, backed out, or confirmed as the cause of an incident.
func FailuresOf(ctx context.Context, db bun.IDB, model, team string, last int, since time.Time) (failed, ended int, err error) {
	var counts failures
	if model == "" {
		err = db.NewRaw(failuresOfTeam, team, since, last).Scan(ctx, &counts)
	} else {
		err = failuresOfModel.Scan(ctx, db, []any{model, since, last}, &counts)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("reading how changes ended: %w", err)
	}
	return counts.Failed, counts.Ended, nil
}

// FailuresOfVersion counts the last changes that ended of one version of a model, as FailuresOf does: a version that a second person has
// approved begins a record of its own (docs/adr/0024).
func FailuresOfVersion(ctx context.Context, db bun.IDB, model string, version, last int, since time.Time) (failed, ended int, err error) {
	var counts failures
	if err := failuresOfVersion.Scan(ctx, db, []any{model, since, last, policy.KindChangeModel + "/" + model, version}, &counts); err != nil {
		return 0, 0, fmt.Errorf("reading how changes of version %d of %s ended: %w", version, model, err)
	}
	return counts.Failed, counts.Ended, nil
}

// ChangesOfModel are the changes, by id, that follow a standard model and wait to start.
func ChangesOfModel(ctx context.Context, db bun.IDB, model string) ([]string, error) {
	var found []string
	if err := changesOfModel.Scan(ctx, db, []any{model}, &found); err != nil {
		return nil, fmt.Errorf("looking for changes of the model %s: %w", model, err)
	}
	return found, nil
}

var changesOfModel = pg.Prepared(`SELECT r.id::text FROM changes c JOIN records r ON r.id = c.id
	WHERE c.model = $1 AND c.model <> '' AND c.outcome = '' AND c.type = 'standard' AND r.state IN ('approved', 'scheduled') ORDER BY 1`)

// That of a team is planned for the team that is asked for: of one with many changes the last ones come soon among those of all, those
// of one with few are all looked at.
var (
	failuresOfModel   = pg.Prepared(failuresOf(`c.model = $1 AND c.model <> ''`, "$2", "$3"))
	failuresOfVersion = pg.Prepared(failuresOf(`c.model = $1 AND c.model <> '' AND (r.policies ->> $4::text)::int = $5`, "$2", "$3"))
	failuresOfTeam    = failuresOf(`r.practice = 'change' AND r.team = ?0`, "?1", "?2")
)

func failuresOf(whose, since, last string) string {
	return `SELECT count(*) AS ended, count(*) FILTER (WHERE ` + endedBadly + `) AS failed FROM (
	SELECT c.outcome, c.caused_incident FROM changes c JOIN records r ON r.id = c.id
	WHERE c.outcome <> '' AND c.actual_end >= ` + since + ` AND ` + whose + `
	ORDER BY c.actual_end DESC LIMIT ` + last + `) AS last`
}
