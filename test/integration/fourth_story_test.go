package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/timed"
)

// TestTheFourthStory is story 4 of the lifecycles on a real engine, at its own instants, with what Alertmanager really sent; it goes on
// until the model of the change is out of use.
func TestTheFourthStory(t *testing.T) {
	t.Parallel()
	s := newMonitored(t)
	number := s.heldByAnIncident()
	s.holdsAlerts(number)
	caused := s.endsLateAndSettles(number)
	s.judged(number, caused)
	s.repeats(number, caused)
	s.failsAgain(number)
}

// monitored is a board on a clock of its own, whose service shop-story4 is monitored and changed by the standard model of its name.
type monitored struct {
	*board
	clock   *timed.Stack
	service string
	intake  string
}

const storyModel = "move-the-shop"

func newMonitored(t *testing.T) *monitored {
	t.Helper()
	const name = "story4"
	stack := timed.Up(t, berlin("2026-12-01 10:00").Format(time.RFC3339))
	b := newBoard(t, stack.Stack, name, object{"name": "board", "electorate": []string{"person:ana-" + name}, "rule": object{"threshold": "1"}})
	s := &monitored{board: b, clock: stack, service: "shop-" + name}
	admin := b.Admin(t)
	day := []string{"09:00-17:00"}
	admin.Do(http.MethodPut, "/policies/Calendar/default", object{"reason": "test", "spec": object{
		"timezone": "Europe/Berlin", "weekly": object{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day},
	}}, nil).Is(200)
	b.person("olga", "requester")    // who owns the shop, and holds no other role
	b.person("leo", "requester")     // and the role for the stock, below
	b.person("eli", "service_owner") // and still no judge of his own work
	admin.Do(http.MethodPut, "/policies/ServicePolicy/"+s.service, object{"reason": "test", "spec": object{
		"title": "Shop", "owner": b.handle("olga"), "criticality": "high", "support": object{"team": b.documentName()},
	}}, nil).Is(200)
	admin.Do(http.MethodPut, "/policies/ServicePolicy/"+s.stock(), object{"reason": "test", "spec": object{
		"title": "Stock", "support": object{"team": b.documentName()},
	}}, nil).Is(200)
	admin.Post("/grants", object{"person": b.handle("leo"), "role": "service_owner", "scope_kind": "service", "scope_name": s.stock()}).Is(200)
	for _, item := range []string{"server01.int", "server02.int"} {
		admin.Do(http.MethodPut, "/configuration-items/"+item, object{"class": "server", "title": item, "service": s.service}, nil).Is(200)
	}
	admin.Post("/configuration-items/server02.int/relations", object{"type": "connected_to", "to": "server01.int"}).Is(204)
	admin.Model(storyModel, object{
		"type": "standard", "title": "Move the shop", "service": s.service, "team": b.documentName(), "environment": "production",
		"plan": "Move it", "test_plan": "Buy something", "back_out_plan": "Move it back", "configuration_items": []string{"server01.int"}, "auto_start": true,
	}, b.as("mona"))
	made := admin.Post("/intake-keys", object{"service": s.service, "name": "alertmanager"}).Is(201).Map()
	s.intake = made["path"].(string) + "alertmanager"
	return s
}

// stock is another service, which nobody is named to own.
func (s *monitored) stock() string { return "stock-story4" }

// berlin reads a wall time of the story: "2026-12-05 22:00", or with seconds.
func berlin(text string) time.Time {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	layout := "2006-01-02 15:04:05"
	at, err := time.ParseInLocation(layout[:len(text)], text, zone)
	if err != nil {
		panic(err) // the texts are literals of tests
	}
	return at.UTC()
}

// person makes somebody, or gives somebody a further role.
func (b *board) person(handle, role string) {
	b.t.Helper()
	handle = b.handle(handle)
	b.Admin(b.t).Do(http.MethodPut, "/people/"+handle, object{"name": handle, "active": true}, nil).Is(200)
	b.Admin(b.t).Post("/grants", object{"person": handle, "role": role, "scope_kind": "all"}).Is(200)
}

