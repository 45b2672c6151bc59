package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// changeTitles word the events of changes, where their names would not.
var changeTitles = map[string]string{
	"change.assessed": "Risk assessed", "change.peer_reviewed": "Read by a peer", "change.approved_alone": "Approved alone, by break-glass",
	"change.window_set": "Window set", "change.task_started": "Task begun", "change.task_done": "Task done",
	"change.conflict_overridden": "Conflict overridden", "change.recorded": "Recorded after it was done", "change.start_held": "Held at its start",
	"change.overrun": "The window is over, and it goes on", "change.window_missed": "Window missed", "change.approval_void": "What is being done is not what was approved",
	"change.unauthorised": "Done without authority", "change.cause_proposed": "May have caused an incident", "change.cause_decided": "Decided whether it caused an incident",
	"change.cause_escalated": "Nobody has decided whether it caused an incident", "change.review_needed": "Must be reviewed",
	"change.review_escalated": "Not reviewed in time", "change.others_asked": "Others are asked", "change.backed_out": "Backed out", "change.approval_withdrawn": "Nobody is asked any more",
	"change.on_agenda": "On the agenda of a meeting", "change.off_agenda": "Off the agenda of a meeting", "change.attachments_changed": "The files that are voted on changed",
}

// stageTitles word what befell a stage; its name stands in the place of the %s.
var stageTitles = map[string]string{
	"opened": "The vote in the stage %s is open", "reminded": "Reminded to vote in the stage %s", "approved": "The stage %s has approved it",
	"rejected": "The stage %s has rejected it", "escalated": "Not decided in time in the stage %s, escalated", "failed": "The stage %s cannot be decided",
	"voided": "Votes made void in the stage %s", "left": "Somebody votes no more in the stage %s", "seated": "Others are asked in the stage %s",
	"moved": "The deadline of the stage %s is moved",
}

// voteTitles word a vote on the timeline, apart from what the stages make of it.
var voteTitles = map[approval.Choice]string{
	approval.Approve: "Voted to approve", approval.ApproveWith: "Voted to approve, on conditions", approval.Reject: "Voted to reject",
	approval.Abstain: "Abstained", approval.Recuse: "Stepped aside",
}

// castWords word a vote that was given.
var castWords = map[approval.Choice]string{
	approval.Approve: "Approved", approval.ApproveWith: "Approved with conditions", approval.Reject: "Rejected",
	approval.Abstain: "Abstained", approval.Recuse: "Stepped aside",
}

// toldEvent is an event of a change in plain words: what happened, why, and what else is to be known.
type toldEvent struct {
	Title, Why string
	Facts      []fact
}

// unsaid are what an event of a change says beside what its title and the page say.
var unsaid = []string{"stage", "round", "verdict", "why", "vote", "by", "for", "policies", "model", "expedited", "task", "questionnaire", "gone", "from", "conflict"}

// toldOf words an event of a change; questions are those that it may hold answers to.
func toldOf(ctx context.Context, event domain.StoredEvent, questions map[string]string) toldEvent {
	said := allSaid(event)
	text := func(name string) string { value, _ := said[name].(string); return value }
	told := toldEvent{Title: eventTitle(event.Type), Why: sentence(text("why"))}
	happening, ofStage := strings.CutPrefix(event.Type, "change.approval_")
	switch stage := text("stage"); {
	case event.Type == "change.voted":
		told.Title = voteTitles[approval.Choice(text("vote"))]
		if text("for") != "" && text("for") != text("by") {
			told.Title += " for " + text("for")
		}
		told.Title += " in the stage " + stageName(stage)
	case event.Type == "change.info_requested" && stage != "":
		told.Title = "Asked the owner, in the stage " + stageName(stage)
	case event.Type == "change.info_answered" && stage != "":
		told.Title = "Answered, in the stage " + stageName(stage)
	case event.Type == "change.vote_deferred" && stage != "":
		told.Title = "Moved the deadline of the stage " + stageName(stage)
	case ofStage && stage != "" && stageTitles[happening] != "":
		told.Title = strings.Replace(stageTitles[happening], "%s", stageName(stage), 1)
		if round, _ := said["round"].(float64); round > 1 && happening == "opened" {
			told.Title += ", again"
		}
	case event.Type == "change.settled":
		told.Title, told.Why = "Alerts are let through again", settledWords(ctx, said)
		delete(said, "still_firing")
		delete(said, "incidents") // by their ids; the page lists them by number, with the alerts and with what was caused
	case event.Type == "change.conflicts_found":
		told.Title, told.Why = "Nothing blocks it any more", ""
		if list, _ := said["why"].([]any); len(list) > 0 {
			told.Title, told.Why = "Found to be blocked", sentence(plainText(ctx, "", list))
		}
		delete(said, "blocking")
	case event.Type == "change.started" && event.Actor.Kind != domain.ActorPerson:
		told.Title = "Started by itself"
	}
	answers := answersSaid(said, questions)
	if len(answers) > 0 {
		delete(said, "answers")
	}
	told.Facts = append(answers, factsIn(ctx, event.Type, plainly(ctx, event.Type, said))...)
	return told
}

