package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

type changeDraft struct {
	giving
	Title              string   `required:"" help:"What is changed, in one line."`
	Description        string   `placeholder:"TEXT" help:"More about it; - reads it from the input."`
	Type               string   `enum:"normal,emergency" default:"normal" help:"normal or emergency."`
	Justification      string   `placeholder:"TEXT" help:"Why it is made."`
	Plan               string   `placeholder:"TEXT" help:"How it is made; - reads it from the input."`
	TestPlan           string   `placeholder:"TEXT" help:"How it is seen to work."`
	BackOutPlan        string   `placeholder:"TEXT" help:"How it is taken back."`
	Service            string   `short:"s" help:"The service that it is about most."`
	Services           []string `name:"also-service" aliases:"services" placeholder:"SERVICE" help:"A further service that it touches; may be given several times."`
	ConfigurationItems []string `name:"configuration-item" aliases:"ci" placeholder:"CI" help:"A configuration item that is touched; may be given several times."`
	Environment        string   `help:"Such as production."`
	Category           string   `help:"What kind of thing it is about."`
	Team               string   `short:"t" help:"Whose change it is; left out: the service's."`
	Assignee           string   `short:"a" placeholder:"PERSON" help:"Who carries it out."`
	Requester          string   `placeholder:"PERSON" help:"On behalf of whom; left out: yourself."`
	Tags               []string `name:"tag" placeholder:"TAG" help:"A tag; may be given several times."`
	CustomFields       string   `placeholder:"JSON" help:"An object of further fields."`
	Restricted         bool     `help:"Only named people may read it."`
	Exclusive          bool     `help:"While it is carried out, nobody else may touch its configuration items."`
	WindowFrom         moment   `name:"window-from" aliases:"from" placeholder:"TIME" help:"When it is to be carried out."`
	WindowTo           moment   `name:"window-to" aliases:"to" placeholder:"TIME" help:"When it is to be done, excluded."`
	AutoStart          bool     `help:"Starts by itself as the window opens."`
	ExpectedOutage     string   `placeholder:"TEXT" help:"What users will notice."`
	SecurityReason     string   `placeholder:"TEXT" help:"Why an emergency needs no incident."`
	Predecessors       []string `name:"predecessor" placeholder:"NUMBER" help:"A change that must have ended well before; may be given several times."`

	changeTasks
}

// changeTasks are the steps of a change.
type changeTasks struct {
	Task  []string `sep:"none" placeholder:"TITLE" xor:"tasks" help:"A step, each after the one before; may be given several times."`
	Tasks string   `placeholder:"JSON" xor:"tasks" help:"All steps as a list of {id, title, owner, after}; those without a common chain may be done side by side."`
}

func (c changeTasks) list() ([]change.NewTask, error) {
	var list []change.NewTask
	if c.Tasks != "" {
		if err := json.Unmarshal([]byte(c.Tasks), &list); err != nil {
			return nil, misusef("--tasks is no JSON list of tasks: %w", err)
		}
	}
	for i, title := range c.Task {
		task := change.NewTask{ID: taskNamed(i), Title: title}
		if i > 0 {
			task.After = []string{taskNamed(i - 1)}
		}
		list = append(list, task)
	}
	return list, nil
}

// Run drafts.
func (c *changeDraft) Run(ctx context.Context, s *session) error {
	custom, err := customFields(c.CustomFields)
	if err != nil {
		return err
	}
	tasks, err := c.list()
	if err != nil {
		return err
	}
	body := change.Content{
		Title: c.Title, Type: c.Type, Justification: c.Justification, TestPlan: c.TestPlan, BackOutPlan: c.BackOutPlan, Service: c.Service,
		Services: c.Services, ConfigurationItems: c.ConfigurationItems, Environment: c.Environment, Category: c.Category, Team: c.Team,
		Assignee: c.Assignee, Requester: c.Requester, Tags: c.Tags, CustomFields: custom, Restricted: c.Restricted, Exclusive: c.Exclusive,
		WindowFrom: s.moment(c.WindowFrom), WindowTo: s.moment(c.WindowTo), AutoStart: c.AutoStart, ExpectedOutage: c.ExpectedOutage,
		SecurityReason: c.SecurityReason, Predecessors: c.Predecessors, Tasks: tasks,
	}
	if c.Description == "-" && c.Plan == "-" {
		return misusef("the input can be the description or the plan, not both")
	}
	if body.Description, err = s.text(c.Description); err != nil {
		return err
	}
	if body.Plan, err = s.text(c.Plan); err != nil {
		return err
	}
	return s.give(ctx, app.Request{Practice: change.Practice, Verb: "draft", Key: c.Key, Async: c.Async}, body)
}

