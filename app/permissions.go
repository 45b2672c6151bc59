package app

import (
	"slices"
	"sort"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// Permission names one thing that can be done: "incident.assign", "policy.write".
type Permission string

// The permissions beside those of the lifecycles' commands.
const (
	PermissionIncidentRead   Permission = "incident.read"
	PermissionEscalationRead Permission = "escalation.read"
	PermissionNoteWrite      Permission = "note.write"
	PermissionNoteInternal   Permission = "note.internal"
	PermissionWatch          Permission = "record.watch"
	PermissionPolicyRead     Permission = "policy.read"
	PermissionPolicyWrite    Permission = "policy.write"
	PermissionPolicyApprove  Permission = "policy.approve"
	PermissionPolicySimulate Permission = "policy.simulate"
	PermissionPeopleRead     Permission = "people.read"
	PermissionPeopleWrite    Permission = "people.write"
	PermissionGrantRead      Permission = "grant.read"
	PermissionGrantWrite     Permission = "grant.write"
	PermissionTokenOwn       Permission = "token.own"
	PermissionTokenWrite     Permission = "token.write"
	PermissionEventsRead     Permission = "events.read"
	PermissionViewOwn        Permission = "view.own"
	PermissionViewShare      Permission = "view.share"
	PermissionViewPublish    Permission = "view.publish"
	PermissionChangeRead     Permission = "change.read"
	PermissionChangeRecord   Permission = "change.record_read"
	PermissionChangeAnnotate Permission = "change.annotate"
	PermissionChangeNote     Permission = "change.note"
	PermissionApprovalOwn    Permission = "approval.own"
	PermissionAlertRead      Permission = "alert.read"
	PermissionIntakeKeyWrite Permission = "intake_key.write"

	PermissionConfigurationRead  Permission = "configuration.read"
	PermissionConfigurationWrite Permission = "configuration.write"

	PermissionMeetingRead    Permission = "meeting.read"
	PermissionPromisesRead   Permission = "promises.read"
	PermissionOnCallRead     Permission = "on_call.read"
	PermissionOnCallSwap     Permission = "on_call.swap"
	PermissionOnCallOverride Permission = "on_call.override"

	PermissionDeliveryRead     Permission = "delivery.read"
	PermissionDeliveryReplay   Permission = "delivery.replay"
	PermissionDestinationWrite Permission = "destination.write"
	PermissionNotifyOwn        Permission = "notification.own"
)

var (
	everybody = []domain.Role{
		domain.RoleRequester, domain.RoleAgent, domain.RoleTeamLead, domain.RoleIncidentManager,
		domain.RoleServiceOwner, domain.RoleChangeManager, domain.RoleCABMember, domain.RoleApprover, domain.RoleConfigurationManager,
		domain.RoleAuditor, domain.RoleAdmin,
	}
	// readers see records within their scope, internal notes and all; a requester sees only their own.
	readers = []domain.Role{
		domain.RoleAgent, domain.RoleTeamLead, domain.RoleIncidentManager, domain.RoleServiceOwner, domain.RoleChangeManager, domain.RoleCABMember,
		domain.RoleAuditor,
	}
	// writers leave a word on records they may read. Auditors only read, but for what they ask for themselves.
	writers = slices.DeleteFunc(slices.Clone(everybody), func(role domain.Role) bool { return role == domain.RoleAuditor })
	// annotators add notes and files to changes: who reads them as staff, and who is asked to decide them, for whom the role of an
	// approver stands. Auditors only read.
	annotators = slices.DeleteFunc(slices.Clone(inside), func(role domain.Role) bool { return role == domain.RoleAuditor })
	// noters add notes to changes that everybody reads who reads the change: also whoever only asked for it.
	noters = append(slices.Clone(annotators), domain.RoleRequester)
	// staff are all who do more than ask.
	staff   = slices.DeleteFunc(slices.Clone(everybody), func(role domain.Role) bool { return role == domain.RoleRequester })
	workers = []domain.Role{domain.RoleAgent, domain.RoleTeamLead, domain.RoleIncidentManager}
	leads   = []domain.Role{domain.RoleTeamLead, domain.RoleIncidentManager}
	admins  = []domain.Role{domain.RoleAdmin}
)

// permissions is the one table of who may do what. Commands of records come from the lifecycles' tables, so that the two
// cannot disagree. RoleAdmin holds everything.
var permissions = func() map[Permission][]domain.Role {
	table := map[Permission][]domain.Role{
		PermissionIncidentRead:   everybody,
		PermissionEscalationRead: readers,
		PermissionChangeRead:     everybody,
		PermissionChangeRecord:   readers,
		PermissionChangeAnnotate: annotators,
		PermissionChangeNote:     noters,
		PermissionApprovalOwn:    everybody,

		PermissionConfigurationRead:  staff,
		PermissionConfigurationWrite: {domain.RoleConfigurationManager},

		PermissionAlertRead:      readers,
		PermissionIntakeKeyWrite: {domain.RoleServiceOwner},
		PermissionNoteWrite:      writers,
		PermissionNoteInternal:   workers,
		PermissionWatch:          writers,
		PermissionPolicyRead:     everybody,
		PermissionPolicyWrite:    admins,
		PermissionPolicyApprove:  {domain.RoleChangeManager},
		PermissionPolicySimulate: {domain.RoleTeamLead, domain.RoleIncidentManager, domain.RoleServiceOwner, domain.RoleAuditor},
		PermissionPeopleRead:     everybody,
		PermissionPeopleWrite:    admins,
		PermissionGrantRead:      staff,
		PermissionGrantWrite:     admins,
		PermissionTokenOwn:       everybody,
		PermissionTokenWrite:     admins,
		PermissionEventsRead:     everybody,
		PermissionViewOwn:        everybody,
		PermissionViewShare:      workers,
		PermissionViewPublish:    leads,
		PermissionMeetingRead:    readers,
		PermissionPromisesRead:   staff,
		PermissionOnCallRead:     staff,
		PermissionOnCallSwap:     everybody,
		PermissionOnCallOverride: {domain.RoleTeamLead},

		PermissionDeliveryRead:     {domain.RoleAuditor, domain.RoleAdmin},
		PermissionDeliveryReplay:   admins,
		PermissionDestinationWrite: admins,
		PermissionNotifyOwn:        everybody,
	}
	for _, lifecycle := range []*domain.Lifecycle{incident.Lifecycle, escalation.Lifecycle, change.Lifecycle, meeting.Lifecycle} {
		for _, transition := range lifecycle.Transitions {
			if !transition.Machine() {
				table[Permission(string(lifecycle.Practice)+"."+transition.Verb)] = transition.Roles
			}
		}
	}
	return table
}()

// AllPermissions lists every permission, sorted; OpenAPI and token forms show it.
func AllPermissions() []string {
	names := make([]string, 0, len(permissions))
	for name := range permissions {
		names = append(names, string(name))
	}
	sort.Strings(names)
	return names
}

// may reports whether somebody with these roles holds a permission; a token may narrow it further.
func (p Principal) may(permission Permission, roles []domain.Role) error {
	if len(p.Permissions) > 0 && !slices.Contains(p.Permissions, string(permission)) {
		return domain.Errorf(domain.CodeForbidden, "this token does not carry the permission %s", permission)
	}
	actor := domain.Actor{Kind: domain.ActorPerson, Roles: roles}
	if !actor.Has(permissions[permission]...) {
		return domain.Errorf(domain.CodeForbidden, "the permission %s is needed", permission)
	}
	return nil
}

// mayAnywhere checks a permission that is not about one record. What only administrators may do is about everybody, so that
// a role held for one team or service does not count for it.
func (p Principal) mayAnywhere(permission Permission) error {
	if slices.Equal(permissions[permission], admins) {
		return p.may(permission, p.rolesForAll())
	}
	return p.may(permission, p.rolesToOpen())
}
