package incident_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

func TestMergeIntoAndUnmerge(t *testing.T) {
	t.Parallel()
	for _, state := range []domain.State{incident.New, incident.Triaged, incident.InProgress, incident.OnHold} {
		d := in(t, state, false)
		held := d.record.Hold
		d.do(lead, "merge_into", body{"incident": "INC-2", "reason": "the same mail server"})
		require.Equal(t, state, d.record.State)
		require.Equal(t, parentID, d.record.MergedInto)
		require.True(t, d.record.Merged())
		require.Equal(t, held, d.record.Hold)
		require.Equal(t, []domain.Link{{Type: "duplicates", To: parentID}}, d.links)
		require.Equal(t, body{"incident": parentID, "number": "INC-2"}, d.last().Data)
		require.Equal(t, "the same mail server", d.last().Reason)
		require.Equal(t, domain.Message{
			Practice: domain.Incident, Record: parentID, Command: "incident.duplicate_joined",
			Body: body{"incident": recordID, "number": "INC-1"}, OnClosed: domain.TargetNote,
		}, d.messages[0])
		require.Empty(t, d.waits())

		d.do(lead, "unmerge", nil)
		require.Equal(t, state, d.record.State, "from where it stood")
		require.Empty(t, d.record.MergedInto)
		require.Equal(t, d.links, d.unlinks)
		require.Equal(t, "incident.duplicate_left", d.messages[1].Command)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target *incident.TargetFact
		code   domain.Code
	}{
		"nothing":         {nil, domain.CodeInvalid},
		"another thing":   {&incident.TargetFact{ID: parentID, Practice: "change", State: "draft"}, domain.CodeInvalid},
		"itself":          {&incident.TargetFact{ID: recordID, Practice: domain.Incident, State: incident.New}, domain.CodeInvalid},
		"its own":         {&incident.TargetFact{ID: parentID, Practice: domain.Incident, State: incident.New, Follows: []string{recordID}}, domain.CodeInvalid},
		"its own's own":   {&incident.TargetFact{ID: parentID, Practice: domain.Incident, State: incident.New, Follows: []string{childID, recordID}}, domain.CodeInvalid},
		"a closed one":    {&incident.TargetFact{ID: parentID, Practice: domain.Incident, State: incident.Closed}, domain.CodeConflict},
		"a canceled one":  {&incident.TargetFact{ID: parentID, Practice: domain.Incident, State: incident.Canceled}, domain.CodeConflict},
		"a chain is fine": {&incident.TargetFact{ID: parentID, Practice: domain.Incident, State: incident.Resolved, Follows: []string{childID}}, ""},
	} {
		d := in(t, incident.InProgress, false)
		d.facts.Target = c.target
		if c.code == "" {
			d.do(lead, "merge_into", bodyOf("merge_into"))
			continue
		}
		refused := d.refuse(c.code, lead, "merge_into", bodyOf("merge_into"))
		require.Equal(t, c.code == domain.CodeConflict, len(refused.Allowed) > 0, name)
	}
}

func TestADuplicateClosesWithItsParent(t *testing.T) {
	t.Parallel()
	d := in(t, incident.OnHold, true)
	d.notices = nil
	d.refuse(domain.CodeConflict, other, "parent_closed", body{"incident": childID, "number": "INC-3"})
	d.do(other, "parent_closed", bodyOf("parent_closed"))
	require.Equal(t, incident.Closed, d.record.State)
	require.Equal(t, incident.CodeDuplicate, d.record.Resolution.Code)
	require.Equal(t, "Closed with INC-2.", d.record.Resolution.Notes)
	require.Equal(t, d.now, *d.record.ResolvedAt)
	require.Equal(t, parentID, d.record.MergedInto, "it stays a duplicate")
	require.Equal(t, []string{"incident.closed → person:rita"}, d.told())
	d.do(rita, "rate", body{"score": 3})
}

func TestADuplicateIsReopenedOnItsOwn(t *testing.T) {
	t.Parallel()
	d := in(t, incident.Closed, true)
	d.messages = nil
	d.do(ana, "reopen", body{"reason": "this one is another matter"})
	require.Equal(t, incident.InProgress, d.record.State)
	require.Empty(t, d.record.MergedInto)
	require.Equal(t, []domain.Link{{Type: "duplicates", To: parentID}}, d.unlinks)
	require.Equal(t, "incident.duplicate_left", d.messages[0].Command)
	d.do(ana, "resolve", bodyOf("resolve"))
}

