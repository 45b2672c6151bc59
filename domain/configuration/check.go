package configuration

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/content"
)

// handle is how items are named: as hosts, addresses and products are, and never as a path.
var handle = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@-]{0,99}$`)

// Names are what may be named by items and relations.
type Names struct {
	Classes, Services, Teams map[string]bool
}

// CheckItem says what is wrong with an item.
func CheckItem(name string, c Content, names Names) []domain.FieldError {
	var wrong []domain.FieldError
	refuse := func(field, format string, args ...any) {
		wrong = append(wrong, domain.FieldError{Location: "body." + field, Message: fmt.Sprintf(format, args...)})
	}
	if !handle.MatchString(name) {
		refuse("handle", "takes 1 to 100 letters, digits, dots, colons, at signs, underscores and hyphens, the first a letter or a digit")
	}
	wrong = content.Line(wrong, "title", c.Title, 0, domain.MaxTitleBytes)
	wrong = content.Line(wrong, "environment", c.Environment, 0, domain.MaxItemBytes)
	if !names.Classes[c.Class] {
		refuse("class", "%q is no term of Vocabulary/%s", c.Class, Vocabulary)
	}
	if c.Service != "" && !names.Services[c.Service] {
		wrong = append(wrong, content.Unknown("service", c.Service))
	}
	if c.OwnerTeam != "" && !names.Teams[c.OwnerTeam] {
		wrong = append(wrong, content.Unknown("owner_team", c.OwnerTeam))
	}
	for _, fault := range content.CustomFields(nil, c.Attributes) {
		fault.Location = "body.attributes"
		wrong = append(wrong, fault)
	}
	return wrong
}

// CheckRelation says what is wrong with a relation of which it is known whether its ends are items in force.
func CheckRelation(r Relation, known func(handle string) bool) []domain.FieldError {
	var wrong []domain.FieldError
	if _, is := RelationTypeNamed(r.Type); !is {
		types := make([]string, len(RelationTypes))
		for i, one := range RelationTypes {
			types[i] = one.Name
		}
		wrong = append(wrong, domain.FieldError{Location: "body.type", Message: "is one of " + strings.Join(types, ", "), Value: r.Type})
	}
	for _, end := range []struct{ field, handle string }{{"from", r.From}, {"to", r.To}} {
		if !known(end.handle) {
			wrong = append(wrong, domain.FieldError{Location: "body." + end.field, Message: "is no configuration item that is in force", Value: end.handle})
		}
	}
	if r.From == r.To {
		wrong = append(wrong, domain.FieldError{Location: "body.to", Message: "is the item itself"})
	}
	return wrong
}
