package server

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const (
	// requestTime is more than any decision waits for (app.DefaultDoorWait) and less than callers and proxies usually do.
	requestTime = 15 * time.Second
	// bulkTime is for one command to many records, each of which may wait for its decision, and for imports.
	bulkTime = 5 * time.Minute
)

// Bounded gives every request its time: a database that takes connections and never answers is then told as one that is away,
// with 503. The endless routes, by their full paths, last as long as their readers do: live streams, the content of files.
func Bounded(endless ...string) gin.HandlerFunc {
	return func(c *gin.Context) {
		if slices.Contains(endless, c.FullPath()) {
			return
		}
		bound := requestTime
		if strings.HasSuffix(c.FullPath(), "/bulk") || strings.HasSuffix(c.FullPath(), "-import") {
			bound = bulkTime
		}
		ctx, cancel := context.WithTimeout(c.Request.Context(), bound)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		c.Next()
	}
}
