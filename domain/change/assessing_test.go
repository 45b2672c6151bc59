package change_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

func TestTheLeadTimeIsKeptUnlessTheChangeIsExpedited(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(body{"window_from": berlin("2026-12-08 09:59"), "window_to": berlin("2026-12-08 12:00")}))
	refused := d.refuse(domain.CodeInvalid, dee, "submit", nil)
	require.Contains(t, refused.Error(), "2026-12-08 09:00 UTC", "five working days from Tuesday at ten")
	d.refuse(domain.CodeInvalid, dee, "submit", body{"expedited": true})
	d.do(dee, "submit", body{"expedited": true, "reason": "the licence ends"})
	require.True(t, d.record.Expedited)
	d.do(dee, "withdraw", nil)
	d.do(dee, "edit", body{"window_from": berlin("2026-12-08 10:00")})
	d.do(dee, "submit", nil)
	require.False(t, d.record.Expedited, "it is not any more")
}

func TestAnEditDoesNotGetAroundTheLeadTime(t *testing.T) {
	t.Parallel()
	d := asked(t, nil)
	d.at("2026-12-02 10:00")
	sooner := body{"window_from": berlin("2026-12-03 22:00"), "window_to": berlin("2026-12-04 02:00")}
	refused := d.refuse(domain.CodeInvalid, dee, "edit", sooner)
	require.Contains(t, refused.Error(), "lead time")
	d.do(dee, "withdraw", nil)
	d.do(dee, "edit", sooner)
	d.do(dee, "submit", body{"expedited": true, "reason": "the licence ends"})
	d.do(dee, "edit", body{"window_from": berlin("2026-12-03 21:00")})
}

func TestNoWindowIsAskedForThatHasPassed(t *testing.T) {
	t.Parallel()
	past := body{"window_from": berlin("2026-11-30 10:00"), "window_to": berlin("2026-11-30 12:00")}
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(past))
	d.refuse(domain.CodeInvalid, dee, "submit", body{"expedited": true, "reason": "r"})
	d = authorised(t, nil)
	d.refuse(domain.CodeInvalid, dee, "edit", past)
}

func TestAPeerReviewIsOfWhatWasRead(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(nil))
	d.do(dee, "submit", nil)
	d.do(fred, "peer_review", body{"comment": "reads well"})
	d.do(dee, "edit", body{"title": "Move the shop"})
	require.Equal(t, "fred", d.record.ReviewedBy)
	d.do(dee, "edit", body{"plan": "Drop the old one first"})
	require.Empty(t, d.record.ReviewedBy)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": "yes"}})
	require.Equal(t, change.Assessing, d.record.State)
	d.do(fred, "peer_review", nil)
	require.Equal(t, change.AwaitingApproval, d.record.State)
}

func TestAnAnswerIsTheSameHoweverItIsCapitalised(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	for _, answer := range []string{"no", "No", " NO "} {
		risk := change.Assess(d.facts.Model, map[string]string{"tested_back_out": answer}, change.Measured{})
		require.Equal(t, 25, risk.Score, answer)
	}
}

func TestEveryAnswerThatAQuestionTakesCanBeSeen(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		question change.Question
		words    string
	}{
		"yes and no alone are known":      {change.Question{Risk: map[string]int{"no": 25}}, "? (yes, no)"},
		"it has harmless answers":         {change.Question{Risk: map[string]int{"long": 30, "none": 0, "short": 10}}, "? (none, short, long)"},
		"none of those known is harmless": {change.Question{Risk: map[string]int{"many": 20}}, "? (yes, no, many)"},
		"it lists them":                   {change.Question{Risk: map[string]int{"partly": 10}, Answers: []string{"yes", "partly"}}, "? (yes, partly)"},
	} {
		one.question.ID, one.question.Ask = "q", "?"
		asked := change.Model{Questionnaire: []change.Question{one.question}}.Asked()
		require.Equal(t, one.words, asked[0].Words(), name)
		for _, choice := range asked[0].Choices {
			require.Equal(t, one.question.Risk[choice.Answer], choice.Points, name)
		}
	}
}

func TestAnAnswerThatAQuestionDoesNotTakeIsRefusedWithThoseItDoes(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(nil))
	d.do(dee, "submit", nil)
	refused := d.refuse(domain.CodeInvalid, fred, "assess", body{"answers": body{"tested_back_out": "perhaps"}})
	require.Contains(t, refused.Error(), `tested_back_out: "perhaps" is no answer: Was the back-out tested? (yes, no)`)
	refused = d.refuse(domain.CodeInvalid, fred, "assess", nil)
	require.Contains(t, refused.Error(), "tested_back_out: Was the back-out tested? (yes, no)")
	require.Equal(t, "body.answers.tested_back_out", domain.AsError(refused).Fields[0].Location)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": " Yes"}})
	require.Equal(t, map[string]string{"tested_back_out": "yes"}, d.record.Answers, "as the question writes it")
}

