package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/server/api"
	"github.com/holdfast-itsm/holdfast/server/client"
)

// realAPI is our own API without a service: what is asked of it is refused before one would be called.
var realAPI = sync.OnceValues(func() (*gin.Engine, *api.API) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	mounted := api.Mount(engine, api.Dependencies{Log: slog.New(slog.DiscardHandler), Authenticate: func(_ context.Context, secret string) (app.Principal, error) {
		if secret != "hf_right" {
			return app.Principal{}, domain.Errorf(domain.CodeUnauthenticated, "the token is not valid")
		}
		return app.Principal{Handle: "ana"}, nil
	}})
	return engine, mounted
})

func TestTheRealAPIsOwnRefusalsAreUnderstood(t *testing.T) {
	t.Parallel()
	engine, _ := realAPI()
	s := httptest.NewServer(engine)
	t.Cleanup(s.Close)

	_, err := client.New(s.URL, "hf_wrong", quick).Work(t.Context())
	require.Equal(t, domain.CodeUnauthenticated, domain.CodeOf(err))

	right := client.New(s.URL, "hf_right", quick)
	_, err = right.Execute(t.Context(), app.Request{Practice: domain.Incident, Verb: "log", Body: json.RawMessage(`{"impact":1,"nonsense":true}`)})
	known := domain.AsError(err)
	require.Equal(t, domain.CodeInvalid, known.Code)
	places := []string{}
	for _, field := range known.Fields {
		places = append(places, field.Location)
	}
	require.Subset(t, places, []string{"body.impact", "body.nonsense"})

	_, err = right.Execute(t.Context(), app.Request{Practice: domain.Incident, Verb: "fly", Record: "INC-1"})
	require.Equal(t, domain.CodeNotFound, domain.CodeOf(err))
}

