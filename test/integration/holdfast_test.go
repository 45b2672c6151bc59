// Package integration tests a whole Holdfast, started as a user starts it, through its API and its command line. Every
// answer is checked against the OpenAPI that the server publishes.
package integration

import (
	"testing"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// TestHoldfast runs every test on one system side by side: each works on records of its own, as its users do.
func TestHoldfast(t *testing.T) {
	t.Parallel()
	s := kit.Up(t)
	theLastAdministrator(t, s)
	for name, test := range map[string]func(*testing.T, *kit.Stack){
		"an incident from log to close":             fromLogToClose,
		"an incident resolved while it is logged":   resolvedAtFirstContact,
		"every hold ends as its reason says":        holds,
		"a reply resumes, reopens or follows":       replies,
		"merged incidents follow their parent":      merging,
		"an edit keeps what it does not name":       editing,
		"the same key does a thing once":            idempotency,
		"a queued command is decided":               queued,
		"a stale version is refused":                preconditions,
		"bulk answers for each record":              bulk,
		"refusals say what is allowed":              refusals,
		"bad input is told precisely":               badInput,
		"lists page by key and filter":              lists,
		"notes, watchers and attachments":           annotations,
		"work, waiting and search":                  work,
		"events arrive live, in order":              events,
		"policies have versions":                    policies,
		"accounts, grants and tokens":               accounts,
		"what somebody may not, the API refuses":    permissions,
		"restricted records stay hidden":            restricted,
		"every surface keeps the object rules":      objectRules,
		"only administrators of all govern":         governance,
		"tokens are bound to their makers":          tokens,
		"requesters speak for themselves":           requesters,
		"commands reach what may be read":           unseen,
		"hostile input is told what it is":          hostileInput,
		"a broken promise calls somebody":           aBrokenPromiseCalls,
		"a pause is counted":                        aPauseIsCounted,
		"a service pages for its priorities":        aServicePages,
		"rules follow what happens":                 rulesFollow,
		"a board decides a change":                  theThirdStory,
		"votes decide, and nobody left does not":    votesDecide,
		"a delegate is asked, and votes by a link":  delegatesAreAsked,
		"a restricted change stays with its people": aRestrictedChange,
		"a cadence calls meetings":                  aCadenceCalls,
		"health and figures":                        health,
		"the command line does the same":            commandLine,
		"a model needs a second person":             modelsNeedASecondPerson,
		"messages pass by a fault of one record":    messagesPastAFault,
		"messages pass by a stuck process":          messagesPastAStuckProcess,
		"messages reach ended records as asked":     messagesToTheEnded,
		"a canceled process leaves its record":      canceledProcess,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

type object = map[string]any

// log logs an incident as somebody and answers it.
func log(api *kit.API, title string, more object) object {
	body := object{"title": title, "impact": "medium", "urgency": "medium"}
	for key, value := range more {
		body[key] = value
	}
	return api.Insist("/incidents", body).Is(201).Map()
}

// give gives a command to a record, expects it to be applied, and answers the record.
func give(api *kit.API, record object, verb string, body object) object {
	return api.Insist("/incidents/"+record["number"].(string)+"/"+verb, body).Is(200).Map()
}

// read reads a record again.
func read(api *kit.API, record object) object {
	return api.Get("/incidents/" + record["number"].(string)).Is(200).Map()
}

// happened lists the types of a record's events.
func happened(api *kit.API, record object) []string {
	var types []string
	for _, event := range items(api.Get("/incidents/" + record["number"].(string) + "/timeline?limit=200").Is(200)) {
		types = append(types, event["type"].(string))
	}
	return types
}

// items are the items of a list.
func items(answer *kit.Answer) []object {
	var list []object
	for _, item := range answer.Map()["items"].([]any) {
		list = append(list, item.(object))
	}
	return list
}
