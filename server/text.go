package server

import (
	"strings"
	"unicode/utf8"
)

// Storable reports whether PostgreSQL can keep a text: it is UTF-8 and holds no NUL.
func Storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
