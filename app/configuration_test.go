package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// imports writes items and relations, each as a line of a table.
func (d *desk) imports(items, relations []string) configuration.Report {
	d.t.Helper()
	report, err := d.ImportConfiguration(d.as("cy", all(domain.RoleConfigurationManager)), app.ImportBody{Sources: []configuration.Source{
		{Name: "items.csv", Format: configuration.CSV, Text: "handle,class,service,shared\n" + strings.Join(items, "\n")},
		{Name: "relations.csv", Format: configuration.CSV, Text: "from,type,to\n" + strings.Join(relations, "\n")},
	}})
	require.NoError(d.t, err)
	require.Empty(d.t, report.Faults)
	return report
}

func TestAnItemIsARowOfVersions(t *testing.T) {
	t.Parallel()
	d := setup(t)
	keeper := d.as("cy", all(domain.RoleConfigurationManager))
	none := 0
	first, err := d.SaveItem(keeper, "mx1", app.ItemBody{Content: configuration.Content{Class: "server", Service: "mail"}, Base: &none, Reason: "bought"})
	require.NoError(t, err)
	require.Equal(t, 1, first.Version)
	again, err := d.SaveItem(keeper, "mx1", app.ItemBody{Content: configuration.Content{Class: "server", Service: "mail"}})
	require.NoError(t, err)
	require.Equal(t, 1, again.Version, "the same again is no version")
	second, err := d.SaveItem(keeper, "mx1", app.ItemBody{Content: configuration.Content{Class: "server", Service: "mail", Attributes: json.RawMessage(`{"rack":"A1"}`)}})
	require.NoError(t, err)
	require.True(t, second.ValidFrom.After(first.ValidFrom), "even in the same instant")
	_, err = d.SaveItem(keeper, "mx1", app.ItemBody{Content: configuration.Content{Class: "database"}, Base: &first.Version})
	require.Equal(t, domain.CodeConflict, domain.CodeOf(err), "somebody changed it meanwhile")
	_, err = d.SaveItem(keeper, "mx1", app.ItemBody{Content: configuration.Content{Class: "toaster", Service: "gone"}})
	require.Len(t, domain.AsError(err).Fields, 2)

	d.clock.Advance(time.Hour)
	lived := d.clock.Now()
	d.clock.Advance(time.Hour)
	ended, err := d.EndItem(keeper, "mx1", "sold")
	require.NoError(t, err)
	require.Equal(t, []any{"cy", "sold"}, []any{ended.EndedBy, ended.EndReason})
	_, err = d.EndItem(keeper, "mx1", "")
	require.Equal(t, domain.CodeConflict, domain.CodeOf(err))
	page, err := d.ConfigurationItems(keeper, app.ItemQuery{})
	require.NoError(t, err)
	require.Empty(t, page.Items)
	then, err := d.ConfigurationItems(keeper, app.ItemQuery{At: &lived})
	require.NoError(t, err)
	require.Len(t, then.Items, 1, "what was true is told of any instant")
	d.clock.Advance(time.Hour)
	third, err := d.SaveItem(keeper, "mx1", app.ItemBody{Content: configuration.Content{Class: "database"}})
	require.NoError(t, err)
	require.Equal(t, 3, third.Version)
	versions, err := d.ItemVersions(keeper, "mx1")
	require.NoError(t, err)
	require.Equal(t, []int{3, 2, 1}, []int{versions[0].Version, versions[1].Version, versions[2].Version})
	require.Equal(t, *versions[2].ValidTo, versions[1].ValidFrom, "one version follows the other")
	for _, statement := range []string{`DELETE FROM configuration_items`, `UPDATE configuration_items SET title = 'another'`, `DELETE FROM configuration_relations`} {
		_, err := d.base.App(t).NewRaw(statement).Exec(t.Context())
		require.ErrorContains(t, err, "permission denied", statement)
	}
}

