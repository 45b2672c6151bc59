package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

const deliveriesPath = "/deliveries"

// readsDeliveries reports whether somebody sees what leaves for the outside.
func readsDeliveries(who app.Principal) bool {
	return slices.ContainsFunc(who.Grants, func(grant app.Grant) bool {
		return grant.ScopeKind == "all" && (grant.Role == domain.RoleAdmin || grant.Role == domain.RoleAuditor)
	})
}

func (w *console) mountDeliveries(pages *gin.RouterGroup) {
	pages.GET(deliveriesPath, w.deliveries)
	pages.POST(deliveriesPath+"/:id/replay", w.replayDelivery)
	pages.GET(deliveriesPath+"/destinations/new", w.newDestination)
	pages.GET(deliveriesPath+"/destinations/:name", w.editDestination)
	pages.POST(deliveriesPath+"/destinations", w.saveDestination)
	pages.POST(deliveriesPath+"/destinations/:name/rotate", w.rotateSecret)
}

type deliveriesView struct {
	page
	Query        app.DeliveryQuery
	State        string
	Destinations []app.Destination
	Found        app.Page[app.Delivery]
	// Replayed: a delivery was let try again a moment ago.
	Replayed bool
}

func (v deliveriesView) governs() bool { return v.Who.May(app.PermissionDestinationWrite) }

func (v deliveriesView) filtered() bool {
	return v.State+v.Query.Destination+v.Query.Person+v.Query.Record+v.Query.Cursor != ""
}

