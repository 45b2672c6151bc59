package app

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// paperOf is that of a meeting with one change that its reader may read and one that they may not.
func paperOf(t *testing.T) MeetingPaper {
	t.Helper()
	moment := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, "2026-12-0"+text+":00Z")
		require.NoError(t, err)
		return at
	}
	held, ended, due := moment("4T14:00"), moment("4T15:00"), moment("7T14:00")
	paper := MeetingPaper{Meeting: MeetingView{Meeting: meeting.Meeting{
		Record:  domain.Record{Number: "CAB-000001", Title: "Weekly *CAB*", State: meeting.Closed},
		Details: meeting.Details{Cadence: "weekly-cab", Board: meeting.Board{Role: "cab_member"}, StartsAt: held, EndsAt: ended, FixedAt: &held, HeldAt: &held, EndedAt: &ended},
	}}}
	ana := domain.Actor{Kind: domain.ActorPerson, Name: "ana"}
	var lines []PaperLine
	for _, event := range []domain.StoredEvent{
		{At: moment("3T10:00"), Type: "change.voted", Actor: ana, Data: json.RawMessage(`{"vote":"approve","for":"ana","stage":"cab"}`)},
		{At: moment("4T14:20"), Type: "change.voted", Actor: domain.Actor{Kind: domain.ActorPerson, Name: "hal"}, Data: json.RawMessage(`{"vote":"approve_with","for":"bo","stage":"cab"}`), Personal: json.RawMessage(`{"comment":"with\n# care"}`)},
		{At: moment("4T16:00"), Type: "change.approval_approved", Actor: domain.Actor{Kind: domain.ActorTimer}, Data: json.RawMessage(`{"stage":"cab","why":"66.7 % of 6 approve"}`)},
	} {
		lines = append(lines, paper.of(event))
	}
	paper.Items = []PaperItem{
		{
			Item: meeting.Item{Number: "CHG-000007", By: "mona"}, Title: "Move the <b>relay</b>", Type: "normal", State: "scheduled", RiskLevel: "high", RiskScore: 61,
			Stages: []PaperStage{{Name: "cab", State: approval.Open, Why: "waiting for sec", Outstanding: []string{"sec"}, DueAt: &due}}, Lines: lines,
		},
		{Item: meeting.Item{Number: "CHG-000008"}, Hidden: true},
	}
	paper.Notes = []PaperLine{{At: moment("4T14:30"), When: PaperIn, Kind: PaperNote, By: "cy", Text: "gil was late"}}
	return paper
}

func TestTheAgendaAsMarkdown(t *testing.T) {
	t.Parallel()
	require.Equal(t, `# Agenda: Weekly \*CAB\*, CAB-000001

- When: Fri 2026-12-04 14:00 +00:00 to 15:00
- Board: role:cab\_member
- Called by: Cadence/weekly-cab

The agenda was fixed Fri 2026-12-04 14:00 +00:00.

## 1. CHG-000007: Move the \<b>relay\</b>

- normal change, risk high (61), scheduled
- Put on the agenda by mona
- Stage cab: waiting for sec; not yet voted: sec; due Mon 2026-12-07 14:00 +00:00

## 2. CHG-000008

You may not read this change.
`, paperOf(t).Agenda(time.UTC))
}

func TestTheMinutesAsMarkdown(t *testing.T) {
	t.Parallel()
	require.Equal(t, `# Minutes: Weekly \*CAB\*, CAB-000001

- When: Fri 2026-12-04 14:00 +00:00 to 15:00
- Board: role:cab\_member
- Called by: Cadence/weekly-cab

Begun Fri 2026-12-04 14:00 +00:00, ended Fri 2026-12-04 15:00 +00:00.

## 1. CHG-000007: Move the \<b>relay\</b>

Stands at: scheduled.
- Stage cab, open: waiting for sec

Before the meeting:

- Thu 2026-12-03 10:00 +00:00 ana approves in cab

In the meeting:

- Fri 2026-12-04 14:20 +00:00 hal in the place of bo approves on conditions in cab: with \# care

After the meeting:

- Fri 2026-12-04 16:00 +00:00 cab: approved: 66.7 % of 6 approve

## 2. CHG-000008

You may not read this change.

## Notes

In the meeting:

- Fri 2026-12-04 14:30 +00:00 cy notes: gil was late
`, paperOf(t).Minutes(time.UTC))
}
