package chaos

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

const (
	clients = 8
	// pace is how long each client thinks between two commands: the machine is to be busy, not overrun.
	pace = 100 * time.Millisecond
)

// crowd is some clients at work.
type crowd struct {
	s       *system
	clients []*client
	shared  *story
	tally   tally
	stop    chan struct{}
	group   sync.WaitGroup
}

// newCrowd sets clients to work on incidents of their own, and all of them on one that they share.
func (s *system) newCrowd() *crowd {
	s.t.Helper()
	shared := &story{incident: s.log("shared")}
	c := &crowd{s: s, shared: shared, stop: make(chan struct{})}
	for i := range clients {
		ticker := time.NewTicker(pace)
		s.t.Cleanup(ticker.Stop)
		one := c.newClient(fmt.Sprintf("client-%d", i+1), uint64(i))
		one.pace, one.stop = ticker.C, c.stop
		c.clients = append(c.clients, one)
	}
	for _, one := range c.clients {
		c.group.Go(one.work)
	}
	return c
}

func (c *crowd) newClient(name string, seed uint64) *client {
	one := &client{t: c.s.t, name: name, shared: c.shared, tally: &c.tally, random: rand.New(rand.NewPCG(seed, seed))}
	for i := range c.s.Servers {
		one.servers = append(one.servers, c.s.api.Server(i))
	}
	return one
}

// goesOn waits until every client has had so many more final answers.
func (c *crowd) goesOn(t *testing.T, more int64) {
	t.Helper()
	for _, one := range c.clients {
		goal := one.answered.Load() + more
		kit.Eventually(t, bound, func() bool { return one.answered.Load() >= goal }, one.name+" gets no more answers")
	}
}

// ends stops every client after its present command, and waits for the last answer and for the last hold to end by itself.
func (c *crowd) ends() {
	c.s.t.Helper()
	close(c.stop)
	c.group.Wait()
	c.s.becomes(0, `SELECT count(*) FROM deadlines WHERE name = 'hold_over'`)
}

// TestNothingIsLostOrDoubled is the short form: everything dies in turn while eight clients work, and four people vote.
func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	s := setup(t, 2, 2)
	crowd := s.newCrowd()
	sleeper, council := crowd.newClient("sleeper", clients), crowd.newCouncil()
	crowd.goesOn(t, 3)
	for _, plug := range []struct {
		name      string
		pull, put func()
		meanwhile func()
	}{
		{"a worker", s.Workers[0].Kill, s.Workers[0].Start, nil},
		{"a server", s.Servers[0].Kill, s.Servers[0].Start, nil},
		{"PostgreSQL", func() { s.KillPostgres(t) }, func() {}, nil}, // the engine starts it again
		{"the engine", s.Engine.Kill, func() { s.StartEngine(t) }, nil},
		{"all workers", func() { s.Workers[0].Kill(); s.Workers[1].Kill() }, func() { s.Workers[0].Start(); s.Workers[1].Start() }, crowd.queues},
		{"everything", func() { s.CutPower(t) }, func() { s.RestorePower(t) }, nil},
	} {
		asleep := sleeper.fallAsleep(3) // to wake in the middle of it
		began := time.Now()
		plug.pull()
		passes(t, asleep)
		if plug.meanwhile != nil {
			plug.meanwhile()
		}
		plug.put()
		put := time.Now()
		s.AwaitReady(t)
		crowd.goesOn(t, 2)
		t.Logf("%s: dead for %s, all clients served again %s later", plug.name,
			put.Sub(began).Round(time.Millisecond), time.Since(put).Round(time.Millisecond))
	}
	crowd.ends()
	council.ends()
	s.sound()
	crowd.check(sleeper)
	council.check()
}

// fallAsleep puts some incidents on hold and answers when the last of them is to resume.
func (c *client) fallAsleep(count int) time.Time {
	var last time.Time
	for range count {
		s := c.log()
		c.hold(s)
		if held := s.deeds[1].until; held.After(last) {
			last = held
		}
	}
	return last
}

// queues waits until commands are accepted for later.
func (c *crowd) queues() {
	c.s.t.Helper()
	before := c.tally.queued.Load()
	kit.Eventually(c.s.t, bound, func() bool { return c.tally.queued.Load() >= before+clients })
}
