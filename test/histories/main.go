// Command histories plays scripted scenarios on a real engine with a real worker and stores the workflows' histories for the
// replay tests (make histories). What it stores is a contract: a later build must be able to go on from any of them. Given the names
// of scenarios, it plays those alone and leaves what was stored of the others (make histories ARGS="meeting cadence").
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// folder is where the replay tests look.
const folder = "workflows/testdata/histories"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "histories:", err)
		os.Exit(1)
	}
}

// run plays every scenario, or those named, and replaces what was stored before of the same logic, if all went well. The histories of
// an older logic stay: runs that began under it go on.
func run(ctx context.Context, only []string) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	logic, recorded, root := fmt.Sprintf("logic%d_", workflows.StartLogic), map[string][]byte{}, ""
	err = perform(ctx, func(s *stage) {
		root = kit.Root(s)
		p := newPlayer(s)
		for _, scenario := range chosen {
			fmt.Println(scenario.name)
			p.store(recorded, logic+scenario.name, scenario.play(p))
		}
	})
	if err != nil {
		return err
	}
	patterns := []string{logic + "*"}
	if len(only) > 0 {
		patterns = nil
		for _, name := range only {
			patterns = append(patterns, logic+name+".json.gz", logic+name+"-[0-9]*.json.gz")
		}
	}
	return replace(filepath.Join(root, folder), patterns, recorded)
}

// choose finds scenarios by their names; without names, all.
func choose(only []string) ([]scenario, error) {
	if len(only) == 0 {
		return scenarios, nil
	}
	var chosen []scenario
	for _, name := range only {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no scenario %s", name)
		}
		chosen = append(chosen, scenarios[i])
	}
	return chosen, nil
}

// replace leaves exactly the given files of some patterns in a folder.
func replace(folder string, patterns []string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of histories: %w", err)
	}
	var old []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return fmt.Errorf("list the old histories: %w", err)
		}
		old = append(old, found...)
	}
	var faults []error
	for _, path := range old {
		faults = append(faults, os.Remove(path))
	}
	for name, content := range files {
		faults = append(faults, os.WriteFile(filepath.Join(folder, name), content, 0o644))
	}
	return errors.Join(faults...)
}
