package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/internal/policytest"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
)

type policyCommands struct {
	Lint policyLint `cmd:"" help:"Check documents alone."`
	Test policyTest `cmd:"" help:"Run policy tests; exit 1 where a case fails, 2 where a file cannot be read."`

	Proposals proposalList     `cmd:"" help:"List the edits that wait for a second person."`
	Proposal  proposalShow     `cmd:"" help:"Show what such an edit changes, and for whom it waits."`
	Approve   proposalApprove  `cmd:"" help:"As a second person: approve exactly what such an edit says, which stores it."`
	Reject    proposalReject   `cmd:"" help:"As a second person: reject such an edit."`
	Withdraw  proposalWithdraw `cmd:"" help:"End such an edit of your own."`
}

// policyFiles are files of documents, or folders of them.
type policyFiles struct {
	Files []string `arg:"" name:"file" type:"existingpath" help:"YAML files, or folders of them."`
}

type policyLint struct{ policyFiles }

// Run checks documents. It asks no server.
func (c *policyLint) Run(s *session) error {
	paths, err := yamlFiles(c.Files)
	if err != nil {
		return err
	}
	return judged(policyfile.Lint(s.out, paths))
}

type policyTest struct{ policyFiles }

// Run runs tests. It asks no server. In folders it passes over files without tests, such as the documents that are tested;
// a file that was named is always run.
func (c *policyTest) Run(s *session) error {
	paths := []string{}
	for _, named := range c.Files {
		files, err := yamlFiles([]string{named})
		if err != nil {
			return err
		}
		for _, file := range files {
			if file == named || mayHoldTests(file) {
				paths = append(paths, file)
			}
		}
	}
	if len(paths) == 0 {
		return misusef("no file holds a PolicyTest")
	}
	return judged(policytest.Run(s.out, paths))
}

// mayHoldTests is true also for a file that cannot be read, which its run then tells.
func mayHoldTests(file string) bool {
	trees, err := policyfile.ReadTrees(file)
	return err != nil || slices.ContainsFunc(trees, func(tree policyfile.Tree) bool { return tree.Kind == policytest.KindTest })
}

// judged gives the exit code of a check whose findings were written: 2 where something could not be read.
func judged(failed bool, err error) error {
	switch {
	case err != nil:
		return silent{exitUsage}
	case failed:
		return errTold
	}
	return nil
}

