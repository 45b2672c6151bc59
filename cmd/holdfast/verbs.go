package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// incidentVerbs has a command for every verb of the lifecycle's table that people give, with a flag for every field of its
// body; a test holds the two together.
type incidentVerbs struct {
	Log              incidentLog              `cmd:"" help:"Log an incident."`
	Triage           incidentTriage           `cmd:"" help:"Say what it is about and whose it is; what is left out stays."`
	Assign           incidentAssign           `cmd:"" help:"Give it to a team, to a person, or to both."`
	Start            incidentStart            `cmd:"" help:"Begin work."`
	Hold             incidentHold             `cmd:"" help:"Stop work until something outside happens."`
	Resume           incidentResume           `cmd:"" help:"Go on after a hold."`
	Resolve          incidentResolve          `cmd:"" help:"Service is restored; say how."`
	Confirm          incidentConfirm          `cmd:"" help:"As its requester: the resolution is right."`
	Reopen           incidentReopen           `cmd:"" help:"It is not resolved after all."`
	Close            incidentClose            `cmd:"" help:"End a resolved incident."`
	Cancel           incidentCancel           `cmd:"" help:"It needs no work."`
	MergeInto        incidentMergeInto        `cmd:"" help:"It is a duplicate and follows another incident."`
	Unmerge          incidentUnmerge          `cmd:"" help:"It is no duplicate after all."`
	ChangePriority   incidentChangePriority   `cmd:"" help:"Rate it anew by impact and urgency."`
	OverridePriority incidentOverridePriority `cmd:"" help:"Set its priority against the matrix."`
	Page             incidentPage             `cmd:"" help:"Call people to it, or let a policy's steps call them."`
	ReRate           incidentReRate           `cmd:"" help:"Measure its clocks by the newest agreements and calendars."`
	Edit             incidentEdit             `cmd:"" help:"Change its content; what is left out stays."`
	Rate             incidentRate             `cmd:"" help:"As its requester: how well it went."`
	Link             incidentLink             `cmd:"" help:"Tie it to another record."`
	Unlink           incidentUnlink           `cmd:"" help:"Untie it from another record."`
}

// giving is how a command is given.
type giving struct {
	Key   string `placeholder:"KEY" group:"Command" help:"Idempotency key: the same key gives the command once."`
	Async bool   `group:"Command" help:"Do not wait for the decision."`
}

// verb is a command on one record.
type verb struct {
	record
	giving
	IfVersion int64 `placeholder:"N" group:"Command" help:"Only if the record is at this version."`
}

func (v verb) give(ctx context.Context, s *session, name string, body any) error {
	return s.give(ctx, app.Request{Verb: name, Record: v.Record, Key: v.Key, Async: v.Async, IfVersion: v.IfVersion}, body)
}

// give sends a command and tells what became of it.
func (s *session) give(ctx context.Context, request app.Request, body any) error {
	var err error
	request.Practice = cmp.Or(request.Practice, domain.Incident)
	if request.Body, err = json.Marshal(body); err != nil {
		return misusef("the command cannot be sent: %w", err)
	}
	reply, err := s.service.Execute(ctx, request)
	if err != nil {
		return err
	}
	if committed, _ := reply.Committed(); committed == nil {
		t := table{titles: []string{"COMMAND", "OUTCOME", "RECORD"}, rows: [][]any{{reply.CommandID, string(reply.Outcome), reply.Record}}}
		return s.show(view{data: reply, table: t, text: func(p *printer) error {
			return p.line("%s: see what became of it with holdfast command show %s", reply.Outcome, reply.CommandID)
		}})
	}
	if e := reply.Escalation; e != nil {
		return s.show(view{data: e, table: s.escalations([]app.EscalationView{*e}), text: func(p *printer) error {
			return p.line("%s: %s", e.Number, s.escalationSummary(*e))
		}})
	}
	if m := reply.Meeting; m != nil {
		return s.meetingGiven(request.Practice, request.Verb, *m)
	}
	if c := reply.Change; c != nil {
		return s.show(view{data: c, table: s.changes([]app.ChangeView{*c}), text: func(p *printer) error {
			return p.line("%s %s: %s", c.Number, past(request.Practice, request.Verb), s.changeSummary(*c))
		}})
	}
	i := *reply.Incident
	return s.show(view{data: reply, table: s.incidents([]app.IncidentView{i}), text: func(p *printer) error {
		return p.line("%s %s: %s", i.Number, past(request.Practice, request.Verb), s.summary(i))
	}})
}

