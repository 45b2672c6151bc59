package schemas

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// NewestPolicies gives the newest version of each named document ("kind/name"), of the service's own document and of its
// support calendar (Calendar/default without one). With agreements, it also gives that of every SLA and Calendar.
func NewestPolicies(ctx context.Context, db bun.IDB, service string, names []string, agreements bool) (map[string]int, []AgreementVersion, error) {
	rows := []struct {
		AgreementVersion
		Asked bool `bun:"asked"`
	}{}
	if err := newestPolicies.Scan(ctx, db, []any{append([]string{}, names...), service, agreements}, &rows); err != nil {
		return nil, nil, fmt.Errorf("reading policy versions: %w", err)
	}
	versions, candidates := map[string]int{}, []AgreementVersion{}
	for _, row := range rows {
		if row.Asked {
			versions[row.Kind+"/"+row.Name] = row.Version
		}
		if agreements {
			candidates = append(candidates, row.AgreementVersion)
		}
	}
	return versions, candidates, nil
}

var newestPolicies = pg.Prepared(`SELECT kind, name, max(version) AS version, ` + asked + ` AS asked FROM policies
	WHERE ` + asked + ` OR $3 AND kind IN ('SLA', 'Calendar') GROUP BY kind, name ORDER BY kind, name`)

// asked holds for the documents that NewestPolicies is asked for.
const asked = `((kind, name) IN (SELECT split_part(asked, '/', 1), split_part(asked, '/', 2) FROM unnest($1::text[]) AS asked)
	   OR (kind = 'ServicePolicy' AND name = $2)
	   OR (kind = 'Calendar' AND name = coalesce((SELECT s.calendar FROM services s WHERE s.name = $2
		AND EXISTS (SELECT FROM policies p WHERE p.kind = 'Calendar' AND p.name = s.calendar)), 'default')))`

// ReadPolicySpec reads the content of one version of a document.
func ReadPolicySpec(ctx context.Context, db bun.IDB, kind, name string, version int) (json.RawMessage, error) {
	var spec string
	err := db.NewRaw(`SELECT spec::text FROM policies WHERE kind = ? AND name = ? AND version = ?`, kind, name, version).Scan(ctx, &spec)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("no policy %s/%s version %d: apply the default documents", kind, name, version)
	}
	if err != nil {
		return nil, fmt.Errorf("reading policy %s/%s: %w", kind, name, err)
	}
	return json.RawMessage(spec), nil
}

// NamesAsked are handles to look up; empty ones are not asked.
type NamesAsked struct {
	Team, Assignee, Requester, Service string
}

// Names says what the handles asked for stand for.
type Names struct {
	TeamKnown       bool   `bun:"team_known"`
	AssigneeActive  bool   `bun:"assignee_active"`
	AssigneeMember  bool   `bun:"assignee_member"`
	RequesterActive bool   `bun:"requester_active"`
	ServiceKnown    bool   `bun:"service_known"`
	ServiceTeam     string `bun:"service_team"`
	// ServiceEscalation names the EscalationPolicy of that team.
	ServiceEscalation string `bun:"service_escalation"`
}

// ReadNames looks handles up in one statement. Somebody without a team in question counts as a member.
func ReadNames(ctx context.Context, db bun.IDB, asked NamesAsked) (Names, error) {
	var names Names
	if err := readNames.Scan(ctx, db, []any{asked.Team, asked.Assignee, asked.Requester, asked.Service}, &names); err != nil {
		return names, fmt.Errorf("looking handles up: %w", err)
	}
	return names, nil
}

var readNames = pg.Prepared(`SELECT
	EXISTS (SELECT FROM teams WHERE name = $1) AS team_known,
	EXISTS (SELECT FROM people WHERE handle = $2 AND active) AS assignee_active,
	($1 = '' OR EXISTS (SELECT FROM team_members WHERE team = $1 AND person = $2)) AS assignee_member,
	EXISTS (SELECT FROM people WHERE handle = $3 AND active) AS requester_active,
	EXISTS (SELECT FROM services WHERE name = $4) AS service_known,
	coalesce((SELECT team FROM services WHERE name = $4), '') AS service_team,
	` + escalationOf("$4") + ` AS service_escalation`)

