package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

func TestThePageIsUpToDate(t *testing.T) {
	t.Parallel()
	made, err := incidentPage()
	require.NoError(t, err)
	kept, err := os.ReadFile(filepath.Join("..", "incident.md"))
	require.NoError(t, err)
	require.Equal(t, string(made), string(kept), "make generate brings it up to date")
}

func TestEveryFieldOfEveryBodyHasAMeaning(t *testing.T) {
	t.Parallel()
	for _, transition := range incident.Lifecycle.Transitions {
		if transition.Machine() {
			continue
		}
		for _, field := range fields(transition) {
			require.True(t, field.Meaning != "" || field.Name == "type", "%s of %s: give it a doc tag", field.Name, transition.Verb)
		}
	}
}

func TestADeadlineThatNobodyExplainsIsAnError(t *testing.T) {
	t.Parallel()
	timing := incident.DefaultTiming()
	_, err := deadlines(timing)
	require.NoError(t, err)

	words := whens(timing)
	timing.Reminders = append(timing.Reminders, calendar.Duration{WorkingDays: 3})
	require.NotContains(t, words, "reminder_3")
	list, err := deadlines(timing)
	require.NoError(t, err)
	require.Len(t, list, 10, "a third reminder stands in the table by itself")
}

func TestEveryDeadlineHasARow(t *testing.T) {
	t.Parallel()
	list, err := deadlines(incident.DefaultTiming())
	require.NoError(t, err)
	commands := map[string]bool{}
	for _, one := range list {
		commands[one.Command] = true
	}
	// Of the platform's commands, these are given by other records, by notes, by rules of automation and by monitoring.
	others := map[string]bool{"automate": true, "noted": true, "alert_stopped": true, "alert_again": true, "reply": true, "informed": true, "acknowledged": true, "duplicate_joined": true, "duplicate_left": true, "parent_closed": true, "parent_canceled": true}
	for _, transition := range incident.Lifecycle.Transitions {
		if transition.Machine() && !others[transition.Verb] {
			require.True(t, commands["incident."+transition.Verb], "no sample has the deadline that gives %s", transition.Verb)
		}
	}
}

func TestWaitsAreWorded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"15m": "15 minutes", "1h30m": "1 hour 30 minutes", "1wd": "1 working day", "2wd": "2 working days"} {
		duration, err := calendar.ParseDuration(text)
		require.NoError(t, err)
		require.Equal(t, want, wait(duration))
	}
}
