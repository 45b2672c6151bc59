package policyfile

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

func TestDefaultsAreRightAndComplete(t *testing.T) {
	t.Parallel()
	documents, err := Defaults()
	require.NoError(t, err)
	names := []string{}
	for _, document := range documents {
		names = append(names, document.Kind+"/"+document.Name)
		require.Empty(t, Check(document), document.Name)
	}
	require.ElementsMatch(t, []string{
		"Calendar/default", "PriorityMatrix/default", "AssignmentRules/default", "Team/service-desk",
		"Vocabulary/hold-reasons", "Vocabulary/resolution-codes", "Vocabulary/breach-causes", "Vocabulary/item-classes", "EscalationPolicy/default",
		"ChangeModel/default", "ApprovalPolicy/default-low", "ApprovalPolicy/default-board", "ApprovalPolicy/default-emergency",
	}, names)
}

func TestTheExamplesAreRight(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join("..", "..", "examples", "policies", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var out strings.Builder
	failed, err := Lint(&out, paths)
	require.NoError(t, err)
	require.False(t, failed, out.String())
}

func TestDefaultMatrix(t *testing.T) {
	t.Parallel()
	documents, err := Defaults()
	require.NoError(t, err)
	var matrix policy.PriorityMatrix
	for _, document := range documents {
		if document.Kind == policy.KindPriorityMatrix {
			require.NoError(t, json.Unmarshal(document.Spec, &matrix))
		}
	}
	// The table of incident management: HH 1, HM 2, MH 2, HL 3, MM 3, LH 3, ML 4, LM 4, LL 5.
	for pair, want := range map[[2]string]int{
		{"high", "high"}: 1, {"high", "medium"}: 2, {"medium", "high"}: 2, {"high", "low"}: 3, {"medium", "medium"}: 3,
		{"low", "high"}: 3, {"medium", "low"}: 4, {"low", "medium"}: 4, {"low", "low"}: 5,
	} {
		priority, err := matrix.Priority(pair[0], pair[1])
		require.NoError(t, err)
		require.Equal(t, want, priority, pair)
	}
}

func TestCheckFindsEveryProblem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, kind, document, spec string
		want                       []string
	}{
		{"kind", "Kalender", "a", `{}`, []string{"kind"}},
		{"not JSON", "Team", "a", `{"title"`, []string{"spec"}},
		{"two values", "Team", "a", `{} {}`, []string{"spec"}},
		{"twice", "Team", "a", `{"title":"A","title":"B","members":[]}`, []string{"spec"}},
		{"a template of another practice", "RecordTemplate", "a", `{"title":"A","practice":"change","fields":{"title":"x"}}`, []string{"spec.practice"}},
		{"a template's unknown field", "RecordTemplate", "a", `{"title":"A","practice":"incident","fields":{"requester":"x"}}`, []string{"spec.fields.requester"}},
		{"a reply's placeholder", "CannedReply", "a", `{"title":"A","text":"{{x}}"}`, []string{"spec.text"}},
		{"null", "Team", "a", `{"title":"A","members":null}`, []string{"spec.members"}},
		{"unknown and missing", "Team", "a", `{"titel":"A","members":[]}`, []string{"spec.title", "spec.titel"}},
		{"another case", "Team", "a", `{"Title":"A","title":"A","members":[]}`, []string{"spec.Title"}},
		{"types", "Team", "a", `{"title":1,"members":[true]}`, []string{"spec.title", "spec.members[0]"}},
		{"team", "Team", "a", `{"title":"","lead":"An A","members":["ana","ana"]}`, []string{"spec.title", "spec.lead", "spec.members[1]"}},
		{
			"matrix", "PriorityMatrix", "a", `{"levels":["high","low"],"priorities":{"high":{"high":1,"low":9},"low":{"high":2,"odd":1},"odd":{}}}`,
			[]string{"spec.priorities.high.low", "spec.priorities.low", "spec.priorities.low.odd", "spec.priorities.odd"},
		},
		{"fraction", "PriorityMatrix", "a", `{"levels":["high"],"priorities":{"high":{"high":1.5}}}`, []string{"spec.priorities.high.high"}},
		{
			"service", "ServicePolicy", "a", `{"title":"A","support":{"team":"X Y"},"paging":{"1":"always","6":"always","2":"maybe"}}`,
			[]string{"spec.support.team", "spec.paging.2", "spec.paging.6"},
		},
		{"vocabulary", "Vocabulary", "a", `{"terms":[{"id":"A","title":"A"},{"id":"b","title":"B"},{"id":"b","title":""}]}`, []string{"spec.terms[0].id", "spec.terms[2].id", "spec.terms[2].title"}},
		{"hold reason", "Vocabulary", "hold-reasons", `{"terms":[{"id":"scheduled","title":"S"},{"id":"lunch","title":"L"},{"id":"rain","title":"R","base":"scheduled"}]}`, []string{"spec.terms[1].base"}},
		{
			"rules", "AssignmentRules", "a", `{"practice":"incident","rules":[{"name":"a","when":"","set":{}},{"name":"a","when":"record.titel == \"x\"","set":{"team":"x"}},{"name":"b","when":"record.title","set":{"team":"x"}}]}`,
			[]string{"spec.rules[0].when", "spec.rules[0].set", "spec.rules[1].name", "spec.rules[1].when", "spec.rules[2].when"},
		},
		{"practice", "AssignmentRules", "a", `{"practice":"cooking","rules":[{"name":"a","when":"true","set":{"team":"x"}}]}`, []string{"spec.practice"}},
		{
			"calendar", "Calendar", "a", `{"timezone":"Mars/Olympus","weekly":{"mon":["9-17"],"someday":[]},"holidays":["2026-02-30"],"include":["atlantis"]}`,
			[]string{"spec.timezone", "spec.include[0]", "spec.weekly.mon[0]", "spec.weekly.someday", "spec.holidays[0]"},
		},
		{"local zone", "Calendar", "a", `{"timezone":"Local","weekly":{"mon":["09:00-17:00"]}}`, []string{"spec.timezone"}},
		{"never open", "Calendar", "a", `{"timezone":"UTC","weekly":{}}`, []string{"spec.weekly"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			paths := []string{}
			for _, problem := range Check(policy.Document{Kind: test.kind, Name: test.document, Spec: json.RawMessage(test.spec)}) {
				require.NotEmpty(t, problem.Message)
				paths = append(paths, problem.Path)
			}
			require.ElementsMatch(t, test.want, paths)
		})
	}
}
