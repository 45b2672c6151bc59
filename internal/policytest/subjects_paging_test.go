package policytest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPagingIsAskedOfAService(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file.yaml")
	content := `kind: Calendar
name: desk
spec: {timezone: Europe/Berlin, weekly: {mon: ["08:00-18:00"], fri: ["08:00-16:00"]}}
---
kind: Team
name: messaging
spec: {title: Messaging, members: [], escalation: messaging}
---
kind: ServicePolicy
name: mail
spec: {title: Mail, support: {team: messaging, calendar: desk}, paging: {3: support_hours}}
---
kind: ServicePolicy
name: shop
spec: {title: Shop, support: {team: messaging, calendar: desk, escalation: shop}, paging: {1: never}}
---
kind: PolicyTest
name: nights
cases:
- {paging: {of: mail, priority: 1, at: "2026-12-05T23:30:00+01:00"}, expect: {at: "2026-12-05T23:30:00+01:00", policy: messaging}}
- {paging: {of: mail, priority: 2, at: "2026-12-05T23:30:00+01:00"}, expect: {at: "2026-12-07T08:00:00+01:00"}}
- {paging: {of: mail, priority: 3, at: "2026-12-07T09:00:00+01:00"}, expect: {at: "2026-12-07T09:00:00+01:00"}}
- {paging: {of: mail, priority: 4, at: "2026-12-07T09:00:00+01:00"}, expect: {at: []}}
- {paging: {of: shop, priority: 1, at: "2026-12-07T09:00:00+01:00"}, expect: {at: [], policy: ""}}
- {paging: {of: shop, priority: 2, at: "2026-12-07T09:00:00+01:00"}, expect: {policy: shop}}
- {paging: {of: shop, priority: 2, at: "2026-12-05T09:00:00+01:00"}, expect: {at: "2026-12-05T09:00:00+01:00"}}
- {paging: {of: shop, priority: 6, at: "2026-12-05T09:00:00+01:00"}, expect: {at: []}}
- {paging: {of: gone, priority: 1, at: "2026-12-05T09:00:00+01:00"}, expect: {at: []}}
`
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	var out strings.Builder
	_, err := Run(&out, []string{path})
	require.NoError(t, err)
	for _, says := range []string{
		"case 7: at: expected 2026-12-05T09:00:00+01:00, got 2026-12-07T08:00:00+01:00", "case 8", "6 is not a priority from 1 to 5",
		`case 9`, `there is no ServicePolicy "gone"`, "6 passed, 3 failed",
	} {
		require.Contains(t, out.String(), says)
	}
}
