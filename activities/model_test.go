package activities_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// model is Apply without a database: the pure rules folded over one record.
type model struct {
	record   incident.Incident
	known    incident.Facts // what is the same for every command
	desk     *calendar.Calendar
	office   *calendar.Calendar // the default
	messages []domain.Command   // posted, not yet decided
	events   []domain.Event
}

func (m *model) calendar(policies map[string]int) *calendar.Calendar {
	if policies["Calendar/desk"] != 0 {
		return m.desk
	}
	return m.office
}

// facts are what the organisation of the tests has.
func (m *model) facts(command domain.Command) incident.Facts {
	var named struct{ Team, Assignee, Service string }
	if len(command.Body) > 0 {
		if err := json.Unmarshal(command.Body, &named); err != nil {
			panic(err) // the test made the body
		}
	}
	facts, policies := m.known, m.record.Policies
	if named.Service != "" && named.Service != m.record.Service {
		policies = maps.Clone(policies)
		delete(policies, "Calendar/desk")
		delete(policies, "Calendar/default")
		policies[map[bool]string{true: "Calendar/desk", false: "Calendar/default"}[named.Service == "mail"]] = 1
		facts.Policies = policies
	}
	facts.Calendar = m.calendar(policies)
	team, assignee := m.record.Team, named.Assignee
	if named.Team != "" {
		team = named.Team
	}
	if command.Verb() == "start" && m.record.Assignee == "" {
		assignee = command.Actor.Name
	}
	for _, known := range store.Teams {
		if known.Name == team {
			facts.Team.Known = true
			facts.Assignee.Member = slices.Contains(known.Members, assignee)
		}
	}
	for _, known := range store.People {
		facts.Assignee.Active = facts.Assignee.Active || known.Handle == assignee && known.Active
	}
	for _, known := range store.Services {
		if known.Name == named.Service {
			facts.Service = incident.ServiceFact{Known: true, Team: known.Team}
		}
	}
	return facts
}

// apply decides one command at a time of the clock and answers its outcome.
func (m *model) apply(command domain.Command, now time.Time) domain.Outcome {
	m.messages = slices.DeleteFunc(m.messages, func(message domain.Command) bool { return message.ID == command.ID })
	before := m.record.Version
	until := clampTo(command.ReceivedAt, m.record.LastEventAt, now)
	if command.Verb() == domain.Tick {
		until = clampTo(now, m.record.LastEventAt, now)
	}
	changed := m.catchUp(until, now)
	outcome := domain.Applied
	if command.Verb() != domain.Tick {
		if m.step(command, clampTo(command.ReceivedAt, m.record.LastEventAt, now), nil, now) {
			changed = true
		} else {
			outcome = domain.Refused
		}
	}
	if changed {
		m.record.Version = before + 1
		m.arm()
	}
	return outcome
}

func clampTo(moment, least, most time.Time) time.Time {
	if moment.After(most) {
		moment = most
	}
	if moment.Before(least) {
		moment = least
	}
	return moment
}

func (m *model) catchUp(until, now time.Time) bool {
	changed := false
	for {
		deadlines, err := incident.Deadlines(m.record, m.facts(domain.Command{}))
		if err != nil {
			panic(err) // the calendars of the test open
		}
		bound, due := until, len(deadlines) > 0 && !deadlines[0].DueAt.After(until)
		if due {
			bound = deadlines[0].DueAt
		}
		early := func(message domain.Command) bool { return message.ReceivedAt.Before(bound) }
		if at := slices.IndexFunc(m.messages, early); at >= 0 {
			message := m.messages[at]
			m.messages = slices.Delete(m.messages, at, at+1)
			changed = m.step(message, clampTo(message.ReceivedAt, m.record.LastEventAt, now), nil, now) || changed
			continue
		}
		if !due {
			return changed
		}
		timer := domain.Command{Name: deadlines[0].Command, ReceivedAt: deadlines[0].DueAt, Actor: domain.Actor{Kind: domain.ActorTimer, Name: deadlines[0].Name}}
		moment := until
		for _, message := range m.messages {
			if message.ReceivedAt.Before(moment) {
				moment = message.ReceivedAt
			}
		}
		changed = m.step(timer, clampTo(moment, m.record.LastEventAt, now), &deadlines[0], now) || changed
	}
}

func (m *model) step(command domain.Command, moment time.Time, due *domain.Deadline, now time.Time) bool {
	decision, err := incident.Decide(m.record, command, m.facts(command), moment)
	if err != nil {
		return false
	}
	for _, event := range decision.Events {
		if due != nil {
			late := now.Sub(due.DueAt).Milliseconds()
			event.DueAt, event.LatenessMS = &due.DueAt, &late
		}
		m.events = append(m.events, event)
	}
	m.record = decision.Record
	return true
}

