package schemas_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

func TestAnIncidentIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	worker := base.Worker(t)
	later := now.Add(90 * time.Minute)
	full := addIncident(t, worker, "full", func(record *incident.Incident) {
		record.State, record.Description, record.Service, record.Category = incident.OnHold, "It's \\ 'odd' ? $1 {} ü", "mail", "outage"
		record.Tags, record.ConfigurationItems = []string{`a"b`, "c,d", "it's", ""}, []string{"mx1"}
		record.CustomFields, record.Source = []byte(`{"floor":3,"x":"it's ?"}`), []byte(`{"n":1}`)
		record.Policies, record.Restricted = map[string]int{"Calendar/desk": 3}, true
		record.WakeAt, record.NextDue, record.ResolvedAt, record.ClosedAt = &later, "hold_over", &later, &later
		record.PriorityOverridden, record.StartedAt, record.TriagedAt, record.TriageEscalatedAt = true, &now, &now, &later
		record.Hold = incident.Hold{
			Reason: "awaiting_parts", Base: "awaiting_vendor", Since: &now, Until: &later, Vendor: "Acme", Reference: "1", PromisedAt: &later,
			From: incident.New, Reminders: 2, PromiseMissed: true,
		}
		record.Resolution = incident.Resolution{Code: "fixed", Notes: "so", By: "ana", RecordedAt: &later}
		record.FirstContact, record.ReassignmentCount, record.PreviousTeam, record.PingPong, record.ReopenCount = true, 3, "network", true, 1
		record.Satisfaction = incident.Satisfaction{Score: 4, Comment: "well", At: &later}
	})
	bare := addIncident(t, worker, "bare")
	merged := addIncident(t, worker, "merged", func(record *incident.Incident) { record.MergedInto = bare.ID })
	reader := schemas.Reader{Handle: "ana", All: true, Restricted: true}
	for _, wanted := range []incident.Incident{full, bare, merged} {
		found, exists, err := schemas.ReadIncident(t.Context(), base.App(t), reader, wanted.Number)
		require.NoError(t, err)
		require.True(t, exists)
		require.Equal(t, wanted, found)
		locked, held, err := schemas.LockIncident(t.Context(), worker, wanted.ID)
		require.NoError(t, err)
		require.Equal(t, schemas.Held{Exists: true}, held)
		require.Equal(t, wanted, locked)
		head, exists, err := schemas.ReadHead(t.Context(), worker, wanted.ID)
		require.NoError(t, err)
		require.True(t, exists)
		require.Equal(t, wanted.Record, head)
	}
}

func TestPagesOfAListMissAndRepeatNothing(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	worker, app := base.Worker(t), base.App(t)
	const many = 23
	for i := range many { // with many equal values in each order
		addIncident(t, worker, strconv.Itoa(i), func(record *incident.Incident) {
			record.OpenedAt, record.UpdatedAt = now.Add(time.Duration(i%4)*time.Hour), now.Add(time.Duration(i%3)*time.Millisecond)
			record.Priority = i%3 + 1
			if i%2 == 0 {
				due := now.Add(time.Duration(i%5) * time.Hour)
				record.WakeAt, record.NextDue = &due, "triage"
			}
		})
	}
	reader := schemas.Reader{Handle: "ana", All: true}
	for _, sort := range []string{"opened_at", "-opened_at", "updated_at", "-updated_at", "priority", "-priority", "wake_at", "-wake_at"} {
		require.True(t, schemas.KnownSort(sort))
		whole, rest, err := schemas.ListIncidents(t.Context(), app, reader, schemas.IncidentFilter{Sort: sort, Limit: many})
		require.NoError(t, err)
		require.Nil(t, rest)
		require.Len(t, whole, many)
		paged, after := []incident.Incident{}, (*schemas.Position)(nil)
		for {
			page, next, err := schemas.ListIncidents(t.Context(), app, reader, schemas.IncidentFilter{Sort: sort, After: after, Limit: 5})
			require.NoError(t, err, sort)
			paged = append(paged, page...)
			if next == nil {
				break
			}
			after = next
		}
		require.Equal(t, whole, paged, sort)
		ordered := slices.IsSortedFunc(whole, func(a, b incident.Incident) int {
			by := map[string]int{
				"opened_at": a.OpenedAt.Compare(b.OpenedAt), "updated_at": a.UpdatedAt.Compare(b.UpdatedAt), "priority": a.Priority - b.Priority,
				"wake_at": dueOf(a).Compare(dueOf(b)),
			}
			if sort[0] == '-' {
				return -by[sort[1:]]
			}
			return by[sort]
		})
		require.True(t, ordered, sort)
	}
	for _, odd := range []schemas.Position{
		{}, {Value: "x", ID: whateverID}, {Value: "2025-01-01 00:00:00+00", ID: "x"}, {Value: "1|2", ID: whateverID}, {Value: "'; --", ID: whateverID},
	} {
		_, _, err := schemas.ListIncidents(t.Context(), app, reader, schemas.IncidentFilter{Sort: "opened_at", After: &odd, Limit: 5})
		require.Equal(t, domain.CodeMalformed, domain.CodeOf(err), odd)
	}
}

