package client_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server/client"
)

// events answers with a stream as our server writes it, and then drops the connection.
func events(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, text)
		if err := http.NewResponseController(w).Flush(); err != nil {
			panic(err)
		}
	}
}

func line(id string, seq int) string {
	return fmt.Sprintf("id: %s\nevent: incident.assigned\ndata: {\"record\":\"r\",\"number\":\"INC-000001\",\"seq\":%d,\"at\":\"2026-11-20T09:00:00Z\","+
		"\"type\":\"incident.assigned\",\"actor\":{\"kind\":\"person\",\"name\":\"ana\"},\"state\":\"new\",\"version\":2,\"practice\":\"incident\"}\n\n", id, seq)
}

func TestADroppedStreamGoesOnAfterTheLastEvent(t *testing.T) {
	t.Parallel()
	service, seen := serve(t,
		events(": welcome\n\n"+line("9-1", 1)+": alive\n\n"+line("9-2", 2)+"id: 9-3\ndata: {half an ev"),
		hangUp,
		refuse(domain.Errorf(domain.CodeUnavailable, "the database is away")),
		events(": welcome\n\n"+line("9-3", 3)),
	)
	var got []app.LiveEvent
	err := service.Events(t.Context(), app.EventQuery{Record: "INC-000001", Practice: domain.Incident}, func(event app.LiveEvent) error {
		got = append(got, event)
		if len(got) == 3 {
			return errEnough
		}
		return nil
	})
	require.ErrorIs(t, err, errEnough)
	require.Equal(t, []string{"9-1", "9-2", "9-3"}, []string{got[0].ID, got[1].ID, got[2].ID})
	require.EqualValues(t, 3, got[2].Seq)
	require.Equal(t, "ana", got[2].Actor.Name)
	require.Empty(t, seen.asked()[0].Header.Get("Last-Event-ID"))
	require.Equal(t, "record=INC-000001&practice=incident", "record="+seen.asked()[0].URL.Query().Get("record")+"&practice="+seen.asked()[0].URL.Query().Get("practice"))
	for _, request := range seen.asked()[1:] {
		require.Equal(t, "9-2", request.Header.Get("Last-Event-ID"))
	}
}

func TestAStreamThatIsRefusedIsNotOpenedAgain(t *testing.T) {
	t.Parallel()
	service, seen := serve(t, refuse(domain.Errorf(domain.CodeForbidden, "the permission events.read is needed")))
	err := service.Events(t.Context(), app.EventQuery{After: "9-9"}, func(app.LiveEvent) error { return nil })
	require.Equal(t, domain.CodeForbidden, domain.CodeOf(err))
	require.Len(t, seen.asked(), 1)
	require.Equal(t, "9-9", seen.asked()[0].Header.Get("Last-Event-ID"))
}

func TestAStreamWithoutAPlaceKeepsTheOneItWasGiven(t *testing.T) {
	t.Parallel()
	service, seen := serve(t, events("id: 5-0\n\n"), events(line("5-1", 1)))
	err := service.Events(t.Context(), app.EventQuery{}, func(app.LiveEvent) error { return errEnough })
	require.ErrorIs(t, err, errEnough)
	require.Equal(t, "5-0", seen.asked()[1].Header.Get("Last-Event-ID"))
}

func TestBrokenEventsAreTold(t *testing.T) {
	t.Parallel()
	service, _ := serve(t, events("id: 1-1\ndata: nonsense\n\n"))
	err := service.Events(t.Context(), app.EventQuery{}, func(app.LiveEvent) error { return nil })
	require.Equal(t, domain.CodeInternal, domain.CodeOf(err))
	require.False(t, client.Unreachable(err))
}
