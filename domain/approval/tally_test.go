package approval_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// ballots reads "ana+ bo- cy= dan~": approves, rejects, abstains, recuses; "hal>bo+" is hal's vote for bo.
func ballots(text string) []approval.Vote {
	choices := map[byte]approval.Choice{'+': approval.Approve, '*': approval.ApproveWith, '-': approval.Reject, '=': approval.Abstain, '~': approval.Recuse}
	var list []approval.Vote
	for _, word := range strings.Fields(text) {
		by, seat, delegated := strings.Cut(word[:len(word)-1], ">")
		if !delegated {
			seat = by
		}
		list = append(list, approval.Vote{By: by, For: seat, Choice: choices[word[len(word)-1]]})
	}
	return list
}

func TestWhatVotesComeTo(t *testing.T) {
	t.Parallel()
	const (
		pending, approved, rejected, fault = approval.Pending, approval.Approved, approval.Rejected, approval.Error
		share, cast                        = `{"threshold": "60%", "of": "electorate"}`, `{"threshold": "60%", "of": "votes_cast"}`
	)
	for _, test := range []struct {
		name, rule, electorate, votes string
		closed                        bool
		want                          approval.Verdict
		why                           string
	}{
		{"nobody has voted", share, "a b c d e", "", false, pending, "0 of 5 approve (0.0 %), 60 % needed; waiting for a, b, c, d, e"},
		{"just short", share, "a b c d e f", "a+ b+ c+", false, pending, "3 of 6 approve (50.0 %), 60 % needed; waiting for d, e, f"},
		{"3.6 of 6 is four", share, "a b c d e f", "a+ b+ c+ d+", false, approved, "4 of 6 approve (66.7 %), 60 % needed"},
		{"exactly at the edge", share, "a b c d e", "a+ b+ c+", false, approved, "3 of 5 approve (60.0 %), 60 % needed"},
		{"still within reach", share, "a b c d e", "a- b-", false, pending, "0 of 5 approve (0.0 %), 60 % needed; waiting for c, d, e"},
		{"out of reach", share, "a b c d e", "a- b- c-", false, rejected, "0 of 5 approve (0.0 %), 60 % needed; those who have not voted cannot reach it any more"},
		{"abstention does not approve", share, "a b c d e", "a= b= c=", false, rejected, "those who have not voted cannot reach it any more"},
		{"silence does not approve", share, "a b c d e", "a+ b+", true, pending, "2 of 5 approve (40.0 %), 60 % needed"},
		{"a third is a third", `{"threshold": "2/3"}`, "a b c", "a+ b+", false, approved, "2 of 3 approve (66.7 %), 2/3 needed"},
		{"66.67 % is more than two of three", `{"threshold": "66.67%"}`, "a b c", "a+ b+", false, pending, "2 of 3 approve (66.6 %), 66.67 % needed; waiting for c"},
		{"conditions approve", share, "a b", "a* b+", false, approved, "2 of 2 approve (100.0 %), 60 % needed"},

		{"of the votes cast: may still change", cast, "a b c d", "a+ b+", false, pending, "2 of 2 votes cast approve (100.0 %), 60 % needed; waiting for c, d"},
		{"of the votes cast: cannot change", cast, "a b c d e", "a+ b+ c+", false, approved, "3 of 3 votes cast approve (100.0 %), 60 % needed"},
		{"of the votes cast: lost", cast, "a b c d e", "a- b- c-", false, rejected, "0 of 3 votes cast approve (0.0 %), 60 % needed; those who have not voted cannot reach it any more"},
		{"of the votes cast: closed", cast, "a b c d e", "a+ b+ c-", true, approved, "2 of 3 votes cast approve (66.7 %), 60 % needed"},
		{"of the votes cast: closed and lost", cast, "a b c d e", "a+ b- c-", true, rejected, "1 of 3 votes cast approves (33.3 %), 60 % needed"},
		{"of the votes cast: nobody", cast, "a b", "", true, pending, "0 of 0 votes cast approve (0.0 %), 60 % needed"},
		{"of the votes cast: abstention counts not at all", cast, "a b c", "a+ b= c=", false, approved, "1 of 1 vote cast approves (100.0 %), 60 % needed"},
		{"of the votes cast: all abstain", cast, "a b", "a= b=", false, rejected, "0 of 0 votes cast approve (0.0 %), 60 % needed"},
		{"of the votes cast: a veto may still come", `{"threshold": "60%", "of": "votes_cast", "veto": ["v"]}`, "a b c d v", "a+ b+ c+ d+", false, pending, "4 of 4 votes cast approve (100.0 %), 60 % needed; waiting for v"},
		{"of the votes cast: no veto came", `{"threshold": "60%", "of": "votes_cast", "veto": ["v"]}`, "a b c d v", "a+ b+ c+ d+", true, approved, ""},

		{"approvals", `{"threshold": 2}`, "a b c", "a+ b- c+", false, approved, "2 approve, 2 needed"},
		{"one approval", `{"threshold": 2}`, "a b c", "a+", false, pending, "1 approves, 2 needed; waiting for b, c"},
		{"too few are left", `{"threshold": 2}`, "a b c", "a- b-", false, rejected, "0 approve, 2 needed; those who have not voted cannot reach it any more"},
		{"too few there are", `{"threshold": 3}`, "a b", "a+ b+", false, fault, "3 approvals are needed and only 2 are left who can vote"},

		{"no quorum", `{"threshold": 1, "quorum": "50%"}`, "a b c d", "a+", false, pending, "1 approves, 1 needed; 1 of 4 have voted, the quorum is 50 %; waiting for b, c, d"},
		{"abstention makes the quorum", `{"threshold": 1, "quorum": "50%"}`, "a b c d", "a+ b=", false, approved, "1 approves, 1 needed"},
		{"a quorum of the votes cast", `{"threshold": "50%", "of": "votes_cast", "quorum": 3}`, "a b c d", "a- b-", true, pending, "2 of 4 have voted, the quorum is 3"},
		{"a quorum that nobody makes", `{"threshold": 1, "quorum": 3}`, "a b", "a+ b+", false, fault, "the quorum is 3 and only 2 are left who can vote"},

		{"a veto", `{"threshold": 1, "veto": ["v"]}`, "a b v", "v-", false, rejected, "0 approve, 1 needed; v has a veto and rejected"},
		{"a veto's silence does not hold", `{"threshold": 1, "veto": ["v"]}`, "a b v", "a+", false, approved, "1 approves, 1 needed"},
		{"a veto beats what was reached", `{"threshold": 1, "veto": ["v"]}`, "a b v", "a+ v-", false, rejected, "v has a veto and rejected"},
		{"a veto's abstention is none", `{"threshold": 1, "veto": ["v"]}`, "a b v", "v= a+", false, approved, ""},
		{"required", `{"threshold": "50%", "required": ["r"]}`, "a b r", "a+ b+", false, pending, "2 of 3 approve (66.7 %), 50 % needed; waiting for r"},
		{"required and given", `{"threshold": "50%", "required": ["r"]}`, "a b r", "a+ b+ r+", false, approved, ""},
		{"required and refused", `{"threshold": "50%", "required": ["r"]}`, "a b r", "a+ b+ r-", false, rejected, "r must approve and rejected"},
		{"required and abstained", `{"threshold": "50%", "required": ["r"]}`, "a b r", "r=", false, rejected, "r must approve and abstained"},
		{"required and silent to the end", `{"threshold": "50%", "of": "votes_cast", "required": ["r"]}`, "a b r", "a+ b+", true, pending, "r must approve and has not voted"},
		{"two required and silent", `{"threshold": "50%", "of": "votes_cast", "required": ["q", "r"]}`, "a q r", "a+", true, pending, "q, r must approve and have not voted"},
		{"required and not asked", `{"threshold": "50%", "required": ["r"]}`, "a b", "a+ b+", false, fault, "r must approve and is not among those who are asked"},
		{"required and stepped aside", `{"threshold": "50%", "required": ["r"]}`, "a b r", "a+ b+ r~", false, fault, "r must approve and has stepped aside"},

		{"weights", `{"threshold": "60%", "weights": {"a": 3}}`, "a b c", "a+", false, approved, "a weight of 3 of 5 approves (60.0 %), 60 % needed"},
		{"weights of the votes cast", `{"threshold": "60%", "of": "votes_cast", "weights": {"a": 3}}`, "a b c d e", "a+ b-", true, approved, "a weight of 3 of 4 cast approves (75.0 %), 60 % needed"},
		{"a weight is no quorum", `{"threshold": 1, "quorum": 2, "weights": {"a": 3}}`, "a b c", "a+", false, pending, "a weight of 3 approves, 1 needed; 1 of 3 have voted, the quorum is 2; waiting for b, c"},

		{"the first response approves", `{"first_response": true}`, "a b c", "b= a+ c-", false, approved, "a was the first to respond, and approved"},
		{"the first response rejects", `{"first_response": true}`, "a b c", "c- a+", false, rejected, "c was the first to respond, and rejected"},
		{"no response", `{"first_response": true}`, "a b", "a=", false, pending, "nobody has approved or rejected, the first response decides; waiting for b"},
		{"nobody responds", `{"first_response": true}`, "a b", "a= b=", false, rejected, "nobody has approved or rejected, the first response decides"},

		{"recusal makes the electorate smaller", share, "a b c d e f", "a+ b+ c+ f~", false, approved, "3 of 5 approve (60.0 %), 60 % needed"},
		{"recusal that empties it", share, "a b", "a~ b~", false, fault, "nobody is left to vote: a has stepped aside, b has stepped aside"},
		{"nobody is asked", share, "", "", false, fault, "nobody is left to vote: nobody is asked"},
		{"nobody but parties", share, "dee eli", "dee+ eli+", false, fault, "nobody is left to vote: dee is the requester, eli is the implementer"},
		{"a party's vote", `{"threshold": 1}`, "a dee", "dee+", false, pending, "0 approve, 1 needed; waiting for a"},
		{"a party's vote for another", `{"threshold": 1}`, "a b", "dee>a+", false, pending, "waiting for a, b"},
		{"a stranger's vote", `{"threshold": 1}`, "a b", "zed+", false, pending, ""},

		{"a vote that is changed", `{"threshold": 1}`, "a b", "a+ a-", false, pending, "0 approve, 1 needed; waiting for b"},
		{"a delegate", `{"threshold": 2}`, "a b", "a+ hal>b+", false, approved, ""},
		{"a delegate does not take a member's word back", `{"threshold": 2}`, "a b", "a+ b+ hal>b-", false, approved, ""},
		{"a member takes a delegate's word back", `{"threshold": 2}`, "a b", "a+ hal>b+ b-", false, rejected, ""},
		{"one human for two", `{"threshold": 2}`, "a b c", "hal>a+ hal>b+", false, pending, "1 approves, 2 needed; waiting for b, c"},
		{"one human for themselves and another", `{"threshold": 2}`, "a b c", "a>b+ a+", false, pending, "1 approves, 2 needed; waiting for b, c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			electorate := approval.NewElectorate(members(strings.Fields(test.electorate)...), approval.Parties{Requesters: []string{"dee"}, Implementers: []string{"eli"}})
			got := approval.Tally(rule(t, test.rule), electorate, ballots(test.votes), test.closed)
			require.Equal(t, test.want, got.Verdict, got.Why)
			require.Contains(t, got.Why, test.why)
			if test.want != pending {
				require.Empty(t, got.WaitingFor)
			}
		})
	}
}

