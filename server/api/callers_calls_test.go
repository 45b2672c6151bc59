package api_test

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"
)

// call is how an operation is asked: what its path names beside the change, what follows, and the body.
type call struct {
	fill  func(w *world, restricted bool) map[string]string
	query string
	body  func(w *world, caller string, named map[string]string) any
}

// calls are by the rows' names: operations, with a variant after a slash. What stands here would be applied, for somebody who may.
var calls = map[string]call{
	"list-change-windows": {query: "?from=2026-11-30T00:00:00Z&to=2026-12-30T00:00:00Z"},

	"draft-change":      says(body{"title": "Another", "team": "messaging"}),
	"from-model-change": says(body{"model": "restart", "configuration_items": []string{"mx1"}, "team": "messaging"}),
	"bulk-changes":      says(body{"ids": []string{"CHG-000001"}, "command": "close"}),

	"edit-change":                 says(body{"description": "More about it"}),
	"submit-change":               says(body{"expedited": true, "reason": "test"}),
	"assess-change":               says(body{}),
	"peer-review-change":          says(body{}),
	"cast-vote-change":            {body: ballot},
	"close-voting-change":         says(body{"stage": "board"}),
	"request-info-change":         says(body{"stage": "board", "text": "Why?"}),
	"answer-info-change":          says(body{"text": "Because"}),
	"defer-change":                says(body{"stage": "board", "until": "2026-12-18T10:00:00Z", "reason": "away"}),
	"ask-others-change":           says(body{"stage": "board", "people": []string{"pru"}, "reason": "away"}),
	"break-glass-change":          says(body{"reason": "it burns"}),
	"revise-change":               says(body{}),
	"schedule-change":             says(body{"window_from": "2026-12-11T20:00:00Z", "window_to": "2026-12-11T22:00:00Z"}),
	"start-change":                says(body{}),
	"start-task-change":           says(body{"task": "t1"}),
	"complete-task-change":        says(body{"task": "t1"}),
	"complete-change":             says(body{"outcome": "failed", "notes": "It fell"}),
	"back-out-change":             says(body{"notes": "It fell"}),
	"extend-change":               says(body{"until": "2026-12-01T12:00:00Z", "reason": "slow"}),
	"override-conflict-change":    says(body{"conflict": "none", "reason": "known"}),
	"record-retrospective-change": says(body{"actual_start": "2026-11-30T08:00:00Z", "actual_end": "2026-11-30T08:30:00Z", "outcome": "successful", "notes": "Closed it"}),
	"decide-cause-change":         says(body{"incident": "INC-000002", "caused": true}),
	"review-change":               says(body{"findings": "Nothing"}),
	"close-change":                says(body{}),
	"withdraw-change":             says(body{}),
	"cancel-change":               says(body{"reason": "enough"}),
	"link-change": {body: func(w *world, _ string, _ map[string]string) any {
		return body{"type": "fixed_by", "to": w.others["incident"]}
	}},
	"unlink-change": {body: func(w *world, _ string, _ map[string]string) any {
		return body{"type": "follows", "to": w.others["incident"]}
	}},

	"add-change-note":          says(body{"body": "Seen"}),
	"add-change-note/internal": says(body{"body": "Seen", "internal": true}),
	"add-change-attachment":    {query: "?name=a.txt", body: func(*world, string, map[string]string) any { return []byte("x") }},
	"read-change-attachment":   {fill: func(w *world, restricted bool) map[string]string { return one("attachment", w.files[restricted]) }},
	"remove-change-attachment": {fill: func(w *world, restricted bool) map[string]string { return one("attachment", w.attached(restricted)) }},
	"watch-change/me":          names("person", "me"),
	"watch-change/another":     names("person", "ron"),
	"unwatch-change/me":        names("person", "me"),
	"unwatch-change/another":   names("person", "ron"),

	"read-change-model-record": names("name", "restart"),
	"read-team-change-record":  names("name", "messaging"),
	"add-delegation":           says(body{"delegate": "vic", "from": "2027-06-01T00:00:00Z", "until": "2027-06-02T00:00:00Z"}),
	"end-delegation":           {fill: func(w *world, _ bool) map[string]string { return one("id", w.delegation()) }},
	"make-change-feed":         says(body{}),
	"revoke-change-feed":       {fill: func(w *world, _ bool) map[string]string { return one("id", w.made("aud", "/change-feeds", body{})) }},
	"make-intake-key":          says(body{"service": "mail", "name": "probes"}),
	"make-intake-key/another":  says(body{"service": "wifi", "name": "probes"}),
	"revoke-intake-key": {fill: func(w *world, _ bool) map[string]string {
		return one("id", w.made("root", "/intake-keys", body{"service": "mail", "name": "p" + w.next()}))
	}},

	"read-configuration-item":          names("handle", "mx1"),
	"list-configuration-item-versions": names("handle", "mx1"),
	"list-configuration-relations":     names("handle", "mx1"),
	"read-configuration-impact":        {query: "?item=mx1"},
	"save-configuration-item":          {fill: names("handle", "mx1").fill, body: says(body{"class": "server"}).body},
	"end-configuration-item":           {fill: func(w *world, _ bool) map[string]string { return one("handle", w.item()) }, body: says(body{"reason": "sold"}).body},
	"relate-configuration-item":        {fill: names("handle", "mx1").fill, body: says(body{"type": "depends_on", "to": "mx2"}).body},
	"end-configuration-relation": {fill: func(w *world, _ bool) map[string]string {
		handle := w.item()
		told := w.ask("root", "POST", "/configuration-items/"+handle+"/relations", body{"type": "depends_on", "to": "mx2"})
		require.Equal(w.t, 204, told.status, "%s", told.body)
		return one("handle", handle)
	}, body: says(body{"type": "depends_on", "to": "mx2"}).body},
	"import-configuration": says(body{"dry_run": true, "sources": []body{{"name": "a.json", "format": "json", "text": `{"items":[{"handle":"mx9","class":"server"}]}`}}}),

	"read-cab-meeting":          {fill: meets("held")},
	"read-cab-meeting-timeline": {fill: meets("held")},
	"read-cab-meeting-paper":    {fill: meets("held")},
	"read-cab-agenda":           {fill: meets("held")},
	"read-cab-minutes":          {fill: meets("held")},
	"plan-cab-meeting":          says(body{"title": "Another", "board": body{"role": "cab_member"}, "at": "2026-12-21T14:00:00Z", "cut_off": "1h"}),
	"add-item-cab-meeting":      {fill: meets("planned"), body: func(w *world, _ string, _ map[string]string) any { return body{"change": w.changes["voting"].Number} }},
	"remove-item-cab-meeting": {fill: meets("planned"), body: func(w *world, _ string, _ map[string]string) any {
		return body{"change": w.changes["scheduled"].Number}
	}},
	"fix-agenda-cab-meeting": {fill: meets("planned"), body: says(body{}).body},
	"hold-cab-meeting":       {fill: meets("fixed"), body: says(body{}).body},
	"cancel-cab-meeting":     {fill: meets("planned"), body: says(body{"reason": "away"}).body},
	"reschedule-cab-meeting": {fill: meets("planned"), body: says(body{"at": "2026-12-22T14:00:00Z", "reason": "away"}).body},
	"note-cab-meeting":       {fill: meets("held"), body: says(body{"text": "Seen"}).body},
	"close-cab-meeting":      {fill: meets("held"), body: says(body{}).body},

	"decide-policy-proposal":       {fill: func(w *world, _ bool) map[string]string { return one("id", w.proposed("boss")) }, body: decision},
	"decide-policy-proposal/own":   {fill: func(w *world, _ bool) map[string]string { return one("id", w.proposed("root")) }, body: decision},
	"withdraw-policy-proposal":     {fill: func(w *world, _ bool) map[string]string { return one("id", w.proposed("boss")) }},
	"withdraw-policy-proposal/own": {fill: func(w *world, _ bool) map[string]string { return one("id", w.proposed("root")) }},
	"read-policy-proposal":         {fill: func(w *world, _ bool) map[string]string { return one("id", w.proposed("boss")) }},
}

