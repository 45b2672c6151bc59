package server

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-itsm/holdfast/domain"
)

// CheckURL refuses a path or a query that holds what PostgreSQL cannot be asked for: broken UTF-8 and the character NUL.
func CheckURL(asked *url.URL) error {
	query, err := url.ParseQuery(asked.RawQuery)
	if err != nil {
		return domain.Errorf(domain.CodeMalformed, "the query of the address cannot be read")
	}
	if !Storable(asked.Path) {
		return domain.Errorf(domain.CodeMalformed, "the path of the address holds characters that nothing has")
	}
	for name, values := range query {
		for _, value := range append(values, name) {
			if !Storable(value) {
				return domain.Errorf(domain.CodeMalformed, "the query of the address holds characters that nothing has")
			}
		}
	}
	return nil
}

// Storable reports whether PostgreSQL can keep a text: it is UTF-8 and holds no NUL.
func Storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }
