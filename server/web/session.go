package web

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

const signInPath = "/sign-in"

// sessionCookie is the name of the session's cookie; the prefix makes browsers hold it to https and to this host.
func (w *console) sessionCookie() string {
	if w.secure {
		return "__Host-holdfast"
	}
	return "holdfast"
}

// begin gives a session to the browser, end takes it away. Every way to sign in leads here.
func (w *console) begin(c *gin.Context, session app.NewSession) {
	w.setSession(c, session.Secret, int(app.SessionLasts.Seconds()))
}

func (w *console) end(c *gin.Context) { w.setSession(c, "", -1) }

// caller is where the request comes from.
func (w *console) caller(c *gin.Context) app.Caller {
	before, err := c.Cookie(w.sessionCookie())
	if err != nil {
		before = "" // there was none
	}
	return app.Caller{Address: c.ClientIP(), Agent: c.Request.UserAgent(), Before: before}
}

func (w *console) setSession(c *gin.Context, secret string, age int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: w.sessionCookie(), Value: secret, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: w.secure,
	})
}

// signedIn finds who asks by the session's cookie, and asks everybody else to sign in.
func (w *console) signedIn(c *gin.Context) {
	secret, err := c.Cookie(w.sessionCookie())
	if err != nil || secret == "" {
		if c.GetHeader("Sec-Fetch-Site") == "cross-site" && c.Request.Method == http.MethodGet && c.Query(hopped) == "" {
			w.hop(c)
			return
		}
		w.askToSignIn(c)
		return
	}
	principal, err := w.SignIns.Resume(c.Request.Context(), secret)
	if domain.CodeOf(err) == domain.CodeUnauthenticated && err != nil {
		w.end(c)
		w.askToSignIn(c)
		return
	}
	if err != nil {
		w.fail(c, err)
		c.Abort()
		return
	}
	c.Request = c.Request.WithContext(app.WithPrincipal(c.Request.Context(), principal))
}

// limited lets an account have so many requests under way at once. A live page lasts and has a bound of its own.
func (w *console) limited(c *gin.Context) {
	principal, err := app.PrincipalFrom(c.Request.Context())
	if err != nil || slices.Contains(livePaths, c.FullPath()) {
		return // signedIn has asked to sign in
	}
	leave, err := w.Busy.Enter(principal.Handle)
	if err != nil {
		w.fail(c, err)
		c.Abort()
		return
	}
	defer leave()
	c.Next()
}

// hopped marks a page that was asked for a second time, from our own origin.
const hopped = "opened"

// hop answers a link from another site, such as one in a mail. Browsers keep a strict cookie back on such a visit; a page of
// ours that leads on to the same place makes it a visit from here.
func (w *console) hop(c *gin.Context) {
	target := *c.Request.URL
	query := target.Query()
	query.Set(hopped, "1")
	target.RawQuery = query.Encode()
	w.show(c, http.StatusOK, hopPage(w.page(c, "Opening"), local(target.RequestURI())))
	c.Abort()
}

// askToSignIn leads to the sign-in page and back. Parts of a page that htmx asks for lead the whole page there.
func (w *console) askToSignIn(c *gin.Context) {
	back := "/"
	if c.Request.Method == http.MethodGet && c.GetHeader("HX-Request") == "" {
		back = c.Request.URL.RequestURI()
	}
	target := signInPath + "?next=" + url.QueryEscape(back)
	c.Abort()
	if c.GetHeader("HX-Request") != "" {
		c.Header("HX-Redirect", target)
		c.Status(http.StatusUnauthorized)
		return
	}
	if c.Request.Method == http.MethodPost {
		// What was typed must not be lost on the way: this page can be left backwards, to the form.
		problem := server.ProblemOf(domain.Errorf(domain.CodeUnauthenticated, "your session has ended, so nothing was changed"))
		w.show(c, problem.Status, failurePage(w.page(c, "Sign in again"), problem, false))
		return
	}
	c.Redirect(http.StatusSeeOther, target)
}

// themes are what the switch offers; system is what the viewer's system says.
var themes = []string{"system", "light", "dark"}

const themeCookie = "holdfast-theme"

// theme is what the viewer chose; empty leaves it to the system.
func theme(c *gin.Context) string {
	chosen, err := c.Cookie(themeCookie)
	if err != nil || chosen != "light" && chosen != "dark" {
		return ""
	}
	return chosen
}

func (w *console) chooseTheme(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	const year = 365 * 24 * 60 * 60
	cookie := &http.Cookie{Name: themeCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: w.secure}
	if chosen := c.PostForm("theme"); chosen == "light" || chosen == "dark" {
		cookie.Value, cookie.MaxAge = chosen, year
	}
	http.SetCookie(c.Writer, cookie)
	c.Redirect(http.StatusSeeOther, local(c.PostForm("back")))
}
