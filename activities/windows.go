package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// windows reads the freezes and the maintenance windows that apply to a change. A freeze whose expression cannot be evaluated applies:
// to be wrong that way costs an override, the other way an outage.
func (a *Activities) windows(ctx context.Context, tx bun.Tx, record change.Change, into *change.Surroundings) error {
	documents, err := schemas.NewestDocuments(ctx, tx, policy.KindFreezeWindow, policy.KindMaintenanceWindow)
	if err != nil {
		return err
	}
	asked := change.Expressed(record)
	for _, document := range documents {
		var spec window.Spec
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return fmt.Errorf("reading %s/%s: %w", document.Kind, document.Name, err)
		}
		if spec.AppliesTo != "" {
			into.ByRisk = into.ByRisk || strings.Contains(spec.AppliesTo, "risk")
			applies, err := a.Rules.WindowApplies(spec.AppliesTo, asked)
			if err != nil {
				a.Log.WarnContext(ctx, "a window was taken to apply", "policy", document.Kind+"/"+document.Name, "error", err)
				applies = document.Kind == policy.KindFreezeWindow
			}
			if !applies {
				continue
			}
		}
		made, err := window.Compile(document.Name, document.Version, spec, a.Rules)
		if err != nil {
			return fmt.Errorf("compiling %s/%s: %w", document.Kind, document.Name, err)
		}
		if document.Kind == policy.KindFreezeWindow {
			into.Freezes = append(into.Freezes, made)
		} else {
			into.Maintenance = append(into.Maintenance, made)
		}
	}
	return nil
}
