package web

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// questionWords are the questions that a change's answers are to, those of its model or of the default one, by their names; none where
// nothing is answered.
func (w *console) questionWords(ctx context.Context, c change.Change) (map[string]string, error) {
	if len(c.Answers) == 0 {
		return nil, nil
	}
	model, err := specOf[change.Model](ctx, w.Service, policy.KindChangeModel, cmp.Or(c.Model, change.DefaultModel), c.Policies)
	if err != nil && domain.CodeOf(err) != domain.CodeNotFound {
		return nil, err // there need be no default one
	}
	words := map[string]string{}
	for _, question := range model.Questionnaire {
		words[question.ID] = question.Ask
	}
	return words, nil
}

// answerLines are the questions about the risk with what was answered.
func answerLines(c enclosed) []string {
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(c.Answers)) {
		lines = append(lines, questionTitle(c.Questions, id)+" "+answerWord(c.Answers[id]))
	}
	return lines
}

// questionTitle is a question as it was asked; where the document that asked it is not there any more, its name.
func questionTitle(questions map[string]string, id string) string {
	return cmp.Or(questions[id], human(id)+":")
}

// answerWord words an answer, which a document names.
func answerWord(answer string) string { return strings.ToLower(human(answer)) }

// answersSaid are the answers that an event tells, each with its question.
func answersSaid(said map[string]any, questions map[string]string) []fact {
	answers, _ := said["answers"].(map[string]any)
	var list []fact
	for _, id := range slices.Sorted(maps.Keys(answers)) {
		if answer, is := answers[id].(string); is {
			list = append(list, fact{Label: questionTitle(questions, id), To: answerWord(answer)})
		}
	}
	return list
}