func (m *model) arm() {
	deadlines, err := incident.Deadlines(m.record, m.facts(domain.Command{}))
	if err != nil {
		panic(err) // the calendars of the test open
	}
	m.record.WakeAt, m.record.NextDue = nil, ""
	if len(deadlines) > 0 {
		m.record.WakeAt, m.record.NextDue = &deadlines[0].DueAt, deadlines[0].Name
	}
}

// Random lives of incidents, with random waits, late timers, replies that arrive on the way, and commands given twice, leave
// the rows that the pure rules say.
func TestRowsAreWhatTheRulesSay(t *testing.T) {
	t.Parallel()
	d := setup(t)
	documents, known := store.Documents(t), incident.Facts{Timing: incident.DefaultTiming()}
	calendars := [2]*calendar.Calendar{}
	for i, name := range []string{"Calendar/desk", "Calendar/default"} {
		var spec calendar.Spec
		require.NoError(t, json.Unmarshal(documents[name], &spec))
		var err error
		calendars[i], err = policyfile.CompileCalendar(spec)
		require.NoError(t, err)
	}
	for name, into := range map[string]any{
		"PriorityMatrix/default": &known.Matrix, "Vocabulary/hold-reasons": &known.HoldReasons, "Vocabulary/resolution-codes": &known.ResolutionCodes,
	} {
		require.NoError(t, json.Unmarshal(documents[name], into))
	}
	known.Agreed = d.agreed(calendars[0])
	rapid.Check(t, func(rt *rapid.T) {
		id := d.log()
		m := &model{known: known, desk: calendars[0], office: calendars[1], record: d.incident(id)}
		var given []domain.Command
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			d.clock.Advance(time.Duration(rapid.Int64Range(0, 30*3_600_000).Draw(rt, "wait")) * time.Millisecond)
			now := d.clock.Now()
			if len(given) > 0 && rapid.IntRange(0, 5).Draw(rt, "again") == 0 {
				result, err := d.Apply(t.Context(), rapid.SampledFrom(given).Draw(rt, "which"))
				require.NoError(rt, err)
				require.Equal(rt, domain.Repeated, result.Outcome)
				continue
			}
			verb := rapid.SampledFrom(slices.Sorted(maps.Keys(moves))).Draw(rt, "verb")
			content := moves[verb](rt, now)
			actor := agent
			switch verb {
			case "confirm", "rate":
				actor = requester
			case domain.Tick:
				actor = domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}
			case "reply":
				m.messages = append(m.messages, d.post(verb, id, content))
				continue
			}
			command := d.command(actor, verb, id, content)
			command.ReceivedAt = now.Add(-time.Duration(rapid.Int64Range(-5, 3_600).Draw(rt, "queued for")) * time.Second)
			version := m.record.Version
			expected := m.apply(command, now)
			result, err := d.Apply(t.Context(), command)
			require.NoError(rt, err)
			require.Equal(rt, expected, result.Outcome, "%s %s: %v", verb, command.Body, result.Refusal)
			require.Equal(rt, m.record.Version, result.View.Version)
			if expected == domain.Applied && m.record.Version > version {
				given = append(given, command)
			}
			requireSame(rt, t, d, m, id)
		}
	})
	d.sound()
}

// requireSame compares the rows with the model.
func requireSame(rt *rapid.T, t *testing.T, d *desk, m *model, id string) {
	found, _, err := schemas.ReadIncident(t.Context(), d.worker, everything, id)
	require.NoError(rt, err)
	require.Equal(rt, inForce(m.record.Clocks), inForce(found.Clocks))
	require.Len(rt, inForce(found.Clocks), len(found.Clocks))
	expected := m.record
	expected.Clocks, expected.ClocksVersion = found.Clocks, found.ClocksVersion
	require.Equal(rt, expected, found)
	stored, err := schemas.ReadTimeline(t.Context(), d.worker, id, 1, nil, schemas.Whole, 1000)
	require.NoError(rt, err)
	require.Len(rt, stored, len(m.events))
	for i, event := range m.events {
		require.Equal(rt, event.Type, stored[i].Type)
		require.Equal(rt, event.At, stored[i].At)
		require.Equal(rt, event.LatenessMS, stored[i].LatenessMS)
		if event.DueAt != nil {
			require.True(rt, event.DueAt.Equal(*stored[i].DueAt))
		}
	}
	var dues int
	require.NoError(rt, d.worker.NewRaw("SELECT count(*) FROM deadlines WHERE record_id = ?", id).Scan(t.Context(), &dues))
	deadlines, err := incident.Deadlines(m.record, m.facts(domain.Command{}))
	require.NoError(rt, err)
	require.Equal(rt, len(deadlines), dues)
}

