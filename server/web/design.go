package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

const designPath = "/design"

func (w *console) mountDesign(pages *gin.RouterGroup) { pages.GET(designPath, w.design) }

// design shows every part that pages are made of, in every state that it can be in.
func (w *console) design(c *gin.Context) {
	who, err := app.PrincipalFrom(c.Request.Context())
	if err == nil && !administers(who) {
		err = domain.Errorf(domain.CodeForbidden, "this page is for administrators")
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, designPage(w.page(c, "Design"), specimensAt(w.Now())))
}

// specimens are what the parts on the design page show.
type specimens struct {
	Now      time.Time
	Fields   []field
	Refused  form
	Problem  *server.Problem
	Away     *server.Problem
	Timeline recordView
	List     []app.IncidentView
	Outcomes []app.CommandStatus
}

func specimensAt(now time.Time) specimens {
	return specimens{
		Now: now, Fields: specimenFields(), Refused: specimenForm(),
		Problem:  server.ProblemOf(domain.Conflict([]string{"reopen", "merge_into"}, "an incident that is closed does not allow assign")),
		Away:     server.ProblemOf(&domain.Error{Code: domain.CodeUnavailable, Message: "the database is away", RetryAfter: 5 * time.Second}),
		Timeline: specimenTimeline(now), List: specimenList(now),
		Outcomes: []app.CommandStatus{
			{CommandID: "one", Command: "incident.hold", Record: "specimen", State: "applied", ReceivedAt: now},
			{CommandID: "two", Command: "incident.hold", Record: "specimen", State: "refused", ReceivedAt: now, Refusal: domain.Errorf(domain.CodeConflict, "the incident is closed")},
		},
	}
}

func specimenFields() []field {
	choices := []choice{{"network", "Network"}, {"messaging", "Messaging"}}
	return []field{
		{Name: "design.line", Label: "One line", Hint: "What it is for, in a few words.", Required: true},
		{Name: "design.optional", Label: "Optional", Optional: true, Value: "with a value"},
		{Name: "design.choice", Label: "A choice", Choices: choices, Value: "network"},
		{Name: "design.suggested", Label: "Suggested values", Choices: choices, Suggested: true},
		{Name: "design.number", Label: "A number", Kind: number, Value: "3", Minimum: "1", Maximum: "5"},
		{Name: "design.moment", Label: "A moment", Kind: moment},
		{Name: "design.check", Label: "Yes or no", Kind: yesNo, Value: "true"},
		{Name: "design.text", Label: "Several lines", Kind: manyLines, Value: "It grows with what is written."},
	}
}

func specimenForm() form {
	fields := []field{
		{Name: "refused.line", Label: "One line", Required: true, Error: "is missing"},
		{Name: "refused.choice", Label: "A choice", Choices: []choice{{"a", "A"}}, Value: "gone", Error: `"gone" is not a choice`},
		{Name: "refused.text", Label: "Several lines", Kind: manyLines, Value: "What was written stays.", Error: "is too long"},
	}
	return form{
		Verb: "edit", Title: "A form that was refused", Action: designPath, Key: "specimen", Fields: fields,
		Problem: server.ProblemOf(domain.Invalid("refused.line", "is missing")),
	}
}

// specimenList has an incident in every state and priority, due in every way.
func specimenList(now time.Time) []app.IncidentView {
	titles := []string{"Mail cannot be sent", "VPN drops every hour at home", "Printer on floor 3 prints blank pages", "A new colleague needs access to the ledger"}
	offsets := []time.Duration{-12 * time.Minute, 9 * time.Minute, 3 * time.Hour, 52 * time.Hour}
	var list []app.IncidentView
	for i, state := range incident.Lifecycle.States {
		one := app.IncidentView{Incident: incident.Incident{Record: domain.Record{
			ID: "specimen", Number: "INC-000123", State: state.Name, Title: titles[i%len(titles)], Priority: 1 + i%5,
			Service: "mail", Team: "messaging", Assignee: "ana", OpenedAt: now.Add(-time.Duration(i+1) * 5 * time.Hour),
		}}}
		if state.Open {
			due := now.Add(offsets[i%len(offsets)])
			one.WakeAt = &due
		}
		list = append(list, one)
	}
	return list
}

func specimenTimeline(now time.Time) recordView {
	late, due := int64(92_000), now.Add(-20*time.Minute)
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	return recordView{Timeline: []domain.StoredEvent{
		{Seq: 1, At: at(-60), Type: "incident.logged", Actor: domain.Actor{Kind: domain.ActorPerson, Name: "ana"}, Public: true},
		{Seq: 2, At: at(-58), Type: "incident.triaged", Actor: domain.Actor{Kind: domain.ActorPolicy, Name: "assignment-rules/default"}, Public: true, Data: json.RawMessage(`{"team":{"from":"","to":"messaging"}}`)},
		{Seq: 3, At: due, DueAt: &due, LatenessMS: &late, Type: "incident.triage_escalated", Actor: domain.Actor{Kind: domain.ActorTimer}, Public: true},
		{Seq: 4, At: at(-15), Type: "incident.linked", Actor: domain.Actor{Kind: domain.ActorMachine, Name: "monitoring"}, Public: true, Data: json.RawMessage(`{"type":"caused_by"}`)},
		{Seq: 5, At: at(-9), Type: "note.added", Actor: domain.Actor{Kind: domain.ActorPerson, Name: "bo"}, Personal: json.RawMessage(`{"body":"The relay refuses our certificate since this morning."}`)},
		{Seq: 6, At: at(-4), Type: "note.added", Actor: domain.Actor{Kind: domain.ActorPerson, Name: "ana"}, Public: true, Personal: json.RawMessage(`{"body":"Mail works again. Please try."}`)},
	}}
}

// swatches are the colours by their tokens.
var swatches = []string{
	"ground", "sheet", "sunk", "line", "line-strong", "ink", "ink-soft", "accent", "accent-strong", "accent-soft",
	"alarm", "alarm-soft", "warn", "warn-soft", "good", "good-soft", "mast",
}

// iconNames are the symbols of icons.svg, but for the logo.
var iconNames = func() []string {
	var names []string
	for _, found := range symbolID.FindAllSubmatch(symbols(), -1) {
		if name := string(found[1]); name != "mark" {
			names = append(names, name)
		}
	}
	return names
}()

var symbolID = regexp.MustCompile(`<symbol id="([a-z-]+)"`)

// symbols is the source of the sprite.
func symbols() []byte { return assets[strings.TrimPrefix(asset("icons.svg"), assetBase)].content }
