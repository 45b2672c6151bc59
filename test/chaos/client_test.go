package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// client works as a program does that must not lose anything: every command has a key of its own, and is sent again under it
// until its answer is final. It keeps what it was told.
type client struct {
	t       *testing.T
	name    string
	servers []*kit.API
	random  *rand.Rand
	shared  *story
	pace    <-chan time.Time
	stop    <-chan struct{}
	tally   *tally

	given    int
	answered atomic.Int64
	stories  []*story
}

// tally counts the answers that were not final.
type tally struct{ none, unavailable, queued atomic.Int64 }

// story is one incident as a client knows it: what was applied, in order.
type story struct {
	incident
	mu    sync.Mutex
	deeds []deed
}

// deed is a command with its final answer.
type deed struct {
	verb    string
	command string // its id
	mark    string // a text that no other command carries
	until   time.Time
	applied bool
	version int64
	record  string
}

func (s *story) took(d deed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deeds = append(s.deeds, d)
}

// work lives incident after incident until the crowd is stopped.
func (c *client) work() {
	for c.goesOn() {
		c.live()
	}
}

// goesOn waits for the next step, at the pace of the crowd; it answers false when the client is to stop.
func (c *client) goesOn() bool {
	select {
	case <-c.stop:
		return false
	case <-c.pace:
		return true
	}
}

// live takes one incident from log to its end, or leaves it on hold: then its timer has the last word.
func (c *client) live() {
	s := c.log()
	steps := []func(){func() { c.give(s, "start", object{}) }}
	for range 1 + c.random.IntN(3) {
		switch c.random.IntN(4) {
		case 0:
			steps = append(steps, func() { c.edit(s) })
		case 1:
			steps = append(steps, func() { c.edit(c.shared) })
		case 2:
			steps = append(steps, func() { c.hold(s) }, func() { c.edit(s) }, func() { c.give(s, "resume", object{}) })
		default:
			steps = append(steps, func() { c.hold(s) })
		}
	}
	if c.random.IntN(3) > 0 {
		steps = append(steps, func() { c.give(s, "resolve", object{"code": "fixed", "notes": "Restarted"}) },
			func() { c.give(s, "reopen", object{"reason": "Again"}) }, func() { c.give(s, "cancel", object{"reason": "Enough"}) })
	} else {
		steps = append(steps, func() { c.hold(s) })
	}
	for _, step := range steps {
		if !c.goesOn() {
			return
		}
		step()
	}
}

// key is new for every command; it says whose and which it is.
func (c *client) key() string {
	c.given++
	return fmt.Sprintf("%s-%d", c.name, c.given)
}

func (c *client) log() *story {
	mark := c.key()
	d := c.final(deed{verb: "log", mark: mark}, "/incidents", mark, object{"title": mark, "impact": "low", "urgency": "low"})
	require.True(c.t, d.applied, "nothing can refuse %s", mark)
	s := &story{incident: incident{ID: d.record, Title: mark}, deeds: []deed{d}}
	c.stories = append(c.stories, s)
	return s
}

func (c *client) give(to *story, verb string, body object) {
	to.took(c.final(deed{verb: verb}, to.path(verb), c.key(), body))
}

func (c *client) edit(of *story) {
	mark := c.key()
	d := c.final(deed{verb: "edit", mark: mark}, of.path("edit"), mark, object{"category": mark})
	require.True(c.t, d.applied, "nothing can refuse %s", mark)
	of.took(d)
}

// hold puts an incident on hold for a moment that is likely to end while something is dead.
func (c *client) hold(of *story) {
	instant := until(time.Duration(500+c.random.IntN(3000)) * time.Millisecond)
	of.took(c.final(deed{verb: "hold", until: instant}, of.path("hold"), c.key(), object{"reason": "scheduled", "until": instant}))
}

// final gives a command until its answer is final. Now and then it is impatient, and gives it to two servers at once.
func (c *client) final(d deed, path, key string, body object) deed {
	defer c.answered.Add(1)
	first := c.random.IntN(len(c.servers))
	if c.random.IntN(8) > 0 {
		return c.finalFrom(first, d, path, key, body)
	}
	var group sync.WaitGroup
	twins := make([]deed, 2)
	for i := range twins {
		group.Go(func() { twins[i] = c.finalFrom(first+i, d, path, key, body) })
	}
	group.Wait()
	if c.t.Failed() {
		c.t.FailNow() // this client's part ends: a twin may be without an answer
	}
	if d.verb != "hold" { // a hold until a moment that has passed in between is refused with reason
		assert.Equal(c.t, twins[0].applied, twins[1].applied, "twins of %s %s", d.verb, key)
	}
	if twins[0].applied {
		return twins[0]
	}
	return twins[1]
}

func (c *client) finalFrom(server int, d deed, path, key string, body object) deed {
	kit.Eventually(c.t, bound, func() bool {
		api := c.servers[server%len(c.servers)]
		server++
		answer, err := api.Try(http.MethodPost, path, body, map[string]string{"Idempotency-Key": key})
		if err != nil {
			c.tally.none.Add(1)
			return false
		}
		switch answer.Status {
		case http.StatusOK, http.StatusCreated:
			d.applied, d.command = true, answer.Header.Get("Holdfast-Command")
			d.version, d.record = c.versionOf(answer)
		case http.StatusAccepted:
			c.tally.queued.Add(1)
			d.command = answer.Header.Get("Holdfast-Command")
			c.follow(&d)
		case http.StatusConflict, http.StatusUnprocessableEntity:
			d.applied = false
		default:
			c.comeAgain(answer)
			return false
		}
		return true
	}, key)
	return d
}

// versionOf reads the version that a command made. The committed record may have moved on since, by a timer or another client,
// so it is asked of the command.
func (c *client) versionOf(answer *kit.Answer) (int64, string) {
	d := deed{command: answer.Header.Get("Holdfast-Command")}
	c.follow(&d)
	assert.True(c.t, d.applied, "%s was applied, and is not", d.command)
	return d.version, d.record
}

// follow asks what became of a command until it is decided.
func (c *client) follow(d *deed) {
	server := 0
	kit.Eventually(c.t, bound, func() bool {
		api := c.servers[server%len(c.servers)]
		server++
		answer, err := api.Try(http.MethodGet, "/commands/"+d.command, nil, nil)
		if err != nil {
			return false
		}
		if answer.Status != http.StatusOK {
			c.comeAgain(answer)
			return false
		}
		var told struct {
			State   string `json:"state"`
			Version int64  `json:"version"`
			Record  string `json:"record"`
		}
		answer.Into(&told)
		d.applied, d.version, d.record = told.State == "applied", told.Version, told.Record
		return told.State != "pending"
	}, d.command)
}

// comeAgain expects of an answer that is not final that it says when to come again.
func (c *client) comeAgain(answer *kit.Answer) {
	require.Equal(c.t, http.StatusServiceUnavailable, answer.Status, "%s", answer.Body)
	require.NotEmpty(c.t, answer.Header.Get("Retry-After"))
	c.tally.unavailable.Add(1)
}
