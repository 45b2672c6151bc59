package policyfile

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/automation"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// KindTest is the kind of a YAML document that holds tests of policies; it is no policy and may stand beside them.
const KindTest = "PolicyTest"

// Lint checks the documents of files and writes a line for each problem and each warning, with its place, and one for each
// file that is right. failed tells of problems in documents; err of files that could not be read.
func Lint(w io.Writer, paths []string) (failed bool, err error) {
	for _, path := range paths {
		trees, readErr := ReadTrees(path)
		if readErr != nil {
			if _, writeErr := fmt.Fprintln(w, readErr); writeErr != nil {
				return true, fmt.Errorf("writing the findings: %w", writeErr)
			}
			err = readErr
			continue
		}
		text := lint(path, trees)
		failed = failed || text.problems > 0
		if _, writeErr := io.WriteString(w, text.String()); writeErr != nil {
			return true, fmt.Errorf("writing the findings: %w", writeErr)
		}
	}
	return failed, err
}

type findings struct {
	strings.Builder
	problems int
}

func lint(path string, trees []Tree) *findings {
	text := &findings{}
	seen, days := map[string]string{}, calendarsOf(trees)
	policies, follow := 0, rulesOf(trees)
	for _, tree := range trees {
		if tree.Kind == KindTest {
			continue
		}
		policies++
		document, err := tree.Document()
		if err == nil {
			err = tree.unique(seen, document)
		}
		if err != nil {
			text.problems++
			fmt.Fprintln(text, err)
			continue
		}
		warnings := warningsOf(document)
		warnings = append(warnings, changeWarnings(document, time.Now())...)
		if document.Kind == policy.KindSLA {
			warnings = agreementWarnings(document, days, time.Now())
		}
		if document.Kind == automation.Kind {
			warnings = automationWarnings(document.Name, follow)
		}
		for _, warning := range warnings {
			fmt.Fprintf(text, "%s: warning: %s: %s\n", tree.At(warning.Path), warning.Path, warning.Message)
		}
	}
	if text.problems == 0 {
		fmt.Fprintf(text, "%s: %d documents, no problems\n", path, policies)
	}
	return text
}
