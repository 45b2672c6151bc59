// Command lifecyclegen writes the page of a lifecycle from its table, its default timing and the default documents, so that
// no state, command, deadline or figure on the page can differ from the code; go generate runs it. The prose is the
// template's.
package main

import (
	"fmt"
	"os"
)

//go:generate go run . ../incident.md

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: lifecyclegen FILE")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "lifecyclegen:", err)
		os.Exit(1)
	}
}

func write(file string) error {
	text, err := incidentPage()
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
