package activities_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// watched is a board whose service mail is monitored.
type watched struct {
	board
	app *app.App
	key app.IntakeKey
}

func settleMonitoring(t *testing.T) watched {
	t.Helper()
	w := watched{board: settleBoard(t)}
	w.app = app.New(app.Dependencies{DB: w.db.App(t), Clock: w.clock, Transient: pg.Transient, Log: slog.New(slog.DiscardHandler)})
	ctx := app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
	made, err := w.app.MakeIntakeKey(ctx, app.IntakeKeyBody{Service: "mail", Name: "prometheus"})
	require.NoError(t, err)
	w.key, err = w.app.FindIntake(t.Context(), made.Secret)
	require.NoError(t, err)
	return w
}

// tell is a payload of the generic form that is taken.
func (w watched) tell(alerts ...string) app.Taken {
	w.t.Helper()
	taken, err := w.app.TakeAlerts(w.t.Context(), w.key, "generic", []byte("["+strings.Join(alerts, ",")+"]"))
	require.NoError(w.t, err)
	return taken
}

func firing(key, item string) string {
	return fmt.Sprintf(`{"key": %q, "status": "firing", "title": "%s is in trouble", "severity": "critical", "configuration_item": %q}`, key, key, item)
}

func over(key string) string {
	return fmt.Sprintf(`{"key": %q, "status": "resolved", "title": "%s is fine"}`, key, key)
}

// opened are the incidents that alerts opened, by state, in the order of their numbers.
func (w watched) opened() []string {
	w.t.Helper()
	states := []string{}
	require.NoError(w.t, w.worker.NewRaw(`SELECT state FROM records WHERE practice = 'incident' AND channel = 'monitoring' ORDER BY number`).Scan(w.t.Context(), &states))
	return states
}

// about is the incident that the newest occurrence of an alert is about.
func (w watched) about(key string) incident.Incident {
	w.t.Helper()
	var id string
	require.NoError(w.t, w.worker.NewRaw(`SELECT incident_id::text FROM alerts WHERE key = ? ORDER BY first_at DESC LIMIT 1`, key).Scan(w.t.Context(), &id))
	return w.incident(id)
}

func TestAnAlertIsOneIncidentHoweverOftenItIsTold(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, w.tell(firing("disk", "mx1")))
	require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")), "also while its incident waits to be logged")
	w.relay()
	for range 3 {
		require.Equal(t, app.Taken{Received: 1, Counted: 1}, w.tell(firing("disk", "mx1")))
	}
	w.relay()
	one := w.about("disk")
	require.Equal(t, []any{incident.New, "mail", 1, "monitoring", "Monitoring", ""}, []any{one.State, one.Service, one.Priority, one.Channel, one.OpenedBy, one.Requester})
	require.Equal(t, []string{"mx1"}, one.ConfigurationItems)
	require.Equal(t, []string{"new"}, w.opened())
	require.Equal(t, 1, w.count("alerts", "times = 5 AND firing"))
	w.sound()
}

func TestWhatRecoversBeforeAnybodyLookedIsOver(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.tell(firing("disk", "mx1"), firing("cpu", "mx1"))
	w.relay()
	w.apply(agent, "start", w.about("cpu").ID, nil)
	w.clock.Advance(time.Minute)
	require.Equal(t, app.Taken{Received: 3, Stopped: 2, Ignored: 1}, w.tell(over("disk"), over("cpu"), over("memory")))
	w.relay()
	disk, cpu := w.about("disk"), w.about("cpu")
	require.Equal(t, []any{incident.Resolved, incident.CodeRecovered}, []any{disk.State, disk.Resolution.Code})
	require.Equal(t, incident.InProgress, cpu.State, "somebody works on it")
	require.Contains(t, w.types(cpu.ID), "incident.alert_ended")

	w.clock.Advance(time.Minute)
	require.Equal(t, app.Taken{Received: 2, Again: 2}, w.tell(firing("disk", "mx1"), firing("cpu", "mx1")))
	w.relay()
	again := w.about("disk")
	require.Equal(t, []any{disk.ID, incident.New, 1}, []any{again.ID, again.State, again.ReopenCount})
	require.Equal(t, []any{cpu.ID, incident.InProgress}, []any{w.about("cpu").ID, w.about("cpu").State})
	w.clock.Advance(time.Minute)
	w.tell(over("disk"))
	w.relay()
	require.Equal(t, incident.Resolved, w.about("disk").State, "it may end with its alert once more")
	w.sound()
}

// With every worker away, what is told waits in its order: one incident, and it ends as it was told.
func TestNothingIsLostWhileNobodyDecides(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	for _, one := range []string{firing("disk", "mx1"), over("disk"), firing("disk", "mx1"), over("disk"), firing("disk", "mx1"), over("disk")} {
		w.clock.Advance(time.Second)
		w.tell(one)
	}
	require.Empty(t, w.opened())
	w.relay()
	require.Equal(t, []string{"resolved"}, w.opened())
	require.Equal(t, 2, w.about("disk").ReopenCount)
	require.Equal(t, 3, w.count("alerts", "NOT firing"))
	w.sound()
}

