package api

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// refused tells an error and ends the request, whose body was not read: the connection is closed rather than waited on.
func refused(c *gin.Context, log *slog.Logger, err error) {
	if c.Request.ContentLength != 0 {
		c.Header("Connection", "close")
	}
	server.ProblemOf(err).Write(c.Writer, log)
	c.Abort()
}

// MaxBody bounds a JSON body.
const MaxBody = 1 << 20

// boundBody refuses JSON bodies that are too large, not UTF-8, or hold a NUL, which PostgreSQL cannot keep.
func boundBody(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
		if err != nil || media != "application/json" || c.Request.Body == nil {
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody))
		var tooLarge *http.MaxBytesError
		var problem error
		switch {
		case errors.As(err, &tooLarge):
			problem = domain.Errorf(domain.CodeTooLarge, "a body has at most %d bytes", MaxBody)
		case err != nil:
			problem = domain.Errorf(domain.CodeMalformed, "the body could not be read")
		case !utf8.Valid(body):
			problem = domain.Errorf(domain.CodeInvalid, "the body is not UTF-8")
		case hasNUL(body):
			problem = domain.Errorf(domain.CodeInvalid, "the body holds a NUL character")
		}
		if problem != nil {
			refused(c, log, problem)
			return
		}
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
	}
}

// hasNUL finds a NUL, bare or as a JSON escape.
func hasNUL(body []byte) bool {
	if bytes.IndexByte(body, 0) >= 0 {
		return true
	}
	for rest := body; ; {
		i := bytes.Index(rest, []byte(`\u0000`))
		if i < 0 {
			return false
		}
		slashes := 0
		for j := i - 1; j >= 0 && rest[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		rest = rest[i+len(`\u0000`):]
	}
}

const keyHeader = "Idempotency-Key"

// keyed makes an idempotency key for a POST that has none, and tells the caller the key that counts: whoever lost the answer's
// body can still send the same command again.
func keyed(c *gin.Context) {
	if c.Request.Method != http.MethodPost {
		return
	}
	if c.GetHeader(keyHeader) == "" {
		c.Request.Header.Set(keyHeader, uuid.NewString())
	}
	c.Header(keyHeader, c.GetHeader(keyHeader))
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
