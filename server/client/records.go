package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// Bounds of lists, as the server has them: asking for more is asking for the most.
const (
	mostItems   = 200
	mostSimilar = 20
)

const incidents = "incidents"

// items is the answer of an operation that gives a whole list.
type items[T any] struct {
	Items []T `json:"items"`
}

func list[T any](ctx context.Context, c *client, op call) ([]T, error) {
	var got items[T]
	op.into = &got
	if _, err := c.do(ctx, op); err != nil {
		return nil, err
	}
	return append([]T{}, got.Items...), nil
}

func one[T any](ctx context.Context, c *client, op call) (T, error) {
	var got T
	op.into = &got
	_, err := c.do(ctx, op)
	return got, err
}

// collection is the path of a practice: incident → incidents.
func collection(practice domain.Practice) string {
	if practice == meeting.Practice {
		return meetings
	}
	return string(practice) + "s"
}

func slug(verb string) string { return strings.ReplaceAll(verb, "_", "-") }

// Execute gives one command.
func (c *client) Execute(ctx context.Context, request app.Request) (app.Reply, error) {
	op := call{method: http.MethodPost, path: []string{collection(request.Practice)}, key: request.Key, header: http.Header{}, body: bodyOf(request.Body)}
	switch {
	case request.Verb == "log" && request.Record == "", request.Verb == "draft", request.Verb == "plan":
	case request.Verb == "from_model":
		op.path = append(op.path, slug(request.Verb))
	default:
		op.path = append(op.path, request.Record, slug(request.Verb))
	}
	if request.Async {
		op.header.Set("Prefer", "respond-async")
	}
	if request.IfVersion > 0 {
		op.header.Set("If-Match", strconv.Quote(strconv.FormatInt(request.IfVersion, 10)))
	}
	got, err := c.do(ctx, op)
	if err != nil {
		return app.Reply{}, err
	}
	if got.status == http.StatusAccepted {
		var reply app.Reply
		return reply, got.read(&reply)
	}
	reply := app.Reply{
		CommandID: got.header.Get("Holdfast-Command"), Outcome: domain.Outcome(got.header.Get("Holdfast-Outcome")),
	}
	view, head := committed(&reply, request.Practice)
	err = got.read(view)
	reply.Version, reply.Record = head.Version, head.ID
	return reply, err
}

// committed makes room in a reply for the record of a practice, and answers it and its head.
func committed(reply *app.Reply, practice domain.Practice) (any, *domain.Record) {
	switch practice {
	case escalation.Practice:
		reply.Escalation = &app.EscalationView{}
		return reply.Escalation, reply.Escalation.Head()
	case meeting.Practice:
		reply.Meeting = &app.MeetingView{}
		return reply.Meeting, reply.Meeting.Head()
	case change.Practice:
		reply.Change = &app.ChangeView{}
		return reply.Change, reply.Change.Head()
	}
	reply.Incident = &app.IncidentView{}
	return reply.Incident, reply.Incident.Head()
}

// bodyOf sends an empty body as an empty object.
func bodyOf(body json.RawMessage) json.RawMessage {
	if len(body) == 0 {
		return json.RawMessage("{}")
	}
	return body
}

// Bulk gives one command to several records.
func (c *client) Bulk(ctx context.Context, request app.BulkRequest) ([]app.BulkOutcome, error) {
	request.Command = slug(request.Command)
	var got struct {
		Outcomes []app.BulkOutcome `json:"outcomes"`
	}
	_, err := c.do(ctx, call{
		method: http.MethodPost, path: []string{collection(request.Practice), "bulk"}, key: request.Key, body: request, long: true, into: &got,
	})
	return got.Outcomes, err
}

// Command tells what became of a command.
func (c *client) Command(ctx context.Context, id string) (app.CommandStatus, error) {
	return one[app.CommandStatus](ctx, c, get("commands", id))
}

// Incident reads one incident by id or number.
func (c *client) Incident(ctx context.Context, reference string) (app.IncidentView, error) {
	return one[app.IncidentView](ctx, c, get(incidents, reference))
}

// Incidents lists incidents, one page at a time.
func (c *client) Incidents(ctx context.Context, query app.IncidentQuery) (app.Page[app.IncidentView], error) {
	op := get(incidents)
	op.query = listed(query)
	return one[app.Page[app.IncidentView]](ctx, c, op)
}

// listed is what a list is asked for.
func listed(query app.IncidentQuery) url.Values {
	return values(
		"state", strings.Join(query.State, ","), "priority", priorities(query.Priority), "team", query.Team,
		"assignee", query.Assignee, "requester", query.Requester, "service", query.Service, "category", query.Category,
		"tag", query.Tag, "q", query.Words, "opened_from", instant(query.OpenedFrom), "opened_to", instant(query.OpenedTo),
		"clock", query.Clock, "metric", query.Metric, "agreement", query.Agreement, "clock_from", instant(query.ClockFrom),
		"clock_to", instant(query.ClockTo), "due_within", query.DueWithin, "outdated", query.Outdated,
		"sort", query.Sort, "cursor", query.Cursor, "limit", count(query.Limit, mostItems),
	)
}

// Similar ranks incidents by the words they share with this one.
func (c *client) Similar(ctx context.Context, reference string, limit int) ([]app.IncidentView, error) {
	op := get(incidents, reference, "similar")
	op.query = values("limit", count(limit, mostSimilar))
	return list[app.IncidentView](ctx, c, op)
}

// SimilarTo ranks incidents by the words they share with a text; without words nothing is similar.
func (c *client) SimilarTo(ctx context.Context, text, service string, limit int) ([]app.IncidentView, error) {
	op := get(incidents, "similar")
	op.query = values("service", service, "limit", count(limit, mostSimilar))
	op.query.Set("q", text)
	return list[app.IncidentView](ctx, c, op)
}

// values makes a query of names and values in turn and leaves the empty ones out.
func values(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

func instant(moment *time.Time) string {
	if moment == nil {
		return ""
	}
	return moment.UTC().Format(time.RFC3339Nano)
}

func count(limit, most int) string {
	if limit <= 0 {
		return ""
	}
	return strconv.Itoa(min(limit, most))
}