func TestARepeatAfterTheCloseFollows(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.tell(firing("disk", "mx1"))
	w.relay()
	first := w.about("disk")
	end := func(id string) {
		w.apply(agent, "resolve", id, body{"code": "fixed", "notes": "Cleaned up."})
		w.apply(agent, "close", id, nil)
		w.tell(over("disk"))
		w.deliver()
		w.clock.Advance(time.Minute)
	}
	end(first.ID)
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, w.tell(firing("disk", "mx1")))
	w.relay()
	second := w.about("disk")
	require.NotEqual(t, first.ID, second.ID)
	require.Equal(t, 1, w.count("links", "from_id = ? AND type = 'follows' AND to_id = ?", second.ID, first.ID))
	end(second.ID)
	w.clock.Advance(8 * 24 * time.Hour) // more than five working days
	w.tell(firing("disk", "mx1"))
	w.relay()
	third := w.about("disk")
	require.NotEqual(t, second.ID, third.ID)
	require.Zero(t, w.count("links", "from_id = ?", third.ID), "that is another matter")
	w.sound()
}

// An alert names a host with its port, surest first: what is taken for its item is the name that is one.
func TestAnAlertIsAboutTheItemThatIsKnown(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	admin := app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
	_, err := w.app.SaveItem(admin, "mx1", app.ItemBody{Content: configuration.Content{Class: "server"}})
	require.NoError(t, err)
	w.tell(firing("disk", "mx1:9100"), firing("cpu", "mx9:9100"))
	w.relay()
	require.Equal(t, []string{"mx1"}, w.about("disk").ConfigurationItems)
	require.Equal(t, []string{"mx9:9100"}, w.about("cpu").ConfigurationItems, "nothing of that name is known")
	w.sound()
}

func TestAStormInOneRequest(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	storm := make([]string, 200)
	for i := range storm {
		storm[i] = firing(fmt.Sprintf("node-%03d", i), "mx1")
	}
	require.Equal(t, app.Taken{Received: 200, Opened: 200}, w.tell(storm...))
	require.Equal(t, app.Taken{Received: 200, Counted: 200}, w.tell(storm...), "the same payload twice")
	require.Equal(t, app.Taken{Received: 2, Counted: 1, Ignored: 1}, w.tell(storm[7], storm[7]))
	require.Equal(t, 200, w.deliver())
	require.Len(t, w.opened(), 200)
	require.Equal(t, 200, w.count("alerts", "firing"))
	w.sound()
}

func TestThePayloadsOfAlertmanager(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	send := func(name string) app.Taken {
		text, err := os.ReadFile(filepath.Join("..", "domain", "alert", "testdata", name))
		require.NoError(t, err)
		taken, err := w.app.TakeAlerts(t.Context(), w.key, "alertmanager", text)
		require.NoError(t, err)
		w.relay()
		w.clock.Advance(time.Second)
		return taken
	}
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, send("alertmanager-v4-firing.json"))
	require.Equal(t, app.Taken{Received: 3, Opened: 3}, send("alertmanager-v4-group-of-many.json"))
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, send("alertmanager-v3-bigint-groupkey-firing.json"))
	require.Equal(t, app.Taken{Received: 1, Stopped: 1}, send("alertmanager-v3-bigint-groupkey-resolved.json"))
	require.Equal(t, []string{"new", "new", "new", "new", "resolved"}, w.opened())
	for _, text := range []string{`{"Type": "SubscriptionConfirmation", "SubscribeURL": "https://example.com"}`, `{`, `[]`} {
		for _, source := range []string{"generic", "alertmanager"} {
			taken, err := w.app.TakeAlerts(t.Context(), w.key, source, []byte(text))
			require.True(t, err != nil || taken == app.Taken{}, text)
		}
	}
	_, err := w.app.TakeAlerts(t.Context(), w.key, "pigeon", []byte(`{}`))
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(err))
	require.Equal(t, 5, w.count("alerts", "true"))
	w.sound()
}

// carriedOut is a change of mx1 and mx2 that eli began at 21:00, in a window until 01:00.
func (w watched) carriedOut() string {
	w.t.Helper()
	id := w.asked(body{"configuration_items": []string{"mx1", "mx2"}, "tasks": []body{{"title": "Move"}}})
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		w.vote(name, id, nil)
	}
	w.clock.Set("2026-12-18T21:00:00Z")
	w.do(w.by("eli", domain.RoleAgent), "start", id, nil)
	w.do(w.by("eli", domain.RoleAgent), "complete_task", id, body{"task": "t1"})
	return id
}

