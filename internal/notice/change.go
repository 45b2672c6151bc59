package notice

import (
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

const changePractice = change.Practice

// decision are the facts of notices about changes and the votes about them; moments are in the zone of whom it is for.
type decision struct {
	Stage, Verdict, Outcome, Incident, Fields string
	// InPlaceOf is whose vote a delegate is asked for; empty: their own.
	InPlaceOf                 string
	Due, WindowFrom, WindowTo string
}

func decisionOf(told domain.Told, zone string) decision {
	when := func(name string) string { return momentIn(told, name, zone) }
	return decision{
		Stage: told.Word("stage"), Verdict: told.Word("verdict"), Outcome: strings.ReplaceAll(told.Word("outcome"), "_", " "),
		Incident: told.Word("incident"), Fields: words(told.Data["fields"]), InPlaceOf: told.Word("for"), Due: when("due_at"), WindowFrom: when("window_from"),
		WindowTo: when("window_to"),
	}
}

// momentIn tells an instant that a notice holds, in somebody's zone; empty where it is not about such a time.
func momentIn(told domain.Told, name, zone string) string {
	at, err := time.Parse(time.RFC3339Nano, told.Word(name))
	if err != nil {
		return ""
	}
	return moment(at, zone)
}

// words names the fields of a list as people read them.
func words(list any) string {
	fields, _ := list.([]any) // what is no list names none
	named := []string{}
	for _, field := range fields {
		if name, is := field.(string); is {
			named = append(named, strings.ReplaceAll(name, "_", " "))
		}
	}
	return strings.Join(named, ", ")
}
