// Package web is the console: Holdfast's pages for people, rendered on the server with templ.
//
// Every page and every form works without scripts; htmx and one small script of our own add live updates, forms that open in
// place and times in the viewer's zone. Nothing is loaded from another origin, and the content security policy holds that.
package web

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// Dependencies are what the pages serve.
type Dependencies struct {
	Service app.Service
	// SignIns is how people come to a session.
	SignIns app.SignIns
	// Links act without a session.
	Links app.Links
	// Pages is what pages that stay open need beside; left out, nobody is shown who has a record open in other processes.
	Pages app.LivePages
	// Metrics counts the open connections; left out, nobody does.
	Metrics Metrics
	// Busy counts the requests of each account; left out, the console counts its own.
	Busy    *server.Busy
	Log     *slog.Logger
	Version string
	// PublicURL is where people reach the console, such as https://desk.example.com. With https the session cookie is
	// Secure; empty says nothing.
	PublicURL string
	// Now tells the time that pages compare deadlines with; left out, it is the clock's.
	Now func() time.Time
}

// Metrics are told of the connections that browsers keep open.
type Metrics interface {
	LiveBegan()
	LiveEnded()
}

type uncounted struct{}

func (uncounted) LiveBegan() {}
func (uncounted) LiveEnded() {}

// console is the mounted set of pages.
type console struct {
	Dependencies
	secure  bool
	origin  *http.CrossOriginProtection
	heads   heads
	viewers viewers
	bells   bells
}

// Mount puts the pages onto a gin engine, and answers what no other route does. It fails when PublicURL cannot be read.
func Mount(engine *gin.Engine, dependencies Dependencies) error {
	w := &console{Dependencies: dependencies, origin: http.NewCrossOriginProtection()}
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Busy == nil {
		w.Busy = &server.Busy{}
	}
	if w.Metrics == nil {
		w.Metrics = uncounted{}
	}
	w.viewers.pages, w.viewers.log, w.viewers.stays = w.Pages, w.Log, staysFor
	w.bells.pages, w.bells.log = w.Pages, w.Log
	if w.PublicURL != "" {
		public, err := url.Parse(w.PublicURL)
		if err != nil {
			return err
		}
		if err := w.origin.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
			return err
		}
		w.secure = public.Scheme == "https"
	}
	engine.GET(assetBase+":name", secureHeaders, serveAsset)
	open := engine.Group("", secureHeaders, inLanguage, server.Bounded(slices.Concat(livePaths, []string{attachmentsPath, attachmentPath, changeFilesPath, changeFilePath, portalFilesPath})...), w.readable, w.sameOrigin)
	w.mountSignIn(open)
	w.mountAcknowledge(open)
	w.mountPages(open.Group("", w.signedIn, w.limited))
	engine.NoRoute(secureHeaders, w.noRoute)
	return nil
}

const (
	attachmentsPath = "/incidents/:record/attachments"
	attachmentPath  = attachmentsPath + "/:attachment"
)

// mountPages adds what only people who signed in may see.
func (w *console) mountPages(pages *gin.RouterGroup) {
	pages.GET("/incidents/new", w.newForm)
	pages.POST("/incidents/new", w.log)
	pages.GET("/incidents/similar", w.similar)
	pages.GET("/incidents/:record", w.record)
	pages.GET(livePath, w.live)
	pages.GET(attachmentPath, w.download)
	pages.POST(attachmentPath+"/remove", w.removeAttachment)
	pages.POST("/incidents/:record/notes", w.addNote)
	pages.POST(attachmentsPath, w.addAttachment)
	pages.POST("/incidents/:record/do/:verb", w.command)
	pages.GET("/commands/:id", w.outcome)
	pages.GET("/waiting", w.waiting)
	w.mountClocks(pages)
	w.mountHome(pages)
	w.mountQueue(pages)
	w.mountPromises(pages)
	w.mountDesign(pages)
	w.mountPolicies(pages)
	w.mountWhatIf(pages)
	w.mountPeople(pages)
	w.mountProfile(pages)
	w.mountSearch(pages)
	w.mountPortal(pages)
	w.mountPlannedWork(pages)
	w.mountAround(pages)
	w.mountNotifications(pages)
	w.mountDeliveries(pages)
	w.mountOnCall(pages)
	w.mountEscalations(pages)
	w.mountMeetings(pages)
	w.mountReRating(pages)
	w.mountChanges(pages)
	w.mountApprove(pages)
	w.mountApprovals(pages)
	w.mountConfiguration(pages)
	w.mountAlerts(pages)
}

