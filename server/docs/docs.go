// Package docs shows the API's description in a browser, from our own origin: Swagger UI, vendored, asks /api/v1/openapi.json.
package docs

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed assets
var assets embed.FS

// policy lets the pages load nothing from elsewhere. Swagger UI writes style attributes, so inline styles are allowed here
// and nowhere else; no session of the console is used by these pages.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Mount serves the documentation at /api/docs.
func Mount(engine *gin.Engine) error {
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		return fmt.Errorf("open the documentation's files: %w", err)
	}
	server := http.StripPrefix("/api/docs/", http.FileServerFS(files))
	engine.GET("/api/docs", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, "/api/docs/") })
	engine.GET("/api/docs/*file", func(c *gin.Context) {
		header := c.Writer.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "public, max-age=3600")
		server.ServeHTTP(c.Writer, c.Request)
	})
	return nil
}
