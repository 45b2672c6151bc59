// Package policyfile reads policy documents from YAML and checks them: their structure, what they mean, their CEL
// expressions, their time zones and holidays. It also evaluates them and carries the documents every installation starts
// with. The same code runs when a document is written, when it is tested and when it decides.
package policyfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Bounds of what is read. Those of keys and blank lines are there because the YAML parser's time grows with their square: a
// file at all bounds takes about a second.
const (
	MaxFileBytes  = 128 << 10
	MaxSpecBytes  = 256 << 10
	MaxDepth      = 24 // nested lists and mappings
	maxKeys       = 5000
	maxBlankLines = 200 // in a row; a line that ends in CR LF counts twice
)

// Tree is one YAML document with the lines its values stand on.
type Tree struct {
	File string
	Line int
	// Kind is the text under the key kind.
	Kind  string
	value map[string]any
	lines map[string]int
}

// ReadTrees reads every document of a file; empty ones are left out. Errors name file and line.
func ReadTrees(path string) ([]Tree, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading policies: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return ParseTrees(path, content)
}

// At gives "file:line" of a path such as "spec.weekly.mon[0]", or of the nearest value around it.
func (t Tree) At(path string) string { return fmt.Sprintf("%s:%d", t.File, t.LineOf(path)) }

// LineOf gives the line of a path, or of the nearest value around it.
func (t Tree) LineOf(path string) int {
	for {
		if line, found := t.lines[path]; found {
			return line
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return t.Line
		}
		path = path[:cut]
	}
}

// Errorf makes an error that names the line of a path: a Fault.
func (t Tree) Errorf(path, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + ": " + text
	}
	return &Fault{File: t.File, Line: t.LineOf(path), Message: text}
}

// Decode fills a struct with the document; keys that it does not know and values of another type are errors.
func (t Tree) Decode(into any) error { return t.DecodeAt("", t.value, into) }

// DecodeAt is Decode for a part of the document, so that its errors name the part's lines.
func (t Tree) DecodeAt(path string, value, into any) error {
	if problems := fit(path, value, into); len(problems) > 0 {
		return t.located(problems)
	}
	content, err := json.Marshal(value)
	if err != nil {
		return t.Errorf(path, "cannot be read: %v", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber() // what stays untyped is read once more
	if err := decoder.Decode(into); err != nil {
		return t.Errorf(path, "cannot be read: %v", err)
	}
	return nil
}

// located makes one error of problems, a line each.
func (t Tree) located(problems []policy.Problem) error {
	list := make([]error, len(problems))
	for i, problem := range problems {
		list[i] = t.Errorf(problem.Path, "%s", problem.Message)
	}
	return errors.Join(list...)
}

// file is what a policy document looks like in a file.
type file struct {
	Kind string         `json:"kind"`
	Name string         `json:"name"`
	Spec map[string]any `json:"spec"`
}

// Document makes the policy document of a tree. Everything wrong with it is in the error, each with its line.
func (t Tree) Document() (policy.Document, error) {
	var read file
	if err := t.Decode(&read); err != nil {
		return policy.Document{}, err
	}
	spec, err := json.Marshal(read.Spec)
	if err != nil {
		return policy.Document{}, t.Errorf("spec", "cannot be read: %v", err)
	}
	document := policy.Document{Kind: read.Kind, Name: read.Name, Spec: spec}
	var problems []policy.Problem
	if !policy.ValidName(read.Name) {
		problems = append(problems, policy.Problem{Path: "name", Message: "takes 1 to 100 lower-case letters, digits, dots, underscores and hyphens"})
	}
	if problems = append(problems, Check(document)...); len(problems) > 0 {
		return document, t.located(problems)
	}
	return document, nil
}

// unique notes where a document stands and refuses the second one of its name.
func (t Tree) unique(seen map[string]string, document policy.Document) error {
	key := document.Kind + "/" + document.Name
	if before, twice := seen[key]; twice {
		return t.Errorf("name", "%s stands at %s already", key, before)
	}
	seen[key] = t.At("")
	return nil
}
