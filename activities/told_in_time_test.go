package activities_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

const yearEnd = `{"title": "Year end", "from": "2026-12-18T00:00:00Z", "to": "2026-12-20T00:00:00Z"}`

// holding keeps a table from being written to, until it is let go.
func (b board) holding(table string) (release func()) {
	b.t.Helper()
	held, err := b.db.Superuser(b.t).BeginTx(b.t.Context(), nil)
	require.NoError(b.t, err)
	_, err = held.NewRaw(`LOCK TABLE ? IN SHARE MODE`, bun.Ident(table)).Exec(b.t.Context())
	require.NoError(b.t, err)
	return func() { require.NoError(b.t, held.Rollback()) }
}

// run gives something to the database beside all else, and waits until it is done or waits for a kind of lock itself.
func (b board) run(kind string, act func() error) (done <-chan error) {
	b.t.Helper()
	ended := make(chan error, 1)
	go func() {
		err := act()
		ended <- err
		close(ended)
	}()
	super := b.db.Superuser(b.t)
	require.Eventually(b.t, func() bool {
		var waiting int
		err := super.NewRaw(`SELECT count(*) FROM pg_locks WHERE locktype = ? AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, kind).Scan(b.t.Context(), &waiting)
		return err == nil && waiting > 0 || len(ended) > 0
	}, time.Minute, 10*time.Millisecond)
	return ended
}

// asking lets dee submit a draft.
func (b board) asking(id string) func() error {
	command := b.command(b.by("dee", domain.RoleAgent), "submit", id, nil)
	command.Name, command.Practice = "change.submit", "change"
	return func() error {
		result, err := b.Apply(b.t.Context(), command)
		if err == nil && result.Refusal != nil {
			return result.Refusal
		}
		return err
	}
}

// What changes around a change between its look and its own commit finds it: it waits until what is stored can be read.
func TestWhatChangesBehindALookIsTold(t *testing.T) {
	t.Parallel()
	for _, scene := range []struct {
		name string
		want string
		fact func(w watched, ctx context.Context) error
	}{
		{"a freeze", "blocking freeze year-end", func(w watched, _ context.Context) error {
			o := w.office()
			_, err := o.ApplyPolicy(o.ctx, policy.Document{Kind: policy.KindFreezeWindow, Name: "year-end", Spec: json.RawMessage(yearEnd)})
			return err
		}},
		{"an urgent incident", "blocking incident INC-000001", func(w watched, _ context.Context) error {
			_, err := w.Apply(w.t.Context(), w.command(agent, "log", "", body{"title": "Mail is out", "impact": "high", "urgency": "high", "service": "mail"}))
			return err
		}},
		{"a relation of items", "warning neighbour CHG-000001 mx1", func(w watched, ctx context.Context) error {
			return w.app.Relate(ctx, "mx1", app.RelationBody{Type: "depends_on", To: "db"})
		}},
		{"an item that becomes exclusive", "blocking exclusive CHG-000002 vault", func(w watched, _ context.Context) error {
			return w.exclusive("vault", true)
		}},
	} {
		t.Run(scene.name, func(t *testing.T) {
			t.Parallel()
			w := settleMonitoring(t)
			w.runs([]string{"mx1", "db", "vault"})
			keeper := app.WithPrincipal(t.Context(), app.Principal{Handle: "pia", Grants: []app.Grant{{Role: domain.RoleConfigurationManager, ScopeKind: "all"}}})
			w.asked(body{"configuration_items": []string{"db"}, "assignee": ""})
			w.scheduled(body{"configuration_items": []string{"vault"}})
			w.deliver()
			id := w.draft(body{"configuration_items": []string{"mx1", "vault"}})

			release := w.holding("interests")
			asked := w.run("relation", w.asking(id))
			changed := w.run("advisory", func() error { return scene.fact(w, keeper) })
			release()
			require.NoError(t, <-asked)
			require.NoError(t, <-changed)
			require.NotContains(t, w.conflicts(id), scene.want, "it looked before")
			w.deliver()
			require.Contains(t, w.conflicts(id), scene.want)
			w.sound()
		})
	}
}

// A look waits for what is being changed, and sees it.
func TestALookWaitsForWhatIsChanging(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	id := b.draft(nil)
	freezing, err := b.db.App(t).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, schemas.AddPolicy(t.Context(), freezing, schemas.PolicyRow{
		Kind: policy.KindFreezeWindow, Name: "year-end", Version: 1, Spec: yearEnd, Author: "ana", CreatedAt: store.Instant(monday),
	}))
	interested, err := schemas.InterestedInWindows(t.Context(), freezing)
	require.NoError(t, err)
	require.Empty(t, interested)
	release := b.holding("outbox") // which the incident writes after it has looked whom it concerns
	broken := b.run("relation", func() error {
		_, err := b.Apply(t.Context(), b.command(agent, "log", "", body{"title": "Mail is out", "impact": "high", "urgency": "high", "service": "mail", "team": "messaging"}))
		return err
	})
	asked := b.run("advisory", b.asking(id))
	require.NoError(t, freezing.Commit())
	release()
	require.NoError(t, <-broken)
	require.NoError(t, <-asked)
	require.Contains(t, b.conflicts(id), "blocking freeze year-end")
	require.Contains(t, b.conflicts(id), "blocking incident INC-000001")
	require.Zero(t, b.count("messages", "record_id = ?", id), "nobody has to tell it")
	b.sound()
}

// However looks and facts meet, nobody waits for each other for good, and afterwards every change knows all that surrounds it.
func TestLooksAndFactsAtOnceMissNothing(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.runs([]string{"mx1", "db", "vault", "web: mail"}, "mx1 runs_on vault")
	keeper := app.WithPrincipal(t.Context(), app.Principal{Handle: "pia", Grants: []app.Grant{{Role: domain.RoleConfigurationManager, ScopeKind: "all"}}})
	o := w.office()
	bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(bounded)
	apply := func(command domain.Command) {
		group.Go(func() error {
			_, err := w.Apply(ctx, command) // a deadlock would come back as an error to be retried
			return err
		})
	}
	changes := make([]string, 6)
	for i := range changes { // each in a window of its own
		from := store.Instant("2026-12-18T01:00:00Z").Add(time.Duration(i) * 5 * time.Hour)
		changes[i] = w.draft(body{
			"configuration_items": []string{[]string{"mx1", "db", "web"}[i%3]}, "assignee": "", "window_from": from, "window_to": from.Add(time.Hour),
		})
	}
	for i, id := range changes {
		command := w.command(w.by("dee", domain.RoleAgent), "submit", id, nil)
		command.Name, command.Practice = "change.submit", change.Practice
		apply(command)
		apply(w.command(agent, "log", "", body{"title": "Out", "impact": "high", "urgency": "high", "service": []string{"mail", "vpn"}[i%2]}))
	}
	for _, name := range []string{"year-end", "audit"} {
		group.Go(func() error {
			_, err := o.ApplyPolicy(o.ctx, policy.Document{Kind: policy.KindFreezeWindow, Name: name, Spec: json.RawMessage(yearEnd)})
			return err
		})
	}
	group.Go(func() error { return w.app.Relate(keeper, "db", app.RelationBody{Type: "depends_on", To: "mx1"}) })
	group.Go(func() error { return w.exclusive("vault", true) })
	group.Go(func() error { return w.exclusive("db", true) })
	require.NoError(t, group.Wait())
	w.deliver()
	for _, id := range changes {
		told := w.conflicts(id)
		require.Contains(t, told, "blocking freeze year-end")
		require.Contains(t, told, "blocking freeze audit")
		w.do(machine, "conflicts_changed", id, nil)
		require.Equal(t, told, w.conflicts(id), "looking once more finds nothing new")
	}
	w.sound()
}
