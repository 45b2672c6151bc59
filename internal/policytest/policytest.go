// Package policytest runs the tests that users write for their policy documents. It evaluates the code that runs in
// production and needs no server, database or engine.
package policytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/domain/sla"
	"github.com/holdfast-itsm/holdfast/domain/window"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// KindTest is the kind of a document that holds tests.
const KindTest = policyfile.KindTest

// Run runs the tests of files. It writes each failing case with what it expected and what it got, one line per file, and a
// closing line "N passed, N failed". failed tells of cases that fail; err of files that could not be read or understood,
// whose names and faults are written too.
func Run(w io.Writer, paths []string) (failed bool, err error) {
	var passed, lost int
	var unreadable []error
	out := &printer{w: w}
	evaluator := &policyfile.Evaluator{}
	for _, path := range paths {
		suites, readErr := read(path, evaluator)
		if readErr != nil {
			unreadable = append(unreadable, readErr)
			out.printf("%v\n%s: cannot be read\n", readErr, path)
			continue
		}
		results := results{}
		for _, suite := range suites {
			suite.run(out, &results)
		}
		out.printf("%s: %d passed, %d failed\n", path, results.passed, results.failed)
		passed, lost = passed+results.passed, lost+results.failed
	}
	out.printf("%d passed, %d failed\n", passed, lost)
	if out.err != nil {
		return true, fmt.Errorf("writing the results: %w", out.err)
	}
	return lost > 0, errors.Join(unreadable...)
}

// printer keeps the first error of its writer.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

type results struct{ passed, failed int }

// suite is one PolicyTest document with the policies it may name.
type suite struct {
	tree      policyfile.Tree
	name      string
	cases     []testCase
	documents *documents
}

func (s *suite) run(out *printer, results *results) {
	for i, test := range s.cases {
		difference := s.check(test)
		if difference == "" {
			results.passed++
			continue
		}
		results.failed++
		out.printf("FAIL %s: %s: %s: %s\n", s.tree.At(fmt.Sprintf("cases[%d]", i)), s.name, test.title(i), difference)
	}
}

// check runs a case and says how it differs from what was expected; empty when it does not.
func (s *suite) check(test testCase) string {
	got, err := test.subject.run(s.documents)
	if err != nil {
		return fmt.Sprintf("expected %s, got the error: %v", test.expect.text(), err)
	}
	return test.expect.differs(got)
}

// Kinds are the kinds of documents that cases can ask.
var Kinds = []string{
	policy.KindApprovalPolicy, policy.KindAssignmentRules, policy.KindCalendar, policy.KindChangeModel, policy.KindFreezeWindow, policy.KindOnCallSchedule, policy.KindPriorityMatrix,
	policy.KindSLA, policy.KindServicePolicy, policy.KindTeam,
}

// documents are the policies that cases name, by kind and name.
type documents struct {
	evaluator  *policyfile.Evaluator
	calendars  map[string]*calendar.Calendar
	matrices   map[string]policy.PriorityMatrix
	rules      map[string]policy.AssignmentRules
	agreements map[string]sla.Agreement
	schedules  map[string]*oncall.Schedule
	approvals  map[string]approval.Policy
	models     map[string]change.Model
	freezes    map[string]window.Spec
	services   map[string]policy.ServicePolicy
	teams      map[string]policy.Team
	follow     map[string]automation.Rules
	origin     map[string]string
}

func newDocuments(evaluator *policyfile.Evaluator) *documents {
	return &documents{
		evaluator: evaluator, calendars: map[string]*calendar.Calendar{}, matrices: map[string]policy.PriorityMatrix{},
		rules: map[string]policy.AssignmentRules{}, agreements: map[string]sla.Agreement{}, origin: map[string]string{},
		schedules: map[string]*oncall.Schedule{}, approvals: map[string]approval.Policy{}, services: map[string]policy.ServicePolicy{},
		models: map[string]change.Model{}, freezes: map[string]window.Spec{},
		teams: map[string]policy.Team{}, follow: map[string]automation.Rules{},
	}
}

