package schemas

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// MeetingRow holds the columns that only the meetings of a change advisory board have.
type MeetingRow struct {
	bun.BaseModel `bun:"table:cab_meetings,alias:m"`
	ID            string `bun:"id,pk,type:uuid"`
	meeting.Details
}

var (
	meetingTable   = tables.Get(reflect.TypeFor[MeetingRow]())
	meetingColumns = columnsOf(recordTable, "r") + ", " + columnsOf(meetingTable, "m")
)

// LockMeeting reads a meeting and holds it until the transaction ends, as LockIncident does.
func LockMeeting(ctx context.Context, db bun.IDB, id string) (meeting.Meeting, Held, error) {
	var found []struct {
		meeting.Meeting
		HasMessages bool `bun:"has_messages"`
	}
	if err := lockMeeting.Scan(ctx, db, []any{id}, &found); err != nil {
		return meeting.Meeting{}, Held{}, fmt.Errorf("reading meeting %s: %w", id, err)
	}
	if len(found) == 0 {
		return meeting.Meeting{}, Held{}, nil
	}
	normalizeMeeting(&found[0].Meeting)
	return found[0].Meeting, Held{Exists: true, Messages: found[0].HasMessages}, nil
}

var lockMeeting = pg.Prepared(`SELECT ` + meetingColumns + `,
	EXISTS (SELECT FROM messages q WHERE q.record_id = r.id AND q.state = 'pending') AS has_messages
	FROM records r JOIN cab_meetings m ON m.id = r.id WHERE r.id = $1 FOR NO KEY UPDATE OF r, m`)

// ReadMeeting reads a meeting by id or number, if the reader may.
func ReadMeeting(ctx context.Context, db bun.IDB, reader Reader, reference string) (meeting.Meeting, bool, error) {
	by := meetingByNumber
	if IsID(reference) {
		by = meetingByID
	}
	var found []meeting.Meeting
	if err := by.Scan(ctx, db, reader.arguments(reference), &found); err != nil {
		return meeting.Meeting{}, false, fmt.Errorf("reading meeting %s: %w", reference, err)
	}
	if len(found) == 0 {
		return meeting.Meeting{}, false, nil
	}
	normalizeMeeting(&found[0])
	return found[0], true, nil
}

// mayReadMeeting lets all who read meetings at all read those of no team. What is on an agenda is read as the changes are.
var mayReadMeeting = `(` + mayReadOne + ` OR r.team = '')`

var (
	meetingByID     = pg.Prepared(`SELECT ` + meetingColumns + ` FROM records r JOIN cab_meetings m ON m.id = r.id WHERE r.id = $6 AND ` + mayReadMeeting)
	meetingByNumber = pg.Prepared(`SELECT ` + meetingColumns + ` FROM records r JOIN cab_meetings m ON m.id = r.id WHERE r.number = $6 AND ` + mayReadMeeting)
)

func normalizeMeeting(found *meeting.Meeting) {
	normalizeHead(&found.Record)
	toUTC(&found.StartsAt, &found.EndsAt, &found.CutOffAt, found.FixedAt, found.HeldAt, found.EndedAt, found.CloseAt)
	for i := range found.Items {
		found.Items[i].At = found.Items[i].At.UTC()
	}
}

// MeetingFilter narrows a list of meetings.
type MeetingFilter struct {
	Open    bool
	States  []string
	Cadence string
	// Before goes on after a meeting of an earlier page.
	Before   *time.Time
	BeforeID string
	Limit    int
}

// ListMeetings lists meetings that a reader may read, the latest first.
func ListMeetings(ctx context.Context, db bun.IDB, reader Reader, filter MeetingFilter) ([]meeting.Meeting, error) {
	var c composed
	c.args = reader.arguments()
	c.text.WriteString(`SELECT ` + meetingColumns + ` FROM records r JOIN cab_meetings m ON m.id = r.id WHERE ` + mayReadMeeting)
	if filter.Open {
		c.text.WriteString(` AND r.open`)
	}
	if len(filter.States) > 0 {
		c.add(` AND r.state = ANY (?::text[])`, filter.States)
	}
	if filter.Cadence != "" {
		c.add(` AND m.cadence = ?::text`, filter.Cadence)
	}
	if filter.Before != nil {
		c.add(` AND (m.starts_at, m.id) < (?::timestamptz, ?::uuid)`, *filter.Before, filter.BeforeID)
	}
	c.add(` ORDER BY m.starts_at DESC, m.id DESC LIMIT ?::int`, filter.Limit)
	var found []meeting.Meeting
	if err := pg.Prepared(c.text.String()).Scan(ctx, db, c.args, &found); err != nil {
		return nil, fmt.Errorf("listing meetings: %w", err)
	}
	for i := range found {
		normalizeMeeting(&found[i])
	}
	return found, nil
}

// Meeting writes a meeting's head and own columns.
func (p *Passage) Meeting(record meeting.Meeting, created, wordsChanged bool) {
	own := reflect.ValueOf(MeetingRow{ID: record.ID, Details: record.Details})
	p.part(func(c *composed) {
		if created {
			c.insert(meetingTable, own)
		} else {
			c.update(meetingTable, own, record.ID, nil)
		}
	})
	p.headOf(record.Record, created, wordsChanged)
}

// AwaitingBoard are the changes that await votes of a board: an open stage of their approval asks it. Those whose window comes first
// stand first.
func AwaitingBoard(ctx context.Context, db bun.IDB, board meeting.Board, limit int) ([]meeting.Waiting, error) {
	var found []meeting.Waiting
	if err := awaitingBoard.Scan(ctx, db, []any{string(board.Target()), board.ScopeKind(), board.ScopeName(), limit}, &found); err != nil {
		return nil, fmt.Errorf("finding what awaits votes of %s: %w", board, err)
	}
	return found, nil
}

var awaitingBoard = pg.Prepared(`SELECT r.id, r.number FROM records r JOIN changes c ON c.id = r.id
	WHERE r.practice = 'change' AND r.open AND r.state IN ('awaiting_approval', 'review')
		AND EXISTS (SELECT FROM json_array_elements(CASE json_typeof(c.approval->'stages') WHEN 'array' THEN c.approval->'stages' END) AS stage, json_array_elements_text(stage->'electorate') AS asked
			WHERE stage->>'state' IN ('open', 'escalated') AND asked = $1)
		AND CASE $2 WHEN 'team' THEN r.team = $3
			WHEN 'service' THEN r.service = $3 OR EXISTS (SELECT FROM json_array_elements_text(c.services) AS touched WHERE touched = $3)
			ELSE true END
	ORDER BY c.window_from NULLS LAST, r.opened_at, r.id LIMIT $4`)
