package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
)

// mountPersonSignIn adds what administrators do about somebody's signing in.
func (w *console) mountPersonSignIn(pages *gin.RouterGroup) {
	govern := pages.Group(peoplePath, w.staffOnly, w.needs(app.PermissionPeopleWrite))
	govern.POST("/:handle/invitations", w.invite)
	govern.POST("/:handle/sessions/:session/end", w.endSessionOf)
}

// invite makes a link and shows it, this once.
func (w *console) invite(c *gin.Context) {
	w.signingInOf(c, func(view *personView) error {
		made, err := w.Service.Invite(c.Request.Context(), c.PostForm(keyField), view.Person.Handle)
		if err == nil {
			view.Link = w.outside(c) + made.Path
		}
		return err
	})
}

func (w *console) endSessionOf(c *gin.Context) {
	w.signingInOf(c, func(view *personView) error {
		if err := w.Service.EndSession(c.Request.Context(), c.Param("session")); err != nil {
			return err
		}
		var err error
		view.Sessions, err = w.Service.Sessions(c.Request.Context(), view.Person.Handle)
		return err
	})
}

// signingInOf does something about it and shows the person's page with what came of it: a link cannot be led to.
func (w *console) signingInOf(c *gin.Context, do func(*personView) error) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	view, err := w.personView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	status := http.StatusOK
	if err := do(&view); err != nil {
		view.SignInWrong = w.problem(c, err)
		status = view.SignInWrong.Status
	}
	w.show(c, status, personPage(view))
}

// outside is the address at which people reach the console: as it is set, else as this request came.
func (w *console) outside(c *gin.Context) string {
	if w.PublicURL != "" {
		return w.PublicURL
	}
	return "http://" + c.Request.Host
}
