package app

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Changes reads changes, who is asked about them, and how changes ended. Commands are given as those of any record.
type Changes interface {
	Change(ctx context.Context, reference string) (ChangeView, error)
	Changes(ctx context.Context, query ChangeQuery) (Page[ChangeView], error)
	ChangeTimeline(ctx context.Context, reference string, after int64, limit int) (Page[domain.StoredEvent], error)
	ChangeNotes(ctx context.Context, reference string, after int64, limit int) (Page[Note], error)
	AddChangeNote(ctx context.Context, reference, key string, body NoteBody) (Note, error)
	ChangeAttachments(ctx context.Context, reference string) ([]Attachment, error)
	AddChangeAttachment(ctx context.Context, reference, key string, upload Upload) (Attachment, error)
	// OpenChangeAttachment gives the content; the caller closes it.
	OpenChangeAttachment(ctx context.Context, reference, id string) (Attachment, io.ReadCloser, error)
	// RemoveChangeAttachment takes a file away for good; the timeline keeps that it was there.
	RemoveChangeAttachment(ctx context.Context, reference, id string) error
	ChangeWatchers(ctx context.Context, reference string) ([]Watcher, error)
	WatchChange(ctx context.Context, reference, person string) ([]Watcher, error)
	UnwatchChange(ctx context.Context, reference, person string) ([]Watcher, error)
	// ModelRecord says how the changes of a model ended, TeamRecord those of a team.
	ModelRecord(ctx context.Context, model string) (TrackRecord, error)
	TeamRecord(ctx context.Context, team string) (TrackRecord, error)
	// ChangeModels lists the models that changes can be made of, the standard ones first, and which of them are out of use.
	ChangeModels(ctx context.Context) ([]ModelView, error)
	// PlannedWork lists what users are told of changes that they will notice and that are not over; of one service, where that is named.
	PlannedWork(ctx context.Context, service string, limit int) ([]PlannedWork, error)
	// Approvals lists the votes that wait for the caller, and those that they gave last.
	Approvals(ctx context.Context) (Approvals, error)
	// Delegations lists who votes for whom: those by and to the caller.
	Delegations(ctx context.Context) ([]Delegation, error)
	Delegate(ctx context.Context, request Delegating) (Delegation, error)
	EndDelegation(ctx context.Context, id string) error
}

// ChangeView is a change with its links and what its reader may do.
type ChangeView struct {
	change.Change
	Links []schemas.LinkRow `json:"links,omitempty"`
	// Alerts are those that it holds or held while it was carried out, the newest first.
	Alerts []AlertRow `json:"alerts,omitempty"`
	// Questions are those that tell how risky it is, with the answers that each takes, while it is assessed.
	Questions       []change.Asked `json:"questions,omitempty"`
	AllowedCommands []string       `json:"allowed_commands"`
	// MayAnnotate: the reader adds notes and files to it, and reads the internal ones.
	MayAnnotate bool `json:"may_annotate"`
	// MayNote: the reader adds public notes to it.
	MayNote bool `json:"may_note"`
}

// ChangeQuery narrows a list of changes, newest first; with From and To, those whose window has a moment in that span, by their windows.
type ChangeQuery struct {
	// State lists states, or "open" or "active" for all that are not at their end. Several widen the list.
	State   []string
	Team    string
	Service string
	// Assignee is a handle, "me", or "none"; Requester a handle or "me".
	Assignee  string
	Requester string
	Priority  []int
	// Voting asks for those that await approval, and those that go on while a stage takes votes.
	Voting   bool
	Type     string
	Model    string
	Item     string
	Category string
	Tag      string
	// Words stand in the title or the description.
	Words    string
	From, To *time.Time
	// Sort is opened_at, updated_at, priority, wake_at or window_from, with "-" for descending.
	Sort   string
	Limit  int
	Cursor string
}

// TrackRecord says how changes ended. Rate is the share that failed, of all that ended; nothing while none has.
type TrackRecord struct {
	schemas.TrackRecord
	Rate *float64 `json:"failure_rate"`
}

// Approvals are the votes of one person.
type Approvals struct {
	Asked []schemas.AskedRow `json:"asked"`
	Given []schemas.GivenRow `json:"given"`
}

// Change reads one change by id or number.
func (a *App) Change(ctx context.Context, reference string) (ChangeView, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return ChangeView{}, err
	}
	if err := principal.mayAnywhere(PermissionChangeRead); err != nil {
		return ChangeView{}, err
	}
	found, exists, err := schemas.ReadChange(ctx, a.DB, a.reader(principal), reference)
	if err != nil {
		return ChangeView{}, a.fault(ctx, "reading a change", err)
	}
	if !exists {
		return ChangeView{}, domain.Errorf(domain.CodeNotFound, "no change %s", reference)
	}
	if err := a.auditRead(ctx, principal, found.Record); err != nil {
		return ChangeView{}, err
	}
	standing, err := a.standing(ctx, principal)
	if err != nil {
		return ChangeView{}, err
	}
	view := principal.change(found, standing)
	if view.Links, err = schemas.ReadLinks(ctx, a.DB, a.reader(principal), found.ID); err != nil {
		return ChangeView{}, a.fault(ctx, "reading the links of a change", err)
	}
	if view.Links, err = a.auditLinks(ctx, principal, view.Links); err != nil {
		return view, err
	}
	if found.ActualStart != nil {
		view.Alerts, err = a.heldBy(ctx, principal, found.Record)
	}
	if found.State == change.Assessing {
		view.Questions, err = a.questions(ctx, found)
	}
	return view, err
}

