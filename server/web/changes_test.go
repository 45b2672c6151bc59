package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/approval"
	"github.com/holdfast-itsm/holdfast/domain/calendar"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// allHours is a calendar that never closes.
type allHours struct{}

func (allHours) AddDuration(from time.Time, d calendar.Duration) (time.Time, error) {
	return from.Add(d.Open + time.Duration(d.WorkingDays)*24*time.Hour), nil
}

func (allHours) Add(from time.Time, open time.Duration) (time.Time, error) {
	return from.Add(open), nil
}

func (allHours) Between(from, to time.Time) time.Duration { return max(to.Sub(from), 0) }

// board writes a change that waits for ana and bo, as the workers do; with says what came of it since.
func (d *desk) board(with ...func(*change.Change, *approval.Keeper)) change.Change {
	d.t.Helper()
	worker, now := d.base.Worker(d.t), d.Clock.Now()
	number, err := schemas.NextNumber(d.t.Context(), worker, change.Lifecycle)
	require.NoError(d.t, err)
	from, to := now.AddDate(0, 0, 12), now.AddDate(0, 0, 12).Add(4*time.Hour)
	record := change.Change{
		Record: domain.Record{
			ID: domain.NewID(number), Practice: change.Practice, Number: number, State: change.AwaitingApproval, Version: 1, Title: "Move the mail to the new relay",
			Tags: []string{}, ConfigurationItems: []string{"mx1"}, Team: "messaging", Service: "mail", OpenedBy: "dee", Requester: "dee", Priority: 3,
			Policies: map[string]int{}, Open: true, Active: true, OpenedAt: now, UpdatedAt: now, StateSince: now, LastEventAt: now, Environment: "production",
		},
		Details: change.Details{
			Type: change.Normal, Justification: "The old one ends", Plan: "Switch the record", TestPlan: "Send a mail", BackOutPlan: "Switch it back",
			Services: []string{"mail"}, WindowFrom: &from, WindowTo: &to, SubmittedAt: &now, Predecessors: []string{}, Overrides: []change.Override{}, Causes: []change.Cause{},
			Tasks: []change.Task{{ID: "t1", Title: "Copy the queue", State: change.TaskOpen}, {ID: "t2", Title: "Switch", After: []string{"t1"}, State: change.TaskOpen}},
			Risk: change.Risk{
				Score: 45, Level: change.RiskMedium, From: "questionnaire", Questionnaire: []change.Point{{Why: "Was it rehearsed? no", Points: 45}},
				Calculator: []change.Point{{Why: "2 configuration items", Points: 10}},
			},
			Conflicts: []change.Conflict{{ID: "freeze:year-end", Level: change.Blocking, Kind: "freeze", Other: "year-end", Why: "the freeze year-end lasts from then to then"}},
		},
	}
	threshold, err := approval.ParseAmount("60%")
	require.NoError(d.t, err)
	begun := approval.Begin(approval.Selection{Candidate: approval.Candidate{Name: "cab", Version: 1, Spec: approval.Policy{When: "true", Stages: []approval.StagePolicy{
		{Name: "cab", Electorate: []approval.Target{"role:cab_member"}, Rule: approval.Rule{Threshold: threshold, Required: []string{"ana"}}},
	}}}}, approval.Parties{Requesters: []string{"dee"}})
	keeper := approval.NewKeeper(begun, approval.Facts{Calendar: allHours{}, Seats: map[string][]approval.Member{"cab": {{Person: "ana"}, {Person: "bo"}, {Person: "dee"}}}})
	require.NoError(d.t, keeper.Submit(now, "dee", approval.Hashes{approval.Scope: "hash-of-scope", approval.Schedule: "hash-of-schedule"}))
	for _, more := range with {
		more(&record, keeper)
	}
	kept := keeper.Approval
	record.Approval = &kept
	into := schemas.NewPassage(worker, record.ID, now)
	into.Events([]domain.Event{{Type: "change.drafted", At: now, Actor: domain.Actor{Kind: domain.ActorPerson, Name: "dee"}, Data: map[string]any{"service": "mail"}}})
	into.Change(change.Change{}, record, true, true)
	require.NoError(d.t, into.Write(d.t.Context()))
	return record
}

