package activities_test

import (
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/internal/slack"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

// workspace is a post with a workspace of Slack, "acme", in which bo and cy are.
type workspace struct {
	*post
	slack *outside.SlackServer
}

func setupSlack(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{post: setupPost(t), slack: outside.NewSlackServer(t)}
	dependencies := w.Dependencies
	dependencies.Carriers = maps.Clone(dependencies.Carriers)
	dependencies.Carriers[domain.ChannelSlack] = slack.NewSender(webhook.Networks{netip.MustParsePrefix("127.0.0.0/8")}, public)
	w.Activities = activities.New(dependencies)
	require.NoError(t, schemas.SaveDestination(t.Context(), w.db.App(t), schemas.DestinationRow{
		Name: "acme", Channel: domain.ChannelSlack, Title: "Acme", URL: w.slack.URL, Token: outside.SlackToken, Secret: outside.SlackSigningSecret,
		Carries: []domain.Channel{domain.ChannelSlack}, Active: true, CreatedAt: w.clock.Now(), UpdatedAt: w.clock.Now(),
	}))
	w.inSlack("bo", "acme/U0BO", true)
	w.inSlack("cy", "acme/U0CY", false)
	return w
}

// inSlack lets somebody be told of everything in Slack; of pages, five minutes later by mail too.
func (w *workspace) inSlack(person, address string, mailsLater bool) {
	w.t.Helper()
	id := domain.NewID("slack of " + person)
	db := w.db.App(w.t)
	_, err := db.NewRaw(`INSERT INTO contacts (id, person, channel, address, created_at, verified_at) VALUES (?, ?, 'slack', ?, now(), now())`,
		id, person, address).Exec(w.t.Context())
	require.NoError(w.t, err)
	pages := `[{"contact": "` + id + `"}]`
	if mailsLater {
		pages = `[{"contact": "` + id + `"}, {"contact": "mail", "after_seconds": 300}]`
	}
	_, err = db.NewRaw(`INSERT INTO notification_rules (person, notices, pages, updated_at) VALUES (?, ?::jsonb, ?::jsonb, now())`,
		person, `[{"contact": "`+id+`"}]`, pages).Exec(w.t.Context())
	require.NoError(w.t, err)
}

// tryPages sends pages to Slack until a number of tries were made.
func (w *workspace) tryPages(tries int) {
	w.t.Helper()
	for range 20 {
		if w.slack.Tries() >= tries {
			return
		}
		if report := w.deliver("acme", domain.LanePage); report.Wait > 0 && w.slack.Tries() < tries {
			w.clock.Advance(report.Wait)
		}
	}
	w.t.Fatalf("Slack was tried %d times, not %d", w.slack.Tries(), tries)
}

func (w *workspace) states(destination string) (states []string) {
	w.t.Helper()
	for _, row := range w.deliveries(schemas.DeliveryQuery{Destination: destination}) {
		states = append(states, string(row.State)+": "+row.Fault)
	}
	return states
}

func TestAPageInSlackSaysWhatIsAskedAndHasItsButtons(t *testing.T) {
	t.Parallel()
	w := setupSlack(t)
	call := w.callBoThenCy()
	w.deliver("acme", domain.LanePage)
	posts := w.slack.Posts()
	require.Len(t, posts, 1)
	page := posts[0]
	require.Equal(t, "U0BO", page.To)
	require.Contains(t, page.Text, call.SourceNumber+"  You are needed: Mail does not go out", "for notifications, and for who reads aloud")
	require.Contains(t, page.Text, public+"/incidents/"+call.SourceNumber)
	require.Equal(t, []any{"header", "section", "section", "actions"}, []any{page.Blocks[0]["type"], page.Blocks[1]["type"], page.Blocks[2]["type"], page.Blocks[3]["type"]})
	for _, action := range []string{slack.ActionAcknowledge, slack.ActionEscalateNow} {
		record, found := page.Button(action)
		require.True(t, found, action)
		require.Equal(t, call.ID, record)
	}
	require.NotContains(t, page.Text, "/acknowledge/", "the link is the mail's alone")

	// Once nobody is called any more there is nothing to press.
	w.escalate(agent, "acknowledge", call.ID, nil)
	w.escalate(agent, "add_responder", call.ID, body{"person": "cy"})
	w.dispatch()
	w.deliver("acme", domain.LanePage)
	posts = w.slack.Posts()
	require.Len(t, posts, 2)
	require.Equal(t, "U0CY", posts[1].To)
	_, found := posts[1].Button(slack.ActionAcknowledge)
	require.False(t, found)
}

// What is told of one record stands in one thread; what wakes somebody stands in the room as well. A thread that has gone is begun anew.
func TestWhatIsToldOfARecordStandsInItsThread(t *testing.T) {
	t.Parallel()
	w := setupSlack(t)
	id := w.alone("Mail is out <!channel>")
	w.dispatch()
	w.deliver("acme", domain.LaneNotice)
	posts := w.slack.Posts()
	require.Len(t, posts, 1)
	require.Equal(t, []any{"", false}, []any{posts[0].Thread, posts[0].Broadcast})
	require.NotContains(t, posts[0].Text, "<!channel>", "words call nobody")
	w.steps("call", `{"steps": [{"wait": "30m", "to": ["person:bo"]}], "fallback": ["person:ana"]}`)
	w.apply(agent, "page", id, body{"policy": "call", "reason": "help"})
	w.relay()
	w.dispatch()
	w.deliver("acme", domain.LanePage)
	posts = w.slack.Posts()
	require.Len(t, posts, 2)
	require.Equal(t, []any{posts[0].Room, posts[0].Message, true}, []any{posts[1].To, posts[1].Thread, posts[1].Broadcast})

	other := w.alone("Another")
	w.clock.Advance(time.Minute)
	w.dispatch()
	w.deliver("acme", domain.LaneNotice)
	require.Len(t, w.slack.Posts(), 3)
	require.Empty(t, w.slack.Posts()[2].Thread)

	w.slack.Forget()
	w.clock.Advance(time.Minute)
	w.apply(agent, "hold", other, body{"reason": "awaiting_parts", "vendor": "x", "reference": "y"})
	w.apply(agent, "resume", other, nil)
	w.apply(machine, "reply", other, body{"note": 1, "text": "well"})
	w.dispatch()
	w.deliver("acme", domain.LaneNotice)
	posts = w.slack.Posts()
	require.Greater(t, len(posts), 3)
	require.Empty(t, posts[3].Thread, "the first of a new one")
	require.Equal(t, "U0BO", posts[3].To)
}

// Slack answers 500 three times: the next contact's turn comes within a minute, and Slack is tried on beside it.
func TestAPageFallsThroughSlackThatFails(t *testing.T) {
	t.Parallel()
	for name, mood := range map[string]outside.Mood{"fails": outside.Failing, "breaks off": outside.Closing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setupSlack(t)
			w.slack.Become(mood)
			w.callBoThenCy()
			began := w.clock.Now()
			w.tryPages(2)
			require.Empty(t, w.due("bo"))
			w.tryPages(3)
			require.Equal(t, []string{"mail"}, w.due("bo"))
			require.LessOrEqual(t, w.clock.Now().Sub(began), time.Minute)
			w.slack.Become(outside.Willing)
			w.tryPages(4)
			require.Len(t, w.slack.Posts(), 1)
		})
	}
}

