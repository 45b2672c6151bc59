package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

const clocksPath = "/incidents/:record/clocks"

func (w *console) mountClocks(pages *gin.RouterGroup) { pages.GET(clocksPath, w.clocks) }

// clocksView is a page that explains every clock of a record.
type clocksView struct {
	page
	Record app.IncidentView
	Clocks []app.Clock
}

// clocks explains all clocks of a record, those in force first.
func (w *console) clocks(c *gin.Context) {
	ctx := c.Request.Context()
	record, err := w.Service.Incident(ctx, c.Param("record"))
	if err != nil {
		w.fail(c, err)
		return
	}
	view := clocksView{page: w.page(c, "Clocks of "+record.Number), Record: record}
	found, err := w.Service.Clocks(ctx, record.ID)
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Clocks = append(inForce(found), replaced(found)...)
	w.show(c, http.StatusOK, clocksPage(view))
}

// inForce are the newest clocks in force, one of each promise, in the order of the metrics.
func inForce(clocks []app.Clock) []app.Clock {
	var list []app.Clock
	for _, metric := range sla.Metrics {
		for i, clock := range clocks {
			if clock.Metric == metric && isNewest(clocks, i) {
				list = append(list, clock)
			}
		}
	}
	return list
}

// replaced are the rest: earlier cycles, and ratings that others took the place of, the newest first.
func replaced(clocks []app.Clock) []app.Clock {
	var list []app.Clock
	for i := len(clocks) - 1; i >= 0; i-- {
		if !isNewest(clocks, i) {
			list = append(list, clocks[i])
		}
	}
	return list
}

func isNewest(clocks []app.Clock, i int) bool {
	one := clocks[i]
	if !one.InForce {
		return false
	}
	for _, other := range clocks {
		if other.InForce && other.Metric == one.Metric && other.Agreement == one.Agreement && other.Cycle > one.Cycle {
			return false
		}
	}
	return true
}

func clockURL(number string) string { return recordURL(number) + "/clocks" }

// clockID names a clock on a page.
func clockID(c app.Clock) string {
	return strings.Join([]string{"clock", string(c.Metric), c.Agreement, strconv.Itoa(c.Cycle), strconv.Itoa(c.Rating)}, "-")
}

// clockTitle tells a clock from all others of its record.
func clockTitle(c app.Clock) string {
	return metricTitle(c.Metric) + " by " + c.Agreement + ", cycle " + strconv.Itoa(c.Cycle) + ", rating " + strconv.Itoa(c.Rating)
}

// metricTitle words what a clock measures, wherever the console speaks of it.
func metricTitle(metric sla.Metric) string { return metricTitles[metric] }

var metricTitles = map[sla.Metric]string{
	sla.Response: "Response", sla.Resolution: "Resolution", sla.Update: "Next word to the requester",
	sla.OLA: "The team's own promise", sla.Underpinning: "The vendor's promise",
}

// clockState words where a clock stands.
func clockState(c app.Clock) string {
	switch {
	case !c.InForce:
		return "Replaced, " + string(c.State)
	case c.State == sla.Breached && c.StoppedAt == nil && !c.Counting:
		return "Breached, paused"
	case c.State == sla.Breached && c.StoppedAt == nil:
		return "Breached, overrun goes on"
	}
	return human(string(c.State))
}

// clockTone is how a clock is coloured.
func clockTone(c app.Clock) string {
	switch {
	case !c.InForce || c.State == sla.Canceled:
		return "past"
	case c.State == sla.Breached:
		return "over"
	case c.State == sla.Met:
		return "good"
	case c.RemainingMS*4 < c.LengthMS:
		return "near"
	}
	return "calm"
}

// openTime words open time by its two largest units. A day is as long as its calendar lets it be, so hours are the largest.
func openTime(ms int64) string {
	if ms < 0 {
		return openTime(-ms) + " over"
	}
	d := (time.Duration(ms) * time.Millisecond).Truncate(time.Second)
	hours, minutes, seconds := int(d/time.Hour), int(d/time.Minute)%60, int(d/time.Second)%60
	switch {
	case hours > 0 && minutes > 0:
		return strconv.Itoa(hours) + " h " + strconv.Itoa(minutes) + " min"
	case hours > 0:
		return strconv.Itoa(hours) + " h"
	case minutes > 0:
		return strconv.Itoa(minutes) + " min"
	}
	return strconv.Itoa(seconds) + " s"
}

// targetOf words what was promised: working days as they are written, with how long they are in the calendar.
func targetOf(c app.Clock) string {
	if strings.Contains(c.Target, "wd") {
		return c.Target + ", " + openTime(c.LengthMS)
	}
	return openTime(c.LengthMS)
}

// remaining words what is left of a target, or by how much it was missed.
func remaining(c app.Clock) string {
	switch {
	case c.RemainingMS < 0:
		return openTime(c.RemainingMS)
	case c.StoppedAt != nil:
		return "with " + openTime(c.RemainingMS) + " to spare"
	}
	return openTime(c.RemainingMS) + " left"
}

// promiseTitles word the events that tell of clocks, where their names would not.
var promiseTitles = map[string]string{
	"incident.clock_reached":       "Threshold of a promise reached",
	"incident.clock_passed":        "Threshold passed that had acted before",
	"incident.clock_breached":      "Promise broken",
	"incident.clock_withdrawn":     "Kept after all: what a clock told is taken back",
	"incident.clock_re_rated":      "Promise measured anew",
	"incident.re_rated":            "Clocks re-rated",
	"incident.priority_raised":     "Priority raised by an agreement",
	"incident.agreement_failed":    "An agreement could not be evaluated, and does not apply",
	"incident.reassignment_failed": "An agreement could not reassign it",
	"incident.requester_informed":  "The requester was told",
	"incident.alert_ended":         "Its alert stopped",
	"incident.alert_returned":      "Its alert fires again",
	"incident.page_deferred":       "A page waits for support to open",
	"incident.automated":           "Done by a rule",
	"incident.automation_held":     "A rule was not run again",
	"incident.automation_refused":  "An action of a rule was refused",
	"incident.automation_failed":   "A rule could not be asked",
	"incident.page_withdrawn":      "A page that waited is taken back",
}

// clockDueTitle words the deadline of a clock: "clock resolution 75%", "clock ola network-team due".
func clockDueTitle(name string) (string, bool) {
	words := strings.Fields(name)
	if len(words) < 3 || words[0] != "clock" {
		return "", false
	}
	title, known := metricTitles[sla.Metric(words[1])]
	if !known {
		return "", false
	}
	if at := words[len(words)-1]; at != sla.Due {
		return title + ": " + at + " of the promised time, and what the agreement says then", true
	}
	return title + ": the promise is broken", true
}
