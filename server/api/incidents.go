package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

// ListQuery narrows a list of incidents. huma reads each field from the query.
type ListQuery struct {
	State      []string  `query:"state" doc:"A state, or open (work remains), or active (not closed or canceled); several with commas"`
	Priority   []int     `query:"priority" doc:"1 is the highest; several with commas"`
	Team       string    `query:"team" maxLength:"200"`
	Assignee   string    `query:"assignee" maxLength:"200" doc:"A handle, me, or none"`
	Requester  string    `query:"requester" maxLength:"200" doc:"A handle, or me"`
	Service    string    `query:"service" maxLength:"200"`
	Category   string    `query:"category" maxLength:"200"`
	Tag        string    `query:"tag" maxLength:"200"`
	Words      string    `query:"q" maxLength:"500" doc:"Words in title or description"`
	OpenedFrom time.Time `query:"opened_from"`
	OpenedTo   time.Time `query:"opened_to"`
	Clock      string    `query:"clock" enum:"breached,met,running" doc:"How a promise in force stands: broken, kept, or neither yet"`
	Metric     string    `query:"metric" enum:"response,resolution,update,ola,underpinning" doc:"Of that promise"`
	Agreement  string    `query:"agreement" maxLength:"100" doc:"Of that promise"`
	ClockFrom  time.Time `query:"clock_from" doc:"It was broken, was kept or falls due at this time or later"`
	ClockTo    time.Time `query:"clock_to" doc:"And before this time"`
	DueWithin  string    `query:"due_within" maxLength:"20" doc:"A promise falls due within so much time from now on" example:"2h"`
	Outdated   string    `query:"outdated" maxLength:"120" doc:"A promise still to be kept is measured by an earlier version of this calendar or SLA than the newest" example:"Calendar/support"`
	Sort       string    `query:"sort" maxLength:"40" doc:"opened_at, updated_at, priority or wake_at; - for descending; -opened_at when left out"`
	Limit      int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor     string    `query:"cursor" maxLength:"500"`
}

func (q ListQuery) query() app.IncidentQuery {
	return app.IncidentQuery{
		State: q.State, Priority: q.Priority, Team: q.Team, Assignee: q.Assignee, Requester: q.Requester, Service: q.Service,
		Category: q.Category, Tag: q.Tag, Words: q.Words, OpenedFrom: moment(q.OpenedFrom), OpenedTo: moment(q.OpenedTo), Sort: q.Sort, Limit: q.Limit, Cursor: q.Cursor,
		PromiseQuery: app.PromiseQuery{
			Clock: q.Clock, Metric: q.Metric, Agreement: q.Agreement, ClockFrom: moment(q.ClockFrom), ClockTo: moment(q.ClockTo), DueWithin: q.DueWithin, Outdated: q.Outdated,
		},
	}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// incidentAnswer is an incident with its version as ETag.
type incidentAnswer struct {
	ETag string `header:"ETag"`
	Body app.IncidentView
}

func (a *API) incidents() {
	register(a, operation(http.MethodGet, "/incidents", "list-incidents", "List incidents", "Incidents", app.PermissionIncidentRead),
		func(ctx context.Context, in *ListQuery) (*answer[app.Page[app.IncidentView]], error) {
			return answered(a.Service.Incidents(ctx, in.query()))
		})
	register(a, operation(http.MethodGet, "/incidents/{id}", "read-incident", "Read an incident", "Incidents", app.PermissionIncidentRead),
		func(ctx context.Context, in *ByRecord) (*incidentAnswer, error) {
			view, err := a.Service.Incident(ctx, in.ID)
			return &incidentAnswer{ETag: etag(view.Version), Body: view}, err
		})
	register(a, operation(http.MethodGet, "/incidents/{id}/similar", "similar-incidents", "Similar incidents, best first", "Incidents", app.PermissionIncidentRead),
		func(ctx context.Context, in *struct {
			ByRecord
			Limit int `query:"limit" minimum:"1" maximum:"20" default:"5"`
		},
		) (*list[app.IncidentView], error) {
			return listed(a.Service.Similar(ctx, in.ID, in.Limit))
		})
	register(a, operation(http.MethodGet, "/incidents/similar", "similar-to-text", "Incidents similar to a text not yet logged", "Incidents", app.PermissionIncidentRead),
		func(ctx context.Context, in *struct {
			Text    string `query:"q" required:"true" maxLength:"2000"`
			Service string `query:"service" maxLength:"200"`
			Limit   int    `query:"limit" minimum:"1" maximum:"20" default:"5"`
		},
		) (*list[app.IncidentView], error) {
			return listed(a.Service.SimilarTo(ctx, in.Text, in.Service, in.Limit))
		})
}

func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

// ifVersion reads an If-Match header: one of our ETags, or nothing.
func ifVersion(header string) (int64, error) {
	if header == "" || header == "*" {
		return 0, nil
	}
	version, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(header, "W/"), `"`), 10, 64)
	if err != nil || version < 1 {
		return 0, domain.Errorf(domain.CodePreconditionFailed, "If-Match names no version of this record")
	}
	return version, nil
}
