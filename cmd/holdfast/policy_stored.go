package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policytext"
)

type getCommand struct {
	Kind    string `arg:"" optional:"" help:"Such as Calendar; left out: every kind."`
	Name    string `arg:"" optional:"" help:"Left out: all of the kind."`
	Version int    `name:"revision" short:"r" placeholder:"N" help:"This version; left out: the newest."`
	History bool   `help:"With a name: list every version."`
}

// Run lists documents, or prints one so that it can be applied again.
func (c *getCommand) Run(ctx context.Context, s *session) error {
	if c.Name == "" && (c.Version != 0 || c.History) {
		return misusef("--revision and --history need a kind and a name")
	}
	if c.Name == "" {
		return s.policies(s.service.Policies(ctx, c.Kind))
	}
	if c.History {
		return s.policies(s.service.PolicyVersions(ctx, c.Kind, c.Name))
	}
	document, err := s.service.Policy(ctx, c.Kind, c.Name, c.Version)
	if err != nil {
		return err
	}
	return s.show(view{data: document, table: policyTable([]policy.Document{document}), text: func(p *printer) error {
		text, err := policytext.Source(document)
		if err != nil {
			return err
		}
		return p.verbatim(text)
	}})
}

// verbatim prints text as it is, but for what a terminal would obey.
func (p *printer) verbatim(text string) error {
	_, err := fmt.Fprint(p.out, safe(text))
	return err
}

func (s *session) policies(list []policy.Document, err error) error {
	if err != nil {
		return err
	}
	return s.show(view{data: list, table: policyTable(list)})
}

func policyTable(list []policy.Document) table {
	t := table{titles: []string{"DOCUMENT", "VERSION", "AUTHOR", "CREATED", "REASON"}, empty: "No documents."}
	for _, document := range list {
		t.rows = append(t.rows, []any{document.Kind + "/" + document.Name, document.Version, document.Author, document.CreatedAt, document.Reason})
	}
	return t
}

type exportCommand struct {
	Folder string `arg:"" type:"path" help:"Where to write them, one file per document below a folder per kind."`
	Kind   string `help:"Of this kind only."`
}

// Run writes the newest version of every document. Files of documents are replaced, others left alone.
func (c *exportCommand) Run(ctx context.Context, s *session) error {
	list, err := s.service.Policies(ctx, c.Kind)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Folder, 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	root, err := os.OpenRoot(c.Folder)
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	defer root.Close()
	for _, document := range list {
		text, err := policytext.Source(document)
		if err != nil {
			return err
		}
		name := filepath.Join(document.Kind, document.Name+".yaml")
		if err := root.MkdirAll(document.Kind, 0o755); err != nil {
			return fmt.Errorf("making the folder of a kind: %w", err)
		}
		if err := root.WriteFile(name, []byte(text), 0o644); err != nil {
			return fmt.Errorf("writing a document: %w", err)
		}
	}
	return s.show(view{data: list, table: policyTable(list)})
}
