package change

import (
	"fmt"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// What follows keeps a standard change from starting whose model has lost its authority (docs/adr/0024).

// failed reports whether the change counts as a failure in the record of its model and its team.
func (c Change) failed() bool {
	return c.Outcome == Failed || c.Outcome == BackedOut || c.CausedIncident
}

// Overridable reports whether a change manager can lift a conflict. That a model is suspended nobody lifts alone: what follows it would be
// authorised by nobody.
func (c Conflict) Overridable() bool { return c.Kind != "model" }

// model tells of a version of the change's model that is out of use. What has been started is not stopped by it.
func (f *finding) model(c Change, suspended string) {
	if suspended == "" || c.Type != Standard || c.State == Implementing {
		return
	}
	f.add(Conflict{ID: "model:" + c.Model, Level: Blocking, Kind: "model", Other: c.Model, Why: c.suspension(suspended)})
}

// suspension says that the version of the model is out of use that the change was made of, why, and what can be done. A later version
// has another plan, so it does not reach a change that was made before.
func (c Change) suspension(why string) string {
	return fmt.Sprintf(
		"version %d of the model %s is suspended: %s; have this assessed as a normal change, or have the model corrected and make the change anew",
		c.Policies[policy.KindChangeModel+"/"+c.Model], c.Model, why,
	)
}
