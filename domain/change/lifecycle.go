package change

import (
	"slices"

	"github.com/holdfast-itsm/holdfast/domain"
)

// The states of a change.
const (
	Draft            domain.State = "draft"
	Assessing        domain.State = "assessing"
	AwaitingApproval domain.State = "awaiting_approval"
	Approved         domain.State = "approved"
	Scheduled        domain.State = "scheduled"
	Implementing     domain.State = "implementing"
	Review           domain.State = "review"
	Closed           domain.State = "closed"
	Rejected         domain.State = "rejected"
	Canceled         domain.State = "canceled"
)

// The states from which a command leads on, or to which the approval leads.
var (
	decided    = []domain.State{AwaitingApproval, Approved, Scheduled, Rejected}
	authorised = []domain.State{Approved, Scheduled}
	editable   = []domain.State{Draft, Assessing, AwaitingApproval, Approved, Scheduled, Implementing, Review, Rejected}
	allStates  = append(slices.Clone(editable), Closed, Canceled)
	voting     = []domain.State{AwaitingApproval, Implementing, Review}
	underway   = []domain.State{Assessing, AwaitingApproval, Approved, Scheduled}
)

// The roles that give commands; what is more particular (the owner, a peer, an implementer, the electorate) the rules check.
var (
	agents   = []domain.Role{domain.RoleAgent, domain.RoleTeamLead, domain.RoleChangeManager}
	managers = []domain.Role{domain.RoleChangeManager}
	voters   = []domain.Role{
		domain.RoleApprover, domain.RoleCABMember, domain.RoleAgent, domain.RoleTeamLead, domain.RoleChangeManager,
		domain.RoleIncidentManager, domain.RoleServiceOwner,
	}
	judges = []domain.Role{domain.RoleServiceOwner, domain.RoleApprover, domain.RoleChangeManager}
)

