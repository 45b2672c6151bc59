package web

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

const (
	homeLivePath = "/home/live"
	// homePause is how often the lists of a page are read anew at most, homeLull how often where only others' work moves, which
	// can change what is due next.
	homePause, homeLull = time.Second, 10 * time.Second
	// homeShare bounds which part of the time goes into reading them: under load everybody's lists come more rarely.
	homeShare = 20
)

// watchedHome are the lists of somebody's home.
type watchedHome struct {
	*console
	page *gin.Context
	who  app.Principal
	// teams are those that they are a member of, shown the numbers of the records on the page.
	teams []string
	shown map[string]bool
	// read is when the lists were read last, took how long that took.
	read time.Time
	took time.Duration
}

func (w *console) watchHome(page *gin.Context) (watched, error) {
	who, err := app.PrincipalFrom(page.Request.Context())
	if err == nil && !who.Staff() {
		err = domain.Errorf(domain.CodeNotFound, "this page is for those who work at the desk")
	}
	if err != nil {
		return nil, err
	}
	teams, err := w.Service.Teams(page.Request.Context())
	if err != nil {
		return nil, err
	}
	h := &watchedHome{console: w, page: page, who: who, shown: map[string]bool{}}
	for _, team := range teams {
		if slices.Contains(team.Members, who.Handle) {
			h.teams = append(h.teams, team.Name)
		}
	}
	for number := range strings.SplitSeq(page.Query("rows"), ".") {
		if len(h.shown) < maxShown {
			if !isEscalation(number) {
				number = incident.Lifecycle.Prefix + "-" + number
			}
			h.shown[number] = true
		}
	}
	return h, nil
}

// begin renders the lists unless the page goes on from a place.
func (h *watchedHome) begin(ctx context.Context, resumes bool) (templ.Component, error) {
	if resumes {
		return nil, nil
	}
	return h.tell(ctx)
}

func (h *watchedHome) concerns(event app.LiveEvent) time.Duration {
	pause := homeLull
	if h.shown[event.Number] || h.who.Handle == event.Assignee || h.who.Handle == event.Requester ||
		event.Assignee == "" && slices.Contains(h.teams, event.Team) {
		pause = homePause
	}
	return max(gather, max(pause, homeShare*h.took)-time.Since(h.read))
}

// tell renders the lists as they now are.
func (h *watchedHome) tell(ctx context.Context) (templ.Component, error) {
	began := time.Now()
	h.page.Request = h.page.Request.WithContext(ctx)
	view := homeView{page: h.console.page(h.page, "Home")}
	err := h.homeLists(ctx, &view)
	h.read, h.took = time.Now(), time.Since(began)
	if err != nil {
		return nil, err
	}
	clear(h.shown)
	for _, number := range shownAtHome(view) {
		h.shown[number] = true
	}
	return homeNews(view), nil
}

// shownAtHome are the numbers of the records in the lists.
func shownAtHome(view homeView) []string {
	var numbers []string
	for _, list := range [][]app.IncidentView{view.Work.Mine, view.Work.Teams, view.Work.Requested} {
		for _, one := range list[:min(len(list), homeRows)] {
			numbers = append(numbers, one.Number)
		}
	}
	for _, row := range view.Due {
		numbers = append(numbers, row.Number)
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// homeLiveURL is what the page listens to: with the place that its lists were read at, and the records in them.
func homeLiveURL(view homeView) string {
	rows := shownAtHome(view)
	for i, number := range rows {
		rows[i] = strings.TrimPrefix(number, incident.Lifecycle.Prefix+"-")
	}
	values := url.Values{"rows": {strings.Join(rows, ".")}}
	if view.Since != "" {
		values.Set("since", view.Since)
	}
	return homeLivePath + "?" + values.Encode()
}
