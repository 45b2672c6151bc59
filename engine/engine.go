package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/holdfast-itsm/holdfast/engine/internal/certificates"
	"github.com/holdfast-itsm/holdfast/engine/internal/cluster"
	"github.com/holdfast-itsm/holdfast/engine/internal/folder"
	"github.com/holdfast-itsm/holdfast/engine/internal/ports"
	"github.com/holdfast-itsm/holdfast/engine/internal/temporalserver"
)

// Ready is what the engine prints when everything answers.
type Ready struct {
	DatabaseURL      string `json:"database_url"`       // the database holdfast, as its owner
	AdminDatabaseURL string `json:"admin_database_url"` // the cluster, as superuser
	TemporalAddress  string `json:"temporal_address"`
	TemporalCA       string `json:"temporal_tls_ca"`   // file, PEM: what the address is known by
	TemporalCert     string `json:"temporal_tls_cert"` // file, PEM: what a client has to show
	TemporalKey      string `json:"temporal_tls_key"`  // file, PEM: of temporal_tls_cert
	Namespace        string `json:"namespace"`
	PID              int    `json:"pid"`
	PostgresPID      int    `json:"postgres_pid"`
}

// stopTime is how long Temporal may take to stop before PostgreSQL is stopped under it.
const stopTime = 15 * time.Second

const holdfast = "holdfast"

// takes are the roles of Holdfast's migrations, made here so that the one who migrates needs no right to make roles: before
// PostgreSQL 16 that right gives roles which run programs.
var takes = []string{"holdfast_worker", "holdfast_app"}

// run starts the parts in order, says so, waits for the end, and stops them in the opposite order.
func run(ctx context.Context, flags Flags, log *slog.Logger, out io.Writer) error {
	held, err := folder.HoldWithin(ctx, flags.Data, flags.Wait)
	if err != nil {
		return err
	}
	defer held.Release()
	if err := forget(flags.ReadyFile); err != nil {
		return err
	}
	if err := cluster.EndLeftover(ctx, held.In("postgres")); err != nil {
		return err
	}
	if err := choosePorts(held, flags); err != nil {
		return err
	}
	postgres, err := cluster.Start(ctx, cluster.Options{
		Data: held.In("postgres"), Bin: flags.PostgresBin, Port: held.Settings.PostgresPort,
		Password: held.Settings.AdminPassword, Log: log,
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil // told to end while starting
		}
		return err
	}
	defer postgres.Stop()
	authority, files, err := certificates.Keep(held.In("tls"), time.Now())
	if err != nil {
		return err
	}
	server, err := startTemporal(ctx, held, postgres, authority, flags)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer stopTemporal(server, log)
	ready := Ready{
		DatabaseURL:      postgres.URL(holdfast, held.Settings.HoldfastPassword, holdfast),
		AdminDatabaseURL: postgres.URL(cluster.Admin, held.Settings.AdminPassword, "postgres"),
		TemporalAddress:  server.Address,
		TemporalCA:       files.CA, TemporalCert: files.Certificate, TemporalKey: files.Key,
		Namespace: flags.Namespace, PID: os.Getpid(), PostgresPID: postgres.PID(),
	}
	if err := announce(ready, flags.ReadyFile, out); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return forget(flags.ReadyFile)
	case err := <-postgres.Failed:
		return errors.Join(fmt.Errorf("PostgreSQL cannot be kept running: %w", err), forget(flags.ReadyFile))
	}
}

func startTemporal(ctx context.Context, held *folder.Folder, postgres *cluster.Cluster, authority *certificates.Authority, flags Flags,
) (*temporalserver.Server, error) {
	err := postgres.Prepare(ctx, []cluster.Role{
		{Name: holdfast, Password: held.Settings.HoldfastPassword, Databases: []string{holdfast}, Takes: takes},
		{
			Name: temporalserver.User, Password: held.Settings.TemporalPassword,
			Databases: []string{temporalserver.Database, temporalserver.Visibility},
		},
	})
	if err != nil {
		return nil, err
	}
	options := temporalserver.Options{
		PostgresPort: held.Settings.PostgresPort, Password: held.Settings.TemporalPassword, Port: held.Settings.TemporalPort,
		Namespace: flags.Namespace, Retention: flags.Retention, LogLevel: flags.LogLevel, Authority: authority,
	}
	if err := temporalserver.Prepare(ctx, options); err != nil {
		return nil, err
	}
	return temporalserver.Start(ctx, options)
}

// stopTemporal does not let a server that hangs keep PostgreSQL from stopping in order: its state is on disk anyway.
func stopTemporal(server *temporalserver.Server, log *slog.Logger) {
	done := make(chan error, 1)
	go func() { done <- server.Stop() }()
	select {
	case err := <-done:
		if err != nil {
			log.Error("Temporal did not stop cleanly; nothing is lost", "error", err)
		}
	case <-time.After(stopTime):
		log.Error("Temporal takes too long to stop; PostgreSQL is stopped under it; nothing is lost")
	}
}

// choosePorts takes the ports asked for, else those of the last start, else free ones. A port asked for must be free; one of
// the last start that somebody else has taken since is replaced.
func choosePorts(held *folder.Folder, flags Flags) error {
	for _, port := range []struct {
		name  string
		asked int
		kept  *int
	}{
		{"PostgreSQL", flags.PostgresPort, &held.Settings.PostgresPort},
		{"Temporal", flags.TemporalPort, &held.Settings.TemporalPort},
	} {
		switch {
		case port.asked != 0:
			if err := ports.Check(port.asked); err != nil {
				return fmt.Errorf("%s cannot have port %d: %w", port.name, port.asked, err)
			}
			*port.kept = port.asked
		case *port.kept == 0 || ports.Check(*port.kept) != nil:
			found, err := ports.Free(1, flags.PostgresPort, flags.TemporalPort, held.Settings.PostgresPort, held.Settings.TemporalPort)
			if err != nil {
				return fmt.Errorf("find a port for %s: %w", port.name, err)
			}
			*port.kept = found[0]
		}
	}
	if held.Settings.PostgresPort == held.Settings.TemporalPort {
		return fmt.Errorf("PostgreSQL and Temporal cannot both have port %d", held.Settings.PostgresPort)
	}
	return held.Save()
}

// announce prints the line and writes the file, whole or not at all.
func announce(ready Ready, file string, out io.Writer) error {
	line, err := json.Marshal(ready)
	if err != nil {
		return fmt.Errorf("write the ready line: %w", err)
	}
	line = append(line, '\n')
	if file != "" {
		if err := folder.WriteWhole(file, line); err != nil { // it holds passwords
			return fmt.Errorf("write the ready file: %w", err)
		}
	}
	if _, err := out.Write(line); err != nil {
		return fmt.Errorf("write the ready line: %w", err)
	}
	return nil
}

// forget removes a ready file: it must never tell of an engine that does not answer.
func forget(file string) error {
	if file == "" {
		return nil
	}
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the old ready file: %w", err)
	}
	return nil
}
