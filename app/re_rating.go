package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// ReRating asks to measure the open records of one page of a list by the newest agreements and calendars.
type ReRating struct {
	// Query is the list; its state left out: open. It is always in the order of opening.
	Query IncidentQuery
	// Preview: nothing is written, only said.
	Preview bool
	// Reason is kept on the timelines; Key is the idempotency key of them all.
	Reason, Key string
}

// ReRated is what became of one page.
type ReRated struct {
	Preview bool `json:"preview"`
	// Items are the records that it touches, or refuses to.
	Items      []ReRatedRecord `json:"items"`
	Sums       ReRatedSums     `json:"sums"`
	NextCursor string          `json:"next_cursor,omitempty"`
}

// ReRatedRecord is what it does to one record.
type ReRatedRecord struct {
	Record string      `json:"record"`
	Number string      `json:"number"`
	Title  string      `json:"title"`
	Shifts []sla.Shift `json:"shifts"`
	// CommandID is the command that was queued; with a preview there is none.
	CommandID string        `json:"command_id,omitempty"`
	Refusal   *domain.Error `json:"refusal,omitempty"`
}

// ReRatedSums are the sums of one page: records that were looked at and that it touches, and promises by effect.
type ReRatedSums struct {
	Records  int `json:"records"`
	Touched  int `json:"touched"`
	Refused  int `json:"refused"`
	Earlier  int `json:"earlier"`
	Later    int `json:"later"`
	Breached int `json:"breached"`
	Mended   int `json:"mended"`
	Same     int `json:"same"`
	New      int `json:"new"`
	Gone     int `json:"gone"`
}

// Add adds the sums of another page.
func (s *ReRatedSums) Add(other ReRatedSums) {
	s.Records, s.Touched, s.Refused = s.Records+other.Records, s.Touched+other.Touched, s.Refused+other.Refused
	s.Earlier, s.Later, s.Breached, s.Mended = s.Earlier+other.Earlier, s.Later+other.Later, s.Breached+other.Breached, s.Mended+other.Mended
	s.Same, s.New, s.Gone = s.Same+other.Same, s.New+other.New, s.Gone+other.Gone
}

func (s *ReRatedSums) count(shifts []sla.Shift) {
	counters := map[sla.Effect]*int{
		sla.Earlier: &s.Earlier, sla.Later: &s.Later, sla.Breaks: &s.Breached, sla.Mends: &s.Mended, sla.Same: &s.Same, sla.Joins: &s.New,
		sla.Leaves: &s.Gone,
	}
	for _, shift := range shifts {
		*counters[shift.Effect]++
	}
}

const reRate = "re_rate"

// ReRate previews, or queues one command per record that the newest documents touch.
func (a *App) ReRate(ctx context.Context, request ReRating) (ReRated, error) {
	done := ReRated{Preview: request.Preview, Items: []ReRatedRecord{}}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return done, err
	}
	if err := principal.mayAnywhere("incident." + reRate); err != nil {
		return done, err
	}
	if len(request.Query.State) == 0 {
		request.Query.State = []string{"open"}
	}
	request.Query.Sort = "opened_at"
	filter, err := request.Query.filter(principal, a.now())
	if err != nil {
		return done, err
	}
	found, next, err := schemas.ListIncidents(ctx, a.DB, a.reader(principal), filter)
	if err != nil {
		return done, a.fault(ctx, "listing what to re-rate", err)
	}
	if _, err := a.views(ctx, principal, found); err != nil { // they are read, and restricted ones are audited
		return done, err
	}
	if next != nil {
		if done.NextCursor, err = encodeCursor(next); err != nil {
			return done, a.fault(ctx, "making a cursor", err)
		}
	}
	if err := a.foresee(ctx, principal, found, request.Reason, &done); err != nil {
		return done, a.fault(ctx, "previewing a re-rating", err)
	}
	if !request.Preview {
		err = a.queueReRatings(ctx, request, &done)
	}
	return done, err
}

