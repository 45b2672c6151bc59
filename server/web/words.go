package web

import (
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// human makes a name of the wire readable: "awaiting_requester" → "Awaiting requester".
func human(name string) string {
	name = strings.NewReplacer("_", " ", "-", " ").Replace(name)
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// wording overrides what would be derived, by field, or by verb and field.
type wording struct{ label, hint string }

var wordings = map[string]wording{
	"justification":              {"Why", "What is gained by it, or what it prevents."},
	"plan":                       {"Plan", "What is done, in which order."},
	"test_plan":                  {"How it is tested", "How one sees that it works."},
	"back_out_plan":              {"How it is taken back", "What is done when it goes wrong."},
	"window_from":                {"Window opens", ""},
	"window_to":                  {"Window ends", ""},
	"auto_start":                 {"Starts by itself as the window opens", ""},
	"exclusive":                  {"Its items to itself", "Nobody else may touch them meanwhile."},
	"services":                   {"Further services", "Handles, parted by commas."},
	"predecessors":               {"Changes that must have ended well before", "Numbers, parted by commas."},
	"expected_outage":            {"What users will notice", ""},
	"security_reason":            {"Security reason", "Why an emergency needs no incident."},
	"draft.title":                {"What is changed", "In one line."},
	"draft.type":                 {"Type", "A standard change is made from its model."},
	"draft.team":                 {"Team", "Left empty, it is the service's."},
	"draft.assignee":             {"Who carries it out", "A member of the team."},
	"from_model.assignee":        {"Who carries it out", "Left empty, it is you."},
	"from_model.title":           {"What is changed", "Left empty, it is the model's."},
	"submit.reason":              {"Reason", "Needed where it is expedited."},
	"outcome":                    {"How it went", ""},
	"complete.notes":             {"What was done", "Needed unless it was successful."},
	"back_out.notes":             {"Why, and what was done", ""},
	"findings":                   {"What is learned from it", ""},
	"caused":                     {"The change caused it", "Left empty: it did not."},
	"stage":                      {"In the stage", ""},
	"defer.meeting":              {"To a meeting", "The stage has time until it is over. The change is put on its agenda."},
	"defer.until":                {"Or until", "A time, where it is to no meeting."},
	"defer.reason":               {"Why", "It stands on the timeline."},
	"ask_others.people":          {"Who else is asked", "Handles, parted by commas. They vote as the others of the stage do."},
	"ask_others.reason":          {"Why they", "It stands on the timeline."},
	"override_conflict.conflict": {"Conflict", "It alone, and until the window or what is done is edited."},
	"override_conflict.reason":   {"Why", "It stands beside the conflict."},
	"break_glass.reason":         {"Why you decide alone", "It is audited, and reviewed by others."},
	"add_item.change":            {"Change", "Its number, such as CHG-000123."},
	"remove_item.change":         {"Change", "Its number, such as CHG-000123."},
	"note.change":                {"About the change", "Its number, of the agenda; left empty, about the meeting itself."},
	"note.text":                  {"What is noted", "It stands in the minutes."},
	"reschedule.at":              {"Begins", ""},
	"reschedule.minutes":         {"Minutes", "How long it lasts; left empty, as before."},
	"extend.until":               {"New end of the window", ""},
	"peer_review.comment":        {"What you found", ""},
	"request_info.text":          {"Your question", "The deadline stands still until it is answered."},
	"answer_info.text":           {"Your answer", ""},
	"actual_start":               {"When it was begun", ""},
	"actual_end":                 {"When it was done", ""},
	"effective_at":               {"When it really happened", "Only if it was earlier than now: up to 24 hours back, with a reason."},
	"configuration_items":        {"Configuration items", "Parted by commas."},
	"tags":                       {"Tags", "Parted by commas."},
	"restricted":                 {"Restricted", "Only named people may read it."},
	"requester":                  {"Requester", "On behalf of whom; left empty, it is you."},
	"edit.requester":             {"Requester", "On behalf of whom."},
	"log.team":                   {"Team", "Left empty, the assignment rules choose."},
	"follows":                    {"Continues", "Number of the closed incident that this one continues."},
	"hold.reason":                {"What it waits for", ""},
	"hold.until":                 {"Until", "The work resumes by itself at that time."},
	"hold.vendor":                {"Vendor", "Needed when a vendor is awaited."},
	"promised_at":                {"Promised for", "You are told when that passes."},
	"code":                       {"How it was resolved", ""},
	"resolution.code":            {"How it was resolved", ""},
	"resolution.notes":           {"What was done", ""},
	"resolve.notes":              {"What was done", "The requester reads this."},
	"breach_cause":               {"Why the promise was broken", "A clock of this incident is breached; the cause goes into reports."},
	"merge_into.incident":        {"Merge into", "Number of the incident that stays, such as INC-000123."},
	"link.to":                    {"Other record", "The number of an incident or a change, such as INC-000123."},
	"unlink.to":                  {"Other record", "The number of an incident or a change, such as INC-000123."},
	"link.type":                  {"This incident …", ""},
	"unlink.type":                {"This incident …", ""},
	"log.title":                  {"What is wrong", "In one line. Similar incidents appear while you type."},
	"description":                {"Description", ""},
	"service":                    {"Service", ""},
	"impact":                     {"Impact", "How much is affected."},
	"urgency":                    {"Urgency", "How soon it matters."},
	"score":                      {"Your score", "1 is bad, 5 is good."},
	"log.channel":                {"Channel", "How it reached the desk: phone, mail, portal, monitoring …"},
	"page.people":                {"Whom to call", "Handles, parted by commas. Or choose a policy instead."},
	"page.policy":                {"Or the steps of a policy", "It calls one after the other until somebody takes care."},
	"page.reason":                {"Why", "What they read first."},
	"snooze.until":               {"Until", "Nobody is called before. At most a week ahead."},
	"add_responder.person":       {"Whom to call", ""},
	"reassign.policy":            {"The steps of", "They begin anew, with the first."},
}

func wordingOf(verb, name string) wording {
	for _, key := range []string{verb + "." + name, name, name[strings.LastIndex(name, ".")+1:]} {
		if found, known := wordings[key]; known {
			return found
		}
	}
	return wording{}
}

func label(verb, name string) string {
	if known := wordingOf(verb, name).label; known != "" {
		return known
	}
	return human(name[strings.LastIndex(name, ".")+1:])
}

// hint explains a field: in our words, else in those of the API's schema.
func hint(verb, name, doc string) string {
	if known := wordingOf(verb, name); known != (wording{}) {
		return known.hint
	}
	return doc
}

// stateTitle is a state as the lifecycle's table calls it.
func stateTitle(state domain.State) string {
	for _, lifecycle := range []*domain.Lifecycle{incident.Lifecycle, change.Lifecycle, meeting.Lifecycle} {
		if info, known := lifecycle.State(state); known {
			return info.Title
		}
	}
	return human(string(state))
}

// submitTitle is what the button of a command's form says.
func submitTitle(verb string) string {
	if verb == "edit" {
		return "Save"
	}
	return verbTitle(verb)
}

func verbTitle(verb string) string {
	for _, lifecycle := range []*domain.Lifecycle{incident.Lifecycle, change.Lifecycle, meeting.Lifecycle} {
		if transition, known := lifecycle.Transition(verb); known {
			return transition.Title
		}
	}
	return human(verb)
}

// slug is a verb in a URL, verbOf reads it back.
func slug(verb string) string { return strings.ReplaceAll(verb, "_", "-") }

func verbOf(slug string) string { return strings.ReplaceAll(slug, "-", "_") }

// eventTitle is an event as a line of the timeline: "incident.priority_changed" → "Priority changed".
func eventTitle(kind string) string {
	if title, known := promiseTitles[kind]; known {
		return title
	}
	if title, known := callTitles[kind]; known {
		return title
	}
	if title, known := changeTitles[kind]; known {
		return title
	}
	practice, name, found := strings.Cut(kind, ".")
	switch {
	case !found:
		return human(kind)
	case practice == string(domain.Incident), practice == string(escalation.Practice), practice == string(change.Practice), practice == string(meeting.Practice):
		return human(name)
	}
	return human(practice + " " + name)
}

// dueTitles say what each deadline is for, and what happens when it comes.
var dueTitles = map[string]string{
	"triage":      "Triage: the team lead is told that nobody has taken it up",
	"hold_over":   "End of the hold: work resumes by itself",
	"promise":     "The vendor's promise: the owner is told when it has passed",
	"reminder":    "The requester is reminded",
	"no_response": "The requester's answer: without one it resolves by itself",
	"page":        "The service's support opens and is paged",
	"cut_off":     "Cut-off: the agenda of the meeting is fixed",
	"meeting":     "The meeting begins",
	"end":         "End of the meeting: the chair is asked to close it",
	"close":       "The meeting closes by itself",
	"auto_close":  "Objections to the resolution: without one it closes by itself",
}

// dueTitle words the deadline of a name; reminders are numbered.
func dueTitle(name string) string {
	if title, isClock := clockDueTitle(name); isClock {
		return title
	}
	if _, isChange := changeDues[name]; isChange || strings.HasPrefix(name, "approval ") || strings.HasPrefix(name, "cause ") {
		return changeDueWords(name)
	}
	if title, known := dueTitles[strings.TrimRight(name, "_0123456789")]; known {
		return title
	}
	return human(name)
}

// exact is an instant to the millisecond, for machines and for whoever hovers over it.
func exact(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// lateness words how late a deadline was handled; within a second it was on time.
func lateness(milliseconds *int64) string {
	if milliseconds == nil || *milliseconds < 1000 {
		return "on time"
	}
	return (time.Duration(*milliseconds) * time.Millisecond).Truncate(time.Second).String() + " late"
}