// prints runs the command line as somebody and answers what it prints.
func (s *monitored) prints(person string, arguments ...string) string {
	s.t.Helper()
	out, problems, code := s.run(person, arguments...)
	require.Zero(s.t, code, problems)
	return out
}

// heldByAnIncident: a priority 1 that nobody linked opens half a minute before the window, keeps the change from starting by itself, and
// both owners are told at once; a change manager lifts it.
func (s *monitored) heldByAnIncident() string {
	t := s.t
	out := s.prints("dee", "change", "from-model", storyModel, "--assignee", s.handle("eli"), "--window-from", berlin("2026-12-05 22:00").Format(time.RFC3339),
		"--window-to", berlin("2026-12-06 02:00").Format(time.RFC3339), "-o", "json")
	var made object
	require.NoError(t, json.Unmarshal([]byte(out), &made))
	require.Equal(t, "scheduled", made["state"], "a standard model needs no vote")
	number := made["number"].(string)

	s.at("2026-12-05 21:59:30")
	urgent := log(s.as("dee"), "Nobody can buy anything", object{"service": s.service, "impact": "high", "urgency": "high", "team": s.documentName()})
	require.Equal(t, 1.0, urgent["priority"])
	s.clock.Settle()
	owners := []string{"person:" + s.handle("dee"), "person:" + s.handle("eli"), "team:" + s.documentName()}
	require.ElementsMatch(t, owners, s.toldOf(number, "change.blocked", berlin("2026-12-05 21:59:30")), "both owners, at once")
	s.at("2026-12-05 22:00")
	held := s.change(number)
	require.Equal(t, []any{"scheduled", "2026-12-05T21:00:00Z"}, []any{held["state"], held["held_since"]})
	require.ElementsMatch(t, owners, s.toldOf(number, "change.start_held", berlin("2026-12-05 22:00")))

	s.at("2026-12-05 22:20")
	conflict := "incident:" + urgent["number"].(string)
	shown := s.prints("mona", "change", "show", number)
	require.Contains(t, shown, "blocking")
	require.Contains(t, shown, conflict)
	s.as("eli").Insist("/changes/"+number+"/override-conflict", object{"conflict": conflict, "reason": "mine"}).Is(403)
	s.prints("mona", "change", "override-conflict", number, conflict, "--reason", "it is what is mended")
	begun := s.change(number)
	require.Equal(t, []any{"implementing", "2026-12-05T21:20:00Z"}, []any{begun["state"], begun["actual_start"]})
	return number
}

// holdsAlerts: twelve alerts on what is changed open nothing, one on a neighbour opens an incident.
func (s *monitored) holdsAlerts(number string) {
	t := s.t
	s.at("2026-12-05 22:40")
	real := s.payload("alertmanager-v3-bigint-groupkey-firing.json")
	require.Equal(t, object{"received": 1.0, "opened": 0.0, "again": 0.0, "held": 1.0, "counted": 0.0, "stopped": 0.0, "ignored": 0.0}, s.tell(real))
	require.Equal(t, 11.0, s.tell(s.others(11, "server01.int:9100", "firing"))["held"])
	require.Equal(t, 12.0, s.tell(s.others(11, "server01.int:9100", "firing"))["counted"].(float64)+s.tell(real)["counted"].(float64), "told again")
	s.clock.Settle()
	require.Empty(t, s.byMonitoring())
	require.Equal(t, 1.0, s.tell(s.others(1, "server02.int:9100", "firing"))["opened"])
	s.clock.Settle()
	require.Len(t, s.byMonitoring(), 1)
	require.Equal(t, []any{"server02.int"}, s.byMonitoring()[0]["configuration_items"])

	require.Len(t, items(s.as("mona").Get("/alerts?firing=true&change="+number).Is(200)), 12)
	require.Len(t, s.as("mona").Get("/changes/" + number).Is(200).Map()["alerts"], 12)
	require.Equal(t, 12, strings.Count(s.prints("mona", "alert", "list", "--change", number), "firing"))
}

