package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// What is accepted in a list is stored and read back as it came, whatever PostgreSQL's own text forms make of it: one that
// cannot be read would take every list of records with it.
func TestItemsComeBackAsGiven(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for _, items := range [][]string{
		{`\xZZ`, `\x4142`}, {`(x`, "mail"}, {`E'\''`, `"`, `\`, `\\`}, {"{a,b}", "NULL", "null"}, {"?", "?0", "$1", "a b", "ä, ö"}, {"[1,2)", `a"b`, "%s"},
	} {
		id := d.log(body{"tags": items, "configuration_items": items})
		found := d.incident(id)
		require.Equal(t, append(items, "post"), found.Tags, "its own and the rule's")
		require.Equal(t, items, found.ConfigurationItems)
		d.apply(agent, "edit", id, body{"description": "Read and written again"})
		require.Equal(t, items, d.incident(id).ConfigurationItems)
	}
	id := d.log()
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.StringMatching(`[ -~äß€😀]{1,12}`)
		items := rapid.SliceOfNDistinct(item, 1, 4, rapid.ID[string]).Draw(t, "items")
		result, err := d.Apply(d.t.Context(), d.command(agent, "edit", id, body{"configuration_items": items, "reason": item.Draw(t, "reason")}))
		require.NoError(t, err)
		if result.Refusal == nil {
			require.Equal(t, items, d.incident(id).ConfigurationItems)
		}
	})
	require.Equal(t, incident.New, d.incident(id).State)
}
