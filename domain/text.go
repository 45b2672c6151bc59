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
