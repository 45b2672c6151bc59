package main

import (
	"context"
	"fmt"
	"path"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

// demoItems are what the organisation runs, and how it hangs together.
var demoItems = []string{"demo/items.csv", "demo/relations.csv"}

// importItems writes what the organisation runs, before anything happens to it. Done again, it writes nothing.
func (p *demoPlayer) importItems(ctx context.Context) error {
	body := app.ImportBody{Reason: "what runs, as the inventory has it"}
	for _, name := range demoItems {
		text, err := demoFiles.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read the demo: %w", err)
		}
		body.Sources = append(body.Sources, configuration.Source{Name: path.Base(name), Format: configuration.CSV, Text: string(text)})
	}
	report, err := p.app.ImportConfiguration(system(ctx), body)
	if err != nil {
		return fmt.Errorf("import what the organisation runs: %w", err)
	}
	if len(report.Faults) > 0 {
		fault := report.Faults[0]
		return fmt.Errorf("import what the organisation runs: %s, line %d: %s", fault.Source, fault.Line, fault.Message)
	}
	return nil
}
