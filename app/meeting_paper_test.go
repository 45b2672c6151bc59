package app

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

func TestMinutesTellEveryDecision(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 4, 14, 0, 0, 0, time.UTC)
	mona := domain.Actor{Kind: domain.ActorPerson, Name: "mona"}
	paper := MeetingPaper{}
	for _, one := range []struct {
		kind, data, personal, reason, words string
	}{
		{"change.voted", `{"vote":"approve_with","for":"mona","stage":"cab"}`, `{"comment":"fine","conditions":["Backup","Bank"]}`, "", "mona approves on conditions in cab: fine; on condition of Backup, Bank"},
		{"change.approval_voided", `{"stage":"cab","fields":["back_out_plan"],"needed_again":["ana","bo"]}`, "", "", "cab: votes void by mona; people: ana, bo; edited: back_out_plan"},
		{"change.vote_deferred", `{"stage":"cab","due_at":"2026-12-11T15:00:00Z"}`, "", "supplier away", "cab: deadline moved by mona: supplier away"},
		{"change.info_requested", `{"stage":"cab"}`, `{"question":"Who tells sales?"}`, "", "cab: asked by mona: Who tells sales?"},
		{"change.info_answered", `{"stage":"cab"}`, `{"question":"Who tells sales?","answer":"We do"}`, "", "cab: answered by mona: We do"},
		{"change.others_asked", `{"stage":"cab","people":["cy"]}`, "", "gil left", "cab: others are asked by mona: gil left; people: cy"},
		{"change.approval_replaced", `{"fields":["plan"]}`, "", "its risk is high", "another policy decides by mona: its risk is high; edited: plan"},
		{"change.voting_closed", `{"stage":"cab"}`, "", "enough", "cab: voting closed by mona: enough"},
	} {
		if one.kind != "change.voted" {
			require.Contains(t, decisions, one.kind)
		}
		line := paper.of(domain.StoredEvent{At: at, Type: one.kind, Actor: mona, Reason: one.reason, Data: json.RawMessage(one.data), Personal: json.RawMessage(one.personal)})
		require.Equal(t, one.words, line.Words())
		require.Equal(t, one.kind == "change.vote_deferred", line.DueAt != nil)
	}
}

func TestAnAgendaSaysWhatSpeaksAgainstAChangeAndWhoPutItOff(t *testing.T) {
	t.Parallel()
	paper := paperOf(t)
	paper.Items[0].Conflicts, paper.Items[0].ConflictLevels = 5, map[change.Level]int{change.Blocking: 1, change.Warning: 4}
	paper.Items[0].Item = meeting.Item{Number: "CHG-000007", By: "CHG-000007"}
	paper.Items[0].PutOffBy, paper.Items[0].PutOffWhy = "kira", "supplier away"
	agenda := paper.Agenda(time.UTC)
	require.Contains(t, agenda, "- Conflicts: 1 blocking, 4 warning\n")
	require.Contains(t, agenda, "- Put off to it by kira: supplier away\n")
	require.NotContains(t, agenda, "by CHG-")
}
