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

// watchersView is the list of a record's watchers, and the form that adds to it; what was typed stays when it was refused.
type watchersView struct {
	Number string
	// Shown: the reader sees the list. Changes: they may change it.
	Shown, Changes bool
	List           []app.Watcher
	Me             string
	Person         string
	Problem        *server.Problem
}

// watchersView reads who watches a record.
func (w *console) watchersView(ctx context.Context, p page, number string, read func(ctx context.Context, reference string) ([]app.Watcher, error)) (watchersView, error) {
	view := watchersView{Number: number, Shown: true, Changes: p.may(app.PermissionWatch), Me: p.Who.Handle}
	var err error
	view.List, err = read(ctx, number)
	return view, err
}

// watches reports whether the page's reader is on the list.
func (v watchersView) watches() bool {
	return slices.ContainsFunc(v.List, func(watcher app.Watcher) bool { return watcher.Person == v.Me })
}

// refused puts a failure into the form that caused it.
func (v *watchersView) refused(person string, problem *server.Problem) {
	v.Person, v.Problem = person, problem
}

// watching puts somebody on a record's list of watchers, or takes them off it.
type watching func(ctx context.Context, reference, person string) ([]app.Watcher, error)

func (w *console) watch(c *gin.Context) { w.changeWatchers(c, w.Service.Watch) }

func (w *console) unwatch(c *gin.Context) { w.changeWatchers(c, w.Service.Unwatch) }

func (w *console) changeWatchers(c *gin.Context, change watching) {
	if person, err := w.toldToWatch(c, change); err != nil {
		w.refusePart(c, err, func(view *recordView, problem *server.Problem) { view.Watchers.refused(person, problem) })
	}
}

func (w *console) watchTheChange(c *gin.Context) { w.changeWatchersOfChange(c, w.Service.WatchChange) }

func (w *console) unwatchTheChange(c *gin.Context) {
	w.changeWatchersOfChange(c, w.Service.UnwatchChange)
}

func (w *console) changeWatchersOfChange(c *gin.Context, change watching) {
	if person, err := w.toldToWatch(c, change); err != nil {
		w.refuseChangePart(c, err, func(view *changeView, problem *server.Problem) { view.Watchers.refused(person, problem) })
	}
}

// toldToWatch has whom the form names watch the record, or not, and leads back to it; "me" where it names nobody.
func (w *console) toldToWatch(c *gin.Context, change watching) (person string, err error) {
	if err := parseForm(c, smallForm); err != nil {
		return "", err
	}
	if person = strings.TrimSpace(c.PostForm("person")); person == "" {
		person = "me"
	}
	if _, err := change(c.Request.Context(), c.Param("record"), person); err != nil {
		return person, err
	}
	c.Redirect(http.StatusSeeOther, recordURL(c.Param("record"))+"#watchers")
	return person, nil
}
