package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// MaxAttachmentBytes bounds one file.
const MaxAttachmentBytes = 25 << 20

// Attachments lists a record's files; a requester sees the public ones.
func (a *App) Attachments(ctx context.Context, reference string) ([]Attachment, error) {
	return a.attachmentsAt(ctx, domain.Incident, reference)
}

func (a *App) attachmentsAt(ctx context.Context, of domain.Practice, reference string) ([]Attachment, error) {
	papers := practices[of].annotated
	principal, head, err := a.readableOf(ctx, of, papers.read, reference)
	if err != nil {
		return nil, err
	}
	return a.attachments(ctx, papers, principal, head, "")
}

// attachments lists the files at a record that somebody may read; with id only that one.
func (a *App) attachments(ctx context.Context, papers *annotated, principal Principal, head domain.Record, id string) ([]Attachment, error) {
	rows, err := schemas.ReadAttachments(ctx, a.DB, head.ID, id, papers.inside(principal, head))
	list := []Attachment{}
	for _, row := range rows {
		file := Attachment{
			ID: row.ID, Name: row.Name, MediaType: row.MediaType, Bytes: row.Bytes, SHA256: row.SHA256,
			Public: row.Public, AddedBy: row.AddedBy, AddedAt: row.AddedAt.UTC(),
		}
		file.MayRemove = papers.removable(principal, head, file) == nil
		list = append(list, file)
	}
	return list, a.fault(ctx, "reading attachments", err)
}

// attachment finds one file at a record.
func (a *App) attachment(ctx context.Context, papers *annotated, principal Principal, head domain.Record, id string) (Attachment, error) {
	if !schemas.IsID(id) {
		return Attachment{}, noAttachment(id)
	}
	files, err := a.attachments(ctx, papers, principal, head, id)
	if err != nil {
		return Attachment{}, err
	}
	if len(files) == 0 {
		return Attachment{}, noAttachment(id)
	}
	return files[0], nil
}

// AddAttachment stores a file: first its content, then, in one transaction, its row and the event.
func (a *App) AddAttachment(ctx context.Context, reference, key string, upload Upload) (Attachment, error) {
	return a.addAttachmentAt(ctx, domain.Incident, reference, key, upload)
}

