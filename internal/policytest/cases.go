package policytest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// file is what a PolicyTest document looks like.
type file struct {
	Kind      string           `json:"kind"`
	Name      string           `json:"name"`
	Documents []string         `json:"documents,omitempty"`
	Cases     []map[string]any `json:"cases"`
}

// testCase is one subject and what is expected of it.
type testCase struct {
	Name    string
	subject subject
	expect  expectation
}

// title is what a case is called, by its place where it has no name.
func (c testCase) title(place int) string {
	if c.Name == "" {
		return fmt.Sprintf("case %d", place+1)
	}
	return c.Name
}

// subject is what a case is about. run answers by the names that expect uses.
type subject interface {
	run(*documents) (answer, error)
}

// subjects make an empty subject for each word a case can have.
var subjects = map[string]func() subject{
	"calendar":   func() subject { return &calendarSubject{} },
	"priority":   func() subject { return &prioritySubject{} },
	"assignment": func() subject { return &assignmentSubject{} },
	"clock":      func() subject { return &clockSubject{} },
	"cron":       func() subject { return &cronSubject{} },
	"on_call":    func() subject { return &onCallSubject{} },
	"handoffs":   func() subject { return &handoffsSubject{} },
	"approval":   func() subject { return &approvalSubject{} },
	"automation": func() subject { return &automationSubject{} },
	"freeze":     func() subject { return &freezeSubject{} },
	"risk":       func() subject { return &riskSubject{} },
	"paging":     func() subject { return &pagingSubject{} },
}

// read reads the cases: each has one subject, an expectation and perhaps a name.
func (f file) read(tree policyfile.Tree) ([]testCase, error) {
	if len(f.Cases) == 0 {
		return nil, tree.Errorf("cases", "there are none")
	}
	cases := make([]testCase, len(f.Cases))
	var wrong []error
	for i, raw := range f.Cases {
		at := fmt.Sprintf("cases[%d]", i)
		word, err := wordOf(tree, at, raw)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		cases[i].subject = subjects[word]()
		if err := tree.DecodeAt(at+"."+word, raw[word], cases[i].subject); err != nil {
			wrong = append(wrong, err)
			continue
		}
		if err := tree.DecodeAt(at+".expect", raw["expect"], &cases[i].expect); err != nil {
			wrong = append(wrong, err)
			continue
		}
		if cases[i].expect.empty() {
			wrong = append(wrong, tree.Errorf(at+".expect", "expects nothing"))
		}
		if name, given := raw["name"]; given {
			wrong = append(wrong, tree.DecodeAt(at+".name", name, &cases[i].Name))
		}
	}
	return cases, errors.Join(wrong...)
}

// wordOf finds the one subject of a case.
func wordOf(tree policyfile.Tree, at string, raw map[string]any) (string, error) {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		switch _, known := subjects[key]; {
		case known:
			words = append(words, key)
		case key != "name" && key != "expect":
			return "", tree.Errorf(at+"."+key, "unknown subject %q; there are %s", key, strings.Join(slices.Sorted(maps.Keys(subjects)), ", "))
		}
	}
	if len(words) != 1 {
		return "", tree.Errorf(at, "a case has exactly one subject, this one has %d", len(words))
	}
	if _, given := raw["expect"]; !given {
		return "", tree.Errorf(at, "a case needs expect")
	}
	return words[0], nil
}