// Slack asks to wait: nothing is sent before, and it is no failure. A page does not wait long.
func TestSlackIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	t.Parallel()
	w := setupSlack(t)
	w.alone("One")
	w.dispatch()
	w.slack.AskToWait("7")
	report := w.deliver("acme", domain.LaneNotice)
	require.Equal(t, []any{true, 7 * time.Second}, []any{report.Held, report.Wait})
	row, circuit, _, err := schemas.ReadDestination(t.Context(), w.worker, "acme")
	require.NoError(t, err)
	require.Equal(t, []any{"acme", 0, "Slack asks to wait 7s"}, []any{row.Name, circuit.Failures, circuit.Fault})
	require.Equal(t, []string{"pending: Slack asks to wait 7s"}, w.states("acme"))
	w.clock.Advance(7*time.Second - time.Millisecond)
	w.deliver("acme", domain.LaneNotice)
	require.Equal(t, 1, w.slack.Tries())
	w.clock.Advance(time.Millisecond)
	w.deliver("acme", domain.LaneNotice)
	require.Equal(t, []string{"sent: "}, w.states("acme"))
	require.Equal(t, 1, w.deliveries(schemas.DeliveryQuery{Destination: "acme"})[0].Attempts, "what it put off was no attempt")

	call := w.callBoThenCy()
	w.slack.AskToWait("5")
	w.deliver("acme", domain.LanePage)
	require.Empty(t, w.due("bo"), "five seconds are waited for")
	w.clock.Advance(5 * time.Second)
	w.slack.AskToWait("never")
	w.deliver("acme", domain.LanePage)
	require.Equal(t, []string{"mail"}, w.due("bo"), "half a minute is not")
	w.relay()
	require.Equal(t, 1, w.escalation(call.ID).Step)
}

