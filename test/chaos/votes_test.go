package chaos

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// decisions settles who decides: six voters, sec without whom nothing is approved, mona who manages changes, and dee who asks.
func (s *system) decisions(voters []string) {
	s.t.Helper()
	roles := map[string]string{"sec": "approver", "mona": "change_manager", "dee": "agent"}
	asked := []string{"person:sec"}
	for _, voter := range voters {
		roles[voter], asked = "approver", append(asked, "person:"+voter)
	}
	for person, role := range roles {
		s.api.Do(http.MethodPut, "/people/"+person, object{"name": person, "active": true}, nil).Is(200)
		s.api.Post("/grants", object{"person": person, "role": role, "scope_kind": "all"}).Is(200)
	}
	for path, spec := range map[string]object{
		"Team/deciders":      {"title": "Deciders", "members": []string{"dee"}},
		"ServicePolicy/shop": {"title": "Shop", "support": object{"team": "deciders"}},
		"ApprovalPolicy/board": {"when": `record.practice == "change"`, "stages": []object{{
			"name": "board", "electorate": asked, "rule": object{"threshold": "1", "required": []string{"sec"}},
		}}},
	} {
		s.api.Do(http.MethodPut, "/policies/"+path, object{"spec": spec, "reason": "test"}, nil).Is(200)
	}
	s.api.Model("restart", object{
		"type": "standard", "title": "Restart", "service": "shop", "team": "deciders", "environment": "production", "plan": "Restart it",
		"back_out_plan": "Start the old one", "configuration_items": []string{"shop-1"}, "auto_start": true,
	}, s.As(s.t, "mona"))
}

// Votes are given while workers die in turn, and all at once: each counts once, in its order, and the last of each stands. A change
// whose window opens while nobody is there starts once there is, with the instant at which it was due.
func TestVotesAndAWindowOutliveTheWorkers(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 2, 1)
	voters := []string{"ana", "bo", "cy", "fay", "gil", "hal"}
	s.decisions(voters)
	dee, mona := s.As(t, "dee"), s.As(t, "mona")
	from := time.Now().Add(14 * 24 * time.Hour)
	var asked incident
	dee.Insist("/changes", object{
		"title": "Voted on", "service": "shop", "environment": "production", "justification": "a", "plan": "b", "test_plan": "c", "back_out_plan": "d",
		"configuration_items": []string{"shop-2"}, "tasks": []object{{"title": "e"}}, "window_from": from, "window_to": from.Add(time.Hour),
	}).Is(201).Into(&asked)
	path := "/changes/" + asked.ID
	dee.Insist(path+"/submit", object{"expedited": true, "reason": "test"}).Is(200)
	mona.Insist(path+"/assess", object{"answers": object{"tested_back_out": "yes", "done_before": "yes", "outage": "no", "data": "no"}}).Is(200)
	hashes := mona.Insist(path+"/peer-review", object{}).Is(200).Map()["approval"].(object)["hashes"]

	const rounds = 6
	given := int64(rounds*len(voters) + 1)
	var group sync.WaitGroup
	for _, voter := range voters {
		api := s.As(t, voter)
		group.Go(func() {
			for round := range rounds {
				vote := []string{"abstain", "approve"}[round%2]
				api.Insist(path+"/cast-vote", object{"vote": vote, "comment": fmt.Sprint(round), "hashes": hashes}).Is(200)
			}
		})
	}
	for _, dies := range [][]*kit.Process{s.Workers[:1], s.Workers[1:], s.Workers, s.Workers[:1], s.Workers} {
		for _, worker := range dies {
			worker.Kill()
		}
		for _, worker := range dies {
			worker.Start()
		}
	}
	group.Wait()
	s.As(t, "sec").Insist(path+"/cast-vote", object{"vote": "approve", "hashes": hashes}).Is(200)
	kit.Eventually(t, bound, func() bool { return s.api.Get(path).Is(200).Map()["state"] == "scheduled" })
	s.becomes(given, `SELECT count(*) FROM timeline WHERE record_id = ? AND type = 'change.voted'`, asked.ID)
	s.becomes(int64(len(voters)+1), `SELECT count(*) FROM votes WHERE record_id = ? AND void = '' AND choice = 'approve'`, asked.ID)
	s.becomes(given, `SELECT count(*) FROM votes WHERE record_id = ?`, asked.ID)

	opens := until(10 * time.Second)
	var standard incident
	dee.Insist("/changes/from-model", object{"model": "restart", "window_from": opens, "window_to": opens.Add(time.Hour)}).Is(201).Into(&standard)
	require.Equal(t, "scheduled", standard.State)
	for _, worker := range s.Workers {
		worker.Kill()
	}
	passes(t, opens.Add(time.Second))
	require.Equal(t, "scheduled", s.api.Get("/changes/" + standard.ID).Is(200).Map()["state"])
	for _, worker := range s.Workers {
		worker.Start()
	}
	kit.Eventually(t, bound, func() bool { return s.api.Get("/changes/" + standard.ID).Is(200).Map()["state"] == "implementing" })
	s.becomes(1, `SELECT count(*) FROM timeline WHERE record_id = ? AND type = 'change.started'`, standard.ID)
	s.becomes(1, `SELECT count(*) FROM timeline WHERE record_id = ? AND type = 'change.started' AND due_at = ?`, standard.ID, opens)
	s.sound()
}