type changeFromModel struct {
	giving
	Model              string   `arg:"" help:"The model, such as restart-web."`
	Title              string   `help:"What is changed, in one line; left out: the model's."`
	Description        string   `placeholder:"TEXT" help:"More about it; - reads it from the input."`
	Service            string   `short:"s" help:"The service that it is about most; left out: the model's."`
	ConfigurationItems []string `name:"configuration-item" aliases:"ci" placeholder:"CI" help:"A configuration item that is touched; left out: the model's."`
	Team               string   `short:"t" help:"Whose change it is; left out: the model's."`
	Assignee           string   `short:"a" placeholder:"PERSON" help:"Who carries it out."`
	WindowFrom         moment   `name:"window-from" aliases:"from" placeholder:"TIME" help:"When it is to be carried out."`
	WindowTo           moment   `name:"window-to" aliases:"to" placeholder:"TIME" help:"When it is to be done, excluded."`
}

// Run makes a change of a model.
func (c *changeFromModel) Run(ctx context.Context, s *session) error {
	words, err := s.text(c.Description)
	if err != nil {
		return err
	}
	return s.give(ctx, app.Request{Practice: change.Practice, Verb: "from_model", Key: c.Key, Async: c.Async}, change.FromModel{
		Model: c.Model, Title: c.Title, Description: words, Service: c.Service, ConfigurationItems: c.ConfigurationItems, Team: c.Team,
		Assignee: c.Assignee, WindowFrom: s.moment(c.WindowFrom), WindowTo: s.moment(c.WindowTo),
	})
}

// changeEdit changes what is given; an empty text or list takes the old value away.
type changeEdit struct {
	changedPlainly
	Title              *string `help:"What is changed, in one line."`
	Description        *string `placeholder:"TEXT" help:"More about it; - reads it from the input."`
	Justification      *string `placeholder:"TEXT" help:"Why it is made."`
	Plan               *string `placeholder:"TEXT" help:"How it is made."`
	TestPlan           *string `placeholder:"TEXT" help:"How it is seen to work."`
	BackOutPlan        *string `placeholder:"TEXT" help:"How it is taken back."`
	Service            *string `short:"s" help:"The service that it is about most."`
	Services           *items  `placeholder:"SERVICE,…" help:"The services that it touches, all of them, with commas."`
	ConfigurationItems *items  `placeholder:"CI,…" help:"The configuration items, all of them, with commas."`
	Environment        *string `help:"Such as production."`
	Category           *string `help:"What kind of thing it is about."`
	Team               *string `short:"t" help:"Whose change it is."`
	Assignee           *string `short:"a" placeholder:"PERSON" help:"Who carries it out."`
	Tags               *items  `placeholder:"TAG,…" help:"The tags, all of them, with commas."`
	CustomFields       string  `placeholder:"JSON" help:"An object of further fields."`
	Restricted         *bool   `negatable:"" help:"Only named people may read it, or no longer so."`
	Exclusive          *bool   `negatable:"" help:"Nobody else may touch its configuration items meanwhile, or no longer so."`
	WindowFrom         moment  `name:"window-from" aliases:"from" placeholder:"TIME" help:"When it is to be carried out."`
	WindowTo           moment  `name:"window-to" aliases:"to" placeholder:"TIME" help:"When it is to be done, excluded."`
	AutoStart          *bool   `negatable:"" help:"Starts by itself as the window opens, or no longer so."`
	ExpectedOutage     *string `placeholder:"TEXT" help:"What users will notice."`
	SecurityReason     *string `placeholder:"TEXT" help:"Why an emergency needs no incident."`
	Predecessors       *items  `placeholder:"NUMBER,…" help:"The changes that must have ended well before, all of them, with commas."`

	changeTasks
}

// Run edits.
func (c *changeEdit) Run(ctx context.Context, s *session) error {
	custom, err := customFields(c.CustomFields)
	if err != nil {
		return err
	}
	if c.Description != nil {
		words, err := s.text(*c.Description)
		if err != nil {
			return err
		}
		c.Description = &words
	}
	body := change.Edit{
		Title: c.Title, Description: c.Description, Justification: c.Justification, Plan: c.Plan, TestPlan: c.TestPlan,
		BackOutPlan: c.BackOutPlan, Service: c.Service, Services: c.Services.list(), ConfigurationItems: c.ConfigurationItems.list(),
		Environment: c.Environment, Category: c.Category, Team: c.Team, Assignee: c.Assignee, Tags: c.Tags.list(), CustomFields: custom,
		Restricted: c.Restricted, Exclusive: c.Exclusive, WindowFrom: s.moment(c.WindowFrom), WindowTo: s.moment(c.WindowTo),
		AutoStart: c.AutoStart, ExpectedOutage: c.ExpectedOutage, SecurityReason: c.SecurityReason, Predecessors: c.Predecessors.list(),
		Reason: c.Reason,
	}
	if c.Tasks != "" || len(c.Task) > 0 {
		tasks, err := c.changeTasks.list()
		if err != nil {
			return err
		}
		body.Tasks = &tasks
	}
	return c.send(ctx, s, "edit", body)
}

// taskNamed is the id of the task at a place of a list, as the platform would give it.
func taskNamed(place int) string { return fmt.Sprintf("t%d", place+1) }
