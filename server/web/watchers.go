package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/server"
)

// watchForm is the form that lets somebody watch; what was typed stays when it was refused.
type watchForm struct {
	Person  string
	Problem *server.Problem
}

// watching puts somebody on a record's list of watchers, or takes them off it.
type watching func(ctx context.Context, reference, person string) ([]app.Watcher, error)

func (w *console) watch(c *gin.Context) { w.changeWatchers(c, w.Service.Watch) }

func (w *console) unwatch(c *gin.Context) { w.changeWatchers(c, w.Service.Unwatch) }

func (w *console) changeWatchers(c *gin.Context, change watching) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	person := strings.TrimSpace(c.PostForm("person"))
	if person == "" {
		person = "me"
	}
	if _, err := change(c.Request.Context(), c.Param("record"), person); err != nil {
		w.refusePart(c, err, func(view *recordView, problem *server.Problem) {
			view.Watch = watchForm{Person: person, Problem: problem}
		})
		return
	}
	c.Redirect(http.StatusSeeOther, recordURL(c.Param("record"))+"#watchers")
}

// watches reports whether the page's reader is on the list.
func (v recordView) watches() bool {
	return slices.ContainsFunc(v.Watchers, func(watcher app.Watcher) bool { return watcher.Person == v.Who.Handle })
}