// A token that Slack does not take stops the destination at the first answer; nobody waits for it, and it is said what is wrong.
func TestATokenThatIsNotTakenStopsTheWorkspace(t *testing.T) {
	t.Parallel()
	for _, said := range []string{"invalid_auth", "account_inactive"} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			w := setupSlack(t)
			w.slack.Say(said)
			w.callBoThenCy()
			report := w.deliver("acme", domain.LanePage)
			require.Equal(t, []any{true, time.Minute}, []any{report.Held, report.Wait})
			require.Equal(t, 1, w.slack.Tries())
			require.Equal(t, []string{"mail"}, w.due("bo"))
			_, circuit, _, err := schemas.ReadDestination(t.Context(), w.worker, "acme")
			require.NoError(t, err)
			require.Contains(t, circuit.Fault, "("+said+")")
			require.GreaterOrEqual(t, circuit.Failures, 5)
			require.NotContains(t, circuit.Fault, outside.SlackToken)

			w.slack.Say("")
			w.clock.Advance(time.Minute)
			w.deliver("acme", domain.LanePage)
			require.Len(t, w.slack.Posts(), 1, "mended, it goes on")
		})
	}
}

// A user whom Slack does not know: the message is dead, and the next contact's turn comes; where there is none, the next step's.
func TestAUserWhomSlackDoesNotKnowIsPassedOver(t *testing.T) {
	t.Parallel()
	w := setupSlack(t)
	w.slack.Become(outside.Refusing)
	call := w.callBoThenCy()
	w.deliver("acme", domain.LanePage)
	require.Equal(t, []string{"failed: Slack knows no such user (channel_not_found)"}, w.states("acme"))
	require.Equal(t, []string{"mail"}, w.due("bo"))
	w.mails.Become(outside.Refusing)
	w.deliver("mail", domain.LanePage)
	w.relay()
	require.Equal(t, 2, w.escalation(call.ID).Step, "nobody of the first step is reached")
	w.dispatch()
	w.deliver("acme", domain.LanePage)
	w.relay()
	require.Equal(t, escalation.Exhausted, w.escalation(call.ID).State, "cy has Slack alone")
	_, circuit, _, err := schemas.ReadDestination(t.Context(), w.worker, "acme")
	require.NoError(t, err)
	require.Zero(t, circuit.Failures, "the workspace works")
}

// With two workspaces, a contact is reached in its own.
func TestAContactIsReachedInItsOwnWorkspace(t *testing.T) {
	t.Parallel()
	w := setupSlack(t)
	_, err := w.db.App(t).NewRaw(`UPDATE contacts SET address = 'umbrella/U0BO' WHERE person = 'bo'`).Exec(t.Context())
	require.NoError(t, err)
	w.callBoThenCy()
	require.Empty(t, w.states("acme"))
	require.Equal(t, []string{"mail"}, w.due("bo"), "there is no such workspace")
}

// The code of a new contact comes there, and nowhere else.
func TestTheCodeOfAContactComesInSlack(t *testing.T) {
	t.Parallel()
	w := setupSlack(t)
	id := domain.NewID("another of bo")
	_, err := w.db.App(t).NewRaw(`INSERT INTO contacts (id, person, channel, address, created_at) VALUES (?, 'bo', 'slack', 'acme/U0BO2', now())`, id).Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, schemas.TellAccount(t.Context(), w.db.App(t), "account.contact", "bo", `{"id": "`+id+`", "channel": "slack", "address": "acme/U0BO2"}`, w.clock.Now()))
	require.Equal(t, []string{"acme"}, w.dispatch())
	w.deliver("acme", domain.LaneNotice)
	posts := w.slack.Posts()
	require.Len(t, posts, 1)
	require.Equal(t, "U0BO2", posts[0].To)
	code := strings.Fields(strings.TrimPrefix(posts[0].Text, "Your code is "))[0]
	require.Len(t, code, 8)
	require.Equal(t, 1, w.count("contacts", "id = ? AND code_hash = ?", id, domain.CodeHash(id, code)))
}
