package web

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

const (
	changesLivePath   = changesPath + "/live"
	boardLivePath     = boardPath + "/live"
	calendarLivePath  = calendarPath + "/live"
	approvalsLivePath = approvalsPath + "/live"
	meetingsLivePath  = meetingsPath + "/live"
	meetingLivePath   = meetingsPath + "/:record/live"
	// listPause is how often a list is read anew at most.
	listPause = time.Second
)

// watchedList is a page, or what of it changes, that is sent as it now is whenever something happens to a record of its practice.
type watchedList struct {
	*console
	page *gin.Context
	of   domain.Practice
	// news reads the page anew. What it refuses is refused.
	news func(page *gin.Context) (templ.Component, error)
	// every is how often it is read anew though nothing happens; 0: never.
	every time.Duration
	// read is when that was done last, took how long it took.
	read time.Time
	took time.Duration
}

// listed makes the list of a page that only those see who hold a permission, and where staff is said only those who work at the desk.
func (w *console) listed(page *gin.Context, of domain.Practice, permission app.Permission, staff bool, news func(*gin.Context) (templ.Component, error)) (*watchedList, error) {
	who, err := app.PrincipalFrom(page.Request.Context())
	if err == nil && (staff && !who.Staff() || !who.May(permission)) {
		err = domain.Errorf(domain.CodeForbidden, "the permission %s is needed", permission)
	}
	if err != nil {
		return nil, err
	}
	return &watchedList{console: w, page: page, of: of, news: news, read: time.Now()}, nil
}

func (l *watchedList) wants(event app.StreamedEvent) bool { return event.Practice == l.of }

func (l *watchedList) concerns(app.LiveEvent) time.Duration {
	return max(gather, max(listPause, homeShare*l.took)-time.Since(l.read))
}

func (l *watchedList) ages() time.Duration { return l.every }

func (l *watchedList) begin(ctx context.Context, resumes bool) (templ.Component, error) {
	if resumes {
		return nil, nil
	}
	return l.tell(ctx)
}

func (l *watchedList) tell(ctx context.Context) (templ.Component, error) {
	began := time.Now()
	l.page.Request = l.page.Request.WithContext(ctx)
	part, err := l.news(l.page)
	l.read, l.took = time.Now(), time.Since(began)
	return part, err
}

// opened leaves no list behind where it was refused.
func opened(list *watchedList, err error) (watched, error) {
	if err != nil {
		return nil, err
	}
	return list, nil
}

// newsOf makes of what reads a page what tells the page of it.
func newsOf[V any](read func(*gin.Context) (V, error), news func(V) templ.Component) func(*gin.Context) (templ.Component, error) {
	return func(page *gin.Context) (templ.Component, error) {
		view, err := read(page)
		if err != nil {
			return nil, err
		}
		return news(view), nil
	}
}

func (w *console) watchEscalations(page *gin.Context) (watched, error) {
	return opened(w.listed(page, escalation.Practice, app.PermissionEscalationRead, true, newsOf(w.escalationsView, escalationsNews)))
}

func (w *console) watchChanges(page *gin.Context) (watched, error) {
	return opened(w.listed(page, change.Practice, app.PermissionChangeRead, true, newsOf(w.changeQueueView, changesNews)))
}

func (w *console) watchBoard(page *gin.Context) (watched, error) {
	return opened(w.listed(page, change.Practice, app.PermissionChangeRead, true, newsOf(w.boardView, boardNews)))
}

func (w *console) watchCalendar(page *gin.Context) (watched, error) {
	return opened(w.listed(page, change.Practice, app.PermissionChangeRead, true, newsOf(w.calendarView, calendarNews)))
}

func (w *console) watchApprovals(page *gin.Context) (watched, error) {
	list, err := w.listed(page, change.Practice, app.PermissionApprovalOwn, false, newsOf(w.approvalsView, approvalsNews))
	if list != nil {
		list.every = agesEvery // delegations begin and end by time alone
	}
	return opened(list, err)
}

func (w *console) watchMeetings(page *gin.Context) (watched, error) {
	return opened(w.listed(page, meeting.Practice, app.PermissionMeetingRead, true, newsOf(w.meetingsView, meetingsNews)))
}

// watchedMeeting is the page of one meeting, which changes with the meeting and with whatever is on its agenda.
type watchedMeeting struct {
	watchedList
	records []string
}

func (w *console) watchMeeting(page *gin.Context) (watched, error) {
	view, err := w.meetingView(page)
	if err != nil {
		return nil, err
	}
	one := &watchedMeeting{records: view.records()}
	one.watchedList = watchedList{console: w, page: page, read: time.Now(), news: func(page *gin.Context) (templ.Component, error) {
		view, err := w.meetingView(page)
		if err != nil {
			return nil, err
		}
		one.records = view.records()
		return meetingNews(view), nil
	}}
	return one, nil
}

// records are the meeting and the changes on its agenda, by id.
func (v meetingView) records() []string {
	ids := []string{v.meeting().ID}
	for _, item := range v.meeting().Items {
		ids = append(ids, item.Change)
	}
	return ids
}

// wants reads no more than the practice: events are sifted by another goroutine than the one that learns what is on the agenda.
func (m *watchedMeeting) wants(event app.StreamedEvent) bool {
	return event.Practice == meeting.Practice || event.Practice == change.Practice
}

func (m *watchedMeeting) concerns(event app.LiveEvent) time.Duration {
	if !slices.Contains(m.records, event.Record) {
		return 0
	}
	return m.watchedList.concerns(event)
}

// place is how far the events are that a page knows of which is read from now on; empty where nobody can say.
func (w *console) place(ctx context.Context) (string, error) {
	if w.Pages == nil {
		return "", nil
	}
	return w.Pages.Place(ctx)
}

// listensTo is what a list listens to: its own address, from the place that it was read at.
func listensTo(path, address, since string) string {
	values := url.Values{}
	if place, err := url.Parse(address); err == nil {
		values = place.Query()
	}
	if since != "" {
		values.Set("since", since)
	}
	return path + "?" + values.Encode()
}
