package app

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Timeline reads a record's events; a requester sees the public ones.
func (a *App) Timeline(ctx context.Context, reference string, after int64, limit int) (Page[domain.StoredEvent], error) {
	principal, head, err := a.readable(ctx, PermissionIncidentRead, reference)
	if err != nil {
		return Page[domain.StoredEvent]{Items: []domain.StoredEvent{}}, err
	}
	return a.events(ctx, head.ID, after, limit, withheld(principal.staff(head), schemas.WithoutInternal))
}

// withheld is what a reader does not see of a timeline: nothing who reads what is internal.
func withheld(inside bool, others schemas.Withheld) schemas.Withheld {
	if inside {
		return schemas.Whole
	}
	return others
}

// events reads one page of a record's timeline, without what is withheld.
func (a *App) events(ctx context.Context, record string, after int64, limit int, without schemas.Withheld) (Page[domain.StoredEvent], error) {
	page := Page[domain.StoredEvent]{Items: []domain.StoredEvent{}}
	size := pageSize(limit)
	events, err := schemas.ReadTimeline(ctx, a.DB, record, after, nil, without, size+1)
	if err != nil {
		return page, a.fault(ctx, "reading a timeline", err)
	}
	if len(events) > size {
		events = events[:size]
		page.NextCursor = sequence(events[size-1].Seq)
	}
	page.Items = append(page.Items, events...)
	return page, nil
}

const noteAdded = "note.added"

// Notes reads a record's notes; a requester sees the public ones.
func (a *App) Notes(ctx context.Context, reference string, after int64, limit int) (Page[Note], error) {
	return a.notesAt(ctx, domain.Incident, reference, after, limit)
}

func (a *App) notesAt(ctx context.Context, of domain.Practice, reference string, after int64, limit int) (Page[Note], error) {
	page, papers := Page[Note]{Items: []Note{}}, practices[of].annotated
	principal, head, err := a.readableOf(ctx, of, papers.read, reference)
	if err != nil {
		return page, err
	}
	size := pageSize(limit)
	events, err := schemas.ReadTimeline(ctx, a.DB, head.ID, after, []string{noteAdded}, withheld(papers.inside(principal, head), schemas.WithoutInternal), size+1)
	if err != nil {
		return page, a.fault(ctx, "reading notes", err)
	}
	if len(events) > size {
		events = events[:size]
		page.NextCursor = sequence(events[size-1].Seq)
	}
	for _, event := range events {
		note, err := noteOf(event)
		if err != nil {
			return page, a.fault(ctx, "reading a note", err)
		}
		page.Items = append(page.Items, note)
	}
	return page, nil
}

func noteOf(event domain.StoredEvent) (Note, error) {
	var personal struct {
		Body string `json:"body"`
	}
	var data struct {
		Answer bool `json:"answer"`
	}
	if len(event.Data) > 0 {
		if err := json.Unmarshal(event.Data, &data); err != nil {
			return Note{}, err
		}
	}
	if len(event.Personal) > 0 {
		if err := json.Unmarshal(event.Personal, &personal); err != nil {
			return Note{}, err
		}
	}
	return Note{Seq: event.Seq, At: event.At, Author: event.Actor, Body: personal.Body, Internal: !event.Public, Answer: data.Answer}, nil
}

// AddNote puts a note on the timeline. A public note of the requester is a reply: in the same transaction a message asks
// the record what it makes of it.
func (a *App) AddNote(ctx context.Context, reference, key string, body NoteBody) (Note, error) {
	return a.addNoteAt(ctx, domain.Incident, reference, key, body)
}

func (a *App) addNoteAt(ctx context.Context, of domain.Practice, reference, key string, body NoteBody) (Note, error) {
	papers := practices[of].annotated
	permission := papers.note
	if body.Internal || body.Answer {
		permission = papers.internal
	}
	principal, head, err := a.readableOf(ctx, of, permission, reference)
	if err != nil {
		return Note{}, a.auditForbidden(ctx, principal, string(permission), head.ID, "", err)
	}
	if strings.TrimSpace(body.Body) == "" || len(body.Body) > domain.MaxDescriptionBytes {
		return Note{}, domain.Invalid("body", "must have 1 to %d bytes", domain.MaxDescriptionBytes)
	}
	if body.Answer && (body.Internal || head.Restricted) {
		return Note{}, domain.Invalid("answer", "is for public notes at incidents that are not restricted: others read it")
	}
	note := Note{At: a.now(), Author: principal.actor(nil), Body: body.Body, Internal: body.Internal, Answer: body.Answer}
	return once(ctx, a, principal, annotation{name: noteAdded, record: head.ID, key: key, body: body}, note,
		func(ctx context.Context, tx bun.Tx, id string, note *Note) error {
			event := domain.Event{Type: noteAdded, At: note.At, Actor: note.Author, Public: !body.Internal, Personal: map[string]any{"body": body.Body}}
			if body.Answer {
				event.Data = map[string]any{"answer": true}
			}
			var err error
			if note.Seq, err = schemas.AppendTimeline(ctx, tx, head.ID, []domain.Event{event}, note.At); err != nil {
				return err
			}
			if papers.noted != nil {
				if err := papers.noted(ctx, a, tx, head, principal, id, *note); err != nil {
					return err
				}
			}
			return tellOfNote(ctx, tx, head, papers.notice, *note)
		})
}

