package policytest

import (
	"fmt"
	"time"
)

func (e expectation) addChange(add func(string, any)) {
	if e.Frozen != nil {
		add("frozen", *e.Frozen)
	}
	if e.Until != nil {
		add("until", e.Until.Format(time.RFC3339Nano))
	}
	if e.Level != nil {
		add("level", fmt.Sprintf("%q", *e.Level))
	}
	if e.Score != nil {
		add("score", *e.Score)
	}
}

func (e expectation) compareChange(got answer, compare func(name string, expected, got any, equal bool)) {
	if e.Frozen != nil {
		compare("frozen", *e.Frozen, shown(got.frozen), got.frozen != nil && *got.frozen == *e.Frozen)
	}
	if e.Until != nil {
		is := unanswered
		if got.frozen != nil {
			is = "none: nothing is frozen"
		}
		if got.until != nil {
			is = got.until.In(e.Until.Location()).Format(time.RFC3339Nano)
		}
		compare("until", e.Until.Format(time.RFC3339Nano), is, got.until != nil && got.until.Equal(*e.Until))
	}
	if e.Level != nil {
		compare("level", fmt.Sprintf("%q", *e.Level), shown(got.level), got.level != nil && *got.level == *e.Level)
	}
	if e.Score != nil {
		compare("score", *e.Score, shown(got.score), got.score != nil && *got.score == *e.Score)
	}
}
