package web

import (
	"context"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

const changesPath = "/changes"

// mountChanges adds the pages about changes and the votes on them.
func (w *console) mountChanges(pages *gin.RouterGroup) {
	w.mountQueueOf(pages.Group("", w.needs(app.PermissionChangeRead), w.staffOnly), changeQueue)
	changes := pages.Group(changesPath, w.needs(app.PermissionChangeRead))
	draft := changes.Group("/new", w.staffOnly, w.needs("change.draft"))
	draft.GET("", w.newChange)
	draft.POST("", w.openChange)
	changes.GET("/calendar", w.staffOnly, w.changeCalendar)
	w.mountChangeFeeds(changes)
	changes.GET("/:record", w.change)
	changes.POST("/:record/do/:verb", w.changeCommand)
	w.mountChangePapers(changes)
}

// isChange reports whether a number or a path's last part is that of a change.
func isChange(reference string) bool {
	return strings.HasPrefix(reference, change.Lifecycle.Prefix+"-")
}

// changeStates are the states to filter by.
func changeStates() []choice {
	choices := []choice{{"open", "Open"}, {"all", "All"}}
	for _, state := range change.Lifecycle.States {
		choices = append(choices, choice{string(state.Name), state.Title})
	}
	return choices
}

func changeTypes() []choice {
	return []choice{{"", "Any"}, {change.Normal, "Normal"}, {change.Standard, "Standard"}, {change.Emergency, "Emergency"}}
}

func changeSorts() []choice {
	return []choice{
		{"", "Newest first"},
		{"opened_at", "Oldest first"},
		{"window_from", "By window"},
		{"wake_at", "Due next"},
		{"priority", "Highest priority"},
		{"-updated_at", "Changed last"},
	}
}

// changeColumns are all that a list of changes can show, in the order shown. The title always is.
var changeColumns = []column{
	{"number", "Number", true},
	{titleColumn, "Title", true},
	{"state", "State", true},
	{"risk", "Risk", true},
	{"window", "Window", true},
	{"conflicts", "Conflicts", true},
	{"team", "Team", true},
	{"assignee", "Assignee", true},
	{"priority", "Priority", false},
	{"service", "Service", false},
	{"type", "Type", false},
	{"model", "Model", false},
	{"environment", "Environment", false},
	{"category", "Category", false},
	{"tags", "Tags", false},
	{"requester", "Requester", false},
	{"due", "Due next", false},
	{"opened", "Opened", false},
	{"updated", "Changed", false},
}

var changeKeys = []choice{
	{"j", "Next row"},
	{"k", "Row before"},
	{"Enter", "Open the row"},
	{"x", "Select the row, or not"},
	{"a", "Assign the selected rows, or this one"},
	{"t", "Tag the selected rows, or this one"},
	{"/", "Find by number or words"},
	{"?", "These keys"},
	{"Esc", "Close what is open"},
}

// standingChanges are the lists of changes that are asked for most, those of the reader's teams among them.
func standingChanges(v queueView) []standingView {
	views := []standingView{{"All open", filters{Of: changeQueue, State: "open"}}}
	for _, team := range v.MyTeams {
		views = append(views, standingView{team.Title, filters{Of: changeQueue, State: "open", Team: team.Value}})
	}
	return append(
		views,
		standingView{"Mine to carry out", filters{Of: changeQueue, State: "open", Assignee: "me", Sort: "window_from"}},
		standingView{"Awaiting approval", filters{Of: changeQueue, State: string(change.AwaitingApproval)}},
		standingView{"Under way", filters{Of: changeQueue, State: string(change.Implementing)}},
	)
}

// changeQueueView reads the page of the list of changes.
func (w *console) changeQueueView(c *gin.Context) (queueView, error) {
	return w.queueView(c, changeQueue)
}

// teamsOf are all teams, and those of a person. A list that cannot be read is left empty: nothing is decided by it.
func (w *console) teamsOf(ctx context.Context, handle string) (all, own []choice) {
	teams, err := w.Service.Teams(ctx)
	if err != nil {
		w.Log.WarnContext(ctx, "the teams could not be read", "error", err)
	}
	for _, team := range teams {
		one := titled(team.Name, team.Title)
		all = append(all, one)
		if slices.Contains(team.Members, handle) {
			own = append(own, one)
		}
	}
	return all, own
}

// votesWord says how far the vote on a change is; empty while nobody is asked.
func votesWord(ctx context.Context, c change.Change) string {
	if c.Approval == nil || c.Approval.SubmittedAt == nil {
		return ""
	}
	voted, people := 0, 0
	for _, stage := range c.Approval.Stages {
		if stage.State.TakesVotes() {
			voted, people = voted+stage.Figures.Voted, people+stage.Figures.People
		}
	}
	switch verdict := c.Approval.Verdict(); {
	case verdict == approval.Error:
		return "cannot be decided"
	case people > 0:
		return numeral(ctx, voted) + " of " + numeral(ctx, people) + " voted"
	case verdict == approval.Approved || verdict == approval.Rejected:
		return string(verdict)
	}
	return ""
}

// gravest counts the conflicts of the gravest level that a change has.
func gravest(c change.Change) (level change.Level, count int) {
	for _, one := range c.Conflicts {
		if level == "" {
			level = one.Level // the gravest come first
		}
		if one.Level == level {
			count++
		}
	}
	return level, count
}

// overridden finds the override of a conflict; nil where it stands.
func overridden(c change.Change, conflict change.Conflict) *change.Override {
	for i, one := range c.Overrides {
		if one.Conflict == conflict.ID {
			return &c.Overrides[i]
		}
	}
	return nil
}

// conflictURL leads to what a conflict is with: another record, or a document.
func conflictURL(conflict change.Conflict) string {
	switch conflict.Kind {
	case "freeze":
		return documentURL("FreezeWindow", conflict.Other)
	case "maintenance":
		return documentURL("MaintenanceWindow", conflict.Other)
	case "model":
		return documentURL("ChangeModel", conflict.Other)
	}
	if conflict.Other == "" {
		return ""
	}
	return recordURL(conflict.Other)
}

// aroundOther parts what a conflict says at the name of the other side, which leads there; one that names no other side is all before.
func aroundOther(one change.Conflict) (before, other, after string) {
	words := sentence(one.Why)
	if conflictURL(one) == "" {
		return words, "", ""
	}
	if place := strings.Index(words, one.Other); place >= 0 {
		return words[:place], one.Other, words[place+len(one.Other):]
	}
	return words + " ", one.Other, ""
}

// changeFieldWords name the fields of a change in a sentence, where their names would not.
var changeFieldWords = map[string]string{"back_out_plan": "back-out plan", "justification": "reason"}

func fieldWords(fields []string) string {
	words := make([]string, len(fields))
	for i, name := range fields {
		if words[i] = changeFieldWords[name]; words[i] == "" {
			words[i] = strings.ToLower(human(name))
		}
	}
	return strings.Join(words, ", ")
}

// opensChanges reports whether somebody may draft a change.
func opensChanges(p page) bool { return p.may("change.draft") }
