package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/server"
)

const searchPath = "/search"

// mountSearch adds the search over every record, as a page and as what the palette offers.
func (w *console) mountSearch(pages *gin.RouterGroup) {
	pages.GET(searchPath, w.search)
	pages.GET(searchPath+"/options", w.searchOptions)
}

const (
	searchShown  = 50
	optionsShown = 8
)

// search shows what was found; the number of a record leads straight to it.
func (w *console) search(c *gin.Context) {
	words := firstBytes(strings.TrimSpace(c.Query("q")), maxWords)
	if number, is := recordNumber(words); is {
		words = number
	}
	found, err := w.Service.Search(c.Request.Context(), words, searchShown)
	if err != nil {
		w.fail(c, err)
		return
	}
	if len(found) > 0 && found[0].Number == words {
		c.Redirect(http.StatusSeeOther, recordURL(words))
		return
	}
	p := w.page(c, "Search")
	items, err := w.itemsNamed(c, p, words, optionsShown)
	if err != nil {
		w.fail(c, err)
		return
	}
	w.show(c, http.StatusOK, searchPage(p, words, found, items))
}

// numbered is a record's number as people type it: "inc-42", "INC000042".
var numbered = regexp.MustCompile(`^([a-zA-Z]{3})-?0*(\d{1,12})$`)

// recordNumber makes the number of a record of what was typed, where it is one.
func recordNumber(typed string) (string, bool) {
	parts := numbered.FindStringSubmatch(typed)
	if parts == nil {
		return "", false
	}
	return strings.ToUpper(parts[1]) + "-" + strings.Repeat("0", max(0, 6-len(parts[2]))) + parts[2], true
}

// maxWords bounds what is searched for, in bytes.
const maxWords = 300

// option is one thing that the palette offers: a place to go to, or a theme to put on.
type option struct {
	Title, Icon string
	// Path is where it leads; empty for a theme.
	Path, Theme string
	// Words it is found by, beside its title.
	Words string
	// Record is set for a record that was found.
	Record *app.FoundRow
}

// searchOptions gives the palette the commands and records that fit what is typed, as a part of a page.
func (w *console) searchOptions(c *gin.Context) {
	words := firstBytes(strings.TrimSpace(c.Query("q")), maxWords)
	asked := words
	if number, is := recordNumber(words); is {
		asked = number
	}
	found, err := w.Service.Search(c.Request.Context(), asked, optionsShown)
	if err != nil {
		w.show(c, http.StatusOK, paletteFailed(server.ProblemOf(err)))
		return
	}
	p := w.page(c, "")
	items, err := w.itemsNamed(c, p, words, itemsOffered)
	if err != nil {
		w.show(c, http.StatusOK, paletteFailed(server.ProblemOf(err)))
		return
	}
	w.show(c, http.StatusOK, paletteOptions(fitting(commandsFor(p), words), records(found), items, words))
}

// itemsOffered is how many configuration items the palette offers.
const itemsOffered = 4

// itemsNamed are the configuration items in whose handles or titles something is found, for those who may read items.
func (w *console) itemsNamed(c *gin.Context, p page, words string, most int) ([]configuration.Item, error) {
	if words == "" || !p.may(app.PermissionConfigurationRead) {
		return nil, nil
	}
	found, err := w.Service.ConfigurationItems(c.Request.Context(), app.ItemQuery{Words: words, Limit: most})
	return found.Items, err
}

func records(found []app.FoundRow) []option {
	options := make([]option, len(found))
	for i, row := range found {
		options[i] = option{Title: row.Title, Path: recordURL(row.Number), Record: &row}
	}
	return options
}

// commandsFor are what somebody can do from everywhere.
func commandsFor(p page) []option {
	options := []option{{Title: "Report a problem", Icon: "plus", Path: reportPath, Words: "new create incident help"}}
	if p.Who.Staff() {
		options = []option{
			{Title: "Log an incident", Icon: "plus", Path: "/incidents/new", Words: "new create report"},
			{Title: "My work", Icon: "inbox", Path: filters{State: "open", Assignee: "me", Sort: "wake_at"}.url(""), Words: "assigned queue mine"},
		}
	}
	for _, group := range placesFor(*p.Who) {
		for _, place := range group.Places {
			options = append(options, option{Title: "Go to " + place.Title, Icon: place.Icon, Path: place.Path})
		}
	}
	if p.may(app.PermissionPeopleWrite) {
		options = append(options, option{Title: "New person", Icon: "plus", Path: peoplePath + "/new", Words: "account invite"})
	}
	if p.may(app.PermissionConfigurationWrite) {
		options = append(options, option{Title: "New configuration item", Icon: "plus", Path: newItemPath, Words: "ci cmdb add"})
	}
	if p.may(app.PermissionPolicyWrite) {
		options = append(options, option{Title: "New policy", Icon: "plus", Path: policiesPath + "/new", Words: "document calendar team service"})
	}
	for _, theme := range themes {
		options = append(options, option{Title: "Theme: " + human(theme), Icon: "design", Theme: theme, Words: "colours appearance"})
	}
	return options
}

// fitting keeps the options in which every word typed begins one of theirs.
func fitting(options []option, typed string) []option {
	var kept []option
	for _, one := range options {
		if fits(strings.Fields(strings.ToLower(one.Title+" "+one.Words)), strings.Fields(strings.ToLower(typed))) {
			kept = append(kept, one)
		}
	}
	return kept
}

func fits(words, typed []string) bool {
	for _, begin := range typed {
		found := false
		for _, word := range words {
			found = found || strings.HasPrefix(word, begin)
		}
		if !found {
			return false
		}
	}
	return true
}

func searchURL(words string) string { return searchPath + "?" + url.Values{"q": {words}}.Encode() }