// contentPolicy lets a page load from its own origin only: no inline script or style, no frames, no plugins.
const contentPolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secureHeaders go with every answer. The referrer stays within the origin: without one, browsers send forms with the
// origin "null", which cannot be told from a foreign one.
func secureHeaders(c *gin.Context) {
	header := c.Writer.Header()
	header.Set("Content-Security-Policy", contentPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	header.Set("Cache-Control", "no-store")
}

// readable refuses addresses that PostgreSQL cannot be asked for.
func (w *console) readable(c *gin.Context) {
	if err := server.CheckURL(c.Request.URL); err != nil {
		w.fail(c, err)
		c.Abort()
	}
}

// sameOrigin refuses forms that another site sent. A form without a word of its origin is no browser's; machines use the
// API and its bearer tokens.
func (w *console) sameOrigin(c *gin.Context) {
	if c.Request.Method != http.MethodPost {
		return
	}
	err := w.origin.Check(c.Request)
	if err == nil && (c.GetHeader("Origin") != "" || c.GetHeader("Sec-Fetch-Site") != "") {
		return
	}
	w.fail(c, domain.Errorf(domain.CodeForbidden, "the form was sent from another site; nothing was changed"))
	c.Abort()
}

// page is what every page has.
type page struct {
	Title string
	// Who is signed in; nil on pages that are open to all.
	Who   *app.Principal
	Theme string
	Here  string // path and query, to come back to; of a form that was sent, where everybody begins
	// Path is that of the request, whatever its method: the navigation marks what it lies under.
	Path    string
	Version string
	Now     time.Time
	// Unread is how much the bell has that was not read; 100 stands for more than 99.
	Unread int
}

func (w *console) page(c *gin.Context, title string) page {
	p := page{Title: title, Theme: theme(c), Here: c.Request.URL.RequestURI(), Path: c.Request.URL.Path, Version: w.Version, Now: w.Now()}
	if c.Request.Method != http.MethodGet {
		p.Here = "/"
	}
	if who, err := app.PrincipalFrom(c.Request.Context()); err == nil {
		p.Who = &who
		p.Unread = w.unread(c)
	}
	return p
}

// show renders a page or a part of one. It is rendered whole before the first byte leaves, so that a fault is told as one.
func (w *console) show(c *gin.Context, status int, content templ.Component) {
	var text bytes.Buffer
	if err := content.Render(c.Request.Context(), &text); err != nil {
		if c.Request.Context().Err() != nil {
			return // whoever asked has left
		}
		w.Log.ErrorContext(c.Request.Context(), "a page could not be rendered", "path", c.FullPath(), "error", err)
		c.String(http.StatusInternalServerError, "This page could not be made. Nothing was changed.")
		return
	}
	page := text.Bytes()
	if len(page) >= worthSqueezing && takesGzip(c) {
		squeezed, err := squeezePage(page)
		if err != nil {
			w.Log.ErrorContext(c.Request.Context(), "a page could not be compressed; it is sent as it is", "error", err)
		} else {
			c.Header("Content-Encoding", "gzip")
			page = squeezed
		}
	}
	c.Data(status, "text/html; charset=utf-8", page)
}

// fail tells a failure as a page of its own.
func (w *console) fail(c *gin.Context, err error) {
	problem := server.ProblemOf(err)
	for name, values := range problem.GetHeaders() {
		c.Writer.Header()[name] = values
	}
	w.show(c, problem.Status, failurePage(w.page(c, failureTitle(problem)), problem, c.Request.Method == http.MethodGet))
}

func failureTitle(problem *server.Problem) string {
	switch problem.Code {
	case domain.CodeNotFound:
		return "Not found"
	case domain.CodeForbidden:
		return "Not allowed"
	case domain.CodeUnavailable:
		return "Out of reach just now"
	case domain.CodeInternal:
		return "Something broke on our side"
	}
	return "That did not work"
}

func (w *console) noRoute(c *gin.Context) {
	missing := domain.Errorf(domain.CodeNotFound, "there is nothing at %s", c.Request.URL.Path)
	if strings.HasPrefix(c.Request.URL.Path, "/api/") {
		server.ProblemOf(missing).Write(c.Writer, w.Log)
		return
	}
	w.fail(c, missing)
}

// newKey makes the idempotency key of one form.
func newKey() string { return uuid.NewString() }

// local keeps a place to go to within the console: a path of ours, else where everybody begins.
func local(place string) string {
	parsed, err := url.Parse(place)
	if err != nil || parsed.IsAbs() || parsed.Host != "" || !strings.HasPrefix(parsed.Path, "/") ||
		strings.HasPrefix(place, "//") || strings.ContainsAny(place, "\\\r\n") {
		return "/"
	}
	return place
}
