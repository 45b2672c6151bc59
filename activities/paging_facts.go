package activities

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// pagingFacts says how the service pages that the command names, else the record's own, by the version among versions. Whose steps
// call is looked up only for commands that can begin a page: a lookup by named service has answered that already.
func (a *Activities) pagingFacts(ctx context.Context, tx bun.Tx, facts *incident.Facts, record incident.Incident, versions map[string]int, verb, named string) error {
	service := named
	if service == "" {
		service = record.Service
	}
	version := versions[servicePolicyPrefix+service]
	if service == "" || version == 0 {
		return nil
	}
	document, err := schemas.ReadDocument[policy.ServicePolicy](ctx, a.policies, tx, servicePolicyPrefix+service, version)
	if err != nil {
		return err
	}
	facts.Paging.Service, facts.Paging.Policy = service, document
	switch {
	case document.Support.Escalation != "":
		facts.Paging.Escalation = document.Support.Escalation
	case named == "" && canPage(verb, record, facts.Agreed.Held):
		if facts.Paging.Escalation, err = schemas.EscalationOfSupport(ctx, tx, service); err != nil {
			return err
		}
	}
	if facts.Paging.Escalation == "" {
		facts.Paging.Escalation = incident.DefaultEscalation
	}
	return nil
}

// canPage reports whether a command can make an incident one that its service pages for.
func canPage(verb string, record incident.Incident, held []sla.Terms) bool {
	switch verb {
	case "triage", "edit", "change_priority", "override_priority", "reopen", "unmerge", "parent_canceled", "page_due":
		return true
	case "reply":
		return !record.Open
	case "clock_due":
		for _, terms := range held {
			for _, threshold := range terms.Spec.Thresholds {
				for _, action := range threshold.Do {
					if action.RaisePriority > 0 {
						return true
					}
				}
			}
		}
	}
	return false
}
