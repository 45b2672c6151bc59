package change

import (
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
)

// filesChanged is the event of files that came to what votes are about, or went.
const filesChanged = "change.attachments_changed"

// deciding are the commands that decide a change, or begin what was decided.
var deciding = []string{"cast_vote", "close_voting", "break_glass", "start"}

// contentChanged looks at what is attached: a file came to what is voted on, or went. What follows of it, lookAtFiles and keepApproval say.
func (d *draft) contentChanged() error { return nil }

// newFiles reports whether what is attached is no longer what votes are about. What comes after it was carried out decides nothing.
func (d *draft) newFiles() bool {
	record := &d.Record
	asked := record.Approval != nil && record.Approval.SubmittedAt != nil
	return asked && !Over(record.State) && !slices.Equal(sorted(record.Attached), sorted(d.facts.Attachments))
}

// Over reports whether a change in this state has been carried out or given up: what is at it then is evidence.
func Over(state domain.State) bool {
	return slices.Contains([]domain.State{Review, Closed, Canceled}, state)
}

// lookAtFiles takes what is attached for what votes are about from now on.
func (d *draft) lookAtFiles() {
	if !d.newFiles() {
		return
	}
	d.Record.Attached = sorted(d.facts.Attachments)
	d.add(filesChanged, "", map[string]any{"fields": []string{"attachments"}}, nil)
}

// seenFiles refuses to decide on files that came since the change was read: a vote on them would be void as soon as they are looked
// at.
func (d *draft) seenFiles() error {
	if !slices.Contains(deciding, d.command.Verb()) || !d.newFiles() {
		return nil
	}
	refused := domain.Conflict(nil, "the change has changed since: attachments; look at it again")
	refused.Fields = []domain.FieldError{{Location: "attachments", Message: "has changed since"}}
	return refused
}
