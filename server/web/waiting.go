package web

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
)

// waiting shows everything that the platform waits for, the next first.
func (w *console) waiting(c *gin.Context) {
	query := app.WaitingQuery{Team: c.Query("team"), Assignee: c.Query("assignee"), Name: c.Query("name"), Cursor: c.Query("cursor")}
	ctx := c.Request.Context()
	found, err := w.Service.Waiting(ctx, query)
	if err != nil {
		w.fail(c, err)
		return
	}
	teams, err := w.teamChoices(ctx, nil)
	if err != nil {
		w.Log.WarnContext(ctx, "the teams to filter by could not be read", "error", err)
	}
	var exhausted []app.EscalationView
	if query == (app.WaitingQuery{}) {
		if exhausted, err = w.openEscalations(ctx, "", string(escalation.Exhausted)); err != nil {
			w.fail(c, err)
			return
		}
	}
	w.show(c, http.StatusOK, waitingPage(w.page(c, "Waiting"), query, found, teams, exhausted))
}

func waitingURL(query app.WaitingQuery, cursor string) string {
	values := url.Values{}
	for name, value := range map[string]string{"team": query.Team, "assignee": query.Assignee, "name": query.Name, "cursor": cursor} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return "/waiting?" + values.Encode()
}

// waitingName words a deadline of the list.
func waitingName(name string) string {
	for _, known := range waitingNames() {
		if known.Value == name {
			return known.Title
		}
	}
	if title, isClock := clockWaits(name); isClock {
		return title
	}
	return human(name)
}

func waitingNames() []choice {
	return []choice{
		{"", "Anything"},
		{"triage", "Triage"},
		{"hold_over", "End of a hold"},
		{"promise", "A vendor's promise"},
		{"reminder_1", "First reminder"},
		{"reminder_2", "Second reminder"},
		{"no_response", "The requester's answer"},
		{"auto_close", "Closing by itself"},
		{"step", "The next to be called"},
		{"acknowledgement", "What came of an acknowledgement"},
		{"snooze", "The end of a snooze"},
	}
}
