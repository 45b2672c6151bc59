package notice

import (
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// onCall are the facts of notices about turns: of a schedule, who is on call in whose place, or who swaps with whom, and when,
// in the zone of whom it is for.
type onCall struct {
	Schedule, Person, Replaces, With, Reason string
	From, To, TakesFrom, TakesTo             string
	swap                                     bool
}

func onCallOf(told domain.Told, zone string) onCall {
	when := func(name string) string {
		at, err := time.Parse(time.RFC3339Nano, told.Word(name))
		if err != nil {
			return "" // it is not about such a time
		}
		return moment(at, zone)
	}
	return onCall{
		Schedule: told.Word("schedule"), Person: told.Word("person"), Replaces: told.Word("replaces"), With: told.Word("with"),
		Reason: oneLine(told.Word("reason")), From: when("from"), To: when("to"), TakesFrom: when("takes_from"), TakesTo: when("takes_to"),
		swap: strings.HasPrefix(told.Kind, "account.swap_"),
	}
}

// path is the page that tells more: a swap is answered on the page of all schedules.
func (o onCall) path() string {
	if o.swap {
		return "/on-call"
	}
	return "/on-call/" + o.Schedule
}