// edited is an edit of the back-out plan after bo approved.
func edited(t *testing.T) func(*change.Change, *approval.Keeper) {
	return func(_ *change.Change, k *approval.Keeper) {
		at := k.Approval.SubmittedAt.Add(time.Minute)
		require.NoError(t, k.Cast(at, approval.Ballot{By: "bo", Choice: approval.Approve, Hashes: k.Approval.Hashes}))
		require.NoError(t, k.Edited(at.Add(time.Minute), "dee", approval.Hashes{approval.Scope: "another", approval.Schedule: "hash-of-schedule"}, []string{"back_out_plan"}))
	}
}

func TestChangesAreListedByWhatIsAsked(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.board()
	for _, address := range []string{changesPath, changesPath + "?state=awaiting_approval&type=normal&team=messaging&service=mail"} {
		page := d.get("bo", address, http.StatusOK)
		require.Contains(t, page, `href="/changes/`+one.Number+`"`)
		for _, words := range []string{"Awaiting approval", "0 of 2 voted", "1 blocking", "Medium"} {
			require.Contains(t, page, words)
		}
	}
	require.Contains(t, d.get("bo", changesPath+"?state=scheduled", http.StatusOK), "Nothing matches")
	d.get("rita", changesPath, http.StatusForbidden)
	d.get("rita", recordURL(one.Number), http.StatusNotFound)
	require.Contains(t, d.get("bo", changesPath+"?cursor=nothing", http.StatusBadRequest), `href="`+changesPath+`">Go to Changes`)
}

func TestAChangeSaysWhoDecidesAndWhatTheirVotesComeTo(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.board(edited(t))
	page := d.get("bo", recordURL(one.Number), http.StatusOK)
	for _, words := range []string{
		"needed again", "must approve", "is the requester", "0 of 2 approve (0.0 %), 60 % needed; waiting for ana, bo", "60 % must approve: 2 of 2.",
		"edited since: back-out plan", "+45", "2 configuration items", `href="/policies/FreezeWindow/year-end"`, "after: Copy the queue", "0 of 2 done",
	} {
		require.Contains(t, page, words)
	}
	require.Contains(t, page, `href="/changes/`+one.Number+`?do=cast-vote#command"`)
	require.NotContains(t, d.get("ana", recordURL(one.Number)+"?do=start", http.StatusOK), `class="panel"`)
}

func TestAVoteShowsWhatItIsAbout(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	one := d.board(edited(t))
	page := d.get("bo", recordURL(one.Number)+"?do=cast-vote", http.StatusOK)
	for _, words := range []string{`name="hash.scope" value="another"`, `name="hash.schedule" value="hash-of-schedule"`, "changed since your vote", "Switch it back", "step aside"} {
		require.Contains(t, page, words)
	}
	refused := d.post("bo", recordURL(one.Number)+"/do/cast-vote", url.Values{
		"stage": {"cab"}, "for": {"bo"}, "comment": {"Who told <sales>?"}, "conditions": {"Tell sales"}, "hash.scope": {"another"},
	}, http.StatusUnprocessableEntity)
	for _, words := range []string{"Vote is needed: choose one", "Who told <sales>?", "Tell sales", "what you wrote is kept here"} {
		require.Contains(t, refused, words)
	}
	d.standsIn("bo", "ana")
	require.Contains(t, d.get("bo", recordURL(one.Number)+"?do=cast-vote&for=ana", http.StatusOK), "in the place of ana")
}

// onItsClock lets the pages tell the time by the clock of the rows.
func (d *desk) onItsClock() *desk {
	d.t.Helper()
	engine := gin.New()
	require.NoError(d.t, Mount(engine, Dependencies{Service: d.App, SignIns: d.App, Links: d.App, Pages: d.App, Log: slog.New(slog.DiscardHandler), Now: d.Clock.Now}))
	d.pages = engine
	return d
}

