package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

// impactView is who feels what happens to an item.
type impactView struct {
	Found configuration.Impact
	// Tree hangs what is told below the item through which it is reached.
	Tree []configuration.Branch
	// Told are as many as the tree has, Reached as many as were found.
	Told, Reached int
}

// impactOf follows an impact and grows a tree of the nearest items that it reaches.
func (w *console) impactOf(ctx context.Context, handle string, query app.ImpactQuery, most int) (impactView, error) {
	query.Items = []string{handle}
	found, err := w.Service.Impact(ctx, query)
	if err != nil {
		return impactView{}, err
	}
	view := impactView{Found: found, Reached: len(found.Reached) - 1}
	near := found
	near.Reached = found.Reached[:min(len(found.Reached), most+1)]
	view.Told = len(near.Reached) - 1
	for _, root := range near.Tree() {
		view.Tree = append(view.Tree, root.Branches...)
	}
	return view, nil
}

// reachedWords say why an item is reached: "runs on host-3".
func reachedWords(one configuration.Reached) string {
	kind, _ := configuration.RelationTypeNamed(one.Type)
	if kind.Impact == configuration.FromTo {
		return kind.Reverse + " " + one.Via
	}
	return kind.Title + " " + one.Via
}

// impactPageView is an impact on a page to itself.
type impactPageView struct {
	page
	Item    app.ItemView
	Impact  impactView
	At      *time.Time
	Depth   int
	Through bool
	Classes []choice
}

func depthChoices() []choice {
	choices := make([]choice, configuration.ImpactDepth)
	for i := range choices {
		choices[i] = choice{strconv.Itoa(i + 1), strconv.Itoa(i + 1)}
	}
	return choices
}

// itemImpact shows everything that an item reaches.
func (w *console) itemImpact(c *gin.Context) {
	ctx, handle := c.Request.Context(), c.Param("handle")
	at, err := instantAsked(c)
	var found app.ItemView
	if err == nil {
		found, err = w.Service.ConfigurationItem(ctx, handle, at)
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	// Nothing is followed from a shared item unless it is asked for; whoever looks at its impact asks.
	view := impactPageView{page: w.page(c, "Impact of "+found.Name()), Item: found, At: at, Through: c.Query("through") != "" || found.Shared && c.Query("depth") == "", Classes: w.classes(ctx)}
	if view.Depth, err = strconv.Atoi(c.Query("depth")); err != nil || view.Depth < 1 || view.Depth > configuration.ImpactDepth {
		view.Depth = configuration.ImpactDepth
	}
	view.Impact, err = w.impactOf(ctx, handle, app.ImpactQuery{At: at, Depth: view.Depth, Through: view.Through}, farShown)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, impactPage(view))
}

// impactURL leads to everything that an item reaches.
func impactURL(handle string, at *time.Time) string {
	address := itemURL(handle) + "/impact"
	if at != nil {
		address += "?at=" + url.QueryEscape(exact(*at))
	}
	return address
}

// itemAtURL leads to an item as it was at an instant.
func itemAtURL(handle string, at *time.Time) string {
	if at == nil {
		return itemURL(handle)
	}
	return itemURL(handle) + "?at=" + url.QueryEscape(exact(*at))
}

// reachedCount is how many items feel it; of very many, at least so many.
func reachedCount(ctx context.Context, impact impactView) string {
	words := numeral(ctx, impact.Reached)
	if impact.Found.More {
		words = "more than " + words
	}
	return words
}

// serviceDistance says how far off a service is, and whose it is.
func serviceDistance(ctx context.Context, one configuration.ReachedService) string {
	words := "the item's own"
	if one.Depth > 0 {
		words = count(ctx, one.Depth, "relation", "relations") + " away"
	}
	if one.Owner != "" {
		words += ", owned by " + one.Owner
	}
	return words
}