func TestAnAnswerThatIsTakenNoMoreIsAskedAgain(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(nil))
	d.do(dee, "submit", nil)
	d.record.Answers = map[string]string{"tested_back_out": "perhaps", "gone": "yes"}
	d.refuse(domain.CodeInvalid, fred, "assess", nil)
	d.do(fred, "assess", body{"answers": body{"tested_back_out": "no"}})
	require.Equal(t, map[string]string{"tested_back_out": "no"}, d.record.Answers)
}

func TestAModelSaysWhatIsWrongWithItsAnswers(t *testing.T) {
	t.Parallel()
	model := change.Model{Type: change.Normal, Questionnaire: []change.Question{
		{ID: "a", Ask: "A?", Answers: []string{"once"}},
		{ID: "b", Ask: "B?", Answers: []string{"never", "Never", ""}, Risk: map[string]int{"often": 5}},
		{ID: "tested_back_out", Ask: "C?", Answers: []string{"partly", "no"}},
		{ID: "d", Ask: "D?", Answers: []string{"few", "many"}, Risk: map[string]int{"Many": 5}},
	}}
	var paths []string
	for _, problem := range model.Validate() {
		paths = append(paths, problem.Path)
	}
	require.Equal(t, []string{
		"spec.questionnaire[0].answers", "spec.questionnaire[1].answers[1]", "spec.questionnaire[1].answers[2]",
		"spec.questionnaire[1].risk.often", "spec.questionnaire[2].answers",
	}, paths)
}

func TestNobodyAssessesTheirOwnChange(t *testing.T) {
	t.Parallel()
	d := setup(t, "2026-12-01 10:00")
	d.do(dee, "draft", content(nil))
	d.do(dee, "submit", nil)
	for _, who := range []domain.Actor{dee, eli, person("dee", domain.RoleChangeManager)} {
		d.refuse(domain.CodeForbidden, who, "peer_review", nil)
		d.refuse(domain.CodeForbidden, who, "assess", body{"answers": body{"tested_back_out": "yes"}})
	}
	d.facts.ActorTeams = []string{"mail"}
	d.refuse(domain.CodeForbidden, fred, "peer_review", nil)
	d.do(mona, "peer_review", nil)
}

// standardModel is a model whose changes need no vote.
func standardModel() change.Model {
	return change.Model{
		Type: change.Standard, Title: "Restart the shop", Plan: "One node at a time", BackOutPlan: "Start the previous version", Service: "shop",
		Environment: "production", ConfigurationItems: []string{"web1"}, Tasks: []change.ModelTask{{Title: "Restart"}},
	}
}

func standard(t *testing.T, more body) *desk {
	t.Helper()
	d := setup(t, "2026-12-01 10:00")
	d.facts.Model, d.facts.ModelKnown = standardModel(), true
	content := body{"model": "restart-shop", "team": "web", "assignee": "eli"}
	for name, value := range more {
		content[name] = value
	}
	d.do(dee, "from_model", content)
	return d
}

func TestAStandardChangeIsAuthorisedByItsModel(t *testing.T) {
	t.Parallel()
	d := standard(t, nil)
	require.Equal(t, change.Approved, d.record.State)
	require.Nil(t, d.record.Approval)
	d.do(dee, "schedule", body{"window_from": berlin("2026-12-01 11:00"), "window_to": berlin("2026-12-01 12:00")})
	require.Equal(t, change.Scheduled, d.record.State)
	for _, other := range []body{{"plan": "All at once"}, {"tasks": []body{{"title": "Switch off"}}}, {"exclusive": true}, {"environment": "test"}} {
		d.refuse(domain.CodeConflict, dee, "edit", other)
	}
	d.do(dee, "withdraw", nil)
	d.do(dee, "submit", nil)
	require.Equal(t, change.Scheduled, d.record.State, "what its model leaves out need not be there")
	d.do(dee, "revise", nil)
	d.facts.Surroundings.Suspended = "2 of its last 10 changes failed"
	refused := d.refuse(domain.CodeConflict, dee, "submit", nil)
	require.Contains(t, refused.Error(), "suspended")
	d.record = change.Change{}
	d.refuse(domain.CodeConflict, dee, "from_model", body{"model": "restart-shop"})
}
