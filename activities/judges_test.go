package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// backedOut is a change of the mail that eli took back.
func (b board) backedOut(more body) string {
	b.t.Helper()
	id := b.asked(more)
	b.approve(id)
	b.clock.Set("2026-12-18T22:00:00Z")
	b.do(b.by("eli", domain.RoleAgent), "start", id, nil)
	b.do(b.by("eli", domain.RoleAgent), "back_out", id, body{"notes": "It broke."})
	return id
}

// proposes lets an incident on a service be proposed as caused by a change.
func (b board) proposes(id, number, service string) {
	b.t.Helper()
	b.do(domain.Actor{Kind: domain.ActorMachine, Name: number}, "cause_proposed", id, body{"incident": b.log(), "number": number, "service": service})
}

// reads reports whether somebody without any role reads a change.
func (b board) reads(person, id string) bool {
	b.t.Helper()
	_, reads, err := schemas.ReadChange(b.t.Context(), b.db.App(b.t), schemas.Reader{Handle: person, At: b.clock.Now()}, id)
	require.NoError(b.t, err)
	return reads
}

// lists reports whether a change is in the list of somebody without any role.
func (b board) lists(person string) bool {
	b.t.Helper()
	found, _, err := schemas.ListChanges(b.t.Context(), b.db.App(b.t), schemas.Reader{Handle: person, At: b.clock.Now()}, schemas.ChangeFilter{Limit: 10})
	require.NoError(b.t, err)
	return len(found) > 0
}

func (b board) reached(id string, to schemas.Audience) (people []string) {
	b.t.Helper()
	found, err := schemas.FindAudience(b.t.Context(), b.worker, id, to)
	require.NoError(b.t, err)
	for _, one := range found {
		people = append(people, one.Handle)
	}
	return people
}

// Who owns another service than the change's is asked, reads the change and decides, without a role for it; nobody else does.
func TestTheOwnerOfAnotherServiceReadsAndDecides(t *testing.T) {
	t.Parallel()
	for _, restricted := range []bool{false, true} {
		b := settleBoard(t)
		id := b.backedOut(body{"restricted": restricted})
		require.False(t, b.reads("cy-owns", id))
		_, err := b.db.Superuser(t).NewRaw(`INSERT INTO people (handle, name, kind, active, created_at) VALUES ('cy-owns', 'Cy', 'person', true, now()), ('rod', 'Rod', 'person', true, now())`).Exec(t.Context())
		require.NoError(t, err)
		_, err = b.db.Superuser(t).NewRaw(`UPDATE services SET owner = 'cy-owns' WHERE name = 'wifi'`).Exec(t.Context())
		require.NoError(t, err)
		_, err = b.db.Superuser(t).NewRaw(`INSERT INTO grants (person, role, scope_kind, scope_name, granted_by, granted_at) VALUES ('rod', 'service_owner', 'service', 'wifi', 'holdfast', now())`).Exec(t.Context())
		require.NoError(t, err)
		require.False(t, b.reads("cy-owns", id))
		b.proposes(id, "INC-000901", "wifi")
		require.Equal(t, []bool{true, true, false}, []bool{b.reads("cy-owns", id), b.lists("cy-owns"), b.reads("rod", id)})
		reached := []string{"cy-owns", "rod"}
		if restricted {
			reached = reached[:1]
		}
		require.Equal(t, reached, b.reached(id, schemas.Audience{People: []string{"cy-owns", "rod"}}))
		standing, err := schemas.ReadStanding(t.Context(), b.db.App(t), "cy-owns", b.clock.Now())
		require.NoError(t, err)
		require.Equal(t, []string{"wifi"}, standing.Owns)
		verdict := body{"incident": "INC-000901", "caused": true}
		refused, err := b.give(b.by("rod", domain.RoleApprover, domain.RoleServiceOwner), "decide_cause", id, verdict)
		require.NoError(t, err)
		require.Equal(t, domain.CodeForbidden, refused.Refusal.Code)
		b.do(b.by("cy-owns", domain.RoleApprover), "decide_cause", id, verdict)
		require.Equal(t, []bool{true, false}, []bool{b.reads("cy-owns", id), b.lists("cy-owns")}, "what was decided is there to be looked at")
		b.sound()
	}
}

// Where a service names no owner who is active, those are asked who hold the role for it; of a restricted change they are not.
func TestWhoHoldsTheRoleOwnsAServiceThatNamesNobody(t *testing.T) {
	t.Parallel()
	for _, restricted := range []bool{false, true} {
		b := settleBoard(t)
		_, err := b.db.Superuser(t).NewRaw(`UPDATE services SET owner = 'gone' WHERE name = 'wifi'`).Exec(t.Context())
		require.NoError(t, err)
		_, err = b.db.Superuser(t).NewRaw(`INSERT INTO grants (person, role, scope_kind, scope_name, granted_by, granted_at) VALUES
			('rita', 'service_owner', 'service', 'wifi', 'holdfast', now()), ('hal', 'service_owner', 'service', 'mail', 'holdfast', now()),
			('sec', 'service_owner', 'team', 'network', 'holdfast', now())`).Exec(t.Context())
		require.NoError(t, err)
		id := b.backedOut(body{"restricted": restricted})
		b.proposes(id, "INC-000901", "wifi")
		require.Equal(t, []bool{!restricted, !restricted, false}, []bool{b.reads("rita", id), b.lists("rita"), b.lists("hal")})
		var to []string
		require.NoError(t, b.worker.NewRaw(`SELECT jsonb_array_elements_text(recipients) FROM outbox WHERE kind = 'change.cause_proposed'`).Scan(t.Context(), &to))
		cause, verdict := b.change(id).Causes[0], body{"incident": "INC-000901"}
		if restricted {
			require.Equal(t, []string{"role:change_manager"}, to)
			require.True(t, cause.AsksManagers)
			b.do(b.by("mona", domain.RoleChangeManager), "decide_cause", id, verdict)
			continue
		}
		require.Equal(t, []string{"person:rita", "person:sec"}, to)
		require.Equal(t, change.Cause{Incident: cause.Incident, Number: "INC-000901", Service: "wifi", ProposedAt: cause.ProposedAt, DueAt: cause.DueAt}, cause)
		b.do(b.by("rita", domain.RoleApprover), "decide_cause", id, verdict)
		require.True(t, b.reads("rita", id), "they said it")
		b.sound()
	}
}
