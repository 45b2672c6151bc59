package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/server"
)

// scheduleView is all that the page of a schedule shows.
type scheduleView struct {
	page
	Schedule  app.Schedule
	Now       app.OnCallView
	Strip     strip
	Shifts    []app.ShiftView
	Overrides []app.Override
	Check     app.CoverageView
	Feed      feedView
	// Override puts somebody in another's place, for those who may; Swap asks somebody.
	Override, Swap form
	// Problem is what was refused a moment ago and belongs to no form; Done names what was done.
	Problem *server.Problem
	Done    string
}

// schedule shows one schedule.
func (w *console) schedule(c *gin.Context) {
	view, err := w.scheduleView(c, c.Param("schedule"))
	if err != nil {
		w.fail(c, err)
		return
	}
	view.prefill(c)
	view.Done = c.Query("done")
	w.show(c, http.StatusOK, schedulePage(view))
}

func (w *console) scheduleView(c *gin.Context, name string) (scheduleView, error) {
	ctx, view := c.Request.Context(), scheduleView{page: w.page(c, "On call")}
	schedules, err := w.Service.Schedules(ctx)
	if err != nil {
		return view, err
	}
	place := slices.IndexFunc(schedules, func(one app.Schedule) bool { return one.Name == name })
	if place < 0 {
		return view, domain.Errorf(domain.CodeNotFound, "there is no on-call schedule %s", name)
	}
	view.Schedule = schedules[place]
	view.Title = "On call: " + view.Schedule.Title
	now, err := w.Service.WhoIsOnCall(ctx, app.OnCallQuery{Schedule: name})
	if err != nil {
		return view, err
	}
	view.Now = now[0]
	if view.Strip, view.Shifts, err = w.strip(ctx, acceptedGaps(schedules), view.Now); err != nil {
		return view, err
	}
	view.Shifts = slices.DeleteFunc(view.Shifts, func(shift app.ShiftView) bool { return !shift.To.After(view.page.Now) })
	if view.Overrides, err = w.Service.Overrides(ctx, name); err != nil {
		return view, err
	}
	if view.Check, err = w.Service.CheckSchedule(ctx, name); err != nil {
		return view, err
	}
	view.Override, view.Swap = overrideForm(view.Schedule), swapForm(view.Schedule, view.Who.Handle)
	view.Feed, err = w.feed(c, name)
	return view, err
}

// prefill puts the time that an address names into the form that asks somebody to take it.
func (v *scheduleView) prefill(c *gin.Context) {
	zone, err := time.LoadLocation(zoneOf(c.Request.Context()))
	if err != nil {
		return // the fields stay to be filled in
	}
	for i, f := range v.Swap.Fields {
		name := map[string]string{"swap.gives.from": "from", "swap.gives.to": "to"}[f.Name]
		if at, err := time.Parse(time.RFC3339Nano, c.Query(name)); name != "" && err == nil {
			v.Swap.Fields[i].Value = at.In(zone).Format(momentLayouts[0])
		}
	}
	v.Swap.Zone = zoneOf(c.Request.Context())
}

// turnTakers are the people of a schedule's layers, once each.
func turnTakers(schedule app.Schedule) []choice {
	var handles []string
	for _, layer := range schedule.Layers {
		handles = append(handles, layer.People...)
	}
	slices.Sort(handles)
	var choices []choice
	for _, handle := range slices.Compact(handles) {
		choices = append(choices, choice{handle, handle})
	}
	return choices
}

// The places that somebody can step into beside a person's: everybody's, and nobody's.
const (
	everybodysPlace = "*"
	besidePlace     = "+"
)

// overrideForm asks who steps in. Its fields carry its name, because the page has two forms with a from and a to.
func overrideForm(schedule app.Schedule) form {
	people := turnTakers(schedule)
	places := append([]choice{{everybodysPlace, "Whoever is on call"}}, people...)
	return form{Title: "Put somebody in", Action: scheduleURL(schedule.Name) + "/overrides", Key: newKey(), Fields: []field{
		{Name: "override.person", Label: "Who steps in", Required: true, Choices: people, Suggested: true, MaxLength: 100},
		{
			Name: "override.place", Label: "In place of", Required: true, Value: everybodysPlace,
			Choices: append(places, choice{besidePlace, "Nobody: beside whoever is on call"}),
		},
		{Name: "override.from", Label: "From", Kind: moment, Optional: true, Hint: "Left empty: from now on."},
		{Name: "override.to", Label: "Until", Kind: moment, Required: true},
		{Name: "override.reason", Label: "Why", Optional: true, MaxLength: 2000},
	}}
}

// swapForm asks somebody to change turns.
func swapForm(schedule app.Schedule, me string) form {
	others := slices.DeleteFunc(turnTakers(schedule), func(one choice) bool { return one.Value == me })
	return form{Title: "Swap turns", Action: scheduleURL(schedule.Name) + "/swaps", Key: newKey(), Fields: []field{
		{Name: "swap.with", Label: "Whom you ask", Required: true, Choices: others, Suggested: true, MaxLength: 100},
		{Name: "swap.reason", Label: "Why", Optional: true, MaxLength: 2000},
		{Name: "swap.gives.from", Label: "They take yours from", Kind: moment, Optional: true},
		{Name: "swap.gives.to", Label: "They take yours until", Kind: moment, Optional: true},
		{Name: "swap.takes.from", Label: "You take theirs from", Kind: moment, Optional: true},
		{Name: "swap.takes.to", Label: "You take theirs until", Kind: moment, Optional: true},
	}}
}