// yamlFiles puts the YAML files of folders in the folders' places, in their order.
func yamlFiles(paths []string) ([]string, error) {
	files := []string{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, misuse{err}
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		err = filepath.WalkDir(path, func(name string, entry os.DirEntry, err error) error {
			if extension := filepath.Ext(name); err == nil && !entry.IsDir() && (extension == ".yaml" || extension == ".yml") {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("reading a folder of documents: %w", err)
		}
	}
	if len(files) == 0 {
		return nil, misusef("there is no YAML file")
	}
	return files, nil
}

// placed is a document with where it stands.
type placed struct {
	policy.Document
	tree policyfile.Tree
}

// documents reads the documents of files, all right or none; tests among them are left out.
func documents(paths []string) ([]placed, error) {
	files, err := yamlFiles(paths)
	if err != nil {
		return nil, err
	}
	list, wrong := []placed{}, []error{}
	for _, file := range files {
		trees, err := policyfile.ReadTrees(file)
		if err != nil {
			wrong = append(wrong, err)
		}
		for _, tree := range trees {
			if tree.Kind == policytest.KindTest {
				continue
			}
			document, err := tree.Document()
			if err != nil {
				wrong = append(wrong, err)
				continue
			}
			list = append(list, placed{Document: document, tree: tree})
		}
	}
	return list, errors.Join(wrong...)
}

type applyCommand struct {
	policyFiles
	Reason string `short:"r" placeholder:"TEXT" help:"Why, kept with the versions."`
	DryRun bool   `help:"Say what would be stored, and store nothing."`
}

// applied is what became of one document.
type applied struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Version int    `json:"version"`
	Outcome string `json:"outcome"` // created, changed, unchanged, proposed
	// Proposal is where it waits for a second person; Version stays in force until then.
	Proposal string `json:"proposal,omitempty"`
}

// Run stores documents in their order and ends at the first that is refused.
func (c *applyCommand) Run(ctx context.Context, s *session) error {
	list, err := documents(c.Files)
	if err != nil {
		return err
	}
	results := []applied{}
	t := table{titles: []string{"DOCUMENT", "VERSION", "OUTCOME"}, empty: "No documents."}
	for _, document := range list {
		result, refusal := s.apply(ctx, document, c.Reason, c.DryRun)
		if refusal != nil {
			err = refusal
			break
		}
		results = append(results, result)
		t.rows = append(t.rows, []any{result.Kind + "/" + result.Name, result.Version, result.Outcome})
	}
	if len(results) == 0 && err != nil {
		return err
	}
	shown := s.show(view{data: results, table: t})
	if slices.ContainsFunc(results, func(one applied) bool { return one.Proposal != "" }) {
		fmt.Fprintln(s.err, "What is proposed waits for a second person: holdfast policy proposals")
	}
	return errors.Join(shown, err)
}

func (s *session) apply(ctx context.Context, document placed, reason string, dry bool) (applied, error) {
	result := applied{Kind: document.Kind, Name: document.Name, Outcome: "changed"}
	before, err := s.service.Policy(ctx, document.Kind, document.Name, 0)
	switch {
	case err != nil && domain.CodeOf(err) == domain.CodeNotFound:
		result.Outcome = "created"
	case err != nil:
		return result, err
	case same(before.Spec, document.Spec):
		result.Version, result.Outcome = before.Version, "unchanged"
		return result, nil
	}
	if dry {
		result.Version = before.Version + 1
		problems, err := s.service.ValidatePolicy(ctx, document.Document)
		if err != nil {
			return result, err
		}
		fields := make([]domain.FieldError, len(problems))
		for i, problem := range problems {
			fields[i] = domain.FieldError{Location: "body." + problem.Path, Message: problem.Message}
		}
		return result, document.located(domain.Join(fields))
	}
	document.Reason = reason
	stored, err := s.service.ApplyPolicy(ctx, document.Document)
	if err != nil {
		return result, document.located(err)
	}
	result.Version = stored.Version
	if stored.Proposal != "" {
		result.Outcome, result.Proposal = "proposed", stored.Proposal
	}
	return result, nil
}

// located points the server's field errors at the file's lines.
func (d placed) located(err error) error {
	known := domain.AsError(err)
	if known == nil || len(known.Fields) == 0 {
		return err
	}
	told := *known
	told.Fields = nil
	for _, field := range known.Fields {
		if path, inside := strings.CutPrefix(field.Location, "body."); inside {
			field.Location = d.tree.At(path) + ": " + path
		}
		told.Fields = append(told.Fields, field)
	}
	return &told
}

// same reports whether two specs say the same, however they are written.
func same(a, b json.RawMessage) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return bytes.Equal(a, b)
	}
	left, errLeft := json.Marshal(x)
	right, errRight := json.Marshal(y)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}

type diffCommand struct{ policyFiles }

// Run prints how each document differs from the stored newest version.
func (c *diffCommand) Run(ctx context.Context, s *session) error {
	list, err := documents(c.Files)
	if err != nil {
		return err
	}
	differs := false
	for _, document := range list {
		stored, err := s.service.Policy(ctx, document.Kind, document.Name, 0)
		if err != nil && domain.CodeOf(err) != domain.CodeNotFound {
			return err
		}
		before := ""
		if err == nil {
			if before, err = policytext.Source(stored); err != nil {
				return err
			}
		}
		after, err := policytext.Source(document.Document)
		if err != nil {
			return err
		}
		name := document.Kind + "/" + document.Name
		text := policytext.Unified(fmt.Sprintf("%s version %d", name, stored.Version), name+" "+document.tree.At(""), before, after)
		differs = differs || text != ""
		if err := s.patch(text); err != nil {
			return err
		}
	}
	if differs {
		return errTold
	}
	return nil
}

// patch prints a comparison, coloured on a terminal.
func (p *printer) patch(text string) error {
	for _, line := range policytext.Lines(text) {
		colour := ""
		switch {
		case strings.HasPrefix(line, "+"):
			colour = "\x1b[32m"
		case strings.HasPrefix(line, "-"):
			colour = red
		case strings.HasPrefix(line, "@@"):
			colour = bold
		}
		if err := p.line("%s", p.paint(colour, safe(line))); err != nil {
			return err
		}
	}
	return nil
}
