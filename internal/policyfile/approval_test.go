package policyfile

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// approvalPaths are where an ApprovalPolicy is wrong.
func approvalPaths(t *testing.T, when, stages string) []string {
	t.Helper()
	spec, err := json.Marshal(map[string]any{"when": when, "stages": json.RawMessage(stages)})
	require.NoError(t, err)
	list := []string{}
	for _, problem := range Check(policy.Document{Kind: policy.KindApprovalPolicy, Name: "a", Spec: spec}) {
		require.NotEmpty(t, problem.Message)
		list = append(list, problem.Path)
	}
	return list
}

func TestWhatIsWrongWithAnApprovalPolicy(t *testing.T) {
	t.Parallel()
	const good = `{"name": "a", "electorate": ["role:cab_member"], "rule": {"threshold": "60%"}}`
	for _, test := range []struct {
		name, stages string
		want         []string
	}{
		{"right", `[` + good + `]`, []string{}},
		{"nothing", `[]`, []string{"spec.stages"}},
		{"an unknown key", `[{"name": "a", "electorate": ["role:x"], "rule": {"treshold": "60%"}}]`, []string{"spec.stages[0].rule.treshold"}},
		{"no rule", `[{"name": "a", "electorate": ["role:x"], "rule": {}}]`, []string{"spec.stages[0].rule.threshold"}},
		{"a share of what", `[{"name": "a", "electorate": ["role:x"], "rule": {"threshold": "60 percent"}}]`, []string{"spec.stages[0].rule.threshold"}},
		{"two of one name", `[` + good + `, ` + good + `]`, []string{"spec.stages[1].name"}},
		{"a manager, whom nobody knows", `[{"name": "a", "electorate": ["manager"], "rule": {"threshold": 1}}]`, []string{"spec.stages[0].electorate[0]"}},
		{"parallel to nothing", `[{"name": "a", "electorate": ["service_owner"], "rule": {"threshold": 1}, "parallel": true}]`, []string{"spec.stages[0].parallel"}},
		{
			"whom to ask", `[{"name": "A a", "electorate": ["ana", "role:", "person:ana", "person:ana", "service_owner", "service_owner:x"], "rule": {"threshold": 1}}]`,
			[]string{"spec.stages[0].name", "spec.stages[0].electorate[0]", "spec.stages[0].electorate[1]", "spec.stages[0].electorate[3]", "spec.stages[0].electorate[5]"},
		},
		{"nobody to ask", `[{"name": "a", "electorate": [], "rule": {"threshold": 1}}]`, []string{"spec.stages[0].electorate"}},
		{"deadlines", `[{"name": "a", "electorate": ["service_owner"], "rule": {"threshold": 1}, "deadline": "1s"}, {"name": "b", "electorate": ["service_owner"], "rule": {"threshold": 1}, "deadline": "1wd", "wall": true}]`, []string{"spec.stages[0].deadline", "spec.stages[1].deadline"}},
		{"a default", `[{"name": "a", "electorate": ["service_owner"], "rule": {"threshold": 1}, "default": "pass"}]`, []string{"spec.stages[0].default"}},
		{"covers", `[{"name": "a", "electorate": ["service_owner"], "rule": {"threshold": 1}, "covers": ["scope", "scope", "mood"]}]`, []string{"spec.stages[0].covers[1]", "spec.stages[0].covers[2]"}},
		{"reminders", `[{"name": "a", "electorate": ["service_owner"], "rule": {"threshold": 1}, "reminders": ["90%", "50%", "100%", 3]}]`, []string{"spec.stages[0].reminders[1]", "spec.stages[0].reminders[2]", "spec.stages[0].reminders[3]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, approvalPaths(t, "true", test.stages))
		})
	}
	for when, want := range map[string][]string{
		``: {"spec.when"}, `record.titel == "x"`: {"spec.when"}, `record.title`: {"spec.when"}, `record.risk.lvl == "x"`: {"spec.when"},
		`record.risk == "x"`: {"spec.when"}, `record.risk.level in ["medium", "high"] && record.risk.score > 40`: {},
		`has(record.risk) && has(record.risk.level)`: {}, `record.type == "emergency" || record.model == "restart-web"`: {},
	} {
		require.Equal(t, want, approvalPaths(t, when, `[`+good+`]`), when)
	}
}

func TestSilenceNeverApprovesAChange(t *testing.T) {
	t.Parallel()
	for when, refused := range map[string]bool{
		`true`:                         true,
		`record.practice == "change"`:  true,
		`record.practice == "request"`: false,
		`record.practice != "change"`:  false,
		`record.risk.level == "low"`:   true,
		`record.practice == "request" && record.risk.level == "low"`: false,
		`record.risk.level == "low" && record.practice == "request"`: false,
		`record.practice == "change" && record.service == "mail"`:    true,
		`record.practice.startsWith("req")`:                          false,
		`record.practice in ["request", "release"]`:                  false,
		`record.tags[3] == "x"`:                                      true,
		`has(record.service) || record.practice == "request"`:        true,
		`false`: false,
	} {
		want := []string{}
		if refused {
			want = []string{"spec.stages[1].default"}
		}
		require.Equal(t, want, approvalPaths(t, when,
			`[{"name": "a", "electorate": ["service_owner"], "rule": {"threshold": 1}}, {"name": "b", "electorate": ["service_owner"], "rule": {"threshold": 1}, "default": "approve"}]`), when)
	}
}

func TestThePolicyThatHolds(t *testing.T) {
	t.Parallel()
	candidates := []approval.Candidate{
		{Name: "cab", Version: 3, Spec: approval.Policy{When: `record.practice == "change" && record.risk.level in ["medium", "high"]`}},
		{Name: "all", Version: 1, Spec: approval.Policy{When: `record.practice == "change" && record.risk.score > 80`}},
		{Name: "mail", Version: 2, Spec: approval.Policy{When: `record.service == "mail"`}},
	}
	pick := func(record map[string]any) (string, string) {
		selected, found, err := approval.Select(candidates, &Evaluator{}, record)
		require.NoError(t, err)
		require.Equal(t, found, selected.Name != "")
		return selected.Name, selected.Why
	}
	name, why := pick(map[string]any{"practice": "change", "service": "mail", "risk": map[string]any{"level": "high", "score": int64(90)}})
	require.Equal(t, "all", name)
	require.Equal(t, "all applies, before cab, mail", why)
	name, _ = pick(map[string]any{"practice": "change", "risk": map[string]any{"level": "medium", "score": int64(50)}})
	require.Equal(t, "cab", name)
	name, _ = pick(map[string]any{"practice": "change"})
	require.Empty(t, name)
	candidates[1].Spec.When = `record.tags[3] == "x"`
	_, _, err := approval.Select(candidates, &Evaluator{}, map[string]any{})
	require.ErrorContains(t, err, "asking the approval policy all whether it applies")
}