func TestAShareThatIsShortNeverReadsAsReached(t *testing.T) {
	t.Parallel()
	names, votes := []string{}, []approval.Vote{}
	for i := range 1000 {
		name := "p" + string(rune('a'+i/100)) + string(rune('a'+i/10%10)) + string(rune('a'+i%10))
		names = append(names, name)
		if i < 599 {
			votes = append(votes, approval.Vote{By: name, For: name, Choice: approval.Approve})
		}
	}
	weights := `{"threshold": "60%", "weights": {"` + names[0] + `": 2, "` + names[999] + `": 2}}`
	got := approval.Tally(rule(t, weights), approval.NewElectorate(members(names...), approval.Parties{}), votes, false)
	require.Equal(t, int64(600), got.Approved)
	require.Equal(t, int64(1002), got.Weight)
	require.Equal(t, "59.9 %", got.Share)
	require.Equal(t, approval.Pending, got.Verdict)
	require.Contains(t, got.Why, "and 395 more")
}

func TestAmountsAreReadStrictly(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`"60%"`, `"66.67%"`, `"100%"`, `"2/3"`, `2`, `"2"`} {
		var a approval.Amount
		require.NoError(t, json.Unmarshal([]byte(text), &a))
		require.False(t, a.IsZero())
		written, err := json.Marshal(a)
		require.NoError(t, err)
		require.JSONEq(t, `"`+strings.Trim(text, `"`)+`"`, string(written))
		require.Empty(t, approval.Rule{Threshold: a}.Validate("rule"), text)
	}
	for _, text := range []string{`"0%"`, `"101%"`, `0`, `-1`, `2.5`, `1000000`, `"3/2"`, `"1/0"`, `"60.123%"`, `true`, `"half"`} {
		var a approval.Amount
		require.NoError(t, json.Unmarshal([]byte(text), &a))
		problems := approval.Rule{Threshold: a}.Validate("rule")
		require.Len(t, problems, 1, text)
		require.Contains(t, problems[0].Message, "neither a share")
	}
}

