package web

import (
	"log/slog"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"
)

// TestViewersOfAllProcessesAreShown: two servers over one database, each with somebody's browser.
func TestViewersOfAllProcessesAreShown(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	record := incidentOf(t, d.base, "rita")
	engine := gin.New()
	require.NoError(t, Mount(engine, Dependencies{Service: d.App, SignIns: d.App, Links: d.App, Pages: d.App, Log: slog.New(slog.DiscardHandler)}))
	elsewhere := *d
	elsewhere.site = httptest.NewServer(engine)
	t.Cleanup(elsewhere.site.Close)

	page := recordURL(record.Number) + "/live?seq=1"
	bo, ana := d.listen("bo", "", page), elsewhere.listen("ana", "", page)
	bo.until("Also viewing: ana")
	ana.until("Also viewing: bo")
	ana.end()
	bo.until(`id="viewers" class="viewers" role="status"></p>`)
}
