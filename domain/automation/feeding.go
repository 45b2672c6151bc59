package automation

import (
	"slices"
)

// causes are the types of events that an action can make.
func (a Action) causes() []string {
	priority := []string{
		"incident.priority_overridden", "incident.priority_changed", "incident.clock_re_rated", "incident.clock_breached", "incident.paged",
		"incident.page_deferred", "incident.page_withdrawn",
	}
	switch {
	case a.Assign != nil:
		return []string{"incident.assigned"}
	case len(a.AddTags) > 0, len(a.RemoveTags) > 0:
		return []string{"incident.edited"}
	case len(a.Set) > 0:
		return append(priority, "incident.edited")
	case a.RaisePriority > 0, a.ChangePriority != nil:
		return priority
	case a.Escalate != "", len(a.Page) > 0:
		return []string{"incident.paged"}
	case a.Note != "":
		return []string{"note.added"}
	}
	return nil
}

// feeds reports whether what one rule does can be what another follows.
func (r Rule) feeds(other Rule) bool {
	return slices.ContainsFunc(r.Then, func(a Action) bool {
		return slices.ContainsFunc(a.causes(), func(event string) bool { return slices.Contains(other.On, event) })
	})
}

// Circle is the shortest way on which a rule can come to follow itself: names of rules, from it and back to it; nil where there is none.
// Whether their conditions ever let it is not looked at.
func Circle(rules []Rule, of int) []string {
	came := map[int]int{}
	for queue := []int{of}; len(queue) > 0; queue = queue[1:] {
		for i, other := range rules {
			if !rules[queue[0]].feeds(other) {
				continue
			}
			if i == of {
				return wayBack(rules, came, queue[0], of)
			}
			if _, seen := came[i]; !seen {
				came[i] = queue[0]
				queue = append(queue, i)
			}
		}
	}
	return nil
}

func wayBack(rules []Rule, came map[int]int, last, of int) []string {
	way := []string{rules[of].Name}
	for at := last; at != of; at = came[at] {
		way = append(way, rules[at].Name)
	}
	way = append(way, rules[of].Name)
	slices.Reverse(way)
	return way
}
