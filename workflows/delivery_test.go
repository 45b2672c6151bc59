package workflows_test

import (
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	temporallog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/holdfast-itsm/holdfast/activities"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/webhook"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/outside"
	"github.com/holdfast-itsm/holdfast/test/store"
	"github.com/holdfast-itsm/holdfast/workflows"
)

// hook is a destination's process in the time-skipping environment, over the real activity, real rows and a real receiver.
type hook struct {
	*testsuite.TestWorkflowEnvironment
	t        *testing.T
	db       store.DB
	receiver *outside.WebhookServer
	began    time.Time
	notices  int
}

func setupHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{t: t, db: store.Database(t), receiver: outside.NewWebhookServer(t), began: store.Instant(monday)}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	h.TestWorkflowEnvironment = suite.NewTestWorkflowEnvironment()
	h.SetTestTimeout(patience).SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: patience})
	h.SetStartTime(h.began)
	workflows.Register(h)
	a := activities.New(activities.Dependencies{
		DB: h.db.Worker(t), Clock: h, Log: slog.New(slog.DiscardHandler), Carriers: map[domain.Channel]domain.Carrier{
			domain.ChannelWebhook: webhook.NewSender(webhook.Networks{netip.MustParsePrefix("127.0.0.0/8")}, "", h.Now),
		},
	})
	h.RegisterActivityWithOptions(a.Deliver, activity.RegisterOptions{Name: domain.ActivityDeliver})
	h.save()
	return h
}

// save writes the destination that all goes to.
func (h *hook) save() {
	h.t.Helper()
	require.NoError(h.t, schemas.SaveDestination(h.t.Context(), h.db.App(h.t), schemas.DestinationRow{
		Name: "hook", Channel: domain.ChannelWebhook, Title: "Hook", URL: h.receiver.URL, Secret: webhook.NewSecret(), Active: true,
		CreatedAt: h.began, UpdatedAt: h.began,
	}))
}

// due leaves something that falls due after a while.
func (h *hook) due(lane domain.Lane, after time.Duration) {
	h.t.Helper()
	h.notices++
	at := h.Now().UTC().Add(after)
	_, err := h.db.Worker(h.t).NewRaw(`WITH o AS (INSERT INTO outbox (kind, recipients, data, created_at, lane) VALUES ('account.noted', '[]', '{}', ?1, ?0) RETURNING position)
		INSERT INTO deliveries (id, outbox, destination, channel, lane, line, kind, next_at, dead_at, created_at)
		SELECT gen_random_uuid(), position, 'hook', 'webhook', ?0, position, 'account.noted', ?1, ?1::timestamptz + interval '4 hours', ?1 FROM o`, lane, at).Exec(h.t.Context())
	require.NoError(h.t, err)
}

func (h *hook) calls(want int) func() {
	return func() { require.Len(h.t, h.receiver.Calls(), want, "at %s", h.Now().Sub(h.began)) }
}

// run plays the process until its destination is taken away.
func (h *hook) run(lasts time.Duration) {
	h.t.Helper()
	h.RegisterDelayedCallback(func() {
		_, err := h.db.Superuser(h.t).NewRaw(`TRUNCATE deliveries, circuits, threads, destinations`).Exec(h.t.Context())
		require.NoError(h.t, err)
		h.SignalWorkflow(domain.SignalWake, nil)
	}, lasts)
	h.ExecuteWorkflow(domain.WorkflowDelivery, domain.DeliveryStart{Destination: "hook", Logic: workflows.StartLogic})
	require.True(h.t, h.IsWorkflowCompleted())
	require.NoError(h.t, h.GetWorkflowError())
}

func TestADestinationIsSentWhatIsDueWhenItIs(t *testing.T) {
	t.Parallel()
	h := setupHook(t)
	h.due(domain.LaneNotice, 0)
	h.due(domain.LaneNotice, time.Hour)
	h.due(domain.LanePage, 2*time.Hour)
	h.RegisterDelayedCallback(h.calls(1), time.Minute)
	h.RegisterDelayedCallback(h.calls(2), 61*time.Minute)
	h.RegisterDelayedCallback(func() { // something that is due before what it waits for
		h.due(domain.LanePage, 0)
		h.SignalWorkflow(domain.SignalWake, nil)
	}, 70*time.Minute)
	h.RegisterDelayedCallback(h.calls(3), 71*time.Minute)
	h.RegisterDelayedCallback(h.calls(4), 121*time.Minute)
	h.run(3 * time.Hour)
}

// However much falls due, a destination that does not answer is tried no more often than it is to be.
func TestADestinationThatDoesNotAnswerIsLeftAloneWhateverFallsDue(t *testing.T) {
	t.Parallel()
	h := setupHook(t)
	h.receiver.Become(outside.Failing)
	h.due(domain.LaneNotice, 0)
	for minute := 1; minute <= 60; minute++ {
		h.RegisterDelayedCallback(func() {
			h.due(domain.LaneNotice, 0)
			h.SignalWorkflow(domain.SignalWake, nil)
		}, time.Duration(minute)*time.Minute)
	}
	h.RegisterDelayedCallback(func() {
		require.Empty(t, h.receiver.Calls())
		require.Less(t, h.receiver.Tries(), 35)
		h.receiver.Become(outside.Willing)
	}, 61*time.Minute)
	h.RegisterDelayedCallback(h.calls(61), 68*time.Minute)
	h.run(2 * time.Hour)
}
