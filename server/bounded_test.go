package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/server"
)

func TestEveryRequestHasItsTime(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	engine.Use(server.Bounded("/events"))
	bounds := map[string]time.Duration{}
	for _, path := range []string{"/incidents/:id", "/incidents/bulk", "/events"} {
		engine.GET(path, func(c *gin.Context) {
			if deadline, bounded := c.Request.Context().Deadline(); bounded {
				bounds[path] = time.Until(deadline)
			}
		})
	}
	for _, path := range []string{"/incidents/INC-000001", "/incidents/bulk", "/events"} {
		engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
	require.Greater(t, bounds["/incidents/:id"], 5*time.Second, "a decision may take so long")
	require.Less(t, bounds["/incidents/:id"], time.Minute)
	require.Greater(t, bounds["/incidents/bulk"], time.Minute)
	require.NotContains(t, bounds, "/events")
}
