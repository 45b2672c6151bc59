package domain

import (
	"sort"
	"time"
)

// Deadline is a moment that the record's one durable timer keeps. When it comes, its command is decided by the same rules
// as any other command.
type Deadline struct {
	Name    string    `json:"name"`    // "auto_close"
	DueAt   time.Time `json:"due_at"`  // UTC, cut to milliseconds
	Command string    `json:"command"` // "incident.auto_close"
	// Then says in plain words what happens when it comes, for the Waiting page.
	Then string `json:"then"`
}

// SortDeadlines orders deadlines by due time, then by name, so that those of one instant always fire in the same order.
func SortDeadlines(deadlines []Deadline) {
	sort.Slice(deadlines, func(i, j int) bool {
		if !deadlines[i].DueAt.Equal(deadlines[j].DueAt) {
			return deadlines[i].DueAt.Before(deadlines[j].DueAt)
		}
		return deadlines[i].Name < deadlines[j].Name
	})
}

// Tick is the verb of the command that a record's own timer gives: handle whatever is due.
const Tick = "tick"

// Clock tells the time to the activities that decide; tests set it. The rules themselves only ever see a moment.
type Clock interface {
	// Now is the present instant.
	Now() time.Time
}
