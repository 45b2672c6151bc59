package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/oncall"
	"github.com/holdfast-itsm/holdfast/domain/policy"
	"github.com/holdfast-itsm/holdfast/internal/policyfile"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// OnCall is who is on call, and what people change about it.
type OnCall interface {
	// Schedules lists the schedules, by name.
	Schedules(ctx context.Context) ([]Schedule, error)
	// WhoIsOnCall tells it of one schedule or of all.
	WhoIsOnCall(ctx context.Context, query OnCallQuery) ([]OnCallView, error)
	// Shifts lists who is on call between two instants, overrides counted, in the order in which the shifts begin.
	Shifts(ctx context.Context, query ShiftQuery) ([]ShiftView, error)
	// CheckSchedule looks through the next 52 weeks for gaps, double cover, and people who cannot be reached.
	CheckSchedule(ctx context.Context, schedule string) (CoverageView, error)
	// Overrides lists those that were not canceled and are not over, in the order in which they begin.
	Overrides(ctx context.Context, schedule string) ([]Override, error)
	// AddOverride puts somebody in another's place, or beside them, under an idempotency key: conflict where they stand in then.
	AddOverride(ctx context.Context, schedule, key string, body OverrideBody) (Override, error)
	// EndOverride takes one back; one that has begun ends now, and that of a swap takes the whole swap back.
	EndOverride(ctx context.Context, id string) error
	// Swaps lists what the caller proposed and was asked for within a year, what is open first.
	Swaps(ctx context.Context) ([]Swap, error)
	// ProposeSwap asks somebody to change turns with the caller, under an idempotency key.
	ProposeSwap(ctx context.Context, schedule, key string, body SwapBody) (Swap, error)
	// DecideSwap accepts or declines as the one who was asked, or withdraws as the one who asked: conflict where that was done.
	DecideSwap(ctx context.Context, id string, decision SwapDecision) (Swap, error)
	// Feeds lists the caller's calendar addresses, without their secrets.
	Feeds(ctx context.Context) ([]Feed, error)
	// MakeFeed makes an address for a schedule, or for the caller's own shifts; the one before works no more.
	MakeFeed(ctx context.Context, schedule string) (NewFeed, error)
	RevokeFeed(ctx context.Context, id string) error
}

// Schedule is an on-call schedule as it stands.
type Schedule struct {
	Name       string         `json:"name"`
	Title      string         `json:"title"`
	Version    int            `json:"version"`
	Timezone   string         `json:"timezone"`
	Layers     []oncall.Layer `json:"layers"`
	AcceptGaps bool           `json:"accept_gaps"`
	// Changeable: the caller may override it.
	Changeable bool `json:"changeable"`
}

// OnCallQuery asks who is on call; At left out: now. Schedule left out: in all.
type OnCallQuery struct {
	Schedule string
	At       *time.Time
}

// OnDuty is somebody on call. Who is not active cannot be reached.
type OnDuty struct {
	oncall.Duty
	Name   string `json:"name"`
	Active bool   `json:"active"`
}

// OnCallView is who is on call in a schedule, the first to be asked first; nobody in a gap.
type OnCallView struct {
	Schedule string    `json:"schedule"`
	Title    string    `json:"title"`
	At       time.Time `json:"at"`
	People   []OnDuty  `json:"people"`
	// Until is the next hand-off; left out where there is none within two years. Next is who is on call from then on.
	Until *time.Time `json:"until,omitempty"`
	Next  []OnDuty   `json:"next"`
}

// ShiftQuery asks for shifts of one schedule or all, and of one person ("me") or all. From left out: now; To left out: two weeks
// later.
type ShiftQuery struct {
	Schedule string
	Person   string
	From     *time.Time
	To       *time.Time
}

