package activities_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// runs writes configuration items, each "handle" or "handle: service shared exclusive", and relations, each "from type to".
func (b board) runs(items []string, relations ...string) {
	b.t.Helper()
	at := store.Instant("2026-01-01T00:00:00Z")
	list := make([]configuration.Item, len(items))
	for i, text := range items {
		handle, says, _ := strings.Cut(text, ": ")
		words := strings.Fields(says)
		one := configuration.Item{Handle: handle, Version: 1, ValidFrom: at, ChangedBy: "ana", Content: configuration.Content{
			Class: "server", Shared: slices.Contains(words, "shared"), Exclusive: slices.Contains(words, "exclusive"),
		}}
		if len(words) > 0 && words[0] != "shared" && words[0] != "exclusive" {
			one.Service = words[0]
		}
		list[i] = one
	}
	edges := make([]configuration.Relation, len(relations))
	for i, text := range relations {
		words := strings.Fields(text)
		edges[i] = configuration.Relation{From: words[0], Type: words[1], To: words[2], ValidFrom: at, MadeBy: "ana"}
	}
	tx, err := b.db.App(b.t).BeginTx(b.t.Context(), nil)
	require.NoError(b.t, err)
	require.NoError(b.t, schemas.LockConfiguration(b.t.Context(), tx))
	require.NoError(b.t, schemas.AddItems(b.t.Context(), tx, list))
	require.NoError(b.t, schemas.AddRelations(b.t.Context(), tx, edges))
	require.NoError(b.t, tx.Commit())
}

// conflicts are those of a change, each "level kind other item".
func (b board) conflicts(record string) []string {
	b.t.Helper()
	list := []string{}
	for _, one := range b.change(record).Conflicts {
		list = append(list, strings.TrimSpace(string(one.Level)+" "+one.Kind+" "+one.Other+" "+one.Item))
	}
	return list
}

// submitted is a change of some items that eli does not carry out, in the window of all others.
func (b board) submitted(assignee string, items ...string) change.Change {
	b.t.Helper()
	id := b.draft(body{"configuration_items": items, "assignee": assignee})
	b.do(b.by("dee", domain.RoleAgent), "submit", id, nil)
	return b.change(id)
}

// scheduled is a change of some items that all voted for.
func (b board) scheduled(more body) change.Change {
	b.t.Helper()
	id := b.asked(more)
	for _, name := range []string{"ana", "bo", "fay", "sec", "mona"} {
		b.vote(name, id, nil)
	}
	require.Equal(b.t, change.Scheduled, b.change(id).State)
	return b.change(id)
}

// A change is told of others as far as failures go along relations: what hangs on its items, and what they hang on; not of those that
// share a need with it, and of nothing through what is shared.
func TestConflictsGoAlongRelations(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.runs([]string{"host", "vm1", "vm2", "db", "app: mail", "web", "dns: shared", "rack"},
		"vm1 runs_on host", "vm2 runs_on host", "db runs_on vm1", "app depends_on db", "web uses app", "host part_of rack",
		"host uses dns", "vm2 uses dns", "web uses dns")
	host := b.submitted("eli", "host")
	require.Empty(t, host.Conflicts)

	number := host.Number
	for item, want := range map[string][]string{
		"vm1":  {"warning neighbour " + number + " vm1"},
		"rack": {"warning neighbour " + number + " rack"},
		"db":   {"info neighbour " + number + " db"},
		"app":  {"info neighbour " + number + " app"},
		"web":  {}, // four relations away, but for those through what is shared
		"dns":  {},
	} {
		one := b.submitted("fred", item)
		require.Equal(t, want, b.conflicts(one.ID), item)
		b.do(b.by("dee", domain.RoleAgent), "cancel", one.ID, body{"reason": "only to see"})
		b.deliver()
	}
	// The conflict stands at both ends, and goes from both.
	vm1 := b.submitted("fred", "vm1")
	b.deliver()
	other := b.submitted("bo", "vm2")
	require.Equal(t, []string{"warning neighbour " + number + " vm2"}, b.conflicts(other.ID), "machines on one host do not hang on each other")
	dns := b.submitted("ana", "dns")
	again := b.submitted("fred", "dns")
	require.Contains(t, b.conflicts(again.ID), "warning item "+dns.Number+" dns", "the shared item itself is one change's and another's")
	require.NotEmpty(t, vm1.Number)
	b.sound()
}

func TestAnExclusiveItemIsOneChangesAlone(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.runs([]string{"core: exclusive", "mx1"})
	first := b.scheduled(body{"configuration_items": []string{"core"}})
	second := b.submitted("fred", "core")
	require.Equal(t, []string{"blocking exclusive " + first.Number + " core"}, b.conflicts(second.ID))
	require.Contains(t, second.Conflicts[0].Why, "only one change at a time may touch core")
	_, err := b.db.Superuser(t).NewRaw(`UPDATE change_items SET reserves = true WHERE change_id = ?`, second.ID).Exec(t.Context())
	require.ErrorContains(t, err, "change_items_reserved", "the database itself lets none by")
	b.sound()
}

