package schemas

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ChangeRow holds the columns that only changes have.
type ChangeRow struct {
	bun.BaseModel `bun:"table:changes,alias:c"`
	ID            string `bun:"id,pk,type:uuid"`
	change.Details
}

var (
	changeTable   = tables.Get(reflect.TypeFor[ChangeRow]())
	changeColumns = columnsOf(recordTable, "r") + ", " + columnsOf(changeTable, "c")
)

// LockChange reads a change and holds it until the transaction ends, as LockIncident does.
func LockChange(ctx context.Context, db bun.IDB, id string) (change.Change, Held, error) {
	var found []struct {
		change.Change
		HasMessages bool `bun:"has_messages"`
	}
	if err := lockChange.Scan(ctx, db, []any{id}, &found); err != nil {
		return change.Change{}, Held{}, fmt.Errorf("reading change %s: %w", id, err)
	}
	if len(found) == 0 {
		return change.Change{}, Held{}, nil
	}
	normalizeChange(&found[0].Change)
	return found[0].Change, Held{Exists: true, Messages: found[0].HasMessages}, nil
}

var lockChange = pg.Prepared(`SELECT ` + changeColumns + `,
	EXISTS (SELECT FROM messages m WHERE m.record_id = r.id AND m.state = 'pending') AS has_messages
	FROM records r JOIN changes c ON c.id = r.id WHERE r.id = $1 FOR NO KEY UPDATE OF r, c`)

// ReadChange reads a change by id or number, if the reader may.
func ReadChange(ctx context.Context, db bun.IDB, reader Reader, reference string) (change.Change, bool, error) {
	by := changeByNumber
	if IsID(reference) {
		by = changeByID
	}
	var found []change.Change
	if err := by.Scan(ctx, db, reader.changeArguments(reference), &found); err != nil {
		return change.Change{}, false, fmt.Errorf("reading change %s: %w", reference, err)
	}
	if len(found) == 0 {
		return change.Change{}, false, nil
	}
	normalizeChange(&found[0])
	return found[0], true, nil
}

// ReadChanges reads those of some changes, by id or number, that the reader may read, in one statement and in the order of their numbers.
func ReadChanges(ctx context.Context, db bun.IDB, reader Reader, references []string) ([]change.Change, error) {
	if len(references) == 0 {
		return nil, nil
	}
	var found []change.Change
	if err := changesNamed.Scan(ctx, db, reader.changeArguments(references), &found); err != nil {
		return nil, fmt.Errorf("reading %d changes: %w", len(references), err)
	}
	for i := range found {
		normalizeChange(&found[i])
	}
	return found, nil
}

var changesNamed = pg.Prepared(`SELECT ` + changeColumns + ` FROM records r JOIN changes c ON c.id = r.id
	WHERE r.practice = 'change' AND r.id IN (SELECT id FROM records WHERE number = ANY ($7::text[])
		UNION SELECT reference::uuid FROM unnest($7::text[]) AS reference WHERE reference ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$')
	AND ` + mayReadThisChange + ` ORDER BY r.number`)

var (
	changeByID     = pg.Prepared(`SELECT ` + changeColumns + ` FROM records r JOIN changes c ON c.id = r.id WHERE r.id = $7 AND ` + mayReadThisChange)
	changeByNumber = pg.Prepared(`SELECT ` + changeColumns + ` FROM records r JOIN changes c ON c.id = r.id WHERE r.number = $7 AND ` + mayReadThisChange)
)

// mayReadChange lets those read a change, beside whoever may read any such record, who have a seat in a stage of its approval that is
// not decided, or have voted, and the delegates of the former, and who is asked whether it caused an incident: nobody can decide what
// they cannot read.
var mayReadChange = `(` + mayReadOne + ` OR r.id IN (` + strings.Join(decidedBy("$2", "$6::timestamptz"), `) OR r.id IN (`) + `))`

// decidedBy are queries for the records on which somebody decides at a moment, or has voted.
func decidedBy(person, at string) []string {
	return []string{
		`SELECT record_id FROM interests WHERE ` + seated + ` = ` + person,
		`SELECT record_id FROM votes WHERE voter = ` + person,
		askedAboutCauses(person),
		`SELECT record_id FROM interests JOIN delegations d ON ` + seated + ` = d.principal
			WHERE d.delegate = ` + person + ` AND ` + standsAt(at),
	}
}

