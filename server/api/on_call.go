package api

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
)

// BySchedule is the path of an operation on one on-call schedule.
type BySchedule struct {
	Schedule string `path:"schedule" maxLength:"100" doc:"Name of the OnCallSchedule document"`
}

// ByOverride, BySwap and ByFeed are paths of what people change, and of calendar addresses.
type (
	ByOverride struct {
		ID string `path:"id" maxLength:"64"`
	}
	BySwap struct {
		ID string `path:"id" maxLength:"64"`
	}
	ByFeed struct {
		ID string `path:"id" maxLength:"64"`
	}
)

// onCall registers who is on call, and what people change about it.
func (a *API) onCall() {
	read := app.PermissionOnCallRead
	register(a, operation(http.MethodGet, "/on-call", "read-on-call", "Who is on call, and until when", "On call", read),
		func(ctx context.Context, in *struct {
			Schedule string    `query:"schedule" maxLength:"100" doc:"Left out: all"`
			At       time.Time `query:"at" doc:"Left out: now"`
		},
		) (*list[app.OnCallView], error) {
			return listed(a.Service.WhoIsOnCall(ctx, app.OnCallQuery{Schedule: in.Schedule, At: moment(in.At)}))
		})
	register(a, operation(http.MethodGet, "/on-call/shifts", "list-shifts", "Who is on call between two instants, overrides counted", "On call", read),
		func(ctx context.Context, in *struct {
			Schedule string    `query:"schedule" maxLength:"100" doc:"Left out: all"`
			Person   string    `query:"person" maxLength:"100" doc:"A handle, or me; left out: everybody"`
			From     time.Time `query:"from" doc:"Left out: now"`
			To       time.Time `query:"to" doc:"Left out: two weeks after from; at most 400 days after it"`
		},
		) (*list[app.ShiftView], error) {
			return listed(a.Service.Shifts(ctx, app.ShiftQuery{Schedule: in.Schedule, Person: in.Person, From: moment(in.From), To: moment(in.To)}))
		})
	register(a, operation(http.MethodGet, "/schedules", "list-schedules", "On-call schedules", "On call", read),
		func(ctx context.Context, _ *struct{}) (*list[app.Schedule], error) {
			return listed(a.Service.Schedules(ctx))
		})
	register(a, operation(http.MethodGet, "/schedules/{schedule}/check", "check-schedule", "Gaps, double cover and load within the next 52 weeks", "On call", read),
		func(ctx context.Context, in *BySchedule) (*answer[app.CoverageView], error) {
			return answered(a.Service.CheckSchedule(ctx, in.Schedule))
		})
	a.overrides()
	a.swaps()
	a.feeds()
}

func (a *API) overrides() {
	register(a, operation(http.MethodGet, "/schedules/{schedule}/overrides", "list-overrides", "Overrides that are not over", "On call", app.PermissionOnCallRead),
		func(ctx context.Context, in *BySchedule) (*list[app.Override], error) {
			return listed(a.Service.Overrides(ctx, in.Schedule))
		})
	create := operation(http.MethodPost, "/schedules/{schedule}/overrides", "add-override",
		"Put somebody in another's place, or beside whoever is on call; for the lead of a team whose people take turns", "On call", app.PermissionOnCallOverride, http.StatusConflict)
	create.DefaultStatus = http.StatusCreated
	register(a, create, func(ctx context.Context, in *struct {
		BySchedule
		Key  string `header:"Idempotency-Key" maxLength:"255"`
		Body app.OverrideBody
	},
	) (*answer[app.Override], error) {
		return answered(a.Service.AddOverride(ctx, in.Schedule, in.Key, in.Body))
	})
	register(a, operation(http.MethodDelete, "/overrides/{id}", "end-override", "End an override now, or cancel one that has not begun; that of a swap with the whole swap", "On call", app.PermissionOnCallOverride),
		func(ctx context.Context, in *ByOverride) (*struct{}, error) {
			return &struct{}{}, a.Service.EndOverride(ctx, in.ID)
		})
}

func (a *API) swaps() {
	swap := app.PermissionOnCallSwap
	register(a, operation(http.MethodGet, "/swaps", "list-swaps", "Swaps that I proposed or was asked for, what is open first", "On call", swap),
		func(ctx context.Context, _ *struct{}) (*list[app.Swap], error) {
			return listed(a.Service.Swaps(ctx))
		})
	create := operation(http.MethodPost, "/schedules/{schedule}/swaps", "propose-swap", "Ask somebody to change turns with me; nothing changes until they accept", "On call", swap)
	create.DefaultStatus = http.StatusCreated
	register(a, create, func(ctx context.Context, in *struct {
		BySchedule
		Key  string `header:"Idempotency-Key" maxLength:"255"`
		Body app.SwapBody
	},
	) (*answer[app.Swap], error) {
		return answered(a.Service.ProposeSwap(ctx, in.Schedule, in.Key, in.Body))
	})
	for decision, summary := range map[app.SwapDecision]string{
		app.SwapAccept: "Accept a swap that I was asked for", app.SwapDecline: "Decline a swap that I was asked for", app.SwapWithdraw: "Withdraw a swap that I proposed",
	} {
		register(a, operation(http.MethodPost, "/swaps/{id}/"+string(decision), string(decision)+"-swap", summary, "On call", swap, http.StatusConflict),
			func(ctx context.Context, in *BySwap) (*answer[app.Swap], error) {
				return answered(a.Service.DecideSwap(ctx, in.ID, decision))
			})
	}
}

func (a *API) feeds() {
	read := app.PermissionOnCallRead
	register(a, operation(http.MethodGet, "/on-call/feeds", "list-feeds", "My calendar addresses, without their secrets", "On call", read),
		func(ctx context.Context, _ *struct{}) (*list[app.Feed], error) {
			return listed(a.Service.Feeds(ctx))
		})
	create := operation(http.MethodPost, "/on-call/feeds", "make-feed", "Make a calendar address; it is told once, and the one before works no more", "On call", read)
	create.DefaultStatus = http.StatusCreated
	register(a, create, func(ctx context.Context, in *struct {
		Body struct {
			Schedule string `json:"schedule,omitempty" maxLength:"100" doc:"Left out: my own shifts in all schedules"`
		}
	},
	) (*answer[app.NewFeed], error) {
		return answered(a.Service.MakeFeed(ctx, in.Body.Schedule))
	})
	register(a, operation(http.MethodDelete, "/on-call/feeds/{id}", "revoke-feed", "End a calendar address at once", "On call", read),
		func(ctx context.Context, in *ByFeed) (*struct{}, error) {
			return &struct{}{}, a.Service.RevokeFeed(ctx, in.ID)
		})
}
