package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Imported says what became of a batch of incidents from another system.
type Imported struct {
	// Written are new here, Known were imported before and are left as they are.
	Written, Known int
	// Waiting are the ids of those that are not over: each needs a process that keeps its deadlines.
	Waiting []string
	// Refused are those whose number belongs to another record, or that no policy of ours can rate: number → why.
	Refused map[string]string
}

// Import writes incidents with their whole past in one transaction. A batch that is given again, whole or in part, changes
// nothing; an interrupted one has written nothing.
//
// It follows Apply's rules (records and satellites under the worker's role, the timeline through append_timeline) and skips
// what only living records need: nobody is told of what happened long ago, and no process is started (docs/adr).
func (a *Activities) Import(ctx context.Context, batch []incident.Past, importer domain.Actor) (Imported, error) {
	now := domain.Millisecond(a.Clock.Now())
	var done Imported
	transaction := func() error {
		return a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			var err error
			done, err = a.importBatch(ctx, tx, batch, importer, now)
			return err
		})
	}
	err := transaction()
	if twin := a.Constraint(err); err != nil && (twin == "records_pkey" || twin == "records_number") {
		err = transaction() // another import wrote the same meanwhile: now they are known
	}
	if err != nil {
		return Imported{}, fmt.Errorf("importing %d incidents: %w", len(batch), err)
	}
	return done, nil
}

func (a *Activities) importBatch(ctx context.Context, tx bun.Tx, batch []incident.Past, importer domain.Actor, now time.Time) (Imported, error) {
	done := Imported{Refused: map[string]string{}}
	fresh, err := a.unknownOf(ctx, tx, batch, &done)
	if err != nil {
		return done, err
	}
	facts := map[string]incident.Facts{} // by service
	var rows []schemas.ImportedIncident
	for _, past := range fresh {
		service := past.Snapshots[len(past.Snapshots)-1].Service
		known, read := facts[service]
		if !read {
			if known, err = a.importFacts(ctx, tx, service); err != nil {
				return done, err
			}
			facts[service] = known
		}
		row, err := recount(past, known, importer, now)
		if refused := domain.AsError(err); refused != nil {
			done.Refused[past.Number] = refused.Message
			continue
		}
		if err != nil {
			return done, err
		}
		if row.Active || row.WakeAt != nil {
			done.Waiting = append(done.Waiting, row.ID)
		}
		rows = append(rows, row)
	}
	done.Written = len(rows)
	return done, schemas.InsertIncidents(ctx, tx, rows, now)
}

// unknownOf leaves out what is here already: the same incident, or another record of its number.
func (a *Activities) unknownOf(ctx context.Context, tx bun.Tx, batch []incident.Past, done *Imported) ([]incident.Past, error) {
	ids, numbers := make([]string, len(batch)), make([]string, len(batch))
	for i, past := range batch {
		ids[i], numbers[i] = past.ID, past.Number
	}
	found, err := schemas.FindOccupied(ctx, tx, ids, numbers)
	if err != nil {
		return nil, err
	}
	byID, byNumber := map[string]schemas.Occupied{}, map[string]bool{}
	for _, record := range found {
		byID[record.ID], byNumber[record.Number] = record, true
	}
	var fresh []incident.Past
	for _, past := range batch {
		record, known := byID[past.ID]
		switch {
		case known:
			done.Known++
			if record.Waits {
				done.Waiting = append(done.Waiting, past.ID)
			}
		case byNumber[past.Number]:
			done.Refused[past.Number] = "another record has the number " + past.Number
		default:
			fresh = append(fresh, past)
		}
	}
	return fresh, nil
}

// importFacts are the newest documents, to be stamped.
func (a *Activities) importFacts(ctx context.Context, tx bun.Tx, service string) (incident.Facts, error) {
	facts := incident.Facts{Timing: incident.DefaultTiming()}
	versions, _, err := a.newestVersions(ctx, tx, service, nil)
	if err != nil {
		return facts, err
	}
	facts.Policies = versions
	return facts, a.policyFacts(ctx, tx, &facts, versions)
}

// recount makes one incident's rows of its past.
func recount(past incident.Past, facts incident.Facts, importer domain.Actor, now time.Time) (schemas.ImportedIncident, error) {
	record, events, err := incident.Recount(past, facts, importer, now)
	if err != nil {
		return schemas.ImportedIncident{}, err
	}
	deadlines, err := incident.Deadlines(record, facts)
	if err != nil {
		return schemas.ImportedIncident{}, err
	}
	if len(deadlines) > 0 {
		record.WakeAt, record.NextDue = &deadlines[0].DueAt, deadlines[0].Name
	}
	return schemas.ImportedIncident{Incident: record, Events: events, Deadlines: deadlines}, nil
}
