package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// ModelView is a model of changes, with how its last changes ended.
type ModelView struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	change.Model
	// Failed and Ended count its last changes of all versions, as many and as far back as it says itself.
	Failed int `json:"failed"`
	Ended  int `json:"ended"`
	// Suspended says why it is out of use; empty while it is not. That counts the changes of this version alone: another version, which a
	// second person approves, begins anew.
	Suspended string `json:"suspended,omitempty"`
}

// ChangeModels lists the models that changes can be made of, the standard ones first. The default model, whose questionnaire holds
// for changes that follow none, is not one of them.
func (a *App) ChangeModels(ctx context.Context) ([]ModelView, error) {
	documents, err := a.Policies(ctx, policy.KindChangeModel)
	if err != nil {
		return nil, err
	}
	models := []ModelView{}
	for _, document := range documents {
		if document.Name == change.DefaultModel {
			continue
		}
		one := ModelView{Name: document.Name, Version: document.Version}
		if err := json.Unmarshal(document.Spec, &one.Model); err != nil {
			return nil, a.fault(ctx, "reading a model of changes", fmt.Errorf("%s: %w", document.Name, err))
		}
		if err := a.modelRecord(ctx, &one); err != nil {
			return nil, a.fault(ctx, "reading how changes of a model ended", err)
		}
		models = append(models, one)
	}
	slices.SortStableFunc(models, func(a, b ModelView) int {
		return cmp.Or(cmp.Compare(typeOrder(a.Type), typeOrder(b.Type)), cmp.Compare(a.Name, b.Name))
	})
	return models, nil
}

// modelRecord counts how the last changes of a model ended, and says whether it is out of use.
func (a *App) modelRecord(ctx context.Context, of *ModelView) (err error) {
	suspension := of.Suspension()
	since := a.now().Add(-suspension.Within.Duration())
	if of.Failed, of.Ended, err = schemas.FailuresOf(ctx, a.DB, of.Name, "", suspension.Of, since); err != nil || of.Type != change.Standard {
		return err
	}
	failed, ended, err := schemas.FailuresOfVersion(ctx, a.DB, of.Name, of.Version, suspension.Of, since)
	of.Suspended = of.SuspendedBy(failed, ended)
	return err
}

func typeOrder(kind string) int {
	return slices.Index([]string{change.Standard, change.Normal, change.Emergency}, kind)
}