func TestWhatIsWrongWithARule(t *testing.T) {
	t.Parallel()
	for text, path := range map[string]string{
		`{}`: "rule.threshold",
		`{"threshold": "60%", "of": "approvals"}`:  "rule.of",
		`{"threshold": 2, "of": "electorate"}`:     "rule.of",
		`{"threshold": 2, "of": "people"}`:         "rule.of",
		`{"threshold": 2, "quorum": "lots"}`:       "rule.quorum",
		`{"threshold": 2, "veto": ["An A"]}`:       "rule.veto[0]",
		`{"threshold": 2, "required": ["a", "a"]}`: "rule.required[1]",
		`{"threshold": 2, "weights": {"a": 0}}`:    "rule.weights.a",
		`{"threshold": 2, "weights": {"a": 101}}`:  "rule.weights.a",
		`{"first_response": true, "threshold": 2}`: "rule.first_response",
	} {
		var r approval.Rule
		require.NoError(t, json.Unmarshal([]byte(text), &r))
		problems := r.Validate("rule")
		require.Len(t, problems, 1, text)
		require.Equal(t, path, problems[0].Path)
	}
}

func TestTheLeastThatReachesAnAmount(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"60%": 4, "50%": 3, "2/3": 4, "66.67%": 5, "100%": 6, "1%": 1, "2": 2} {
		amount, err := approval.ParseAmount(text)
		require.NoError(t, err)
		require.Equal(t, want, amount.Least(6), text)
	}
}
