package app

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// auditRead writes down that somebody read restricted records in which they are not named.
func (a *App) auditRead(ctx context.Context, principal Principal, heads ...domain.Record) error {
	reader := a.reader(principal)
	return auditRows(ctx, a, principal, heads, func(head domain.Record) (string, bool) { return head.ID, reader.Unnamed(head) })
}

// auditRows does so for the rows of one page, in one statement; restricted says of each which record it is about, and
// whether its read is to be written down.
func auditRows[T any](ctx context.Context, a *App, principal Principal, rows []T, restricted func(T) (record string, is bool)) error {
	var lines []schemas.AuditRow
	written := map[string]bool{}
	for _, row := range rows {
		record, is := restricted(row)
		if !is || written[record] {
			continue
		}
		written[record] = true
		lines = append(lines, schemas.AuditRow{
			At: a.now(), Actor: principal.Handle, Action: "read", RecordID: record, Outcome: "allowed", Detail: "restricted",
		})
	}
	return a.fault(ctx, "writing the audit", schemas.AppendAudit(ctx, a.DB, lines...))
}

// govern finds who asks for something that is about everybody. Where they may not, the attempt is written down.
func (a *App) govern(ctx context.Context, permission Permission, action, detail string) (Principal, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, err
	}
	return principal, a.auditForbidden(ctx, principal, action, "", detail, principal.mayAnywhere(permission))
}

// auditForbidden writes down that somebody was forbidden something, and passes the error on.
func (a *App) auditForbidden(ctx context.Context, principal Principal, action, record, detail string, err error) error {
	if err == nil || domain.CodeOf(err) != domain.CodeForbidden {
		return err
	}
	if auditErr := a.audit(ctx, principal.Handle, action, record, "forbidden", detail); auditErr != nil {
		return auditErr
	}
	return err
}

func (a *App) audit(ctx context.Context, actor, action, record, outcome, detail string) error {
	row := schemas.AuditRow{At: a.now(), Actor: actor, Action: action, RecordID: record, Outcome: outcome, Detail: bounded(detail)}
	return a.fault(ctx, "writing the audit", schemas.AppendAudit(ctx, a.DB, row))
}

// line is what the audit keeps of something that was done and is about no record.
func (a *App) line(principal Principal, action, outcome, detail string) schemas.AuditRow {
	return schemas.AuditRow{At: a.now(), Actor: principal.Handle, Action: action, Outcome: outcome, Detail: bounded(detail)}
}

// auditIn writes lines in the transaction of what they tell of.
func (a *App) auditIn(ctx context.Context, tx bun.Tx, lines ...schemas.AuditRow) error {
	return schemas.AppendAudit(ctx, tx, lines...)
}

// maxDetail bounds what the audit keeps of a caller's own words.
const maxDetail = 300

func bounded(detail string) string {
	if len(detail) <= maxDetail {
		return detail
	}
	return strings.ToValidUTF8(detail[:maxDetail], "") + "…"
}