// ShiftView is a shift in a schedule.
type ShiftView struct {
	Schedule string `json:"schedule"`
	Title    string `json:"title"`
	OnDuty
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// CoverageView is what the check of a schedule found.
type CoverageView struct {
	Schedule string `json:"schedule"`
	oncall.Coverage
	// Unreachable take turns and are not active.
	Unreachable []string `json:"unreachable"`
}

const (
	// shownDays is what shifts are shown of where no end is named.
	shownDays = 14
	// maxShiftDays bounds what is asked at once.
	maxShiftDays = 400
	// aheadDays is how far overrides matter to who comes next.
	aheadDays = 2 * 366
)

// rota is a stored schedule, ready to be asked.
type rota struct {
	*oncall.Schedule
	name    string
	version int
	spec    oncall.Spec
}

func (r rota) title() string { return r.spec.TitleOf(r.name) }

// rota reads one schedule.
func (a *App) rota(ctx context.Context, db bun.IDB, name string) (rota, error) {
	spec, version, found, err := schemas.ReadOnCallSpec(ctx, db, name)
	if err != nil {
		return rota{}, err
	}
	if !found {
		return rota{}, domain.Errorf(domain.CodeNotFound, "no on-call schedule %s", name)
	}
	compiled, err := policyfile.CompileOnCall(spec)
	return rota{Schedule: compiled, name: name, version: version, spec: spec}, err
}

// rotas reads one schedule, or without a name all, in the order of their names.
func (a *App) rotas(ctx context.Context, name string) ([]rota, error) {
	if name != "" {
		one, err := a.rota(ctx, a.DB, name)
		return []rota{one}, err
	}
	names, err := schemas.OnCallNames(ctx, a.DB)
	if err != nil {
		return nil, err
	}
	list := make([]rota, len(names))
	for i, name := range names {
		if list[i], err = a.rota(ctx, a.DB, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// overridesOf reads what changes a schedule between two instants.
func overridesOf(ctx context.Context, db bun.IDB, schedule string, from, to time.Time) ([]oncall.Override, error) {
	rows, err := schemas.ReadOverrides(ctx, db, schedule, from, to)
	list := make([]oncall.Override, len(rows))
	for i, row := range rows {
		list[i] = row.Override()
	}
	return list, err
}

// Schedules lists the schedules.
func (a *App) Schedules(ctx context.Context) ([]Schedule, error) {
	principal, err := a.viewer(ctx, PermissionOnCallRead)
	if err != nil {
		return nil, err
	}
	rotas, err := a.rotas(ctx, "")
	if err != nil {
		return nil, a.fault(ctx, "reading schedules", err)
	}
	list := make([]Schedule, len(rotas))
	for i, rota := range rotas {
		may, err := a.mayOverride(ctx, principal, rota)
		if err != nil {
			return nil, a.fault(ctx, "reading schedules", err)
		}
		list[i] = Schedule{
			Name: rota.name, Title: rota.title(), Version: rota.version, Timezone: rota.spec.Timezone, Layers: rota.spec.Layers,
			AcceptGaps: rota.spec.AcceptGaps, Changeable: may == nil,
		}
	}
	return list, nil
}

// WhoIsOnCall tells who is on call.
func (a *App) WhoIsOnCall(ctx context.Context, query OnCallQuery) ([]OnCallView, error) {
	if _, err := a.viewer(ctx, PermissionOnCallRead); err != nil {
		return nil, err
	}
	at := a.now()
	if query.At != nil {
		at = query.At.UTC()
	}
	if err := storable("at", at); err != nil {
		return nil, err
	}
	rotas, err := a.rotas(ctx, query.Schedule)
	if err != nil {
		return nil, a.fault(ctx, "reading schedules", err)
	}
	list := make([]OnCallView, len(rotas))
	var named []*OnDuty
	for i, rota := range rotas {
		overrides, err := overridesOf(ctx, a.DB, rota.name, at, at.AddDate(0, 0, aheadDays))
		if err != nil {
			return nil, a.fault(ctx, "reading overrides", err)
		}
		list[i] = OnCallView{Schedule: rota.name, Title: rota.title(), At: at, People: onDuty(rota.On(at, overrides)), Next: []OnDuty{}}
		if next := rota.NextHandoffs(at, 1, overrides); len(next) > 0 {
			list[i].Until, list[i].Next = &next[0], onDuty(rota.On(next[0], overrides))
		}
		for _, duties := range [][]OnDuty{list[i].People, list[i].Next} {
			for j := range duties {
				named = append(named, &duties[j])
			}
		}
	}
	return list, a.name(ctx, named)
}

// Shifts lists shifts.
func (a *App) Shifts(ctx context.Context, query ShiftQuery) ([]ShiftView, error) {
	principal, err := a.viewer(ctx, PermissionOnCallRead)
	if err != nil {
		return nil, err
	}
	from := a.now()
	if query.From != nil {
		from = query.From.UTC()
	}
	to := from.AddDate(0, 0, shownDays)
	if query.To != nil {
		to = query.To.UTC()
	}
	if err := storable("from", from); err != nil {
		return nil, err
	}
	if !from.Before(to) || to.Sub(from) > maxShiftDays*24*time.Hour {
		return nil, domain.Invalid("to", "must be after from, by at most %d days", maxShiftDays)
	}
	if query.Person == "me" {
		query.Person = principal.Handle
	}
	rotas, err := a.rotas(ctx, query.Schedule)
	if err != nil {
		return nil, a.fault(ctx, "reading schedules", err)
	}
	list := []ShiftView{}
	for _, rota := range rotas {
		overrides, err := overridesOf(ctx, a.DB, rota.name, from, to)
		if err != nil {
			return nil, a.fault(ctx, "reading overrides", err)
		}
		for _, shift := range rota.Shifts(from, to, overrides) {
			if query.Person == "" || shift.Person == query.Person {
				list = append(list, ShiftView{
					Schedule: rota.name, Title: rota.title(), OnDuty: OnDuty{Duty: shift.Duty}, From: shift.From, To: shift.To,
				})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b ShiftView) int { return a.From.Compare(b.From) })
	named := make([]*OnDuty, len(list))
	for i := range list {
		named[i] = &list[i].OnDuty
	}
	return list, a.name(ctx, named)
}

// CheckSchedule looks through the next 52 weeks.
func (a *App) CheckSchedule(ctx context.Context, schedule string) (CoverageView, error) {
	if _, err := a.viewer(ctx, PermissionOnCallRead); err != nil {
		return CoverageView{}, err
	}
	now := a.now()
	rota, err := a.rota(ctx, a.DB, schedule)
	if err != nil {
		return CoverageView{}, a.fault(ctx, "reading a schedule", err)
	}
	overrides, err := overridesOf(ctx, a.DB, schedule, now, now.AddDate(0, 0, 366))
	if err != nil {
		return CoverageView{}, a.fault(ctx, "reading overrides", err)
	}
	active, err := schemas.ActivePeople(ctx, a.DB, rota.People())
	if err != nil {
		return CoverageView{}, a.fault(ctx, "reading people", err)
	}
	view := CoverageView{Schedule: schedule, Coverage: rota.Check(now, overrides), Unreachable: []string{}}
	for _, person := range rota.People() {
		if _, is := active[person]; !is {
			view.Unreachable = append(view.Unreachable, person)
		}
	}
	return view, nil
}

func onDuty(duties []oncall.Duty) []OnDuty {
	list := make([]OnDuty, len(duties))
	for i, duty := range duties {
		list[i] = OnDuty{Duty: duty}
	}
	return list
}

// name fills in what people are called, and whether they are active.
func (a *App) name(ctx context.Context, duties []*OnDuty) error {
	handles := make([]string, len(duties))
	for i, duty := range duties {
		handles[i] = duty.Person
	}
	slices.Sort(handles)
	names, err := schemas.ActivePeople(ctx, a.DB, slices.Compact(handles))
	if err != nil {
		return a.fault(ctx, "reading people", err)
	}
	for _, duty := range duties {
		if duty.Name, duty.Active = names[duty.Person]; !duty.Active {
			duty.Name = duty.Person
		}
	}
	return nil
}

// storable refuses moments that are too far away to be asked about.
func storable(field string, at time.Time) error {
	if year := at.Year(); year < 1970 || year > 2200 {
		return domain.Invalid(field, "must be in the years 1970 to 2200")
	}
	return nil
}

// mayOverride says whether the principal may change who is on call: as team lead of somebody's team, or as administrator. The
// second error is a fault.
func (a *App) mayOverride(ctx context.Context, principal Principal, rota rota) (refusal, fault error) {
	teams, err := schemas.TeamsOf(ctx, a.DB, rota.People())
	if err != nil {
		return nil, err
	}
	roles := principal.rolesForAll()
	for _, grant := range principal.Grants {
		if grant.ScopeKind == "team" && slices.Contains(teams, grant.ScopeName) {
			roles = append(roles, grant.Role)
		}
	}
	return principal.may(PermissionOnCallOverride, unique(roles)), nil
}

// onCallDetail words what the audit keeps of a change of a schedule.
func onCallDetail(schedule string, words ...string) string {
	return policy.KindOnCallSchedule + "/" + schedule + ": " + strings.Join(words, " ")
}