// filled reads a form and decodes what stands under its name.
func filled(c *gin.Context, f *form, name string, into any) error {
	read(f.Fields, c.Request.PostForm)
	f.Key, f.Zone = c.PostForm(keyField), c.PostForm(zoneField)
	content, err := bodyOf(f.Fields, f.Zone)
	if err != nil {
		return err
	}
	var named map[string]json.RawMessage
	if err := json.Unmarshal(content, &named); err != nil || named[name] == nil {
		return err
	}
	return json.Unmarshal(named[name], into)
}

// addOverride puts somebody in another's place.
func (w *console) addOverride(c *gin.Context) {
	w.answerSchedule(c, "?done=override#overrides", func(view *scheduleView) *form { return &view.Override }, func(f *form, schedule string) error {
		var body struct {
			app.OverrideBody
			Place string `json:"place"`
		}
		if err := filled(c, f, "override", &body); err != nil {
			return err
		}
		body.Kind = oncall.Replace
		switch body.Place {
		case besidePlace:
			body.Kind = oncall.Add
		case everybodysPlace, "":
		default:
			body.Replaces = body.Place
		}
		_, err := w.Service.AddOverride(c.Request.Context(), schedule, f.Key, body.OverrideBody)
		return onField(err, "replaces", "place")
	})
}

// proposeSwap asks somebody to change turns.
func (w *console) proposeSwap(c *gin.Context) {
	w.answerSchedule(c, "?done=swap#swap", func(view *scheduleView) *form { return &view.Swap }, func(f *form, schedule string) error {
		var body app.SwapBody
		if err := filled(c, f, "swap", &body); err != nil {
			return err
		}
		_, err := w.Service.ProposeSwap(c.Request.Context(), schedule, f.Key, body)
		return err
	})
}

// answerSchedule sends a form of a schedule's page, and leads back to it or shows it with what was refused.
func (w *console) answerSchedule(c *gin.Context, after string, of func(*scheduleView) *form, send func(*form, string) error) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	view, err := w.scheduleView(c, c.Param("schedule"))
	if err != nil {
		w.fail(c, err)
		return
	}
	f := of(&view)
	if err := send(f, view.Schedule.Name); err != nil {
		w.show(c, f.refuse(err), schedulePage(view))
		return
	}
	c.Redirect(http.StatusSeeOther, scheduleURL(view.Schedule.Name)+after)
}

// endOverride ends an override.
func (w *console) endOverride(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	err := w.Service.EndOverride(c.Request.Context(), c.Param("id"))
	if err == nil {
		c.Redirect(http.StatusSeeOther, scheduleURL(c.Param("schedule"))+"?done=ended#overrides")
		return
	}
	view, viewErr := w.scheduleView(c, c.Param("schedule"))
	if viewErr != nil {
		w.fail(c, err)
		return
	}
	view.Problem = server.ProblemOf(err)
	w.show(c, view.Problem.Status, schedulePage(view))
}

// onField lets what is wrong with a field of the body stand beside the one of the form that says it.
func onField(err error, body, form string) error {
	known := domain.AsError(err)
	if known == nil {
		return err
	}
	told := *known
	told.Fields = slices.Clone(known.Fields)
	for i, wrong := range told.Fields {
		if wrong.Location == "body."+body {
			told.Fields[i].Location = "body." + form
		}
	}
	return &told
}

// overridePlace words in whose place somebody is.
func overridePlace(one app.Override) string {
	switch {
	case one.Kind == oncall.Add:
		return "beside whoever is on call"
	case one.Replaces == "":
		return "for whoever is on call"
	}
	return "for " + one.Replaces
}

// layerWords says how a layer turns.
func layerWords(layer oncall.Layer) string {
	every := "every " + layer.Rotation.Unit
	if layer.Rotation.Every > 1 {
		every = "every " + strconv.Itoa(layer.Rotation.Every) + " " + layer.Rotation.Unit + "s"
	}
	if layer.Rotation.Unit != oncall.UnitHour && layer.Rotation.Handoff != "" {
		every += " at " + layer.Rotation.Handoff
	}
	if layer.Restrict.Weekly != nil {
		every += ", at some hours only"
	}
	return every
}

// gapWords counts the times without anybody.
func gapWords(count int) string {
	if count == 1 {
		return "There is one time without anybody"
	}
	return "There are " + strconv.Itoa(count) + " times without anybody"
}

// doubleWords counts the times at which layers cover one another.
func doubleWords(count int) string {
	times := strconv.Itoa(count) + " times"
	if count == 1 {
		times = "one time"
	}
	return "At " + times + " several layers have somebody on: the later one wins."
}

// loadWords is a share of a year as hours a week.
func loadWords(seconds int64) string {
	return strconv.FormatInt((seconds/oncall.CheckedWeeks+1800)/3600, 10) + " h"
}
