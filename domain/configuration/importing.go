package configuration

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
)

// What an import does with one thing.
const (
	Created = "created"
	Changed = "changed"
)

// Planned is one thing that an import writes.
type Planned struct {
	Place
	What   string `json:"what" enum:"created,changed"`
	Handle string `json:"handle,omitempty"`
	// Fields are those that become another, with the value before and after.
	Fields   map[string]domain.Change `json:"fields,omitempty"`
	Relation *Edge                    `json:"relation,omitempty"`
}

// Edge is a relation without its times.
type Edge struct {
	From string `json:"from"`
	Type string `json:"type"`
	To   string `json:"to"`
}

// Edge is what the relation ties.
func (r Relation) Edge() Edge { return Edge{r.From, r.Type, r.To} }

// Counts say how many there are of what an import brings.
type Counts struct {
	Created   int `json:"created"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
}

// Report says what an import writes, or with faults would have to be mended first: it writes all or nothing.
type Report struct {
	DryRun    bool      `json:"dry_run"`
	Items     Counts    `json:"items"`
	Relations Counts    `json:"relations"`
	Planned   []Planned `json:"planned"`
	Faults    []Fault   `json:"faults"`
	// More: there is more planned, or more faults, than is told.
	More bool `json:"more,omitempty"`
}

// MostTold bounds how many lines of a report are told.
const MostTold = 1000

// Estate is what there is before an import.
type Estate struct {
	// Items are those in force, by handle: all that the import names.
	Items map[string]Item
	// Ended are the newest versions of those that have ended; an import begins them anew.
	Ended map[string]int
	Edges map[Edge]bool
	Names Names
}

// Plan is what an import writes.
type Plan struct {
	Report Report
	// Items are new versions; their times and who wrote them are still to be set.
	Items []Item
	Edges []Edge
}

// PlanImport compares what is wanted with what there is. It writes nothing where nothing differs, so that an import may be repeated.
func PlanImport(wanted Wanted, faults []Fault, have Estate) Plan {
	p := &planning{have: have, named: map[string]Place{}, plan: Plan{Report: Report{Planned: []Planned{}, Faults: append([]Fault{}, faults...)}}}
	for _, item := range wanted.Items {
		p.item(item)
	}
	seen := map[Edge]bool{}
	for _, relation := range wanted.Relations {
		if seen[relation.Edge()] {
			continue // the same said twice is true
		}
		seen[relation.Edge()] = true
		p.relation(relation)
	}
	report := &p.plan.Report
	if len(report.Faults) > MostTold {
		report.Faults, report.More = report.Faults[:MostTold], true
	}
	return p.plan
}

type planning struct {
	have  Estate
	named map[string]Place
	plan  Plan
}

func (p *planning) fault(at Place, wrong []domain.FieldError) {
	for _, fault := range wrong {
		message := strings.TrimPrefix(fault.Location, "body.") + " " + fault.Message
		if text, given := fault.Value.(string); given {
			message = fmt.Sprintf("%s %q %s", strings.TrimPrefix(fault.Location, "body."), text, fault.Message)
		}
		p.plan.Report.Faults = append(p.plan.Report.Faults, Fault{at, message})
	}
}

func (p *planning) tell(one Planned) {
	if len(p.plan.Report.Planned) == MostTold {
		p.plan.Report.More = true
		return
	}
	p.plan.Report.Planned = append(p.plan.Report.Planned, one)
}

func (p *planning) item(wanted WantedItem) {
	if before, twice := p.named[wanted.Handle]; twice {
		p.plan.Report.Faults = append(p.plan.Report.Faults, Fault{
			wanted.Place, fmt.Sprintf("%s is named before, in line %d of %s", wanted.Handle, before.Line, before.Source),
		})
		return
	}
	p.named[wanted.Handle] = wanted.Place
	was, exists := p.have.Items[wanted.Handle]
	is, err := was.said(wanted.Says)
	if err != nil {
		p.plan.Report.Faults = append(p.plan.Report.Faults, Fault{wanted.Place, err.Error()})
		return
	}
	if wrong := CheckItem(wanted.Handle, is, p.have.Names); wrong != nil {
		p.fault(wanted.Place, wrong)
		return
	}
	fields := Differences(was.Content, is)
	counts := &p.plan.Report.Items
	switch {
	case exists && len(fields) == 0:
		counts.Unchanged++
		return
	case exists:
		counts.Changed++
		p.tell(Planned{Place: wanted.Place, What: Changed, Handle: wanted.Handle, Fields: fields})
	default:
		counts.Created++
		p.tell(Planned{Place: wanted.Place, What: Created, Handle: wanted.Handle})
	}
	p.plan.Items = append(p.plan.Items, Item{Handle: wanted.Handle, Version: max(was.Version, p.have.Ended[wanted.Handle]) + 1, Content: is})
}

// said is an item's content with what is said of it.
func (i Item) said(says json.RawMessage) (Content, error) {
	is, had := i.Content, attributesOf(i.Content)
	is.Attributes = nil // or what is read would be written over them
	if err := json.Unmarshal(says, &is); err != nil {
		return is, fmt.Errorf("cannot be read: %w", err)
	}
	attributes := map[string]json.RawMessage{}
	maps.Copy(attributes, had)
	for name, value := range attributesOf(is) {
		if string(value) == "null" {
			delete(attributes, name)
			continue
		}
		attributes[name] = value
	}
	text, err := json.Marshal(attributes)
	if err != nil {
		return is, fmt.Errorf("has attributes that cannot be kept: %w", err)
	}
	is.Attributes = text
	return is, nil
}

func (p *planning) relation(wanted WantedRelation) {
	known := func(handle string) bool {
		_, here := p.named[handle]
		_, there := p.have.Items[handle]
		return here || there
	}
	if wrong := CheckRelation(wanted.Relation, known); wrong != nil {
		p.fault(wanted.Place, wrong)
		return
	}
	edge := wanted.Edge()
	if p.have.Edges[edge] {
		p.plan.Report.Relations.Unchanged++
		return
	}
	p.plan.Report.Relations.Created++
	p.plan.Edges = append(p.plan.Edges, edge)
	p.tell(Planned{Place: wanted.Place, What: Created, Relation: &edge})
}

// Handles are all that an import names.
func (w Wanted) Handles() []string {
	named := map[string]bool{}
	for _, item := range w.Items {
		named[item.Handle] = true
	}
	for _, relation := range w.Relations {
		named[relation.From], named[relation.To] = true, true
	}
	return slices.Sorted(maps.Keys(named))
}

// Touched are the items that are written, or whose relations are.
func (p Plan) Touched() []string {
	touched := map[string]bool{}
	for _, item := range p.Items {
		touched[item.Handle] = true
	}
	for _, edge := range p.Edges {
		touched[edge.From], touched[edge.To] = true, true
	}
	return slices.Sorted(maps.Keys(touched))
}
