// Package policy holds what an organisation decides, as versioned documents. A record stamps the versions it opened under;
// a later version reaches it only by a logged command.
package policy

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// The kinds of documents there are.
const (
	KindCalendar        = "Calendar"
	KindPriorityMatrix  = "PriorityMatrix"
	KindAssignmentRules = "AssignmentRules"
	KindTeam            = "Team"
	KindServicePolicy   = "ServicePolicy"
	KindVocabulary      = "Vocabulary"
	KindSLA             = "SLA"
)

// Document is one version of a document, immutable once stored.
type Document struct {
	Kind      string          `json:"kind"`
	Name      string          `json:"name"`
	Version   int             `json:"version,omitempty"`
	Spec      json.RawMessage `json:"spec"`
	Author    string          `json:"author,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	CreatedAt time.Time       `json:"created_at,omitzero"`
	// ApprovedBy is the second person who approved a version that needed one.
	ApprovedBy string `json:"approved_by,omitempty"`
	// Proposal is where an edit waits for a second person; the version is the one that stays in force meanwhile, 0 where there is none.
	Proposal string `json:"proposal,omitempty"`
}

// Problem is one thing wrong with a document, at a path such as "spec.weekly.mon[0]".
type Problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// PriorityMatrix gives a priority for each impact and urgency.
type PriorityMatrix struct {
	Levels []string `json:"levels"`
	// Priorities by impact, then urgency; 1 is the highest.
	Priorities map[string]map[string]int `json:"priorities"`
}

// Priority looks up the priority of an impact and an urgency.
func (m PriorityMatrix) Priority(impact, urgency string) (int, error) {
	row, known := m.Priorities[impact]
	if !known {
		return 0, fmt.Errorf("%q is not a level of impact", impact)
	}
	priority, known := row[urgency]
	if !known {
		return 0, fmt.Errorf("%q is not a level of urgency", urgency)
	}
	return priority, nil
}

// AssignmentRules route new records; the first rule that matches wins.
type AssignmentRules struct {
	Practice string           `json:"practice"`
	Rules    []AssignmentRule `json:"rules"`
}

// AssignmentRule is one condition (CEL over `record`) and what it sets.
type AssignmentRule struct {
	Name string        `json:"name"`
	When string        `json:"when"`
	Set  AssignmentSet `json:"set"`
}

// AssignmentSet is what a rule sets; empty fields are left alone.
type AssignmentSet struct {
	Team     string   `json:"team,omitempty"`
	Category string   `json:"category,omitempty"`
	Tags     []string `json:"tags,omitempty"`
}

// Assignment is what the rules say of one record, and which rule said it.
type Assignment struct {
	Rule     string   `json:"rule"`
	Team     string   `json:"team,omitempty"`
	Category string   `json:"category,omitempty"`
	Tags     []string `json:"tags,omitempty"`
	// Fault says which rules could not be evaluated and were passed over.
	Fault string `json:"fault,omitempty"`
}

// Evaluator evaluates the expressions of documents; it lives outside the domain because it needs a library.
type Evaluator interface {
	// AssignmentFor finds the first rule that matches a record; the zero Assignment when none does. The error names rules that
	// could not be evaluated and were passed over.
	AssignmentFor(rules AssignmentRules, record map[string]any) (Assignment, error)
}

// Team is a group of people who own work.
type Team struct {
	Title      string   `json:"title"`
	Lead       string   `json:"lead,omitempty"`
	Members    []string `json:"members"`
	Calendar   string   `json:"calendar,omitempty"`
	Escalation string   `json:"escalation,omitempty"`
}

// ServicePolicy says what a service is and how it is supported.
type ServicePolicy struct {
	Title       string  `json:"title"`
	Owner       string  `json:"owner,omitempty"`
	Criticality string  `json:"criticality,omitempty"`
	Support     Support `json:"support"`
	// Paging says for each priority, "1" to "5", whether its support is called. One that is left out follows DefaultPaging.
	Paging map[string]string `json:"paging,omitempty"`
}

// DefaultPaging says how a service pages for the priorities of which its document says nothing; never for those left out.
var DefaultPaging = map[int]string{1: PageAlways, 2: PageSupportHours}

// PagesFor says how the service pages for a priority: PageAlways, PageSupportHours or PageNever.
func (s ServicePolicy) PagesFor(priority int) string {
	for _, said := range []string{s.Paging[strconv.Itoa(priority)], DefaultPaging[priority]} {
		if said != "" {
			return said
		}
	}
	return PageNever
}

// Support says which team supports a service, and when.
type Support struct {
	Team     string `json:"team,omitempty"`
	Calendar string `json:"calendar,omitempty"`
	// Escalation names the EscalationPolicy by which the service pages; left out: that of the team.
	Escalation string `json:"escalation,omitempty"`
}

// Vocabulary is a list of terms that records may use.
type Vocabulary struct {
	Terms []Term `json:"terms"`
}

// Term is one word of a vocabulary; Base names the built-in one whose rules apply.
type Term struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Base  string `json:"base,omitempty"`
}

// Has reports whether the vocabulary has a term.
func (v Vocabulary) Has(id string) bool {
	_, known := v.find(id)
	return known
}

// Base gives the built-in term whose rules apply to a term: its base, or itself.
func (v Vocabulary) Base(id string) (string, bool) {
	term, known := v.find(id)
	if known && term.Base != "" {
		return term.Base, true
	}
	return id, known
}

func (v Vocabulary) find(id string) (Term, bool) {
	for _, term := range v.Terms {
		if term.ID == id {
			return term, true
		}
	}
	return Term{}, false
}
