package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

// reversed marks a type of relation that is said from its end.
const reversed = "<"

// tiesOffered is how many items are offered while one types.
const tiesOffered = 20

// relateForm ties an item to another, in either direction.
func relateForm(handle string) form {
	var out, back []choice
	for _, kind := range configuration.RelationTypes {
		out = append(out, choice{kind.Name, kind.Title})
		if kind.Impact != configuration.Both {
			back = append(back, choice{reversed + kind.Name, kind.Reverse})
		}
	}
	return form{Action: itemURL(handle) + "/relations", Fields: []field{
		{Name: "type", Label: "This item", Required: true, Choices: append(out, back...)},
		{Name: "to", Label: "the item", Required: true, MaxLength: 100, Lookup: offeredItemsPath + "?but=" + url.QueryEscape(handle), Hint: "Its handle; a part of its title finds it too."},
	}}
}

// offeredItems are the items whose handle or title has what was typed, for whoever ties one to another.
func (w *console) offeredItems(c *gin.Context) {
	found, err := w.Service.ConfigurationItems(c.Request.Context(), app.ItemQuery{Words: c.Query("to"), Limit: tiesOffered})
	if err != nil {
		w.fail(c, err)
		return
	}
	var list []choice
	for _, one := range found.Items {
		if one.Handle != c.Query("but") {
			list = append(list, choice{one.Handle, one.Name() + ", " + human(one.Class)})
		}
	}
	w.show(c, http.StatusOK, options(list))
}

func endForm(handle string) form {
	return form{Action: itemURL(handle) + "/end", Fields: []field{
		{Name: "reason", Label: "Why", Optional: true, MaxLength: 4096, Hint: "Its relations end with it. What was known of it stays, and it can begin anew."},
	}}
}

// relateItem ties an item to another.
func (w *console) relateItem(c *gin.Context) {
	w.tie(c, "#relations", func(from string, body app.RelationBody) error {
		return w.Service.Relate(c.Request.Context(), from, body)
	}, func(view *itemView, err error) int {
		read(view.Relate.Fields, c.Request.PostForm)
		return view.Relate.refuse(err)
	})
}

// endRelation ends a relation of an item.
func (w *console) endRelation(c *gin.Context) {
	w.tie(c, "#relations", func(from string, body app.RelationBody) error {
		return w.Service.EndRelation(c.Request.Context(), from, body)
	}, func(view *itemView, err error) int { return view.Unrelate.refuse(err) })
}

// tie reads a relation from a form, does something with it and leads back to a part of the item's page, or shows that with what was
// refused.
func (w *console) tie(c *gin.Context, part string, do func(string, app.RelationBody) error, refused func(*itemView, error) int) {
	if err := parseForm(c, smallForm); err != nil {
		w.fail(c, err)
		return
	}
	from, to := c.Param("handle"), strings.TrimSpace(c.PostForm("to"))
	kind, back := strings.CutPrefix(c.PostForm("type"), reversed)
	if back {
		from, to = to, from
	}
	w.answerItem(c, do(from, app.RelationBody{Type: kind, To: to}), part, refused)
}

// endItem ends an item.
func (w *console) endItem(c *gin.Context) {
	err := parseForm(c, smallForm)
	if err == nil {
		_, err = w.Service.EndItem(c.Request.Context(), c.Param("handle"), strings.TrimSpace(c.PostForm("reason")))
	}
	w.answerItem(c, err, "", func(view *itemView, err error) int {
		read(view.End.Fields, c.Request.PostForm)
		return view.End.refuse(err)
	})
}

// answerItem leads back to an item's page, or shows it again with what was refused.
func (w *console) answerItem(c *gin.Context, err error, part string, refused func(*itemView, error) int) {
	if err == nil {
		c.Redirect(http.StatusSeeOther, itemURL(c.Param("handle"))+part)
		return
	}
	view, viewErr := w.itemView(c)
	if viewErr != nil {
		w.fail(c, err) // the first failure is the one that matters
		return
	}
	status := refused(&view, err)
	w.show(c, status, itemPage(view))
}
