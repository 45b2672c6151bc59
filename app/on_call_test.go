package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// onCall is a desk whose primary schedule has ana and bo by turns of a week; bo's begins with the day, 2026-11-30 08:00Z.
func onCall(t *testing.T) *desk {
	t.Helper()
	d := setup(t)
	d.base.Apply(t, "OnCallSchedule/primary", oncall.Spec{Title: "Primary", Timezone: "Europe/Berlin", Layers: []oncall.Layer{{
		Name: "week", Rotation: oncall.Rotation{Unit: "week", Start: "2026-11-23", Handoff: "09:00"}, People: []string{"ana", "bo"},
	}}})
	return d
}

// lead leads the team of ana and bo; member is in it.
func (d *desk) lead() context.Context { return d.as("ana", ofTeam(domain.RoleTeamLead, "messaging")) }

func (d *desk) member(handle string) context.Context {
	return d.as(handle, ofTeam(domain.RoleAgent, "messaging"))
}

// on is who is on call in primary at a moment.
func (d *desk) on(moment string) []string {
	d.t.Helper()
	at := store.Instant(moment)
	views, err := d.WhoIsOnCall(d.lead(), app.OnCallQuery{Schedule: "primary", At: &at})
	require.NoError(d.t, err)
	require.Len(d.t, views, 1)
	people := []string{}
	for _, one := range views[0].People {
		people = append(people, one.Person)
	}
	return people
}

// heardOf lists what people were told of since the outbox was empty.
func (d *desk) heardOf() []string {
	d.t.Helper()
	var told []string
	require.NoError(d.t, d.worker.NewRaw(`SELECT kind || ' ' || (recipients ->> 0) FROM outbox ORDER BY position`).Scan(d.t.Context(), &told))
	return told
}

func period(from, to string) *app.Period {
	return &app.Period{From: store.Instant(from), To: store.Instant(to)}
}

func TestWhoIsOnCallAndWhoComesNext(t *testing.T) {
	t.Parallel()
	d := onCall(t)
	d.base.Apply(t, "OnCallSchedule/empty", oncall.Spec{Timezone: "UTC", AcceptGaps: true, Layers: []oncall.Layer{{
		Name: "later", Rotation: oncall.Rotation{Unit: "day", Start: "2026-12-24"}, People: []string{"gone"},
	}}})
	views, err := d.WhoIsOnCall(d.member("bo"), app.OnCallQuery{})
	require.NoError(t, err)
	require.Len(t, views, 2)
	require.Equal(t, "empty", views[0].Schedule)
	require.Empty(t, views[0].People)
	require.Equal(t, "2026-12-24T00:00:00Z", views[0].Until.Format(time.RFC3339))
	require.Equal(t, []app.OnDuty{{Duty: oncall.Duty{Person: "gone", Layer: "later"}, Name: "gone"}}, views[0].Next, "who is not active")
	require.Equal(t, "Primary", views[1].Title)
	require.Equal(t, []app.OnDuty{{Duty: oncall.Duty{Person: "bo", Layer: "week"}, Name: "Bo", Active: true}}, views[1].People)
	require.Equal(t, "2026-12-07T08:00:00Z", views[1].Until.Format(time.RFC3339))
	require.Equal(t, "ana", views[1].Next[0].Person)

	shifts, err := d.Shifts(d.member("bo"), app.ShiftQuery{Person: "me"})
	require.NoError(t, err)
	require.Len(t, shifts, 2)
	require.Equal(t, "2026-12-07T08:00:00Z", shifts[0].To.Format(time.RFC3339))

	found, err := d.CheckSchedule(d.member("bo"), "empty")
	require.NoError(t, err)
	require.Len(t, found.Gaps, 1)
	require.Equal(t, []string{"gone"}, found.Unreachable)

	far := store.Instant("2030-01-01T00:00:00Z")
	_, err = d.Shifts(d.member("bo"), app.ShiftQuery{To: &far})
	refuses(t, domain.CodeInvalid, err)
	_, err = d.WhoIsOnCall(d.member("bo"), app.OnCallQuery{Schedule: "none"})
	refuses(t, domain.CodeNotFound, err)
	_, err = d.WhoIsOnCall(d.as("rita"), app.OnCallQuery{})
	refuses(t, domain.CodeForbidden, err)
}

