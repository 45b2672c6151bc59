package chaos

import (
	"net/http"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// council decides change after change while everything dies: dee asks, mona assesses, four vote at once. Three approvals of the four
// are needed, and some abstain first, so that a vote can come too late, and a change can be rejected.
type council struct {
	crowd     *crowd
	dee, mona *client
	voters    []*client
	votes     []*ballot
	changes   []string
	done      chan struct{}
}

// ends waits for the verdict on the last change, after the crowd was stopped.
func (c *council) ends() { <-c.done }

// ballot is one vote with its final answer.
type ballot struct {
	deed
	change, voter string
}

// newCouncil begins to decide, until the crowd is stopped.
func (c *crowd) newCouncil() *council {
	s := c.s
	s.t.Helper()
	made := &council{crowd: c, done: make(chan struct{})}
	var asked []string
	member := func(handle, role string) *client {
		s.api.Do(http.MethodPut, "/people/"+handle, object{"name": handle, "active": true}, nil).Is(200)
		s.api.Post("/grants", object{"person": handle, "role": role, "scope_kind": "all"}).Is(200)
		one, api := c.newClient(handle, uint64(100+len(asked))), s.As(s.t, handle)
		for i := range one.servers {
			one.servers[i] = api.Server(i)
		}
		return one
	}
	for _, handle := range []string{"ana", "bo", "cy", "fay"} {
		made.voters, asked = append(made.voters, member(handle, "approver")), append(asked, "person:"+handle)
	}
	made.dee, made.mona = member("dee", "agent"), member("mona", "change_manager")
	for path, spec := range map[string]object{
		"Team/deciders":          {"title": "Deciders", "members": []string{"dee"}},
		"ServicePolicy/shop":     {"title": "Shop", "support": object{"team": "deciders"}},
		"ApprovalPolicy/council": {"when": `record.practice == "change"`, "stages": []object{{"name": "council", "electorate": asked, "rule": object{"threshold": "3"}}}},
	} {
		s.api.Do(http.MethodPut, "/policies/"+path, object{"spec": spec, "reason": "test"}, nil).Is(200)
	}
	go func() {
		defer close(made.done)
		for {
			select {
			case <-c.stop:
				return
			case <-time.After(pace):
				made.decide()
			}
		}
	}()
	return made
}

// decide takes one change from its draft to its verdict.
func (c *council) decide() {
	t := c.crowd.s.t
	from := time.Now().Add(14 * 24 * time.Hour)
	name := c.dee.key()
	given := func(by *client, verb string, body object) deed {
		path, key := "/changes", by.key()
		if verb != "draft" {
			path += "/" + c.changes[len(c.changes)-1] + "/" + verb
		}
		d := by.final(deed{verb: verb, mark: name}, path, key, body)
		assert.True(t, d.applied, "nothing can refuse %s of %s", verb, name)
		return d
	}
	c.changes = append(c.changes, given(c.dee, "draft", object{
		"title": name, "service": "shop", "environment": "production", "justification": "a", "plan": "b", "test_plan": "c", "back_out_plan": "d",
		"configuration_items": []string{name}, "tasks": []object{{"title": "e"}}, "window_from": from, "window_to": from.Add(time.Hour),
	}).record)
	given(c.dee, "submit", object{"expedited": true, "reason": "test"})
	given(c.mona, "assess", object{"answers": object{"tested_back_out": "yes", "done_before": "yes", "outage": "no", "data": "no"}})
	given(c.mona, "peer-review", object{})
	id := c.changes[len(c.changes)-1]
	var hashes any
	kit.Eventually(t, bound, func() bool {
		answer, err := c.mona.servers[0].Try(http.MethodGet, "/changes/"+id, nil, nil)
		if err != nil || answer.Status != http.StatusOK {
			return false
		}
		hashes = answer.Map()["approval"].(object)["hashes"]
		return true
	}, "the change is read")
	var group sync.WaitGroup
	var mu sync.Mutex
	for i, voter := range c.voters {
		choices := []string{"approve"}
		if (len(c.changes)+i)%3 == 0 {
			choices = []string{"abstain", "approve"}
		}
		group.Go(func() {
			for _, choice := range choices {
				vote := &ballot{change: id, voter: voter.name}
				mark := voter.key()
				vote.deed = voter.final(deed{verb: "cast-vote", mark: mark}, "/changes/"+id+"/cast-vote", mark, object{"vote": choice, "comment": mark, "hashes": hashes})
				mu.Lock()
				c.votes = append(c.votes, vote)
				mu.Unlock()
			}
		})
	}
	group.Wait()
}

// check holds the rows against what the voters were told: every vote that was taken is there once and in force unless the same voter
// voted again, none is there that was refused, and each change was decided once, with one effect.
func (c *council) check() {
	s, t := c.crowd.s, c.crowd.s.t
	t.Helper()
	taken, inForce := 0, map[string]int{}
	for _, vote := range c.votes {
		seat, there := vote.change+" "+vote.voter, int64(0)
		if vote.applied {
			taken, there = taken+1, 1
			inForce[seat] = 1
		}
		s.becomes(there, `SELECT count(*) FROM timeline WHERE record_id = ? AND type = 'change.voted' AND personal ->> 'comment' = ?`, vote.change, vote.mark)
	}
	s.becomes(int64(taken), `SELECT count(*) FROM timeline WHERE type = 'change.voted'`)
	s.becomes(int64(taken), `SELECT count(*) FROM votes`)
	s.becomes(int64(len(inForce)), `SELECT count(*) FROM votes WHERE void = ''`)
	s.becomes(0, `SELECT count(*) FROM (SELECT FROM votes WHERE void = '' GROUP BY record_id, stage, seat HAVING count(*) > 1) AS doubled`)
	s.becomes(0, `SELECT count(*) FROM votes WHERE voter <> seat`)
	ended := int64(len(c.changes))
	require.Positive(t, ended)
	s.becomes(ended, `SELECT count(*) FROM records WHERE practice = 'change' AND state IN ('scheduled', 'rejected')`)
	for _, effect := range []string{
		`SELECT count(*) FROM timeline WHERE type IN ('change.approval_approved', 'change.approval_rejected')`,
		`SELECT count(DISTINCT record_id) FROM timeline WHERE type IN ('change.approval_approved', 'change.approval_rejected')`,
		`SELECT count(DISTINCT record_id) FROM outbox WHERE kind IN ('change.scheduled', 'change.rejected')`,
		`SELECT count(*) FROM outbox WHERE kind IN ('change.scheduled', 'change.rejected')`,
	} {
		s.becomes(ended, effect)
	}
	t.Logf("%d changes decided by %d votes, %d of which came too late", ended, len(c.votes), len(c.votes)-taken)
}
