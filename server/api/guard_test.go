package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/server/api"
)

func TestNothingIsReadBeforeItIsKnownWhoAsks(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for _, path := range []string{"/incidents", "/incidents/INC-000001/attachments?name=a", "/tokens"} {
		for _, length := range []int{10, api.MaxBody} {
			told := d.begin(path, "hf_nobody", length).hear() // not a byte of the body was sent
			require.Equal(t, http.StatusUnauthorized, told.status, path)
		}
	}
}
