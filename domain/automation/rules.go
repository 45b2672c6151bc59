// Package automation lets rules of an organisation follow what happens to records: on an event, when a condition holds, then some
// commands. rules.go has the document, follow.go says which rules run and why their chains end, feeding.go which can feed each other.
package automation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Kind is that of documents with rules of automation.
const Kind = "AutomationRules"

// Actor is the name by which rules act.
const Actor = "automation"

// Bounds of a document.
const (
	MaxRules   = 100
	MaxEvents  = 20
	MaxActions = 10
	MaxText    = 4 << 10 // bytes of a note
)

// Rules is the content of an AutomationRules document. A document without rules does nothing.
type Rules struct {
	// Practice is whose records they follow: incident.
	Practice string `json:"practice"`
	// Rules are asked in order, and all of them: unlike in AssignmentRules, one that runs does not keep the next from running.
	Rules []Rule `json:"rules"`
}

// Rule says what is done when something has happened.
type Rule struct {
	Name string `json:"name"`
	// On are the types of events that it follows: "incident.logged".
	On []string `json:"on"`
	// When is a condition (CEL over record, event and actor); left out: always.
	When string   `json:"when,omitempty"`
	Then []Action `json:"then"`
}

// Action is one thing to do; exactly one of its fields is set.
type Action struct {
	Assign *Assign `json:"assign,omitempty"`
	// AddTags and RemoveTags change the tags, Set the other fields of content.
	AddTags    []string          `json:"add_tags,omitempty"`
	RemoveTags []string          `json:"remove_tags,omitempty"`
	Set        map[string]string `json:"set,omitempty"`
	// RaisePriority raises the priority by so many steps, up to the highest.
	RaisePriority int `json:"raise_priority,omitempty"`
	// ChangePriority rates the record anew by the matrix.
	ChangePriority *Rating `json:"change_priority,omitempty"`
	// Escalate names an EscalationPolicy whose steps call, Page people who are called at once.
	Escalate string   `json:"escalate,omitempty"`
	Page     []string `json:"page,omitempty"`
	// AddWatcher is somebody who is told of the record from now on.
	AddWatcher string `json:"add_watcher,omitempty"`
	// Note is an internal note.
	Note string `json:"note,omitempty"`
	// Notify are roles (assignee, team, team_lead, requester, service_owner, watchers) or people ("person:ana").
	Notify []string `json:"notify,omitempty"`
}

// Assign gives a record to a team, a person or both.
type Assign struct {
	Team   string `json:"team,omitempty"`
	Person string `json:"person,omitempty"`
}

// Rating is an impact and an urgency; what is left out stays.
type Rating struct {
	Impact  string `json:"impact,omitempty"`
	Urgency string `json:"urgency,omitempty"`
}

// Settable are the fields that an action can set.
var Settable = []string{"category", "channel", "environment", "location", "service"}

var roles = []string{"assignee", "team", "team_lead", "requester", "service_owner", "watchers"}

// String says in words what the action does: "assign to network", "add the tags vip, mail".
func (a Action) String() string {
	switch {
	case a.Assign != nil:
		return "assign to " + strings.Join(slices.DeleteFunc([]string{a.Assign.Team, a.Assign.Person}, func(s string) bool { return s == "" }), ", ")
	case len(a.AddTags) > 0:
		return "add the tags " + strings.Join(a.AddTags, ", ")
	case len(a.RemoveTags) > 0:
		return "remove the tags " + strings.Join(a.RemoveTags, ", ")
	case len(a.Set) > 0:
		var parts []string
		for _, field := range Settable {
			if value, said := a.Set[field]; said {
				parts = append(parts, field+" to "+value)
			}
		}
		return "set " + strings.Join(parts, ", ")
	case a.RaisePriority > 0:
		return fmt.Sprintf("raise the priority by %d", a.RaisePriority)
	case a.ChangePriority != nil:
		return "rate anew: impact " + orAsItIs(a.ChangePriority.Impact) + ", urgency " + orAsItIs(a.ChangePriority.Urgency)
	case a.Escalate != "":
		return "escalate by " + a.Escalate
	case len(a.Page) > 0:
		return "page " + strings.Join(a.Page, ", ")
	case a.AddWatcher != "":
		return "add the watcher " + a.AddWatcher
	case a.Note != "":
		return "write an internal note"
	}
	return "notify " + strings.Join(a.Notify, ", ")
}

func orAsItIs(value string) string {
	if value == "" {
		return "as it is"
	}
	return value
}

