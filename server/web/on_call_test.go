package web

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/test/store"
)

// setupOnCall is a desk with a schedule of ana and bo, and one that has nobody for now.
func setupOnCall(t *testing.T) *desk {
	t.Helper()
	d := setupDesk(t)
	d.base.Apply(t, "OnCallSchedule/primary", oncall.Spec{Title: "Primary", Timezone: "Europe/Berlin", Layers: []oncall.Layer{{
		Name: "week", Rotation: oncall.Rotation{Unit: "week", Start: "2026-11-23", Handoff: "09:00"}, People: []string{"ana", "bo"},
	}}})
	d.base.Apply(t, "OnCallSchedule/empty", oncall.Spec{Timezone: "UTC", Layers: []oncall.Layer{{
		Name: "later", Rotation: oncall.Rotation{Unit: "day", Start: "2199-12-24"}, People: []string{"gone"},
	}}})
	return d
}

func TestWhoIsOnCallIsShown(t *testing.T) {
	t.Parallel()
	d := setupOnCall(t)
	page := d.get("bo", onCallPath, http.StatusOK)
	require.Contains(t, page, `<a href="/on-call/primary">Primary</a>`)
	require.Contains(t, page, `<a href="/people/bo">Bo</a>`)
	require.Regexp(t, `(?s)class="nobody">.{0,200}Nobody`, page, "a gap is told in words")
	require.Contains(t, page, "nobody is on call, ")
	require.Contains(t, page, "Hand over")
	require.Contains(t, d.get("bo", "/profile", http.StatusOK), "My shifts")

	schedule := d.get("bo", "/on-call/empty", http.StatusOK)
	require.Contains(t, schedule, "gone takes turns and is not active")
	require.Contains(t, schedule, "There is one time without anybody")
	require.NotContains(t, schedule, "Put somebody in", "who may not sees no form")
	require.Contains(t, d.get("ana", "/on-call/primary", http.StatusOK), "Put somebody in")
	d.get("bo", "/on-call/none", http.StatusNotFound)
	for _, path := range []string{onCallPath, "/on-call/primary"} {
		d.get("rita", path, http.StatusForbidden)
	}
	require.NotContains(t, d.get("rita", "/portal", http.StatusOK), `href="/on-call"`)
}

func TestSomebodyIsPutIn(t *testing.T) {
	t.Parallel()
	d := setupOnCall(t)
	form := url.Values{
		"key": {"one"}, "zone": {"Europe/Berlin"}, "override.person": {"cy"}, "override.place": {"bo"},
		"override.from": {"2026-12-01T09:00"}, "override.to": {"2026-12-02T09:00"}, "override.reason": {"course"},
	}
	d.post("bo", "/on-call/primary/overrides", form, http.StatusForbidden)
	require.Equal(t, "/on-call/primary?done=override#overrides", d.done("ana", "/on-call/primary/overrides", form))
	require.Equal(t, "/on-call/primary?done=override#overrides", d.done("ana", "/on-call/primary/overrides", form), "sent twice, done once")
	page := d.get("ana", "/on-call/primary?done=override", http.StatusOK)
	require.Contains(t, page, "It is done")
	require.Regexp(t, `(?s)<strong>cy</strong>\s*for bo`, page)
	end := regexp.MustCompile(`action="(/on-call/primary/overrides/[^"]+/end)"`).FindAllStringSubmatch(page, -1)
	require.Len(t, end, 1)
	require.NotContains(t, d.get("bo", "/on-call/primary", http.StatusOK), end[0][1], "who may not end it sees no button")

	for field, says := range map[string]string{"override.person": `Person "x" is nobody`, "override.to": "To must be after from", "override.place": "is not on call in this time"} {
		wrong := url.Values{}
		for name, values := range form {
			wrong[name] = values
		}
		wrong.Set("key", field)
		wrong.Set(field, map[string]string{"override.person": "x", "override.to": "2026-11-01T00:00", "override.place": "ana"}[field])
		refused := d.post("ana", "/on-call/primary/overrides", wrong, http.StatusUnprocessableEntity)
		require.Contains(t, refused, says)
		require.Contains(t, refused, `value="course"`, "what was typed stays")
		require.Contains(t, refused, `aria-invalid="true"`)
	}
	beside := url.Values{"zone": {"UTC"}, "override.person": {"cy"}, "override.place": {"+"}, "override.to": {"2026-11-30T12:00"}}
	d.done("ana", "/on-call/primary/overrides", beside)
	require.Contains(t, d.get("bo", onCallPath, http.StatusOK), "stepped in")
	require.Equal(t, "/on-call/primary?done=ended#overrides", d.done("ana", end[0][1], url.Values{}))
	d.post("ana", end[0][1], url.Values{}, http.StatusNotFound)
	d.post("bo", end[0][1], url.Values{}, http.StatusForbidden)
}