// endsLateAndSettles: the window's end is told, the change gets half an hour more and takes twenty minutes of it; what still fires ten
// minutes later opens one incident. It answers its number.
func (s *monitored) endsLateAndSettles(number string) string {
	t := s.t
	s.at("2026-12-06 02:00")
	require.Contains(t, s.told(object{"number": number}), "change.overrun")
	require.ElementsMatch(t, []string{"person:" + s.handle("dee"), "person:" + s.handle("eli"), "role:change_manager"},
		s.toldOf(number, "change.overrun", berlin("2026-12-06 02:00")))
	s.prints("mona", "change", "extend", number, "--until", berlin("2026-12-06 02:30").Format(time.RFC3339), "--reason", "almost there")
	s.at("2026-12-06 02:20")
	s.prints("eli", "change", "complete", number, "successful")
	ended := s.change(number)
	require.Equal(t, []any{"review", "successful", "2026-12-06T01:20:00Z", "2026-12-06T01:30:00Z", "2026-12-09T01:20:00Z"},
		[]any{ended["state"], ended["outcome"], ended["actual_end"], ended["settle_at"], ended["watch_until"]})
	require.Equal(t, object{"total": 1.0, "failed": 0.0, "undecided": 0.0, "failure_rate": 0.0}, s.record())

	require.Equal(t, 11.0, s.tell(s.others(11, "server01.int:9100", "resolved"))["stopped"])
	s.at("2026-12-06 02:29:59")
	require.Len(t, s.byMonitoring(), 1, "it has until 02:30 to become quiet")
	s.at("2026-12-06 02:30")
	opened := s.byMonitoring()
	require.Len(t, opened, 2, "the one that still fires")
	require.Equal(t, []any{"Oops, something happened!", []any{"server01.int"}, "2026-12-06T01:30:00Z"},
		[]any{opened[0]["title"], opened[0]["configuration_items"], opened[0]["opened_at"]})
	caused := opened[0]["number"].(string)
	causes := s.change(number)["causes"].([]any)
	require.Len(t, causes, 1, "proposed")
	cause := causes[0].(object)
	require.Equal(t, []any{caused, s.service, "2026-12-10T08:00:00Z"}, []any{cause["number"], cause["service"], cause["due_at"]}, "three working days from Monday's opening")
	require.Equal(t, []string{"person:" + s.handle("olga")}, s.toldOf(number, "change.cause_proposed", berlin("2026-12-06 02:30")))
	require.Equal(t, object{"total": 1.0, "failed": 0.0, "undecided": 1.0, "failure_rate": 0.0}, s.record())
	return caused
}

// judged: whoever carried it out does not judge, the owner of the service does, and the very next question is answered rightly.
func (s *monitored) judged(number, caused string) {
	t := s.t
	s.at("2026-12-07 09:00")
	verdict := object{"incident": caused, "caused": true}
	s.as("eli").Insist("/changes/"+number+"/decide-cause", verdict).Is(403)
	_, problems, code := s.run("eli", "change", "decide-cause", number, caused, "--caused")
	require.Equal(t, 1, code)
	require.Contains(t, problems, "does not judge")
	require.Equal(t, object{"total": 1.0, "failed": 0.0, "undecided": 1.0, "failure_rate": 0.0}, s.record())
	olga := s.as("olga")
	require.Equal(t, []any{"decide_cause"}, olga.Get("/changes/" + number).Is(200).Map()["allowed_commands"])
	olga.Post("/changes/"+number+"/decide-cause", verdict).Is(200)
	s.as("dee").Get("/change-models/" + storyModel + "/record").Is(200).Into(&verdict)
	require.Equal(t, []any{1.0, 1.0, 0.0, 1.0}, []any{verdict["total"], verdict["failed"], verdict["undecided"], verdict["failure_rate"]}, "1 of 1 at the next GET")
	require.Equal(t, []string{storyModel, "1", "1", "100.0", "%", "0"}, strings.Fields(s.lastLine(s.prints("mona", "change", "record", "--model", storyModel))))
	s.clock.Settle()
	s.judgedElsewhere(number)
	require.Equal(t, "it caused an incident", s.change(number)["review_needed"])
	links := items(s.as("mona").Get("/incidents/" + caused + "/links").Is(200))
	require.Equal(t, []any{"caused_by", number}, []any{links[0]["type"], links[0]["number"]})
}

