package app

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Meetings reads the meetings of change advisory boards. Commands are given as those of any record.
type Meetings interface {
	Meeting(ctx context.Context, reference string) (MeetingView, error)
	Meetings(ctx context.Context, query MeetingQuery) (Page[MeetingView], error)
	// MeetingTimeline reads what happened to a meeting, oldest first. What was noted of a change that the caller may not read is left out.
	MeetingTimeline(ctx context.Context, reference string, after int64, limit int) (Page[domain.StoredEvent], error)
	// MeetingPaper reads what is on the agenda and, once something was said or decided, who voted what when: agenda and minutes are
	// made of it.
	MeetingPaper(ctx context.Context, reference string) (MeetingPaper, error)
}

// MeetingView is a meeting with what its reader may do.
type MeetingView struct {
	meeting.Meeting
	AllowedCommands []string `json:"allowed_commands"`
}

// MeetingQuery narrows a list of meetings, the latest first.
type MeetingQuery struct {
	// State lists states, or "open" for all that are not over.
	State   []string
	Cadence string
	Limit   int
	Cursor  string
}

// Meeting reads one meeting by id or number.
func (a *App) Meeting(ctx context.Context, reference string) (MeetingView, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return MeetingView{}, err
	}
	if err := principal.mayAnywhere(PermissionMeetingRead); err != nil {
		return MeetingView{}, err
	}
	found, exists, err := schemas.ReadMeeting(ctx, a.DB, a.reader(principal), reference)
	if err != nil {
		return MeetingView{}, a.fault(ctx, "reading a meeting", err)
	}
	if !exists {
		return MeetingView{}, domain.Errorf(domain.CodeNotFound, "no meeting %s", reference)
	}
	return principal.meeting(found), nil
}

// meeting adds what the principal may do.
func (p Principal) meeting(found meeting.Meeting) MeetingView {
	view, roles := MeetingView{Meeting: found, AllowedCommands: []string{}}, p.rolesFor(found.Record)
	for _, verb := range meeting.Allowed(found, p.actor(roles)) {
		if p.may(Permission(string(meeting.Practice)+"."+verb), roles) == nil {
			view.AllowedCommands = append(view.AllowedCommands, verb)
		}
	}
	return view
}

// Meetings lists meetings, one page at a time.
func (a *App) Meetings(ctx context.Context, query MeetingQuery) (Page[MeetingView], error) {
	page := Page[MeetingView]{Items: []MeetingView{}}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return page, err
	}
	if err := principal.mayAnywhere(PermissionMeetingRead); err != nil {
		return page, err
	}
	size := pageSize(query.Limit)
	filter := schemas.MeetingFilter{Cadence: query.Cadence, Limit: size + 1}
	if filter.States, filter.Open, err = statesOf(meeting.Lifecycle, query.State); err != nil {
		return page, err
	}
	if query.Cursor != "" {
		after, err := a.Meeting(ctx, query.Cursor)
		if err != nil {
			return page, domain.Invalid("cursor", "is not of this list")
		}
		filter.Before, filter.BeforeID = &after.StartsAt, after.ID
	}
	found, err := schemas.ListMeetings(ctx, a.DB, a.reader(principal), filter)
	if err != nil {
		return page, a.fault(ctx, "listing meetings", err)
	}
	if len(found) > size {
		found = found[:size]
		page.NextCursor = found[size-1].ID
	}
	for _, each := range found {
		page.Items = append(page.Items, principal.meeting(each))
	}
	return page, nil
}

// MeetingTimeline reads what happened to a meeting, oldest first.
func (a *App) MeetingTimeline(ctx context.Context, reference string, after int64, limit int) (Page[domain.StoredEvent], error) {
	found, err := a.Meeting(ctx, reference)
	if err != nil {
		return Page[domain.StoredEvent]{Items: []domain.StoredEvent{}}, err
	}
	page, err := a.events(ctx, found.ID, after, limit, schemas.Whole)
	if err != nil {
		return page, err
	}
	var numbers []string
	for _, event := range page.Items {
		if number := noted(event); number != "" {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	changes, err := a.readableChanges(ctx, slices.Compact(numbers))
	if err != nil {
		return page, err
	}
	readable := map[string]bool{"": true}
	for _, one := range changes {
		readable[one.Number] = true
	}
	for i, event := range page.Items {
		if !readable[noted(event)] {
			page.Items[i].Reason, page.Items[i].Personal = "", nil
		}
	}
	return page, nil
}

// noted is the number of the change that an event of a meeting is about, empty for none.
func noted(event domain.StoredEvent) string {
	var said struct {
		Change string `json:"change"`
	}
	if json.Unmarshal(event.Data, &said) != nil {
		return ""
	}
	return said.Change
}

// checkAgenda refuses to put a change on an agenda that the giver may not read, in the words for one that does not exist.
func (a *App) checkAgenda(ctx context.Context, command domain.Command) error {
	if command.Practice != meeting.Practice || command.Verb() != "add_item" {
		return nil
	}
	var body meeting.OfChange
	if err := command.Decode(&body); err != nil {
		return err
	}
	_, err := a.Change(ctx, body.Change)
	if code := domain.CodeOf(err); err != nil && (code == domain.CodeNotFound || code == domain.CodeForbidden) {
		return domain.Invalid("change", "names no change: there is no %s", body.Change)
	}
	return err
}