// agreed applies an agreement that counts in the desk's hours, and answers what the rules need to know of it.
func (d *desk) agreed(hours *calendar.Calendar) incident.Agreed {
	var spec sla.Agreement
	text := strings.Replace(gold, `"rank": 10,`, `"rank": 10, "calendar": "desk",`, 1)
	require.NoError(d.t, json.Unmarshal([]byte(text), &spec))
	d.agree("gold", text)
	terms := []sla.Terms{{Agreement: "gold", Version: 1, Spec: spec, Calendar: hours, CalendarName: "desk", CalendarVersion: 1}}
	return incident.Agreed{Book: &sla.Book{Candidates: terms, Language: &policyfile.Evaluator{}}, Held: terms, Teams: map[string]bool{"network": true}}
}

// inForce are the clocks that a reader of the record is given, in one order.
func inForce(clocks []sla.Clock) []sla.Clock {
	newest := map[string]sla.Clock{}
	for _, c := range clocks {
		key := string(c.Metric) + " " + c.Agreement
		if c.InForce && c.Cycle >= newest[key].Cycle {
			newest[key] = c
		}
	}
	list := []sla.Clock{}
	for _, key := range slices.Sorted(maps.Keys(newest)) {
		list = append(list, newest[key])
	}
	return list
}

// moves make the body of each command.
var moves = map[string]func(*rapid.T, time.Time) any{
	"triage": func(rt *rapid.T, _ time.Time) any {
		return body{"urgency": rapid.SampledFrom([]string{"", "high", "low", "odd"}).Draw(rt, "urgency"), "category": "outage"}
	},
	"assign": func(rt *rapid.T, _ time.Time) any {
		return body{
			"team":     rapid.SampledFrom([]string{"", "messaging", "network", "nobody"}).Draw(rt, "team"),
			"assignee": rapid.SampledFrom([]string{"", "ana", "bo", "cy", "gone"}).Draw(rt, "assignee"),
		}
	},
	"start": func(*rapid.T, time.Time) any { return nil },
	"hold": func(rt *rapid.T, now time.Time) any {
		content := body{
			"reason": rapid.SampledFrom([]string{"awaiting_requester", "awaiting_vendor", "awaiting_parts", "scheduled", "odd"}).Draw(rt, "reason"),
			"vendor": "Acme", "reference": "1",
		}
		if rapid.Bool().Draw(rt, "until") {
			content["until"] = now.Add(time.Duration(rapid.Int64Range(-3600, 200_000).Draw(rt, "for")) * time.Second)
		}
		if rapid.Bool().Draw(rt, "promised") {
			content["promised_at"] = now.Add(time.Duration(rapid.Int64Range(1, 200_000).Draw(rt, "in")) * time.Second)
		}
		return content
	},
	"resume":  func(*rapid.T, time.Time) any { return nil },
	"resolve": func(rt *rapid.T, _ time.Time) any { return body{"code": "fixed", "notes": "Done."} },
	"confirm": func(rt *rapid.T, _ time.Time) any { return body{"score": rapid.IntRange(0, 6).Draw(rt, "score")} },
	"rate":    func(rt *rapid.T, _ time.Time) any { return body{"score": rapid.IntRange(0, 6).Draw(rt, "score")} },
	"reopen":  func(*rapid.T, time.Time) any { return body{"reason": "again"} },
	"close":   func(*rapid.T, time.Time) any { return nil },
	"cancel": func(rt *rapid.T, _ time.Time) any {
		return body{"reason": rapid.SampledFrom([]string{"", "", "none"}).Draw(rt, "why")}
	},
	"edit": func(rt *rapid.T, _ time.Time) any {
		return body{
			"title":   rapid.StringOfN(rapid.RuneFrom([]rune("aé'\\?$\"%")), 0, 8, -1).Draw(rt, "title"),
			"service": rapid.SampledFrom([]string{"mail", "wifi", "odd"}).Draw(rt, "service"),
		}
	},
	"override_priority": func(rt *rapid.T, _ time.Time) any {
		return body{"priority": rapid.IntRange(0, 6).Draw(rt, "priority"), "reason": "so"}
	},
	"change_priority": func(rt *rapid.T, _ time.Time) any {
		return body{"impact": rapid.SampledFrom([]string{"high", "medium", "low"}).Draw(rt, "impact"), "urgency": "low", "reason": "so"}
	},
	"reply":     func(*rapid.T, time.Time) any { return body{"note": 1, "text": "Hello?"} },
	domain.Tick: func(*rapid.T, time.Time) any { return nil },
}
