package policy_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

func paths(problems []policy.Problem) []string {
	var list []string
	for _, problem := range problems {
		list = append(list, problem.Path)
	}
	return list
}

func TestPlaceholdersAreFilledOnce(t *testing.T) {
	t.Parallel()
	reply := policy.CannedReply{Text: "Hello {{requester}}, {{ number }} ({{title}}) {{team}}. {{nothing}} {not} {{{me}}}"}
	got := reply.Fill(map[string]string{"requester": "Rita", "number": "INC-000001", "title": "{{me}}\n# head", "me": "Bo"})
	require.Equal(t, "Hello Rita, INC-000001 ({{me}} # head) .  {not} {Bo}", got)
}

func TestFillingLeavesAllElseAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plain := func(text string) bool { return !strings.Contains(text, "{{") } // that may hold a placeholder
		text := rapid.StringMatching(`[a-z{} \n]{0,40}`).Filter(plain).Draw(t, "text")
		require.Equal(t, text, policy.CannedReply{Text: text}.Fill(map[string]string{"number": "x"}))
	})
}

func TestAReplyIsForItsTeams(t *testing.T) {
	t.Parallel()
	require.True(t, policy.CannedReply{}.For(""))
	require.True(t, policy.CannedReply{Teams: []string{"mail"}}.For("mail"))
	require.False(t, policy.CannedReply{Teams: []string{"mail"}}.For(""))
}

func TestWhatIsWrongWithAReply(t *testing.T) {
	t.Parallel()
	require.Empty(t, policy.CannedReply{Title: "x", Text: "{{number}} {{ me }}", Teams: []string{"mail"}}.Validate())
	require.Equal(t, []string{"spec.title", "spec.text", "spec.teams[1]"}, paths(policy.CannedReply{Text: " ", Teams: []string{"a", "a"}}.Validate()))
	require.Contains(t, policy.CannedReply{Title: "x", Text: "{{secret}}"}.Validate()[0].Message, "{{secret}} is not a placeholder")
	require.Equal(t, []string{"spec.text"}, paths(policy.CannedReply{Title: "x", Text: strings.Repeat("x", policy.MaxText+1)}.Validate()))
}

func TestWhatIsWrongWithATemplate(t *testing.T) {
	t.Parallel()
	require.Empty(t, policy.RecordTemplate{Title: "x", Practice: "incident", Fields: policy.TemplateFields{Tags: []string{"a"}}}.Validate())
	require.Equal(t, []string{"spec.title", "spec.practice", "spec.fields"}, paths(policy.RecordTemplate{}.Validate()))
	wrong := policy.TemplateFields{Title: strings.Repeat("x", 201), Impact: "Very High", Team: "The Team", Tags: []string{"a", "a", ""}}
	require.Equal(t, []string{"spec.fields.title", "spec.fields.impact", "spec.fields.team", "spec.fields.tags[1]", "spec.fields.tags[2]"},
		paths(policy.RecordTemplate{Title: "x", Practice: "incident", Fields: wrong}.Validate()))
}
