package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
	"github.com/holdfast-itsm/holdfast/test/outside"
)

// hears makes a webhook hear of incidents.
func (s *system) hears(name string) *outside.WebhookServer {
	s.t.Helper()
	receiver := outside.NewWebhookServer(s.t)
	s.api.Do(http.MethodPut, "/destinations/"+name, object{
		"title": name, "url": receiver.URL, "kinds": []string{"incident.*"}, "active": true,
	}, nil).Is(http.StatusOK)
	return receiver
}

// heard is what a receiver took about each record, in order, what came again left out.
func heard(t *testing.T, receiver *outside.WebhookServer) map[string][]string {
	t.Helper()
	by, known := map[string][]string{}, map[string]bool{}
	for _, call := range receiver.Calls() {
		id := call.Header.Get("webhook-id")
		if known[id] {
			continue
		}
		known[id] = true
		var told struct {
			Type string `json:"type"`
			Data struct {
				Record struct {
					ID string `json:"id"`
				} `json:"record"`
			} `json:"data"`
		}
		require.NoError(t, json.Unmarshal(call.Body, &told))
		by[told.Data.Record.ID] = append(by[told.Data.Record.ID], told.Type)
	}
	return by
}

// A receiver that never answers, and then breaks off, holds up nobody else, whatever dies meanwhile; afterwards it gets
// everything, what concerns one record in its order.
func TestAReceiverHangsAndAllWorkersDie(t *testing.T) {
	t.Parallel()
	long(t)
	s := setup(t, 1, 1)
	slow, quick := s.hears("slow"), s.hears("quick")
	slow.Become(outside.Hanging)
	records := make([]incident, 4)
	want := []string{"incident.logged", "incident.resolved", "incident.reopened"}
	live := func(record incident) {
		for _, step := range []string{"resolve", "reopen"} {
			s.give(record, step, map[string]object{"resolve": {"code": "fixed", "notes": "Done."}, "reopen": {"reason": "Again."}}[step])
		}
	}
	for i := range records {
		records[i] = s.log(fmt.Sprintf("Told to two, %d", i))
	}
	for _, record := range records[:2] {
		live(record)
	}
	told := func(receiver *outside.WebhookServer, wanted int) func() bool {
		return func() bool {
			count := 0
			for _, types := range heard(t, receiver) {
				count += len(types)
			}
			return count == wanted
		}
	}
	kit.Eventually(t, bound, told(quick, 8), "the other one gets everything")
	kit.Eventually(t, bound, func() bool { return slow.Tries() > 0 }, "this one is being told")
	require.Empty(t, slow.Calls())

	s.Workers[0].Kill()
	s.Workers[0].Start()
	slow.Become(outside.Closing)
	for _, record := range records[2:] {
		live(record)
	}
	kit.Eventually(t, bound, told(quick, 12), "and so it does afterwards")
	require.Empty(t, slow.Calls())

	slow.Become(outside.Willing)
	kit.Eventually(t, 3*bound, told(slow, 12), "in the end this one has everything")
	for _, receiver := range []*outside.WebhookServer{slow, quick} {
		by := heard(t, receiver)
		for _, record := range records {
			require.Equal(t, want, by[record.ID], record.Title)
		}
	}
	s.becomes(0, `SELECT count(*) FROM deliveries WHERE state <> 'sent'`)
	s.sound()
}

// What is to be told while Temporal is away is told when it is back, without anybody asking.
func TestNoticesOutliveTheEngine(t *testing.T) {
	t.Parallel()
	long(t)
	s := setupWired(t, 1, 1)
	receiver := s.hears("hook")
	s.log("Before")
	kit.Eventually(t, bound, func() bool { return len(receiver.Calls()) == 1 })
	s.Temporal.Cut()
	_, err := s.rows.NewRaw(`INSERT INTO outbox (record_id, kind, recipients, data, created_at) SELECT id, 'incident.note', '[]', '{}', now() FROM records`).Exec(t.Context())
	require.NoError(t, err)
	s.becomes(1, `SELECT count(*) FROM deliveries WHERE state = 'pending'`)
	require.Len(t, receiver.Calls(), 1)
	s.Temporal.Mend()
	kit.Eventually(t, bound, func() bool { return len(receiver.Calls()) == 2 })
	kit.Eventually(t, time.Minute, func() bool {
		pending, err := s.number(`SELECT count(*) FROM deliveries WHERE state <> 'sent'`)
		return err == nil && pending == 0
	})
}
