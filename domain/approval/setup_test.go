package approval_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
)

// desk is open Monday to Friday from 09:00 to 17:00 in Berlin.
func desk(t require.TestingT) *calendar.Calendar {
	day := []string{"09:00-17:00"}
	made, problems := calendar.Compile(calendar.Spec{
		Timezone: "Europe/Berlin",
		Weekly:   map[string][]string{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day},
	}, berlin(t), nil)
	require.Empty(t, problems)
	return made
}

func berlin(t require.TestingT) *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	return zone
}

// on reads a local time: "2026-12-04 15:00".
func on(t require.TestingT, text string) time.Time {
	at, err := time.ParseInLocation("2006-01-02 15:04", text, berlin(t))
	require.NoError(t, err)
	return at.UTC()
}

// rule reads a rule as a document writes it.
func rule(t require.TestingT, text string) approval.Rule {
	var r approval.Rule
	require.NoError(t, json.Unmarshal([]byte(text), &r))
	require.Empty(t, r.Validate("rule"))
	return r
}

// members are people who are asked.
func members(names ...string) []approval.Member {
	list := make([]approval.Member, len(names))
	for i, name := range names {
		list[i] = approval.Member{Person: name, As: []string{"role:cab_member"}}
	}
	return list
}

// board is an approval in the making, with its time.
type board struct {
	t require.TestingT
	*approval.Keeper
	at    time.Time
	facts approval.Facts
	last  int
}

// content are the hashes of the first version.
func content() approval.Hashes {
	return approval.Hashes{approval.Scope: "scope-1", approval.Schedule: "schedule-1"}
}

// setup submits an approval of a policy's stages. dee requests and eli implements.
func setup(t require.TestingT, stages string, seats map[string][]approval.Member, delegations ...approval.Delegation) *board {
	var policy approval.Policy
	require.NoError(t, json.Unmarshal([]byte(`{"when": "true", "stages": `+stages+`}`), &policy))
	require.Empty(t, policy.Validate())
	a := approval.Begin(
		approval.Selection{Candidate: approval.Candidate{Name: "cab", Version: 1, Spec: policy}},
		approval.Parties{Requesters: []string{"dee"}, Implementers: []string{"eli"}},
	)
	facts := approval.Facts{Calendar: desk(t), Seats: seats, Delegations: delegations}
	b := &board{t: t, Keeper: approval.NewKeeper(a, facts), at: on(t, "2026-12-01 10:00"), facts: facts}
	require.NoError(t, b.Submit(b.at, "dee", content()))
	return b
}

// later lets time pass, and what falls due come.
func (b *board) later(d time.Duration) *board {
	b.at = b.at.Add(d)
	require.NoError(b.t, b.Tick(b.at))
	return b
}

// again takes the approval through its JSON, as a row does between two decisions.
func (b *board) again() {
	text, err := json.Marshal(b.Approval)
	require.NoError(b.t, err)
	var read approval.Approval
	require.NoError(b.t, json.Unmarshal(text, &read))
	b.Keeper = approval.NewKeeper(read, b.facts)
	b.last = 0
}

// says votes on the content as it is, and answers the refusal.
func (b *board) says(by string, choice approval.Choice, ballot ...approval.Ballot) error {
	one := approval.Ballot{}
	if len(ballot) > 0 {
		one = ballot[0]
	}
	one.By, one.Choice = by, choice
	if one.Hashes == nil {
		one.Hashes = b.Approval.Hashes
	}
	if choice == approval.Reject && one.Comment == "" {
		one.Comment = "no back-out"
	}
	b.at = b.at.Add(time.Minute)
	require.NoError(b.t, b.Tick(b.at))
	return b.Cast(b.at, one)
}

// loses lets somebody become inactive, or lose what they were asked for, and has the approval look at who decides it.
func (b *board) loses(person string, why approval.Leaving) error {
	for stage, seats := range b.facts.Seats {
		seats = slices.Clone(seats)
		if why == approval.NoLonger {
			seats = slices.DeleteFunc(seats, func(m approval.Member) bool { return m.Person == person })
		}
		for i := range seats {
			if seats[i].Person == person {
				seats[i].Left = why
			}
		}
		b.facts.Seats[stage] = seats
	}
	b.Keeper = approval.NewKeeper(b.Approval, b.facts)
	b.last = 0
	return b.Measure(b.at)
}

// approve lets people approve.
func (b *board) approve(people ...string) {
	for _, person := range people {
		require.NoError(b.t, b.says(person, approval.Approve), person)
	}
}

// stage finds a stage.
func (b *board) stage(name string) approval.Stage {
	s, found := b.Approval.Stage(name)
	require.True(b.t, found, name)
	return s
}

// told are the kinds of what happened since it was last asked.
func (b *board) told() []approval.HappeningKind {
	var list []approval.HappeningKind
	for _, h := range b.Happenings[b.last:] {
		list = append(list, h.Kind)
	}
	b.last = len(b.Happenings)
	return list
}

// refused holds an error against a code, and its words.
func refused(t *testing.T, err error, code domain.Code, says string) {
	t.Helper()
	require.ErrorContains(t, err, says)
	require.Equal(t, code, domain.CodeOf(err), err)
}
