package change_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// Whoever asked for a change does not lift what stands in its way, another change manager does.
func TestAPartyOverridesNothingOfTheirOwn(t *testing.T) {
	t.Parallel()
	d := authorised(t, nil)
	d.facts.Surroundings.Incidents = []change.OpenIncident{{ID: incidentID, Number: "INC-000002", Service: "shop", Priority: 1}}
	d.do(other, "conflicts_changed", nil)
	one := body{"conflict": "incident:INC-000002", "reason": "both know"}
	for _, party := range []string{"dee", "eli"} {
		who := person(party, domain.RoleAgent, domain.RoleChangeManager)
		d.refuse(domain.CodeForbidden, who, "override_conflict", one)
		require.NotContains(t, change.Allowed(d.record, who), "override_conflict")
	}
	d.do(mona, "override_conflict", one)
}

// A vote is changed so often, and so many questions asked, and no more; an edit of the content counts as nobody's change of mind.
func TestVotesAndQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	for i := range approval.MaxVoteChanges + 1 {
		d.vote(member("ana"), []string{"approve", "abstain"}[i%2], nil)
	}
	require.Contains(t, d.refuse(domain.CodeConflict, member("ana"), "cast_vote", d.ballot("approve", nil)).Message, "changed 20 times")
	d.vote(member("bo"), "approve", nil)
	for range approval.MaxQuestions {
		d.do(member("bo"), "request_info", body{"stage": "cab", "text": "why?"})
	}
	require.Contains(t, d.refuse(domain.CodeConflict, member("bo"), "request_info", body{"stage": "cab", "text": "why?"}).Message, "50 questions")
	d.vote(member("ana"), "recuse", nil)
}

// A meeting years ahead keeps no vote open.
func TestAMeetingFarAheadMovesNoDeadline(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	due := *d.stage("cab").Timing.DueAt
	agenda := func(ends string) body {
		return body{"meeting": "CAB-000002", "board": "role:cab_member", "starts_at": berlin(ends).Add(-time.Hour), "ends_at": berlin(ends)}
	}
	d.do(other, "on_agenda", agenda("2028-11-30 12:00"))
	require.Equal(t, due, *d.stage("cab").Timing.DueAt)
	d.do(other, "on_agenda", agenda("2026-12-10 12:00"))
	require.Equal(t, berlin("2026-12-10 12:00"), d.stage("cab").Timing.DueAt.In(berlin("2026-12-10 12:00").Location()))
}