// withDecided lets a query ask, by whereChange, what the reader decides on and watches: that is read once, beforehand, for the planner
// takes such queries in a condition for as dear as if each row asked them anew.
func (r Reader) withDecided(q *bun.SelectQuery) *bun.SelectQuery {
	if r.All && r.Restricted {
		return q
	}
	decided := q.DB().NewRaw(strings.Join(decidedBy("?0", "?1"), " UNION "), r.Handle, r.At)
	watched := q.DB().NewRaw(`SELECT record_id FROM watchers WHERE person = ?`, r.Handle)
	return q.WithQuery(bun.NewWithQuery("decided", decided).Materialized()).WithQuery(bun.NewWithQuery("watched", watched).Materialized())
}

// whereChange adds the same predicate to a query over records r, as where does for other practices. Whoever has a seat, and whoever owns
// a service that a change may have hurt, decides on it: of who is named in a restricted one, that leaves the watchers.
func (r Reader) whereChange(q *bun.SelectQuery) *bun.SelectQuery {
	if r.All && r.Restricted {
		return q
	}
	if r.ownOnly() { // few, and found by indexes: else all changes would be walked through for them
		q = q.Where(`r.id IN (SELECT record_id FROM decided UNION SELECT id FROM records WHERE practice = 'change' AND requester = ?0
			UNION SELECT id FROM records WHERE practice = 'change' AND opened_by = ?0)`, r.Handle)
	}
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.WhereGroup(" AND ", r.whereNamed).WhereOr("r.id IN (SELECT record_id FROM decided)")
	})
}

// whereNamed leaves the changes that are the reader's by who asked for them, by their team or by their service, without the restricted
// ones in which the reader is not named.
func (r Reader) whereNamed(q *bun.SelectQuery) *bun.SelectQuery {
	q = r.whereOwn(q)
	if r.Restricted {
		return q
	}
	return q.Where("(NOT r.restricted OR ? IN (r.requester, r.opened_by, r.assignee) OR r.id IN (SELECT record_id FROM watched))", r.Handle)
}

// mayReadThisChange lets those read one change, too, who were asked and had not voted when it was decided, or had said nothing of what
// it caused, and who said it: whoever comes too late is told so. Lists do not hold it.
var mayReadThisChange = `(` + mayReadChange + ` OR jsonb_path_exists(c.approval::jsonb, '$.stages[*].members[*].person ? (@ == $who)',
	jsonb_build_object('who', $2::text)) OR EXISTS (SELECT FROM jsonb_path_query(c.causes::jsonb, '$[*] ? (exists (@.incident))') AS cause
		LEFT JOIN services s ON s.name = coalesce(nullif(cause ->> 'service', ''), r.service) WHERE $2 IN (s.owner, cause ->> 'by')))`

func normalizeChange(found *change.Change) {
	normalizeHead(&found.Record)
	if found.Approval != nil && len(found.Approval.Stages) == 0 { // rows of before held the JSON null of a change that nobody was asked about
		found.Approval = nil
	}
	toUTC(
		found.WindowFrom, found.WindowTo, found.ExtendedTo, found.SubmittedAt, found.ActualStart, found.ActualEnd, found.HeldSince,
		found.OverrunAt, found.SettleAt, found.WatchUntil, found.ReviewDueAt,
	)
}

// Change writes a change's head and own columns, and what follows from them: what it touches and when, of whom votes are
// outstanding, every vote, and what matters to it outside.
func (p *Passage) Change(before, record change.Change, created, wordsChanged bool) {
	own := reflect.ValueOf(ChangeRow{ID: record.ID, Details: record.Details})
	p.part(func(c *composed) {
		if created {
			c.insert(changeTable, own)
		} else {
			c.update(changeTable, own, record.ID, nil)
		}
	})
	p.touched(before, record)
	p.watches(before, record)
	p.votesOf(before, record)
	p.interestsOf(before, record)
	if wordsChanged {
		p.words(record.Record)
	}
	p.headOf(record.Record, created, wordsChanged)
}

// touch is one configuration item that a change touches. Alone: the change wants it to itself, whatever the item is.
type touch struct {
	Item     string `json:"item"`
	Alone    bool   `json:"alone"`
	Reserves bool   `json:"reserves"`
}

// touches are the items of a change, while its window stands: from when it is asked for until it ends.
func touches(c change.Change) ([]touch, window.Span) {
	span, set := c.Window()
	if !set || c.SubmittedAt == nil || c.WindowMissed {
		return nil, span
	}
	switch c.State {
	case change.Assessing, change.AwaitingApproval, change.Approved, change.Scheduled, change.Implementing:
	default:
		return nil, span
	}
	list := make([]touch, 0, len(c.ConfigurationItems))
	for _, item := range c.ConfigurationItems {
		list = append(list, touch{Item: item, Alone: c.Exclusive, Reserves: c.Reserves() && !c.Released(item)})
	}
	return list, span
}

