package policyfile

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

func TestWhatAnAgreementMayGetWrong(t *testing.T) {
	t.Parallel()
	days := map[string]calendar.Spec{"always": {Weekly: map[string][]string{"mon": {"00:00-24:00"}}}, "desk": {Weekly: map[string][]string{"mon": {"09:00-17:00"}}}}
	paths := func(spec string) []string {
		list := []string{}
		for _, warning := range agreementWarnings(policy.Document{Kind: policy.KindSLA, Spec: json.RawMessage(spec)}, days, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) {
			list = append(list, warning.Path)
		}
		return list
	}
	require.Equal(t, []string{"spec.targets.resolution.3"}, paths(`{"calendar": "desk", "targets": {"resolution": {"2": "2wd", "3": "2d", "4": "8h"}}}`))
	require.Equal(t, []string{"spec.targets.resolution.3"}, paths(`{"targets": {"resolution": {"3": "1d4h"}}}`))
	require.Empty(t, paths(`{"calendar": "always", "targets": {"resolution": {"3": "2d"}}}`))
	require.Equal(t, []string{"spec.thresholds[0].at"}, paths(
		`{"targets": {"response": {"1": "15m", "2": "1h"}}, "thresholds": [{"metric": "response", "at": "due-30m"}, {"metric": "response", "at": "due+30m"}]}`))
	require.Equal(t, []string{"spec.valid.review_by"}, paths(`{"valid": {"review_by": "2026-11-30"}}`))
	require.Empty(t, paths(`{"valid": {"review_by": "2026-12-01"}}`))
}
