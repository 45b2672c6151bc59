package policyfile

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

//go:embed defaults/*.yaml
var defaults embed.FS

// Defaults are the documents that every installation starts with; each can be replaced by applying one of its name.
func Defaults() ([]policy.Document, error) {
	names, err := fs.Glob(defaults, "defaults/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the default policies: %w", err)
	}
	var documents []policy.Document
	var wrong []error
	for _, name := range names {
		content, err := defaults.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the default policies: %w", err)
		}
		trees, err := ParseTrees(name, content)
		wrong = append(wrong, err)
		for _, tree := range trees {
			document, err := tree.Document()
			wrong = append(wrong, err)
			documents = append(documents, document)
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, fmt.Errorf("reading the default policies: %w", err)
	}
	return documents, nil
}