func TestALeadPutsSomebodyInAnothersPlace(t *testing.T) {
	t.Parallel()
	d := onCall(t)
	body := app.OverrideBody{Person: "cy", Replaces: "bo", From: store.Instant("2026-12-01T08:00:00Z"), To: store.Instant("2026-12-02T08:00:00Z"), Reason: "course"}
	made, err := d.AddOverride(d.lead(), "primary", "key", body)
	require.NoError(t, err)
	require.Equal(t, "ana", made.MadeBy)
	again, err := d.AddOverride(d.lead(), "primary", "key", body)
	require.NoError(t, err)
	require.Equal(t, made.ID, again.ID)
	other := body
	other.Person = "ana"
	_, err = d.AddOverride(d.lead(), "primary", "key", other)
	refuses(t, domain.CodeInvalid, err)
	require.Equal(t, []string{"account.on_call_changed person:cy", "account.on_call_changed person:bo"}, d.heardOf(), "once")
	require.Equal(t, []string{"bo"}, d.on("2026-12-01T07:59:59Z"))
	require.Equal(t, []string{"cy"}, d.on("2026-12-01T08:00:00Z"))
	require.Equal(t, []string{"bo"}, d.on("2026-12-02T08:00:00Z"))

	_, err = d.AddOverride(d.lead(), "primary", "", other)
	require.Contains(t, refuses(t, domain.CodeInvalid, err).Error(), "bo is not on call", "cy stands in for bo already")
	twice := body
	twice.Replaces, twice.From = "", store.Instant("2026-12-02T07:00:00Z")
	twice.To = store.Instant("2026-12-03T07:00:00Z")
	_, err = d.AddOverride(d.lead(), "primary", "", twice)
	require.Contains(t, refuses(t, domain.CodeConflict, err).Error(), "cy stands in at this time already")

	list, err := d.Overrides(d.member("bo"), "primary")
	require.NoError(t, err)
	require.Equal(t, []app.Override{made}, list)
	d.clock.Set("2026-12-01T12:00:00Z")
	require.NoError(t, d.EndOverride(d.lead(), made.ID))
	require.Equal(t, []string{"cy"}, d.on("2026-12-01T11:59:59Z"), "what was stays")
	require.Equal(t, []string{"bo"}, d.on("2026-12-01T12:00:00Z"))
	refuses(t, domain.CodeNotFound, d.EndOverride(d.lead(), made.ID))
	require.Equal(t, []string{"override on call done", "end override done"}, d.lines())
}

// lines are what the audit says of on-call schedules.
func (d *desk) lines() []string {
	d.t.Helper()
	var lines []string
	require.NoError(d.t, d.base.Owner(d.t).NewRaw(`SELECT action || ' ' || outcome FROM audit WHERE detail LIKE 'OnCallSchedule/%' ORDER BY position`).Scan(d.t.Context(), &lines))
	return lines
}