// Validate answers what is wrong with the rules, but for their conditions, which need a Language. events are those that there are.
// Whether teams, people and policies exist is found out when a rule runs: a name may come into being later.
func (r Rules) Validate(events []string) []policy.Problem {
	f := &findings{}
	f.count("rules", len(r.Rules), 0, MaxRules)
	seen := map[string]bool{}
	for i, rule := range r.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		if !policy.ValidName(rule.Name) {
			f.add(path+".name", "%q is not a name of lower-case letters, digits, dots, underscores and hyphens", rule.Name)
		}
		if seen[rule.Name] {
			f.add(path+".name", "%q stands here a second time", rule.Name)
		}
		seen[rule.Name] = true
		f.count(path+".on", len(rule.On), 1, MaxEvents)
		for j, event := range rule.On {
			if !slices.Contains(events, event) {
				f.add(fmt.Sprintf("%s.on[%d]", path, j), "%q is not an event to follow; there are %s", event, strings.Join(events, ", "))
			}
		}
		f.count(path+".then", len(rule.Then), 1, MaxActions)
		for j, action := range rule.Then {
			f.action(fmt.Sprintf("%s.then[%d]", path, j), action)
		}
	}
	return f.list
}

type findings struct{ list []policy.Problem }

func (f *findings) add(path, format string, args ...any) {
	f.list = append(f.list, policy.Problem{Path: "spec." + path, Message: fmt.Sprintf(format, args...)})
}

func (f *findings) count(path string, have, least, most int) {
	if have < least || have > most {
		f.add(path, "takes %d to %d entries, has %d", least, most, have)
	}
}

func (f *findings) names(path string, names ...string) {
	for _, name := range names {
		if !policy.ValidName(name) {
			f.add(path, "%q is not a name of lower-case letters, digits, dots, underscores and hyphens", name)
		}
	}
}

func (f *findings) words(path string, texts ...string) {
	for _, text := range texts {
		if text == "" || len(text) > policy.MaxWords {
			f.add(path, "takes 1 to %d bytes, has %d", policy.MaxWords, len(text))
		}
	}
}

// action checks that one thing is to be done, and what it is done with.
func (f *findings) action(path string, a Action) {
	given := 0
	for _, is := range []bool{
		a.Assign != nil, a.AddTags != nil, a.RemoveTags != nil, a.Set != nil, a.RaisePriority != 0, a.ChangePriority != nil, a.Escalate != "",
		a.Page != nil, a.AddWatcher != "", a.Note != "", a.Notify != nil,
	} {
		if is {
			given++
		}
	}
	if given != 1 {
		f.add(path, "an entry does one thing, this one does %d; several make a list", given)
		return
	}
	switch {
	case a.Assign != nil:
		f.assign(path+".assign", *a.Assign)
	case a.AddTags != nil:
		f.count(path+".add_tags", len(a.AddTags), 1, policy.MaxTags)
		f.words(path+".add_tags", a.AddTags...)
	case a.RemoveTags != nil:
		f.count(path+".remove_tags", len(a.RemoveTags), 1, policy.MaxTags)
		f.words(path+".remove_tags", a.RemoveTags...)
	case a.Set != nil:
		f.fields(path+".set", a.Set)
	case a.RaisePriority != 0:
		if a.RaisePriority < 1 || a.RaisePriority > policy.LowestPriority-policy.HighestPriority {
			f.add(path+".raise_priority", "takes 1 to %d steps, has %d", policy.LowestPriority-policy.HighestPriority, a.RaisePriority)
		}
	case a.ChangePriority != nil && a.ChangePriority.Impact == "" && a.ChangePriority.Urgency == "":
		f.add(path+".change_priority", "needs an impact or an urgency")
	case a.Escalate != "":
		f.names(path+".escalate", a.Escalate)
	case a.Page != nil:
		f.count(path+".page", len(a.Page), 1, 20)
		f.names(path+".page", a.Page...)
	case a.AddWatcher != "":
		f.names(path+".add_watcher", a.AddWatcher)
	case len(a.Note) > MaxText:
		f.add(path+".note", "takes at most %d bytes, has %d", MaxText, len(a.Note))
	case a.Notify != nil:
		f.notify(path+".notify", a.Notify)
	}
}

func (f *findings) assign(path string, assign Assign) {
	if assign.Team == "" && assign.Person == "" {
		f.add(path, "needs a team, a person or both")
	}
	for _, name := range []string{assign.Team, assign.Person} {
		if name != "" {
			f.names(path, name)
		}
	}
}

func (f *findings) fields(path string, set map[string]string) {
	f.count(path, len(set), 1, len(Settable))
	for _, field := range slices.Sorted(maps.Keys(set)) {
		if !slices.Contains(Settable, field) {
			f.add(path+"."+field, "cannot be set; there are %s", strings.Join(Settable, ", "))
			continue
		}
		f.words(path+"."+field, set[field])
	}
}

func (f *findings) notify(path string, to []string) {
	f.count(path, len(to), 1, 20)
	for i, role := range to {
		name, person := strings.CutPrefix(role, "person:")
		if !slices.Contains(roles, role) && (!person || !policy.ValidName(name)) {
			f.add(fmt.Sprintf("%s[%d]", path, i), "%q is not whom to tell: %s, or person: and a name", role, strings.Join(roles, ", "))
		}
	}
}
