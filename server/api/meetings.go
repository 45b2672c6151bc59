package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// meetingAnswer is a meeting with its version as ETag.
type meetingAnswer struct {
	ETag string `header:"ETag"`
	Body app.MeetingView
}

// markdownAnswer is a text in Markdown.
type markdownAnswer struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

type paperQuery struct {
	ByRecord
	Zone string `query:"zone" maxLength:"100" doc:"The time zone of its times, such as Europe/Berlin; left out: UTC"`
}

func (a *API) meetings() {
	const path, tag = "/cab-meetings", "CAB meetings"
	read := app.PermissionMeetingRead
	register(a, operation(http.MethodGet, path, "list-cab-meetings", "List the meetings of change advisory boards, the latest first", tag, read),
		func(ctx context.Context, in *struct {
			State   []string `query:"state,explode" doc:"A state, or open (not over); several widen the list, with commas or said again"`
			Cadence string   `query:"cadence" maxLength:"100" doc:"Called by this Cadence"`
			Limit   int      `query:"limit" minimum:"1" maximum:"200" default:"50"`
			Cursor  string   `query:"cursor" maxLength:"100"`
		},
		) (*answer[app.Page[app.MeetingView]], error) {
			return answered(a.Service.Meetings(ctx, app.MeetingQuery{State: in.State, Cadence: in.Cadence, Limit: in.Limit, Cursor: in.Cursor}))
		})
	register(a, operation(http.MethodGet, path+"/{id}", "read-cab-meeting", "Read a meeting", tag, read),
		func(ctx context.Context, in *ByRecord) (*meetingAnswer, error) {
			view, err := a.Service.Meeting(ctx, in.ID)
			return &meetingAnswer{ETag: etag(view.Version), Body: view}, err
		})
	register(a, operation(http.MethodGet, path+"/{id}/timeline", "read-cab-meeting-timeline", "What happened to a meeting, oldest first", tag, read),
		func(ctx context.Context, in *ByPage) (*answer[app.Page[domain.StoredEvent]], error) {
			return answered(a.Service.MeetingTimeline(ctx, in.ID, in.After, in.Limit))
		})
	register(a, operation(http.MethodGet, path+"/{id}/paper", "read-cab-meeting-paper", "What agenda and minutes of a meeting are made of", tag, read),
		func(ctx context.Context, in *ByRecord) (*answer[app.MeetingPaper], error) {
			return answered(a.Service.MeetingPaper(ctx, in.ID))
		})
	a.paper(path+"/{id}/agenda.md", "read-cab-agenda", "The agenda of a meeting, as Markdown", app.MeetingPaper.Agenda)
	a.paper(path+"/{id}/minutes.md", "read-cab-minutes", "The minutes of a meeting, as Markdown", app.MeetingPaper.Minutes)
	opening[meeting.Plan](a, ofMeetings, "", "plan-cab-meeting", "plan", "Call a meeting")
	a.verbs(meeting.Lifecycle, meetingVerbs)
}

// paper registers a text about a meeting.
func (a *API) paper(path, id, summary string, write func(app.MeetingPaper, *time.Location) string) {
	op := operation(http.MethodGet, path, id, summary, "CAB meetings", app.PermissionMeetingRead)
	op.Responses = map[string]*huma.Response{"200": {
		Description: "OK", Content: map[string]*huma.MediaType{"text/markdown": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	register(a, op,
		func(ctx context.Context, in *paperQuery) (*markdownAnswer, error) {
			zone := time.UTC
			if in.Zone != "" {
				var err error
				if zone, err = policyfile.LoadZone(in.Zone); err != nil {
					return nil, domain.Invalid("zone", "%v", err)
				}
			}
			paper, err := a.Service.MeetingPaper(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &markdownAnswer{ContentType: "text/markdown; charset=utf-8", Body: []byte(write(paper, zone))}, nil
		})
}

var ofMeetings = collection{meeting.Practice, "/cab-meetings", "cab-meeting", ": a CAB meeting", "CAB meetings", app.MeetingView{}}

// meetingVerbs ties each verb of the table to the type of its body, for its schema.
var meetingVerbs = map[string]func(*API, domain.Transition){
	"add_item": on[meeting.OfChange](ofMeetings), "remove_item": on[meeting.OfChange](ofMeetings), "fix_agenda": on[meeting.Plain](ofMeetings),
	"hold": on[meeting.Plain](ofMeetings), "note": on[meeting.Note](ofMeetings), "close": on[meeting.Plain](ofMeetings),
	"reschedule": on[meeting.Reschedule](ofMeetings), "cancel": on[meeting.Because](ofMeetings),
}