func (a *App) addAttachmentAt(ctx context.Context, of domain.Practice, reference, key string, upload Upload) (Attachment, error) {
	papers := practices[of].annotated
	permission := papers.file
	if !upload.Public {
		permission = papers.internal
	}
	principal, head, err := a.readableOf(ctx, of, permission, reference)
	if err != nil {
		return Attachment{}, a.auditForbidden(ctx, principal, string(permission), head.ID, "", err)
	}
	name := strings.TrimSpace(upload.Name)
	if name == "" || len(name) > 255 || strings.ContainsAny(name, `/\`) || !domain.OneLine(name) {
		return Attachment{}, domain.Invalid("name", "must be a file name of 1 to 255 bytes in one line, without control characters and marks of writing direction")
	}
	file := Attachment{ID: uuid.Must(uuid.NewV7()).String(), Name: name, MediaType: upload.MediaType, Public: upload.Public, AddedBy: principal.Handle, AddedAt: a.now()}
	file.MayRemove = papers.removable(principal, head, file) == nil
	if err := a.storeContent(ctx, &file, upload.Content); err != nil {
		return Attachment{}, err
	}
	stored, err := once(ctx, a, principal, annotation{name: "attachment.added", record: head.ID, key: key, body: []string{name, file.SHA256}}, file,
		func(ctx context.Context, tx bun.Tx, id string, file *Attachment) error {
			row := schemas.AttachmentRow{
				ID: file.ID, RecordID: head.ID, Name: file.Name, MediaType: file.MediaType, Bytes: file.Bytes,
				SHA256: file.SHA256, Public: file.Public, AddedBy: file.AddedBy, AddedAt: file.AddedAt,
			}
			if err := schemas.AddAttachment(ctx, tx, row); err != nil {
				return err
			}
			_, err := schemas.AppendTimeline(ctx, tx, head.ID, []domain.Event{{
				Type: "attachment.added", At: file.AddedAt, Actor: principal.actor(nil),
				Public: file.Public, Data: map[string]any{"id": file.ID, "bytes": file.Bytes, "sha256": file.SHA256}, Personal: map[string]any{"name": file.Name},
			}}, file.AddedAt)
			if err != nil || papers.attached == nil {
				return err
			}
			return papers.attached(ctx, a, tx, head, principal, id)
		})
	if err != nil || stored.ID != file.ID {
		return stored, a.discard(ctx, file.ID, err)
	}
	return stored, nil
}

// storeContent puts a file's content into the store, counts it and sums it up. Of content that breaks off or is too large
// nothing stays.
func (a *App) storeContent(ctx context.Context, file *Attachment, content io.Reader) error {
	sum, from := sha256.New(), &sender{Reader: content}
	var err error
	file.Bytes, err = a.Blobs.Put(file.ID, io.TeeReader(io.LimitReader(from, MaxAttachmentBytes+1), sum))
	switch {
	case from.fault != nil:
		return domain.Errorf(domain.CodeMalformed, "the content broke off after %d bytes; nothing was kept", file.Bytes)
	case err != nil:
		return a.fault(ctx, "storing an attachment", err)
	case file.Bytes > MaxAttachmentBytes:
		return a.discard(ctx, file.ID, domain.Errorf(domain.CodeTooLarge, "an attachment has at most %d MiB", MaxAttachmentBytes>>20))
	}
	file.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// sender tells a sender who breaks off from a store that fails.
type sender struct {
	io.Reader
	fault error
}

func (s *sender) Read(into []byte) (int, error) {
	n, err := s.Reader.Read(into)
	if err != nil && !errors.Is(err, io.EOF) {
		s.fault = err
	}
	return n, err
}

// discard removes content that has no row, and passes the error on.
func (a *App) discard(ctx context.Context, id string, err error) error {
	if removeErr := a.Blobs.Remove(id); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
		a.Log.WarnContext(ctx, "an unused attachment could not be removed", "id", id, "error", removeErr)
	}
	return err
}

// OpenAttachment gives a file's content.
func (a *App) OpenAttachment(ctx context.Context, reference, id string) (Attachment, io.ReadCloser, error) {
	return a.openAttachmentAt(ctx, domain.Incident, reference, id)
}

func (a *App) openAttachmentAt(ctx context.Context, of domain.Practice, reference, id string) (Attachment, io.ReadCloser, error) {
	papers := practices[of].annotated
	principal, head, err := a.readableOf(ctx, of, papers.read, reference)
	if err != nil {
		return Attachment{}, nil, err
	}
	file, err := a.attachment(ctx, papers, principal, head, id)
	if err != nil {
		return Attachment{}, nil, err
	}
	content, err := a.Blobs.Open(id)
	if errors.Is(err, fs.ErrNotExist) {
		err = domain.Errorf(domain.CodeNotFound, "the content of %s is not there: it was taken away a moment ago, or is missing in the attachments folder", file.Name)
	}
	return file, content, a.fault(ctx, "opening an attachment", err)
}

// RemoveAttachment takes a file away.
func (a *App) RemoveAttachment(ctx context.Context, reference, id string) error {
	return a.removeAttachmentAt(ctx, domain.Incident, reference, id)
}

// removeAttachmentAt takes away first, in one transaction, a file's row, and tells the timeline and the record; then its content. What a
// crash leaves in between, SweepAttachments removes. Asked again, whoever took it away hears that it is done.
func (a *App) removeAttachmentAt(ctx context.Context, of domain.Practice, reference, id string) error {
	papers := practices[of].annotated
	principal, head, err := a.readableOf(ctx, of, papers.read, reference)
	if err != nil {
		return err
	}
	file, refused := a.attachment(ctx, papers, principal, head, id)
	if refused == nil {
		refused = papers.removable(principal, head, file)
	}
	_, err = once(ctx, a, principal, annotation{name: attachmentRemoved, record: head.ID, key: id, body: id}, struct{}{},
		func(ctx context.Context, tx bun.Tx, command string, _ *struct{}) error {
			if refused != nil {
				return refused
			}
			return a.removeAttachment(ctx, tx, papers, principal, head, file, command)
		})
	if err != nil {
		return a.auditForbidden(ctx, principal, attachmentRemoved, head.ID, id, err)
	}
	return a.discard(ctx, id, nil)
}

func (a *App) removeAttachment(ctx context.Context, tx bun.Tx, papers *annotated, principal Principal, head domain.Record, file Attachment, command string) error {
	removed, err := schemas.RemoveAttachment(ctx, tx, head.ID, file.ID)
	if err != nil {
		return err
	}
	if !removed {
		return noAttachment(file.ID)
	}
	event := domain.Event{
		Type: attachmentRemoved, At: a.now(), Actor: principal.actor(nil), Public: file.Public,
		Data: map[string]any{"id": file.ID, "sha256": file.SHA256, "added_by": file.AddedBy}, Personal: map[string]any{"name": file.Name},
	}
	if _, err := schemas.AppendTimeline(ctx, tx, head.ID, []domain.Event{event}, event.At); err != nil || papers.attached == nil {
		return err
	}
	return papers.attached(ctx, a, tx, head, principal, command)
}

func noAttachment(id string) error { return domain.Errorf(domain.CodeNotFound, "no attachment %s", id) }

const attachmentRemoved = "attachment.removed"

// orphanAge is how old content without a row is when it is swept: no upload takes that long.
const orphanAge = 24 * time.Hour

// SweepAttachments removes content whose row was never written, because the process ended in between. It answers how many.
func (a *App) SweepAttachments(ctx context.Context) (int, error) {
	old, err := a.Blobs.Before(a.now().Add(-orphanAge))
	if err != nil {
		return 0, a.fault(ctx, "listing the content of attachments", err)
	}
	swept := 0
	for page := range slices.Chunk(old, sweepPage) {
		known, err := schemas.KnownAttachments(ctx, a.DB, page)
		if err != nil {
			return swept, a.fault(ctx, "sweeping attachments", err)
		}
		for _, id := range page {
			if slices.Contains(known, id) {
				continue
			}
			if err := a.Blobs.Remove(id); err != nil {
				return swept, a.fault(ctx, "sweeping attachments", err)
			}
			swept++
		}
	}
	return swept, nil
}

const sweepPage = 500
