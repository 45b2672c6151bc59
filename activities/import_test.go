package activities_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// past is an incident that another system opened in autumn and left in a state.
func past(number string, state domain.State) incident.Past {
	opened := store.Instant("2026-10-05T08:00:00Z")
	snapshot := func(minutes int, state domain.State) incident.Snapshot {
		s := incident.Snapshot{
			At: opened.Add(time.Duration(minutes) * time.Minute), By: "ana", State: state, Title: "Old matter " + number, Requester: "rita",
			Impact: incident.Low, Urgency: incident.Low, Team: "messaging", Source: map[string]string{"priority": "4 - Low"},
		}
		switch state {
		case incident.OnHold:
			s.Hold = incident.Hold{Reason: incident.AwaitingRequester, Base: incident.AwaitingRequester}
		case incident.Resolved, incident.Closed:
			s.Resolution = incident.Resolution{Code: "fixed", Notes: "Done"}
		}
		return s
	}
	return incident.Past{
		ID: domain.NewID("import/old/" + number), Number: number, Origin: "old", OpenedAt: opened,
		Snapshots: []incident.Snapshot{snapshot(0, incident.New), snapshot(5, incident.InProgress), snapshot(9, state)},
	}
}

func pasts(from, to int) []incident.Past {
	var batch []incident.Past
	for i := from; i < to; i++ {
		batch = append(batch, past(fmt.Sprintf("OLD%04d", i), incident.Closed))
	}
	return batch
}

var importer = domain.Actor{Kind: domain.ActorMachine, Name: "import"}

// all is everything that an import writes, to see that nothing changed.
func (d *desk) all() string {
	d.t.Helper()
	var text string
	require.NoError(d.t, d.db.Superuser(d.t).NewRaw(`SELECT concat(
		(SELECT string_agg(r::text, '|' ORDER BY id) FROM records r), (SELECT string_agg(i::text, '|' ORDER BY id) FROM incidents i),
		(SELECT string_agg(t::text, '|' ORDER BY record_id, seq) FROM timeline t), (SELECT count(*) FROM record_words),
		(SELECT string_agg(d::text, '|' ORDER BY record_id, name) FROM deadlines d))`).Scan(d.t.Context(), &text))
	return text
}

// TestImportOnce: a batch given again, whole or in part, changes nothing; what is new in it is written.
func TestImportOnce(t *testing.T) {
	t.Parallel()
	d := setup(t)
	first, err := d.Import(t.Context(), pasts(0, 30), importer)
	require.NoError(t, err)
	require.Equal(t, activities.Imported{Written: 30, Refused: map[string]string{}}, first)
	d.sound()
	before := d.all()

	again, err := d.Import(t.Context(), pasts(0, 30), importer)
	require.NoError(t, err)
	require.Equal(t, activities.Imported{Known: 30, Refused: map[string]string{}}, again)
	require.Equal(t, before, d.all())

	more, err := d.Import(t.Context(), pasts(20, 40), importer)
	require.NoError(t, err)
	require.Equal(t, []int{10, 10}, []int{more.Written, more.Known})
	d.sound()

	record, found, err := schemas.ReadHead(t.Context(), d.worker, domain.NewID("import/old/OLD0007"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, []any{"OLD0007", incident.Closed, 5, "messaging"}, []any{record.Number, record.State, record.Priority, record.Team})
	require.Equal(t, 1, record.Policies["Calendar/default"])
}

// TestImportInterrupted ends the import in the middle of a batch: none of it is there, and giving it again completes it.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, err := d.Import(t.Context(), pasts(0, 10), importer)
	require.NoError(t, err)
	before := d.all()

	batch := pasts(10, 30)
	batch[19].Snapshots[0].Title = "a character that no database stores: \x00"
	_, err = d.Import(t.Context(), batch, importer)
	require.Error(t, err)
	require.Equal(t, before, d.all())

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = d.Import(ended, pasts(10, 30), importer)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, d.all())

	done, err := d.Import(t.Context(), pasts(0, 30), importer)
	require.NoError(t, err)
	require.Equal(t, []int{20, 10}, []int{done.Written, done.Known})
	d.sound()
}

// TestImportsSideBySide: two imports of one file at a time write everything once.
func TestImportsSideBySide(t *testing.T) {
	t.Parallel()
	d := setup(t)
	type answer struct {
		activities.Imported
		err error
	}
	answers := make(chan answer, 4)
	for range cap(answers) {
		go func() {
			done, err := d.Import(t.Context(), pasts(0, 40), importer)
			answers <- answer{done, err}
		}()
	}
	written := 0
	for range cap(answers) {
		done := <-answers
		require.NoError(t, done.err)
		require.Equal(t, 40, done.Written+done.Known)
		written += done.Written
	}
	require.Equal(t, 40, written)
	d.sound()
}

// TestImportOfTheLiving: what is not over waits from now on, is named for a process, and takes commands like any other.
func TestImportOfTheLiving(t *testing.T) {
	t.Parallel()
	d := setup(t)
	batch := []incident.Past{past("A", incident.OnHold), past("B", incident.Resolved), past("C", incident.InProgress), past("D", incident.Closed)}
	for range 2 {
		done, err := d.Import(t.Context(), batch, importer)
		require.NoError(t, err)
		require.ElementsMatch(t, []string{batch[0].ID, batch[1].ID, batch[2].ID}, done.Waiting)
	}
	d.sound()
	view, err := d.Look(t.Context(), domain.Incident, batch[0].ID)
	require.NoError(t, err)
	require.True(t, view.WakeAt.After(d.clock.Now()))

	result, err := d.Apply(t.Context(), d.command(agent, "resume", batch[0].ID, nil))
	require.NoError(t, err)
	require.Equal(t, domain.Applied, result.Outcome)
	require.Equal(t, incident.InProgress, result.View.State)
	d.sound()
}

// TestImportRefusesTakenNumbers and leaves the others of the batch alone.
func TestImportRefusesTakenNumbers(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, err := d.Import(t.Context(), []incident.Past{past("A", incident.Closed)}, importer)
	require.NoError(t, err)
	twin := past("A", incident.Closed)
	twin.ID, twin.Origin = domain.NewID("import/other/A"), "other"
	done, err := d.Import(t.Context(), []incident.Past{twin, past("B", incident.Closed)}, importer)
	require.NoError(t, err)
	require.Equal(t, 1, done.Written)
	require.Equal(t, map[string]string{"A": "another record has the number A"}, done.Refused)
	d.sound()
}
