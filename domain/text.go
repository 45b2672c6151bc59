package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden reports whether a character does not show as itself within a line of text: a control character, an end of line, or
// one of the marks that turn the direction of writing, with which one name can pose as another (Unicode Technical Report 36,
// "Bidirectional Text Spoofing").
func Hidden(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// OneLine reports whether a text is one line of UTF-8 that reads as it is written: it holds nothing Hidden.
func OneLine(text string) bool { return utf8.ValidString(text) && !strings.ContainsFunc(text, Hidden) }

// Line makes one line of a text: what is Hidden becomes a space.
func Line(text string) string {
	return strings.Map(func(r rune) rune {
		if Hidden(r) {
			return ' '
		}
		return r
	}, text)
}

// Listed names several as a sentence does: "ana, bo and cy".
func Listed(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// Depth is how deep a JSON text nests: that of {"a":[1]} is 2. It says nothing of use about a text that is not JSON.
func Depth(text []byte) int {
	deepest, here, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++ // the next one is escaped
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			here++
			deepest = max(deepest, here)
		case c == '}' || c == ']':
			here--
		}
	}
	return deepest
}
