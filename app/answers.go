package app

import (
	"context"
	"strings"

	"github.com/holdfast-itsm/holdfast/schemas"
)

// Answer is a public note that staff marked as helpful to others.
type Answer = schemas.AnswerRow

// maxAnswers bounds how many answers are suggested.
const maxAnswers = 20

// Answers suggests what helped others who reported something similar. Everybody may read them: that is what the mark says.
func (a *App) Answers(ctx context.Context, text, service string, limit int) ([]Answer, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if err := principal.mayAnywhere(PermissionIncidentRead); err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return []Answer{}, nil
	}
	found, err := schemas.KnownAnswers(ctx, a.DB, text, service, min(pageSize(limit), maxAnswers))
	return append([]Answer{}, found...), a.fault(ctx, "looking for answers", err)
}