func (b board) rings(id string) {
	b.t.Helper()
	command := b.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil)
	command.Name, command.Practice = "change."+domain.Tick, change.Practice
	_, err := b.Apply(b.t.Context(), command)
	require.NoError(b.t, err)
}

// TestTheAlertsOfTheFourthStory: twelve alerts on what the change works on open nothing, one on a neighbour does; what still fires ten
// minutes after the end opens one incident, proposed as caused by the change.
func TestTheAlertsOfTheFourthStory(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	id := w.carriedOut()
	twelve := []string{}
	for i := range 12 {
		twelve = append(twelve, firing(fmt.Sprintf("a%02d", i), []string{"mx1", "mx2"}[i%2]))
	}
	w.clock.Set("2026-12-18T21:30:00Z")
	require.Equal(t, app.Taken{Received: 12, Held: 12}, w.tell(twelve...))
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, w.tell(firing("neighbour", "mx3")))
	w.relay()
	require.Equal(t, []string{"new"}, w.opened())

	w.clock.Set("2026-12-18T22:20:00Z")
	w.do(w.by("eli", domain.RoleAgent), "complete", id, body{"outcome": "successful"})
	for i := 1; i < 12; i++ {
		w.tell(over(fmt.Sprintf("a%02d", i)))
	}
	w.relay()
	w.clock.Set("2026-12-18T22:29:59Z")
	w.rings(id)
	w.tell(twelve[0])
	w.relay()
	require.Len(t, w.opened(), 1, "it has until 22:30 to become quiet")
	w.clock.Set("2026-12-18T22:30:00Z")
	w.rings(id)
	w.relay()
	require.Equal(t, []string{"new", "new"}, w.opened())
	caused := w.about("a00")
	require.Equal(t, []string{"mx1"}, caused.ConfigurationItems)
	found := w.change(id)
	require.Len(t, found.Causes, 1)
	require.Equal(t, []string{caused.ID, caused.Number, "mail", ""}, []string{found.Causes[0].Incident, found.Causes[0].Number, found.Causes[0].Service, found.Causes[0].Verdict})
	require.Nil(t, found.SettleAt)
	w.rings(id)
	w.relay()
	require.Len(t, w.opened(), 2, "once")

	w.tell(over("a00"))
	w.relay()
	require.Equal(t, incident.Resolved, w.about("a00").State)
	view, err := w.app.Change(app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}}}), id)
	require.NoError(t, err)
	require.Len(t, view.Alerts, 12)
	w.sound()
}

// A change that does not end holds alerts until two hours after its window, and settles ten minutes later.
func TestAChangeThatDoesNotEndLetsGo(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	id := w.carriedOut()
	w.clock.Set("2026-12-19T02:59:59Z")
	w.rings(id)
	require.Equal(t, app.Taken{Received: 1, Held: 1}, w.tell(firing("late", "mx1")))
	w.clock.Set("2026-12-19T03:00:00Z")
	require.Equal(t, app.Taken{Received: 1, Opened: 1}, w.tell(firing("later", "mx1")))
	w.relay()
	w.clock.Set("2026-12-19T03:10:00Z")
	w.rings(id)
	w.relay()
	require.Equal(t, []string{"new", "new"}, w.opened())
	require.Equal(t, change.Implementing, w.change(id).State)
	w.sound()
}

// Whatever an incident that names a touched item comes from, it is proposed as caused by the change for 72 hours.
func TestIncidentsOnWhatAChangeTouchedAreProposed(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	id := w.carriedOut()
	w.log(body{"configuration_items": []string{"mx2"}}) // before the end
	w.clock.Set("2026-12-18T22:00:00Z")
	w.do(w.by("eli", domain.RoleAgent), "back_out", id, body{"notes": "it did not work"})
	w.log(body{"configuration_items": []string{"other"}})
	w.log()
	named := w.log(body{"configuration_items": []string{"other", "mx2"}})
	w.clock.Set("2026-12-21T22:00:00Z")
	w.log(body{"configuration_items": []string{"mx2"}})
	w.deliver()
	causes := w.change(id).Causes
	require.Len(t, causes, 1)
	require.Equal(t, named, causes[0].Incident)
	w.sound()
}

func TestTheWorkerDecidesAboutAlertsNothingButTheirIncident(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.tell(firing("disk", "mx1"))
	for _, statement := range []string{`UPDATE alerts SET firing = false`, `DELETE FROM alerts`, `SELECT * FROM intake_keys`} {
		_, err := w.worker.NewRaw(statement).Exec(t.Context())
		require.ErrorContains(t, err, "permission denied", statement)
	}
	_, err := w.db.App(t).NewRaw(`DELETE FROM alerts`).Exec(t.Context())
	require.ErrorContains(t, err, "permission denied")
}
