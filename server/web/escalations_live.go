package web

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
)

const (
	escalationsLivePath = escalationsPath + "/live"
	escalationLivePath  = escalationsPath + "/:record/live"
)

// wants: a queue hears of incidents alone.
func (l *watchedQueue) wants(event app.StreamedEvent) bool { return event.Practice == domain.Incident }

// wants: home hears of escalations as well, because it tells who is called, and of changes, because it tells which wait for a vote.
func (h *watchedHome) wants(event app.StreamedEvent) bool {
	return event.Practice == domain.Incident || event.Practice == escalation.Practice || event.Practice == change.Practice
}

// watchedEscalation is the page of one escalation.
type watchedEscalation struct {
	*console
	page *gin.Context
	id   string
	seen int64
}

func (w *console) watchEscalation(page *gin.Context) (watched, error) {
	found, err := w.Service.Escalation(page.Request.Context(), page.Param("record"))
	if err != nil {
		return nil, err
	}
	return &watchedEscalation{console: w, page: page, id: found.ID, seen: queryNumber(page, "seq")}, nil
}

func (e *watchedEscalation) wants(event app.StreamedEvent) bool { return event.Record == e.id }

func (e *watchedEscalation) concerns(app.LiveEvent) time.Duration { return recordGather }

func (e *watchedEscalation) begin(ctx context.Context, resumes bool) (templ.Component, error) {
	if resumes {
		return nil, nil
	}
	return e.tell(ctx)
}

// tell renders the parts that change, or nothing when the page has all events.
func (e *watchedEscalation) tell(ctx context.Context) (templ.Component, error) {
	news, err := e.Service.EscalationTimeline(ctx, e.id, e.seen, timelinePage)
	if err != nil || len(news.Items) == 0 {
		return nil, err
	}
	e.page.Request = e.page.Request.WithContext(ctx)
	view, err := e.escalationView(e.page)
	if err != nil {
		return nil, err
	}
	e.seen = news.Items[len(news.Items)-1].Seq
	return escalationNews(view, news.Items), nil
}

func escalationLiveURL(view escalationView) string {
	return recordURL(view.Escalation.Number) + "/live?after=" + strconv.FormatInt(view.After, 10) + "&seq=" + strconv.FormatInt(view.lastSeq(), 10)
}

func escalationsLiveURL(view escalationsView) string {
	values := url.Values{"state": {view.State}}
	if view.Cursor != "" {
		values.Set("cursor", view.Cursor)
	}
	return escalationsLivePath + "?" + values.Encode()
}
