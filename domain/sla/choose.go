package sla

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// Book holds the agreements that a record can come under.
type Book struct {
	// Candidates are the newest version of every agreement, each with the calendar in which it would count.
	Candidates []Terms
	// Language evaluates their expressions.
	Language Language
}

// Language evaluates the expressions by which agreements say which records they are for; it lives outside the domain because it
// needs a library.
type Language interface {
	AgreementApplies(expression string, record map[string]any) (bool, error)
}

// Choice is an agreement that holds for a record, and why.
type Choice struct {
	Terms
	Why string
}

// Choose finds the agreements that hold for a record at an instant: of those with its requester the one of the highest rank, of
// equal rank the first by name; of teams and of vendors all that apply. One whose expression cannot be evaluated does not apply:
// faults says of each why, in one sentence.
func (b Book) Choose(record map[string]any, moment time.Time) (choices []Choice, faults []string) {
	var agreed, others []Choice
	for _, terms := range b.Candidates {
		if !terms.Spec.ValidOn(moment, terms.Calendar.Zone()) {
			continue
		}
		applies, err := b.Language.AgreementApplies(terms.Spec.AppliesTo, record)
		switch {
		case err != nil:
			faults = append(faults, fmt.Sprintf("%s could not be evaluated (%v)", terms.Agreement, err))
		case !applies:
		case terms.Spec.Team != "":
			others = append(others, Choice{terms, "the agreement of the team " + terms.Spec.Team + " applies"})
		case terms.Spec.Vendor != "":
			others = append(others, Choice{terms, "the contract with " + terms.Spec.Vendor + " applies"})
		default:
			agreed = append(agreed, Choice{Terms: terms})
		}
	}
	sort.SliceStable(agreed, func(i, j int) bool {
		if agreed[i].Spec.Rank != agreed[j].Spec.Rank {
			return agreed[i].Spec.Rank > agreed[j].Spec.Rank
		}
		return agreed[i].Agreement < agreed[j].Agreement
	})
	sort.SliceStable(others, func(i, j int) bool { return others[i].Agreement < others[j].Agreement })
	if len(agreed) > 0 {
		agreed[0].Why = because(agreed)
		agreed = agreed[:1]
	}
	return append(agreed, others...), faults
}

// because explains the choice among agreements that all apply, best first.
func because(applying []Choice) string {
	why := fmt.Sprintf("%s applies (rank %d)", applying[0].Agreement, applying[0].Spec.Rank)
	if rest := applying[1:]; len(rest) > 0 {
		names := make([]string, len(rest))
		for i, choice := range rest {
			names[i] = fmt.Sprintf("%s (%d)", choice.Agreement, choice.Spec.Rank)
		}
		why += ", before " + strings.Join(names, ", ")
	}
	const longest = 500
	if len(why) > longest {
		why = strings.ToValidUTF8(why[:longest], "") + "…"
	}
	return why
}