const whateverID = "00000000-0000-0000-0000-000000000000"

// dueOf is when an incident is due next; those that wait for nothing come last.
func dueOf(record incident.Incident) time.Time {
	if record.WakeAt == nil {
		return now.AddDate(100, 0, 0)
	}
	return *record.WakeAt
}

func TestAReaderFindsWhatIsTheirs(t *testing.T) {
	t.Parallel()
	base := store.Database(t)
	worker, app := base.Worker(t), base.App(t)
	base.Settle(t)
	mine := addIncident(t, worker, "mine", func(record *incident.Incident) {
		record.Requester, record.Title, record.Tags = "rita", "Printer's jam: C:\\temp\\x 'quoted'", []string{"vip"}
	})
	addIncident(t, worker, "of network", func(record *incident.Incident) { record.Team, record.Requester = "network", "bo" })
	secret := addIncident(t, worker, "secret", func(record *incident.Incident) {
		record.Restricted, record.Requester, record.OpenedBy, record.Service = true, "bo", "bo", "mail"
	})
	for name, expect := range map[string]struct {
		reader schemas.Reader
		count  int
	}{
		"everything but what is restricted": {schemas.Reader{Handle: "ana", All: true}, 2},
		"everything":                        {schemas.Reader{Handle: "ana", All: true, Restricted: true}, 3},
		"what one asked for":                {schemas.Reader{Handle: "rita"}, 1},
		"what one opened, restricted":       {schemas.Reader{Handle: "bo"}, 2},
		"a team's":                          {schemas.Reader{Handle: "cy", Teams: []string{"network"}}, 1},
		"a service's, restricted":           {schemas.Reader{Handle: "cy", Services: []string{"mail"}, Restricted: true}, 1},
		"a service's":                       {schemas.Reader{Handle: "cy", Services: []string{"mail"}}, 0},
		"nothing":                           {schemas.Reader{Handle: "cy"}, 0},
	} {
		list, _, err := schemas.ListIncidents(t.Context(), app, expect.reader, schemas.IncidentFilter{Sort: "opened_at", Limit: 10})
		require.NoError(t, err)
		require.Len(t, list, expect.count, name)
	}
	added, err := schemas.AddWatcher(t.Context(), app, secret.ID, "cy", now)
	require.NoError(t, err)
	require.True(t, added)
	_, found, err := schemas.ReadIncident(t.Context(), app, schemas.Reader{Handle: "cy", All: true}, secret.ID)
	require.NoError(t, err)
	require.True(t, found, "a watcher is named in it")

	reader := schemas.Reader{Handle: "ana", All: true}
	for text, count := range map[string]int{
		"printer": 1, mine.Number: 1, "mail": 1, "nonsense": 0, "": 0, `"printer's jam" -mail`: 1, `'"\ & | ! ( :*`: 0, secret.Number: 0,
	} {
		rows, err := schemas.Search(t.Context(), app, reader, text, 10)
		require.NoError(t, err, text)
		require.Len(t, rows, count, text)
	}
	for _, text := range []string{"printer jam", "Printer's C:\\temp 'quoted' a&b | !c (", "https://example.org/it's?a=\\b"} {
		similar, err := schemas.SimilarIncidents(t.Context(), app, reader, "", text, "mail", "", 10)
		require.NoError(t, err, text)
		require.LessOrEqual(t, len(similar), 1)
	}
	similar, err := schemas.SimilarIncidents(t.Context(), app, reader, mine.ID, "printer", "", "", 10)
	require.NoError(t, err)
	require.Empty(t, similar)

	tagged, _, err := schemas.ListIncidents(t.Context(), app, reader, schemas.IncidentFilter{
		Sort: "-opened_at", Limit: 10, Tag: "vip", States: []string{"new"}, Priorities: []int{3}, Active: true, Open: true, Team: "messaging",
		Requester: "rita", Unassigned: true, Words: "jam", OpenedFrom: &now,
	})
	require.NoError(t, err)
	require.Len(t, tagged, 1)
	work, count, err := schemas.TeamWork(t.Context(), app, reader, "ana", 10)
	require.NoError(t, err)
	require.Len(t, work, 1)
	require.Equal(t, 1, count)
}
