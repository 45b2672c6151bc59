package app

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// annotated says how notes and files are kept at the records of a practice: by whom, and what the record hears of it.
type annotated struct {
	// read opens them, note and file add what the requester reads too, and internal what staff alone read.
	read, note, file, internal Permission
	// notice is the kind that tells the requester of a public note.
	notice string
	// roles are those that count for a principal who may read the record.
	roles func(Principal, domain.Record) []domain.Role
	// leads take away what others attached, sealed says from when on nobody but administrators takes anything away.
	leads  []domain.Role
	sealed func(domain.Record) bool
	// noted tells the record of a note, attached of a file that came or went, in the same transaction; nil: it hears nothing.
	noted    func(context.Context, *App, bun.Tx, domain.Record, Principal, string, Note) error
	attached func(context.Context, *App, bun.Tx, domain.Record, Principal, string) error
}

var incidentPapers = &annotated{
	read: PermissionIncidentRead, note: PermissionNoteWrite, file: PermissionNoteWrite, internal: PermissionNoteInternal,
	notice: "incident.note", roles: Principal.rolesFor, noted: incidentNoted,
	leads: []domain.Role{domain.RoleTeamLead}, sealed: func(head domain.Record) bool { return !head.Open },
}

const noticeChangeNote = "change.note"

// changePapers: whoever decides a change reads all of it and adds to it as staff do. Whoever only asked for it adds public notes; files
// are part of what is voted on, and they add none.
var changePapers = &annotated{
	read: PermissionChangeRead, note: PermissionChangeNote, file: PermissionChangeAnnotate, internal: PermissionChangeAnnotate,
	notice: noticeChangeNote, roles: Principal.rolesAtChange, noted: changeNoted, attached: changeAttached,
	leads: []domain.Role{domain.RoleChangeManager}, sealed: func(head domain.Record) bool { return change.Over(head.State) },
}

// inside are the roles that read what is internal at the records of every practice.
var inside = append(slices.Clone(readers), domain.RoleApprover)

// inside reports whether a principal who may read a record reads what is internal there.
func (at *annotated) inside(p Principal, head domain.Record) bool {
	return domain.Actor{Kind: domain.ActorPerson, Roles: at.roles(p, head)}.Has(inside...)
}

// removable says why somebody may not take a file away: it is for whoever attached it and for those who lead, until the record is over.
// What was there then is part of what was done, and only an administrator takes it away, for what should never have been there.
func (at *annotated) removable(p Principal, head domain.Record, file Attachment) error {
	permission := at.file
	if !file.Public {
		permission = at.internal
	}
	roles := at.roles(p, head)
	if err := p.may(permission, roles); err != nil {
		return err
	}
	actor := domain.Actor{Kind: domain.ActorPerson, Roles: roles}
	switch {
	case actor.Has(domain.RoleAdmin):
		return nil
	case at.sealed(head):
		return domain.Errorf(domain.CodeForbidden, "%s is over, and its files are part of it: only an administrator takes them away", head.Number)
	case file.AddedBy != p.Handle && !actor.Has(at.leads...):
		return domain.Errorf(domain.CodeForbidden, "%s attached it: they take it away, or a %s", file.AddedBy, strings.ReplaceAll(string(at.leads[0]), "_", " "))
	}
	return nil
}

// rolesAtChange are the roles for a change that the principal may read. Who neither asked for it nor has a role for it reads it because
// they are asked to decide it; to hold the role of an approver elsewhere gives nothing here.
func (p Principal) rolesAtChange(head domain.Record) []domain.Role {
	roles := slices.DeleteFunc(p.rolesFor(head), func(role domain.Role) bool { return role == domain.RoleApprover })
	if !p.staff(head) && p.Handle != head.Requester && p.Handle != head.OpenedBy {
		roles = append(roles, domain.RoleApprover)
	}
	return roles
}

// incidentNoted lets an incident hear of a note: a public one of its requester is a reply, and the others may inform them.
func incidentNoted(ctx context.Context, _ *App, tx bun.Tx, head domain.Record, principal Principal, id string, note Note) error {
	if err := postNoted(ctx, tx, head, principal, id, note); err != nil {
		return err
	}
	switch {
	case note.Internal:
		return nil
	case principal.Handle == head.Requester:
		return postWord(ctx, tx, head, principal, "reply", id, map[string]any{"note": note.Seq, "text": note.Body}, note.At)
	}
	return postInformed(ctx, tx, head, principal, id, note)
}

// changeNoted tells whoever carries a change out, or else drafted it, what its requester wrote. Where a public note is for nobody who is
// named, whoever watches is told alone; else they are told with those.
func changeNoted(ctx context.Context, _ *App, tx bun.Tx, head domain.Record, principal Principal, _ string, note Note) error {
	to := cmp.Or(head.Assignee, head.OpenedBy)
	switch {
	case principal.Handle == head.Requester && to != principal.Handle:
		return tellNote(ctx, tx, head, noticeChangeNote, note, "person:"+to)
	case note.Internal || head.Requester != "" && head.Requester != principal.Handle:
		return nil
	}
	return tellNote(ctx, tx, head, noticeChangeNote, note, "watchers:"+head.ID)
}

// changeAttached lets a change look at what is attached, so that votes about other files than these are void. At one that is over it
// comes to nothing.
func changeAttached(ctx context.Context, a *App, tx bun.Tx, head domain.Record, principal Principal, id string) error {
	look := domain.Message{Practice: change.Practice, Record: head.ID, Command: "change.content_changed", OnClosed: domain.TargetDrop}
	return a.post(ctx, tx, []domain.Message{look}, principal.Handle, id)
}

// ChangeNotes reads the notes at a change; who only asked for it reads the public ones.
func (a *App) ChangeNotes(ctx context.Context, reference string, after int64, limit int) (Page[Note], error) {
	return a.notesAt(ctx, change.Practice, reference, after, limit)
}

// AddChangeNote puts a note on the timeline of a change. It voids no vote.
func (a *App) AddChangeNote(ctx context.Context, reference, key string, body NoteBody) (Note, error) {
	if body.Answer {
		return Note{}, domain.Invalid("answer", "is for notes at incidents")
	}
	return a.addNoteAt(ctx, change.Practice, reference, key, body)
}

// ChangeAttachments lists the files at a change; who only asked for it sees the public ones.
func (a *App) ChangeAttachments(ctx context.Context, reference string) ([]Attachment, error) {
	return a.attachmentsAt(ctx, change.Practice, reference)
}

// AddChangeAttachment stores a file at a change, as AddAttachment does. Until the change has been carried out, votes that cover its
// scope are void, and those who gave them are asked again.
func (a *App) AddChangeAttachment(ctx context.Context, reference, key string, upload Upload) (Attachment, error) {
	return a.addAttachmentAt(ctx, change.Practice, reference, key, upload)
}

// OpenChangeAttachment gives the content of a file at a change; the caller closes it.
func (a *App) OpenChangeAttachment(ctx context.Context, reference, id string) (Attachment, io.ReadCloser, error) {
	return a.openAttachmentAt(ctx, change.Practice, reference, id)
}

// RemoveChangeAttachment takes a file of a change away, as RemoveAttachment does. Votes that cover its scope are void then, as they are
// when one comes.
func (a *App) RemoveChangeAttachment(ctx context.Context, reference, id string) error {
	return a.removeAttachmentAt(ctx, change.Practice, reference, id)
}
