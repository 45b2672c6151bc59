package change

import (
	"encoding/json"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
)

// The bodies of commands: each is at once HTTP body, CLI flags, update argument and input of Decide.

// Content drafts a change.
type Content struct {
	Title              string          `json:"title" minLength:"1" maxLength:"300" doc:"What is changed, in one line"`
	Description        string          `json:"description,omitempty" maxLength:"65536" doc:"More about it"`
	Type               string          `json:"type,omitempty" doc:"normal or emergency; left out: normal. A standard change is made from its model" example:"normal"`
	Justification      string          `json:"justification,omitempty" maxLength:"65536" doc:"Why it is made"`
	Plan               string          `json:"plan,omitempty" maxLength:"65536" doc:"How it is made"`
	TestPlan           string          `json:"test_plan,omitempty" maxLength:"65536" doc:"How it is seen to work"`
	BackOutPlan        string          `json:"back_out_plan,omitempty" maxLength:"65536" doc:"How it is taken back"`
	Service            string          `json:"service,omitempty" doc:"Handle of the service that it is about most"`
	Services           []string        `json:"services,omitempty" maxItems:"100" doc:"Handles of further services that it touches"`
	ConfigurationItems []string        `json:"configuration_items,omitempty" maxItems:"100" doc:"Handles of what is touched"`
	Environment        string          `json:"environment,omitempty" maxLength:"200" doc:"Such as production"`
	Category           string          `json:"category,omitempty" maxLength:"200" doc:"What kind of thing it is about"`
	Team               string          `json:"team,omitempty" doc:"Whose change it is; left out: the service's"`
	Assignee           string          `json:"assignee,omitempty" doc:"Who carries it out; an active member of the team"`
	Requester          string          `json:"requester,omitempty" doc:"On behalf of whom; left out: whoever drafts"`
	Tags               []string        `json:"tags,omitempty" maxItems:"100" doc:"Words to find it by"`
	CustomFields       json.RawMessage `json:"custom_fields,omitempty" doc:"An object of further fields"`
	Restricted         bool            `json:"restricted,omitempty" doc:"Only named people may read it"`
	Exclusive          bool            `json:"exclusive,omitempty" doc:"While it is carried out, nobody else may touch its configuration items"`
	WindowFrom         *time.Time      `json:"window_from,omitempty" doc:"When it is to be carried out"`
	WindowTo           *time.Time      `json:"window_to,omitempty" doc:"When it is to be done, excluded"`
	AutoStart          bool            `json:"auto_start,omitempty" doc:"Starts by itself as the window opens"`
	ExpectedOutage     string          `json:"expected_outage,omitempty" maxLength:"4096" doc:"What users will notice"`
	SecurityReason     string          `json:"security_reason,omitempty" maxLength:"4096" doc:"Why an emergency needs no incident"`
	Predecessors       []string        `json:"predecessors,omitempty" maxItems:"20" doc:"Changes that must have ended well before"`
	Tasks              []NewTask       `json:"tasks,omitempty" maxItems:"50" doc:"The steps; those without a common chain may be done side by side"`
}

// NewTask is one step of carrying the change out.
type NewTask struct {
	ID    string   `json:"id,omitempty" maxLength:"40" doc:"What others name in after; left out: t1, t2, …"`
	Title string   `json:"title" minLength:"1" maxLength:"300" doc:"What is done"`
	Owner string   `json:"owner,omitempty" doc:"person:ana or team:web"`
	After []string `json:"after,omitempty" maxItems:"50" doc:"The tasks that must be done before"`
}

// FromModel makes a change of a model. What is left out is the model's.
type FromModel struct {
	Model              string     `json:"model" minLength:"1" maxLength:"100" doc:"Name of a ChangeModel"`
	Title              string     `json:"title,omitempty" maxLength:"300" doc:"What is changed, in one line; left out: the model's"`
	Description        string     `json:"description,omitempty" maxLength:"65536" doc:"More about it"`
	Service            string     `json:"service,omitempty" doc:"Handle of the service that it is about most"`
	ConfigurationItems []string   `json:"configuration_items,omitempty" maxItems:"100" doc:"Handles of what is touched"`
	Team               string     `json:"team,omitempty" doc:"Whose change it is"`
	Assignee           string     `json:"assignee,omitempty" doc:"Who carries it out; left out: whoever of the team starts it"`
	WindowFrom         *time.Time `json:"window_from,omitempty" doc:"When it is to be carried out"`
	WindowTo           *time.Time `json:"window_to,omitempty" doc:"When it is to be done, excluded"`
}