func TestWhoeverKeepsATeamsItemsKeepsOnlyThose(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.imports([]string{"mx1,server,mail,", "sw1,network,,"}, nil)
	keeper := d.as("bo", ofTeam(domain.RoleConfigurationManager, "messaging"), ofService(domain.RoleConfigurationManager, "mail"))
	_, err := d.SaveItem(keeper, "mx2", app.ItemBody{Content: configuration.Content{Class: "server", OwnerTeam: "messaging"}})
	require.NoError(t, err)
	require.NoError(t, d.Relate(keeper, "mx2", app.RelationBody{Type: "connected_to", To: "sw1"}))
	_, err = d.SaveItem(keeper, "mx2", app.ItemBody{Content: configuration.Content{Class: "server", OwnerTeam: "network"}})
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err), "nor gives it away")
	_, err = d.EndItem(keeper, "sw1", "")
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err))
	_, err = d.ImportConfiguration(keeper, app.ImportBody{Sources: []configuration.Source{{Name: "x", Format: configuration.CSV, Text: "handle,class\n"}}})
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err))
	_, err = d.SaveItem(d.as("ana", all(domain.RoleAgent)), "mx3", app.ItemBody{Content: configuration.Content{Class: "server"}})
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err))
	require.Contains(t, d.audited(), "bo configuration.end forbidden: sw1")
	_, err = d.ConfigurationItems(d.as("rita"), app.ItemQuery{})
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err), "what is run is for staff")
}

func TestAnImpactGoesTheShortestWayAndNotThroughWhatIsShared(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.imports([]string{"host,server,,", "vm,virtual_machine,,", "db,database,,", "app,application,mail,", "dns,server,wifi,yes", "far,application,wifi,"},
		[]string{"vm,runs_on,host", "db,runs_on,vm", "app,depends_on,db", "app,uses,vm", "dns,runs_on,host", "far,uses,dns"})
	agent := d.as("ana", all(domain.RoleAgent))
	tell := func(query app.ImpactQuery) (reached, services []string) {
		found, err := d.Impact(agent, query)
		require.NoError(t, err)
		for _, one := range found.Reached {
			reached = append(reached, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", one.Depth, one.Handle, one.Type, one.Via)))
		}
		for _, one := range found.Services {
			services = append(services, one.Name+" "+one.Criticality)
		}
		return reached, services
	}
	reached, services := tell(app.ImpactQuery{Items: []string{"host"}})
	require.Equal(t, []string{"0 host", "1 dns runs_on host", "1 vm runs_on host", "2 app uses vm", "2 db runs_on vm"}, reached)
	require.Equal(t, []string{"wifi low", "mail high"}, services)
	reached, _ = tell(app.ImpactQuery{Items: []string{"host"}, Depth: 1})
	require.Len(t, reached, 3)
	reached, _ = tell(app.ImpactQuery{Items: []string{"dns"}})
	require.Equal(t, []string{"0 dns"}, reached)
	reached, _ = tell(app.ImpactQuery{Items: []string{"dns"}, Through: true})
	require.Equal(t, []string{"0 dns", "1 far uses dns"}, reached)

	before := d.clock.Now()
	d.clock.Advance(time.Hour)
	require.NoError(t, d.EndRelation(d.as("cy", all(domain.RoleConfigurationManager)), "vm", app.RelationBody{Type: "runs_on", To: "host"}))
	reached, _ = tell(app.ImpactQuery{Items: []string{"host"}})
	require.Equal(t, []string{"0 host", "1 dns runs_on host"}, reached)
	reached, _ = tell(app.ImpactQuery{Items: []string{"host"}, At: &before})
	require.Len(t, reached, 5, "as it was")
	_, err := d.Impact(agent, app.ImpactQuery{Items: []string{"nothing"}})
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(err))
}

