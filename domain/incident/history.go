package incident

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// Snapshot is what one row of another system's audit says an incident was like from a moment on. Where a text is empty the
// row does not say, and what was known stays.
type Snapshot struct {
	At    time.Time
	By    string // handle of who changed it; empty: the source itself
	State domain.State
	// Hold and Resolution speak where the state is on_hold, or resolved and closed; Hold.Base is set.
	Hold       Hold
	Resolution Resolution

	Title, Description, Service, Category, Channel, Location, Environment string
	Team, Assignee, Requester, Impact, Urgency                            string
	ConfigurationItems                                                    []string
	// Source holds values of the source that Holdfast has no field for, or counts by its own rules: they are kept beside ours.
	Source map[string]string
}

// Past is an incident's life in another system: its snapshots, oldest first, at least one.
type Past struct {
	ID     string
	Number string
	// Origin names the system, or its export, that the incident comes from.
	Origin   string
	OpenedAt time.Time
	OpenedBy string
	// ResolvedAt and ClosedAt are what the source states; they count where the life agrees with them.
	ResolvedAt, ClosedAt *time.Time
	Snapshots            []Snapshot
}

// Recount makes an incident and its timeline of a past, by the rules that count for living ones: the priority comes from
// the matrix, reassignments, reopenings and ping-pong are counted, effective times are kept. One event stands for each
// snapshot, and a last one says who took the incident over, and when; the source's last values are kept in Source.
//
// Transitions that our table does not know are taken as they were: this is what happened. Deadlines of an incident that is
// not over begin at the moment of import, so that no requester is reminded of what happened before.
func Recount(past Past, facts Facts, importer domain.Actor, moment time.Time) (Incident, []domain.Event, error) {
	facts.Team.Known, facts.Assignee = true, PersonFact{Active: true, Member: true} // who worked on it did
	d := &draft{facts: facts}
	first := past.Snapshots[0]
	opener := past.OpenedBy
	if opener == "" {
		opener = first.Requester
	}
	d.Record = Incident{Record: domain.Record{
		ID: past.ID, Practice: domain.Incident, Number: past.Number, Version: 1, OpenedBy: opener, OpenedAt: past.OpenedAt,
		Policies: maps.Clone(facts.Policies), Tags: []string{}, ConfigurationItems: []string{},
	}}
	source := map[string]string{}
	for i, row := range past.Snapshots {
		if err := d.recount(row, i == 0, past.Origin, source); err != nil {
			return Incident{}, nil, err
		}
	}
	d.takeStated(past)
	if err := d.takeOver(past, source, importer, domain.Millisecond(moment)); err != nil {
		return Incident{}, nil, err
	}
	return d.Record, d.Events, nil
}

// recount goes on by one snapshot.
func (d *draft) recount(row Snapshot, first bool, origin string, source map[string]string) error {
	record := &d.Record
	d.moment = domain.Millisecond(row.At)
	if d.moment.Before(record.LastEventAt) {
		d.moment = record.LastEventAt
	}
	d.command.Actor = domain.Actor{Kind: domain.ActorPerson, Name: row.By}
	if row.By == "" {
		d.command.Actor = domain.Actor{Kind: domain.ActorMachine, Name: origin}
	}
	changes, personal := d.recountFields(row)
	if err := d.recountPriority(row, changes); err != nil {
		return err
	}
	if err := d.give(row.Team, d.assigneeOf(row), changes); err != nil {
		return err
	}
	beside := map[string]any{}
	for name, value := range row.Source {
		if before := source[name]; before != value {
			beside[name] = domain.Change{From: before, To: value}
			source[name] = value
		}
	}
	if len(beside) > 0 {
		changes["source"] = beside
	}
	before := record.State
	kind := d.enter(row, changes)
	switch {
	case first:
		kind = "incident.logged"
		outright(changes)
		outright(personal)
		changes["opened_at"] = record.OpenedAt
	case kind != "":
	case changes["team"] != nil || changes["assignee"] != nil:
		kind = "incident.assigned"
	case changes["impact"] != nil || changes["urgency"] != nil:
		kind = "incident.priority_changed"
	default:
		kind = "incident.edited"
		changes["fields"] = content.Names(changes, personal)
	}
	d.add(kind, kind != "incident.edited" && kind != "incident.assigned" && kind != "incident.priority_changed", "", changes, personal)
	d.settle(before)
	return nil
}

// outright states values of which there was nothing before.
func outright(changes map[string]any) {
	for name, value := range changes {
		if change, changed := value.(domain.Change); changed {
			changes[name] = change.To
		}
	}
	if beside, any := changes["source"].(map[string]any); any {
		outright(beside)
	}
}

// assigneeOf is whom a row newly names: a row that repeats the name does not assign again.
func (d *draft) assigneeOf(row Snapshot) string {
	if row.Assignee == d.Record.Assignee && (row.Team == "" || row.Team == d.Record.Team) {
		return ""
	}
	return row.Assignee
}

