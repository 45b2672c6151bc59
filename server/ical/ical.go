// Package ical serves shifts and the change calendar to calendars (RFC 5545) at secret addresses. Whoever has an address reads it without signing in, as
// calendars do; app decides what it shows, with the rights that its owner has at that moment.
package ical

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	ics "github.com/arran4/golang-ical"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/server"
)

// Dependencies are what feeds are read from.
type Dependencies struct {
	// Read finds what an address of shifts shows by its secret, ReadChanges what one of the change calendar does.
	Read        func(ctx context.Context, secret string) (app.FeedContent, error)
	ReadChanges func(ctx context.Context, secret string) (app.ChangeFeedContent, error)
	// Busy counts the requests of each address; left out, the package counts its own.
	Busy *server.Busy
	// PublicURL is where people reach the console; empty: events have no link.
	PublicURL string
}

// maxAge is how long a calendar may keep what it read, in seconds. Most ask a few times a day anyhow.
const maxAge = 300

// Mount puts the feeds onto a gin engine.
func Mount(engine *gin.Engine, dependencies Dependencies) {
	if dependencies.Busy == nil {
		dependencies.Busy = &server.Busy{}
	}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		engine.Handle(method, app.FeedPath+":file", server.Bounded(), dependencies.serve("on-call.ics", dependencies.shifts))
		engine.Handle(method, app.ChangeFeedPath+":file", server.Bounded(), dependencies.serve("changes.ics", dependencies.changes))
	}
}

func (d Dependencies) shifts(ctx context.Context, secret string) (string, error) {
	content, err := d.Read(ctx, secret)
	return Write(content, d.PublicURL), err
}

func (d Dependencies) changes(ctx context.Context, secret string) (string, error) {
	content, err := d.ReadChanges(ctx, secret)
	return WriteChanges(content, d.PublicURL), err
}

// serve answers one address with a calendar. Its secret is never written to a log.
func (d Dependencies) serve(name string, read func(ctx context.Context, secret string) (string, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		secret, is := strings.CutSuffix(c.Param("file"), app.FeedSuffix)
		if !is {
			c.String(http.StatusNotFound, "There is no such feed.\n")
			return
		}
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Referrer-Policy", "no-referrer")
		leave, err := d.Busy.Enter("feed " + app.HashSecret(secret))
		if err != nil {
			refuse(c, err)
			return
		}
		defer leave()
		text, err := read(c, secret)
		if err != nil {
			refuse(c, err)
			return
		}
		c.Header("Cache-Control", fmt.Sprintf("private, max-age=%d", maxAge))
		c.Header("Content-Disposition", fmt.Sprintf("inline; filename=%q", name))
		c.Data(http.StatusOK, "text/calendar; charset=utf-8", []byte(text))
	}
}

// refuse tells a failure in plain words: calendars read no JSON.
func refuse(c *gin.Context, err error) {
	problem := server.ProblemOf(err)
	c.Header("Cache-Control", "no-store")
	c.String(problem.Status, "%s\n", problem.Detail)
}

// Write writes shifts as a calendar: instants in UTC, lines folded at 75 bytes. Events keep their identity for as long as the
// shift begins when it did.
func Write(content app.FeedContent, publicURL string) string {
	calendar := begin("On call", calendarName(content))
	for _, shift := range content.Shifts {
		event := calendar.AddEvent(app.HashSecret(shift.Schedule + "/" + shift.Person + "/" + shift.From.UTC().String())[:32] + "@holdfast")
		event.SetDtStampTime(content.MadeAt)
		event.SetStartAt(shift.From)
		event.SetEndAt(shift.To)
		event.SetSummary(summary(content, shift))
		event.SetTimeTransparency(ics.TransparencyTransparent) // being on call is not being in a meeting
		if shift.Override != "" && shift.Replaces != "" {
			event.SetDescription("In place of " + shift.Replaces)
		}
		if publicURL != "" {
			event.SetURL(strings.TrimSuffix(publicURL, "/") + "/on-call/" + shift.Schedule)
		}
	}
	return calendar.Serialize(ics.WithNewLineWindows)
}

// begin makes a calendar that is read anew every hour.
func begin(product, name string) *ics.Calendar {
	calendar := ics.NewCalendar()
	calendar.SetProductId("-//Holdfast//" + product + "//EN")
	calendar.SetCalscale("GREGORIAN")
	calendar.SetMethod(ics.MethodPublish)
	calendar.SetXWRCalName(name)
	calendar.SetRefreshInterval("PT1H")
	calendar.SetXPublishedTTL("PT1H")
	return calendar
}

func calendarName(content app.FeedContent) string {
	if content.Own {
		return "On call"
	}
	return oneLine("On call: " + content.Title)
}

func summary(content app.FeedContent, shift app.ShiftView) string {
	if content.Own {
		return oneLine("On call: " + shift.Title)
	}
	return oneLine(shift.Name + " on call: " + shift.Title)
}

// oneLine leaves no control character that a reader could take for the end of a line; the library escapes only line feeds.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == ' ' }), " ")
}
