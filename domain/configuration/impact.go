package configuration

import (
	"cmp"
	"slices"
	"time"
)

// Reached is an item that feels what happens to another one.
type Reached struct {
	Handle  string `json:"handle" bun:"handle"`
	Title   string `json:"title,omitempty" bun:"title"`
	Class   string `json:"class" bun:"class"`
	Service string `json:"service,omitempty" bun:"service"`
	// Shared: the impact is not followed through it.
	Shared bool `json:"shared,omitempty" bun:"shared"`
	// Depth is how many relations lie on the shortest way, 0 for what was asked about.
	Depth int `json:"depth" bun:"depth"`
	// Via is the item before it on that way, by the relation Type; empty for what was asked about.
	Via  string `json:"via,omitempty" bun:"via"`
	Type string `json:"type,omitempty" bun:"type"`
}

// Name is what people call the item.
func (r Reached) Name() string {
	if r.Title == "" {
		return r.Handle
	}
	return r.Title
}

// ReachedService is a service that feels it.
type ReachedService struct {
	Name        string `json:"name" bun:"name"`
	Title       string `json:"title,omitempty" bun:"title"`
	Criticality string `json:"criticality,omitempty" bun:"criticality"`
	Owner       string `json:"owner,omitempty" bun:"owner"`
	// Depth is the shortest way to one of its items.
	Depth int `json:"depth" bun:"depth"`
}

// Impact is who feels what happens to some items.
type Impact struct {
	Items []string  `json:"items"`
	At    time.Time `json:"at"`
	Depth int       `json:"depth"`
	// Reached begins with the items asked about, the nearest first.
	Reached  []Reached        `json:"reached"`
	Services []ReachedService `json:"services"`
	// More: so many items are reached that not all are told; services are those of all.
	More bool `json:"more,omitempty"`
}

// Branch is one item of an impact's tree, with what is reached through it.
type Branch struct {
	Reached
	Branches []Branch
}

// Tree hangs every item below the one through which it is reached, by depth and then by handle.
func (i Impact) Tree() []Branch {
	below := map[string][]Reached{}
	roots := []Reached{}
	for _, one := range i.Reached {
		if one.Depth == 0 {
			roots = append(roots, one)
			continue
		}
		below[one.Via] = append(below[one.Via], one)
	}
	return branches(roots, below)
}

func branches(list []Reached, below map[string][]Reached) []Branch {
	slices.SortFunc(list, func(a, b Reached) int { return cmp.Compare(a.Handle, b.Handle) })
	grown := make([]Branch, len(list))
	for i, one := range list {
		grown[i] = Branch{Reached: one, Branches: branches(below[one.Handle], below)}
	}
	return grown
}