func (p *Passage) touched(before, record change.Change) {
	had, was := touches(before)
	has, is := touches(record)
	if was == is && reflect.DeepEqual(had, has) {
		return
	}
	items := make([]string, len(has))
	for i, one := range has {
		items[i] = one.Item
	}
	if len(had) > 0 {
		p.add(`DELETE FROM change_items WHERE change_id = ?::uuid AND item <> ALL (?::text[])`, record.ID, items)
	}
	if len(has) > 0 {
		p.add(`INSERT INTO change_items (change_id, item, during, holder, reserves)
			SELECT own.id, item, tstzrange(?::timestamptz, ?::timestamptz), CASE WHEN alone OR EXISTS (SELECT FROM configuration_items c
				WHERE c.handle = t.item AND c.exclusive AND c.valid_to IS NULL) THEN holder_of(own.id) ELSE 0 END, reserves
			FROM (SELECT ?::uuid AS id) own CROSS JOIN json_to_recordset(?::json) AS t (item text, alone boolean, reserves boolean)
			ON CONFLICT (change_id, item) DO UPDATE SET during = excluded.during, holder = excluded.holder, reserves = excluded.reserves`,
			is.From, is.To, record.ID, p.rest.json(has))
	}
}

// seat is somebody of whom a vote is outstanding.
type seat struct {
	approval.Asked
	DueAt *time.Time `json:"due_at"`
}

func seatsOf(c change.Change) []seat {
	list := []seat{}
	if c.Approval == nil || c.Approval.SubmittedAt == nil || !c.Open {
		return list
	}
	for _, asked := range c.Approval.Asked() {
		stage, _ := c.Approval.Stage(asked.Stage)
		list = append(list, seat{Asked: asked, DueAt: stage.Timing.DueAt})
	}
	return list
}

// voteRow is a vote as a row; its place is that among its stage's votes.
type voteRow struct {
	Stage  string           `json:"stage"`
	Place  int              `json:"place"`
	Round  int              `json:"round"`
	Voter  string           `json:"voter"`
	Seat   string           `json:"seat"`
	Choice approval.Choice  `json:"choice"`
	At     time.Time        `json:"at"`
	Void   approval.Voiding `json:"void"`
}

func votesIn(c change.Change) []voteRow {
	list := []voteRow{}
	if c.Approval == nil {
		return list
	}
	for _, stage := range slices.Concat(c.Approval.Earlier, c.Approval.Stages) {
		for place, vote := range stage.Votes {
			row := voteRow{Stage: stage.Name, Place: place, Round: vote.Round, Voter: vote.By, Seat: vote.For, Choice: vote.Choice, At: vote.At}
			if vote.Void != nil {
				row.Void = vote.Void.Why
			}
			list = append(list, row)
		}
	}
	return list
}

func (p *Passage) votesOf(before, record change.Change) {
	if had, has := seatsOf(before), seatsOf(record); !reflect.DeepEqual(had, has) {
		if len(had) > 0 {
			p.add(`DELETE FROM approval_seats s WHERE record_id = ?::uuid AND NOT EXISTS (SELECT FROM
				json_to_recordset(?::json) AS n (stage text, person text) WHERE n.stage = s.stage AND n.person = s.person)`, record.ID, p.rest.json(has))
		}
		if len(has) > 0 {
			p.add(`INSERT INTO approval_seats (record_id, stage, person, again, since, due_at)
				SELECT ?::uuid, stage, person, coalesce(again, false), ?::timestamptz, due_at
				FROM json_to_recordset(?::json) AS n (stage text, person text, again boolean, due_at timestamptz)
				ON CONFLICT (record_id, stage, person) DO UPDATE SET again = excluded.again, due_at = excluded.due_at`, record.ID, p.now, p.rest.json(has))
		}
	}
	had := map[voteRow]bool{}
	for _, row := range votesIn(before) {
		had[row] = true
	}
	fresh := slices.DeleteFunc(votesIn(record), func(row voteRow) bool { return had[row] })
	if len(fresh) > 0 {
		// What is void goes first, or a vote in its place would stand beside it.
		p.add(`INSERT INTO votes (record_id, stage, place, round, voter, seat, choice, at, void)
			SELECT ?::uuid, stage, place, round, voter, seat, choice, at, coalesce(void, '')
			FROM json_to_recordset(?::json) AS n (stage text, place int, round int, voter text, seat text, choice text, at timestamptz, void text)
			ORDER BY void = ''
			ON CONFLICT (record_id, stage, place) DO UPDATE SET void = excluded.void`, record.ID, p.rest.json(fresh))
	}
}
