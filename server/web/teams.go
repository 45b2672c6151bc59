package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// teams lists teams with who leads them and who is in them, as their documents say.
func (w *console) teams(c *gin.Context) {
	teams, err := w.Service.Teams(c.Request.Context())
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, teamsPage(w.page(c, "Teams"), teams))
}

// services lists services and who supports them, as their documents say.
func (w *console) services(c *gin.Context) {
	services, err := w.Service.Services(c.Request.Context())
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, servicesPage(w.page(c, "Services"), services))
}

func documentURL(kind, name string) string { return policyURL(policy.Document{Kind: kind, Name: name}) }

// teamWorkURL is the work that stands before a team.
func teamWorkURL(team string) string {
	return filters{State: "open", Team: team, Sort: "wake_at"}.url("")
}

// personWorkURL is the work that stands before somebody.
func personWorkURL(handle string) string {
	return filters{State: "open", Assignee: handle, Sort: "wake_at"}.url("")
}
