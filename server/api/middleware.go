package api

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// guarded are headers of every answer: what one account was told is neither kept on the way nor taken for something else.
func guarded(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "no-store")
}

// refused tells an error and ends the request, whose body was not read: the connection is closed rather than waited on.
func refused(c *gin.Context, log *slog.Logger, err error) {
	if c.Request.ContentLength != 0 {
		c.Header("Connection", "close")
	}
	server.ProblemOf(err).Write(c.Writer, log)
	c.Abort()
}

// limited lets an account have so many requests under way at once. Live streams last and have a bound of their own.
func limited(dependencies Dependencies) gin.HandlerFunc {
	return func(c *gin.Context) {
		principal, err := app.PrincipalFrom(c.Request.Context())
		if err != nil || c.FullPath() == Base+eventsPath {
			return // the description is open to all
		}
		leave, err := dependencies.Busy.Enter(principal.Handle)
		if err != nil {
			refused(c, dependencies.Log, err)
			return
		}
		defer leave()
		c.Next()
	}
}

// readable refuses addresses that PostgreSQL cannot be asked for.
func readable(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := server.CheckURL(c.Request.URL); err != nil {
			refused(c, log, err)
		}
	}
}

const keyHeader = "Idempotency-Key"

// newKey marks the context of a request whose key was made here.
type newKey struct{}

// keyed makes an idempotency key for a POST that has none, and tells the caller the key that counts: whoever lost the answer's
// body can still send the same command again.
func keyed(c *gin.Context) {
	if c.Request.Method != http.MethodPost {
		return
	}
	if c.GetHeader(keyHeader) == "" {
		c.Request.Header.Set(keyHeader, uuid.NewString())
		c.Request = c.Request.WithContext(context.WithValue(c.Request.Context(), newKey{}, true))
	}
	c.Header(keyHeader, c.GetHeader(keyHeader))
}

// timed gives every request its time, but for live streams and files.
func timed() gin.HandlerFunc {
	unbounded := []string{Base + eventsPath}
	for _, path := range attachmentsPaths {
		unbounded = append(unbounded, Base+ginPath(path), Base+ginPath(path+"/{attachment}"))
	}
	return server.Bounded(unbounded...)
}

// authenticate finds who asks by the bearer token. The description of the API is open to all.
func authenticate(dependencies Dependencies) gin.HandlerFunc {
	return func(c *gin.Context) {
		if strings.HasPrefix(c.Request.URL.Path, Base+"/openapi") {
			return
		}
		secret, found := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
		if !found {
			refused(c, dependencies.Log, domain.Errorf(domain.CodeUnauthenticated, "send a bearer token"))
			return
		}
		principal, err := dependencies.Authenticate(c.Request.Context(), strings.TrimSpace(secret))
		if err != nil {
			refused(c, dependencies.Log, err)
			return
		}
		c.Request = c.Request.WithContext(app.WithPrincipal(c.Request.Context(), principal))
	}
}