// judgedElsewhere: of an incident on another service, whoever holds the role for that one alone says whether the change caused it.
func (s *monitored) judgedElsewhere(number string) {
	t := s.t
	leo := s.as("leo")
	leo.Get("/changes/" + number).Is(404)
	logged := log(s.as("dee"), "The stock is not counted", object{"service": s.stock(), "configuration_items": []string{"server01.int"}, "team": s.documentName()})
	s.clock.Settle()
	require.Equal(t, []string{"person:" + s.handle("leo")}, s.toldOf(number, "change.cause_proposed", berlin("2026-12-07 09:00")))
	require.Contains(t, leo.Get("/changes/" + number).Is(200).Map()["allowed_commands"], "decide_cause")
	s.as("olga").Insist("/changes/"+number+"/decide-cause", object{"incident": logged["number"], "caused": false}).Is(403)
	s.prints("leo", "change", "decide-cause", number, logged["number"].(string), "--no-caused")
}

// repeats: the alert ends with its incident; told again after the close, it opens one that follows it, proposed as caused too.
func (s *monitored) repeats(number, caused string) {
	t := s.t
	incident := object{"number": caused}
	give(s.as("dee"), incident, "resolve", object{"code": "fixed", "notes": "Started it again"})
	give(s.as("dee"), incident, "close", object{})
	require.Equal(t, 1.0, s.tell(s.payload("alertmanager-v3-bigint-groupkey-resolved.json"))["stopped"])
	s.at("2026-12-08 09:00")
	require.Equal(t, 1.0, s.tell(s.payload("alertmanager-v3-bigint-groupkey-firing.json"))["opened"])
	s.clock.Settle()
	opened := s.byMonitoring()
	require.Len(t, opened, 3)
	require.NotEqual(t, caused, opened[0]["number"])
	links := items(s.as("mona").Get("/incidents/" + opened[0]["number"].(string) + "/links").Is(200))
	require.Equal(t, []any{"follows", caused}, []any{links[0]["type"], links[0]["number"]})
	require.Equal(t, "closed", read(s.as("mona"), incident)["state"])
	require.Equal(t, object{"total": 1.0, "failed": 1.0, "undecided": 1.0, "failure_rate": 1.0}, s.record(), "72 hours are not over")
	s.prints("olga", "change", "decide-cause", number, opened[0]["number"].(string), "--no-caused")
	require.Equal(t, object{"total": 1.0, "failed": 1.0, "undecided": 0.0, "failure_rate": 1.0}, s.record())
}

