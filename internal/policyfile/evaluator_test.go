package policyfile

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

func rule(name, when, team string) policy.AssignmentRule {
	return policy.AssignmentRule{Name: name, When: when, Set: policy.AssignmentSet{Team: team, Category: "c", Tags: []string{name}}}
}

func TestTheFirstMatchWins(t *testing.T) {
	t.Parallel()
	evaluator := &Evaluator{}
	rules := policy.AssignmentRules{Practice: "incident", Rules: []policy.AssignmentRule{
		rule("mail", `record.service == "mail"`, "messaging"),
		rule("tagged", `record.tags.exists(t, t == "vpn") || "vpn-gateway" in record.configuration_items`, "network"),
		rule("titled", `record.title.startsWith("Printer") && record.impact in ["high", "medium"]`, "print"),
		rule("located", `has(record.location) && !has(record.environment)`, "field"),
		rule("pattern", `record.description.matches("(?i)disk .* full")`, "storage"),
	}}
	for _, test := range []struct {
		record map[string]any
		want   policy.Assignment
	}{
		{map[string]any{"service": "mail", "tags": []string{"vpn"}}, policy.Assignment{Rule: "mail", Team: "messaging", Category: "c", Tags: []string{"mail"}}},
		{map[string]any{"tags": []string{"a", "vpn"}}, policy.Assignment{Rule: "tagged", Team: "network", Category: "c", Tags: []string{"tagged"}}},
		{map[string]any{"configuration_items": []any{"vpn-gateway"}}, policy.Assignment{Rule: "tagged", Team: "network", Category: "c", Tags: []string{"tagged"}}},
		{map[string]any{"title": "Printer on fire", "impact": "high", "tags": []string(nil)}, policy.Assignment{Rule: "titled", Team: "print", Category: "c", Tags: []string{"titled"}}},
		{map[string]any{"location": "Hall 3", "environment": ""}, policy.Assignment{Rule: "located", Team: "field", Category: "c", Tags: []string{"located"}}},
		{map[string]any{"description": "the DISK is full"}, policy.Assignment{Rule: "pattern", Team: "storage", Category: "c", Tags: []string{"pattern"}}},
		{map[string]any{}, policy.Assignment{}},
		{nil, policy.Assignment{}},
	} {
		got, err := evaluator.AssignmentFor(rules, test.record)
		require.NoError(t, err, test.record)
		require.Equal(t, test.want, got, test.record)
	}
}

func TestWhatCannotBeEvaluatedIsAnError(t *testing.T) {
	t.Parallel()
	evaluator := &Evaluator{}
	long := map[string]any{"tags": strings.Split(strings.Repeat("abcdefgh,", 3000), ","), "title": 3}
	for when, says := range map[string]string{
		`record.tags[99999] == "x"`: `rule "r": evaluating`,
		`record.titel == "x"`:       "undefined field",
		`record.title`:              "must answer true or false",
		`record.title == "x"`:       "record.title is not string",
		`record.tags.all(a, record.tags.all(b, record.tags.all(c, a + b + c != "")))`: "cost limit",
	} {
		_, err := evaluator.AssignmentFor(policy.AssignmentRules{Practice: "incident", Rules: []policy.AssignmentRule{rule("r", when, "x")}}, long)
		require.ErrorContains(t, err, says, when)
	}
	got, err := evaluator.AssignmentFor(policy.AssignmentRules{Practice: "incident", Rules: []policy.AssignmentRule{
		rule("first", `record.tags[99999] == "x"`, "x"), rule("second", `record.service == ""`, "y"),
	}}, map[string]any{})
	require.ErrorContains(t, err, `rule "first"`)
	require.Equal(t, "second", got.Rule, "the rules behind one that cannot be evaluated still count")
	_, err = evaluator.AssignmentFor(policy.AssignmentRules{Practice: "cooking", Rules: []policy.AssignmentRule{rule("r", "true", "x")}}, nil)
	require.ErrorContains(t, err, "cooking")
}

func TestExpressionsAreBounded(t *testing.T) {
	t.Parallel()
	spoken, err := newLanguage("incident")
	require.NoError(t, err)
	for _, expression := range []string{
		"", "tru", "1", `record.tags.map(t, t + t) == []`, `record.tags.filter(t, true) == []`, `other.title == ""`,
		`@record{title: "x"} == record`, `record{title: "x"} == record`, "true || " + strings.Repeat("true || ", 1000) + "true",
		strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), `record.title.matches("(")`, `record.title.matches("((a{100}){100}){100}")`,
		`record.tags == "x"`, `"\x00`,
	} {
		_, err := spoken.compile(expression)
		require.Error(t, err, expression)
	}
}

func TestAnEvaluatorServesManyAtOnceAndForgets(t *testing.T) {
	t.Parallel()
	evaluator := &Evaluator{}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 700 {
				title := fmt.Sprintf("t%d-%d", worker, i)
				rules := policy.AssignmentRules{Practice: "incident", Rules: []policy.AssignmentRule{rule("r", fmt.Sprintf("record.title == %q", title), "x")}}
				for _, record := range []map[string]any{{"title": title}, {"title": "other"}} {
					got, err := evaluator.AssignmentFor(rules, record)
					if err != nil || (got.Rule == "r") != (record["title"] == title) {
						t.Errorf("%s: got %+v, %v", title, got, err)
					}
				}
			}
		})
	}
	group.Wait()
	require.LessOrEqual(t, len(evaluator.programs), maxPrograms)
	require.NotEmpty(t, evaluator.programs)
}
