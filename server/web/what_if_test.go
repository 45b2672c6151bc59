package web

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/simulation"
	"github.com/holdfast-itsm/holdfast/domain/sla"
)

func TestWhatIfIsForThoseWhoDecide(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	for _, who := range []string{"bo", "rita"} {
		d.get(who, whatIfPath, http.StatusForbidden)
		d.post(who, whatIfPath, url.Values{"text": {"x"}}, http.StatusForbidden)
	}
	require.NotContains(t, d.get("bo", policiesPath, http.StatusOK), `href="`+whatIfPath+`"`)
	require.Contains(t, d.get("ana", policiesPath, http.StatusOK), `href="`+whatIfPath+`"`)
	require.Contains(t, d.get("ana", whatIfPath+"?kind=PriorityMatrix&name=default", http.StatusOK), "kind: PriorityMatrix")
	require.Contains(t, d.get("ana", matrixURL+"/edit", http.StatusOK), `formaction="`+whatIfPath+`"`)
	require.NotContains(t, d.get("ana", policiesPath+"/new?kind=Team", http.StatusOK), `formaction="`+whatIfPath+`"`)
}

func TestWhatIfKeepsWhatWasWrittenAndNamesItsFaults(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	page := d.post("ana", whatIfPath, url.Values{"days": {"30"}, "text": {"kind: SLA\r\nname: x\r\nspec:\r\n  applies_to: 'true'\r\n  targets: {response: {\"9\": 1h}}\r\n"}}, http.StatusUnprocessableEntity)
	require.Contains(t, page, "is not a priority from 1 to 5")
	require.Contains(t, page, `<span class="at">5</span>`)
	require.Contains(t, page, `<option value="30" selected`)
	require.Contains(t, d.post("ana", whatIfPath, url.Values{"text": {"kind: Team\nname: x\nspec: {title: X, members: []}"}}, http.StatusUnprocessableEntity), "no document that clocks ask")
	none := d.post("ana", whatIfPath, url.Values{"text": {policyStarts["SLA"]}}, http.StatusOK)
	require.Contains(t, none, "Nothing is promised")
}

// TestFiguresOpenToTheirRecords: behind each figure are the records of its line, and the download has all of them.
func TestFiguresOpenToTheirRecords(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var tally simulation.Tally
	for _, v := range []simulation.Verdict{
		{Number: "INC-1", Change: simulation.Gained, Team: "mail", Priority: 2, Proposed: simulation.Outcome{State: sla.Breached, ElapsedMS: 7_200_000, LengthMS: 3_600_000, DueAt: &due}},
		{Number: "INC-2", Change: simulation.Gained, Team: "network", Priority: 3, Proposed: simulation.Outcome{State: sla.Breached}},
		{Number: "=INC-3", Change: simulation.Lost, Team: "network", Priority: 3, Present: simulation.Outcome{State: sla.Breached}, Proposed: simulation.Outcome{State: sla.Met}},
	} {
		v.Metric, v.Week = sla.Response, "2026-W48"
		tally.Add([]simulation.Verdict{v})
	}
	report := app.SimulationReport{Report: tally.Report(), NextCursor: "more"}
	view := whatIfView{page: page{Who: &app.Principal{Handle: "ana", Grants: []app.Grant{{Role: domain.RoleAdmin, ScopeKind: "all"}}}}, Report: &report}
	for _, table := range view.tables() {
		for _, group := range table.Groups {
			require.Len(t, view.behind(table, group, simulation.Gained), group.Gained, table.Title)
			require.Len(t, view.behind(table, group, simulation.Lost), group.Lost, table.Title)
		}
	}
	var text strings.Builder
	require.NoError(t, whatIfPage(view).Render(t.Context(), &text))
	require.Contains(t, text.String(), `<a href="/incidents/INC-1">INC-1</a> <span class="hint">no promise → breached, 2h of 1h</span>`)
	require.Contains(t, text.String(), "2 breaches gained, 1 lost.")
	require.Contains(t, text.String(), "These are the newest 3 records")

	cells := csvValues(report.Verdicts[0])
	require.Equal(t, "'=INC-3", cells[0])
	require.Len(t, cells, len(simulation.Columns))
	_, err := csv.NewReader(strings.NewReader(strings.Join(cells, ","))).Read()
	require.NoError(t, err)
	require.Equal(t, "2026-11-23T10:00:00.000Z", csvValues(report.Verdicts[1])[17])
}

func TestHoursAreWordedForPeople(t *testing.T) {
	t.Parallel()
	for spent, words := range map[time.Duration]string{0: "0m", 59 * time.Minute: "59m", 2 * time.Hour: "2h", 27*time.Hour + 17*time.Minute + 20*time.Second: "27h 17m"} {
		require.Equal(t, words, hours(spent))
	}
}
