package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// The estate that conflicts are looked for in, and the bar for that.
const (
	estateItems    = 100_000
	estateServices = 400
	estateChanges  = 10_000
	touchedItems   = 50
	conflictBar    = 150 * time.Millisecond
)

// The parts of an estate: shared switches and name servers, hosts, machines that run on them, components on those that need each
// other, and applications that need components. Each begins where the one before ends.
const (
	hostsFrom        = 50
	machinesFrom     = hostsFrom + 2_000
	componentsFrom   = machinesFrom + 30_000
	applicationsFrom = componentsFrom + 50_000
)

// conflicts measures the import of an estate, the search for what surrounds a change of 50 of its items among 10,000 scheduled ones, and
// an impact over ten relations.
func (b *bench) conflicts(ctx context.Context) error {
	if err := b.importEstate(ctx); err != nil {
		return err
	}
	if err := b.scheduleChanges(ctx); err != nil {
		return err
	}
	touching, now := busyChange(), time.Now()
	checks, err := drive(ctx, 1, b.Round, func(ctx context.Context, _, _ int) error {
		_, err := schemas.Surroundings(ctx, b.db, touching, now)
		return err
	})
	if err != nil {
		return err
	}
	b.row(fmt.Sprintf("look for conflicts of %d items (bar: %d ms)", touchedItems, conflictBar.Milliseconds()), 1, number(checks.rate()), number(checks.at(50)), number(checks.at(99)))
	impacts, err := drive(ctx, 1, b.Round, func(ctx context.Context, _, n int) error {
		return b.send(ctx, http.MethodGet, "/configuration-impact?item="+item(hostsFrom+n%2_000), nil, http.StatusOK, nil)
	})
	if err != nil {
		return err
	}
	b.row(fmt.Sprintf("follow the impact of a host over %d relations", configuration.ImpactDepth), 1, number(impacts.rate()), number(impacts.at(50)), number(impacts.at(99)))
	return nil
}

func item(n int) string { return fmt.Sprintf("i%d", n) }

// importEstate writes the estate through the API, as one import, and prints how long that takes.
func (b *bench) importEstate(ctx context.Context) error {
	_, err := b.db.NewRaw(`INSERT INTO services (name, title) SELECT 'service-' || n, 'Service ' || n FROM generate_series(0, ?) n ON CONFLICT DO NOTHING`, estateServices-1).Exec(ctx)
	if err != nil {
		return fmt.Errorf("writing services: %w", err)
	}
	body := map[string]any{"reason": "bench", "sources": []configuration.Source{
		{Name: "items.csv", Format: configuration.CSV, Text: estateTable()}, {Name: "relations.csv", Format: configuration.CSV, Text: estateRelations()},
	}}
	patient := *b
	patient.http = &http.Client{Transport: b.http.Transport, Timeout: 10 * time.Minute}
	var report configuration.Report
	began := time.Now()
	if err := patient.post(ctx, "/configuration-import", body, http.StatusOK, &report); err != nil {
		return err
	}
	took := time.Since(began)
	if len(report.Faults) > 0 {
		return fmt.Errorf("the import found a fault: %s", report.Faults[0].Message)
	}
	written := report.Items.Created + report.Relations.Created
	b.row(fmt.Sprintf("import %d items and %d relations: %.1f s", report.Items.Created, report.Relations.Created, took.Seconds()), 1, number(float64(written)/took.Seconds()))
	return nil
}

func estateTable() string {
	var text strings.Builder
	text.WriteString("handle,class,service,shared,exclusive\n")
	for n := range estateItems {
		class, service, shared, exclusive := "application", "", "", ""
		switch {
		case n < hostsFrom:
			class, shared = "network", "yes"
		case n < machinesFrom:
			class = "server"
			if n%50 == 0 {
				exclusive = "yes"
			}
		case n < componentsFrom:
			class = "virtual_machine"
		case n >= applicationsFrom && n%9 == 0:
			service = fmt.Sprintf("service-%d", n%estateServices)
		}
		fmt.Fprintf(&text, "%s,%s,%s,%s,%s\n", item(n), class, service, shared, exclusive)
	}
	return text.String()
}

