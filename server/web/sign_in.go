package web

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// signInView is the sign-in page: what was typed, but for secrets, and why it did not work.
type signInView struct {
	page
	Next   string
	Handle string
	// Token: the form for API tokens is open, as ?with=token asks.
	Token   bool
	Failure string
}

func (w *console) mountSignIn(open *gin.RouterGroup) {
	open.GET(signInPath, w.signInPage)
	open.POST(signInPath, w.signIn)
	open.POST("/sign-out", w.signOut)
	open.POST("/theme", w.chooseTheme)
	open.GET(app.InvitationPath+":secret", w.welcome)
	open.POST(app.InvitationPath+":secret", w.accept)
}

func (w *console) signInPage(c *gin.Context) {
	w.show(c, http.StatusOK, signInForm(signInView{page: w.page(c, "Sign in"), Next: local(c.Query("next")), Token: c.Query("with") == "token"}))
}

func (w *console) signIn(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	view := signInView{page: w.page(c, "Sign in"), Next: local(c.PostForm("next")), Handle: c.PostForm("handle"), Token: c.PostForm("token") != ""}
	var session app.NewSession
	var err error
	if view.Token {
		session, err = w.SignIns.SignInWithToken(c.Request.Context(), strings.TrimSpace(c.PostForm("token")), w.caller(c))
	} else {
		session, err = w.SignIns.SignIn(c.Request.Context(), view.Handle, c.PostForm("password"), w.caller(c))
	}
	if err == nil {
		w.begin(c, session)
		c.Redirect(http.StatusSeeOther, view.Next)
		return
	}
	problem := w.problem(c, err)
	switch {
	case problem.Code != domain.CodeUnauthenticated:
		view.Failure = "You could not be signed in just now: " + problem.Detail + "."
	case view.Token:
		view.Failure = "This is not a token that works: it is mistyped, revoked or expired."
	default:
		view.Failure = "Handle and password do not belong together."
	}
	w.show(c, problem.Status, signInForm(view))
}

// problem is what is told of a failure, with its headers.
func (w *console) problem(c *gin.Context, err error) *server.Problem {
	problem := server.ProblemOf(err)
	for name, values := range problem.GetHeaders() {
		c.Writer.Header()[name] = values
	}
	return problem
}

func (w *console) signOut(c *gin.Context) {
	secret, err := c.Cookie(w.sessionCookie())
	if err == nil {
		var principal app.Principal
		if principal, err = w.SignIns.Resume(c.Request.Context(), secret); err == nil {
			err = w.SignIns.SignOut(app.WithPrincipal(c.Request.Context(), principal))
		}
		if err != nil && domain.CodeOf(err) != domain.CodeUnauthenticated {
			w.fail(c, err) // the session still stands: whoever signs out must know
			return
		}
	}
	w.end(c)
	c.Redirect(http.StatusSeeOther, signInPath)
}

// welcomeView is the page of a one-use link.
type welcomeView struct {
	page
	Invited app.Invited
	Failure string
}

// welcome shows what a link does. Following it uses nothing up: mail programs follow links too.
func (w *console) welcome(c *gin.Context) {
	invited, err := w.SignIns.Invited(c.Request.Context(), c.Param("secret"))
	if err != nil {
		w.linkFailed(c, err)
		return
	}
	w.show(c, http.StatusOK, welcomePage(welcomeView{page: w.page(c, "Welcome"), Invited: invited}))
}

// linkFailed tells that a link does not work, and how to come in all the same.
func (w *console) linkFailed(c *gin.Context, err error) {
	if domain.CodeOf(err) != domain.CodeNotFound {
		w.fail(c, err)
		return
	}
	problem := w.problem(c, err)
	w.show(c, problem.Status, linkFailedPage(w.page(c, "This link does not work"), problem))
}

func (w *console) accept(c *gin.Context) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	invited, err := w.SignIns.Invited(c.Request.Context(), c.Param("secret"))
	if err != nil {
		w.linkFailed(c, err)
		return
	}
	password := c.PostForm("password")
	if invited.Purpose == app.ForPassword && password != c.PostForm("again") {
		err = domain.Invalid("password", "is not the same in both places; write it twice")
	} else {
		var session app.NewSession
		if session, err = w.SignIns.Accept(c.Request.Context(), c.Param("secret"), password, w.caller(c)); err == nil {
			w.begin(c, session)
			c.Redirect(http.StatusSeeOther, "/")
			return
		}
	}
	problem := w.problem(c, err)
	w.show(c, problem.Status, welcomePage(welcomeView{page: w.page(c, "Welcome"), Invited: invited, Failure: sentence(problem.Detail)}))
}
