package bench

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

// What is measured is what the bar is about: 100,000 items with 300,000 relations, without a fault.
func TestTheEstateIsAsLargeAsTheBarSays(t *testing.T) {
	t.Parallel()
	wanted, faults := configuration.Read([]configuration.Source{
		{Name: "items", Format: configuration.CSV, Text: estateTable()}, {Name: "relations", Format: configuration.CSV, Text: estateRelations()},
	})
	require.Empty(t, faults)
	require.Len(t, wanted.Items, estateItems)
	distinct := map[configuration.Edge]bool{}
	for _, one := range wanted.Relations {
		distinct[one.Edge()] = true
	}
	require.InDelta(t, 300_000, len(distinct), 15_000)
	require.Equal(t, estateRelations(), estateRelations(), "the same each time")
	require.Equal(t, touchedItems, len(busyChange().ConfigurationItems))
	require.True(t, strings.HasPrefix(busyChange().ConfigurationItems[0], "i"))
}