func (d *documents) add(tree policyfile.Tree) error {
	document, err := tree.Document()
	if err != nil {
		return err
	}
	key := document.Kind + "/" + document.Name
	if before, twice := d.origin[key]; twice {
		return tree.Errorf("name", "%s stands at %s already", key, before)
	}
	d.origin[key] = tree.At("")
	if err := d.take(document); err != nil {
		return tree.Errorf("spec", "%v", err)
	}
	return nil
}

// take makes a document ready to be asked, where cases can ask its kind.
func (d *documents) take(document policy.Document) (err error) {
	switch document.Kind {
	case policy.KindCalendar:
		var spec calendar.Spec
		if err := json.Unmarshal(document.Spec, &spec); err != nil {
			return err
		}
		d.calendars[document.Name], err = policyfile.CompileCalendar(spec)
	case policy.KindPriorityMatrix:
		err = decode(document, d.matrices)
	case policy.KindAssignmentRules:
		err = decode(document, d.rules)
	case policy.KindSLA:
		err = decode(document, d.agreements)
	case policy.KindApprovalPolicy:
		err = decode(document, d.approvals)
	case policy.KindChangeModel:
		err = decode(document, d.models)
	case policy.KindFreezeWindow:
		err = decode(document, d.freezes)
	case policy.KindOnCallSchedule:
		err = d.takeSchedule(document)
	case policy.KindServicePolicy:
		err = decode(document, d.services)
	case policy.KindTeam:
		err = decode(document, d.teams)
	case automation.Kind:
		err = decode(document, d.follow)
	}
	return err
}

func decode[T any](document policy.Document, into map[string]T) error {
	var spec T
	if err := json.Unmarshal(document.Spec, &spec); err != nil {
		return err
	}
	into[document.Name] = spec
	return nil
}

// find looks a document up and says which there are when it is missing.
func find[T any](kind string, among map[string]T, name string) (T, error) {
	found, known := among[name]
	if !known {
		return found, fmt.Errorf("there is no %s %q in this file or its documents", kind, name)
	}
	return found, nil
}

// read reads a file's tests, the policies beside them and those of the files they name.
func read(path string, evaluator *policyfile.Evaluator) ([]*suite, error) {
	trees, err := policyfile.ReadTrees(path)
	if err != nil {
		return nil, err
	}
	known, loaded := newDocuments(evaluator), map[string]bool{}
	suites, err := suitesOf(trees, known, func(name string) error {
		if loaded[name] {
			return nil
		}
		loaded[name] = true
		return known.load(path, name)
	})
	if err == nil && len(suites) == 0 {
		err = fmt.Errorf("%s: holds no %s", path, KindTest)
	}
	return suites, err
}

// suitesOf reads the tests among trees and adds the policies among them to those known; named is called for each file that
// the tests name.
func suitesOf(trees []policyfile.Tree, known *documents, named func(file string) error) ([]*suite, error) {
	var suites []*suite
	var wrong []error
	for _, tree := range trees {
		if tree.Kind != KindTest {
			wrong = append(wrong, known.add(tree))
			continue
		}
		var read file
		if err := tree.Decode(&read); err != nil {
			wrong = append(wrong, err)
			continue
		}
		for i, name := range read.Documents {
			if err := named(name); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", tree.At(fmt.Sprintf("documents[%d]", i)), err))
			}
		}
		cases, err := read.read(tree)
		wrong = append(wrong, err)
		suites = append(suites, &suite{tree: tree, name: read.Name, cases: cases, documents: known})
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return suites, nil
}

// load reads the policies of another file; its name is relative to the test's. Tests in it are not run.
func (d *documents) load(from, name string) error {
	trees, err := policyfile.ReadTrees(filepath.Join(filepath.Dir(from), filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	var wrong []error
	for _, tree := range trees {
		if tree.Kind != KindTest {
			wrong = append(wrong, d.add(tree))
		}
	}
	return errors.Join(wrong...)
}
