// Package configuration knows what is run: configuration items, how they hang together, and what follows for whom when one of them
// fails or is changed (ITIL 4: service configuration management).
//
// Nothing of it is ever deleted: an item is a row of versions, each in force from one instant to before another, and a relation
// ends. So what was true at any instant can be asked for.
package configuration

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Vocabulary names the document whose terms are the classes of items.
const Vocabulary = "item-classes"

// The bounds of what changes and pages look at.
const (
	// ConflictDepth is how many relations may lie between the items of two changes that are told of each other.
	ConflictDepth = 3
	// ServiceDepth is how many relations may lie between an item and the services that a change of it counts as touching.
	ServiceDepth = 5
	// ImpactDepth is how many relations an impact is followed over, at most.
	ImpactDepth = 10
)

// Content is what can be said of an item.
type Content struct {
	Title string `json:"title,omitempty" bun:"title" maxLength:"300" doc:"What people call it; its handle where left out"`
	// Class is a term of the vocabulary of classes.
	Class       string `json:"class" bun:"class" minLength:"1" maxLength:"100" doc:"A term of Vocabulary/item-classes"`
	Service     string `json:"service,omitempty" bun:"service" maxLength:"100" doc:"The service that fails where it fails"`
	OwnerTeam   string `json:"owner_team,omitempty" bun:"owner_team" maxLength:"100" doc:"The team that looks after it"`
	Environment string `json:"environment,omitempty" bun:"environment" maxLength:"200"`
	// Attributes are whatever else is known of it.
	Attributes json.RawMessage `json:"attributes,omitempty" bun:"attributes,type:json" doc:"An object of whatever else is known of it"`
	// Shared: so much hangs on it that impact and conflicts stop there, such as DNS or a core switch.
	Shared bool `json:"shared,omitempty" bun:"shared" doc:"So much hangs on it that impact and conflicts do not go on through it: DNS, a core switch"`
	// Exclusive: whoever changes it has it alone.
	Exclusive bool `json:"exclusive,omitempty" bun:"exclusive" doc:"Whoever changes it has it alone in their window"`
}

// Item is one version of a configuration item. It is active while ValidTo is empty.
type Item struct {
	Handle  string `json:"handle" bun:"handle"`
	Version int    `json:"version" bun:"version"`
	Content
	// ValidFrom is when this version came into force, ValidTo when it no longer was.
	ValidFrom time.Time  `json:"valid_from" bun:"valid_from"`
	ValidTo   *time.Time `json:"valid_to,omitempty" bun:"valid_to"`
	ChangedBy string     `json:"changed_by" bun:"changed_by"`
	Reason    string     `json:"reason,omitempty" bun:"reason"`
	// EndedBy and EndReason say who ended the item with this version, and why; a version that another one follows has neither.
	EndedBy   string `json:"ended_by,omitempty" bun:"ended_by"`
	EndReason string `json:"end_reason,omitempty" bun:"end_reason"`
}

// Name is what people call an item.
func (i Item) Name() string {
	if i.Title == "" {
		return i.Handle
	}
	return i.Title
}

// Relation ties one item to another, in a direction, while it is in force.
type Relation struct {
	From      string     `json:"from" bun:"from_item"`
	Type      string     `json:"type" bun:"type"`
	To        string     `json:"to" bun:"to_item"`
	ValidFrom time.Time  `json:"valid_from" bun:"valid_from"`
	ValidTo   *time.Time `json:"valid_to,omitempty" bun:"valid_to"`
	MadeBy    string     `json:"made_by" bun:"made_by"`
	EndedBy   string     `json:"ended_by,omitempty" bun:"ended_by"`
}

// Flow says which way a failure goes along a relation.
type Flow string

// The ways.
const (
	// ToFrom: what fails at the relation's end is felt at its beginning; whoever depends is hit.
	ToFrom Flow = "to_from"
	// FromTo: what fails at its beginning is felt at its end; the whole is hit where a part is.
	FromTo Flow = "from_to"
	// Both: either is felt at the other.
	Both Flow = "both"
)

// RelationType is one way in which items hang together.
type RelationType struct {
	Name string `json:"name"`
	// Title words it from the beginning to the end, Reverse from the end to the beginning.
	Title   string `json:"title"`
	Reverse string `json:"reverse"`
	Impact  Flow   `json:"impact"`
}

// RelationTypes are all there are (lifecycles.md, "Configuration").
var RelationTypes = []RelationType{
	{"depends_on", "depends on", "is needed by", ToFrom},
	{"runs_on", "runs on", "carries", ToFrom},
	{"uses", "uses", "is used by", ToFrom},
	{"part_of", "is part of", "consists of", FromTo},
	{"connected_to", "is connected to", "is connected to", Both},
}

// RelationTypeNamed finds a type by its name.
func RelationTypeNamed(name string) (RelationType, bool) {
	for _, one := range RelationTypes {
		if one.Name == name {
			return one, true
		}
	}
	return RelationType{}, false
}

// Differences are the fields in which two contents differ, with the value before and after. Attributes are compared one by one.
func Differences(before, after Content) map[string]domain.Change {
	changes := map[string]domain.Change{}
	for _, field := range []struct {
		name     string
		from, to any
	}{
		{"title", before.Title, after.Title},
		{"class", before.Class, after.Class},
		{"service", before.Service, after.Service},
		{"owner_team", before.OwnerTeam, after.OwnerTeam},
		{"environment", before.Environment, after.Environment},
		{"shared", before.Shared, after.Shared},
		{"exclusive", before.Exclusive, after.Exclusive},
	} {
		if field.from != field.to {
			changes[field.name] = domain.Change{From: field.from, To: field.to}
		}
	}
	had, has := attributesOf(before), attributesOf(after)
	for name, value := range has {
		if old, known := had[name]; !known || !bytes.Equal(old, value) {
			changes["attributes."+name] = domain.Change{From: plain(old), To: plain(value)}
		}
	}
	for name, value := range had {
		if _, kept := has[name]; !kept {
			changes["attributes."+name] = domain.Change{From: plain(value), To: nil}
		}
	}
	return changes
}

// attributesOf takes attributes apart; each value is as compact as it can be written.
func attributesOf(content Content) map[string]json.RawMessage {
	values := map[string]json.RawMessage{}
	if len(content.Attributes) == 0 || json.Unmarshal(content.Attributes, &values) != nil {
		return nil
	}
	for name, value := range values {
		var compact bytes.Buffer
		if json.Compact(&compact, value) == nil {
			values[name] = compact.Bytes()
		}
	}
	return values
}

// plain is a JSON value as such, so that it is written into JSON as it stands.
func plain(value json.RawMessage) any {
	if value == nil {
		return nil
	}
	return value
}