// questions are those of the version of its model that a change was opened under, as it is scored by them.
func (a *App) questions(ctx context.Context, of change.Change) ([]change.Asked, error) {
	name := cmp.Or(of.Model, change.DefaultModel)
	version := of.Policies[policy.KindChangeModel+"/"+name]
	if version == 0 {
		return nil, nil
	}
	spec, err := schemas.ReadPolicySpec(ctx, a.DB, policy.KindChangeModel, name, version)
	if err != nil {
		return nil, a.fault(ctx, "reading the questions about a change", err)
	}
	var model change.Model
	if err := json.Unmarshal(spec, &model); err != nil {
		return nil, a.fault(ctx, "reading the questions about a change", err)
	}
	return model.Asked(), nil
}

// standing reads what commands a principal is offered by, beyond their roles.
func (a *App) standing(ctx context.Context, p Principal) (change.Standing, error) {
	standing, err := schemas.ReadStanding(ctx, a.DB, p.Handle, a.now())
	return standing, a.fault(ctx, "reading the standing of who asks", err)
}

// change adds what the principal may do.
func (p Principal) change(found change.Change, standing change.Standing) ChangeView {
	view, roles := ChangeView{Change: found, AllowedCommands: []string{}}, p.rolesFor(found.Record)
	at := p.rolesAtChange(found.Record)
	view.MayAnnotate, view.MayNote = p.may(PermissionChangeAnnotate, at) == nil, p.may(PermissionChangeNote, at) == nil
	roles = append(roles, domain.RoleApprover) // which opens the ballots alone, and those are offered to whoever is asked
	for _, verb := range change.Offered(found, p.actor(roles), standing) {
		if p.may(Permission("change."+verb), roles) == nil {
			view.AllowedCommands = append(view.AllowedCommands, verb)
		}
	}
	return view
}

// Changes lists changes, one page at a time.
func (a *App) Changes(ctx context.Context, query ChangeQuery) (Page[ChangeView], error) {
	page := Page[ChangeView]{Items: []ChangeView{}}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return page, err
	}
	if err := principal.mayAnywhere(PermissionChangeRead); err != nil {
		return page, err
	}
	filter, err := query.filter(principal)
	if err != nil {
		return page, err
	}
	standing, err := a.standing(ctx, principal)
	if err != nil {
		return page, err
	}
	found, next, err := schemas.ListChanges(ctx, a.DB, a.reader(principal), filter)
	if err != nil {
		return page, a.fault(ctx, "listing changes", err)
	}
	if next != nil {
		if page.NextCursor, err = encodeCursor(next); err != nil {
			return page, a.fault(ctx, "making a cursor", err)
		}
	}
	heads := make([]domain.Record, len(found))
	for i, each := range found {
		heads[i] = each.Record
		page.Items = append(page.Items, principal.change(each, standing))
	}
	return page, a.auditRead(ctx, principal, heads...)
}

// ChangeTimeline reads what happened to a change, oldest first. Internal notes and files are not for who only asked for it.
func (a *App) ChangeTimeline(ctx context.Context, reference string, after int64, limit int) (Page[domain.StoredEvent], error) {
	found, err := a.Change(ctx, reference)
	if err != nil {
		return Page[domain.StoredEvent]{Items: []domain.StoredEvent{}}, err
	}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return Page[domain.StoredEvent]{Items: []domain.StoredEvent{}}, err
	}
	return a.events(ctx, found.ID, after, limit, withheld(changePapers.inside(principal, found.Record), schemas.WithoutInternalPapers))
}

// ModelRecord says how the changes of a model ended.
func (a *App) ModelRecord(ctx context.Context, model string) (TrackRecord, error) {
	return a.trackRecord(ctx, model, "")
}

// TeamRecord says how the changes of a team ended.
func (a *App) TeamRecord(ctx context.Context, team string) (TrackRecord, error) {
	return a.trackRecord(ctx, "", team)
}

func (a *App) trackRecord(ctx context.Context, model, team string) (TrackRecord, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return TrackRecord{}, err
	}
	if err := principal.mayAnywhere(PermissionChangeRecord); err != nil {
		return TrackRecord{}, err
	}
	if model != "" {
		_, known, err := schemas.ReadPolicy(ctx, a.DB, policy.KindChangeModel, model, 0)
		if err != nil {
			return TrackRecord{}, a.fault(ctx, "reading a model of changes", err)
		}
		if !known {
			return TrackRecord{}, domain.Errorf(domain.CodeNotFound, "no model %s", model)
		}
	}
	found, err := schemas.ReadTrackRecord(ctx, a.DB, model, team)
	if err != nil {
		return TrackRecord{}, a.fault(ctx, "reading how changes ended", err)
	}
	track := TrackRecord{TrackRecord: found}
	if found.Total > 0 {
		rate := float64(found.Failed) / float64(found.Total)
		track.Rate = &rate
	}
	return track, nil
}

// newestVotes is how many of the votes that somebody gave are listed.
const newestVotes = 100

// Approvals lists the votes that wait for the caller, and those that they gave last.
func (a *App) Approvals(ctx context.Context) (Approvals, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return Approvals{}, err
	}
	if err := principal.mayAnywhere(PermissionApprovalOwn); err != nil {
		return Approvals{}, err
	}
	var votes Approvals
	if votes.Asked, err = schemas.VotesAsked(ctx, a.DB, principal.Handle, a.now()); err == nil {
		votes.Given, err = schemas.VotesGiven(ctx, a.DB, principal.Handle, newestVotes)
	}
	if err != nil {
		return Approvals{}, a.fault(ctx, "listing votes", err)
	}
	return votes, nil
}
