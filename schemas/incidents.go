package schemas

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/internal/pg"
)

// ReadIncident reads an incident by id or number, if the reader may.
func ReadIncident(ctx context.Context, db bun.IDB, reader Reader, reference string) (incident.Incident, bool, error) {
	by := incidentByNumber
	if IsID(reference) {
		by = incidentByID
	}
	var found []incident.Incident
	if err := by.Scan(ctx, db, reader.arguments(reference), &found); err != nil {
		return incident.Incident{}, false, fmt.Errorf("reading incident %s: %w", reference, err)
	}
	if len(found) == 0 {
		return incident.Incident{}, false, nil
	}
	normalize(&found[0])
	return found[0], true, nil
}

var (
	incidentByID     = pg.Prepared(`SELECT ` + incidentColumns + `, ` + clocksInForce("r.id") + ` FROM records r JOIN incidents i ON i.id = r.id WHERE r.id = $6 AND ` + mayReadOne)
	incidentByNumber = pg.Prepared(`SELECT ` + incidentColumns + `, ` + clocksInForce("r.id") + ` FROM records r JOIN incidents i ON i.id = r.id WHERE r.number = $6 AND ` + mayReadOne)
)

// ReadIncidentAndLinks reads an incident as ReadIncident does and its links as ReadLinks does, in one round trip.
func ReadIncidentAndLinks(ctx context.Context, db bun.IDB, reader Reader, reference string) (incident.Incident, []LinkRow, bool, error) {
	by := linkedByNumber
	if IsID(reference) {
		by = linkedByID
	}
	var found []struct {
		incident.Incident
		Links []struct {
			LinkRow
			Unnamed bool `json:"unnamed"`
		} `bun:"links,type:json"`
	}
	if err := by.Scan(ctx, db, reader.arguments(inverseTypes, reference), &found); err != nil {
		return incident.Incident{}, nil, false, fmt.Errorf("reading incident %s: %w", reference, err)
	}
	if len(found) == 0 {
		return incident.Incident{}, nil, false, nil
	}
	normalize(&found[0].Incident)
	links := make([]LinkRow, len(found[0].Links))
	for i, link := range found[0].Links {
		links[i] = link.LinkRow
		links[i].Unnamed = link.Unnamed
	}
	return found[0].Incident, links, true, nil
}

var (
	linkedByID     = linkedBy("r.id")
	linkedByNumber = linkedBy("r.number")
)

func linkedBy(column string) pg.Prepared {
	return pg.Prepared(`SELECT ` + incidentColumns + `, ` + clocksInForce("r.id") + `, (SELECT json_agg(l) FROM (` + linksOf("i.id") + `) AS l) AS links
		FROM records r JOIN incidents i ON i.id = r.id WHERE ` + column + ` = $7 AND ` + mayReadOne)
}

// LinkRow is a link as one of its ends sees it.
type LinkRow struct {
	Type   string          `bun:"type" json:"type"`
	ID     string          `bun:"id" json:"id"`
	Number string          `bun:"number" json:"number"`
	Title  string          `bun:"title" json:"title"`
	State  domain.State    `bun:"state" json:"state"`
	Of     domain.Practice `bun:"practice" json:"practice"`
	// Unnamed: the reader sees the record only because they see all restricted ones.
	Unnamed bool `bun:"unnamed" json:"-"`
}

// ReadLinks reads a record's links from both ends; the other end's type is worded its way round.
func ReadLinks(ctx context.Context, db bun.IDB, reader Reader, record string) ([]LinkRow, error) {
	var links []LinkRow
	if err := readLinks.Scan(ctx, db, reader.arguments(inverseTypes, record), &links); err != nil {
		return nil, fmt.Errorf("reading links: %w", err)
	}
	return links, nil
}

var readLinks = pg.Prepared(linksOf("$7"))

// inverseTypes words each link's type as its other end sees it.
var inverseTypes = func() string {
	text, err := json.Marshal(domain.LinkTypes)
	if err != nil {
		panic(err) // they are strings
	}
	return string(text)
}()

// linksOf is the query for the links of one record; the statement's $6 are the inverse types.
func linksOf(record string) string {
	return `SELECT l.type, r.id::text AS id, r.number, r.title, r.state, r.practice, ` + unnamedTo("$5", "$2") + `
		FROM (SELECT type, to_id AS other, since FROM links WHERE from_id = ` + record + `
			UNION ALL SELECT $6::json ->> type, from_id, since FROM links WHERE to_id = ` + record + `) AS l
		JOIN records r ON r.id = l.other WHERE ` + mayReadOne + ` ORDER BY l.since, r.number`
}
