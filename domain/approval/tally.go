package approval

import "slices"

// Figures are what votes come to under a rule. Weights count towards the threshold, people towards the quorum.
type Figures struct {
	Verdict Verdict `json:"verdict"`
	// Why says in one sentence why that is so.
	Why string `json:"why"`
	// People are how many can vote, Voted how many of them have, abstentions too.
	People int `json:"people"`
	Voted  int `json:"voted"`
	// Weight is that of everybody who can vote; Approved and Rejected are parts of it.
	Weight   int64 `json:"weight"`
	Approved int64 `json:"approved"`
	Rejected int64 `json:"rejected"`
	// Share is what the threshold is compared with, in words: "66.7 %"; empty for a number of approvals.
	Share string `json:"share,omitempty"`
	// Reached: the threshold is; Quorum: enough have voted.
	Reached bool `json:"reached"`
	Quorum  bool `json:"quorum"`
	// Outstanding are those who have not voted, WaitingFor those of them without whom it cannot be approved now.
	Outstanding []string `json:"outstanding,omitempty"`
	WaitingFor  []string `json:"waiting_for,omitempty"`
}

// Tally says what votes come to under a rule. closed: nobody votes any more, because the deadline has passed or the chair has
// closed the voting; what is pending then was not decided by votes.
//
// Of a person's votes for a seat the last in the list counts, their own before a delegate's. What is no member's vote, or that
// of a hand that has none or has voted already, is not counted. But for those the order of the votes means nothing, save under
// first_response.
func Tally(rule Rule, electorate Electorate, votes []Vote, closed bool) Figures {
	t := &tally{rule: rule, electorate: recused(electorate, votes), closed: closed}
	t.votes = t.electorate.counted(votes)
	t.sum()
	t.Verdict = t.decide()
	t.WaitingFor = t.waitingFor()
	t.Why = t.sentence()
	return t.Figures
}

// recused lets those leave who step aside by their last word.
func recused(e Electorate, votes []Vote) Electorate {
	e.Members = slices.Clone(e.Members)
	for i := range e.Members {
		m := &e.Members[i]
		for _, vote := range votes {
			if m.Left == "" && vote.Choice == Recuse && vote.By == m.Person && !vote.Delegated() {
				m.Left = Recused
			}
		}
	}
	return e
}

// counted are the votes that count, by seat.
func (e Electorate) counted(votes []Vote) map[string]placed {
	seats := map[string]placed{}
	for place, vote := range votes {
		seat, found := e.Find(vote.For)
		if _, barred := e.hand(vote.By); barred || !found || seat.Left != "" || vote.Choice == Recuse {
			continue
		}
		if before, given := seats[vote.For]; given && !before.Delegated() && vote.Delegated() {
			continue
		}
		seats[vote.For] = placed{vote, place}
	}
	hands := map[string]bool{}
	for seat, vote := range seats {
		if !vote.Delegated() {
			hands[seat] = true
		}
	}
	for _, m := range e.Members { // by name, so that it is the same whatever the order of the votes
		vote, given := seats[m.Person]
		if !given || !vote.Delegated() {
			continue
		}
		if hands[vote.By] {
			delete(seats, m.Person)
		}
		hands[vote.By] = true
	}
	return seats
}

// placed is a vote with its place among all.
type placed struct {
	Vote
	place int
}

// tally is a count in the making.
type tally struct {
	Figures
	rule       Rule
	electorate Electorate
	votes      map[string]placed
	closed     bool
	// first is the first response, open the weight of those who have not voted.
	first placed
	open  int64
	fault string
}

func (t *tally) sum() {
	for _, m := range t.electorate.Members {
		if m.Left != "" {
			continue
		}
		weight := t.rule.weight(m)
		t.People, t.Weight = t.People+1, t.Weight+weight
		vote, given := t.votes[m.Person]
		switch {
		case !given:
			t.Outstanding, t.open = append(t.Outstanding, m.Person), t.open+weight
			continue
		case vote.Choice.Approves():
			t.Approved += weight
		case vote.Choice == Reject:
			t.Rejected += weight
		}
		t.Voted++
		if vote.Choice != Abstain && (t.first.By == "" || vote.place < t.first.place) {
			t.first = vote
		}
	}
	t.Quorum = t.rule.Quorum.IsZero() || t.rule.Quorum.reachedBy(int64(t.Voted), int64(t.People))
	if of, isShare := t.of(); isShare {
		t.Share = percent(t.Approved, of, t.rule.Threshold)
	}
	if of, _ := t.of(); !t.rule.FirstResponse {
		t.Reached = t.reachedOf(of)
	}
}

// of is what a share of a threshold is of now.
func (t *tally) of() (whole int64, isShare bool) {
	switch t.rule.base() {
	case OfElectorate:
		return t.Weight, !t.rule.FirstResponse
	case OfVotesCast:
		return t.Approved + t.Rejected, !t.rule.FirstResponse
	}
	return 0, false
}

// reachedOf reports whether the approvals reach the threshold, a share being that of a whole; none are never enough.
func (t *tally) reachedOf(whole int64) bool {
	return t.Approved > 0 && t.rule.Threshold.reachedBy(t.Approved, whole)
}

func (t *tally) decide() Verdict {
	if t.fault = t.unmeetable(); t.fault != "" {
		return Error
	}
	switch {
	case t.rule.FirstResponse && t.first.By == "" && t.Voted == t.People:
		return Rejected // everybody abstained
	case t.rule.FirstResponse && t.first.By == "":
		return Pending
	case t.rule.FirstResponse && t.first.Choice.Approves():
		return Approved
	case t.rule.FirstResponse, t.vetoed() != "", t.refusing() != "", t.outOfReach():
		return Rejected
	case t.settled() && t.Reached && t.Quorum && len(t.missing()) == 0:
		return Approved
	case t.closed && t.rule.base() == OfVotesCast && t.Quorum && t.Approved+t.Rejected > 0 && !t.Reached:
		return Rejected
	}
	return Pending
}

// settled reports whether reaching the threshold is enough now: of the votes cast it is only when no vote that is outstanding
// can change it.
func (t *tally) settled() bool {
	if t.closed || t.rule.base() != OfVotesCast {
		return true
	}
	vetoes := slices.ContainsFunc(t.rule.Veto, func(person string) bool { return slices.Contains(t.Outstanding, person) })
	return !vetoes && t.reachedOf(t.Approved+t.Rejected+t.open)
}

// outOfReach reports whether the threshold is not reached even if all who have not voted approve.
func (t *tally) outOfReach() bool {
	approved, whole := t.Approved+t.open, t.Weight
	if t.rule.base() == OfVotesCast {
		whole = approved + t.Rejected
	}
	return approved == 0 || !t.rule.Threshold.reachedBy(approved, whole)
}

// vetoed is who has rejected with a veto.
func (t *tally) vetoed() string {
	return t.firstOf(t.rule.Veto, func(vote Vote) bool { return vote.Choice == Reject })
}

// refusing is who must approve and has voted otherwise.
func (t *tally) refusing() string {
	return t.firstOf(t.rule.Required, func(vote Vote) bool { return !vote.Choice.Approves() })
}

func (t *tally) firstOf(people []string, is func(Vote) bool) string {
	for _, person := range slices.Sorted(slices.Values(people)) {
		if vote, given := t.votes[person]; given && is(vote.Vote) {
			return person
		}
	}
	return ""
}

// missing are those who must approve and have not voted.
func (t *tally) missing() []string {
	var list []string
	for _, person := range t.Outstanding {
		if slices.Contains(t.rule.Required, person) {
			list = append(list, person)
		}
	}
	return list
}
