package automation_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/automation"
)

var events = []string{"incident.logged", "incident.assigned", "incident.edited", "incident.paged", "note.added", "incident.priority_overridden"}

// answers is a language of three conditions.
type answers struct{}

func (answers) AutomationHolds(condition string, _ automation.Situation) (bool, error) {
	switch condition {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	}
	return false, errors.New("cannot be evaluated")
}

// stage is a record on which every action makes several events; it keeps what it was asked to decide.
type stage struct {
	makes  func(action string) []string
	chains [][]string
	runs   []automation.Run
	refuse bool
}

func (s *stage) Situation(domain.Command, domain.Event) automation.Situation {
	return automation.Situation{}
}

func (s *stage) Command(action automation.Action, reason string) (string, any) {
	return action.String(), reason
}

func (s *stage) Decide(verb string, body any, chain []string) (automation.Step, *domain.Error, error) {
	s.chains = append(s.chains, chain)
	step := automation.Step{Command: domain.Command{Chain: chain}}
	if run, told := body.(automation.Run); told {
		s.runs = append(s.runs, run)
		return step, nil, nil
	}
	if s.refuse {
		return step, domain.Invalid("team", "is not known"), nil
	}
	for _, kind := range s.makes(verb) {
		step.Events = append(step.Events, domain.Event{Type: kind})
	}
	return step, nil, nil
}

func logged() automation.Step {
	return automation.Step{Events: []domain.Event{{Type: "incident.logged"}}}
}

// TestEveryChainEnds: whatever rules there are, and whatever events their actions make, what comes of one event ends, no rule runs twice
// in a chain, and no chain is longer than it may be.
func TestEveryChainEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		book := &automation.Book{Language: answers{}}
		kinds := rapid.SliceOfNDistinct(rapid.SampledFrom(events), 1, len(events), rapid.ID)
		for d := range rapid.IntRange(1, 3).Draw(t, "documents") {
			var rules automation.Rules
			for r := range rapid.IntRange(1, 12).Draw(t, "rules") {
				rules.Rules = append(rules.Rules, automation.Rule{
					Name: fmt.Sprintf("r%d", r), On: kinds.Draw(t, "on"), When: rapid.SampledFrom([]string{"", "yes", "yes", "no", "odd"}).Draw(t, "when"),
					Then: rapid.SliceOfN(rapid.SampledFrom([]automation.Action{
						{AddTags: []string{"a"}}, {Escalate: "major"}, {Note: "n"}, {Assign: &automation.Assign{Team: "network"}},
					}), 1, 4).Draw(t, "then"),
				})
			}
			book.Documents = append(book.Documents, automation.Document{Name: fmt.Sprintf("d%d", d), Version: 1, Rules: rules})
		}
		made := kinds.Draw(t, "made")
		s := &stage{makes: func(string) []string { return made }, refuse: rapid.Bool().Draw(t, "refuses")}
		first := automation.Step{}
		for _, kind := range kinds.Draw(t, "first") {
			first.Events = append(first.Events, domain.Event{Type: kind})
		}
		require.NoError(t, book.Follow(s, first))
		ran := 0
		for _, run := range s.runs {
			if run.Held == "" && run.Failed == "" && run.Refused == "" {
				ran++
				require.NotContains(t, run.Chain, run.Policy+"/"+run.Rule, "a rule runs on what it caused")
			}
		}
		require.LessOrEqual(t, ran, automation.MaxRuns)
		for _, chain := range s.chains {
			require.LessOrEqual(t, len(chain), automation.MaxDepth)
			distinct := slices.Clone(chain)
			slices.Sort(distinct)
			require.Len(t, slices.Compact(distinct), len(chain))
		}
	})
}

func rule(name, on, when string, then ...automation.Action) automation.Rule {
	return automation.Rule{Name: name, On: []string{on}, When: when, Then: then}
}

func TestWhatHoldsARuleIsTold(t *testing.T) {
	t.Parallel()
	tag := automation.Action{AddTags: []string{"a"}}
	book := &automation.Book{Language: answers{}, Documents: []automation.Document{{Name: "desk", Version: 3, Rules: automation.Rules{Rules: []automation.Rule{
		rule("log", "incident.logged", "yes", tag), rule("again", "incident.edited", "", tag), rule("odd", "incident.logged", "odd", tag),
		rule("never", "incident.logged", "no", tag),
	}}}}}
	s := &stage{makes: func(string) []string { return []string{"incident.edited", "incident.logged"} }}
	require.NoError(t, book.Follow(s, logged()))
	told := []string{}
	for _, run := range s.runs {
		told = append(told, run.Rule+": "+run.Held+run.Failed)
	}
	require.Equal(t, []string{
		"log: ", "odd: cannot be evaluated", "again: ",
		"log: rule desk/log is not run again: it began this chain", "again: rule desk/again is not run again: it has run in this chain",
	}, told)
	require.Equal(t, "rule log of desk, version 3: yes", s.runs[0].Reason())
	require.NoError(t, (*automation.Book)(nil).Follow(s, logged()))

	chain := automation.Step{Command: domain.Command{Chain: []string{"a/1", "a/2", "a/3", "a/4", "a/5"}}, Events: []domain.Event{{Type: "incident.logged"}}}
	s = &stage{}
	require.NoError(t, book.Follow(s, chain))
	require.Equal(t, "rule desk/log is not run: 5 rules have led to this already", s.runs[0].Held)
}

func TestAnActionThatIsRefusedIsToldAndTheNextIsDone(t *testing.T) {
	t.Parallel()
	book := &automation.Book{Documents: []automation.Document{{Name: "desk", Version: 1, Rules: automation.Rules{Rules: []automation.Rule{
		rule("log", "incident.logged", "", automation.Action{Assign: &automation.Assign{Team: "gone"}}, automation.Action{Escalate: "major"}),
	}}}}}
	s := &stage{refuse: true}
	require.NoError(t, book.Follow(s, logged()))
	require.Len(t, s.runs, 3)
	require.Equal(t, []string{"assign to gone", "escalate by major"}, []string{s.runs[1].Refused, s.runs[2].Refused})
	require.Contains(t, s.runs[1].Why, "team is not known")
}

func TestCirclesOfRulesAreFound(t *testing.T) {
	t.Parallel()
	assign, tag, watch := automation.Action{Assign: &automation.Assign{Team: "x"}}, automation.Action{AddTags: []string{"x"}}, automation.Action{AddWatcher: "ana"}
	rules := []automation.Rule{
		rule("a", "incident.assigned", "", tag), rule("b", "incident.edited", "", assign), rule("c", "incident.edited", "", tag),
		rule("d", "incident.logged", "", assign), rule("e", "incident.assigned", "", watch),
	}
	require.Equal(t, []string{"a", "b", "a"}, automation.Circle(rules, 0))
	require.Equal(t, []string{"b", "a", "b"}, automation.Circle(rules, 1))
	require.Equal(t, []string{"c", "c"}, automation.Circle(rules, 2))
	require.Nil(t, automation.Circle(rules, 3), "nothing leads back to it")
	require.Nil(t, automation.Circle(rules, 4))
}
