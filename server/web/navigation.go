package web

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/holdfast-itsm/holdfast/app"
)

// destination is one entry of the navigation.
type destination struct {
	Title, Path string
	// Icon is the id of a symbol of icons.svg.
	Icon string
	// Group is the heading it stands under; the first group has none.
	Group string
	// For says who sees it; left out, everybody who is signed in does.
	For func(app.Principal) bool
}

const manage = "Manage"

// navigation is where one can go from everywhere, in the order shown. A page that is added adds its line here.
var navigation = []destination{
	{Title: "Home", Path: homePath, Icon: "home", For: app.Principal.Staff},
	{Title: "Incidents", Path: "/incidents", Icon: "incident", For: app.Principal.Staff},
	{Title: "Changes", Path: changesPath, Icon: "change", For: app.Principal.Staff},
	{Title: "Alerts", Path: alertsPath, Icon: "signal", For: readsAlerts},
	{Title: "Approvals", Path: approvalsPath, Icon: "approve", For: app.Principal.Staff},
	{Title: "Waiting", Path: "/waiting", Icon: "waiting", For: app.Principal.Staff},
	{Title: "Promises", Path: promisesPath, Icon: "timer", For: readsPromises},
	{Title: "On call", Path: onCallPath, Icon: "phone", For: app.Principal.Staff},
	{Title: "Escalations", Path: escalationsPath, Icon: "alarm", For: readsEscalations},
	{Title: "CAB meetings", Path: meetingsPath, Icon: "meeting", For: readsMeetings},
	{Title: "My reports", Path: portalPath, Icon: "portal"},
	{Title: "Profile", Path: profilePath, Icon: "profile"},
	{Title: "People", Path: peoplePath, Icon: "people", Group: manage, For: app.Principal.Staff},
	{Title: "Teams", Path: "/teams", Icon: "team", Group: manage, For: app.Principal.Staff},
	{Title: "Services", Path: "/services", Icon: "link", Group: manage, For: app.Principal.Staff},
	{Title: "Configuration", Path: itemsPath, Icon: "item", Group: manage, For: readsItems},
	{Title: "Policies", Path: policiesPath, Icon: "policy", Group: manage, For: app.Principal.Staff},
	{Title: "What if", Path: whatIfPath, Icon: "history", Group: manage, For: simulates},
	{Title: "Deliveries", Path: deliveriesPath, Icon: "inbox", Group: manage, For: readsDeliveries},
	{Title: "Design", Path: designPath, Icon: "design", Group: manage, For: administers},
}

// administers reports whether somebody is an administrator of everything.
func administers(who app.Principal) bool { return who.May(app.PermissionPeopleWrite) }

// placeGroup are the entries under one heading.
type placeGroup struct {
	Title  string
	Places []destination
}

// placesFor are the entries that somebody sees, by heading.
func placesFor(who app.Principal) []placeGroup {
	var groups []placeGroup
	for _, one := range navigation {
		if one.For != nil && !one.For(who) {
			continue
		}
		if len(groups) == 0 || groups[len(groups)-1].Title != one.Group {
			groups = append(groups, placeGroup{Title: one.Group})
		}
		last := &groups[len(groups)-1]
		last.Places = append(last.Places, one)
	}
	return groups
}

// above is the entry that a page lies under, where its reader sees that one; else where everybody begins who sees what they do.
func (p page) above() destination {
	first := destination{Title: "Incidents", Path: "/incidents"}
	if p.Who == nil {
		return first
	}
	if !p.Who.Staff() {
		first = destination{Title: "My reports", Path: portalPath}
	}
	for _, one := range navigation {
		if current(p.Path, one.Path) != nil && (one.For == nil || one.For(*p.Who)) {
			return one
		}
	}
	return first
}

// current marks the entry of the page that one is on, or that lies above it.
func current(here, path string) templ.Attributes {
	switch {
	case here == path:
		return templ.Attributes{"aria-current": "page"}
	case path != "/" && strings.HasPrefix(here, path+"/"):
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}

// initials are one or two letters for a name.
func initials(name string) string {
	words := strings.Fields(name)
	var letters []rune
	for i, word := range words {
		if i == 0 || i == len(words)-1 {
			letters = append(letters, []rune(word)[0])
		}
	}
	return strings.ToUpper(string(letters))
}
