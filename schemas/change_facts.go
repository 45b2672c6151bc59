package schemas

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ChangeNamesAsked are handles to look up for a change; empty ones are not asked.
type ChangeNamesAsked struct {
	Team, Assignee, Requester, Actor string
	Services                         []string
	// Predecessors are changes by id or number.
	Predecessors []string
}

// ChangeNames says what they stand for.
type ChangeNames struct {
	TeamKnown       bool                      `bun:"team_known"`
	AssigneeMember  bool                      `bun:"assignee_member"`
	RequesterActive bool                      `bun:"requester_active"`
	ActorTeams      []string                  `bun:"actor_teams,type:json"`
	Services        map[string]change.Service `bun:"services,type:json"`
	Predecessors    map[string]string         `bun:"predecessors,type:json"`
}

// ReadChangeNames looks handles up in one statement. An assignee without a team in question counts as a member of it.
func ReadChangeNames(ctx context.Context, db bun.IDB, asked ChangeNamesAsked) (ChangeNames, error) {
	var names ChangeNames
	err := changeNames.Scan(ctx, db, []any{
		asked.Team, asked.Assignee, asked.Requester, asked.Actor, append([]string{}, asked.Services...), append([]string{}, asked.Predecessors...),
	}, &names)
	if err != nil {
		return names, fmt.Errorf("looking handles up: %w", err)
	}
	return names, nil
}

var changeNames = pg.Prepared(`SELECT
	EXISTS (SELECT FROM teams WHERE name = $1) AS team_known,
	EXISTS (SELECT FROM people WHERE handle = $2 AND active)
		AND ($1 = '' OR EXISTS (SELECT FROM team_members WHERE team = $1 AND person = $2)) AS assignee_member,
	EXISTS (SELECT FROM people WHERE handle = $3 AND active) AS requester_active,
	(SELECT coalesce(json_agg(team ORDER BY team), '[]') FROM team_members WHERE person = $4) AS actor_teams,
	(SELECT coalesce(json_object_agg(name, json_build_object('Owner', owner, 'Team', team, 'Criticality', criticality)), '{}')
		FROM services WHERE name = ANY ($5::text[])) AS services,
	(SELECT coalesce(json_object_agg(asked, r.id), '{}') FROM unnest($6::text[]) AS asked
		JOIN records r ON r.practice = 'change' AND (r.number = asked OR r.id::text = asked)) AS predecessors`)

// VotingAsked says what an approval needs to know.
type VotingAsked struct {
	Record string
	// Targets are those whose people are looked up; none where no stage can open.
	Targets       []approval.Target
	Team, Service string
	// Voter is by whom a vote may be given for others at an instant; empty where none is given.
	Voter string
	At    time.Time
	// Hands are those who have voted for others.
	Hands []string
}

// VotingFound is what was found.
type VotingFound struct {
	// Attachments are the digests of what is attached to the record.
	Attachments []string `bun:"attachments,type:json"`
	Seated      []struct {
		Target approval.Target `json:"target"`
		Person string          `json:"person"`
		Active bool            `json:"active"`
	} `bun:"seated,type:json"`
	// Delegations are those by which the voter may vote for others.
	Delegations []approval.Delegation `bun:"delegations,type:json"`
	// Inactive are those of the hands that are nobody's whose account is active.
	Inactive []string `bun:"inactive,type:json"`
	// Targets are those that were asked for.
	Targets []approval.Target `bun:"-"`
}

// Seats are the people whom the targets stand for, by target, also by one that stands for nobody; those who are inactive are marked.
func (f VotingFound) Seats() map[approval.Target][]approval.Member {
	by := map[approval.Target][]approval.Member{}
	for _, target := range f.Targets {
		by[target] = nil
	}
	for _, one := range f.Seated {
		member := approval.Member{Person: one.Person, As: []string{string(one.Target)}}
		if !one.Active {
			member.Left = approval.Inactive
		}
		by[one.Target] = append(by[one.Target], member)
	}
	return by
}

// ReadVoting looks up what an approval needs to know, in one statement. A role counts as it is held for everything, for the record's
// service or for its team.
func ReadVoting(ctx context.Context, db bun.IDB, asked VotingAsked) (VotingFound, error) {
	found := VotingFound{Targets: asked.Targets}
	targets := make([]string, len(asked.Targets))
	for i, target := range asked.Targets {
		targets[i] = string(target)
	}
	if err := readVoting.Scan(ctx, db, []any{targets, asked.Team, asked.Service, asked.Record, asked.Voter, asked.At, append([]string{}, asked.Hands...)}, &found); err != nil {
		return found, fmt.Errorf("finding who decides: %w", err)
	}
	for i := range found.Delegations {
		toUTC(found.Delegations[i].From, found.Delegations[i].Until)
	}
	return found, nil
}