func (v deliveriesView) url(cursor string) string {
	values := url.Values{}
	for name, value := range map[string]string{
		"state": v.State, "destination": v.Query.Destination, "person": v.Query.Person, "record": v.Query.Record, "cursor": cursor,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return deliveriesPath + "?" + values.Encode()
}

// deliveryStates are the choices of the filter.
func deliveryStates() []choice {
	return []choice{{"", "Any"}, {"pending", "Waiting"}, {"given_up", "Given up"}, {"failed", "Refused"}, {"dead", "Dead"}, {"sent", "Sent"}, {"dropped", "Not needed"}}
}

func deliveryWord(state string) string {
	for _, known := range deliveryStates() {
		if known.Value == state {
			return known.Title
		}
	}
	return human(state)
}

func destinationChoices(destinations []app.Destination) []choice {
	choices := []choice{{"", "Any"}}
	for _, one := range destinations {
		choices = append(choices, choice{one.Name, one.Title})
	}
	return choices
}

func (w *console) deliveries(c *gin.Context) {
	view := deliveriesView{page: w.page(c, "Deliveries"), State: c.Query("state"), Replayed: c.Query("replayed") != ""}
	view.Query = app.DeliveryQuery{
		Destination: c.Query("destination"), Person: strings.TrimSpace(c.Query("person")), Record: strings.TrimSpace(c.Query("record")), Cursor: c.Query("cursor"),
	}
	switch view.State {
	case "":
	case "given_up":
		view.Query.State = []string{"failed", "dead"}
	default:
		view.Query.State = []string{view.State}
	}
	var err error
	if view.Destinations, err = w.Service.Destinations(c.Request.Context()); err == nil {
		view.Found, err = w.Service.Deliveries(c.Request.Context(), view.Query)
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, deliveriesPage(view))
}

func (w *console) replayDelivery(c *gin.Context) {
	if err := w.Service.ReplayDelivery(c.Request.Context(), c.Param("id")); err != nil {
		w.fail(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, deliveriesPath+"?state=pending&replayed=1")
}

// destinationWord is how a destination stands, in words, and which colour it has.
func destinationWord(one app.Destination) (word, kind string) {
	switch {
	case !one.Configured:
		return "Not configured", "off"
	case !one.Active:
		return "Off", "off"
	case one.OpenUntil != nil && one.Failures == 0:
		return "Asks to wait", "warn"
	case one.OpenUntil != nil:
		return "Does not answer", "bad"
	case one.Failures > 0:
		return "Failing", "warn"
	case one.SentAt == nil:
		return "Not used yet", "off"
	}
	return "Works", "good"
}

// thousandWord is a count that stops at a thousand.
func thousandWord(n int) string {
	if n >= 1000 {
		return "999+"
	}
	return strconv.Itoa(n)
}

// hostOf is whom an address calls. What follows may hold a secret of the receiver's.
func hostOf(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return at.Host
}

// problemTexts are what is wrong with a form, in sentences.
func problemTexts(problem *server.Problem) []string {
	if problem == nil {
		return nil
	}
	return looseTexts(problem.Errors)
}

type destinationView struct {
	page
	Name  string
	Body  app.DestinationBody
	Known *app.Destination
	// Public is where people reach the console; empty: nobody said.
	Public  string
	Secret  string
	Rotated bool
	Saved   bool
	Problem *server.Problem
}

// carried are the channels that a gateway can carry.
var carried = []domain.Channel{domain.ChannelSMS, domain.ChannelVoice, domain.ChannelPush}

func (w *console) newDestination(c *gin.Context) {
	if err := w.mayGovern(c); err != nil {
		w.fail(c, err)
		return
	}
	view := destinationView{page: w.page(c, "Add a webhook"), Body: app.DestinationBody{Channel: domain.ChannelWebhook, Active: true, Kinds: []string{"incident.*"}}}
	if c.Query("channel") == string(domain.ChannelSlack) {
		view = destinationView{page: w.page(c, "Add Slack"), Public: strings.TrimSuffix(w.PublicURL, "/"), Body: app.DestinationBody{Channel: domain.ChannelSlack, Active: true}}
	}
	w.show(c, http.StatusOK, view.form())
}

// form is the page on which a destination is written.
func (v destinationView) form() templ.Component {
	if v.Body.Channel == domain.ChannelSlack {
		return workspacePage(v)
	}
	return destinationPage(v)
}

// requestURL is where a workspace's app sends what people press; without a public address, what follows it.
func (v destinationView) requestURL() string {
	name := v.Name
	if name == "" {
		name = "NAME"
	}
	return v.Public + app.SlackInteractionsPath(name)
}

// mayGovern refuses the form to those whom the service would refuse what it sends.
func (w *console) mayGovern(c *gin.Context) error {
	who, err := app.PrincipalFrom(c.Request.Context())
	if err == nil && !who.May(app.PermissionDestinationWrite) {
		err = domain.Errorf(domain.CodeForbidden, "the permission %s is needed", app.PermissionDestinationWrite)
	}
	return err
}

func (w *console) editDestination(c *gin.Context) {
	view, err := w.destination(c, c.Param("name"))
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, view.form())
}

// destination reads a webhook or a workspace for its page.
func (w *console) destination(c *gin.Context, name string) (destinationView, error) {
	view := destinationView{page: w.page(c, "Webhook "+name), Name: name, Public: strings.TrimSuffix(w.PublicURL, "/")}
	all, err := w.Service.Destinations(c.Request.Context())
	if err != nil {
		return view, err
	}
	at := slices.IndexFunc(all, func(one app.Destination) bool { return one.Name == name && one.Channel != domain.ChannelMail })
	if at < 0 {
		return view, domain.Errorf(domain.CodeNotFound, "no destination %s", name)
	}
	one := all[at]
	view.Known = &one
	if one.Channel == domain.ChannelSlack {
		view.page.Title = "Slack: " + one.Title
	}
	view.Body = app.DestinationBody{Channel: one.Channel, Title: one.Title, URL: one.URL, Kinds: one.Kinds, Carries: one.Carries, Active: one.Active}
	return view, nil
}

func (w *console) saveDestination(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	name := strings.TrimSpace(c.PostForm("name"))
	body := app.DestinationBody{
		Channel: domain.Channel(c.PostForm("channel")), Token: strings.TrimSpace(c.PostForm("token")), SigningSecret: strings.TrimSpace(c.PostForm("signing_secret")),
		Title: strings.TrimSpace(c.PostForm("title")), URL: strings.TrimSpace(c.PostForm("url")), Kinds: strings.Fields(c.PostForm("kinds")), Active: c.PostForm("active") != "",
	}
	for _, channel := range c.PostFormArray("carries") {
		body.Carries = append(body.Carries, domain.Channel(channel))
	}
	made, err := w.Service.SaveDestination(c.Request.Context(), name, body)
	if err != nil {
		view := destinationView{page: w.page(c, "Destination"), Name: name, Body: body, Public: strings.TrimSuffix(w.PublicURL, "/"), Problem: w.problem(c, err)}
		if known, err := w.destination(c, name); err == nil {
			view.Known = known.Known
		}
		w.show(c, view.Problem.Status, view.form())
		return
	}
	w.showDestination(c, name, func(view *destinationView) { view.Secret, view.Saved = made.Secret, true })
}

func (w *console) rotateSecret(c *gin.Context) {
	made, err := w.Service.RotateSecret(c.Request.Context(), c.Param("name"))
	if err != nil {
		w.fail(c, err)
		return
	}
	w.showDestination(c, c.Param("name"), func(view *destinationView) { view.Secret, view.Rotated = made.Secret, true })
}

// showDestination shows a webhook after a change. A secret is on this page only, so there is no going elsewhere first.
func (w *console) showDestination(c *gin.Context, name string, told func(*destinationView)) {
	view, err := w.destination(c, name)
	if err != nil {
		w.fail(c, err)
		return
	}
	told(&view)
	w.show(c, http.StatusOK, view.form())
}
