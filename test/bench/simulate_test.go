package bench

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSimulationsAreMeasured(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &bench{out: &out}
	require.NoError(t, b.simulations(t.Context()))
	require.Contains(t, out.String(), "simulate 24918 incidents under two agreements")
}
