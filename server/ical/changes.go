package ical

import (
	"fmt"
	"strings"

	ics "github.com/arran4/golang-ical"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// WriteChanges writes changes by their windows, and the freezes and maintenance windows between them, as a calendar: instants in
// UTC, lines folded at 75 bytes. A change keeps its identity for ever, and its sequence grows with its version, so that a window that
// moved is moved in the calendar; one that was rejected or canceled says so.
func WriteChanges(content app.ChangeFeedContent, publicURL string) string {
	name := "Changes"
	if content.Service != "" {
		name += ": " + content.Service
	}
	calendar := begin("Changes", oneLine(name))
	if content.More {
		calendar.SetXWRCalDesc(fmt.Sprintf("Only the first %d changes are shown. An address of one service shows all of it.", len(content.Changes)))
	}
	base := strings.TrimSuffix(publicURL, "/")
	for _, one := range content.Windows {
		event := calendar.AddEvent(windowIdentity(content, one))
		event.SetDtStampTime(content.MadeAt)
		event.SetStartAt(one.From)
		event.SetEndAt(one.To)
		event.SetTimeTransparency(ics.TransparencyTransparent)
		kind, words := "maintenance", "Maintenance window: "
		if one.Kind == policy.KindFreezeWindow {
			kind, words = "freeze", "Freeze: "
		}
		event.AddCategory(kind)
		event.SetSummary(oneLine(words + one.Title))
		if base != "" {
			event.SetURL(base + "/policies/" + one.Kind + "/" + one.Name)
		}
	}
	for _, one := range content.Changes {
		span, set := one.Lasts()
		if !set {
			continue
		}
		event := calendar.AddEvent(one.ID + "@holdfast")
		event.SetDtStampTime(content.MadeAt)
		event.SetCreatedTime(one.OpenedAt)
		event.SetLastModifiedAt(one.UpdatedAt)
		event.SetSequence(int(one.Version))
		event.SetStartAt(span.From)
		event.SetEndAt(span.To)
		event.SetTimeTransparency(ics.TransparencyTransparent) // a change in somebody's calendar does not take their time
		event.SetStatus(statusOf(one.Change))
		event.AddCategory("change")
		if one.Restricted { // the address needs no session, and who it was given to nobody knows
			event.SetSummary(one.Number + " " + change.RestrictedTitle)
		} else {
			event.SetSummary(oneLine(one.Number + " " + one.Title))
			event.SetDescription(describe(one.Change))
		}
		if base != "" {
			event.SetURL(base + "/changes/" + one.Number)
		}
	}
	return calendar.Serialize(ics.WithNewLineWindows)
}

// windowIdentity names an occurrence: a dated window keeps its name when it is moved, one of many is known by its beginning. One
// that goes on since before what is shown began has no beginning that stays.
func windowIdentity(content app.ChangeFeedContent, one app.WindowView) string {
	key := one.Kind + "/" + one.Name
	switch {
	case !one.Recurs:
	case one.From.Before(content.From):
		key += "/begun"
	default:
		key += "/" + one.From.UTC().String()
	}
	return app.HashSecret(key)[:32] + "@holdfast"
}

// statusOf says how sure a window is: until a change is scheduled, it may yet not come.
func statusOf(c change.Change) ics.ObjectStatus {
	switch c.State {
	case change.Rejected, change.Canceled:
		return ics.ObjectStatusCancelled
	case change.Scheduled, change.Implementing, change.Review, change.Closed:
		return ics.ObjectStatusConfirmed
	}
	return ics.ObjectStatusTentative
}

// describe tells of a change what somebody wants to know who sees it in a calendar.
func describe(c change.Change) string {
	lines := []string{strings.ToUpper(c.Type[:1]) + c.Type[1:] + " change, " + strings.ReplaceAll(string(c.State), "_", " ")}
	for _, fact := range []struct{ name, value string }{
		{"Services", strings.Join(c.Services, ", ")}, {"Team", c.Team}, {"Carried out by", c.Assignee}, {"Risk", c.Risk.Level},
	} {
		if fact.value != "" {
			lines = append(lines, fact.name+": "+oneLine(fact.value))
		}
	}
	if blocked := len(c.Blocked()); blocked > 0 {
		lines = append(lines, fmt.Sprintf("Conflicts that block it: %d", blocked))
	}
	return strings.Join(lines, "\n")
}
