package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Paging is what Decide needs to know of how an incident's service pages for its priorities.
type Paging struct {
	// Service is the one that it is about; empty: the incident has none, or none of which there is a document.
	Service string
	Policy  policy.ServicePolicy
	// Escalation names the EscalationPolicy whose steps call. It is read for commands that can begin a page.
	Escalation string
}

// DefaultEscalation names the EscalationPolicy that calls where neither a service nor its team names one.
const DefaultEscalation = "default"

// PagesAt says when a page for a priority leaves that begins to matter at a moment: then, when the support calendar next opens, or,
// with false, never. A calendar that never opens keeps nobody from being called.
func PagesAt(service policy.ServicePolicy, priority int, support *calendar.Calendar, moment time.Time) (time.Time, bool) {
	switch service.PagesFor(priority) {
	case policy.PageAlways:
		return moment, true
	case policy.PageSupportHours:
		opens, err := support.NextOpen(moment)
		if err != nil {
			return moment, true
		}
		return domain.Millisecond(opens), true
	}
	return time.Time{}, false
}

// pageForPriority lets the service's support be called where this decision made the incident one that its service pages for: it was
// opened or taken up again so, it was raised, or another service is concerned. A page that waits for the opening is taken back once
// nobody needs it.
func (d *draft) pageForPriority(before Incident) {
	record := &d.Record
	pages := d.pagesFor(*record)
	begins := pages && (!d.pagesFor(before) || record.Service != before.Service || record.Priority < before.Priority)
	switch {
	case begins:
		d.beginPage()
	case record.PageAt == nil:
	case !record.Open || record.Merged():
		d.withdrawPage("the incident needs nobody any more")
	case !pages && d.pagingKnown():
		d.withdrawPage(d.pagesNobody())
	}
}

// pagingKnown reports whether the facts say how the incident's service pages; where it has none, there is nothing to know.
func (d *draft) pagingKnown() bool {
	return d.Record.Service == "" || d.facts.Paging.Service == d.Record.Service
}

// pagesFor reports whether the service of an incident pages for it, now or once its support opens.
func (d *draft) pagesFor(record Incident) bool {
	paging := d.facts.Paging
	return record.Open && !record.Merged() && record.Service != "" && record.Service == paging.Service &&
		paging.Policy.PagesFor(record.Priority) != policy.PageNever
}

func (d *draft) pagesNobody() string {
	if d.Record.Service == "" {
		return "no service is concerned any more"
	}
	return fmt.Sprintf("%s pages nobody for priority %d", d.Record.Service, d.Record.Priority)
}

// beginPage calls at once, or keeps the moment at which support opens.
func (d *draft) beginPage() {
	record, paging := &d.Record, d.facts.Paging
	at, _ := PagesAt(paging.Policy, record.Priority, d.facts.Calendar, d.moment)
	if !at.After(d.moment) {
		how := "always pages"
		if paging.Policy.PagesFor(record.Priority) == policy.PageSupportHours {
			how = "pages in support hours"
		}
		d.pageSupport(fmt.Sprintf("priority %d of a service that %s", record.Priority, how))
		return
	}
	if record.PageAt != nil && record.PageAt.Equal(at) {
		return
	}
	record.PageAt = &at
	opens := at.In(d.facts.Calendar.Zone()).Format("Mon 2006-01-02 15:04")
	d.add("incident.page_deferred", false, "pages at "+opens+", when support opens",
		map[string]any{"page_at": at, "policy": paging.Escalation, "priority": record.Priority, "service": record.Service}, nil)
}

// pageSupport lets the steps of the service's policy call. Where they call for the incident already, that goes on for the sake of
// its priority too.
func (d *draft) pageSupport(why string) {
	record, name := &d.Record, d.facts.Paging.Escalation
	record.PageAt = nil
	data := map[string]any{"policy": name, "priority": record.Priority, "service": record.Service}
	call := d.calling(name)
	if call == nil {
		d.add("incident.paged", false, why, data, nil)
		d.call(Call{Policy: name, ForPriority: true}, nil, why)
		return
	}
	if !call.byHand() {
		call.ForPriority = true
	}
	data["joined"] = true
	d.add("incident.paged", false, why, data, nil)
	d.renew(*call, why)
}

// renew tells an escalation that somebody is needed more than ever; one that begins with this decision knows.
func (d *draft) renew(call Call, why string) {
	if d.Record.Restricted {
		why = restrictedWhy
	}
	begins := slices.ContainsFunc(d.Messages, func(m domain.Message) bool {
		return m.Record == call.ID && m.Command == string(escalation.Practice)+".open"
	})
	if !begins {
		d.tellCall(call, "renew", map[string]any{"why": why})
	}
}

func (d *draft) withdrawPage(why string) {
	d.add("incident.page_withdrawn", false, why, map[string]any{"page_at": *d.Record.PageAt}, nil)
	d.Record.PageAt = nil
}

// pageDue calls the service's support, which opens.
func (d *draft) pageDue() error {
	switch {
	case d.Record.PageAt == nil:
		return domain.Conflict(nil, "no page waits")
	case !d.pagesFor(d.Record):
		d.withdrawPage(d.pagesNobody())
	default:
		d.pageSupport(fmt.Sprintf("support opens, and priority %d waits", d.Record.Priority))
	}
	return nil
}
