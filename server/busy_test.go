package server_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

func TestAnAccountIsBusyWithSoManyRequests(t *testing.T) {
	t.Parallel()
	var busy server.Busy
	leave := make([]func(), server.MaxBusy)
	for i := range leave {
		var err error
		leave[i], err = busy.Enter("ana")
		require.NoError(t, err)
	}
	_, err := busy.Enter("ana")
	problem := server.ProblemOf(err)
	require.Equal(t, domain.CodeTooMany, problem.Code)
	require.Equal(t, 429, problem.Status)
	require.Equal(t, "1", problem.GetHeaders().Get("Retry-After"))
	others, err := busy.Enter("bo")
	require.NoError(t, err)
	others()
	leave[3]()
	leave[3], err = busy.Enter("ana")
	require.NoError(t, err, "whoever leaves makes room")
	for _, l := range leave {
		l()
	}
}

func TestManyComeAndGoAtOnce(t *testing.T) {
	t.Parallel()
	var busy server.Busy
	var group sync.WaitGroup
	for range 30 {
		group.Go(func() {
			for range 1000 {
				leave, err := busy.Enter("ana")
				if err == nil {
					leave()
				}
			}
		})
	}
	group.Wait()
	for range server.MaxBusy {
		_, err := busy.Enter("ana")
		require.NoError(t, err, "all who entered have left")
	}
}