// recountFields takes over what a row says of the content.
func (d *draft) recountFields(row Snapshot) (changes, personal map[string]any) {
	record := &d.Record
	changes, personal = map[string]any{}, map[string]any{}
	for _, field := range []struct {
		name string
		have *string
		want string
		into map[string]any
	}{
		{"title", &record.Title, row.Title, personal},
		{"description", &record.Description, row.Description, personal},
		{"requester", &record.Requester, row.Requester, personal},
		{"location", &record.Location, row.Location, personal},
		{"service", &record.Service, row.Service, changes},
		{"category", &record.Category, row.Category, changes},
		{"channel", &record.Channel, row.Channel, changes},
		{"environment", &record.Environment, row.Environment, changes},
	} {
		if field.want != "" {
			content.Note(field.into, field.name, field.have, field.want)
		}
	}
	if row.ConfigurationItems != nil {
		content.NoteList(changes, "configuration_items", &record.ConfigurationItems, content.Unique(row.ConfigurationItems))
	}
	return changes, personal
}

// recountPriority rates by our matrix what the row says of impact and urgency.
func (d *draft) recountPriority(row Snapshot, changes map[string]any) error {
	record := &d.Record
	if row.Impact != "" {
		content.Note(changes, "impact", &record.Impact, row.Impact)
	}
	if row.Urgency != "" {
		content.Note(changes, "urgency", &record.Urgency, row.Urgency)
	}
	priority, err := d.facts.Matrix.Priority(record.Impact, record.Urgency)
	if err != nil {
		return domain.Invalid("impact", "and urgency: %v", err)
	}
	if priority != record.Priority {
		changes["priority"] = domain.Change{From: record.Priority, To: priority}
		record.Priority = priority
	}
	return nil
}

// enter goes to the row's state and answers the event that says so, or "" when nothing moved.
func (d *draft) enter(row Snapshot, changes map[string]any) string {
	record := &d.Record
	before := record.State
	if row.State == before && (before != OnHold || row.Hold.Reason == record.Hold.Reason) {
		return ""
	}
	changes["state"] = domain.Change{From: before, To: row.State}
	// What leaves an end for anything but being closed was taken up again: the lifecycle has no other way there.
	again := (before == Resolved || before == Closed || before == Canceled) && !(before == Resolved && row.State == Closed)
	if again {
		record.ReopenCount++
		record.ResolvedAt, record.ClosedAt, record.Resolution = nil, nil, Resolution{}
		record.FirstContact = false
		changes["reopen_count"] = record.ReopenCount
	}
	d.move(row.State, d.moment)
	if row.State == InProgress || again {
		if record.StartedAt == nil {
			record.StartedAt = at(d.moment)
		}
	}
	switch row.State {
	case Triaged:
		record.TriagedAt = at(d.moment)
		return "incident.triaged"
	case OnHold:
		from := before
		if before == OnHold {
			from = record.Hold.From
		} else if again {
			from = InProgress
		} else if before == "" {
			from = New
		}
		record.Hold = row.Hold
		record.Hold.From, record.Hold.Since = from, at(d.moment)
		changes["reason"] = row.Hold.Reason
		return "incident.held"
	case Resolved:
		d.recountResolution(row)
		record.FirstContact = before == ""
		changes["code"] = record.Resolution.Code
		return "incident.resolved"
	case Closed:
		if before != Resolved {
			d.recountResolution(row)
		}
		record.ClosedAt = at(d.moment)
		return "incident.closed"
	case Canceled:
		record.ResolvedAt, record.Resolution, record.ClosedAt = nil, Resolution{}, at(d.moment)
		return "incident.canceled"
	}
	switch {
	case again:
		return "incident.reopened"
	case before == OnHold:
		return "incident.resumed"
	}
	return "incident.started"
}

func (d *draft) recountResolution(row Snapshot) {
	d.Record.Resolution = row.Resolution
	d.Record.Resolution.RecordedAt = at(d.moment)
	if d.Record.Resolution.By == "" {
		d.Record.Resolution.By = d.command.Actor.Name
	}
	d.Record.ResolvedAt = at(d.moment)
	d.Record.ClosedAt = nil
}

// takeStated prefers the source's own end times where they lie within the life that its rows tell.
func (d *draft) takeStated(past Past) {
	record := &d.Record
	last := record.LastEventAt
	if stated := cut(past.ResolvedAt); record.ResolvedAt != nil && stated != nil && !stated.Before(record.OpenedAt) && !stated.After(last) {
		record.ResolvedAt = stated
	}
	if stated := cut(past.ClosedAt); record.ClosedAt != nil && stated != nil && !stated.After(last) &&
		!stated.Before(record.OpenedAt) && (record.ResolvedAt == nil || !stated.Before(*record.ResolvedAt)) {
		record.ClosedAt = stated
	}
}

// takeOver says that the incident was imported. What Holdfast waits for begins now; when the work last moved stays.
func (d *draft) takeOver(past Past, source map[string]string, importer domain.Actor, moment time.Time) error {
	record := &d.Record
	if record.LastEventAt.After(moment) {
		return domain.Errorf(domain.CodeInvalid, "%s: its last row lies in the future", past.Number)
	}
	d.moment, d.command.Actor = moment, importer
	data := map[string]any{"origin": past.Origin, "number": past.Number, "rows": len(past.Snapshots)}
	if len(source) > 0 {
		text, err := json.Marshal(source)
		if err != nil {
			return fmt.Errorf("keeping the source's values of %s: %w", past.Number, err)
		}
		record.Source = text
	}
	d.add("incident.imported", false, "", data, nil)
	switch record.State {
	case OnHold:
		record.Hold.Since = at(moment)
	case Resolved:
		record.Resolution.RecordedAt = at(moment)
	}
	record.LastEventAt = moment
	return nil
}
