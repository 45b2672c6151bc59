// Command histories plays scripted scenarios on a real engine with a real worker and stores the workflows' histories for the
// replay tests (make histories). What it stores is a contract: a later build must be able to go on from any of them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// folder is where the replay tests look.
const folder = "workflows/testdata/histories"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "histories:", err)
		os.Exit(1)
	}
}

// run plays every scenario and replaces what was stored before of the same logic, if all went well. The histories of an older
// logic stay: runs that began under it go on.
func run(ctx context.Context) error {
	logic, recorded, root := fmt.Sprintf("logic%d_", workflows.StartLogic), map[string][]byte{}, ""
	err := perform(ctx, func(s *stage) {
		root = kit.Root(s)
		p := newPlayer(s)
		for _, scenario := range scenarios {
			fmt.Println(scenario.name)
			p.store(recorded, logic+scenario.name, scenario.play(p))
		}
	})
	if err != nil {
		return err
	}
	return replace(filepath.Join(root, folder), logic, recorded)
}

// replace leaves exactly the given files of a prefix in a folder.
func replace(folder, prefix string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of histories: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(folder, prefix+"*"))
	if err != nil {
		return fmt.Errorf("list the old histories: %w", err)
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