func TestACanceledParentLetsItsDuplicatesGo(t *testing.T) {
	t.Parallel()
	d := in(t, incident.InProgress, true)
	d.notices, d.messages = nil, nil
	d.refuse(domain.CodeConflict, other, "parent_canceled", body{"incident": childID})
	d.do(other, "parent_canceled", bodyOf("parent_canceled"))
	require.Empty(t, d.record.MergedInto)
	require.Equal(t, incident.InProgress, d.record.State)
	require.Equal(t, "incident.unmerged", d.last().Type)
	require.Len(t, d.told(), 1)
	require.Len(t, d.unlinks, 1)
	require.Empty(t, d.messages)
}

func TestWaitingForTheRequesterBeginsAnewAfterAMerge(t *testing.T) {
	t.Parallel()
	for _, left := range []string{"unmerge", "parent_canceled"} {
		d := logged(t, "2026-12-07 10:00")
		d.do(ana, "hold", body{"reason": "awaiting_requester"})
		d.at("2026-12-08 10:00").catchUp()
		require.Equal(t, 1, d.record.Hold.Reminders)
		d.do(lead, "merge_into", bodyOf("merge_into"))
		d.at("2027-01-04 11:00")
		d.events = nil
		d.do(domain.Actor{Kind: domain.ActorMachine, Name: "x"}, left, bodyOf(left))
		d.catchUp()
		require.Equal(t, []string{"incident.unmerged"}, d.types(), "nobody had been reminded meanwhile")
		require.Equal(t, []string{"reminder_1 Tue 2027-01-05 11:00:00", "reminder_2 Wed 2027-01-06 11:00:00", "no_response Thu 2027-01-07 11:00:00"}, d.waits())
	}
	d := logged(t, "2026-12-07 10:00")
	d.do(ana, "start", nil)
	d.do(ana, "hold", body{"reason": "scheduled", "until": berlin("2026-12-08 10:00")})
	d.do(lead, "merge_into", bodyOf("merge_into"))
	d.at("2026-12-09 10:00").do(lead, "unmerge", nil)
	d.catchUp()
	require.Equal(t, incident.InProgress, d.record.State, "a hold that is over ends")
	require.Equal(t, berlin("2026-12-08 10:00"), *d.last().DueAt)
}

func TestAReplyToADuplicateIsHeard(t *testing.T) {
	t.Parallel()
	d := in(t, incident.InProgress, true)
	d.notices = nil
	d.do(other, "reply", body{"note": 4, "text": "any news?"})
	require.Equal(t, []string{"incident.replied → person:ana"}, d.told())
	require.Equal(t, incident.InProgress, d.record.State)
	d = in(t, incident.OnHold, true)
	d.do(other, "reply", body{"note": 4, "text": "the other mailbox"})
	require.Equal(t, incident.New, d.record.State, "its requester has answered, merged or not")
	require.True(t, d.record.Merged())
}

func TestTheParentNotesItsDuplicates(t *testing.T) {
	t.Parallel()
	for _, state := range incident.Lifecycle.States {
		for _, verb := range []string{"duplicate_joined", "duplicate_left"} {
			d := in(t, state.Name, false)
			d.do(other, verb, body{"incident": childID, "number": "INC-3"})
			require.Equal(t, state.Name, d.record.State)
			require.Equal(t, body{"incident": childID, "number": "INC-3"}, d.last().Data)
		}
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for kind := range domain.LinkTypes {
		d := in(t, incident.Closed, false)
		d.do(ana, "link", body{"type": kind, "to": "INC-2"})
		require.Equal(t, []domain.Link{{Type: kind, To: parentID}}, d.links)
		require.Equal(t, body{"type": kind, "to": parentID, "number": "INC-2"}, d.last().Data)
		d.do(ana, "unlink", body{"type": kind, "to": "INC-2"})
		require.Equal(t, d.links, d.unlinks)
	}
	d := in(t, incident.InProgress, false)
	d.refuse(domain.CodeInvalid, ana, "link", body{"type": "likes", "to": "INC-2"})
	d.facts.Target = nil
	d.refuse(domain.CodeInvalid, ana, "link", body{"type": "follows", "to": "INC-9"})
	d.facts.Target = &incident.TargetFact{ID: recordID}
	d.refuse(domain.CodeInvalid, ana, "link", body{"type": "follows", "to": "INC-1"})

	d = in(t, incident.InProgress, true)
	require.Contains(t, d.refuse(domain.CodeConflict, lead, "unlink", body{"type": "duplicates", "to": "INC-2"}).Allowed, "unmerge")
	d.do(lead, "unlink", body{"type": "follows", "to": "INC-2"})
}
