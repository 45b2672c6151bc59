package policyfile

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

func TestCheckCadence(t *testing.T) {
	t.Parallel()
	const opens = `"opens":{"cab_meeting":{"board":{"role":"cab_member"}}}`
	for name, test := range map[string]struct {
		spec  string
		paths []string
	}{
		"right":                 {`{"cron":"0 14 * * wed","timezone":"Europe/Berlin",` + opens + `}`, nil},
		"twice a day":           {`{"cron":"0 9,14 * * *","timezone":"UTC",` + opens + `}`, nil},
		"three times a day":     {`{"cron":"0 9-11 * * *","timezone":"UTC",` + opens + `}`, []string{"spec.cron"}},
		"every minute":          {`{"cron":"* 9 * * *","timezone":"UTC",` + opens + `}`, []string{"spec.cron"}},
		"never":                 {`{"cron":"0 9 30 2 *","timezone":"UTC",` + opens + `}`, []string{"spec.cron"}},
		"in leap years alone":   {`{"cron":"0 9 29 2 *","timezone":"UTC",` + opens + `}`, []string{"spec.cron"}},
		"once a year":           {`{"cron":"0 9 28 2 *","timezone":"UTC",` + opens + `}`, nil},
		"a zone within":         {`{"cron":"TZ=UTC 0 9 * * *","timezone":"UTC",` + opens + `}`, []string{"spec.cron"}},
		"a zone that is none":   {`{"cron":"0 9 * * *","timezone":"Mars/Olympus",` + opens + `}`, []string{"spec.timezone"}},
		"nothing is opened":     {`{"cron":"0 9 * * *","timezone":"UTC","opens":{}}`, []string{"spec.opens"}},
		"an unknown field":      {`{"cron":"0 9 * * *","timezone":"UTC","opens":{"party":{}}}`, []string{"spec.opens.party"}},
		"a length that is none": {`{"cron":"0 9 * * *","timezone":"UTC","opens":{"cab_meeting":{"board":{"role":"cab_member"},"length":"long"}}}`, []string{"spec.opens.cab_meeting.length"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var paths []string
			for _, problem := range Check(policy.Document{Kind: policy.KindCadence, Name: "a", Spec: json.RawMessage(test.spec)}) {
				paths = append(paths, problem.Path)
			}
			require.Equal(t, test.paths, paths)
		})
	}
}
