package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// WindowView is one occurrence of a freeze or of a maintenance window. Occurrences that overlap or touch are one.
type WindowView struct {
	window.Span
	// Kind is that of its document: FreezeWindow or MaintenanceWindow.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Title is what people call it; where its document says nothing, its name in words.
	Title string `json:"title"`
	// Recurs: it is one of many.
	Recurs bool `json:"recurs"`
}

// ChangeWindows lists the freezes and the maintenance windows that have a moment in a span, by the newest versions of their
// documents, earliest first: invalid for a span that ends before it begins, or lasts longer than window.MaxSpan.
func (a *App) ChangeWindows(ctx context.Context, span window.Span) ([]WindowView, error) {
	if err := a.allowed(ctx, PermissionPolicyRead); err != nil {
		return nil, err
	}
	if !span.From.Before(span.To) || span.To.Sub(span.From) > window.MaxSpan {
		return nil, badQuery("to", "", "lies after from, by a year at most")
	}
	list := []WindowView{}
	for _, kind := range []string{policy.KindFreezeWindow, policy.KindMaintenanceWindow} {
		found, err := a.windowsOf(ctx, kind, span)
		if err != nil {
			return nil, a.fault(ctx, "reading windows", err)
		}
		list = append(list, found...)
	}
	slices.SortStableFunc(list, func(a, b WindowView) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Name, b.Name)) })
	return list, nil
}

func (a *App) windowsOf(ctx context.Context, kind string, span window.Span) ([]WindowView, error) {
	documents, err := a.Policies(ctx, kind)
	if err != nil {
		return nil, err
	}
	var list []WindowView
	for _, document := range documents {
		var spec window.Spec
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return nil, fmt.Errorf("reading %s/%s: %w", kind, document.Name, err)
		}
		made, err := policyfile.CompileWindow(document.Name, document.Version, spec)
		if err != nil {
			return nil, err
		}
		title := cmp.Or(spec.Title, strings.ReplaceAll(document.Name, "-", " "))
		for _, one := range made.Within(span) {
			list = append(list, WindowView{Span: one, Kind: kind, Name: document.Name, Title: title, Recurs: spec.Recurring != nil})
		}
	}
	return list, nil
}