func TestHandlesStandForItemsOnceThereAreAny(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	before := b.draft(body{"configuration_items": []string{"whatever"}})
	b.runs([]string{"mx1"})
	content := body{"title": "Move it", "service": "mail", "configuration_items": []string{"mx1", "mx9"}}
	result, err := b.give(b.by("dee", domain.RoleAgent), "draft", "", content)
	require.NoError(t, err)
	require.Equal(t, "body.configuration_items", result.Refusal.Fields[0].Location)
	require.Equal(t, "mx9", result.Refusal.Fields[0].Value)
	b.do(b.by("dee", domain.RoleAgent), "edit", before, body{"title": "What was there before stays"})
}

// A change counts with the services that hang on its items, whether or not it names them.
func TestWhatHangsOnTheItemsCounts(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	require.NoError(t, schemas.SaveService(t.Context(), b.db.App(t), schemas.ServiceRow{Name: "pay", Title: "Payments", Owner: "cy", Criticality: "critical", Team: "network"}))
	b.runs([]string{"host", "vm1", "till: pay"}, "vm1 runs_on host", "till runs_on vm1")
	one := b.scheduled(body{"configuration_items": []string{"host"}})
	require.Contains(t, one.Risk.Calculator[0].Why, "critical")

	p2 := b.log(body{"service": "pay", "team": "network", "impact": "high", "urgency": "medium"})
	b.relay()
	require.Equal(t, []string{"warning incident " + b.incident(p2).Number}, b.conflicts(one.ID))
	b.apply(agent, "change_priority", p2, body{"impact": "high", "urgency": "high", "reason": "worse"})
	b.relay()
	require.Equal(t, []string{"blocking incident " + b.incident(p2).Number}, b.conflicts(one.ID))
	b.apply(agent, "edit", p2, body{"service": "wifi"})
	b.relay()
	require.Empty(t, b.conflicts(one.ID))
	b.apply(agent, "edit", p2, body{"service": "pay"})
	b.relay()
	require.Len(t, b.conflicts(one.ID), 1)
	b.apply(agent, "resolve", p2, body{"code": "fixed", "notes": "all is well"})
	b.relay()
	require.Empty(t, b.conflicts(one.ID))

	messages := b.count("messages", "record_id = ?", one.ID)
	b.log(body{"service": "pay", "team": "network"})
	require.Equal(t, messages, b.count("messages", "record_id = ?", one.ID), "an incident of lower priority stirs nobody")
	b.sound()
}

// TestTheFourthStoryIsHeldAtItsStart is the beginning of story 4 of the lifecycles, on real rows.
func TestTheFourthStoryIsHeldAtItsStart(t *testing.T) {
	t.Parallel()
	b := settleBoard(t)
	b.clock.Set("2026-11-26T09:00:00Z") // in good time before the window
	id := b.scheduled(body{
		"auto_start": true, "window_from": store.Instant("2026-12-05T21:00:00Z"), "window_to": store.Instant("2026-12-06T01:00:00Z"),
	}).ID

	b.clock.Set("2026-12-05T20:59:30Z")
	p1 := b.incident(b.log(body{"impact": "high", "urgency": "high", "assignee": "bo"}))
	require.Equal(t, 1, p1.Priority)
	// The relay is slow: the window opens before the message comes, and the start looks for itself.
	b.clock.Set("2026-12-05T21:00:00Z")
	command := b.command(domain.Actor{Kind: domain.ActorTimer, Name: domain.Tick}, domain.Tick, id, nil)
	command.Name, command.Practice = "change."+domain.Tick, change.Practice
	result, err := b.Apply(t.Context(), command)
	require.NoError(t, err)
	require.Equal(t, domain.Applied, result.Outcome)
	held := b.change(id)
	require.Equal(t, change.Scheduled, held.State)
	require.Equal(t, store.Instant("2026-12-05T21:00:00Z"), *held.HeldSince)
	require.Equal(t, []string{"blocking incident " + p1.Number}, b.conflicts(id))
	var told []string
	require.NoError(t, b.worker.NewRaw(`SELECT DISTINCT jsonb_array_elements_text(recipients) FROM outbox WHERE record_id = ? AND kind = 'change.blocked' ORDER BY 1`, id).Scan(t.Context(), &told))
	require.Subset(t, told, []string{"person:bo", "person:dee"}, "both owners are told")
	b.deliver()

	b.clock.Set("2026-12-05T21:20:00Z")
	b.do(b.by("mona", domain.RoleChangeManager), "override_conflict", id, body{"conflict": held.Conflicts[0].ID, "reason": "it mends the cause"})
	started := b.change(id)
	require.Equal(t, change.Implementing, started.State)
	require.Equal(t, 20*time.Minute, started.ActualStart.Sub(*started.WindowFrom))
	b.sound()
}
