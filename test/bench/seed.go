package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"golang.org/x/sync/errgroup"
)

var (
	//go:embed seed_functions.sql
	seedFunctions string
	//go:embed seed_accounts.sql
	seedAccounts string
	//go:embed seed_records.sql
	seedRecords string
)

const (
	seedBatch   = 5000
	seedAgents  = 200
	seedWriters = 2
	// seedTables are those whose indexes and references are made when they are full.
	seedTables = `'records', 'incidents', 'record_words', 'timeline', 'deadlines', 'links', 'watchers', 'commands', 'clocks'`
)

// What incidents are about. The first ones of each list come far more often than the last.
var (
	seedThings = []string{
		"Mail client", "VPN", "Printer", "Laptop", "ERP order entry", "Calendar", "Wireless network", "Password", "Docking station", "Shared mailbox",
		"Intranet", "Telephone", "Headset", "Network drive", "Label printer", "Monitor", "Software update", "Single sign-on", "Browser", "Meeting room",
		"ERP invoice", "Mobile phone", "Time sheet", "Payroll", "CRM", "Badge reader", "Scanner", "Wiki", "Remote desktop", "Report", "Web shop",
		"Backup", "Data warehouse", "Certificate", "Tablet", "Projector", "Keyboard", "Database", "Barcode gun", "Visitor screen",
	}
	seedSymptoms = []string{
		"does not start", "is very slow", "cannot be reached", "asks for a password again and again", "stops without a message", "shows an error page",
		"loses its connection", "reports access denied", "freezes after the update", "prints blank pages", "is missing after the restart", "has no sound",
		"is full", "does not synchronise", "shows wrong figures", "restarts by itself", "times out", "is locked by another user", "arrives twice",
		"is out of date", "displays strange characters", "cannot be opened", "was deleted by mistake", "waits for an approval",
	}
	seedPlaces = func() (places []string) {
		for _, city := range []string{"Berlin", "Hamburg", "Leipzig", "Dublin", "Vienna", "Lyon", "Porto", "Gdansk", "Mumbai", "Boston"} {
			for _, room := range []string{"reception", "floor 1", "floor 2", "floor 3", "warehouse", "at home"} {
				places = append(places, "in "+city+", "+room)
			}
		}
		return places
	}()
	seedSentences = []string{
		"It worked yesterday.", "It began this morning after signing in.", "A restart did not help.", "Colleagues beside me have the same.",
		"The message says that the server does not answer.", "It happens every time.", "It happens now and then, mostly in the afternoon.",
		"I need it for a customer today.", "The cable was exchanged already.", "It is fine with the web version.", "Nothing was installed lately.",
		"The light on the device is orange.", "The window stays grey for a minute.", "Error 0x80070035 is shown.", "Only the large files are affected.",
		"It is urgent because of the end of the month.", "The battery was charged over night.", "At home it works without a fault.",
		"Another account has no trouble on the same computer.", "The help page names a certificate.", "It says that the disk is full.",
		"The old version is still there.", "A photo of the screen is attached.", "The supplier knows about it.",
	}
	seedWords = []string{
		"The profile was made anew.", "The cache was emptied and the client started again.", "The driver was updated to the version of this month.",
		"Rights were missing in one group and have been given.", "The service was restarted, and a watch is on it.", "The part was exchanged under warranty.",
		"The setting was explained on the phone.", "The certificate was renewed.", "The account was unlocked.", "The disk was cleared.",
		"The route was wrong after the change of last night and has been put right.", "The queue was emptied; waiting jobs go out.",
	}
)

// Seed fills an installation in which nothing has happened with so many incidents of five years: their words, timelines,
// deadlines and links, and the people, teams and services in them. One in fifty is not at its end. All rows are such as Apply
// would have written, but no process runs behind them until doctor --resync, or a command, starts it. db acts as the owner;
// told hears of each batch.
func Seed(ctx context.Context, db *bun.DB, records int, told func(records int)) error {
	var used bool
	if err := db.NewRaw(`SELECT EXISTS (SELECT FROM records)`).Scan(ctx, &used); err != nil {
		return fmt.Errorf("look at the database: %w", err)
	}
	if used {
		return errors.New("this installation has records: a seed is for one where nothing has happened")
	}
	people := max(20, records/50)
	if err := script(ctx, db, seedAccounts, people); err != nil {
		return fmt.Errorf("seed people, teams and services: %w", err)
	}
	restore, err := bareTables(ctx, db)
	if err != nil {
		return err
	}
	if err := seedBatches(ctx, db, records, people, told); err != nil {
		return err
	}
	restore = append(restore,
		fmt.Sprintf(`SELECT setval('incident_numbers', %d)`, records), `VACUUM (ANALYZE) `+strings.ReplaceAll(seedTables, "'", ""), `ANALYZE`, `CHECKPOINT`)
	for _, statement := range restore {
		if _, err := db.ExecContext(ctx, statement); err != nil && !strings.HasPrefix(statement, "CHECKPOINT") { // which only some may
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// script runs statements that end with a semicolon at the end of a line.
func script(ctx context.Context, db bun.IDB, text string, args ...any) error {
	for _, statement := range strings.Split(strings.TrimSpace(text), ";\n\n") {
		if _, err := db.NewRaw(statement, args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bareTables takes the indexes and references off the tables that are filled, and answers the statements that put them back:
// to make them at the end takes a fraction of the time.
func bareTables(ctx context.Context, db *bun.DB) ([]string, error) {
	var parts []struct {
		Take string `bun:"take"`
		Put  string `bun:"put"`
	}
	err := db.NewRaw(`SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname) AS take,
			'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid) AS put, 2 AS turn
		FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text IN (`+seedTables+`)
		UNION ALL SELECT 'DROP INDEX ' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), 1 FROM pg_index i
		WHERE i.indrelid::regclass::text IN (`+seedTables+`) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
		ORDER BY turn`).Scan(ctx, &parts)
	if err != nil {
		return nil, fmt.Errorf("read the indexes: %w", err)
	}
	statements := []string{}
	for _, part := range parts {
		if _, err := db.ExecContext(ctx, part.Take); err != nil {
			return nil, fmt.Errorf("%s: %w", part.Take, err)
		}
		statements = append(statements, part.Put)
	}
	return statements, nil
}

// seedBatches writes the records, some thousands a transaction.
func seedBatches(ctx context.Context, db *bun.DB, records, people int, told func(int)) (err error) {
	batches, done := make(chan int), make(chan int, seedWriters)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		for first := 1; first <= records; first += seedBatch {
			select {
			case batches <- first:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range seedWriters {
		group.Go(func() error {
			conn, err := db.Conn(ctx)
			if err != nil {
				return fmt.Errorf("connect: %w", err)
			}
			defer conn.Close()
			if err := script(ctx, conn, seedFunctions); err != nil {
				return fmt.Errorf("prepare the seed: %w", err)
			}
			for first := range batches {
				last := min(records, first+seedBatch-1)
				_, err := conn.NewRaw(seedRecords, first, last, records, pgdialect.Array(seedThings), pgdialect.Array(seedSymptoms), pgdialect.Array(seedPlaces),
					pgdialect.Array(seedSentences), pgdialect.Array(seedWords), people).Exec(ctx)
				if err != nil {
					return fmt.Errorf("seed records %d to %d: %w", first, last, err)
				}
				done <- last - first + 1
			}
			return nil
		})
	}
	go func() { err = group.Wait(); close(done) }()
	for records := range done {
		told(records)
	}
	return err
}