// Lifecycle is the table of changes.
var Lifecycle = &domain.Lifecycle{
	Practice: Practice,
	Prefix:   "CHG",
	States: []domain.StateInfo{
		{Name: Draft, Title: "Draft", Open: true, Active: true},
		{Name: Assessing, Title: "Being assessed", Open: true, Active: true},
		{Name: AwaitingApproval, Title: "Awaiting approval", Open: true, Active: true},
		{Name: Approved, Title: "Approved", Open: true, Active: true},
		{Name: Scheduled, Title: "Scheduled", Open: true, Active: true},
		{Name: Implementing, Title: "Implementing", Open: true, Active: true},
		{Name: Review, Title: "In review", Open: true, Active: true},
		{Name: Closed, Title: "Closed"},
		{Name: Rejected, Title: "Rejected"},
		{Name: Canceled, Title: "Canceled"},
	},
	Transitions: []domain.Transition{
		{Verb: "draft", Title: "Draft", To: []domain.State{Draft}, Roles: agents, Event: "change.drafted", Body: body[Content]},
		{Verb: "from_model", Title: "New from a model", To: []domain.State{Draft, Approved, Scheduled}, Roles: agents, Event: "change.drafted", Body: body[FromModel]},
		{Verb: "edit", Title: "Edit", From: editable, To: append([]domain.State{Implementing}, decided...), Leads: editLeads, Roles: agents, Event: "change.edited", Body: body[Edit]},
		{Verb: "submit", Title: "Submit", From: []domain.State{Draft}, To: []domain.State{Assessing, AwaitingApproval, Approved, Scheduled}, Roles: agents, Event: "change.submitted", Body: body[Submit]},
		{Verb: "assess", Title: "Assess", From: []domain.State{Assessing}, To: []domain.State{AwaitingApproval}, Roles: agents, Event: "change.assessed", Body: body[AnswerRisk]},
		{Verb: "peer_review", Title: "Peer review", From: []domain.State{Assessing}, To: []domain.State{AwaitingApproval}, Roles: agents, Event: "change.peer_reviewed", Body: body[PeerReview]},
		{Verb: "cast_vote", Title: "Vote", From: voting, To: decided, Leads: voteLeads, Roles: voters, Event: "change.voted", Body: body[CastVote]},
		{Verb: "close_voting", Title: "Close voting", From: voting, To: decided, Leads: voteLeads, Roles: managers, Event: "change.voting_closed", Body: body[OfStage]},
		{Verb: "request_info", Title: "Ask the owner", From: voting, Roles: voters, Event: "change.info_requested", Body: body[RequestInfo]},
		{Verb: "answer_info", Title: "Answer", From: voting, Roles: agents, Event: "change.info_answered", Body: body[AnswerInfo]},
		{Verb: "defer", Title: "Defer", From: voting, Roles: managers, Event: "change.vote_deferred", Body: body[Defer]},
		{Verb: "ask_others", Title: "Ask others", From: voting, Roles: managers, Event: "change.others_asked", Body: body[AskOthers]},
		{Verb: "break_glass", Title: "Break the glass", From: []domain.State{AwaitingApproval}, To: authorised, Roles: managers, Event: "change.approved_alone", Body: body[Because]},
		{Verb: "revise", Title: "Revise", From: []domain.State{Rejected, Approved, Scheduled}, To: []domain.State{Draft}, Roles: agents, Event: "change.revised", Body: body[Plain]},
		{Verb: "schedule", Title: "Schedule", From: []domain.State{Approved}, To: []domain.State{AwaitingApproval, Scheduled}, Roles: agents, Event: "change.window_set", Body: body[Schedule]},
		{Verb: "start", Title: "Start", From: []domain.State{Scheduled}, To: []domain.State{Implementing}, Roles: agents, Event: "change.started", Body: body[Timed]},
		{Verb: "start_task", Title: "Start a task", From: []domain.State{Approved, Scheduled, Implementing}, Roles: agents, Event: "change.task_started", Body: body[OfTask]},
		{Verb: "complete_task", Title: "Complete a task", From: []domain.State{Approved, Scheduled, Implementing}, To: underHand, Leads: heldLeads, Roles: agents, Event: "change.task_done", Body: body[OfTask]},
		{Verb: "complete", Title: "Complete", From: []domain.State{Implementing}, To: []domain.State{Review}, Roles: agents, Event: "change.completed", Body: body[Complete]},
		{Verb: "back_out", Title: "Back out", From: []domain.State{Implementing}, To: []domain.State{Review}, Roles: agents, Event: "change.backed_out", Body: body[BackOut]},
		{Verb: "extend", Title: "Extend", From: []domain.State{Implementing}, Roles: managers, Event: "change.extended", Body: body[Extend]},
		{Verb: "override_conflict", Title: "Override a conflict", From: authorised, To: underHand, Leads: freedLeads, Roles: managers, Event: "change.conflict_overridden", Body: body[OverrideConflict]},
		{Verb: "record_retrospective", Title: "Record as done", From: []domain.State{Draft}, To: []domain.State{Review}, Roles: agents, Event: "change.recorded", Body: body[Retrospective]},
		{Verb: "decide_cause", Title: "Decide a cause", From: []domain.State{Implementing, Review, Closed}, Roles: judges, Event: "change.cause_decided", Body: body[DecideCause]},
		{Verb: "review", Title: "Review", From: []domain.State{Review}, Roles: managers, Event: "change.reviewed", Body: body[ReviewFindings]},
		{Verb: "close", Title: "Close", From: []domain.State{Review}, To: []domain.State{Closed}, Roles: agents, Event: "change.closed", Body: body[Plain]},
		{Verb: "withdraw", Title: "Withdraw", From: underway, To: []domain.State{Draft}, Roles: agents, Event: "change.withdrawn", Body: body[Plain]},
		{Verb: "cancel", Title: "Cancel", From: append([]domain.State{Draft, Rejected}, underway...), To: []domain.State{Canceled}, Roles: agents, Event: "change.canceled", Body: body[Because]},
		{Verb: "link", Title: "Link", From: allStates, Roles: agents, Event: "change.linked", Body: body[Relate]},
		{Verb: "unlink", Title: "Unlink", From: allStates, Roles: agents, Event: "change.unlinked", Body: body[Relate]},

		{Verb: "approval_due", Title: "Remind, or end the vote", From: voting, To: decided, Leads: voteLeads, Event: "change.approval_due", Body: body[Plain]},
		{Verb: "electorate_changed", Title: "Look at who decides", From: voting, To: decided, Leads: voteLeads, Event: "change.electorate_changed", Body: body[Plain]},
		{Verb: "on_agenda", Title: "On an agenda", From: voting, Event: "change.on_agenda", Body: body[OnAgenda]},
		{Verb: "content_changed", Title: "Look at what is attached", From: editable, To: append([]domain.State{Implementing}, decided...), Leads: editLeads, Event: filesChanged, Body: body[Plain]},
		{Verb: "conflicts_changed", Title: "Look for conflicts", From: underway, To: underHand, Leads: freedLeads, Event: "change.conflicts_found", Body: body[Plain]},
		{Verb: "window_opens", Title: "Start by itself", From: []domain.State{Scheduled}, To: []domain.State{Implementing, Approved, AwaitingApproval}, Event: "change.started", Body: body[Plain]},
		{Verb: "window_missed", Title: "Window missed", From: authorised, To: []domain.State{Approved}, Event: "change.window_missed", Body: body[Plain]},
		{Verb: "overrun", Title: "Overrun", From: []domain.State{Implementing}, Event: "change.overrun", Body: body[Plain]},
		{Verb: "cause_proposed", Title: "Cause proposed", From: []domain.State{Implementing, Review, Closed}, Event: "change.cause_proposed", Body: body[ProposeCause]},
		{Verb: "cause_overdue", Title: "Cause undecided", From: []domain.State{Implementing, Review, Closed}, Event: "change.cause_escalated", Body: body[Plain]},
		{Verb: "settled", Title: "Settled", From: []domain.State{Implementing, Review, Closed}, Event: "change.settled", Body: body[Plain]},
		{Verb: "watch_over", Title: "Watch ends", From: []domain.State{Review}, To: []domain.State{Closed}, Event: "change.closed", Body: body[Plain]},
		{Verb: "review_overdue", Title: "Review overdue", From: []domain.State{Review}, Event: "change.review_escalated", Body: body[Plain]},
	},
}

// editLeads: an edit that voids votes asks for them again, as a file does that is attached.
var editLeads = map[domain.State][]domain.State{
	AwaitingApproval: {AwaitingApproval, Approved, Scheduled, Rejected}, Approved: {AwaitingApproval, Scheduled}, Scheduled: {AwaitingApproval, Implementing},
}

// freedLeads: what nothing blocks any more is scheduled, and starts by itself where it was held; heldLeads: a condition was the last
// thing that held it.
var (
	underHand  = []domain.State{Scheduled, Implementing}
	freedLeads = map[domain.State][]domain.State{Approved: {Scheduled}, Scheduled: {Implementing}}
	heldLeads  = map[domain.State][]domain.State{Scheduled: {Implementing}}
)

// voteLeads: what is decided while it is asked for; what was done first stays in review, whatever is decided.
var voteLeads = map[domain.State][]domain.State{AwaitingApproval: {AwaitingApproval, Approved, Scheduled, Rejected}}

func body[T any]() any { return new(T) }
