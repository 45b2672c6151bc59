package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/server"
)

// mountAround adds what stands around a record: its links, who watches and views it, and what its fields said before.
func (w *console) mountAround(pages *gin.RouterGroup) {
	pages.POST("/incidents/:record/links", w.addLink)
	pages.POST("/incidents/:record/links/remove", w.removeLink)
	pages.POST("/incidents/:record/watchers", w.watch)
	pages.POST("/incidents/:record/watchers/remove", w.unwatch)
	pages.GET("/incidents/:record/history", w.history)
}

// linkForm is the form that links a record; what was typed stays when it was refused.
type linkForm struct {
	Key, Type, To string
	Problem       *server.Problem
}

// linkWords say how a record stands to the one that it is linked to, from either end.
var linkWords = map[string]string{
	"caused_by": "is caused by", "causes": "causes", "blocks": "blocks", "blocked_by": "is blocked by", "duplicates": "duplicates",
	"duplicated_by": "is duplicated by", "fixed_by": "is fixed by", "fixes": "fixes", "implements": "implements",
	"implemented_by": "is implemented by", "child_of": "is part of", "parent_of": "has as a part", "follows": "continues", "followed_by": "is continued by",
}

func linkTitle(kind string) string {
	if words, known := linkWords[kind]; known {
		return words
	}
	return strings.ToLower(human(kind))
}

// linkChoices are the links that can be made, each from both ends, one beside the other.
func linkChoices() []choice {
	var kinds []string
	for kind := range domain.LinkTypes {
		kinds = append(kinds, kind)
	}
	sort.Strings(kinds)
	var choices []choice
	for _, kind := range kinds {
		choices = append(choices, choice{kind, linkTitle(kind)}, choice{domain.LinkTypes[kind], linkTitle(domain.LinkTypes[kind])})
	}
	return choices
}

// relation says which record is told of a link, and in which words: a link is kept at one of its ends.
func relation(record, kind, other string) (at string, body incident.Relate) {
	for from, inverse := range domain.LinkTypes {
		if inverse == kind {
			return other, incident.Relate{Type: from, To: record}
		}
	}
	return record, incident.Relate{Type: kind, To: other}
}

func (w *console) addLink(c *gin.Context) { w.relate(c, "link") }

func (w *console) removeLink(c *gin.Context) { w.relate(c, "unlink") }

// relate links the record with another, or takes such a link away, whichever end it is kept at.
func (w *console) relate(c *gin.Context, verb string) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	record := c.Param("record")
	f := linkForm{Key: c.PostForm(keyField), Type: c.PostForm("type"), To: strings.TrimSpace(c.PostForm("to"))}
	if number, is := recordNumber(f.To); is {
		f.To = number
	}
	reply, err := w.giveRelation(c, record, verb, f)
	if err == nil && reply.Incident == nil && reply.Change == nil {
		c.Redirect(http.StatusSeeOther, afterReply(reply))
		return
	}
	if err == nil {
		c.Redirect(http.StatusSeeOther, recordURL(record)+"#links")
		return
	}
	w.refusePart(c, err, func(view *recordView, problem *server.Problem) {
		f.Key, f.Problem = keyAfter(problem, f.Key), problem
		view.Link = f
	})
}

func (w *console) giveRelation(c *gin.Context, record, verb string, f linkForm) (app.Reply, error) {
	ctx := c.Request.Context()
	if f.To == "" {
		return app.Reply{}, domain.Invalid("to", "is missing: give the number of the other record")
	}
	here, err := w.Service.Incident(ctx, record)
	if err != nil {
		return app.Reply{}, err
	}
	at, body := relation(here.Number, f.Type, f.To)
	text, err := json.Marshal(body)
	if err != nil {
		return app.Reply{}, err
	}
	of := domain.Incident
	if isChange(at) {
		of = change.Practice
	}
	reply, err := w.Service.Execute(ctx, app.Request{Practice: of, Verb: verb, Record: at, Key: f.Key, Body: text})
	if at != here.Number && domain.CodeOf(err) == domain.CodeNotFound && err != nil {
		err = domain.Invalid("to", "%q is not a record that you may link", f.To)
	}
	return reply, err
}

// allows reports whether a command is among those allowed.
func (v recordView) allows(verb string) bool { return slices.Contains(v.Record.AllowedCommands, verb) }

// wrong are the words for what was wrong with a link.
func (f linkForm) wrong() []string {
	if f.Problem == nil {
		return nil
	}
	var texts []string
	for _, wrong := range f.Problem.Errors {
		name := map[string]string{"to": "The other record", "type": "The link"}[strings.TrimPrefix(wrong.Location, "body.")]
		texts = append(texts, sentence(name+" "+wrong.Message))
	}
	return texts
}
