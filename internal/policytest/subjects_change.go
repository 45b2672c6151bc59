package policytest

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
)

// freezeSubject asks a FreezeWindow whether it holds at an instant, and until when. Which changes it is for is not asked.
type freezeSubject struct {
	Of string    `json:"of"`
	At time.Time `json:"at"`
}

func (s *freezeSubject) run(documents *documents) (answer, error) {
	spec, err := find("FreezeWindow", documents.freezes, s.Of)
	if err != nil {
		return answer{}, err
	}
	made, err := policyfile.CompileWindow(s.Of, 0, spec)
	if err != nil {
		return answer{}, err
	}
	span, frozen := made.At(s.At)
	got := answer{frozen: &frozen}
	if frozen {
		got.until = &span.To
	}
	return got, nil
}

// riskSubject asks a ChangeModel how risky a change is, by the answers to its questionnaire and by what can be measured.
type riskSubject struct {
	Of string `json:"of"`
	// Answers are by the question's id; true and false mean yes and no.
	Answers map[string]any  `json:"answers,omitempty"`
	Facts   change.Measured `json:"facts,omitzero"`
}

func (s *riskSubject) run(documents *documents) (answer, error) {
	model, err := find("ChangeModel", documents.models, s.Of)
	if err != nil {
		return answer{}, err
	}
	answers := map[string]string{}
	for id, given := range s.Answers {
		switch given := given.(type) {
		case bool:
			answers[id] = map[bool]string{true: "yes", false: "no"}[given]
		case string:
			answers[id] = given
		default:
			return answer{}, fmt.Errorf("answers.%s is neither a text nor true or false", id)
		}
	}
	if unknown := model.Unasked(answers); len(unknown) > 0 {
		return answer{}, fmt.Errorf("the model %s does not ask %s", s.Of, strings.Join(unknown, ", "))
	}
	if wrong := model.Misanswered(answers); len(wrong) > 0 {
		return answer{}, fmt.Errorf("%s", strings.Join(wrong, "; "))
	}
	risk := change.Assess(model, answers, s.Facts.With(answers))
	return answer{level: &risk.Level, score: &risk.Score}, nil
}