// settledWords say what became of the alerts that a change held.
func settledWords(ctx context.Context, said map[string]any) string {
	firing, _ := said["still_firing"].(float64)
	if firing == 0 {
		return "Nothing that was held still fires."
	}
	return count(ctx, int(firing), "alert still fires and has opened an incident.", "alerts still fire and have opened incidents.")
}

// plainly leaves what is left to say of an event, in words.
func plainly(ctx context.Context, kind string, said map[string]any) map[string]any {
	left := map[string]any{}
	for name, value := range said {
		left[name] = value
	}
	if points, is := said["risk"].(map[string]any); is && points["score"] != nil {
		left["risk"] = plainText(ctx, "", points["score"]) + ", " + plainText(ctx, "", points["level"])
	}
	if moved, is := said["window"].(map[string]any); is {
		left["window"] = map[string]any{"from": spanWords(ctx, moved["from"]), "to": spanWords(ctx, moved["to"])}
	}
	if again, is := said["needed_again"]; is {
		left["vote again"] = again
		delete(left, "needed_again")
	}
	if outcome, is := said["outcome"].(string); is {
		left["outcome"] = strings.ToLower(human(outcome))
	}
	for _, name := range unsaid {
		if change, moved := left[name].(map[string]any); moved && change["to"] != nil && kind == "change.edited" {
			continue
		}
		delete(left, name)
	}
	return left
}

// spanWords word a window as an event keeps it: its two ends.
func spanWords(ctx context.Context, value any) string {
	ends, _ := value.([]any)
	var words []string
	for _, end := range ends {
		text, _ := end.(string)
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			words = append(words, shown(ctx, at))
		}
	}
	return strings.Join(words, " – ")
}

// changeDue says what becomes of a change by itself next; nil: nothing.
func changeDue(c change.Change) (words string, at *time.Time) {
	if c.WakeAt == nil {
		return "", nil
	}
	if c.NextDue == "window_missed" && c.State == change.Approved {
		return "Its window ends: after that it needs another", c.WakeAt
	}
	return changeDueWords(c.NextDue), c.WakeAt
}

// endState is the state that a change ended in, for the word beside the moment; those that go on say when they were closed.
func endState(state domain.State) domain.State {
	if state == change.Canceled {
		return state
	}
	return change.Closed
}

// changeDues word the deadlines of changes by name.
var changeDues = map[string]string{
	"window_missed": "Its window ends: without a start it goes back to approved",
	"window_opens":  "Its window opens: it starts by itself", "overrun": "Its window ends: the change managers are told",
	"settle":     "Alerts are let through again: what still fires opens incidents",
	"watch_over": "The watch ends: it closes by itself", "review": "Its review is due: after that it escalates",
}

func changeDueWords(name string) string {
	if words, known := changeDues[name]; known {
		return words
	}
	if rest, is := strings.CutPrefix(name, "approval "); is {
		parts := strings.Fields(rest)
		if stage := strings.Join(parts[:max(len(parts)-1, 0)], " "); slices.Contains(parts, "due") {
			return "The vote of the stage " + stageName(stage) + " ends"
		} else if stage != "" {
			return "Those of the stage " + stageName(stage) + " who have not voted are reminded"
		}
	}
	if number, is := strings.CutPrefix(name, "cause "); is {
		return "Whether it caused " + number + " is to be decided"
	}
	return human(name)
}

// modelTitle is what a model is called.
func modelTitle(model app.ModelView) string {
	if model.Title != "" {
		return model.Title
	}
	return human(model.Name)
}

// modelRecord says how the last changes of a model ended.
func modelRecord(ctx context.Context, model app.ModelView) string {
	if model.Ended == 0 {
		return "None of its changes has ended yet."
	}
	return numeral(ctx, model.Failed) + " of its last " + count(ctx, model.Ended, "change", "changes") + " failed."
}

// judgeOf names who says whether a change caused an incident.
func judgeOf(cause change.Cause) string {
	switch {
	case cause.AsksManagers:
		return "a change manager"
	case cause.ForManagers():
		return "the owner of " + orNone(cause.Service) + " or a change manager"
	}
	return "the owner of " + orNone(cause.Service)
}
