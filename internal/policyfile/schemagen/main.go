// Command schemagen writes the JSON Schema of every kind of policy document into a folder; go generate runs it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: schemagen FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "schemagen:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	for _, kind := range policyfile.Kinds() {
		schema, err := policyfile.Schema(kind)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, policyfile.SchemaFile(kind)), schema, 0o644); err != nil {
			return fmt.Errorf("writing the schema of %s: %w", kind, err)
		}
	}
	return nil
}
