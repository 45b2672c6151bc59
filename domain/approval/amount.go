package approval

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Bounds of an amount, a rule and a ballot; they keep sums within whole numbers of 64 bits and a decision short.
const (
	MaxPeople     = 1000
	MaxWeight     = 100
	MaxCount      = MaxPeople * MaxWeight
	MaxConditions = 20
	maxDivisor    = 1000
)

// Amount is a share ("60%", "66.67%", "2/3") or a whole number (2). Shares are fractions of whole numbers and are compared
// exactly, never rounded.
type Amount struct {
	// part of whole is the share; whole is 0 for a number, which is count.
	part, whole int64
	count       int64
	text        string
	fault       string
}

var (
	percentPattern  = regexp.MustCompile(`^(\d{1,3})(?:\.(\d{1,2}))? ?%$`)
	fractionPattern = regexp.MustCompile(`^(\d{1,4})/(\d{1,4})$`)
)

// ParseAmount reads a share of more than nothing and at most the whole, or a whole number from 1 to MaxCount.
func ParseAmount(text string) (Amount, error) {
	if found := percentPattern.FindStringSubmatch(text); found != nil {
		whole, _ := strconv.ParseInt(found[1], 10, 64)             // digits, by the pattern
		rest, _ := strconv.ParseInt((found[2] + "00")[:2], 10, 64) // likewise
		if part := whole*100 + rest; part > 0 && part <= 100*100 {
			return Amount{part: part, whole: 100 * 100, text: text}, nil
		}
	}
	if found := fractionPattern.FindStringSubmatch(text); found != nil {
		part, _ := strconv.ParseInt(found[1], 10, 64)  // digits, by the pattern
		whole, _ := strconv.ParseInt(found[2], 10, 64) // likewise
		if part > 0 && part <= whole && whole <= maxDivisor {
			return Amount{part: part, whole: whole, text: text}, nil
		}
	}
	if count, err := strconv.ParseInt(text, 10, 64); err == nil && count > 0 && count <= MaxCount {
		return Amount{count: count, text: text}, nil
	}
	return Amount{}, fmt.Errorf("%q is neither a share like 60%% or 2/3 nor a whole number from 1 to %d", text, MaxCount)
}

// IsZero reports whether nothing was said.
func (a Amount) IsZero() bool { return a == Amount{} }

// IsShare reports whether it is a share and no number.
func (a Amount) IsShare() bool { return a.whole > 0 }

// String writes the amount for a sentence: "60 %", "2/3" or "2".
func (a Amount) String() string {
	if share, percent := strings.CutSuffix(a.text, "%"); percent {
		return strings.TrimSpace(share) + " %"
	}
	return a.text
}

// reachedBy reports whether a weight is at least the amount, a share being that of a whole weight.
func (a Amount) reachedBy(weight, of int64) bool {
	if a.IsShare() {
		return weight*a.whole >= a.part*of
	}
	return weight >= a.count
}

// Least is the smallest weight that reaches the amount, a share being that of a whole weight.
func (a Amount) Least(of int64) int64 {
	if a.IsShare() {
		return (a.part*of + a.whole - 1) / a.whole
	}
	return a.count
}

// UnmarshalJSON reads an amount from text, and a number also from a number. It keeps what it cannot read for Validate, which
// knows where it stands.
func (a *Amount) UnmarshalJSON(content []byte) error {
	text := string(content)
	if err := json.Unmarshal(content, &text); err != nil {
		text = string(content)
	}
	return a.UnmarshalText([]byte(text))
}

// MarshalText writes an amount as it was read.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.text), nil }

// UnmarshalText keeps what it cannot read for Validate, as UnmarshalJSON does.
func (a *Amount) UnmarshalText(text []byte) error {
	read, err := ParseAmount(string(text))
	if err != nil {
		read = Amount{text: string(text), fault: err.Error()}
	}
	*a = read
	return nil
}

// percent writes a share of a whole with one decimal, rounded to the nearest. What is short of an amount never reads as if it
// had reached it.
func percent(weight, of int64, needed Amount) string {
	if of == 0 {
		return "0.0 %"
	}
	tenths := (weight*2000 + of) / (2 * of)
	if needed.IsShare() && needed.reachedBy(tenths, 1000) && !needed.reachedBy(weight, of) {
		tenths = weight * 1000 / of
	}
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}