// Edit changes content; what is left out stays. An edit of what was voted on asks for the votes again.
type Edit struct {
	Title              *string         `json:"title,omitempty" minLength:"1" maxLength:"300" doc:"What is changed, in one line"`
	Description        *string         `json:"description,omitempty" maxLength:"65536" doc:"More about it"`
	Justification      *string         `json:"justification,omitempty" maxLength:"65536" doc:"Why it is made"`
	Plan               *string         `json:"plan,omitempty" maxLength:"65536" doc:"How it is made"`
	TestPlan           *string         `json:"test_plan,omitempty" maxLength:"65536" doc:"How it is seen to work"`
	BackOutPlan        *string         `json:"back_out_plan,omitempty" maxLength:"65536" doc:"How it is taken back"`
	Service            *string         `json:"service,omitempty" doc:"Handle of the service that it is about most"`
	Services           *[]string       `json:"services,omitempty" maxItems:"100" doc:"All services that it touches; replaces the list"`
	ConfigurationItems *[]string       `json:"configuration_items,omitempty" maxItems:"100" doc:"All that are touched; replaces the list"`
	Environment        *string         `json:"environment,omitempty" maxLength:"200" doc:"Such as production"`
	Category           *string         `json:"category,omitempty" maxLength:"200" doc:"What kind of thing it is about"`
	Team               *string         `json:"team,omitempty" doc:"Whose change it is"`
	Assignee           *string         `json:"assignee,omitempty" doc:"Who carries it out; an active member of the team"`
	Tags               *[]string       `json:"tags,omitempty" maxItems:"100" doc:"All of them; replaces the list"`
	CustomFields       json.RawMessage `json:"custom_fields,omitempty" doc:"All of them; replaces the object"`
	Restricted         *bool           `json:"restricted,omitempty" doc:"Only named people may read it"`
	Exclusive          *bool           `json:"exclusive,omitempty" doc:"While it is carried out, nobody else may touch its configuration items"`
	WindowFrom         *time.Time      `json:"window_from,omitempty" doc:"When it is to be carried out"`
	WindowTo           *time.Time      `json:"window_to,omitempty" doc:"When it is to be done, excluded"`
	AutoStart          *bool           `json:"auto_start,omitempty" doc:"Starts by itself as the window opens"`
	ExpectedOutage     *string         `json:"expected_outage,omitempty" maxLength:"4096" doc:"What users will notice"`
	SecurityReason     *string         `json:"security_reason,omitempty" maxLength:"4096" doc:"Why an emergency needs no incident"`
	Predecessors       *[]string       `json:"predecessors,omitempty" maxItems:"20" doc:"All of them; replaces the list"`
	Tasks              *[]NewTask      `json:"tasks,omitempty" maxItems:"50" doc:"All of them; replaces the list. Conditions of a board stay"`
	Reason             string          `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Submit asks for the change to be authorised.
type Submit struct {
	Expedited bool   `json:"expedited,omitempty" doc:"The lead time is not kept, on purpose"`
	Reason    string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline; needed where it is expedited"`
}