// past is what was done, in the words of the verb's event: incident.priority_changed → priority changed.
func past(practice domain.Practice, name string) string {
	lifecycle := incident.Lifecycle
	switch practice {
	case change.Practice:
		lifecycle = change.Lifecycle
	case meeting.Practice:
		lifecycle = meeting.Lifecycle
	}
	transition, known := lifecycle.Transition(name)
	if !known {
		return name
	}
	return strings.ReplaceAll(strings.TrimPrefix(transition.Event, string(practice)+"."), "_", " ")
}

// summary is where an incident stands, in a line.
func (s *session) summary(i app.IncidentView) string {
	parts := []string{string(i.State), fmt.Sprintf("priority %d", i.Priority)}
	switch {
	case i.Assignee != "" && i.Team != "":
		parts = append(parts, i.Assignee+" of "+i.Team)
	case i.Team != "":
		parts = append(parts, "team "+i.Team)
	case i.Assignee != "":
		parts = append(parts, i.Assignee)
	default:
		parts = append(parts, "nobody's yet")
	}
	if i.WakeAt != nil {
		parts = append(parts, i.NextDue+" due "+s.when(*i.WakeAt))
	}
	return strings.ReplaceAll(strings.Join(parts, ", "), "_", " ")
}

type incidentLog struct {
	giving
	Title              string   `required:"" help:"What is wrong, in one line."`
	Description        string   `placeholder:"TEXT" help:"More about it; - reads it from the input."`
	Impact             string   `required:"" placeholder:"LEVEL" help:"How much is affected: high, medium or low."`
	Urgency            string   `required:"" placeholder:"LEVEL" help:"How soon it matters: high, medium or low."`
	Service            string   `short:"s" help:"The affected service."`
	Category           string   `help:"What kind of thing it is about."`
	Requester          string   `placeholder:"PERSON" help:"On behalf of whom; left out: yourself."`
	Channel            string   `help:"How it reached the desk: phone, portal, mail, monitoring, …"`
	Location           string   `help:"Where."`
	Environment        string   `help:"Such as production."`
	Team               string   `short:"t" help:"Left out: the assignment rules choose."`
	Assignee           string   `short:"a" placeholder:"PERSON" help:"Who works on it."`
	ConfigurationItems []string `name:"configuration-item" aliases:"ci" placeholder:"CI" help:"An affected configuration item; may be given several times."`
	Tags               []string `name:"tag" placeholder:"TAG" help:"A tag; may be given several times."`
	CustomFields       string   `placeholder:"JSON" help:"An object of further fields."`
	Restricted         bool     `help:"Only named people may read it."`
	Follows            string   `placeholder:"NUMBER" help:"The closed incident that this one continues."`
	ResolutionCode     string   `and:"resolution" placeholder:"CODE" help:"Logged and resolved in one step: how, such as fixed."`
	ResolutionNotes    string   `and:"resolution" placeholder:"TEXT" help:"Logged and resolved in one step: what was done."`
}

// Run logs the incident.
func (c *incidentLog) Run(ctx context.Context, s *session) error {
	custom, err := customFields(c.CustomFields)
	if err != nil {
		return err
	}
	body := incident.Log{
		Title: c.Title, Impact: c.Impact, Urgency: c.Urgency, Service: c.Service, Category: c.Category, Requester: c.Requester,
		Channel: c.Channel, Location: c.Location, Environment: c.Environment, Team: c.Team, Assignee: c.Assignee,
		ConfigurationItems: c.ConfigurationItems, Tags: c.Tags, CustomFields: custom, Restricted: c.Restricted, Follows: c.Follows,
	}
	if body.Description, err = s.text(c.Description); err != nil {
		return err
	}
	if c.ResolutionCode != "" {
		body.Resolution = &incident.Resolve{Code: c.ResolutionCode, Notes: c.ResolutionNotes}
	}
	return s.give(ctx, app.Request{Verb: "log", Key: c.Key, Async: c.Async}, body)
}

func customFields(text string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		return nil, misusef("--custom-fields is no JSON object: %w", err)
	}
	return json.RawMessage(text), nil
}

type incidentTriage struct {
	verb
	Category           string   `help:"What kind of thing it is about."`
	Service            string   `short:"s" help:"The affected service."`
	ConfigurationItems []string `name:"configuration-item" aliases:"ci" placeholder:"CI" help:"An affected configuration item; may be given several times."`
	Impact             string   `placeholder:"LEVEL" help:"How much is affected."`
	Urgency            string   `placeholder:"LEVEL" help:"How soon it matters."`
	Team               string   `short:"t" help:"Whose it is."`
	Tags               []string `name:"tag" placeholder:"TAG" help:"A tag; may be given several times."`
}

