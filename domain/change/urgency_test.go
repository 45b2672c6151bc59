package change_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// What justifies an emergency was open when the work began, or a day off that.
func TestAnEmergencyNeedsAnIncidentOfItsTime(t *testing.T) {
	t.Parallel()
	const now, day, minute = "2026-12-08 10:00", 24 * time.Hour, time.Minute
	ended := func(text string) *time.Time { at := berlin(text); return &at }
	record := func(start string) body {
		at := berlin(start)
		return body{"actual_start": at, "actual_end": at.Add(minute), "outcome": "successful", "notes": "done"}
	}
	for name, one := range map[string]struct {
		linked   []change.Urgent
		security string
		verb     string
		content  body
		refused  domain.Code
	}{
		"open since long":               {[]change.Urgent{{OpenedAt: berlin("2026-11-01 10:00")}}, "", "submit", nil, ""},
		"ended a day ago":               {[]change.Urgent{{OpenedAt: berlin("2026-11-01 10:00"), EndedAt: ended("2026-12-07 10:00")}}, "", "submit", nil, ""},
		"ended longer ago":              {[]change.Urgent{{OpenedAt: berlin("2026-11-01 10:00"), EndedAt: ended("2026-12-07 09:59")}}, "", "submit", nil, domain.CodeConflict},
		"for security":                  {nil, "CVE-2026-1", "submit", nil, ""},
		"nothing at all":                {nil, "", "submit", nil, domain.CodeConflict},
		"recorded, and open then":       {[]change.Urgent{{OpenedAt: berlin("2026-12-02 10:00"), EndedAt: ended("2026-12-02 20:00")}}, "", "record_retrospective", record("2026-12-02 12:00"), ""},
		"logged after the work":         {[]change.Urgent{{OpenedAt: berlin("2026-12-03 10:00")}}, "", "record_retrospective", record("2026-12-02 10:00"), ""},
		"logged long after the work":    {[]change.Urgent{{OpenedAt: berlin("2026-12-03 10:01")}}, "", "record_retrospective", record("2026-12-02 10:00"), domain.CodeConflict},
		"over when the work began":      {[]change.Urgent{{OpenedAt: berlin("2026-12-02 10:00"), EndedAt: ended("2026-12-02 20:00")}}, "", "record_retrospective", record("2026-12-03 20:01"), domain.CodeConflict},
		"one of two":                    {[]change.Urgent{{OpenedAt: berlin("2026-12-07 10:00")}, {OpenedAt: berlin("2026-12-02 10:00")}}, "", "record_retrospective", record("2026-12-02 12:00"), ""},
		"seven days ago":                {nil, "CVE-2026-1", "record_retrospective", record("2026-12-01 10:00"), ""},
		"longer ago":                    {nil, "CVE-2026-1", "record_retrospective", record("2026-12-01 09:59"), domain.CodeInvalid},
		"longer ago, whatever was open": {[]change.Urgent{{OpenedAt: berlin("2026-10-01 10:00")}}, "", "record_retrospective", record("2026-12-01 09:59"), domain.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t, now)
			d.facts.Urgent = one.linked
			d.do(dee, "draft", content(body{"type": "emergency", "security_reason": one.security}))
			if one.refused != "" {
				d.refuse(one.refused, dee, one.verb, one.content)
				return
			}
			d.do(dee, one.verb, one.content)
		})
	}
}

// A link takes an incident out of the way of a change where somebody answers for it who may.
func TestWhoseLinkFreesAChange(t *testing.T) {
	t.Parallel()
	before, after := berlin("2026-11-30 10:00"), berlin("2026-12-10 10:00")
	for name, one := range map[string]struct {
		tie   change.OpenIncident
		freed bool
	}{
		"nobody's":                        {change.OpenIncident{}, false},
		"anybody's":                       {change.OpenIncident{LinkedAt: &after}, false},
		"before it was asked for":         {change.OpenIncident{LinkedAt: &before}, true},
		"somebody's who acts for it":      {change.OpenIncident{LinkedAt: &after, ByResponder: true}, true},
		"a change manager's":              {change.OpenIncident{LinkedAt: &after, Managers: []string{"mona"}}, true},
		"a change manager's of their own": {change.OpenIncident{LinkedAt: &after, Managers: []string{"dee", "eli"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := authorised(t, nil)
			one.tie.ID, one.tie.Number, one.tie.Service, one.tie.Priority = incidentID, "INC-000002", "shop", 1
			d.facts.Surroundings.Incidents = []change.OpenIncident{one.tie}
			d.do(other, "conflicts_changed", nil)
			require.Equal(t, one.freed, len(d.record.Blocked()) == 0)
			if !one.freed && one.tie.LinkedAt != nil {
				require.Contains(t, d.record.Blocked()[0].Why, "once somebody of the incident's team or a change manager links them")
			}
			d.record.Type = change.Standard
			require.Equal(t, one.freed && name != "before it was asked for",
				len(change.FindConflicts(d.record, d.facts.Surroundings, d.now)) == 0, "nobody votes on a standard change")
		})
	}
}
