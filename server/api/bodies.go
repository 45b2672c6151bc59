package api

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/domain"
)

const (
	// MaxBody bounds every body but a file and an import.
	MaxBody = 1 << 20
	// maxNesting bounds how deep a body nests: whoever parses it later does so by recursion.
	maxNesting = 64
)

// boundBody refuses bodies that are too large, not UTF-8, nest too deep, or hold a NUL, which PostgreSQL cannot keep; whatever
// their content type says, since a body without one is taken for JSON. Files are read as they come.
func boundBody(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request.Method == http.MethodPost && slices.ContainsFunc(attachmentsPaths, func(path string) bool { return c.FullPath() == Base+ginPath(path) }) {
			return
		}
		most := int64(MaxBody)
		if c.FullPath() == Base+importPath {
			most = maxImport
		}
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, most))
		if err := checkBody(body, err, most); err != nil {
			refused(c, log, err)
			return
		}
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
	}
}

func checkBody(body []byte, err error, most int64) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return domain.Errorf(domain.CodeTooLarge, "a body has at most %d bytes", most)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return domain.Errorf(domain.CodeMalformed, "the body did not come in time")
	case err != nil:
		return domain.Errorf(domain.CodeMalformed, "the body could not be read")
	case !utf8.Valid(body):
		return domain.Errorf(domain.CodeInvalid, "the body is not UTF-8")
	case unstorable(body):
		return domain.Errorf(domain.CodeInvalid, "the body holds what cannot be kept: the character NUL, or half of a surrogate pair")
	case domain.Depth(body) > maxNesting:
		return domain.Errorf(domain.CodeInvalid, "the body nests deeper than %d levels", maxNesting)
	}
	return nil
}

// ginPath is an operation's path as gin has it.
func ginPath(path string) string { return strings.NewReplacer("{", ":", "}", "").Replace(path) }

// unstorable finds what JSON can say and PostgreSQL cannot keep: the character NUL, and half of a surrogate pair.
func unstorable(body []byte) bool {
	if bytes.IndexByte(body, 0) >= 0 {
		return true
	}
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		i++ // now at what is escaped
		unit, is := escaped(body[i:])
		if !is {
			continue
		}
		if unit == 0 {
			return true
		}
		if !utf16.IsSurrogate(unit) {
			continue
		}
		if i+6 >= len(body) || body[i+5] != '\\' {
			return true
		}
		second, is := escaped(body[i+6:])
		if !is || utf16.DecodeRune(unit, second) == unicode.ReplacementChar {
			return true
		}
		i += 10
	}
	return false
}

// escaped reads the code unit of an escape such as u00fc.
func escaped(text []byte) (rune, bool) {
	if len(text) < 5 || text[0] != 'u' {
		return 0, false
	}
	var unit [2]byte
	if _, err := hex.Decode(unit[:], text[1:5]); err != nil {
		return 0, false // no JSON, as its reader will tell
	}
	return rune(binary.BigEndian.Uint16(unit[:])), true
}