// standsIn lets one person vote for another.
func (d *desk) standsIn(delegate, principal string) {
	d.t.Helper()
	_, err := d.Delegate(app.WithPrincipal(d.t.Context(), app.Principal{Handle: principal, Grants: d.admin.Grants}), app.Delegating{
		Delegate: delegate, From: d.Clock.Now().Add(-time.Hour), Until: d.Clock.Now().Add(240 * time.Hour),
	})
	require.NoError(d.t, err)
}

func TestANewChangeKeepsWhatWasWritten(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	d.base.Apply(t, "ChangeModel/restart", change.Model{Type: change.Standard, Title: "Restart the relay", Plan: "Restart it", BackOutPlan: "Start the other"})
	page := d.get("bo", newChangePath, http.StatusOK)
	require.Contains(t, page, "needs no vote")
	require.Contains(t, page, `name="tasks.0.title"`)
	require.Contains(t, d.get("bo", newChangePath+"?model=restart", http.StatusOK), "Make it: it is authorised at once")
	d.get("bo", newChangePath+"?model=none", http.StatusNotFound)
	d.get("rita", newChangePath, http.StatusForbidden)
	refused := d.post("bo", newChangePath, url.Values{
		"title": {"Move it"}, "window_from": {"tomorrow"}, "tasks": {"null"}, "tasks.0.id": {"t1"}, "tasks.0.title": {"Copy <all>"}, "tasks.0.owner": {"team:messaging"},
	}, http.StatusUnprocessableEntity)
	for _, words := range []string{"must be a date and a time", "Move it", "Copy <all>", "team:messaging"} {
		require.Contains(t, refused, words)
	}
}

func TestEveryCommandOfAChangeHasAForm(t *testing.T) {
	t.Parallel()
	d := setupDesk(t)
	one := d.board()
	for _, transition := range change.Lifecycle.Transitions {
		if transition.Machine() {
			continue
		}
		page := d.get("ana", recordURL(one.Number)+"?do="+slug(transition.Verb), http.StatusOK)
		require.NotContains(t, page, "map[", transition.Verb)
	}
	for address, words := range map[string]string{
		"?do=edit": `name="tasks.1.title" value="Switch"`, "?do=close-voting": "is not possible now", "?do=break-glass": `name="reason"`,
	} {
		require.Contains(t, d.get("ana", recordURL(one.Number)+address, http.StatusOK), words)
	}
	counting := d.board(func(_ *change.Change, keeper *approval.Keeper) {
		keeper.Approval.Stages[0].Rule.Of = approval.OfVotesCast
	})
	require.Contains(t, d.get("ana", recordURL(counting.Number)+"?do=close-voting", http.StatusOK), `<option value="cab"`)
}

func TestTasksAreReadFromTheirLines(t *testing.T) {
	t.Parallel()
	tasks := readTasks(url.Values{
		"tasks.0.id": {"t1"}, "tasks.0.title": {" Copy "}, "tasks.0.owner": {"ana"}, "tasks.1.id": {"t2"}, "tasks.1.title": {""},
		"tasks.2.id": {"t3"}, "tasks.2.title": {"Switch"}, "tasks.2.owner": {"team:web"}, "tasks.2.after": {"t1, t2"},
	})
	require.Equal(t, []change.NewTask{{ID: "t1", Title: "Copy", Owner: "person:ana"}, {ID: "t3", Title: "Switch", Owner: "team:web", After: []string{"t1", "t2"}}}, tasks)
	rows := taskRows(tasks)
	require.Equal(t, []string{"t1", "t3", "t2", "t4", "t5"}, []string{rows[0].ID, rows[1].ID, rows[2].ID, rows[3].ID, rows[4].ID})
}

