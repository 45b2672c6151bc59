package configuration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

// Of a source that is nothing but faults no more is read than is told, and lines are right far down a long one.
func TestALongSourceIsReadOnce(t *testing.T) {
	t.Parallel()
	for _, source := range []configuration.Source{
		{Name: "zeros.json", Format: configuration.JSON, Text: `{"items": [` + strings.Repeat("0,\n", 50_000) + `0]}`},
		{Name: "rows.csv", Format: configuration.CSV, Text: "handle,title\n" + strings.Repeat("a\n", 50_000)},
	} {
		_, faults := configuration.Read([]configuration.Source{source})
		require.Len(t, faults, configuration.MostTold+1, source.Name)
	}
	wanted, faults := configuration.Read([]configuration.Source{{
		Name: "long.json", Format: configuration.JSON, Text: "{\"items\": [\n" + strings.Repeat("{\"handle\": \"a\"},\n", 20_000) + "{\"handle\": \"b\"}\n]}",
	}})
	require.Empty(t, faults)
	require.Equal(t, 20_002, wanted.Items[20_000].Line)
}
