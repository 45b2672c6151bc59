package web

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

const notificationsPath = "/notifications"

func (w *console) mountNotifications(pages *gin.RouterGroup) {
	pages.GET(notificationsPath, w.notifications)
	pages.POST(notificationsPath+"/read", w.readAll)
	pages.GET(notificationsPath+"/:id", w.openNotification)
	pages.POST(profilePath+"/contacts", w.addContact)
	pages.POST(profilePath+"/contacts/:contact/verify", w.verifyContact)
	pages.POST(profilePath+"/contacts/:contact/drop", w.dropContact)
	pages.POST(profilePath+"/rules", w.saveRules)
	pages.POST(profilePath+"/test-page", w.testPage)
}

// unread counts what the bell has for whoever asks. A page is shown without it rather than not at all.
func (w *console) unread(c *gin.Context) int {
	if w.Service == nil {
		return 0
	}
	count, err := w.Service.Unread(c.Request.Context())
	if err != nil && c.Request.Context().Err() == nil {
		w.Log.DebugContext(c.Request.Context(), "the bell could not be counted", "error", err)
	}
	return count
}

// unreadWord is what the badge says.
func unreadWord(count int) string {
	if count > 99 {
		return "99+"
	}
	return strconv.Itoa(count)
}

type notificationsView struct {
	page
	Found  app.Page[app.Rung]
	Unread bool
	Cursor string
}

// newest is the newest one shown, up to which all is marked read.
func (v notificationsView) newest() int64 {
	if len(v.Found.Items) == 0 {
		return 0
	}
	return v.Found.Items[0].ID
}

func (w *console) notifications(c *gin.Context) {
	view := notificationsView{page: w.page(c, "Notifications"), Unread: c.Query("unread") != "", Cursor: c.Query("cursor")}
	var err error
	if view.Found, err = w.Service.Bell(c.Request.Context(), app.BellQuery{Unread: view.Unread, Cursor: view.Cursor}); err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, notificationsPage(view))
}

func notificationsURL(unread bool, cursor string) string {
	address := notificationsPath + "?"
	if unread {
		address += "unread=1&"
	}
	return address + "cursor=" + cursor
}

// readAll marks what was shown as read; what came since stays.
func (w *console) readAll(c *gin.Context) {
	id, err := strconv.ParseInt(c.PostForm("up_to"), 10, 64)
	if err == nil {
		err = w.Service.ReadBell(c.Request.Context(), id, true)
	} else {
		err = domain.Errorf(domain.CodeMalformed, "the form does not say what was read")
	}
	if err != nil {
		w.fail(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, notificationsPath)
}

// openNotification goes to what a notification is about, which marks it read.
func (w *console) openNotification(c *gin.Context) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		w.fail(c, domain.Errorf(domain.CodeNotFound, "no notification %s", c.Param("id")))
		return
	}
	if err := w.Service.ReadBell(c.Request.Context(), id, false); err != nil {
		w.fail(c, err)
		return
	}
	to := local(c.Query("to"))
	if to == "/" {
		to = notificationsPath
	}
	c.Redirect(http.StatusSeeOther, to)
}

// rungURL opens a notification.
func rungURL(one app.Rung, staff bool) string {
	address := notificationsPath + "/" + strconv.FormatInt(one.ID, 10)
	if one.Record == "" {
		return address
	}
	to := recordURL(one.Record)
	if !staff {
		to = portalPath + "/" + one.Record
	}
	return address + "?to=" + to
}

func (w *console) addContact(c *gin.Context) {
	w.profileForm(c, "contacts", func(*profileView) error {
		_, err := w.Service.AddContact(c.Request.Context(), app.ContactBody{Channel: domain.Channel(c.PostForm("channel")), Address: c.PostForm("address")})
		return err
	})
}

func (w *console) verifyContact(c *gin.Context) {
	w.profileForm(c, "contacts", func(*profileView) error {
		_, err := w.Service.VerifyContact(c.Request.Context(), c.Param("contact"), c.PostForm("code"))
		return err
	})
}

func (w *console) dropContact(c *gin.Context) {
	w.profileForm(c, "contacts", func(*profileView) error { return w.Service.DropContact(c.Request.Context(), c.Param("contact")) })
}

// saveRules reads for each contact that can be chosen whether notices go there, and after how long pages do. What was chosen for
// others stays.
func (w *console) saveRules(c *gin.Context) {
	w.profileForm(c, "rules", func(view *profileView) error {
		rules := app.NotificationRules{QuietFrom: c.PostForm("quiet_from"), QuietTo: c.PostForm("quiet_to")}
		for _, contact := range view.Told.Contacts {
			notices, after := c.PostForm("notice-"+contact.ID) != "", c.PostForm("page-"+contact.ID)
			if !reaches(view.Told, contact) {
				notices, after = noticed(view.Told.Rules, contact.ID), pagedAfter(view.Told.Rules, contact.ID)
			}
			if notices {
				rules.Notices = append(rules.Notices, app.NoticeRule{Contact: contact.ID})
			}
			if after == "" {
				continue
			}
			seconds, err := strconv.Atoi(after)
			if err != nil {
				return domain.Invalid("pages", "begin after a number of seconds")
			}
			rules.Pages = append(rules.Pages, app.PageRule{Contact: contact.ID, AfterSeconds: seconds})
		}
		_, err := w.Service.SaveNotificationRules(c.Request.Context(), rules)
		return err
	})
}

// reaches reports whether a contact can be chosen: it is verified, and this installation has a way to it.
func reaches(told app.NotificationSettings, contact app.Contact) bool {
	return contact.Verified && slices.Contains(told.Channels, contact.Channel)
}

func (w *console) testPage(c *gin.Context) {
	w.profileForm(c, "test-page", func(*profileView) error { return w.Service.TestPage(c.Request.Context()) })
}

// noticed reports whether notices go to a contact.
func noticed(rules app.NotificationRules, contact string) bool {
	for _, rule := range rules.Notices {
		if rule.Contact == contact {
			return true
		}
	}
	return false
}

// pagedAfter is after how many seconds pages go to a contact, as the form has it; "": they do not.
func pagedAfter(rules app.NotificationRules, contact string) string {
	for _, rule := range rules.Pages {
		if rule.Contact == contact {
			return strconv.Itoa(rule.AfterSeconds)
		}
	}
	return ""
}

// pageTimes are the choices of when a page goes to a contact; one that was chosen otherwise is kept.
func pageTimes(chosen string) []choice {
	times := []choice{{"", "Not"}, {"0", "At once"}, {"60", "After 1 minute"}, {"120", "After 2 minutes"}, {"300", "After 5 minutes"}, {"600", "After 10 minutes"}, {"900", "After 15 minutes"}}
	return or(times, chosen)
}

// channelTitle names a channel for people.
func channelTitle(channel domain.Channel) string {
	switch channel {
	case domain.ChannelSMS:
		return "Text message"
	case domain.ChannelVoice:
		return "Call"
	case domain.ChannelPush:
		return "Push"
	case domain.ChannelWebhook:
		return "Webhook"
	case domain.ChannelSlack:
		return "Slack"
	}
	return "Mail"
}

// reached are the contacts that can be chosen.
func reached(told app.NotificationSettings) []app.Contact {
	var contacts []app.Contact
	for _, contact := range told.Contacts {
		if reaches(told, contact) {
			contacts = append(contacts, contact)
		}
	}
	return contacts
}
