package chaos

import (
	"encoding/json"
	"time"

	"github.com/stretchr/testify/require"
)

// check holds the rows against what the clients were told.
func (c *crowd) check(others ...*client) {
	s, t := c.s, c.s.t
	t.Helper()
	logged, commands, refused, fell := 1, 0, 0, 0 // the shared incident is one
	for _, one := range append(c.clients, others...) {
		logged += len(one.stories)
		for _, story := range one.stories {
			for _, deed := range story.deeds {
				commands++
				if !deed.applied {
					refused++
				}
			}
			fell += s.checkStory(story)
		}
	}
	s.checkShared(c.shared)
	commands += len(c.shared.deeds)
	s.becomes(int64(logged), `SELECT count(*) FROM records WHERE practice = 'incident'`)
	s.becomes(int64(logged), `SELECT count(DISTINCT title) FROM records WHERE practice = 'incident'`)
	s.becomes(0, `SELECT count(*) FROM (SELECT FROM timeline WHERE due_at IS NOT NULL GROUP BY record_id, type, due_at HAVING count(*) > 1) AS doubled`)
	s.becomes(int64(fell), `SELECT count(*) FROM outbox WHERE kind = 'incident.resumed'`)
	var late []int64
	require.NoError(t, s.rows.NewRaw(`SELECT lateness_ms FROM timeline WHERE due_at IS NOT NULL ORDER BY 1`).Scan(t.Context(), &late))
	require.Len(t, late, fell)
	t.Logf("%d incidents, %d commands with a final answer (%d of them refused); before it %d times none, %d times 503, %d times 202",
		logged, commands, refused, c.tally.none.Load(), c.tally.unavailable.Load(), c.tally.queued.Load())
	t.Logf("%d deadlines handled, half within %d ms, the last after %d ms", fell, late[fell/2], late[fell-1])
}

// events are the types of what people's commands leave.
var events = map[string]string{
	"log": "incident.logged", "start": "incident.started", "edit": "incident.edited", "hold": "incident.held", "resume": "incident.resumed",
	"resolve": "incident.resolved", "reopen": "incident.reopened", "cancel": "incident.canceled",
}

// checkStory expects the timeline to hold exactly what its client was told, in that order, and between it the timer's events:
// one for every hold that nothing else ended. It answers how many.
func (s *system) checkStory(of *story) int {
	t := s.t
	t.Helper()
	told := make([]string, 0, len(of.deeds))
	for _, deed := range of.deeds {
		if !deed.applied {
			require.Contains(t, []string{"hold", "resume"}, deed.verb, "%s: only time can come between: %+v", of.Title, of.deeds)
			continue
		}
		told = append(told, events[deed.verb]+" "+deed.mark)
		s.checkCommand(of, deed)
	}
	var happened []string
	var asleep *time.Time // until
	fell := 0
	for _, event := range s.timeline(of.incident) {
		data := read(t, event)
		switch {
		case event.ActorKind == "timer":
			require.Equal(t, "incident.resumed", event.Type)
			require.NotNil(t, asleep, "%s: resumed without being on hold", of.Title)
			require.True(t, asleep.Equal(*event.DueAt), "%s: due at %s, held until %s", of.Title, event.DueAt, asleep)
			require.False(t, event.RecordedAt.Before(*asleep), "never early")
			asleep = nil
			fell++
			continue
		case event.Type == "incident.held":
			asleep = data.Until
		case event.Type != "incident.edited":
			asleep = nil
		}
		mark := data.Category.To
		if event.Type == "incident.logged" {
			mark = of.Title
		}
		happened = append(happened, event.Type+" "+mark)
	}
	require.Nil(t, asleep, "%s: its hold is over, and it was not resumed", of.Title)
	require.Equal(t, told, happened, of.Title)
	return fell
}

// checkCommand expects the stored outcome of a command to be what its client was told.
func (s *system) checkCommand(of *story, d deed) {
	s.t.Helper()
	var version int64
	err := s.rows.NewRaw(`SELECT (outcome->>'version')::bigint FROM commands WHERE id = ? AND record_id = ?`, d.command, of.ID).
		Scan(s.t.Context(), &version)
	require.NoError(s.t, err, "%s of %s", d.verb, of.Title)
	require.Equal(s.t, d.version, version, "%s of %s", d.verb, of.Title)
}

// checkShared expects every client's edit once, each beginning where the one before ended.
func (s *system) checkShared(of *story) {
	t := s.t
	t.Helper()
	told := make([]string, 0, len(of.deeds))
	for _, deed := range of.deeds {
		told = append(told, deed.mark)
		s.checkCommand(of, deed)
	}
	var happened []string
	before := ""
	for _, event := range s.timeline(of.incident)[1:] {
		change := read(t, event).Category
		require.Equal(t, before, change.From)
		before = change.To
		happened = append(happened, change.To)
	}
	require.ElementsMatch(t, told, happened)
}

// told is what an event says that the tests look at.
type told struct {
	Until    *time.Time `json:"until"`
	Category struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"category"`
}

func read(t require.TestingT, event event) told {
	var data told
	if event.Data != nil {
		require.NoError(t, json.Unmarshal(event.Data, &data))
	}
	return data
}