// escalationOf is the EscalationPolicy that the newest document of a service's support team names; empty where there is none.
func escalationOf(service string) string {
	return `coalesce((SELECT p.spec ->> 'escalation' FROM policies p WHERE p.kind = 'Team'
		AND p.name = (SELECT s.team FROM services s WHERE s.name = ` + service + `) ORDER BY p.version DESC LIMIT 1), '')`
}

// EscalationOfSupport names the EscalationPolicy of the team that supports a service; empty where it names none.
func EscalationOfSupport(ctx context.Context, db bun.IDB, service string) (string, error) {
	var name string
	if err := escalationOfSupport.Scan(ctx, db, []any{service}, &name); err != nil {
		return "", fmt.Errorf("reading by which policy %s pages: %w", service, err)
	}
	return name, nil
}

var escalationOfSupport = pg.Prepared(`SELECT ` + escalationOf("$1"))

// LockMerges holds back every other merge until the transaction ends, so that two merges can neither close a circle between
// them nor wait for each other. It is taken before any record's lock.
func LockMerges(ctx context.Context, db bun.IDB) error {
	if _, err := db.NewRaw(`SELECT pg_advisory_xact_lock(hashtextextended('merges', 0))`).Exec(ctx); err != nil {
		return fmt.Errorf("waiting for another merge: %w", err)
	}
	return nil
}

// ReadTarget finds another record by id or number, with the incidents that it is merged into, nearest first. With lock, the
// record itself is held until the transaction ends, so that it cannot end meanwhile.
func ReadTarget(ctx context.Context, db bun.IDB, reference string, lock bool) (incident.TargetFact, bool, error) {
	target, found, err := readTarget(ctx, db, reference, lock)
	if err != nil || !found {
		return incident.TargetFact{}, false, err
	}
	fact := incident.TargetFact{ID: target.ID, Number: target.Number, Practice: target.Practice, State: target.State, ClosedAt: target.ClosedAt}
	for next := target.MergedInto; next != "" && len(fact.Follows) < domain.MaxItems; {
		fact.Follows = append(fact.Follows, next)
		parent, _, err := readTarget(ctx, db, next, false)
		if err != nil {
			return fact, false, err
		}
		next = parent.MergedInto // one that is gone, which no constraint allows, ends the chain
	}
	return fact, true, nil
}

type targetRow struct {
	ID         string          `bun:"id"`
	Number     string          `bun:"number"`
	Practice   domain.Practice `bun:"practice"`
	State      domain.State    `bun:"state"`
	ClosedAt   *time.Time      `bun:"closed_at"`
	MergedInto string          `bun:"merged_into"`
}

func readTarget(ctx context.Context, db bun.IDB, reference string, lock bool) (targetRow, bool, error) {
	var row targetRow
	query := `SELECT r.id::text AS id, r.number, r.practice, r.state, r.closed_at, coalesce(i.merged_into::text, '') AS merged_into
		FROM records r LEFT JOIN incidents i ON i.id = r.id WHERE ` + referenceColumn(reference) + ` = ?`
	if lock {
		query += ` FOR NO KEY UPDATE OF r`
	}
	err := db.NewRaw(query, reference).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	if err != nil {
		return row, false, fmt.Errorf("reading record %s: %w", reference, err)
	}
	return row, true, nil
}

var identifier = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// IsID reports whether a reference is a record's id; else it is taken for a number.
func IsID(reference string) bool { return identifier.MatchString(reference) }

func referenceColumn(reference string) string {
	if IsID(reference) {
		return "r.id"
	}
	return "r.number"
}

// DuplicatesOf gives the ids of the incidents merged into one, oldest first.
func DuplicatesOf(ctx context.Context, db bun.IDB, id string) ([]string, error) {
	var ids []string
	err := db.NewRaw(`SELECT i.id::text FROM incidents i JOIN records r ON r.id = i.id
		WHERE i.merged_into = ? ORDER BY r.opened_at, r.id`, id).Scan(ctx, &ids)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("reading duplicates of %s: %w", id, err)
	}
	return ids, nil
}

// KnownTeams says of names which of them are teams.
func KnownTeams(ctx context.Context, db bun.IDB, names []string) (map[string]bool, error) {
	var found []string
	if err := db.NewRaw(`SELECT name FROM teams WHERE name = ANY (?)`, pgdialect.Array(names)).Scan(ctx, &found); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("looking teams up: %w", err)
	}
	known := map[string]bool{}
	for _, name := range found {
		known[name] = true
	}
	return known, nil
}