// foresee decides the command for every record, by the rules that decide it later, and writes nothing.
func (a *App) foresee(ctx context.Context, principal Principal, records []incident.Incident, reason string, into *ReRated) error {
	now, newest := a.now(), books{App: a, of: map[string]service{}}
	into.Sums.Records = len(records)
	for _, record := range records {
		item := ReRatedRecord{Record: record.ID, Number: record.Number, Title: record.Title, Shifts: []sla.Shift{}}
		roles := principal.rolesFor(record.Record)
		err := principal.may("incident."+reRate, roles)
		if err == nil {
			item.Shifts, err = newest.shifts(ctx, record, principal.actor(roles), reason, now)
		}
		if refusal := domain.AsError(err); refusal != nil {
			item.Refusal = refusal
			into.Sums.Refused++
		} else if err != nil {
			return err
		}
		if len(item.Shifts) > 0 {
			into.Sums.Touched++
			into.Sums.count(item.Shifts)
		}
		if len(item.Shifts) > 0 || item.Refusal != nil {
			into.Items = append(into.Items, item)
		}
	}
	return nil
}

// service is what the records of one service come under now.
type service struct {
	versions map[string]int
	book     *sla.Book
}

// books reads the newest agreements once per service.
type books struct {
	*App
	of map[string]service
}

func (b books) newest(ctx context.Context, name string) (service, error) {
	if known, read := b.of[name]; read {
		return known, nil
	}
	versions, candidates, err := schemas.NewestPolicies(ctx, b.DB, name, nil, true)
	if err != nil {
		return service{}, err
	}
	made := service{versions: versions}
	made.book, err = b.documents.Book(ctx, b.DB, candidates, schemas.CalendarOf(versions), &policyfile.Evaluator{})
	b.of[name] = made
	return made, err
}

// shifts says what the command would do to one record now.
func (b books) shifts(ctx context.Context, record incident.Incident, actor domain.Actor, reason string, now time.Time) ([]sla.Shift, error) {
	newest, err := b.newest(ctx, record.Service)
	if err != nil {
		return nil, err
	}
	held, err := b.documents.HeldTerms(ctx, b.DB, record.Agreements, record.Clocks)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(incident.Plain{Reason: reason})
	if err != nil {
		return nil, err
	}
	command := domain.Command{Name: "incident." + reRate, Practice: domain.Incident, Record: record.ID, Actor: actor, ReceivedAt: now, Body: body}
	decision, err := incident.Decide(record, command, incident.Facts{Agreed: incident.Agreed{Book: newest.book, Held: held}}, now)
	if err != nil {
		return nil, err
	}
	return sla.Shifts(record.Clocks, decision.Record.Clocks, decision.Record.Life, slices.Concat(held, newest.book.Candidates), now), nil
}

// queueReRatings queues the command for every record that it touches.
func (a *App) queueReRatings(ctx context.Context, request ReRating, into *ReRated) error {
	body, err := json.Marshal(incident.Plain{Reason: request.Reason})
	if err != nil {
		return a.fault(ctx, "encoding a command", err)
	}
	key := request.Key
	if key == "" {
		key = uuid.NewString()
	}
	var group errgroup.Group
	group.SetLimit(bulkAtOnce)
	for i := range into.Items {
		item := &into.Items[i]
		if item.Refusal != nil {
			continue
		}
		group.Go(func() error {
			reply, err := a.Execute(ctx, Request{Practice: domain.Incident, Verb: reRate, Record: item.Record, Key: key, Body: body, Async: true})
			item.CommandID, item.Refusal = reply.CommandID, domain.AsError(err)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	refused := func(item ReRatedRecord) bool { return item.Refusal != nil }
	for _, item := range into.Items {
		if refused(item) && len(item.Shifts) > 0 {
			into.Sums.Refused++
		}
	}
	if len(into.Items) > 0 && !slices.ContainsFunc(into.Items, func(item ReRatedRecord) bool { return !refused(item) }) &&
		into.Items[0].Refusal.Code == domain.CodeUnavailable {
		return into.Items[0].Refusal
	}
	return nil
}