var readVoting = pg.Prepared(`WITH asked AS (SELECT target, split_part(target, ':', 1) AS kind, split_part(target, ':', 2) AS name FROM unnest($1::text[]) AS target),
	held AS (
		SELECT target, name AS person FROM asked WHERE kind = 'person'
		UNION SELECT target, m.person FROM asked JOIN team_members m ON m.team = asked.name WHERE kind = 'team'
		UNION SELECT target, g.person FROM asked JOIN grants g ON g.role = asked.name WHERE kind = 'role'
			AND (g.scope_kind = 'all' OR g.scope_kind = 'team' AND g.scope_name = $2 OR g.scope_kind = 'service' AND g.scope_name = $3)
		UNION SELECT target, t.lead FROM asked JOIN teams t ON t.name = $2 WHERE kind = 'role' AND asked.name = 'team_lead' AND t.lead <> ''
		UNION SELECT target, s.owner FROM asked JOIN services s ON s.name = $3 WHERE kind = 'service_owner' AND s.owner <> '')
	SELECT (SELECT coalesce(json_agg(sha256 ORDER BY sha256), '[]') FROM attachments WHERE record_id = $4::uuid) AS attachments,
		(SELECT coalesce(json_agg(json_build_object('target', held.target, 'person', p.handle, 'active', p.active) ORDER BY held.target, p.handle), '[]')
			FROM held JOIN people p ON p.handle = held.person WHERE p.kind = 'person') AS seated,
		(SELECT coalesce(json_agg(json_build_object('principal', principal, 'delegate', delegate, 'from', from_at, 'until', until_at) ORDER BY principal), '[]')
			FROM delegations WHERE delegate = $5 AND ` + standsAt("$6") + `
			AND EXISTS (SELECT FROM people p WHERE p.handle = delegate AND p.active AND p.kind = 'person')) AS delegations,
		(SELECT coalesce(json_agg(hand ORDER BY hand), '[]') FROM unnest($7::text[]) AS hand
			WHERE NOT EXISTS (SELECT FROM people p WHERE p.handle = hand AND p.active AND p.kind = 'person')) AS inactive`)

// UrgentLinked are the incidents of priority 1 and 2 that are linked with a record, but for those that were canceled.
func UrgentLinked(ctx context.Context, db bun.IDB, record string) ([]change.Urgent, error) {
	var found []change.Urgent
	if err := urgentLinked.Scan(ctx, db, []any{record}, &found); err != nil {
		return nil, fmt.Errorf("reading linked incidents: %w", err)
	}
	for i := range found {
		toUTC(&found[i].OpenedAt, found[i].EndedAt)
	}
	return found, nil
}

var urgentLinked = pg.Prepared(`SELECT r.number, r.opened_at, CASE WHEN NOT r.open THEN coalesce(r.resolved_at, r.closed_at, r.state_since) END AS ended_at
	FROM records r WHERE r.practice = 'incident' AND r.priority <= 2 AND r.state <> 'canceled' AND r.id IN (` + linkedWith("$1") + `) ORDER BY 1`)

// holdsFor is true of a person who holds a role for everything, or for a record's team or service.
func holdsFor(person, role, team, service string) string {
	return `EXISTS (SELECT FROM grants g WHERE g.person = ` + person + ` AND g.role = '` + role + `' AND (g.scope_kind = 'all'
		OR g.scope_kind = 'team' AND g.scope_name = ` + team + ` OR g.scope_kind = 'service' AND g.scope_name = ` + service + `))`
}

func linkedWith(record string) string {
	return `SELECT to_id FROM links WHERE from_id = ` + record + ` UNION SELECT from_id FROM links WHERE to_id = ` + record
}

// Surroundings reads what conflicts of a change are looked for in at an instant, but for freezes and maintenance windows, which are
// documents. Until the transaction ends nobody changes any of it, those included, without finding what the transaction stores.
func Surroundings(ctx context.Context, db bun.IDB, c change.Change, at time.Time) (change.Surroundings, error) {
	around := change.Surroundings{Read: true}
	err := shareSurroundings(ctx, db)
	if err != nil {
		return around, err
	}
	span, set := c.Window()
	if set {
		if around.Changes, err = near(ctx, db, c, at); err != nil {
			return around, err
		}
		if people := c.Implementers(); len(people) > 0 {
			if err := busy.Scan(ctx, db, []any{c.ID, people, span.From, span.To}, &around.Busy); err != nil {
				return around, fmt.Errorf("looking for what %v carry out: %w", people, err)
			}
		}
	}
	services, err := ImpactedServices(ctx, db, c.ConfigurationItems, at)
	if err != nil {
		return around, err
	}
	services = append(services, c.Services...)
	if err := shareServices(ctx, db, services); err != nil {
		return around, err
	}
	if err := urgent.Scan(ctx, db, []any{c.ID, services}, &around.Incidents); err != nil {
		return around, fmt.Errorf("looking for open incidents: %w", err)
	}
	if len(c.Predecessors) > 0 {
		if err := predecessors.Scan(ctx, db, []any{c.Predecessors}, &around.Predecessors); err != nil {
			return around, fmt.Errorf("looking for predecessors: %w", err)
		}
	}
	return around, nil
}

