package activities_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// follow applies an AutomationRules document.
func (d *desk) follow(name, rules string) {
	d.t.Helper()
	text := []byte(`{"practice": "incident", "rules": ` + rules + `}`)
	require.Empty(d.t, policyfile.Check(policy.Document{Kind: automation.Kind, Name: name, Spec: text}))
	d.db.Apply(d.t, automation.Kind+"/"+name, json.RawMessage(text))
}

// said is the newest event of a type, with its data.
func (d *desk) said(record, kind string) (domain.StoredEvent, map[string]any) {
	d.t.Helper()
	events := d.events(record)
	at := slices.IndexFunc(events, func(e domain.StoredEvent) bool { return e.Type == kind })
	require.GreaterOrEqual(d.t, at, 0, "%s is not among %v", kind, d.types(record))
	var data map[string]any
	require.NoError(d.t, json.Unmarshal(events[at].Data, &data))
	return events[at], data
}

func TestARuleFollowsWhatHappens(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.follow("desk", `[
		{"name": "vip", "on": ["incident.logged"], "when": "record.requester == 'rita' && record.priority == 3", "then": [
			{"raise_priority": 1}, {"add_tags": ["vip"]}, {"assign": {"team": "network", "person": "cy"}}, {"add_watcher": "bo"},
			{"note": "Rita is at a customer's."}, {"notify": ["team_lead"]}]},
		{"name": "others", "on": ["incident.logged"], "when": "record.requester != 'rita'", "then": [{"add_tags": ["others"]}]}]`)
	id := d.log(body{"tags": []string{"mail"}})
	found := d.incident(id)
	require.Equal(t, []any{2, true, "network", "cy"}, []any{found.Priority, found.PriorityOverridden, found.Team, found.Assignee})
	require.Equal(t, []string{"mail", "post", "vip"}, found.Tags)
	require.Equal(t, []string{
		"incident.logged", "incident.automated", "note.added", "incident.priority_overridden", "incident.edited", "incident.assigned",
	}, d.types(id))
	require.Equal(t, 1, d.count("watchers", "record_id = ? AND person = 'bo'", id))
	ran, data := d.said(id, "incident.automated")
	require.Equal(t, domain.Actor{Kind: domain.ActorPolicy, Name: "automation"}, ran.Actor)
	require.Equal(t, "rule vip of desk, version 1: record.requester == 'rita' && record.priority == 3", ran.Reason)
	require.Equal(t, []any{"desk", float64(1), "vip", "incident.logged"}, []any{data["policy"], data["version"], data["rule"], data["on"]})
	require.Contains(t, data["actions"], "raise the priority by 1")
	done, data := d.said(id, "incident.assigned")
	require.Equal(t, ran.Actor, done.Actor)
	require.Equal(t, []any{"desk/vip"}, data["chain"])
	require.Equal(t, 1, d.count("outbox", "kind = 'incident.automated' AND record_id = ?", id))
	require.Equal(t, int64(1), found.Version, "one decision, one commit")
	require.Nil(t, found.RespondedAt, "no machine responds")
	d.sound()

	d.follow("desk", `[]`)
	require.Equal(t, []string{"incident.logged"}, d.types(d.log()), "the newest version holds at once")
}

func TestChainsOfRulesEnd(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.follow("loop", `[
		{"name": "there", "on": ["incident.logged", "incident.assigned"], "when": "record.team != 'network'", "then": [{"assign": {"team": "network"}}]},
		{"name": "back", "on": ["incident.assigned"], "when": "record.team == 'network'", "then": [{"assign": {"team": "messaging"}}]}]`)
	id := d.log()
	require.Equal(t, []string{
		"incident.logged", "incident.automated", "incident.assigned", "incident.automated", "incident.assigned", "incident.automation_held",
	}, d.types(id))
	held, data := d.said(id, "incident.automation_held")
	require.Equal(t, "rule loop/there is not run again: it began this chain", held.Reason)
	require.Equal(t, []any{"loop/there", "loop/back"}, data["chain"])
	require.Equal(t, "messaging", d.incident(id).Team)
}

func TestARuleThatFailsAndAnActionThatIsRefusedHoldNobodyUp(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.follow("odd", `[
		{"name": "first-tag", "on": ["incident.logged"], "when": "record.tags[7] == 'x'", "then": [{"add_tags": ["seventh"]}]},
		{"name": "gone", "on": ["incident.logged"], "then": [{"assign": {"team": "nobody"}}, {"add_tags": ["seen"]}]}]`)
	id := d.log()
	require.Equal(t, []string{"incident.logged", "incident.automation_failed", "incident.automated", "incident.automation_refused", "incident.edited"}, d.types(id))
	failed, data := d.said(id, "incident.automation_failed")
	require.Equal(t, "first-tag", data["rule"])
	require.Contains(t, failed.Reason, "index out of bounds")
	refused, data := d.said(id, "incident.automation_refused")
	require.Equal(t, "assign to nobody", data["action"])
	require.Contains(t, refused.Reason, "team is not known or not active")
	require.Contains(t, d.incident(id).Tags, "seen")
	d.sound()
}

func TestRulesFollowTimersAndPages(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.steps("major", `{"steps": [{"wait": "5m", "to": ["person:bo"]}], "fallback": ["person:ana"]}`)
	d.agree("gold", `{"applies_to": "true", "targets": {"resolution": {"3": "1h"}}}`)
	d.follow("promises", `[
		{"name": "broken", "on": ["incident.clock_breached"], "when": "event.metric == 'resolution' && actor.kind == 'timer'", "then": [{"escalate": "major"}]},
		{"name": "told", "on": ["incident.paged"], "then": [{"note": "Somebody is being called."}]}]`)
	id := d.log()
	d.clock.Set("2026-11-30T10:00:00Z")
	d.tick(id)
	types := d.types(id)
	require.Contains(t, types, "incident.paged")
	require.Contains(t, types, "note.added")
	_, data := d.said(id, "note.added")
	require.Equal(t, []any{"promises/broken", "promises/told"}, data["chain"])
	var sent struct {
		Chain []string `json:"chain"`
	}
	var text string
	require.NoError(t, d.worker.NewRaw("SELECT command::text FROM messages WHERE source_id = ?", id).Scan(t.Context(), &text))
	require.NoError(t, json.Unmarshal([]byte(text), &sent))
	require.Equal(t, []string{"promises/broken"}, sent.Chain, "other records are told what led to it")
	d.relay()
	require.Len(t, d.pages(), 1)
	d.sound()
}

func TestRulesFollowNotes(t *testing.T) {
	t.Parallel()
	d := setup(t)
	d.follow("notes", `[{"name": "urgent", "on": ["note.added"], "when": "event.text.contains('urgent') && event.public && actor.name == 'rita'", "then": [{"raise_priority": 1}]}]`)
	id := d.log()
	d.post(incident.VerbNoted, id, body{"note": 2, "text": "It is urgent", "by": "rita", "internal": true})
	d.relay()
	require.Equal(t, 3, d.incident(id).Priority)
	d.post(incident.VerbNoted, id, body{"note": 3, "text": "It is urgent", "by": "rita"})
	d.relay()
	require.Equal(t, 2, d.incident(id).Priority)
}
