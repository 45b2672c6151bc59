package app

import (
	"context"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// RuleRun is what a rule of automation did at a record, or could not do.
type RuleRun = schemas.RuleRun

// mostRuns is how many runs of rules are answered at a time.
const mostRuns = 100

// RecentRuns answers what the rules of an AutomationRules document did lately at records that the caller works on, the newest first: at
// most 100, and that many where limit is 0.
func (a *App) RecentRuns(ctx context.Context, document string, limit int) ([]RuleRun, error) {
	if err := a.allowed(ctx, PermissionPolicyRead); err != nil {
		return nil, err
	}
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if !principal.Staff() {
		return nil, domain.Errorf(domain.CodeForbidden, "what rules did is for people of the service desk")
	}
	if limit <= 0 || limit > mostRuns {
		limit = mostRuns
	}
	runs, err := schemas.RecentRuns(ctx, a.DB, a.reader(principal), document, limit)
	return runs, a.fault(ctx, "reading what rules did", err)
}