// failsAgain: a second failure takes the model out of use. Both changes are reviewed, and close once they are not watched any more.
func (s *monitored) failsAgain(number string) {
	t := s.t
	from := object{"model": storyModel, "assignee": s.handle("eli"), "window_from": berlin("2026-12-12 22:00"), "window_to": berlin("2026-12-13 02:00")}
	second := s.as("dee").Insist("/changes/from-model", from).Is(201).Map()
	s.at("2026-12-12 22:00")
	// The first incident of priority 1 is still open.
	blocked := s.read(second)["conflicts"].([]any)[0].(object)
	s.changed("mona", second, "override-conflict", object{"conflict": blocked["id"], "reason": "again"})
	require.Equal(t, "implementing", s.read(second)["state"])
	s.prints("eli", "change", "back-out", second["number"].(string), "--notes", "it did not start")
	require.Equal(t, object{"total": 2.0, "failed": 2.0, "undecided": 0.0, "failure_rate": 1.0}, s.record())
	from["window_from"], from["window_to"] = berlin("2026-12-19 22:00"), berlin("2026-12-20 02:00")
	refused := s.as("dee").Insist("/changes/from-model", from).Is(409)
	require.Contains(t, string(refused.Body), "the model "+storyModel+" is suspended: 2 of its last 2 changes failed")
	for _, model := range items(s.as("dee").Get("/change-models").Is(200)) {
		if model["name"] == storyModel {
			require.Equal(t, "2 of its last 2 changes failed", model["suspended"])
		}
	}

	first := s.change(number)
	for _, one := range []object{first, second} {
		s.changed("mona", one, "review", object{"findings": "Try it on another server first"})
	}
	s.clock.Settle()
	require.Equal(t, []any{"closed", "review"}, []any{s.read(first)["state"], s.read(second)["state"]}, "the one is not watched any more")
	s.at("2026-12-15 22:00")
	require.Equal(t, []any{"closed", "2026-12-15T21:00:00Z"}, []any{s.read(second)["state"], s.read(second)["closed_at"]})
	s.Doctor(t)
}

// at moves the clock to a wall time of the story.
func (s *monitored) at(text string) {
	s.t.Helper()
	s.clock.At(berlin(text))
}

func (s *monitored) change(number string) object { return s.read(object{"number": number}) }

// record is how the changes of the model ended.
func (s *monitored) record() object {
	return s.as("dee").Get("/change-models/" + storyModel + "/record").Is(200).Map()
}

// byMonitoring are the incidents that alerts opened, the newest first.
func (s *monitored) byMonitoring() (found []object) {
	for _, one := range items(s.Admin(s.t).Get("/incidents?limit=200&service=" + s.service).Is(200)) {
		if one["channel"] == "monitoring" {
			found = append(found, one)
		}
	}
	return found
}

// toldOf lists whom a notice about a change went to at an instant.
func (s *monitored) toldOf(number, kind string, at time.Time) (to []string) {
	s.t.Helper()
	require.NoError(s.t, s.Rows(s.t).NewRaw(`SELECT DISTINCT jsonb_array_elements_text(o.recipients) FROM outbox o JOIN records r ON r.id = o.record_id
		WHERE r.number = ? AND o.kind = ? AND o.created_at = ?`, number, kind, at).Scan(s.t.Context(), &to))
	return to
}

// payload is what Alertmanager really sent (domain/alert/testdata).
func (s *monitored) payload(name string) []byte {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(kit.Root(s.t), "domain", "alert", "testdata", name))
	require.NoError(s.t, err)
	return text
}

// others are so many alerts like the real one, told together: each of a name of its own.
func (s *monitored) others(count int, instance, status string) []byte {
	s.t.Helper()
	var told object
	require.NoError(s.t, json.Unmarshal(s.payload("alertmanager-v3-bigint-groupkey-firing.json"), &told))
	real, err := json.Marshal(told["alerts"].([]any)[0])
	require.NoError(s.t, err)
	alerts := make([]object, count)
	for i := range alerts {
		require.NoError(s.t, json.Unmarshal(real, &alerts[i]))
		labels := alerts[i]["labels"].(object)
		labels["alertname"], labels["instance"], alerts[i]["status"] = fmt.Sprintf("something_%d", i), instance, status
	}
	told["alerts"] = alerts
	text, err := json.Marshal(told)
	require.NoError(s.t, err)
	return text
}

// tell sends a payload to the intake and answers what became of its alerts.
func (s *monitored) tell(payload []byte) object {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL+s.intake, bytes.NewReader(payload))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	require.Equal(s.t, http.StatusAccepted, answer.StatusCode)
	var taken object
	require.NoError(s.t, json.NewDecoder(answer.Body).Decode(&taken))
	return taken
}

func (s *monitored) lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
