package app

import (
	"cmp"
	"context"
	"io"
	"slices"

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
	// noted and attached tell the record of what was added, in the transaction that adds it; nil: it hears nothing.
	noted    func(context.Context, *App, bun.Tx, domain.Record, Principal, string, Note) error
	attached func(context.Context, *App, bun.Tx, domain.Record, Principal, string) error
}

var incidentPapers = &annotated{
	read: PermissionIncidentRead, note: PermissionNoteWrite, file: PermissionNoteWrite, internal: PermissionNoteInternal,
	notice: "incident.note", roles: Principal.rolesFor, noted: incidentNoted,
}

const noticeChangeNote = "change.note"

// changePapers: whoever decides a change reads all of it and adds to it as staff do. Whoever only asked for it adds public notes; files
// are part of what is voted on, and they add none.
var changePapers = &annotated{
	read: PermissionChangeRead, note: PermissionChangeNote, file: PermissionChangeAnnotate, internal: PermissionChangeAnnotate,
	notice: noticeChangeNote, roles: Principal.rolesAtChange, noted: changeNoted, attached: changeAttached,
}

// inside are the roles that read what is internal at the records of every practice.
var inside = append(slices.Clone(readers), domain.RoleApprover)

// inside reports whether a principal who may read a record reads what is internal there.
func (at *annotated) inside(p Principal, head domain.Record) bool {
	return domain.Actor{Kind: domain.ActorPerson, Roles: at.roles(p, head)}.Has(inside...)
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

// changeNoted tells whoever carries a change out, or else drafted it, what its requester wrote.
func changeNoted(ctx context.Context, _ *App, tx bun.Tx, head domain.Record, principal Principal, _ string, note Note) error {
	to := cmp.Or(head.Assignee, head.OpenedBy)
	if principal.Handle != head.Requester || to == principal.Handle {
		return nil
	}
	return tellNote(ctx, tx, head, noticeChangeNote, note, to)
}

// changeAttached lets a change look at what is attached, so that votes about what was there before are void. At one that is over it
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
