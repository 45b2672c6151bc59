package approval

import (
	"fmt"
	"slices"
	"strings"
)

// shownNames is how many people a sentence names before it counts the rest.
const shownNames = 6

// unmeetable says why the rule could not be met even if all who can vote approved; empty when it could.
func (t *tally) unmeetable() string {
	if t.People == 0 {
		return "nobody is left to vote" + t.whoLeft()
	}
	for _, person := range slices.Sorted(slices.Values(t.rule.Required)) {
		m, found := t.electorate.Find(person)
		switch {
		case !found:
			return person + " must approve and is not among those who are asked"
		case m.Left != "":
			return person + " must approve and " + m.Left.String()
		}
	}
	switch quorum, threshold := t.rule.Quorum, t.rule.Threshold; {
	case t.rule.FirstResponse:
	case !threshold.IsShare() && threshold.count > t.Weight:
		return fmt.Sprintf("%s needed and only %s left who can vote", number(threshold.count, "approval is", "approvals are"), number(t.Weight, "is", "are"))
	case !quorum.IsShare() && quorum.count > int64(t.People):
		return fmt.Sprintf("the quorum is %s and only %s left who can vote", quorum, number(int64(t.People), "is", "are"))
	}
	return ""
}

// whoLeft says why nobody is left.
func (t *tally) whoLeft() string {
	var list []string
	for _, m := range t.electorate.Members {
		list = append(list, m.Person+" "+m.Left.String())
	}
	if len(list) == 0 {
		return ": nobody is asked"
	}
	return ": " + shown(list)
}

// waitingFor are those without whom it cannot be approved now: where enough approve already, those who must.
func (t *tally) waitingFor() []string {
	if t.Verdict != Pending {
		return nil
	}
	if missing := t.missing(); t.Reached && t.Quorum && t.settled() && len(missing) > 0 {
		return missing
	}
	return t.Outstanding
}

// sentence says why the votes come to what they come to.
func (t *tally) sentence() string {
	if t.fault != "" {
		return t.fault
	}
	parts := []string{t.standing()}
	if !t.Quorum && t.Verdict != Rejected {
		parts = append(parts, fmt.Sprintf("%d of %d have voted, the quorum is %s", t.Voted, t.People, t.rule.Quorum))
	}
	return strings.Join(append(parts, t.ending()...), "; ")
}

// standing says how much approves and how much is needed.
func (t *tally) standing() string {
	approving := number(t.Approved, "approves", "approve")
	switch {
	case t.rule.FirstResponse && t.first.By == "":
		return "nobody has approved or rejected, the first response decides"
	case t.rule.FirstResponse && t.first.Choice.Approves():
		return t.first.For + " was the first to respond, and approved"
	case t.rule.FirstResponse:
		return t.first.For + " was the first to respond, and rejected"
	case len(t.rule.Weights) > 0:
		approving = fmt.Sprintf("a weight of %d", t.Approved)
	}
	switch of, _ := t.of(); t.rule.base() {
	case OfElectorate:
		if len(t.rule.Weights) > 0 {
			return fmt.Sprintf("%s of %d approves (%s), %s needed", approving, of, t.Share, t.rule.Threshold)
		}
		return fmt.Sprintf("%d of %d %s (%s), %s needed", t.Approved, of, plural(t.Approved, "approves", "approve"), t.Share, t.rule.Threshold)
	case OfVotesCast:
		if len(t.rule.Weights) > 0 {
			return fmt.Sprintf("%s of %d cast approves (%s), %s needed", approving, of, t.Share, t.rule.Threshold)
		}
		return fmt.Sprintf("%d of %s cast %s (%s), %s needed", t.Approved, number(of, "vote", "votes"), plural(t.Approved, "approves", "approve"), t.Share, t.rule.Threshold)
	}
	if len(t.rule.Weights) > 0 {
		return fmt.Sprintf("%s approves, %s needed", approving, t.rule.Threshold)
	}
	return fmt.Sprintf("%s, %s needed", approving, t.rule.Threshold)
}

// ending says what decides, or for whom it waits.
func (t *tally) ending() []string {
	switch {
	case t.Verdict == Approved || t.rule.FirstResponse && t.Verdict == Rejected:
		return nil
	case t.Verdict == Pending && t.closed:
		if missing := t.missing(); len(missing) > 0 {
			return []string{shown(missing) + " must approve and " + plural(int64(len(missing)), "has", "have") + " not voted"}
		}
		return nil
	case t.Verdict == Pending:
		return []string{"waiting for " + shown(t.WaitingFor)}
	}
	if person := t.vetoed(); person != "" {
		return []string{person + " has a veto and rejected"}
	}
	if person := t.refusing(); person != "" {
		return []string{fmt.Sprintf("%s must approve and %s", person, map[bool]string{true: "abstained", false: "rejected"}[t.votes[person].Choice == Abstain])}
	}
	if len(t.Outstanding) > 0 && !t.closed {
		return []string{"those who have not voted cannot reach it any more"}
	}
	return nil
}

// number writes a number with the word that follows it.
func number(n int64, one, many string) string { return fmt.Sprintf("%d %s", n, plural(n, one, many)) }

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// shown lists names, the first of them if there are many.
func shown(names []string) string {
	if rest := len(names) - shownNames; rest > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shownNames], ", "), rest)
	}
	return strings.Join(names, ", ")
}
