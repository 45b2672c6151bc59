package ports

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A port that is promised is not listened on yet, and yet no longer free.
func TestFreePortsAreNoPromisedOnes(t *testing.T) {
	t.Parallel()
	found, err := Free(3)
	require.NoError(t, err)
	require.Len(t, found, 3)
	var all []int
	for port := first; port <= last; port++ {
		all = append(all, port)
	}
	_, err = Free(1, all...)
	require.EqualError(t, err, "no free port found between 20000 and 32767")
}