// Run triages.
func (c *incidentTriage) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "triage", incident.Triage{
		Category: c.Category, Service: c.Service, ConfigurationItems: c.ConfigurationItems,
		Impact: c.Impact, Urgency: c.Urgency, Team: c.Team, Tags: c.Tags,
	})
}

type incidentAssign struct {
	verb
	Team     string `short:"t" help:"To this team."`
	Assignee string `short:"a" placeholder:"PERSON" help:"To this person, an active member of the team."`
}

// Run assigns.
func (c *incidentAssign) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "assign", incident.Assign{Team: c.Team, Assignee: c.Assignee})
}

// backdated says that something was so earlier than it is said.
type backdated struct {
	EffectiveAt moment `placeholder:"TIME" help:"When it really was so, at most 24 h back; needs a reason."`
	Reason      string `placeholder:"TEXT" help:"Why."`
}

type incidentStart struct {
	verb
	backdated
}

// Run starts work.
func (c *incidentStart) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "start", incident.Start{EffectiveAt: s.moment(c.EffectiveAt), Reason: c.Reason})
}

type incidentHold struct {
	verb
	Reason     string `required:"" placeholder:"REASON" help:"awaiting_requester, awaiting_vendor, awaiting_change, awaiting_problem, scheduled or one of yours."`
	Until      moment `placeholder:"TIME" help:"Resumes by itself."`
	Vendor     string `help:"Who is waited for."`
	Reference  string `placeholder:"NUMBER" help:"The vendor's number."`
	PromisedAt moment `placeholder:"TIME" help:"When the vendor promised to be done."`
	Comment    string `placeholder:"TEXT" help:"More about it."`
}

// Run holds.
func (c *incidentHold) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "hold", incident.HoldOn{
		Reason: c.Reason, Until: s.moment(c.Until), Vendor: c.Vendor, Reference: c.Reference,
		PromisedAt: s.moment(c.PromisedAt), Comment: c.Comment,
	})
}

type incidentResolve struct {
	verb
	backdated
	Code  string `required:"" placeholder:"CODE" help:"How, one of the resolution codes, such as fixed."`
	Notes string `required:"" placeholder:"TEXT" help:"What was done; - reads it from the input."`

	BreachCause string `placeholder:"CAUSE" help:"Why a promise was broken, one of the breach causes; only where one was."`
}

// Run resolves.
func (c *incidentResolve) Run(ctx context.Context, s *session) error {
	notes, err := s.text(c.Notes)
	if err != nil {
		return err
	}
	return c.give(ctx, s, "resolve", incident.Resolve{
		Code: c.Code, Notes: notes, BreachCause: c.BreachCause, EffectiveAt: s.moment(c.EffectiveAt), Reason: c.Reason,
	})
}

// score is a requester's answer.
type score struct {
	Score   int    `placeholder:"N" help:"1 (bad) to 5 (good)."`
	Comment string `placeholder:"TEXT" help:"More about it."`
}

type incidentConfirm struct {
	verb
	score
}

// Run confirms.
func (c *incidentConfirm) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "confirm", incident.Confirm{Score: c.Score, Comment: c.Comment})
}

type incidentRate struct {
	verb
	score
}

// Run rates.
func (c *incidentRate) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "rate", incident.Confirm{Score: c.Score, Comment: c.Comment})
}

// because is a command that needs a reason, plainly one that may have one.
type because struct {
	verb
	Reason string `required:"" placeholder:"TEXT" help:"Why."`
}

type plainly struct {
	verb
	Reason string `placeholder:"TEXT" help:"Why."`
}

type (
	incidentResume  struct{ plainly }
	incidentReopen  struct{ because }
	incidentClose   struct{ plainly }
	incidentCancel  struct{ because }
	incidentUnmerge struct{ plainly }
	incidentReRate  struct{ plainly }
)

// Run measures the clocks anew.
func (c *incidentReRate) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "re_rate", incident.Plain{Reason: c.Reason})
}

// Run resumes.
func (c *incidentResume) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "resume", incident.Plain{Reason: c.Reason})
}

// Run reopens.
func (c *incidentReopen) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "reopen", incident.Because{Reason: c.Reason})
}

// Run closes.
func (c *incidentClose) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "close", incident.Plain{Reason: c.Reason})
}

// Run cancels.
func (c *incidentCancel) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "cancel", incident.Because{Reason: c.Reason})
}

// Run takes a duplicate apart again.
func (c *incidentUnmerge) Run(ctx context.Context, s *session) error {
	return c.give(ctx, s, "unmerge", incident.Plain{Reason: c.Reason})
}
