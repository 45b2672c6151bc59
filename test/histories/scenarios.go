package main

import (
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// scenario is a life that is played; the name is that of the file.
type scenario struct {
	name string
	play func(*player) []execution
}

// scenarios are played one after the other.
var scenarios = []scenario{
	{"log_to_close", logToClose},
	{"first_contact", firstContact},
	{"refused_log", refusedLog},
	{"tick_by_timer", tickByTimer},
	{"timer_too_early", timerTooEarly},
	{"adopt_after_worker_kill", adoptAfterWorkerKill},
	{"continue_as_new", continueAsNew},
	{"concurrent_commands", concurrentCommands},
	{"regular_activity_after_local", regularAfterLocal},
	{"fault_of_a_command", faultOfACommand},
	{"canceled_run", canceledRun},
	{"merge", merge},
	{"reopen_after_close", reopenAfterClose},
	{"delivery", deliver},
	{"escalation", escalate},
	{"change_voted", changeVoted},
	{"change_carried_out", changeCarriedOut},
	{"change_missed", changeMissed},
	{"meeting", meet},
	{"cadence", takeTurns},
}

var done = body{"code": "fixed", "notes": "Restarted the relay."}

func logToClose(p *player) []execution {
	id := p.log(nil)
	p.give(agent, "triage", id, body{"category": "outage"})
	p.give(agent, "assign", id, body{"assignee": "bo"})
	p.give(agent, "start", id, nil)
	p.give(agent, "hold", id, body{"reason": "awaiting_vendor", "vendor": "Acme", "reference": "A-1"})
	p.give(agent, "resume", id, nil)
	p.give(agent, "resolve", id, done)
	p.give(agent, "close", id, nil)
	return []execution{p.ended(id, "")}
}

func firstContact(p *player) []execution {
	id := p.log(body{"resolution": done})
	p.give(requester, "confirm", id, body{"score": 5})
	return []execution{p.ended(id, "")}
}

func refusedLog(p *player) []execution {
	command := p.command(agent, "log", "", logged(body{"team": "nobody"}))
	result, err := p.send(command)
	require.NoError(p, err)
	require.Equal(p, domain.Refused, result.Outcome)
	return []execution{p.ended(command.Record, "")}
}

func tickByTimer(p *player) []execution {
	id := p.log(nil)
	p.give(agent, "start", id, nil)
	p.give(agent, "hold", id, body{"reason": "scheduled", "until": time.Now().Add(2 * time.Second)})
	kit.Eventually(p, bound, func() bool { return p.head(id).State == incident.InProgress }, "the hold ends by itself")
	p.give(agent, "cancel", id, body{"reason": "It was the cable."})
	return []execution{p.ended(id, "")}
}

// timerTooEarly moves a deadline later: its timer comes, finds nothing due, and is set anew.
func timerTooEarly(p *player) []execution {
	id := p.log(nil)
	p.give(agent, "start", id, nil)
	p.give(agent, "hold", id, body{"reason": "scheduled", "until": time.Now().Add(2 * time.Second)})
	p.give(agent, "hold", id, body{"reason": "awaiting_change", "until": time.Now().Add(4 * time.Second)})
	kit.Eventually(p, bound, func() bool { return p.head(id).State == incident.InProgress }, "the hold ends by itself")
	p.give(agent, "cancel", id, body{"reason": "It was the cable."})
	return []execution{p.ended(id, "")}
}

// adoptAfterWorkerKill kills the worker between its commit and the answer. The task times out and is given to the next
// worker, which finds the command applied; and that worker tells the record to adopt its row, as it does at every start.
func adoptAfterWorkerKill(p *player) []execution {
	id := p.log(nil)
	p.tamper(`CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON commands DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW WHEN (NEW.name = 'incident.start') EXECUTE FUNCTION linger()`)
	var group errgroup.Group
	command := p.command(agent, "start", id, nil)
	group.Go(func() error { return p.applied(command) })
	kit.Eventually(p, bound, func() bool {
		var commits int
		require.NoError(p, p.owner.NewRaw(`SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`).Scan(p.Context(), &commits))
		return commits > 0
	}, "the commit lingers")
	p.stack.Workers[0].Kill()
	kit.Eventually(p, bound, func() bool { return p.head(id).State == incident.InProgress }, "the commit comes true without the worker")
	p.tamper(`DROP TRIGGER linger ON commands`)
	p.stack.Workers[0].Start()
	require.NoError(p, group.Wait())
	kit.Eventually(p, bound, func() bool {
		return p.count(execution{record: id}, enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED) > 0
	}, "the next worker tells the record to adopt its row")
	p.give(agent, "cancel", id, body{"reason": "It was the cable."})
	return []execution{p.ended(id, "")}
}

// continueAsNew makes a history long: Temporal suggests to continue at 4 MiB. Commands are under way at that moment.
func continueAsNew(p *player) []execution {
	id := p.log(nil)
	p.give(agent, "hold", id, body{"reason": "awaiting_requester"}) // a deadline to take along
	first := p.run(id)
	edits := make(chan domain.Command)
	group, ctx := errgroup.WithContext(p.Context())
	for range 3 {
		group.Go(func() error {
			for edit := range edits {
				if err := p.applied(edit); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for i := 0; ctx.Err() == nil && p.run(id) == first; i++ {
		select {
		case edits <- p.command(agent, "edit", id, body{"description": long(i)}):
		case <-ctx.Done():
		}
	}
	close(edits)
	require.NoError(p, group.Wait())
	second := p.run(id)
	p.give(agent, "cancel", id, body{"reason": "It was the cable."})
	return []execution{p.ended(id, first), p.ended(id, second)}
}

// concurrentCommands arrive while another one is being decided, each with a task of its own, and then several at once: they
// are decided in the order in which they came.
func concurrentCommands(p *player) []execution {
	id := p.log(nil)
	first := p.run(id)
	release := p.block(id)
	var group errgroup.Group
	for i, category := range []string{"outage", "mail", "relay", "queue"} {
		command := p.command(agent, "edit", id, body{"category": category})
		group.Go(func() error { return p.applied(command) })
		kit.Eventually(p, bound, func() bool {
			// The first one's local activity gives up, which ends its task: only then are there tasks for the others.
			return p.count(execution{record: id, run: first}, enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED) == i+2 && p.pending(id)
		}, category+" has arrived")
	}
	release()
	require.NoError(p, group.Wait())
	for _, category := range []string{"disk", "cable", "power", "flood"} {
		command := p.command(agent, "edit", id, body{"category": category})
		group.Go(func() error { return p.applied(command) })
	}
	require.NoError(p, group.Wait())
	p.give(agent, "cancel", id, body{"reason": "It was the cable."})
	return []execution{p.ended(id, "")}
}

// block keeps a record's row until it is released.
func (p *player) block(record string) (release func()) {
	tx, err := p.owner.BeginTx(p.Context(), nil)
	require.NoError(p, err)
	_, err = tx.ExecContext(p.Context(), `SELECT FROM records WHERE id = ? FOR UPDATE`, record)
	require.NoError(p, err)
	return func() { require.NoError(p, tx.Rollback()) }
}

// regularAfterLocal keeps the database from deciding until the local activity has given up.
func regularAfterLocal(p *player) []execution {
	id := p.log(nil)
	mend := p.fault("57P03") // it is starting up
	var group errgroup.Group
	command := p.command(agent, "start", id, nil)
	group.Go(func() error { return p.applied(command) })
	kit.Eventually(p, bound, func() bool { return p.pending(id) }, "a regular activity tries")
	mend()
	require.NoError(p, group.Wait())
	p.give(agent, "cancel", id, body{"reason": "It was the cable."})
	return []execution{p.ended(id, "")}
}

// faultOfACommand is a decision that no retry mends: its caller is told, and the record goes on.
func faultOfACommand(p *player) []execution {
	id := p.log(nil)
	mend := p.fault("XX000")
	_, err := p.send(p.command(agent, "start", id, nil))
	require.Equal(p, domain.CodeInternal, domain.CodeOf(err))
	require.Error(p, err)
	mend()
	p.give(agent, "cancel", id, body{"reason": "It was the cable."})
	return []execution{p.ended(id, "")}
}

// canceledRun is what an operator can do to a run. The row stays, and the next command starts a run that adopts it.
func canceledRun(p *player) []execution {
	id := p.log(nil)
	first := p.run(id)
	require.NoError(p, p.temporal.CancelWorkflow(p.Context(), domain.WorkflowID(domain.Incident, id), first))
	canceled := p.ended(id, first)
	p.give(agent, "cancel", id, body{"reason": "It was the cable."})
	return []execution{canceled, p.ended(id, "")}
}

// fault makes the database answer a command to start with an error of a code, until it is mended.
func (p *player) fault(code string) (mend func()) {
	p.tamper(`CREATE OR REPLACE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE EXCEPTION 'a fault of the scenario' USING ERRCODE = TG_ARGV[0]; END $$;
		CREATE TRIGGER fault BEFORE INSERT ON commands FOR EACH ROW WHEN (NEW.name = 'incident.start') EXECUTE FUNCTION fault('` + code + `')`)
	return func() { p.tamper(`DROP TRIGGER fault ON commands`) }
}

// merge closes a duplicate with its parent; what the one tells the other is carried by the worker's relay.
func merge(p *player) []execution {
	parent, duplicate := p.log(nil), p.log(nil)
	p.give(agent, "merge_into", duplicate, body{"incident": parent})
	kit.Eventually(p, bound, func() bool { return p.head(parent).Version == 2 }, "the parent is told")
	p.give(agent, "resolve", parent, done)
	p.give(agent, "close", parent, nil)
	return []execution{p.ended(parent, ""), p.ended(duplicate, "")}
}

func reopenAfterClose(p *player) []execution {
	id := p.log(body{"resolution": done})
	first := p.run(id)
	p.give(agent, "close", id, nil)
	closed := p.ended(id, first)
	p.give(agent, "reopen", id, body{"reason": "It happened again."})
	second := p.run(id)
	require.NotEqual(p, first, second)
	p.give(agent, "resolve", id, done)
	p.give(agent, "close", id, nil)
	return []execution{closed, p.ended(id, second)}
}
