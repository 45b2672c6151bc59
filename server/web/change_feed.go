package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

const changeFeedsPath = calendarPath + "/feeds"

// mountChangeFeeds adds what is done about addresses of the change calendar.
func (w *console) mountChangeFeeds(changes *gin.RouterGroup) {
	changes.POST("/calendar/feeds", w.staffOnly, w.makeChangeFeed)
	changes.POST("/calendar/feeds/:id/end", w.staffOnly, w.endChangeFeed)
}

// changeFeed finds the address that one has for the changes of the service that is shown, or for those of all.
func (w *console) changeFeed(ctx context.Context, shown calendarView) (feedView, error) {
	query := strings.TrimPrefix(shown.url(shown.Day, shown.Week), calendarPath)
	view := feedView{
		Says: "Changes, freezes and maintenance windows in the calendar that you use, as far as you may read them.", Reads: "the calendar",
		Make: changeFeedsPath + query,
	}
	if shown.Service != "" {
		view.Says = "The changes of " + titleIn(shown.Services, shown.Service) + ", freezes and maintenance windows in the calendar that you use, as far as you may read them."
	}
	feeds, err := w.Service.ChangeFeeds(ctx)
	for i, one := range feeds {
		if one.Service == shown.Service {
			view.Kept, view.End = &feeds[i], changeFeedsPath+"/"+one.ID+"/end"+query
		}
	}
	return view, err
}

// makeChangeFeed makes an address and shows it, this once: it cannot be led to.
func (w *console) makeChangeFeed(c *gin.Context) {
	made, err := w.Service.MakeChangeFeed(c.Request.Context(), c.Query("service"))
	if err != nil {
		w.fail(c, err)
		return
	}
	view, err := w.calendarView(c)
	if err != nil {
		w.fail(c, err)
		return
	}
	view.Feed.Address = w.outside(c) + made.Path
	w.show(c, http.StatusCreated, calendarPage(view))
}

func (w *console) endChangeFeed(c *gin.Context) {
	if err := w.Service.RevokeChangeFeed(c.Request.Context(), c.Param("id")); err != nil {
		w.fail(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, calendarPath+"?"+c.Request.URL.RawQuery+"#feed")
}

// titleIn is what a choice is called among others; its value where it is not among them.
func titleIn(choices []choice, value string) string {
	for _, one := range choices {
		if one.Value == value {
			return one.Title
		}
	}
	return value
}