func says(content body) call {
	return call{body: func(*world, string, map[string]string) any { return content }}
}

func names(name, value string) call {
	return call{fill: func(*world, bool) map[string]string { return one(name, value) }}
}

func one(name, value string) map[string]string { return map[string]string{name: value} }

func meets(which string) func(*world, bool) map[string]string {
	return func(w *world, _ bool) map[string]string { return one("id", w.others[which]) }
}

// ballot is a vote on what the change is; hal's is in val's place.
func ballot(w *world, caller string, named map[string]string) any {
	vote := body{"vote": "approve", "hashes": w.read(named["id"]).Approval.Hashes}
	if caller == "hal" {
		vote["for"] = "val"
	}
	return vote
}

// decision approves a proposal as it is.
func decision(w *world, _ string, named map[string]string) any {
	var found struct{ Hash string }
	require.NoError(w.t, json.Unmarshal(w.ask("boss", "GET", "/policy-proposals/"+named["id"], nil).body, &found))
	return body{"vote": "approve", "hash": found.Hash}
}

func (w *world) next() string { return strconv.FormatInt(w.serial.Add(1), 10) }

// made is the id of something that somebody makes.
func (w *world) made(by, path string, content any) string {
	w.t.Helper()
	told := w.ask(by, "POST", path, content)
	require.Equal(w.t, 201, told.status, "%s: %s", path, told.body)
	return told.id()
}

// delegation is one of val's to hal, for a time that is nobody else's.
func (w *world) delegation() string {
	from := time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC).Add(time.Duration(w.serial.Add(1)) * time.Hour)
	return w.made("val", "/delegations", body{"delegate": "hal", "from": from, "until": from.Add(time.Minute)})
}

// item is a configuration item that nobody knows yet.
func (w *world) item() string {
	handle := "old" + w.next()
	told := w.ask("root", "PUT", "/configuration-items/"+handle, body{"class": "server"})
	require.Equal(w.t, 200, told.status, "%s", told.body)
	return handle
}

// proposed is an edit of a model that waits for a second person.
func (w *world) proposed(by string) string {
	w.t.Helper()
	name := "m" + w.next()
	told := w.ask(by, "PUT", "/policies/ChangeModel/"+name, body{"spec": body{"title": name, "type": "normal"}, "reason": "test"})
	require.Equal(w.t, 202, told.status, "%s", told.body)
	var held struct{ Proposal string }
	require.NoError(w.t, json.Unmarshal(told.body, &held))
	return held.Proposal
}

// id is that of what an answer tells.
func (a told) id() string {
	var made struct{ ID string }
	if json.Unmarshal(a.body, &made) != nil {
		return ""
	}
	return made.ID
}
