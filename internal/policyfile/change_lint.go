package policyfile

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
)

// changeWarnings says what a ChangeModel, a freeze or a maintenance window that is right may get wrong all the same.
func changeWarnings(document policy.Document, now time.Time) []policy.Problem {
	switch document.Kind {
	case policy.KindChangeModel:
		return modelWarnings(document.Spec)
	case policy.KindFreezeWindow, policy.KindMaintenanceWindow:
		var spec window.Spec
		if json.Unmarshal(document.Spec, &spec) == nil && spec.To != nil && !spec.To.After(now) {
			return []policy.Problem{{Path: "spec.to", Message: fmt.Sprintf("it has been over since %s", spec.To.Format(time.RFC3339))}}
		}
	}
	return nil
}

func modelWarnings(spec json.RawMessage) []policy.Problem {
	var model change.Model
	if json.Unmarshal(spec, &model) != nil || model.Type != change.Standard {
		return nil
	}
	var list []policy.Problem
	if len(model.Tasks) == 0 {
		list = append(list, policy.Problem{Path: "spec.tasks", Message: "a standard change has no tasks: nothing tells what was done and what was not"})
	}
	if len(model.ConfigurationItems) == 0 {
		list = append(list, policy.Problem{Path: "spec.configuration_items", Message: "left out, whoever makes the change says what it touches, without a vote"})
	}
	return list
}
