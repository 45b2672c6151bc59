package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/change"
)

// bearing is what a vote is given in view of: the change, the stage as it stands, and now.
type bearing struct {
	Change change.Change
	Stage  stageView
	Now    time.Time
}

// otherwise says what becomes of the stage where the votes do not decide it in time.
func (b bearing) otherwise() string {
	switch {
	case b.Stage.State == approval.StageEscalated:
		return "Its deadline has passed; the change managers were told. Votes still count."
	case b.Stage.ByDefault() == approval.DefaultReject:
		return "If the votes do not decide by then, it is rejected."
	}
	return "If the votes do not decide by then, the change managers are told, and votes still count."
}

// needed says how much is still needed.
func (b bearing) needed(ctx context.Context) string {
	if more := b.Stage.Least - b.Stage.Figures.Approved; b.Stage.Least > 0 && more > 0 {
		return count(ctx, int(more), "more approval", "more approvals") + ". "
	}
	return sentence(b.Stage.Figures.Why) + " "
}

// spoken are those who have voted.
func (b bearing) spoken() []memberView {
	var list []memberView
	for _, member := range b.Stage.Seats {
		if member.Left == "" && member.Vote != nil {
			list = append(list, member)
		}
	}
	return list
}

// silent names those whose vote is outstanding.
func (b bearing) silent() string {
	var names []string
	for _, member := range b.Stage.Seats {
		if member.Left == "" && member.Vote == nil {
			names = append(names, member.Person)
		}
	}
	if len(names) == 0 {
		return "All have voted."
	}
	return "Not yet: " + strings.Join(names, ", ") + "."
}

// who says who asks for the change, and who carries it out.
func (b bearing) who() string {
	words := "Asked for by " + orNone(b.Change.Requester)
	switch b.Change.Assignee {
	case "":
		return words + "; who carries it out is not said yet."
	case b.Change.Requester:
		return words + ", who carries it out too."
	}
	return words + ", carried out by " + b.Change.Assignee + "."
}

// votesOnWindow reports whether the vote is about the window, which then stands with what it is about.
func (b bearing) votesOnWindow() bool {
	return slices.Contains(b.Stage.Covered(), approval.Schedule)
}

// points are those that make the risk what it is.
func (b bearing) points() []change.Point {
	if b.Change.Risk.From == "questionnaire" {
		return b.Change.Risk.Questionnaire
	}
	return b.Change.Risk.Calculator
}

// against says what the conflicts mean for the change.
func (b bearing) against() string {
	switch {
	case len(b.Change.Conflicts) == 0:
		return "Nothing speaks against its window."
	case len(b.Change.Blocked()) > 0:
		return "You can vote all the same: it cannot start while what blocks it stands, unless a change manager overrides that."
	}
	return "None of it keeps the change from starting."
}