func TestAnImportIsAllOrNothing(t *testing.T) {
	t.Parallel()
	d := setup(t)
	keeper := d.as("cy", all(domain.RoleConfigurationManager))
	text := configuration.Source{Name: "estate.json", Format: configuration.JSON, Text: `{"items": [{"handle": "mx1", "class": "server"}, {"handle": "mx2", "class": "server"}],
		"relations": [{"from": "mx1", "type": "uses", "to": "mx2"}]}`}
	dry, err := d.ImportConfiguration(keeper, app.ImportBody{Sources: []configuration.Source{text}, DryRun: true})
	require.NoError(t, err)
	require.Equal(t, []any{true, 2, 1}, []any{dry.DryRun, dry.Items.Created, dry.Relations.Created})
	broken := configuration.Source{Name: "more.csv", Format: configuration.CSV, Text: "handle,class\nmx3,server\nmx4,toaster\n"}
	refused, err := d.ImportConfiguration(keeper, app.ImportBody{Sources: []configuration.Source{text, broken}})
	require.NoError(t, err)
	require.Equal(t, configuration.Place{Source: "more.csv", Line: 3}, refused.Faults[0].Place)
	page, err := d.ConfigurationItems(keeper, app.ItemQuery{})
	require.NoError(t, err)
	require.Empty(t, page.Items)

	for _, want := range []int{2, 0} {
		done, err := d.ImportConfiguration(keeper, app.ImportBody{Sources: []configuration.Source{text}})
		require.NoError(t, err)
		require.Equal(t, want, done.Items.Created)
	}
	view, err := d.ConfigurationItem(keeper, "mx2", nil)
	require.NoError(t, err)
	require.Equal(t, 1, view.Version)
	require.Equal(t, "mx1", view.RelationsTo[0].From)
}

// scheduledChange writes a change that is scheduled, touches an item and looks when it is told to.
func (d *desk) scheduledChange(number, item string) string {
	d.t.Helper()
	id := domain.NewID(number)
	from := store.Instant("2026-12-10T20:00:00Z")
	to, now := from.Add(time.Hour), d.clock.Now()
	record := change.Change{Record: domain.Record{
		ID: id, Practice: change.Practice, Number: number, State: change.Scheduled, Version: 1, Title: "Change " + item, Tags: []string{},
		ConfigurationItems: []string{item}, OpenedBy: "ana", Priority: 3, Policies: map[string]int{}, Open: true, Active: true,
		OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now,
	}, Details: change.Details{Type: change.Normal, WindowFrom: &from, WindowTo: &to, SubmittedAt: &now, Services: []string{}}}
	into := schemas.NewPassage(d.worker, id, now)
	into.Change(change.Change{}, record, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return id
}

// stirred counts the messages that a record was left, each by what it is from.
func (d *desk) stirred(record string) (from []string) {
	d.t.Helper()
	require.NoError(d.t, d.worker.NewRaw(`SELECT command -> 'actor' ->> 'name' FROM messages WHERE record_id = ? AND command ->> 'name' = 'change.conflicts_changed' ORDER BY position`,
		record).Scan(d.t.Context(), &from))
	return from
}

func TestChangesNearByLookAgain(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.imports([]string{"a,server,,", "b,server,,", "c,server,,", "d,server,,", "e,server,,", "far,server,,"}, []string{"a,uses,b", "b,uses,c", "c,uses,d", "d,uses,e"})
	near, away := d.scheduledChange("CHG-000901", "a"), d.scheduledChange("CHG-000902", "far")
	keeper := d.as("cy", all(domain.RoleConfigurationManager))
	require.NoError(t, d.Relate(keeper, "e", app.RelationBody{Type: "uses", To: "b"}))
	require.Len(t, d.stirred(near), 1)
	require.NoError(t, d.Relate(keeper, "e", app.RelationBody{Type: "uses", To: "b"}))
	require.Len(t, d.stirred(near), 1, "nothing was changed")
	d.clock.Advance(time.Second)
	_, err := d.EndItem(keeper, "b", "sold")
	require.NoError(t, err)
	require.Len(t, d.stirred(near), 2, "what hung together through it does no longer")
	d.imports([]string{"a,database,,"}, nil)
	require.Len(t, d.stirred(near), 3)
	require.Empty(t, d.stirred(away))

	_, err = d.ApplyPolicy(d.as("ana", all(domain.RoleAdmin)), policy.Document{Kind: policy.KindFreezeWindow, Name: "year-end", Spec: json.RawMessage(
		`{"title": "Year end", "from": "2026-12-20T00:00:00+01:00", "to": "2027-01-04T00:00:00+01:00"}`)})
	require.NoError(t, err)
	require.Contains(t, d.stirred(away), "FreezeWindow/year-end")
	require.Contains(t, d.stirred(near), "FreezeWindow/year-end")
}