func TestTurnsAreSwappedByBoth(t *testing.T) {
	t.Parallel()
	d := setupOnCall(t)
	link := "/on-call/primary?from=2026-12-01T08:00:00.000Z&to=2026-12-02T08:00:00.000Z"
	require.Contains(t, d.get("bo", link, http.StatusOK), `value="2026-12-01T08:00"`, "a shift to hand over is filled in")
	form := url.Values{"zone": {"UTC"}, "swap.with": {"ana"}, "swap.gives.from": {"2026-12-01T08:00"}, "swap.gives.to": {"2026-12-02T08:00"}, "swap.reason": {"wedding"}}
	require.Equal(t, "/on-call/primary?done=swap#swap", d.done("bo", "/on-call/primary/swaps", form))
	mine := d.get("bo", onCallPath, http.StatusOK)
	require.Contains(t, mine, "you asked ana")
	withdraw := regexp.MustCompile(`action="(/on-call/swaps/[^"]+)/withdraw"`).FindStringSubmatch(mine)
	require.NotContains(t, mine, "/accept")
	asked := d.get("ana", onCallPath, http.StatusOK)
	require.Contains(t, asked, "bo asks you to swap turns")
	require.Contains(t, asked, "wedding")
	d.post("bo", withdraw[1]+"/accept", url.Values{}, http.StatusForbidden)
	require.Equal(t, "/on-call#swaps", d.done("ana", withdraw[1]+"/accept", url.Values{}))
	require.Contains(t, d.post("bo", withdraw[1]+"/withdraw", url.Values{}, http.StatusConflict), "The swap was accepted before")
	require.NotContains(t, d.get("ana", onCallPath, http.StatusOK), "asks you to swap turns")
	require.Contains(t, d.get("ana", "/on-call/primary", http.StatusOK), `<span class="chip">swap</span>`)

	form.Set("swap.with", "bo")
	require.Contains(t, d.post("bo", "/on-call/primary/swaps", form, http.StatusUnprocessableEntity), "With must be somebody else")
	require.Contains(t, d.post("bo", "/on-call/primary/swaps", url.Values{"swap.with": {"ana"}}, http.StatusUnprocessableEntity), "whose turn changes")
}

func TestACalendarAddressIsShownOnce(t *testing.T) {
	t.Parallel()
	d := setupOnCall(t)
	for _, schedule := range []string{"", "primary"} {
		place := strings.TrimSuffix(feedPlace(schedule), "#feed")
		made := d.post("bo", "/on-call/feeds", url.Values{"schedule": {schedule}}, http.StatusCreated)
		require.Regexp(t, `value="http://[^"]+/feeds/on-call/hf_[^"]+\.ics"`, made)
		again := d.get("bo", place, http.StatusOK)
		require.NotContains(t, again, "/feeds/on-call/hf_")
		require.Contains(t, again, "Make a new address")
		end := regexp.MustCompile(`action="(/on-call/feeds/[^"]+/end)"`).FindStringSubmatch(again)
		require.Equal(t, feedPlace(schedule), d.done("bo", end[1], url.Values{"schedule": {schedule}}))
		require.NotContains(t, d.get("bo", place, http.StatusOK), "End it")
	}
	d.post("bo", "/on-call/feeds", url.Values{"schedule": {"none"}}, http.StatusNotFound)
	d.post("rita", "/on-call/feeds", url.Values{}, http.StatusForbidden)
}

// A strip has as many columns as the days have hours, whatever changes when.
func TestAStripHasAColumnForEveryHour(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		begin := midnight(store.Instant(rapid.SampledFrom([]string{"2026-10-20T00:00:00Z", "2026-03-20T00:00:00Z", "2026-06-20T00:00:00Z"}).Draw(t, "begin")).In(berlin), 0)
		s := strip{From: begin, To: midnight(begin, stripDays), Zone: "Europe/Berlin"}
		var shifts []app.ShiftView
		for i := range rapid.IntRange(0, 9).Draw(t, "shifts") {
			from := s.From.Add(time.Duration(rapid.IntRange(0, 14*1380).Draw(t, "from")) * time.Minute)
			to := from.Add(time.Duration(rapid.IntRange(1, 4000).Draw(t, "lasts")) * time.Minute)
			if to.After(s.To) {
				to = s.To
			}
			shifts = append(shifts, app.ShiftView{From: from, To: to, OnDuty: app.OnDuty{Duty: oncall.Duty{Person: fmt.Sprint("p", i)}, Active: true}})
		}
		hours := 0
		for _, cell := range s.cells(shifts, "p1", false) {
			require.Positive(t, cell.Hours)
			hours += cell.Hours
		}
		require.Equal(t, hoursBetween(s.From, s.To), hours)
	})
}

func TestAStripOverAChangeOfTheClocks(t *testing.T) {
	t.Parallel()
	d := setupOnCall(t)
	w := &console{Dependencies: Dependencies{Service: d.App, Now: func() time.Time { return store.Instant("2026-10-24T12:00:00Z") }}}
	ctx := app.WithPrincipal(t.Context(), app.Principal{Handle: "bo", Zone: "Europe/Berlin", Grants: []app.Grant{{Role: domain.RoleAgent, ScopeKind: "all"}}})
	drawn, _, err := w.strip(ctx, map[string]bool{}, app.OnCallView{Schedule: "primary", Title: "Primary"})
	require.NoError(t, err)
	require.Equal(t, stripDay{Label: "Sun 25", Hours: 25, Weekend: true}, drawn.Days[1])
	require.True(t, drawn.Days[0].Today)
	require.Len(t, drawn.Rows, 1)
	require.Equal(t, "gap", drawn.Rows[0].Cells[0].Class)
	require.Equal(t, 14*24+1, drawn.Rows[0].Cells[0].Hours)
}
