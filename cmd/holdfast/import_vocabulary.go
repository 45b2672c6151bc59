package main

import (
	"encoding/json"
	"fmt"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/importmap"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// vocabularyOf takes from the documents what values an import may bring.
func vocabularyOf(document func(kind, name string) (policy.Document, error)) (importmap.Vocabulary, error) {
	var vocabulary importmap.Vocabulary
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
			return importmap.Vocabulary{}, err
		}
		if err := json.Unmarshal(found.Spec, wanted.into); err != nil {
			return importmap.Vocabulary{}, fmt.Errorf("read the policy %s/%s: %w", wanted.kind, wanted.name, err)
		}
	}
	return vocabulary, nil
}

// defaultVocabulary is that of the documents which come with Holdfast.
func defaultVocabulary() (importmap.Vocabulary, error) {
	documents, err := policyfile.Defaults()
	if err != nil {
		return importmap.Vocabulary{}, err
	}
	return vocabularyOf(func(kind, name string) (policy.Document, error) {
		for _, document := range documents {
			if document.Kind == kind && document.Name == name {
				return document, nil
			}
		}
		return policy.Document{}, domain.Errorf(domain.CodeNotFound, "no policy %s/%s", kind, name)
	})
}
