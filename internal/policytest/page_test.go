package policytest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The worked examples of the page on approvals are run as the policy tests that they could be.
func TestTheExamplesOfThePageHold(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "lifecycles", "approval.md"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "<!-- examples -->\n")
	require.True(t, found)
	table, _, _ := strings.Cut(rest, "\n\n")
	rows := strings.Split(table, "\n")[2:]
	require.Greater(t, len(rows), 10)
	test := "kind: PolicyTest\nname: page\ncases:\n"
	for _, row := range rows {
		cells := strings.Split(strings.Trim(row, "| "), " | ")
		require.Len(t, cells, 5, row)
		rule, expired := strings.CutSuffix(cells[0], ", deadline passed")
		var votes []string
		for _, vote := range strings.Split(cells[2], ", ") {
			words := strings.Fields(vote)
			written := "by: " + words[0] + ", vote: " + words[len(words)-1]
			if len(words) == 4 {
				written += ", for: " + words[2]
			}
			if strings.HasSuffix(vote, "reject") {
				written += ", comment: no"
			}
			votes = append(votes, "{"+written+"}")
		}
		test += fmt.Sprintf("- name: %q\n  approval: {rule: %s, electorate: [%s], requester: dee, implementer: eli, expired: %t, votes: [%s]}\n  expect: {verdict: %s, why: %q}\n",
			cells[0]+": "+cells[2], strings.Trim(rule, "`"), strings.Join(strings.Fields(cells[1]), ", "), expired, strings.Join(votes, ", "), cells[3], cells[4])
	}
	outcomes, err := RunInPlace(t.Context(), test, "", nil)
	require.NoError(t, err)
	require.Len(t, outcomes, len(rows))
	for _, outcome := range outcomes {
		require.Empty(t, outcome.Difference, outcome.Name)
	}
}
