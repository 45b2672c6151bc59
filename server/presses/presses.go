// Package presses takes what people answer by the buttons of messages: requests that a chat such as Slack makes for them. They
// bear no session and no token; app finds who pressed by the chat's signature.
package presses

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// SlackPath is where Slack tells of presses; it is the interactivity request URL of the app there.
var SlackPath = app.SlackInteractionsPath(":destination")

const (
	// answerWithin is less than the three seconds after which Slack tells people that nobody answers.
	answerWithin = 2500 * time.Millisecond
	// replyWithin bounds how long it takes to tell in Slack what came of a press.
	replyWithin = 10 * time.Second
)

// Dependencies are what presses are given to.
type Dependencies struct {
	Presses app.Presses
	// Busy counts the requests of each workspace; left out, the package counts its own.
	Busy *server.Busy
	Log  *slog.Logger
}

// Mount puts the addresses for presses onto a gin engine.
func Mount(engine *gin.Engine, dependencies Dependencies) {
	if dependencies.Busy == nil {
		dependencies.Busy = &server.Busy{}
	}
	engine.POST(SlackPath, dependencies.slack)
}

// slack takes a press. It is acknowledged as soon as it is decided or queued; only then Slack is told what came of it, on the
// same request, so that a server that ends does so after its replies.
func (d Dependencies) slack(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Cache-Control", "no-store")
	answer, err := d.pressed(c)
	if err != nil {
		if errors.Is(err, errUnread) {
			c.Header("Connection", "close")
		}
		server.ProblemOf(err).Write(c.Writer, d.Log)
		return
	}
	c.Header("Content-Length", "0")
	c.Status(http.StatusOK)
	c.Writer.WriteHeaderNow()
	c.Writer.Flush()
	if answer == nil {
		return
	}
	// Slack has its answer, and may hang up: the reply is another request.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), replyWithin)
	defer cancel()
	if err := answer(ctx); err != nil {
		d.Log.WarnContext(ctx, "whoever pressed a button in Slack could not be told what came of it", "error", err)
	}
}

// errUnread marks refusals of requests whose body was not read to its end.
var errUnread = errors.New("the body was not read")

func (d Dependencies) pressed(c *gin.Context) (func(context.Context) error, error) {
	request := app.SlackRequest{Timestamp: c.GetHeader("X-Slack-Request-Timestamp"), Signature: c.GetHeader("X-Slack-Signature")}
	if err := server.CheckURL(c.Request.URL); err != nil {
		return nil, errors.Join(err, errUnread)
	}
	if request.Timestamp == "" || request.Signature == "" {
		return nil, errors.Join(domain.Errorf(domain.CodeUnauthenticated, "the request is not signed by Slack"), errUnread)
	}
	var err error
	if request.Body, err = io.ReadAll(io.LimitReader(c.Request.Body, app.MaxSlackRequest+1)); err != nil {
		return nil, errors.Join(domain.Errorf(domain.CodeMalformed, "the body cannot be read"), errUnread)
	}
	if len(request.Body) > app.MaxSlackRequest {
		return nil, errors.Join(domain.Errorf(domain.CodeTooLarge, "a press has at most %d bytes", app.MaxSlackRequest), errUnread)
	}
	leave, err := d.Busy.Enter("presses " + c.Param("destination"))
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(c.Request.Context(), answerWithin)
	defer cancel()
	return d.Presses.PressInSlack(ctx, c.Param("destination"), request)
}
