package activities_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// known writes items with their titles and attributes.
func (w watched) known(items map[string]configuration.Content) {
	w.t.Helper()
	keeper := app.WithPrincipal(w.t.Context(), app.Principal{Handle: "pia", Grants: []app.Grant{{Role: domain.RoleConfigurationManager, ScopeKind: "all"}}})
	for handle, content := range items {
		content.Class = "server"
		_, err := w.app.SaveItem(keeper, handle, app.ItemBody{Content: content})
		require.NoError(w.t, err)
	}
}

// An item is found by its handle in any case, its title and its aliases; a name that several have stands for none of them.
func TestAnAlertFindsItsItemByEveryNameOfIt(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.known(map[string]configuration.Content{
		"mx1": {Title: "Mail relay", Attributes: json.RawMessage(`{"aliases": ["mx1.example.com", "10.0.0.7"]}`)},
		"mx2": {Title: "Mail relay two", Attributes: json.RawMessage(`{"aliases": "mx2.example.com; relay-2,both"}`)},
		"mx3": {Attributes: json.RawMessage(`{"aliases": "both"}`)},
		"MX4": {}, "mx4": {},
	})
	found := func(name string) string {
		var item *string
		require.NoError(t, w.db.App(t).NewRaw(`SELECT item_named(?)`, name).Scan(t.Context(), &item))
		if item == nil {
			return ""
		}
		return *item
	}
	for name, item := range map[string]string{
		"mx1": "mx1", "MX1": "mx1", "mail RELAY": "mx1", "MX1.example.com": "mx1", "10.0.0.7": "mx1", "relay-2": "mx2", "mx2.example.com": "mx2",
		"both": "", "MX4": "MX4", "mx4": "mx4", "Mx4": "", "mx": "", "": "", "nothing": "",
	} {
		require.Equal(t, item, found(name), name)
	}
	w.tell(firing("port", "MX1.example.com:9100"), firing("several", "both"), firing("unknown", "mx9:9100"))
	w.relay()
	require.Equal(t, []string{"mx1"}, w.about("port").ConfigurationItems, "under the handle that everybody knows it by")
	require.Equal(t, []string{"both"}, w.about("several").ConfigurationItems)
	require.Equal(t, []string{"mx9:9100"}, w.about("unknown").ConfigurationItems)

	admin := app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
	_, err := w.app.EndItem(admin, "mx3", "")
	require.NoError(t, err)
	require.Equal(t, "mx2", found("both"), "what has ended has no name")
}

// A change holds what is told about its items, whatever they are called; neither what hangs on them nor what they hang on.
func TestAChangeHoldsAlertsByEveryNameOfItsItems(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.known(map[string]configuration.Content{
		"mx1": {Attributes: json.RawMessage(`{"aliases": "store.example.com"}`)}, "mx2": {}, "app": {}, "host": {},
	})
	admin := app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}})
	require.NoError(t, w.app.Relate(admin, "app", app.RelationBody{Type: "depends_on", To: "mx1"}))
	require.NoError(t, w.app.Relate(admin, "mx1", app.RelationBody{Type: "runs_on", To: "host"}))
	w.carriedOut()
	w.clock.Set("2026-12-18T21:30:00Z")
	require.Equal(t, app.Taken{Received: 4, Held: 2, Opened: 2}, w.tell(
		firing("alias", "Store.Example.com:443"), firing("case", "MX2"), firing("above", "app"), firing("below", "host"),
	))
	page, err := w.app.Alerts(admin, app.AlertQuery{Item: "mx1"})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.Equal(t, []any{"alias", true, []string{"Store.Example.com:443", "Store.Example.com"}}, []any{page.Items[0].Key, page.Items[0].Held, page.Items[0].Items})
	held, err := w.app.Alerts(admin, app.AlertQuery{Held: true})
	require.NoError(t, err)
	require.Len(t, held.Items, 2)
}

// Ninety days after it ended an alert is forgotten; not while anything refers to it that goes on, or has ended since.
func TestOldAlertsAreForgotten(t *testing.T) {
	t.Parallel()
	w := settleMonitoring(t)
	w.tell(firing("goes on", "mx9"), firing("open", "mx9"), firing("over", "mx9"))
	w.relay()
	w.apply(agent, "start", w.about("open").ID, nil)
	w.tell(over("open"), over("over"))
	w.relay()
	w.apply(agent, "close", w.about("over").ID, nil)
	left := func(days int) []string {
		require.NoError(t, schemas.ForgetAlerts(t.Context(), w.worker, w.clock.Now().AddDate(0, 0, days)))
		keys := []string{}
		require.NoError(t, w.worker.NewRaw(`SELECT key FROM alerts ORDER BY key`).Scan(t.Context(), &keys))
		return keys
	}
	require.Equal(t, []string{"goes on", "open", "over"}, left(0), "nothing is old yet")
	w.clock.Advance(time.Hour)
	w.tell(firing("over", "mx9")) // nobody has logged what that opens
	w.tell(over("over"))
	require.Equal(t, 4, w.count("alerts", "true"))
	require.Equal(t, []string{"goes on", "open", "over"}, left(1), "the one whose incident is closed is gone, the one that waits is not")
	w.relay()
	require.Equal(t, []string{"goes on", "open", "over"}, left(1), "what it opened is open")
	w.apply(agent, "close", w.about("over").ID, nil)
	require.Equal(t, []string{"goes on", "open"}, left(1))
	_, err := w.db.App(t).NewRaw(`SELECT forget_alerts(now(), 1)`).Exec(t.Context())
	require.ErrorContains(t, err, "permission denied")
	w.sound()
}
