package importmap

import (
	"encoding/json"
	"fmt"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Vocabulary is what an organisation's documents allow as values.
type Vocabulary struct {
	Matrix          policy.PriorityMatrix
	HoldReasons     policy.Vocabulary
	ResolutionCodes policy.Vocabulary
}

// VocabularyOf reads the vocabulary from an organisation's documents; one that is missing is not_found.
func VocabularyOf(document func(kind, name string) (policy.Document, error)) (Vocabulary, error) {
	var vocabulary Vocabulary
	for _, wanted := range []struct {
		kind, name string
		into       any
	}{
		{policy.KindPriorityMatrix, "default", &vocabulary.Matrix},
		{policy.KindVocabulary, "hold-reasons", &vocabulary.HoldReasons},
		{policy.KindVocabulary, "resolution-codes", &vocabulary.ResolutionCodes},
	} {
		found, err := document(wanted.kind, wanted.name)
		if err != nil {
			return Vocabulary{}, err
		}
		if err := json.Unmarshal(found.Spec, wanted.into); err != nil {
			return Vocabulary{}, fmt.Errorf("read the policy %s/%s: %w", wanted.kind, wanted.name, err)
		}
	}
	return vocabulary, nil
}

// Among finds a document in a list.
func Among(documents []policy.Document) func(kind, name string) (policy.Document, error) {
	return func(kind, name string) (policy.Document, error) {
		for _, document := range documents {
			if document.Kind == kind && document.Name == name {
				return document, nil
			}
		}
		return policy.Document{}, domain.Errorf(domain.CodeNotFound, "no policy %s/%s", kind, name)
	}
}