func TestWhoMayOverride(t *testing.T) {
	t.Parallel()
	d := onCall(t)
	body := app.OverrideBody{Person: "cy", Kind: oncall.Add, To: store.Instant("2026-12-02T08:00:00Z")}
	for name, ctx := range map[string]context.Context{
		"an agent of the team":            d.member("bo"),
		"the lead of another team":        d.as("cy", ofTeam(domain.RoleTeamLead, "network")),
		"a manager of incidents":          d.as("cy", all(domain.RoleIncidentManager)),
		"an administrator of one service": d.as("cy", ofService(domain.RoleAdmin, "mail")),
		"a requester":                     d.as("rita"),
	} {
		_, err := d.AddOverride(ctx, "primary", "", body)
		require.Contains(t, refuses(t, domain.CodeForbidden, err).Error(), "on_call.override", name)
	}
	require.Len(t, d.lines(), 5, "every refusal is written down")
	narrow := app.WithPrincipal(t.Context(), app.Principal{Handle: "ana", Grants: []app.Grant{all(domain.RoleAdmin)}, Permissions: []string{"on_call.read"}})
	_, err := d.AddOverride(narrow, "primary", "", body)
	refuses(t, domain.CodeForbidden, err)
	for name, ctx := range map[string]context.Context{
		"the lead of the team": d.lead(), "an administrator": d.as("rita", all(domain.RoleAdmin)), "a lead of all": d.as("cy", all(domain.RoleTeamLead)),
	} {
		made, err := d.AddOverride(ctx, "primary", "", body)
		require.NoError(t, err, name)
		require.Equal(t, d.clock.Now(), made.From, "from now on")
		refuses(t, domain.CodeForbidden, d.EndOverride(d.member("bo"), made.ID))
		require.NoError(t, d.EndOverride(ctx, made.ID))
	}
}

func TestOverridesThatMeanNothingAreRefused(t *testing.T) {
	t.Parallel()
	d := onCall(t)
	from, to := store.Instant("2026-12-01T08:00:00Z"), store.Instant("2026-12-02T08:00:00Z")
	for location, body := range map[string]app.OverrideBody{
		"body.person":   {Person: "gone", From: from, To: to},
		"body.to":       {Person: "cy", From: to, To: from},
		"body.replaces": {Person: "cy", Replaces: "ana", From: from, To: to},
		"body.kind":     {Person: "cy", Kind: "swap", From: from, To: to},
	} {
		_, err := d.AddOverride(d.lead(), "primary", "", body)
		require.Equal(t, location, refuses(t, domain.CodeInvalid, err).Fields[0].Location)
	}
	for _, body := range []app.OverrideBody{
		{Person: "cy", From: from, To: from.AddDate(2, 0, 0)},
		{Person: "cy", From: from.AddDate(2, 0, 0), To: to.AddDate(2, 0, 0)},
		{Person: "cy", Replaces: "cy", From: from, To: to},
		{Person: "cy", Kind: oncall.Add, Replaces: "bo", From: from, To: to},
		{Person: "cy", From: from.AddDate(0, -1, 0), To: to.AddDate(0, -1, 0)},
	} {
		_, err := d.AddOverride(d.lead(), "primary", "", body)
		refuses(t, domain.CodeInvalid, err)
	}
}