func TestEveryOperationExistsInTheAPI(t *testing.T) {
	t.Parallel()
	_, mounted := realAPI()
	paths := mounted.OpenAPI().Paths
	service, seen := serve(t, reply(200, `{}`))
	ctx := t.Context()
	calls := []func() error{
		func() error {
			_, err := service.Bulk(ctx, app.BulkRequest{Practice: domain.Incident, IDs: []string{"x"}, Command: "close"})
			return err
		},
		func() error { _, err := service.Command(ctx, "x"); return err },
		func() error { _, err := service.Similar(ctx, "x", 50); return err },
		func() error { _, err := service.SimilarTo(ctx, "x", "mail", 5); return err },
		func() error { _, err := service.Timeline(ctx, "x", 3, 10); return err },
		func() error { _, err := service.Notes(ctx, "x", 3, 10); return err },
		func() error { _, err := service.Links(ctx, "x"); return err },
		func() error { _, err := service.Watchers(ctx, "x"); return err },
		func() error { _, err := service.Watch(ctx, "x", ""); return err },
		func() error { _, err := service.Unwatch(ctx, "x", "ana"); return err },
		func() error { _, err := service.ChangeWatchers(ctx, "x"); return err },
		func() error { _, err := service.WatchChange(ctx, "x", ""); return err },
		func() error { _, err := service.UnwatchChange(ctx, "x", "ana"); return err },
		func() error {
			_, err := service.Bulk(ctx, app.BulkRequest{Practice: change.Practice, IDs: []string{"x"}, Command: "cancel"})
			return err
		},
		func() error {
			_, err := service.Changes(ctx, app.ChangeQuery{Words: "x", Tag: "y", Category: "z", Sort: "-window_from"})
			return err
		},
		func() error { _, err := service.Attachments(ctx, "x"); return err },
		func() error { _, err := service.ChangeNotes(ctx, "x", 3, 10); return err },
		func() error { _, err := service.ChangeAttachments(ctx, "x"); return err },
		func() error { return service.RemoveAttachment(ctx, "x", "y") },
		func() error { return service.RemoveChangeAttachment(ctx, "x", "y") },
		func() error {
			_, err := service.Waiting(ctx, app.WaitingQuery{Team: "x", Name: "triage", Limit: 5})
			return err
		},
		func() error { _, err := service.Search(ctx, "x", 5); return err },
		func() error { _, err := service.Policies(ctx, "Team"); return err },
		func() error { _, err := service.Policy(ctx, "Team", "x", 2); return err },
		func() error { _, err := service.PolicyVersions(ctx, "Team", "x"); return err },
		func() error { _, err := service.RecentRuns(ctx, "x", 5); return err },
		func() error {
			_, err := service.ApplyPolicy(ctx, policy.Document{Kind: "Team", Name: "x", Spec: json.RawMessage("{}")})
			return err
		},
		func() error {
			_, err := service.ValidatePolicy(ctx, policy.Document{Kind: "Team", Name: "x", Spec: json.RawMessage("{}")})
			return err
		},
		func() error { _, err := service.TestPolicies(ctx, app.PolicyTestBody{Tests: "x"}); return err },
		func() error { _, err := service.Simulate(ctx, app.SimulationBody{Proposed: "x"}); return err },
		func() error { _, err := service.People(ctx, "x", 5); return err },
		func() error {
			_, err := service.Directory(ctx, app.PeopleQuery{Text: "x", Active: new(bool), Cursor: "c", Limit: 5})
			return err
		},
		func() error { _, err := service.Person(ctx, "x"); return err },
		func() error { _, err := service.SavePerson(ctx, app.Person{Handle: "x", Name: "X"}); return err },
		func() error { _, err := service.AddPerson(ctx, app.Person{Handle: "x", Name: "X"}); return err },
		func() error { _, err := service.Teams(ctx); return err },
		func() error { _, err := service.Services(ctx); return err },
		func() error { _, err := service.Grants(ctx, "x"); return err },
		func() error { _, err := service.GiveGrant(ctx, app.Grant{Person: "x"}); return err },
		func() error { _, err := service.TakeGrant(ctx, app.Grant{Person: "x"}); return err },
		func() error { _, err := service.Tokens(ctx, "x"); return err },
		func() error { return service.RevokeToken(ctx, "x") },
		func() error { _, err := service.Views(ctx, domain.Incident); return err },
		func() error { _, err := service.View(ctx, "x"); return err },
		func() error { _, err := service.DefaultView(ctx, domain.Incident); return err },
		func() error { _, err := service.CountViews(ctx, change.Practice, []app.ViewFilter{{}}); return err },
		func() error { _, err := service.SaveView(ctx, "k", app.View{Name: "x"}); return err },
		func() error { _, err := service.SaveView(ctx, "", app.View{ID: "x", Name: "x"}); return err },
		func() error { return service.DropView(ctx, "x") },
		func() error { return service.ChooseView(ctx, domain.Incident, "x") },
		func() error { return service.ChooseView(ctx, domain.Incident, "") },
		func() error { _, err := service.Schedules(ctx); return err },
		func() error {
			_, err := service.WhoIsOnCall(ctx, app.OnCallQuery{Schedule: "x", At: &time.Time{}})
			return err
		},
		func() error {
			_, err := service.Shifts(ctx, app.ShiftQuery{Schedule: "x", Person: "me", From: &time.Time{}, To: &time.Time{}})
			return err
		},
		func() error { _, err := service.CheckSchedule(ctx, "x"); return err },
		func() error { _, err := service.Overrides(ctx, "x"); return err },
		func() error { _, err := service.AddOverride(ctx, "x", "k", app.OverrideBody{}); return err },
		func() error { return service.EndOverride(ctx, "x") },
		func() error { _, err := service.Swaps(ctx); return err },
		func() error { _, err := service.ProposeSwap(ctx, "x", "k", app.SwapBody{}); return err },
		func() error { _, err := service.DecideSwap(ctx, "x", app.SwapWithdraw); return err },
		func() error { _, err := service.Feeds(ctx); return err },
		func() error { _, err := service.MakeFeed(ctx, ""); return err },
		func() error { return service.RevokeFeed(ctx, "x") },
		func() error {
			_, err := service.Deliveries(ctx, app.DeliveryQuery{State: []string{"dead", "failed"}, Destination: "x", Person: "x", Record: "x", Cursor: "c", Limit: 5})
			return err
		},
		func() error { return service.ReplayDelivery(ctx, "x") },
		func() error { _, err := service.Destinations(ctx); return err },
		func() error { _, err := service.SaveDestination(ctx, "x", app.DestinationBody{}); return err },
		func() error { _, err := service.RotateSecret(ctx, "x"); return err },
		func() error {
			_, err := service.Bell(ctx, app.BellQuery{Unread: true, Cursor: "c", Limit: 5})
			return err
		},
		func() error { _, err := service.Unread(ctx); return err },
		func() error { return service.ReadBell(ctx, 5, true) },
		func() error { _, err := service.NotificationSettings(ctx); return err },
		func() error { _, err := service.SaveNotificationRules(ctx, app.NotificationRules{}); return err },
		func() error { _, err := service.AddContact(ctx, app.ContactBody{}); return err },
		func() error { _, err := service.VerifyContact(ctx, "x", "1"); return err },
		func() error { return service.DropContact(ctx, "x") },
		func() error { return service.TestPage(ctx) },
		func() error { _, err := service.Clocks(ctx, "x"); return err },
		func() error {
			_, err := service.ExplainClock(ctx, "x", app.ClockQuery{Metric: "response", Cycle: 2, At: &time.Time{}})
			return err
		},
		func() error { _, err := service.ReRate(ctx, app.ReRating{Preview: true, Reason: "x"}); return err },
		func() error {
			_, err := service.PromisesKept(ctx, app.PromisesQuery{Day: "2026-12-31", Zone: "UTC"})
			return err
		},
	}
	for i, ask := range calls {
		require.NoError(t, ask())
		request := seen.asked()[i]
		var known []string
		for path, item := range paths {
			for method, operation := range map[string]any{"GET": item.Get, "PUT": item.Put, "POST": item.Post, "DELETE": item.Delete} {
				if fmt.Sprint(operation) != "<nil>" && method == request.Method && fits(path, strings.TrimPrefix(request.URL.Path, api.Base)) {
					known = append(known, path)
				}
			}
		}
		require.NotEmpty(t, known, "%s %s", request.Method, request.URL.Path)
		require.Equal(t, request.Method == "POST", request.Header.Get("Idempotency-Key") != "")
	}

	names := func(path string) []string {
		list := []string{}
		for _, parameter := range paths[path].Get.Parameters {
			if parameter.In == "query" {
				list = append(list, parameter.Name)
			}
		}
		return list
	}
	for _, request := range seen.asked() {
		for path := range paths {
			if request.Method == "GET" && path == strings.TrimPrefix(request.URL.Path, api.Base) {
				for name := range request.URL.Query() {
					require.True(t, slices.Contains(names(path), name), "%s has no %s", path, name)
				}
			}
		}
	}
}

// fits reports whether a path is one of a template's.
func fits(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	return len(want) == len(have) && !slices.ContainsFunc(want, func(part string) bool {
		i := slices.Index(want, part)
		return !strings.HasPrefix(part, "{") && part != have[i]
	})
}
