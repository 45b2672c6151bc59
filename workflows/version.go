package workflows

import (
	"fmt"

	"github.com/holdfast-itsm/holdfast/domain"
)

// The versions of Logic: the sequence of Temporal commands that the workflows issue. Rules run in Apply, so only a change of
// that sequence needs a new version. A release runs every version it knows and starts new runs at one version behind its
// newest, until configuration activates the newest.
const (
	LogicOldest = 1
	LogicNewest = 1
)

// StartLogic is the version that new runs are started with.
const StartLogic = 1

// mustKnow stops the workflow task, never the workflow, on a version that this build does not know: a worker of the right
// build takes the task up again.
func mustKnow(start domain.Start) { mustKnowLogic(start.Logic) }

func mustKnowLogic(logic int) {
	if logic < LogicOldest || logic > LogicNewest {
		panic(fmt.Sprintf("logic %d is not known to this build (%d to %d)", logic, LogicOldest, LogicNewest))
	}
}