func TestASwapChangesTurnsOnceTheOtherAccepts(t *testing.T) {
	t.Parallel()
	d := onCall(t)
	body := app.SwapBody{With: "ana", Gives: period("2026-12-01T08:00:00Z", "2026-12-02T08:00:00Z"), Takes: period("2026-12-08T08:00:00Z", "2026-12-09T08:00:00Z")}
	swap, err := d.ProposeSwap(d.member("bo"), "primary", "key", body)
	require.NoError(t, err)
	again, err := d.ProposeSwap(d.member("bo"), "primary", "key", body)
	require.NoError(t, err)
	require.Equal(t, swap.ID, again.ID)
	require.Equal(t, []string{"bo"}, d.on("2026-12-01T12:00:00Z"), "nothing changes yet")

	_, err = d.DecideSwap(d.member("bo"), swap.ID, app.SwapAccept)
	refuses(t, domain.CodeForbidden, err)
	_, err = d.DecideSwap(d.as("ana"), swap.ID, app.SwapWithdraw)
	refuses(t, domain.CodeForbidden, err)
	_, err = d.DecideSwap(d.as("cy"), swap.ID, app.SwapAccept)
	refuses(t, domain.CodeNotFound, err)

	decided, err := d.DecideSwap(d.as("ana"), swap.ID, app.SwapAccept)
	require.NoError(t, err)
	require.Equal(t, "accepted", decided.State)
	_, err = d.DecideSwap(d.as("ana"), swap.ID, app.SwapAccept)
	require.NoError(t, err, "asked again")
	_, err = d.DecideSwap(d.as("ana"), swap.ID, app.SwapDecline)
	refuses(t, domain.CodeConflict, err)
	require.Equal(t, []string{"ana"}, d.on("2026-12-01T12:00:00Z"))
	require.Equal(t, []string{"bo"}, d.on("2026-12-02T12:00:00Z"))
	require.Equal(t, []string{"bo"}, d.on("2026-12-08T12:00:00Z"))
	require.Equal(t, []string{"ana"}, d.on("2026-12-09T12:00:00Z"))
	require.Equal(t, []string{"account.swap_proposed person:ana", "account.swap_accepted person:bo"}, d.heardOf())

	// A lead takes back the whole swap, not a half of it.
	list, err := d.Overrides(d.lead(), "primary")
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, swap.ID, list[0].Swap)
	require.NoError(t, d.EndOverride(d.lead(), list[1].ID))
	require.Equal(t, []string{"bo"}, d.on("2026-12-01T12:00:00Z"))
	require.Equal(t, []string{"ana"}, d.on("2026-12-08T12:00:00Z"))
	mine, err := d.Swaps(d.as("ana"))
	require.NoError(t, err)
	require.Len(t, mine, 1)
	require.Equal(t, []string{"propose swap done", "decide swap done", "end override done"}, d.lines())
}

func TestASwapOfWhatIsGoneIsRefused(t *testing.T) {
	t.Parallel()
	d := onCall(t)
	for _, body := range []app.SwapBody{
		{With: "bo", Gives: period("2026-12-01T08:00:00Z", "2026-12-02T08:00:00Z")},
		{With: "ana"},
		{With: "gone", Gives: period("2026-12-01T08:00:00Z", "2026-12-02T08:00:00Z")},
		{With: "ana", Gives: period("2026-12-08T08:00:00Z", "2026-12-09T08:00:00Z")},
		{With: "ana", Takes: period("2026-12-01T08:00:00Z", "2026-12-02T08:00:00Z")},
		{With: "ana", Gives: period("2026-12-02T08:00:00Z", "2026-12-01T08:00:00Z")},
		{With: "ana", Gives: period("2026-12-06T08:00:00Z", "2026-12-09T08:00:00Z"), Takes: period("2026-12-07T09:00:00Z", "2026-12-08T08:00:00Z")},
	} {
		_, err := d.ProposeSwap(d.member("bo"), "primary", "", body)
		refuses(t, domain.CodeInvalid, err)
	}
	give := app.SwapBody{With: "cy", Gives: period("2026-12-01T08:00:00Z", "2026-12-02T08:00:00Z")}
	first, err := d.ProposeSwap(d.member("bo"), "primary", "", give)
	require.NoError(t, err)
	give.With = "ana"
	second, err := d.ProposeSwap(d.member("bo"), "primary", "", give)
	require.NoError(t, err)
	_, err = d.DecideSwap(d.as("cy"), first.ID, app.SwapAccept)
	require.NoError(t, err)
	_, err = d.DecideSwap(d.as("ana"), second.ID, app.SwapAccept)
	require.Contains(t, refuses(t, domain.CodeConflict, err).Error(), "bo is not on call at that time any more")
	_, err = d.DecideSwap(d.member("bo"), second.ID, app.SwapWithdraw)
	require.NoError(t, err)

	third, err := d.ProposeSwap(d.as("cy"), "primary", "", app.SwapBody{With: "bo", Gives: period("2026-12-01T08:00:00Z", "2026-12-01T09:00:00Z")})
	require.NoError(t, err, "who stands in has a turn to give")
	d.clock.Set("2026-12-01T10:00:00Z")
	_, err = d.DecideSwap(d.member("bo"), third.ID, app.SwapAccept)
	require.Contains(t, refuses(t, domain.CodeConflict, err).Error(), "is over")
}