// AnswerRisk answers the questionnaire.
type AnswerRisk struct {
	Answers map[string]string `json:"answers,omitempty" doc:"By the question's id"`
	Reason  string            `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// PeerReview says what a colleague found who read the change.
type PeerReview struct {
	Comment string `json:"comment,omitempty" maxLength:"4096" doc:"What was found"`
}

// CastVote is one vote.
type CastVote struct {
	Stage      string          `json:"stage,omitempty" doc:"Left out: the only open stage in which the voter, or whom they stand for, is asked"`
	Vote       approval.Choice `json:"vote" doc:"approve, approve_with, reject, abstain or recuse" example:"approve"`
	For        string          `json:"for,omitempty" doc:"In whose place, by a delegation; left out: one's own"`
	Comment    string          `json:"comment,omitempty" maxLength:"4096" doc:"Why; needed to reject"`
	Conditions []string        `json:"conditions,omitempty" maxItems:"20" doc:"Tasks that must be done before the change starts; with approve_with"`
	Hashes     approval.Hashes `json:"hashes" doc:"What the voter has seen, as the change gives it; where that has changed, the vote is refused and says what"`
}

// OfStage names a stage.
type OfStage struct {
	Stage  string `json:"stage" minLength:"1" maxLength:"100" doc:"Name of the stage"`
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Defer moves the deadline of a stage, to an instant or to a later meeting.
type Defer struct {
	Stage   string     `json:"stage" minLength:"1" maxLength:"100" doc:"Name of the stage"`
	Until   *time.Time `json:"until,omitempty" doc:"Until when the stage has time; left out: until the meeting is over"`
	Meeting string     `json:"meeting,omitempty" maxLength:"100" doc:"A later meeting of those whom the stage asks, by number or id; the change is put on its agenda"`
	Reason  string     `json:"reason" minLength:"1" maxLength:"4096" doc:"Why"`
}

// OnAgenda says that the change is on the agenda of a meeting, or with Off that it no longer is; given by the platform.
type OnAgenda struct {
	Meeting  string          `json:"meeting"`
	Board    approval.Target `json:"board"`
	StartsAt time.Time       `json:"starts_at"`
	EndsAt   time.Time       `json:"ends_at"`
	Off      bool            `json:"off,omitempty"`
}

// AskOthers asks further people where those of a stage cannot decide it.
type AskOthers struct {
	Stage  string   `json:"stage" minLength:"1" maxLength:"100" doc:"Name of the stage"`
	People []string `json:"people" minItems:"1" maxItems:"20" doc:"Handles of those who are asked too"`
	Reason string   `json:"reason" minLength:"1" maxLength:"4096" doc:"Why they"`
}

// RequestInfo asks the owner something; the stage's deadline stands still until it is answered.
type RequestInfo struct {
	Stage string `json:"stage,omitempty" doc:"Left out: the only open stage in which one is asked"`
	Text  string `json:"text" minLength:"1" maxLength:"4096" doc:"The question"`
}

// AnswerInfo answers what a stage asked.
type AnswerInfo struct {
	Stage string `json:"stage,omitempty" doc:"Left out: the only stage with an open question"`
	Text  string `json:"text" minLength:"1" maxLength:"4096" doc:"The answer"`
}

// Schedule sets the window.
type Schedule struct {
	WindowFrom *time.Time `json:"window_from" doc:"When it is to be carried out"`
	WindowTo   *time.Time `json:"window_to" doc:"When it is to be done, excluded"`
	Reason     string     `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Timed is the body of commands that may tell of something earlier.
type Timed struct {
	EffectiveAt *time.Time `json:"effective_at,omitempty" doc:"When it really was so, at most 24 h back; needs a reason"`
	Reason      string     `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// OfTask names a task.
type OfTask struct {
	Task   string `json:"task" minLength:"1" maxLength:"40" doc:"The task's id"`
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"More about it"`
}

// Complete says that the change has been carried out, and how that went.
type Complete struct {
	Outcome     string     `json:"outcome" doc:"successful, successful_with_issues or failed" example:"successful"`
	Notes       string     `json:"notes,omitempty" maxLength:"4096" doc:"What was done; needed unless it was successful"`
	EffectiveAt *time.Time `json:"effective_at,omitempty" doc:"When it really was so, at most 24 h back; needs a reason"`
	Reason      string     `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// BackOut says that the change has been taken back.
type BackOut struct {
	Notes       string     `json:"notes" minLength:"1" maxLength:"4096" doc:"Why, and what was done"`
	EffectiveAt *time.Time `json:"effective_at,omitempty" doc:"When it really was so, at most 24 h back; needs a reason"`
	Reason      string     `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Extend gives a change that is being carried out more time.
type Extend struct {
	Until  *time.Time `json:"until" doc:"The window's new end"`
	Reason string     `json:"reason" minLength:"1" maxLength:"4096" doc:"Why"`
}

// OverrideConflict lifts one blocking conflict for the next start.
type OverrideConflict struct {
	Conflict string `json:"conflict" minLength:"1" maxLength:"100" doc:"The conflict's id"`
	Reason   string `json:"reason" minLength:"1" maxLength:"4096" doc:"Why"`
}

// Retrospective says that an emergency was handled before anybody could be asked.
type Retrospective struct {
	ActualStart *time.Time `json:"actual_start" doc:"When it was begun: at most 7 days ago"`
	ActualEnd   *time.Time `json:"actual_end" doc:"When it was done"`
	Outcome     string     `json:"outcome" doc:"successful, successful_with_issues, failed or backed_out" example:"successful"`
	Notes       string     `json:"notes" minLength:"1" maxLength:"4096" doc:"What was done"`
}

// ProposeCause says that an incident may have been caused by the change; given by the platform.
type ProposeCause struct {
	Incident string `json:"incident"`
	Number   string `json:"number"`
	Service  string `json:"service,omitempty"`
}

// DecideCause says whether the change caused an incident.
type DecideCause struct {
	Incident string `json:"incident" minLength:"1" maxLength:"100" doc:"The incident, by id or number"`
	Caused   bool   `json:"caused" doc:"true: the change caused it"`
	Reason   string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// ReviewFindings is what a review found.
type ReviewFindings struct {
	Findings string `json:"findings" minLength:"1" maxLength:"65536" doc:"What is learned from it"`
}

// Relate ties the change to another record.
type Relate struct {
	Type string `json:"type" doc:"caused_by, blocks, duplicates, fixed_by, implements, child_of or follows"`
	To   string `json:"to" doc:"The other incident or change, by id or number"`
}

// NamesPredecessors answers what a command calls the changes that are to have ended well before. The body is one that Decode takes.
func NamesPredecessors(command domain.Command) []string {
	var body struct {
		Predecessors []string `json:"predecessors"`
	}
	if err := json.Unmarshal(command.Body, &body); err != nil {
		return nil
	}
	return body.Predecessors
}

// Because is the body of commands that need a reason and nothing else.
type Because struct {
	Reason string `json:"reason" minLength:"1" maxLength:"4096" doc:"Why, kept on the timeline"`
}

// Plain is the body of commands that need nothing; a reason is kept.
type Plain struct {
	Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why, kept on the timeline"`
}
