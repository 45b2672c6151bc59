package change

import (
	"slices"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// Deadlines are the moments that the change's one timer keeps, earliest first. They follow from the record alone.
func Deadlines(record Change, facts Facts) ([]domain.Deadline, error) {
	var list []domain.Deadline
	on := func(due *time.Time, name, verb, then string) {
		if due != nil {
			list = append(list, domain.Deadline{Name: name, DueAt: *due, Command: string(Practice) + "." + verb, Then: then})
		}
	}
	if record.Approval != nil && record.Approval.SubmittedAt != nil && slices.Contains(voting, record.State) {
		k := approval.NewKeeper(*record.Approval, approval.Facts{Calendar: facts.Calendar})
		due, err := k.Deadlines(Practice)
		if err != nil {
			return nil, err
		}
		list = append(list, due...)
	}
	switch record.State {
	case Approved, Scheduled:
		if !record.WindowMissed {
			on(record.WindowTo, "window_missed", "window_missed", "goes back to approved: the window was missed")
		}
		if record.State == Scheduled && record.AutoStart && record.HeldSince == nil {
			on(record.WindowFrom, "window_opens", "window_opens", "starts by itself")
		}
	case Implementing:
		if record.OverrunAt == nil {
			on(record.end(), "overrun", "overrun", "tells that the window is over")
		}
	case Review:
		if record.pending() == "" {
			on(record.WatchUntil, "watch_over", "watch_over", "closes by itself")
		}
		if record.Findings == "" && !record.ReviewEscalated {
			on(record.ReviewDueAt, "review", "review_overdue", "tells that it has not been reviewed")
		}
	}
	if record.State == Implementing || record.State == Review || record.State == Closed {
		on(record.SettleAt, "settle", "settled", "opens incidents of what still fires")
	}
	for _, cause := range record.Causes { // of a closed change too: its watch may have found it after a review
		if cause.Verdict == "" && !cause.Escalated {
			due := cause.DueAt
			on(&due, "cause "+cause.Number, "cause_overdue", "tells that nobody has decided whether it caused "+cause.Number)
		}
	}
	domain.SortDeadlines(list)
	return list, nil
}
