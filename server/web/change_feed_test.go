package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// secretIn finds the secret of the address that a page shows.
func secretIn(t *testing.T, page string) string {
	t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(app.ChangeFeedPath) + `(hf_[^"]+)\.ics`).FindStringSubmatch(page)
	require.Len(t, found, 2, "the page shows an address")
	return found[1]
}

// titlesOf are what a feed calls the changes in it.
func titlesOf(content app.ChangeFeedContent) []string {
	titles := []string{}
	for _, one := range content.Changes {
		titles = append(titles, one.Title)
	}
	return titles
}

func TestACalendarOfChangesShowsWhatItsOwnerMayRead(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	cy := app.Grant{Person: "cy", Role: domain.RoleAgent, ScopeKind: "all"}
	_, err := d.GiveGrant(app.WithPrincipal(t.Context(), d.admin), cy)
	require.NoError(t, err)
	d.signIn("cy")
	from, to := store.Instant("2026-12-19T17:00:00Z"), store.Instant("2026-12-21T07:00:00Z")
	d.base.Apply(t, "FreezeWindow/year-end", window.Spec{Title: "Year end", From: &from, To: &to})
	d.base.Apply(t, "MaintenanceWindow/saturday", window.Spec{Recurring: &window.Recurring{Cron: "0 20 * * 6", Lasts: window.Length{Duration: 8 * time.Hour}, Timezone: "UTC"}})
	named := func(title string, state domain.State, restricted bool) func(*change.Change, *approval.Keeper) {
		return func(c *change.Change, _ *approval.Keeper) { c.Title, c.State, c.Restricted = title, state, restricted }
	}
	d.board(named("Swap the relay", change.Scheduled, false))
	d.board(named("Called off", change.Canceled, false))
	d.board(named("Still a draft", change.Draft, false))
	d.board(named("Cut the intruder off", change.Scheduled, true))
	d.board(named("Another service", change.Scheduled, false), func(c *change.Change, _ *approval.Keeper) { c.Service, c.Services = "wifi", []string{"wifi"} })

	made := d.post("cy", changeFeedsPath+"?view=week&day=2026-12-07", nil, http.StatusCreated)
	require.Contains(t, made, "7 December – 13 December 2026", "the page that was asked from")
	whole := secretIn(t, made)
	content, err := d.ReadChangeFeed(t.Context(), whole)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Swap the relay", "Called off", "Another service"}, titlesOf(content))
	require.False(t, content.More)
	kinds := map[string]int{}
	for _, one := range content.Windows {
		kinds[one.Kind]++
	}
	require.Equal(t, 1, kinds["FreezeWindow"])
	require.Greater(t, kinds["MaintenanceWindow"], 20, "half a year of Saturdays")
	_, err = d.ReadFeed(t.Context(), whole)
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(err), "it shows changes, not shifts")

	one := secretIn(t, d.post("cy", changeFeedsPath+"?service=wifi", nil, http.StatusCreated))
	content, err = d.ReadChangeFeed(t.Context(), one)
	require.NoError(t, err)
	require.Equal(t, []string{"Another service"}, titlesOf(content))
	d.post("cy", changeFeedsPath+"?service=nothing", nil, http.StatusNotFound)
	d.post("rita", changeFeedsPath, nil, http.StatusForbidden)

	page := d.get("cy", calendarPath, http.StatusOK)
	require.Contains(t, page, "last read", "the address itself is not shown again")
	require.NotContains(t, page, "hf_")
	end := regexp.MustCompile(`action="(` + changeFeedsPath + `/[^"]+/end[^"]*)"`).FindStringSubmatch(page)
	require.Len(t, end, 2)
	d.post("ana", end[1], nil, http.StatusNotFound)
	d.post("cy", strings.ReplaceAll(end[1], "&amp;", "&"), nil, http.StatusSeeOther)
	_, err = d.ReadChangeFeed(t.Context(), whole)
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(err), "it was ended")
	_, err = d.TakeGrant(app.WithPrincipal(t.Context(), d.admin), cy)
	require.NoError(t, err)
	content, err = d.ReadChangeFeed(t.Context(), one)
	require.True(t, err != nil || len(content.Changes) == 0, "whoever lost their roles reads no more")
}