// postWord leaves the message that tells the record what somebody wrote means.
func postWord(ctx context.Context, tx bun.Tx, head domain.Record, principal Principal, verb, id string, what map[string]any, at time.Time) error {
	body, err := json.Marshal(what)
	if err != nil {
		return err
	}
	command := domain.Command{
		ID: domain.CommandID(verb, id), Name: string(head.Practice) + "." + verb, Practice: head.Practice, Record: head.ID,
		Actor: domain.Actor{Kind: domain.ActorMachine, Name: principal.Handle}, ReceivedAt: at, Body: body, Digest: domain.Digest(body),
	}
	text, err := json.Marshal(command)
	if err != nil {
		return err
	}
	_, err = schemas.PostCommand(ctx, tx, command, text, domain.TargetSend, at)
	return err
}

// postNoted lets an incident hear of a note where a rule of automation follows notes.
func postNoted(ctx context.Context, tx bun.Tx, head domain.Record, principal Principal, id string, note Note) error {
	follow, err := schemas.RulesFollow(ctx, tx, incident.EventNote)
	if err != nil || !follow {
		return err
	}
	return postWord(ctx, tx, head, principal, incident.VerbNoted, id, map[string]any{
		"note": note.Seq, "internal": note.Internal, "text": note.Body, "by": principal.Handle, "machine": principal.Kind == "machine",
	}, note.At)
}

// postInformed tells a record whose clocks wait for it that its requester was written to.
func postInformed(ctx context.Context, tx bun.Tx, head domain.Record, principal Principal, id string, note Note) error {
	if !head.Open || !principal.staff(head) || principal.Kind == "machine" {
		return nil
	}
	waits, err := schemas.ClocksAwaitWord(ctx, tx, head.ID)
	if err != nil || !waits {
		return err
	}
	return postWord(ctx, tx, head, principal, "informed", id, map[string]any{"note": note.Seq}, note.At)
}

// tellOfNote lets the requester know of a public note that is not their own.
func tellOfNote(ctx context.Context, tx bun.Tx, head domain.Record, kind string, note Note) error {
	if note.Internal || head.Requester == "" || head.Requester == note.Author.Name {
		return nil
	}
	return tellNote(ctx, tx, head, kind, note, "person:"+head.Requester)
}

func tellNote(ctx context.Context, tx bun.Tx, head domain.Record, kind string, note Note, to string) error {
	return schemas.TellOutside(ctx, tx, head.ID, domain.Notice{
		Kind: kind, To: []string{to}, Data: map[string]any{"number": head.Number, "note": note.Seq},
	}, note.At)
}

// annotation names a write that decides nothing, for its idempotency key.
type annotation struct {
	name, record, key string
	body              any
}

// once runs a write in one transaction, under a key: the same key gives the first answer again.
func once[T any](ctx context.Context, a *App, principal Principal, what annotation, answer T, write func(context.Context, bun.Tx, string, *T) error) (T, error) {
	key := what.key
	if key == "" {
		key = uuid.NewString()
	}
	text, err := json.Marshal(what.body)
	if err != nil {
		return answer, a.fault(ctx, what.name, err)
	}
	id, digest := domain.CommandID(principal.Handle, "POST", what.name, what.record, key), domain.Digest(text)
	if stored, known, err := storedAnswer[T](ctx, a, what.name, id, digest); known || err != nil {
		return stored, err
	}
	fresh := true
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := write(ctx, tx, id, &answer); err != nil {
			return err
		}
		var err error
		if fresh, err = schemas.RememberCommand(ctx, tx, id, what.record, what.name, digest, principal.Handle, answer, a.now()); err == nil && !fresh {
			return errTwin
		}
		return err
	})
	if !fresh {
		stored, _, err := storedAnswer[T](ctx, a, what.name, id, digest)
		return stored, err
	}
	if err == nil {
		a.posted()
	}
	return answer, a.fault(ctx, what.name, err)
}

// errTwin rolls back a write whose twin with the same key committed first.
var errTwin = domain.Errorf(domain.CodeConflict, "the same request was answered meanwhile")

func storedAnswer[T any](ctx context.Context, a *App, name, id, digest string) (T, bool, error) {
	var stored T
	row, known, err := schemas.ReadCommand(ctx, a.DB, id)
	if err != nil || !known {
		return stored, false, a.fault(ctx, name, err)
	}
	if row.Digest != digest {
		return stored, true, domain.OtherBody()
	}
	return stored, true, a.fault(ctx, name, json.Unmarshal(row.Outcome, &stored))
}

// Links reads a record's links, from both ends.
func (a *App) Links(ctx context.Context, reference string) ([]schemas.LinkRow, error) {
	principal, head, err := a.readable(ctx, PermissionIncidentRead, reference)
	if err != nil {
		return nil, err
	}
	return a.links(ctx, principal, head.ID)
}
