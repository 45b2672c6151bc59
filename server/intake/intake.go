// Package intake takes what monitoring says, at an address that holds a key: whoever has it tells the alerts of one service. Senders
// bear no session and no token, because most can be given nothing but an address.
package intake

import (
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/alert"
	"github.com/holdfast-itsm/holdfast/server"
)

// Dependencies are what alerts are given to.
type Dependencies struct {
	Intake app.Intake
	// Busy counts the requests of each key; left out, the package counts its own.
	Busy *server.Busy
	Log  *slog.Logger
}

// Mount puts the addresses for alerts onto a gin engine.
func Mount(engine *gin.Engine, dependencies Dependencies) {
	if dependencies.Busy == nil {
		dependencies.Busy = &server.Busy{}
	}
	engine.POST(app.IntakePath+":key/:source", server.Bounded(), dependencies.take)
}

// take answers 202 with what became of the alerts, once they are stored. The key is never written to a log.
func (d Dependencies) take(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "no-store")
	taken, err := d.taken(c)
	if err != nil {
		if errors.Is(err, errUnread) {
			c.Header("Connection", "close")
		}
		server.ProblemOf(err).Write(c.Writer, d.Log)
		return
	}
	c.JSON(http.StatusAccepted, taken)
}

// errUnread marks refusals of requests whose body was not read to its end.
var errUnread = errors.New("the body was not read")

func (d Dependencies) taken(c *gin.Context) (app.Taken, error) {
	if err := server.CheckURL(c.Request.URL); err != nil {
		return app.Taken{}, errors.Join(err, errUnread)
	}
	// Each key has a bound of its own, so that one that storms does not crowd out the others.
	leave, err := d.Busy.Enter("intake " + app.HashSecret(c.Param("key")))
	if err != nil {
		return app.Taken{}, errors.Join(err, errUnread)
	}
	defer leave()
	key, err := d.Intake.FindIntake(c.Request.Context(), c.Param("key"))
	if err != nil {
		return app.Taken{}, errors.Join(err, errUnread)
	}
	body, err := io.ReadAll(io.LimitReader(c.Request.Body, alert.MaxBytes+1))
	if err != nil {
		return app.Taken{}, errors.Join(domain.Errorf(domain.CodeMalformed, "the body cannot be read"), errUnread)
	}
	if len(body) > alert.MaxBytes {
		return app.Taken{}, errors.Join(domain.Errorf(domain.CodeTooLarge, "a payload has at most %d bytes", alert.MaxBytes), errUnread)
	}
	return d.Intake.TakeAlerts(c.Request.Context(), key, c.Param("source"), body)
}