func TestAFeedShowsWhatItsOwnerMayRead(t *testing.T) {
	t.Parallel()
	d := onCall(t)
	_, err := d.GiveGrant(d.as("holdfast", all(domain.RoleAdmin)), app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"})
	require.NoError(t, err)
	bo := d.as("bo", all(domain.RoleAgent))
	secretOf := func(made app.NewFeed) string {
		return made.Path[len(app.FeedPath) : len(made.Path)-len(app.FeedSuffix)]
	}
	whole, err := d.MakeFeed(bo, "primary")
	require.NoError(t, err)
	own, err := d.MakeFeed(bo, "")
	require.NoError(t, err)
	read, err := d.ReadFeed(t.Context(), secretOf(whole))
	require.NoError(t, err)
	require.Equal(t, "Primary", read.Title)
	require.Equal(t, "ana", read.Shifts[0].Person)
	d.clock.Set("2027-01-20T09:00:00Z")
	moved, err := d.ReadFeed(t.Context(), secretOf(whole))
	require.NoError(t, err)
	require.Equal(t, "2026-12-28T08:00:00Z", moved.Shifts[0].From.Format(time.RFC3339), "a turn that began before the time shown, and is over, is left out")
	d.clock.Set("2026-11-30T09:00:00Z")
	read, err = d.ReadFeed(t.Context(), secretOf(own))
	require.NoError(t, err)
	require.True(t, read.Own)
	for _, shift := range read.Shifts {
		require.Equal(t, "bo", shift.Person)
	}
	feeds, err := d.Feeds(bo)
	require.NoError(t, err)
	require.Len(t, feeds, 2)
	require.NotNil(t, feeds[0].ReadAt)

	// A new address ends the one before; a revoked one and one of somebody who may no longer read it are none.
	renewed, err := d.MakeFeed(bo, "primary")
	require.NoError(t, err)
	_, err = d.ReadFeed(t.Context(), secretOf(whole))
	refuses(t, domain.CodeNotFound, err)
	refuses(t, domain.CodeNotFound, d.RevokeFeed(d.as("ana", all(domain.RoleAgent)), own.ID))
	require.NoError(t, d.RevokeFeed(bo, own.ID))
	_, err = d.ReadFeed(t.Context(), secretOf(own))
	refuses(t, domain.CodeNotFound, err)
	_, err = d.TakeGrant(d.as("holdfast", all(domain.RoleAdmin)), app.Grant{Person: "bo", Role: domain.RoleAgent, ScopeKind: "all"})
	require.NoError(t, err)
	_, err = d.ReadFeed(t.Context(), secretOf(renewed))
	refuses(t, domain.CodeNotFound, err)
	for _, secret := range []string{"", "hf_", "x"} {
		_, err = d.ReadFeed(t.Context(), secret)
		refuses(t, domain.CodeNotFound, err)
	}
}

func TestAScheduleWithAGapIsNotApplied(t *testing.T) {
	t.Parallel()
	d := setup(t)
	admin := d.as("rita", all(domain.RoleAdmin))
	document := func(accept string) policy.Document {
		return policy.Document{Kind: policy.KindOnCallSchedule, Name: "primary", Spec: []byte(
			`{"timezone":"Europe/Berlin","layers":[{"name":"week","rotation":{"unit":"week","start":"2026-01-05"},"people":["ana"],
			"restrict":{"weekly":{"mon":["00:00-24:00"]}}}]` + accept + `}`)}
	}
	_, err := d.ApplyPolicy(admin, document(""))
	refused := refuses(t, domain.CodeInvalid, err)
	require.Equal(t, "body.spec.accept_gaps", refused.Fields[0].Location)
	require.Contains(t, refused.Fields[0].Message, "nobody is on call from 2026-12-01T00:00:00+01:00")
	stored, err := d.ApplyPolicy(admin, document(`,"accept_gaps":true`))
	require.NoError(t, err)
	require.Equal(t, 1, stored.Version)
}
