package schemas

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ChangeFilter narrows a list of changes.
type ChangeFilter struct {
	Open    bool
	States  []string
	Team    string
	Service string
	// Unassigned leaves those that nobody carries out.
	Assignee   string
	Unassigned bool
	Requester  string
	Priorities []int
	// Voting leaves those that await approval, and those that go on while a stage takes votes.
	Voting bool
	Type   string
	Model  string
	// Item is a configuration item that the change touches.
	Item string
	// From and To ask for changes whose window has a moment in that span; they are listed by their windows.
	From, To *time.Time
	// Before goes on after a change of an earlier page, in the order of the list: by when it was opened, newest first, or by the
	// beginning of its window, earliest first.
	After   *time.Time
	AfterID string
	Limit   int
}

// ListChanges lists changes that a reader may read: the newest first, or those of a span by their windows.
func ListChanges(ctx context.Context, db bun.IDB, reader Reader, filter ChangeFilter) ([]change.Change, error) {
	var c composed
	c.args = reader.changeArguments()
	c.text.WriteString(`SELECT ` + changeColumns + ` FROM records r JOIN changes c ON c.id = r.id WHERE r.practice = 'change' AND ` + mayReadChange)
	if filter.Open {
		c.text.WriteString(` AND r.open`)
	}
	if filter.Voting {
		c.text.WriteString(takingVotes)
	}
	if len(filter.States) > 0 {
		c.add(` AND r.state = ANY (?::text[])`, filter.States)
		if !slices.ContainsFunc(filter.States, atEnd) { // which is said, so that what ended is not walked through
			c.text.WriteString(` AND r.active`)
		}
	}
	for _, column := range []struct{ name, value string }{
		{"r.team", filter.Team}, {"r.assignee", filter.Assignee}, {"r.requester", filter.Requester}, {"c.type", filter.Type}, {"c.model", filter.Model},
	} {
		if column.value != "" {
			c.add(` AND `+column.name+` = ?`, column.value)
		}
	}
	if filter.Unassigned {
		c.text.WriteString(` AND r.assignee = ''`)
	}
	if len(filter.Priorities) > 0 {
		c.add(` AND r.priority = ANY (?::int[])`, filter.Priorities)
	}
	if filter.Service != "" {
		c.add(` AND c.services::jsonb @> to_jsonb(?::text)`, filter.Service)
	}
	if filter.Item != "" {
		c.add(` AND r.configuration_items @> to_jsonb(?::text)`, filter.Item)
	}
	if filter.From != nil && filter.To != nil {
		c.add(` AND c.window_from < ?::timestamptz AND coalesce(c.extended_to, c.window_to) > ?::timestamptz`, *filter.To, *filter.From)
		if filter.After != nil {
			c.add(` AND (c.window_from, r.id) > (?::timestamptz, ?::uuid)`, *filter.After, filter.AfterID)
		}
		c.add(` ORDER BY c.window_from, r.id LIMIT ?::int`, filter.Limit)
	} else {
		if filter.After != nil {
			c.add(` AND (r.opened_at, r.id) < (?::timestamptz, ?::uuid)`, *filter.After, filter.AfterID)
		}
		c.add(` ORDER BY r.opened_at DESC, r.id DESC LIMIT ?::int`, filter.Limit)
	}
	var found []change.Change
	if err := pg.Prepared(c.text.String()).Scan(ctx, db, c.args, &found); err != nil {
		return nil, fmt.Errorf("listing changes: %w", err)
	}
	for i := range found {
		normalizeChange(&found[i])
	}
	return found, nil
}

// takingVotes are the changes that await approval, and those that are carried out, or were, while a stage takes votes.
const takingVotes = ` AND r.active AND (r.state = 'awaiting_approval' OR r.state IN ('implementing', 'review')
	AND EXISTS (SELECT FROM jsonb_array_elements(c.approval::jsonb -> 'stages') s WHERE s ->> 'state' IN ('open', 'escalated')))`

// atEnd reports whether a state is one in which changes end.
func atEnd(state string) bool {
	info, known := change.Lifecycle.State(domain.State(state))
	return known && !info.Active
}