// estateRelations ties every item to those before it, by the same chance each time.
func estateRelations() string {
	chance := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	text.WriteString("from,type,to\n")
	tie := func(from int, kind string, to int) {
		if from != to {
			fmt.Fprintf(&text, "%s,%s,%s\n", item(from), kind, item(to))
		}
	}
	among := func(from, before int) int { return from + chance.IntN(before-from) }
	for n := hostsFrom; n < estateItems; n++ {
		switch {
		case n < machinesFrom:
			tie(n, "connected_to", among(0, hostsFrom))
			tie(n, "connected_to", among(0, hostsFrom))
		case n < componentsFrom:
			tie(n, "runs_on", among(hostsFrom, machinesFrom))
			tie(n, "uses", among(0, hostsFrom))
		case n < applicationsFrom:
			tie(n, "runs_on", among(machinesFrom, componentsFrom))
			tie(n, "uses", among(0, hostsFrom))
			if place := n % 20; place > 0 && n-place >= componentsFrom { // others of its cluster
				tie(n, "depends_on", n-1-chance.IntN(place))
				tie(n, "depends_on", n-1-chance.IntN(place))
			}
			if n%10 == 3 && n > componentsFrom {
				tie(n, "depends_on", among(componentsFrom, n))
			}
		default:
			for range 3 {
				tie(n, "depends_on", among(componentsFrom, applicationsFrom))
			}
		}
	}
	return text.String()
}

// scheduleChanges writes scheduled changes of three items each, in four hours of the next 30 days: rows alone, for nothing happens to
// them.
func (b *bench) scheduleChanges(ctx context.Context) error {
	for _, statement := range []string{
		`INSERT INTO records (id, practice, number, state, version, title, priority, opened_by, open, active, opened_at, updated_at, state_since, last_event_at)
			SELECT md5('change ' || n)::uuid, 'change', 'BCH-' || lpad(n::text, 6, '0'), 'scheduled', 1, 'Change ' || n, 3, 'agent-' || n % 50, true, true, now(), now(), now(), now()
			FROM generate_series(1, ?0) n`,
		`INSERT INTO changes (id, type, window_from, window_to) SELECT md5('change ' || n)::uuid, 'normal', at, at + interval '4 hours'
			FROM (SELECT n, now() + n % 720 * interval '1 hour' AS at FROM generate_series(1, ?0) n) made`,
		`INSERT INTO change_items (change_id, item, during, holder, reserves)
			SELECT c.id, 'i' || ?1 + (substr(r.number, 5)::bigint * 7919 + k * 104729) % ?2, tstzrange(window_from, window_to), 0, false
			FROM changes c JOIN records r ON r.id = c.id AND r.number LIKE 'BCH-%', generate_series(1, 3) k ON CONFLICT DO NOTHING`,
		`ANALYZE`,
	} {
		if _, err := b.db.NewRaw(statement, estateChanges, hostsFrom, estateItems-hostsFrom).Exec(ctx); err != nil {
			return fmt.Errorf("writing scheduled changes: %w", err)
		}
	}
	return nil
}

// busyChange touches items of every kind in one window.
func busyChange() change.Change {
	c := change.Change{}
	c.ID = "00000000-0000-0000-0000-000000000001"
	from := time.Now().Add(48 * time.Hour)
	to := from.Add(4 * time.Hour)
	c.WindowFrom, c.WindowTo = &from, &to
	for i := range touchedItems {
		begins := []int{hostsFrom, machinesFrom, machinesFrom, componentsFrom, componentsFrom}[i%5]
		c.ConfigurationItems = append(c.ConfigurationItems, item(begins+i*7))
	}
	return c
}
