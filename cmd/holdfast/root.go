package main

import (
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/holdfast-itsm/holdfast/internal/config"
)

// commands is the command line.
type commands struct {
	config.File
	Version kong.VersionFlag `help:"Print the version and end."`
	clientCommands

	Up      upCommand      `cmd:"" group:"Run" help:"Run everything on this machine: database, Temporal, worker and server."`
	Server  serverCommand  `cmd:"" group:"Run" help:"Run the server: API and pages."`
	Worker  workerCommand  `cmd:"" group:"Run" help:"Run a worker: the records' processes."`
	Migrate migrateCommand `cmd:"" group:"Run" help:"Bring the database to this release's schema, and keep the default policies in it."`
	Import  importCommands `cmd:"" group:"Run" help:"Bring records of another system in, with their past."`
	Doctor  doctorCommand  `cmd:"" group:"Run" help:"Check chains, rows and processes against each other."`
	Bench   benchCommands  `cmd:"" group:"Run" help:"Measure Holdfast, on an empty folder of its own."`
	Health  healthCommand  `cmd:"" group:"Run" help:"Ask a server whether it is ready; for container health checks."`
	Config  configCommand  `cmd:"" group:"Run" help:"Print the settings in force and where each comes from."`
}

// version is the module's version with the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	var revision, dirty string
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			revision = setting.Value[:min(len(setting.Value), 12)]
		case "vcs.modified":
			if setting.Value == "true" {
				dirty = "+"
			}
		}
	}
	if revision == "" {
		return info.Main.Version
	}
	return fmt.Sprintf("%s (%s%s)", info.Main.Version, revision, dirty)
}
