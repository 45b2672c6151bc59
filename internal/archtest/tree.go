package archtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Package is what `go list` tells of one package of the module.
type Package struct {
	ImportPath string
	Name       string
	Doc        string   // the synopsis of the package comment
	GoFiles    []string // without tests
	Imports    []string // of GoFiles
	Module     struct{ Path string }
}

// Source is one Go file of the checkout, the nested modules' files included.
type Source struct {
	Path   string // from the root, with slashes
	Lines  int
	Test   bool
	Syntax *ast.File
}

// Tree is a checkout as the rules see it.
type Tree struct {
	Packages []Package
	Sources  []Source
	files    *token.FileSet
}

// Load reads the module at root. Packages that do not compile are still listed: the compiler tells of those.
func Load(ctx context.Context, root string) (*Tree, error) {
	tree := &Tree{files: token.NewFileSet()}
	if err := tree.list(ctx, root); err != nil {
		return nil, err
	}
	return tree, tree.read(root)
}

func (t *Tree) list(ctx context.Context, root string) error {
	command := exec.CommandContext(ctx, "go", "list", "-e", "-json=ImportPath,Name,Doc,GoFiles,Imports,Module", "./...")
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK=off")
	var faults bytes.Buffer
	command.Stderr = &faults
	out, err := command.Output()
	if err != nil {
		return fmt.Errorf("listing the packages below %s: %w: %s", root, err, faults.String())
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var found Package
		err := decoder.Decode(&found)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the list of packages: %w", err)
		}
		t.Packages = append(t.Packages, found)
	}
}

func (t *Tree) read(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading the tree: %w", err)
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || filepath.Dir(path) == root && (name == "bin" || name == "data")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading the tree: %w", err)
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return fmt.Errorf("reading the tree: %w", err)
		}
		relative = filepath.ToSlash(relative)
		syntax, err := parser.ParseFile(t.files, relative, content, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parsing the tree: %w", err)
		}
		t.Sources = append(t.Sources, Source{
			Path:   relative,
			Lines:  bytes.Count(content, []byte("\n")),
			Test:   strings.HasSuffix(name, "_test.go"),
			Syntax: syntax,
		})
		return nil
	})
}
