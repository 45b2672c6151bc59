package web

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
)

const changeLivePath = changesPath + "/:record/live"

// watchedChange is the page of one change: whenever an event of it commits, the parts that can have changed are sent as they now are.
type watchedChange struct {
	*console
	page *gin.Context
	id   string
	seen int64
}

func (w *console) watchChange(page *gin.Context) (watched, error) {
	found, err := w.Service.Change(page.Request.Context(), page.Param("record"))
	if err != nil {
		return nil, err
	}
	return &watchedChange{console: w, page: page, id: found.ID, seen: queryNumber(page, "seq")}, nil
}

func (l *watchedChange) wants(event app.StreamedEvent) bool { return event.Record == l.id }

func (l *watchedChange) concerns(app.LiveEvent) time.Duration { return recordGather }

func (l *watchedChange) begin(ctx context.Context, resumes bool) (templ.Component, error) {
	if resumes {
		return nil, nil
	}
	return l.tell(ctx)
}

// tell renders the parts that change, or nothing when the page has all events. A form that is open stays as it is: a vote is about
// what its voter saw.
func (l *watchedChange) tell(ctx context.Context) (templ.Component, error) {
	news, err := l.Service.ChangeTimeline(ctx, l.id, l.seen, timelinePage)
	if err != nil || len(news.Items) == 0 {
		return nil, err
	}
	l.page.Request = l.page.Request.WithContext(ctx)
	view, err := l.readChange(l.page)
	if err != nil {
		return nil, err
	}
	l.seen = news.Items[len(news.Items)-1].Seq
	return changeNews(view, news.Items), nil
}
