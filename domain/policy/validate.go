package policy

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
)

// Bounds of a document's content; they keep a decision that reads it short.
const (
	MaxLevels  = 10
	MaxRules   = 500
	MaxMembers = 1000
	MaxTerms   = 500
	MaxWords   = 200 // bytes of a title, a name or a tag
	MaxTags    = 50
)

// The priorities there are; 1 is the highest.
const (
	HighestPriority = 1
	LowestPriority  = 5
)

// How a service pages for a priority.
const (
	PageAlways       = "always"
	PageSupportHours = "support_hours"
	PageNever        = "never"
)

// NamePattern is what the name of a document, a team, a person or a service looks like, as a regular expression.
const NamePattern = `^[a-z0-9][a-z0-9._-]{0,99}$`

var (
	names       = regexp.MustCompile(NamePattern)
	identifiers = regexp.MustCompile(`^[a-z][a-z0-9_]{0,59}$`)
)

// ValidName reports whether text can name a document, a team, a person or a service: 1 to 100 lower-case letters, digits,
// dots, underscores and hyphens.
func ValidName(text string) bool { return names.MatchString(text) }

// findings collects the problems of one spec.
type findings struct{ list []Problem }

func (f *findings) add(path, format string, args ...any) {
	f.list = append(f.list, Problem{Path: "spec." + path, Message: fmt.Sprintf(format, args...)})
}

func (f *findings) words(path, text string) {
	if text == "" || len(text) > MaxWords {
		f.add(path, "takes 1 to %d bytes, has %d", MaxWords, len(text))
	}
}

func (f *findings) name(path, text string) {
	if !ValidName(text) {
		f.add(path, "%q is not a name of lower-case letters, digits, dots, underscores and hyphens", text)
	}
}

// reference checks a name that may be left out.
func (f *findings) reference(path, text string) {
	if text != "" {
		f.name(path, text)
	}
}

func (f *findings) count(path string, have, least, most int) {
	if have < least || have > most {
		f.add(path, "takes %d to %d entries, has %d", least, most, have)
	}
}

// once notes a value that stands a second time in a list.
func (f *findings) once(seen map[string]bool, path, text string) {
	if seen[text] {
		f.add(path, "%q stands here a second time", text)
	}
	seen[text] = true
}

// Validate answers what is wrong with the matrix: every level needs a priority with every other.
func (m PriorityMatrix) Validate() []Problem {
	f := &findings{}
	f.count("levels", len(m.Levels), 1, MaxLevels)
	seen := map[string]bool{}
	for i, level := range m.Levels {
		path := fmt.Sprintf("levels[%d]", i)
		f.identifier(path, level)
		f.once(seen, path, level)
	}
	for _, impact := range m.Levels {
		row, found := m.Priorities[impact]
		if !found {
			f.add("priorities", "has no row for the impact %q", impact)
			continue
		}
		for _, urgency := range m.Levels {
			priority, found := row[urgency]
			switch {
			case !found:
				f.add("priorities."+impact, "has no priority for the urgency %q", urgency)
			case priority < HighestPriority || priority > LowestPriority:
				f.add("priorities."+impact+"."+urgency, "%d is not a priority from %d to %d", priority, HighestPriority, LowestPriority)
			}
		}
		for _, urgency := range keys(row) {
			if !seen[urgency] {
				f.add("priorities."+impact+"."+urgency, "is not one of the levels")
			}
		}
	}
	for _, impact := range keys(m.Priorities) {
		if !seen[impact] {
			f.add("priorities."+impact, "is not one of the levels")
		}
	}
	return f.list
}

func (f *findings) identifier(path, text string) {
	if !identifiers.MatchString(text) {
		f.add(path, "%q is not a word of lower-case letters, digits and underscores", text)
	}
}

// Validate answers what is wrong with the rules, but for their expressions, which need an Evaluator's language.
func (a AssignmentRules) Validate() []Problem {
	f := &findings{}
	f.identifier("practice", a.Practice)
	f.count("rules", len(a.Rules), 1, MaxRules)
	seen := map[string]bool{}
	for i, rule := range a.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		f.words(path+".name", rule.Name)
		f.once(seen, path+".name", rule.Name)
		if rule.When == "" {
			f.add(path+".when", "needs an expression; true matches every record")
		}
		if rule.Set.Team == "" && rule.Set.Category == "" && len(rule.Set.Tags) == 0 {
			f.add(path+".set", "sets nothing")
		}
		f.reference(path+".set.team", rule.Set.Team)
		if rule.Set.Category != "" {
			f.words(path+".set.category", rule.Set.Category)
		}
		f.count(path+".set.tags", len(rule.Set.Tags), 0, MaxTags)
		tags := map[string]bool{}
		for j, tag := range rule.Set.Tags {
			at := fmt.Sprintf("%s.set.tags[%d]", path, j)
			f.words(at, tag)
			f.once(tags, at, tag)
		}
	}
	return f.list
}

// Validate answers what is wrong with the team.
func (t Team) Validate() []Problem {
	f := &findings{}
	f.words("title", t.Title)
	f.reference("lead", t.Lead)
	f.reference("calendar", t.Calendar)
	f.reference("escalation", t.Escalation)
	f.count("members", len(t.Members), 0, MaxMembers)
	seen := map[string]bool{}
	for i, member := range t.Members {
		path := fmt.Sprintf("members[%d]", i)
		f.name(path, member)
		f.once(seen, path, member)
	}
	return f.list
}

// Validate answers what is wrong with the service.
func (s ServicePolicy) Validate() []Problem {
	f := &findings{}
	f.words("title", s.Title)
	f.reference("owner", s.Owner)
	if s.Criticality != "" {
		f.identifier("criticality", s.Criticality)
	}
	f.reference("support.team", s.Support.Team)
	f.reference("support.calendar", s.Support.Calendar)
	f.reference("support.escalation", s.Support.Escalation)
	for _, priority := range keys(s.Paging) {
		if len(priority) != 1 || priority < "1" || priority > "5" {
			f.add("paging."+priority, "is not a priority from %d to %d", HighestPriority, LowestPriority)
		}
		if !slices.Contains([]string{PageAlways, PageSupportHours, PageNever}, s.Paging[priority]) {
			f.add("paging."+priority, "%q is not one of %s, %s, %s", s.Paging[priority], PageAlways, PageSupportHours, PageNever)
		}
	}
	return f.list
}

// Validate answers what is wrong with the vocabulary. Which bases there are is the affair of the practice that reads it.
func (v Vocabulary) Validate() []Problem {
	f := &findings{}
	f.count("terms", len(v.Terms), 1, MaxTerms)
	seen := map[string]bool{}
	for i, term := range v.Terms {
		path := fmt.Sprintf("terms[%d]", i)
		f.identifier(path+".id", term.ID)
		f.once(seen, path+".id", term.ID)
		f.words(path+".title", term.Title)
		if term.Base != "" {
			f.identifier(path+".base", term.Base)
		}
	}
	return f.list
}

// keys lists a map's keys in order.
func keys[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for key := range m {
		list = append(list, key)
	}
	sort.Strings(list)
	return list
}
