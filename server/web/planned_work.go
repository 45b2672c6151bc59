package web

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// plannedPath has the planned work on one service, for the form that reports a problem.
const plannedPath = portalPath + "/planned"

// mountPlannedWork adds what users are told of work that they will notice.
func (w *console) mountPlannedWork(pages *gin.RouterGroup) { pages.GET(plannedPath, w.plannedBeside) }

// plannedWorkShown bounds how much planned work a page shows.
const plannedWorkShown = 20

// planned reads the planned work on a service, or on all. The portal works without: that somebody can ask for help matters more.
func (w *console) planned(ctx context.Context, service string) []app.PlannedWork {
	found, err := w.Service.PlannedWork(ctx, service, plannedWorkShown)
	if err != nil {
		w.Log.WarnContext(ctx, "planned work could not be read", "error", err)
	}
	return found
}

// plannedOn is the planned work on the service that a report is about; none where it does not say.
func (w *console) plannedOn(ctx context.Context, service string) []app.PlannedWork {
	if service == "" {
		return nil
	}
	return w.planned(ctx, service)
}

// plannedBeside shows what is planned on the service that somebody chooses while they report a problem.
func (w *console) plannedBeside(c *gin.Context) {
	view := w.page(c, "")
	w.show(c, http.StatusOK, plannedOnService(w.plannedOn(c.Request.Context(), c.Query("service")), view.Now))
}

// plannedServices names what planned work is on.
func plannedServices(one app.PlannedWork) string {
	titles := make([]string, len(one.Services))
	for i, service := range one.Services {
		titles[i] = service.Title
	}
	return domain.Listed(titles)
}

// plannedChip marks work that is going on; empty where it is ahead.
func plannedChip(one app.PlannedWork, now time.Time) string {
	switch {
	case one.UnderWay && now.After(one.Until):
		return "Takes longer than planned"
	case one.UnderWay:
		return "Under way"
	}
	return ""
}