func TestTheBarHasACellForEachWhoDecides(t *testing.T) {
	t.Parallel()
	threshold, err := approval.ParseAmount("60%")
	require.NoError(t, err)
	stage := approval.Stage{
		StagePolicy: approval.StagePolicy{Name: "cab", Rule: approval.Rule{Threshold: threshold, Weights: map[string]int{"bo": 2}}}, State: approval.Open,
		Members: []approval.Member{{Person: "ana"}, {Person: "bo"}, {Person: "cy", Left: approval.AsRequester}, {Person: "di"}},
		Votes:   []approval.Vote{{By: "di", For: "di", Choice: approval.Reject}, {By: "bo", For: "bo", Choice: approval.Approve}},
	}
	stage.Figures = approval.Tally(stage.Rule, approval.Electorate{Members: stage.Members}, stage.Votes, false)
	view := stageViewOf(stage)
	require.Equal(t, []cell{{"approves", "0.00%", "50.00%"}, {"rejects", "50.00%", "25.00%"}, {"silent", "75.00%", "25.00%"}}, view.cells())
	require.Equal(t, "75.00%", view.mark(), "3 of a weight of 4 are 60 %")
}

func TestTheBoardBeginsWithTheReadersOwnVotes(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	voted := d.board(func(_ *change.Change, k *approval.Keeper) {
		require.NoError(t, k.Cast(k.Approval.SubmittedAt.Add(time.Minute), approval.Ballot{By: "bo", Choice: approval.Approve, Hashes: k.Approval.Hashes}))
	})
	asked := d.board()
	page := d.get("bo", boardPath, http.StatusOK)
	require.Less(t, strings.Index(page, `id="`+asked.Number+`"`), strings.Index(page, `id="`+voted.Number+`"`), "what waits for the reader comes first")
	address := recordURL(asked.Number) + "?do=cast-vote&stage=cab&for=bo&next=%2Fchanges%2Fboard"
	require.Contains(t, page, `hx-get="`+address+`"`)
	require.Equal(t, 1, strings.Count(page, `hx-get="`), "a vote that is given is not asked for")
	ballot := d.get("bo", address, http.StatusOK)
	for _, words := range []string{`name="next" value="/changes/board"`, `name="hash.scope" value="hash-of-scope"`, "Before you decide", "2 more approvals.", "Not yet: ana, bo.", "the change managers are told", "it cannot start while"} {
		require.Contains(t, ballot, words)
	}
	mine := d.get("bo", boardPath+"?show=mine", http.StatusOK)
	require.Contains(t, mine, asked.Number)
	require.NotContains(t, mine, voted.Number)
	d.get("rita", boardPath, http.StatusForbidden)
}

func TestApprovalsAndDelegationsAreTheReadersOwn(t *testing.T) {
	t.Parallel()
	d := setupDesk(t).onItsClock()
	one := d.board(edited(t))
	for _, address := range []string{approvalsPath, homePath} {
		page := d.get("bo", address, http.StatusOK)
		require.Contains(t, page, voteURL(one.Number, "cab", "bo"), address)
		require.Contains(t, page, "again: it was edited since", address)
		require.NotContains(t, page, "for ana", address)
	}
	require.Contains(t, d.get("bo", approvalsPath, http.StatusOK), "does not count any more")
	local := func(after time.Duration) string { return d.Clock.Now().Add(after).Format(momentLayouts[0]) }
	refused := d.post("ana", approvalsPath+"/delegations", url.Values{"delegate": {"nobody"}, "from": {local(0)}, "until": {local(time.Hour)}, "reason": {"Away <far>"}}, http.StatusUnprocessableEntity)
	require.Contains(t, refused, "nobody is not known or not active")
	require.Contains(t, refused, "Away <far>")
	require.Equal(t, approvalsPath+"?done=made#delegations", d.done("ana", approvalsPath+"/delegations", url.Values{"delegate": {"bo"}, "from": {local(-time.Hour)}, "until": {local(time.Hour)}}))
	page := d.get("bo", approvalsPath, http.StatusOK)
	require.Contains(t, page, "You vote for")
	require.Contains(t, page, "for ana")
	end := regexp.MustCompile(`/approvals/delegations/[0-9a-f-]+/end`).FindString(page)
	require.Equal(t, approvalsPath+"?done=ended#delegations", d.done("bo", end, url.Values{}))
	require.NotContains(t, d.get("bo", approvalsPath, http.StatusOK), "for ana")
	require.Contains(t, d.post("bo", end, url.Values{}, http.StatusNotFound), "No delegation")
}