// AskedRow is a vote that is outstanding.
type AskedRow struct {
	Record string       `bun:"record_id" json:"record"`
	Number string       `bun:"number" json:"number"`
	Title  string       `bun:"title" json:"title"`
	State  domain.State `bun:"state" json:"state"`
	Stage  string       `bun:"stage" json:"stage"`
	// Person is whose vote is outstanding: the reader's own, or that of somebody for whom the reader may vote.
	Person string     `bun:"person" json:"person"`
	Again  bool       `bun:"again" json:"again"`
	Since  time.Time  `bun:"since" json:"since"`
	DueAt  *time.Time `bun:"due_at" json:"due_at,omitempty"`
}

// VotesAsked lists what waits for a person's vote, or for that of somebody for whom they vote, what is due first first.
func VotesAsked(ctx context.Context, db bun.IDB, person string, at time.Time) ([]AskedRow, error) {
	found := []AskedRow{}
	if err := votesAsked.Scan(ctx, db, []any{person, at}, &found); err != nil {
		return nil, fmt.Errorf("listing the votes that wait for %s: %w", person, err)
	}
	for i := range found {
		toUTC(&found[i].Since, found[i].DueAt)
	}
	return found, nil
}

var votesAsked = pg.Prepared(`SELECT s.record_id::text AS record_id, r.number, r.title, r.state, s.stage, s.person, s.again, s.since, s.due_at
	FROM approval_seats s JOIN records r ON r.id = s.record_id
	WHERE s.person = $1 OR s.person IN (SELECT principal FROM delegations WHERE delegate = $1 AND ended_at IS NULL AND from_at <= $2 AND until_at > $2)
	ORDER BY s.due_at NULLS LAST, s.since, r.number, s.stage, s.person LIMIT 500`)

// GivenRow is a vote that was given.
type GivenRow struct {
	Record string          `bun:"record_id" json:"record"`
	Number string          `bun:"number" json:"number"`
	Title  string          `bun:"title" json:"title"`
	State  domain.State    `bun:"state" json:"state"`
	Stage  string          `bun:"stage" json:"stage"`
	Seat   string          `bun:"seat" json:"for"`
	Choice approval.Choice `bun:"choice" json:"vote"`
	At     time.Time       `bun:"at" json:"at"`
	// Void says why it does not count any more.
	Void approval.Voiding `bun:"void" json:"void,omitempty"`
}

// VotesGiven lists the newest votes that a person gave.
func VotesGiven(ctx context.Context, db bun.IDB, person string, limit int) ([]GivenRow, error) {
	found := []GivenRow{}
	if err := votesGiven.Scan(ctx, db, []any{person, limit}, &found); err != nil {
		return nil, fmt.Errorf("listing the votes of %s: %w", person, err)
	}
	for i := range found {
		toUTC(&found[i].At)
	}
	return found, nil
}

var votesGiven = pg.Prepared(`SELECT v.record_id::text AS record_id, r.number, r.title, r.state, v.stage, v.seat, v.choice, v.at, v.void
	FROM votes v JOIN records r ON r.id = v.record_id WHERE v.voter = $1 ORDER BY v.at DESC, v.record_id, v.place LIMIT $2`)

// TrackRecord says how the last changes of a model, or of a team, ended.
type TrackRecord struct {
	Total  int `bun:"total" json:"total"`
	Failed int `bun:"failed" json:"failed"`
	// Undecided are those of which it is not decided whether they caused an incident.
	Undecided int `bun:"undecided" json:"undecided"`
}

// ReadTrackRecord counts all changes that ended of a model, or where there is none of a team.
func ReadTrackRecord(ctx context.Context, db bun.IDB, model, team string) (TrackRecord, error) {
	var found TrackRecord
	if err := readTrackRecord.Scan(ctx, db, []any{model, team}, &found); err != nil {
		return found, fmt.Errorf("reading how changes ended: %w", err)
	}
	return found, nil
}

var readTrackRecord = pg.Prepared(`SELECT count(*) AS total, count(*) FILTER (WHERE c.outcome IN ('failed', 'backed_out') OR c.caused_incident) AS failed,
	count(*) FILTER (WHERE EXISTS (SELECT FROM json_array_elements(c.causes) AS cause WHERE coalesce(cause ->> 'verdict', '') = '')) AS undecided
	FROM changes c JOIN records r ON r.id = c.id WHERE c.outcome <> '' AND CASE WHEN $1 <> '' THEN c.model = $1 ELSE r.team = $2 END`)
