// Command openapigen writes the API's OpenAPI into a file; go generate runs it.
package main

import (
	"fmt"
	"os"

	"github.com/holdfast-itsm/holdfast/server/api"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "openapigen:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: openapigen FILE")
	}
	text, err := api.Document()
	if err != nil {
		return err
	}
	return os.WriteFile(os.Args[1], text, 0o644)
}
