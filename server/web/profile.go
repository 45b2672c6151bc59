package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

const profilePath = "/profile"

// profileView is one's own page: who one is, where one is signed in, and what one may set.
type profileView struct {
	page
	Zone     string
	Language string
	Sessions []app.Session
	Tokens   []app.Token
	// Told is how one is told things.
	Told app.NotificationSettings
	// Shifts are when one is on call, for those who can be.
	Shifts []app.ShiftView
	// Set names what was set a moment ago; Failed, of which form Problem is.
	Set, Failed string
	Problem     *server.Problem
}

func (w *console) mountProfile(pages *gin.RouterGroup) {
	pages.GET(profilePath, w.profile)
	pages.POST(profilePath+"/zone", w.setZone)
	pages.POST(profilePath+"/language", w.setLanguage)
	pages.POST(profilePath+"/password", w.setPassword)
	pages.POST(profilePath+"/sessions/:session/end", w.endSession)
}

func (w *console) profile(c *gin.Context) {
	view, err := w.profileView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Set = c.Query("set")
	w.show(c, http.StatusOK, profilePage(view))
}

func (w *console) profileView(c *gin.Context) (profileView, error) {
	view := profileView{page: w.page(c, "Profile")}
	view.Zone, view.Language = view.Who.Zone, view.Who.Language
	var err error
	if view.Sessions, err = w.Service.Sessions(c.Request.Context(), ""); err != nil {
		return view, err
	}
	if view.Told, err = w.Service.NotificationSettings(c.Request.Context()); err != nil {
		return view, err
	}
	if view.Tokens, err = w.Service.Tokens(c.Request.Context(), ""); err == nil && view.may(app.PermissionOnCallRead) {
		view.Shifts, err = w.mine(c, view.Now)
	}
	return view, err
}

func (w *console) setZone(c *gin.Context) {
	w.profileForm(c, "zone", func(view *profileView) error {
		view.Zone = c.PostForm("zone")
		return w.SignIns.SetZone(c.Request.Context(), view.Zone)
	})
}

func (w *console) setLanguage(c *gin.Context) {
	w.profileForm(c, "language", func(view *profileView) error {
		view.Language = c.PostForm("language")
		return w.SignIns.SetLanguage(c.Request.Context(), view.Language)
	})
}

func (w *console) setPassword(c *gin.Context) {
	w.profileForm(c, "password", func(*profileView) error {
		if c.PostForm("password") != c.PostForm("again") {
			return domain.Invalid("password", "is not the same in both places; write it twice")
		}
		return w.SignIns.ChangePassword(c.Request.Context(), c.PostForm("present"), c.PostForm("password"), w.caller(c))
	})
}

func (w *console) endSession(c *gin.Context) {
	w.profileForm(c, "sessions", func(*profileView) error { return w.Service.EndSession(c.Request.Context(), c.Param("session")) })
}

// profileForm sets something and shows the profile again: afresh, or with what went wrong beside the form.
func (w *console) profileForm(c *gin.Context, name string, set func(*profileView) error) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	view, err := w.profileView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	if err := set(&view); err != nil {
		view.Failed, view.Problem = name, w.problem(c, err)
		w.show(c, view.Problem.Status, profilePage(view))
		return
	}
	c.Redirect(http.StatusSeeOther, profilePath+"?set="+name+"#"+name)
}

// grantWords is a grant in words: "agent of team messaging".
func grantWords(grant app.Grant) string {
	if grant.ScopeKind == "all" {
		return human(string(grant.Role)) + ", for everything"
	}
	return human(string(grant.Role)) + " of " + grant.ScopeKind + " " + grant.ScopeName
}
