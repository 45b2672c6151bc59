package policytest

import (
	"context"
	"fmt"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// The names of the two texts of RunInPlace in the faults that it finds.
const (
	DraftText = "document"
	TestText  = "tests"
)

// Outcome is what became of one case.
type Outcome struct {
	// Test is the name of its PolicyTest, Name its own, or its place where it has none.
	Test, Name string
	// Line is where it stands in the text of the tests.
	Line int
	// Difference says how what was got differs from what was expected; empty where it does not.
	Difference string
}

// RunInPlace runs the tests of a text against drafts, a text of documents that are not stored yet, and against what is
// stored: beside the tests comes first, then the drafts, then the stored. It reads no files: those that tests name are passed
// over, because what they hold is stored. The error holds every fault of the two texts, to be read with policyfile.Faults.
func RunInPlace(ctx context.Context, tests, drafts string, stored []policy.Document) ([]Outcome, error) {
	beneath := newDocuments(nil)
	for _, document := range stored {
		if err := beneath.take(document); err != nil {
			return nil, fmt.Errorf("reading the stored %s/%s: %w", document.Kind, document.Name, err)
		}
	}
	trees, err := policyfile.ParseTrees(DraftText, []byte(drafts))
	if err != nil {
		return nil, err
	}
	known := newDocuments(&policyfile.Evaluator{})
	if _, err := suitesOf(trees, known, passOver); err != nil {
		return nil, err
	}
	known.over(beneath)
	beside := newDocuments(known.evaluator)
	if trees, err = policyfile.ParseTrees(TestText, []byte(tests)); err != nil {
		return nil, err
	}
	suites, err := suitesOf(trees, beside, passOver)
	if err != nil {
		return nil, err
	}
	if len(suites) == 0 {
		return nil, &policyfile.Fault{File: TestText, Line: 1, Message: "there is no document of the kind " + KindTest}
	}
	beside.over(known)
	var outcomes []Outcome
	for _, suite := range suites {
		for i, test := range suite.cases {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("running policy tests: %w", err)
			}
			outcomes = append(outcomes, Outcome{
				Test: suite.name, Name: test.title(i), Line: suite.tree.LineOf(fmt.Sprintf("cases[%d]", i)), Difference: suite.check(test),
			})
		}
	}
	return outcomes, nil
}

func passOver(string) error { return nil }

// over adds the documents that are not there yet from others.
func (d *documents) over(others *documents) {
	fill(d.calendars, others.calendars)
	fill(d.matrices, others.matrices)
	fill(d.rules, others.rules)
	fill(d.schedules, others.schedules)
	fill(d.services, others.services)
	fill(d.teams, others.teams)
	fill(d.agreements, others.agreements)
	fill(d.approvals, others.approvals)
	fill(d.follow, others.follow)
	fill(d.models, others.models)
	fill(d.freezes, others.freezes)
}

func fill[T any](into, from map[string]T) {
	for name, document := range from {
		if _, there := into[name]; !there {
			into[name] = document
		}
	}
}
