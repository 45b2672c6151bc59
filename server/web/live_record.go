package web

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
)

const (
	recordLivePath = queuePath + "/:record/live"
	// recordGather is how long events of one record are gathered: a command often makes several.
	recordGather = 50 * time.Millisecond
)

// watchedRecord is a page about one record: whenever an event of it commits, the parts that can have changed are sent as they now
// are. The page says with ?seq= how far its timeline goes.
type watchedRecord struct {
	*console
	page   *gin.Context
	record app.IncidentView
	seen   int64
	// desk: the page is one of the desk's, which tells who else has the record open.
	desk bool
	// called: it changed who is called to it, of which its own timeline does not tell.
	called bool
	// parts renders what can have changed by some events.
	parts func(page *gin.Context, news []domain.StoredEvent) (templ.Component, error)
}

func (w *console) watchRecord(page *gin.Context) (watched, error) {
	record, err := w.Service.Incident(page.Request.Context(), page.Param("record"))
	if err != nil {
		return nil, err
	}
	parts := func(page *gin.Context, news []domain.StoredEvent) (templ.Component, error) {
		view, err := w.recordView(page)
		return liveParts(view, news), err
	}
	return &watchedRecord{console: w, page: page, record: record, seen: queryNumber(page, "seq"), desk: isStaff(record), parts: parts}, nil
}

// wants the record's own events and, for the desk, those of its escalations.
func (r *watchedRecord) wants(event app.StreamedEvent) bool {
	return event.Record == r.record.ID || r.desk && event.Practice == escalation.Practice && event.OpenedBy == r.record.Number
}

func (r *watchedRecord) concerns(event app.LiveEvent) time.Duration {
	r.called = r.called || event.Record != r.record.ID
	return recordGather
}

func (r *watchedRecord) begin(ctx context.Context, resumes bool) (templ.Component, error) {
	if resumes {
		return nil, nil
	}
	r.called = r.desk && len(r.record.Escalations) > 0
	return r.tell(ctx)
}

// tell renders the changed parts, or nothing when the page has all events that its viewer may see.
func (r *watchedRecord) tell(ctx context.Context) (templ.Component, error) {
	page, err := r.Service.Timeline(ctx, r.record.ID, r.seen, timelinePage)
	if err != nil || len(page.Items) == 0 && !r.called {
		return nil, err
	}
	r.page.Request = r.page.Request.WithContext(ctx)
	if len(page.Items) == 0 {
		return r.whoIsCalled(ctx)
	}
	part, err := r.parts(r.page, page.Items)
	if err != nil {
		return nil, err
	}
	r.seen, r.called = page.Items[len(page.Items)-1].Seq, false
	return part, nil
}

// whoIsCalled renders the record's escalations alone.
func (r *watchedRecord) whoIsCalled(ctx context.Context) (templ.Component, error) {
	open, err := r.openEscalations(ctx, r.record.ID, "open")
	if err != nil {
		return nil, err
	}
	r.called = false
	return calledNews(recordView{page: r.console.page(r.page, ""), Record: r.record, Escalations: open}), nil
}

// join counts the page among those that have the record open, which it then is told of; leave counts it out.
func (r *watchedRecord) join(wake chan<- struct{}) (leave func()) {
	return r.viewers.join(r.page.Request.Context(), r.record.ID, handleOf(r.page), wake)
}

// viewing renders who else has the record open, for those who may know.
func (r *watchedRecord) viewing(ctx context.Context) (templ.Component, error) {
	if !r.desk {
		return nil, nil
	}
	view, err := r.Service.Incident(ctx, r.record.ID)
	if err != nil || !isStaff(view) {
		return nil, err
	}
	return viewersPart(r.viewers.others(r.record.ID, handleOf(r.page))), nil
}