// ChangesNear are the changes near the items of a change in its window, at an instant; none while it has no window.
func ChangesNear(ctx context.Context, db bun.IDB, c change.Change, at time.Time) ([]change.Neighbour, error) {
	if _, set := c.Window(); !set {
		return nil, nil
	}
	return near(ctx, db, c, at)
}

// ReservedOnce is the constraint by which two changes cannot reserve one item at the same time.
const ReservedOnce = "change_items_reserved"

// ReservedBy are the numbers of the changes that have reserved an item of a change in its window; of one that is not stored none are known.
func ReservedBy(ctx context.Context, db bun.IDB, id string) ([]string, error) {
	var numbers []string
	if err := reservedBy.Scan(ctx, db, []any{id}, &numbers); err != nil {
		return nil, fmt.Errorf("asking who has reserved the items of change %s: %w", id, err)
	}
	return numbers, nil
}

var reservedBy = pg.Prepared(`SELECT DISTINCT r.number FROM change_items own JOIN change_items i ON i.item = own.item AND i.during && own.during
		AND i.change_id <> own.change_id AND i.reserves JOIN records r ON r.id = i.change_id
	WHERE own.change_id = $1 ORDER BY 1`)

// Successors are the changes, by id, that are asked for and must come after another.
func Successors(ctx context.Context, db bun.IDB, id string) ([]string, error) {
	var found []string
	if err := successors.Scan(ctx, db, []any{id}, &found); err != nil {
		return nil, fmt.Errorf("looking for what comes after: %w", err)
	}
	return found, nil
}

var successors = pg.Prepared(`SELECT r.id::text FROM records r JOIN changes c ON c.id = r.id
	WHERE r.practice = 'change' AND r.active AND c.submitted_at IS NOT NULL AND c.predecessors::jsonb ? $1::text ORDER BY 1`)

var (
	// Tasks are read only where one of the people stands in them: of most changes none does.
	busy = pg.Prepared(`WITH away AS (SELECT r.number, r.assignee, c.tasks FROM changes c JOIN records r ON r.id = c.id
			WHERE c.id <> $1 AND r.open AND r.state IN ('approved', 'scheduled', 'implementing') AND c.window_from IS NOT NULL
			AND tstzrange(c.window_from, coalesce(c.extended_to, c.window_to)) && tstzrange($3, $4))
		SELECT number, assignee AS person FROM away WHERE assignee = ANY ($2::text[])
		UNION SELECT number, substr(t.owner, 8) FROM away,
			json_to_recordset(CASE WHEN EXISTS (SELECT FROM unnest($2::text[]) AS one WHERE strpos(tasks::text, '"person:' || one || '"') > 0)
				THEN tasks ELSE '[]' END) AS t (owner text, state text)
			WHERE t.owner LIKE 'person:%' AND substr(t.owner, 8) = ANY ($2::text[]) AND t.state <> 'done'
		ORDER BY 1, 2`)
	// Who linked is told by the timeline of the side on which it was done.
	urgent = pg.Prepared(`SELECT r.id::text AS id, r.number, r.service, r.priority, tie.linked_at, coalesce(tie.by_responder, false) AS by_responder,
			coalesce(tie.managers, '[]') AS managers,
			CASE WHEN r.assignee <> '' THEN 'person:' || r.assignee WHEN r.team <> '' THEN 'team:' || r.team ELSE '' END AS owner
		FROM records r LEFT JOIN LATERAL (
			SELECT min(l.since) AS linked_at, json_agg(t.actor_name) FILTER (WHERE ` + holdsFor("t.actor_name", "change_manager", "c.team", "c.service") + `) AS managers,
				bool_or(t.actor_name = r.assignee OR EXISTS (SELECT FROM team_members m WHERE m.team = r.team AND m.person = t.actor_name)
					OR EXISTS (SELECT FROM teams WHERE name = r.team AND lead = t.actor_name)
					OR ` + holdsFor("t.actor_name", "team_lead", "r.team", "r.service") + `
					OR ` + holdsFor("t.actor_name", "incident_manager", "r.team", "r.service") + `) AS by_responder
			FROM links l LEFT JOIN timeline t ON t.record_id = l.from_id AND t.type IN ('change.linked', 'incident.linked')
					AND t.actor_kind = 'person' AND t.recorded_at >= l.since AND t.data ->> 'to' = l.to_id::text
				LEFT JOIN records c ON c.id = $1
			WHERE l.from_id = $1 AND l.to_id = r.id OR l.from_id = r.id AND l.to_id = $1) AS tie ON true
		WHERE r.practice = 'incident' AND r.open AND r.priority <= 2 AND r.service <> '' AND r.service = ANY ($2::text[])
		ORDER BY r.priority, r.number`)
	predecessors = pg.Prepared(`SELECT r.id::text AS id, r.number, r.state, r.restricted, c.outcome, CASE WHEN NOT c.window_missed THEN coalesce(c.extended_to, c.window_to) END AS ends_by
		FROM records r JOIN changes c ON c.id = r.id WHERE r.id = ANY ($1::text[]::uuid[]) ORDER BY r.number`)
)
