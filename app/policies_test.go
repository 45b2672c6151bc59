package app_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

func desks(title, reason string) policy.Document {
	spec := json.RawMessage(`{"title":` + strconv.Quote(title) + `,"members":["bo"]}`)
	return policy.Document{Kind: policy.KindTeam, Name: "night-desk", Spec: spec, Reason: reason}
}

func TestOfSeveralWhoWriteFromOneVersionOneStores(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", all(domain.RoleAdmin))
	for round := range 3 {
		const writers = 6
		refusals := make([]error, writers)
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() {
				name := "writer " + strconv.Itoa(i)
				_, refusals[i] = d.ApplyPolicyOn(admin, desks("Round "+strconv.Itoa(round)+" of "+name, name), round)
			})
		}
		group.Wait()
		refused := slices.DeleteFunc(refusals, func(err error) bool { return err == nil })
		require.Len(t, refused, writers-1, "exactly one stored")
		for _, err := range refused {
			refuses(t, domain.CodeConflict, err)
			require.ErrorContains(t, err, "was stored by ana meanwhile (writer ")
		}
	}
	versions, err := d.PolicyVersions(admin, policy.KindTeam, "night-desk")
	require.NoError(t, err)
	require.Len(t, versions, 3)
}

func TestWhatWasStoredSinceIsTold(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("ana", all(domain.RoleAdmin))
	_, err := d.ApplyPolicyOn(admin, desks("First", ""), 1)
	require.ErrorContains(t, err, "there is no version 1 to go on from")
	refuses(t, domain.CodeConflict, err)
	for i, title := range []string{"First", "Second", "Third"} {
		_, err := d.ApplyPolicyOn(admin, desks(title, "we are "+title), i)
		require.NoError(t, err)
	}
	_, err = d.ApplyPolicyOn(admin, desks("Mine", ""), 1)
	require.ErrorContains(t, err, "2 versions were stored since version 1, the newest, 3, by ana (we are Third)")
	refuses(t, domain.CodeConflict, err)
	_, err = d.ApplyPolicyOn(admin, desks("Mine", ""), 7)
	refuses(t, domain.CodeConflict, err)

	same, err := d.ApplyPolicyOn(admin, desks("Third", "sent twice"), 2)
	require.NoError(t, err, "it says already what was to be stored")
	require.Equal(t, 3, same.Version)
	require.Equal(t, "we are Third", same.Reason)
	anyhow, err := d.ApplyPolicy(admin, desks("Mine", "whatever was there"))
	require.NoError(t, err)
	require.Equal(t, 4, anyhow.Version)
}
