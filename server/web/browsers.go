package web

import "strings"

// browserWords names a browser by what it says of itself, as well as that goes: "Firefox on Linux". More is of no use to somebody
// who looks for a session that is not theirs.
func browserWords(agent string) string {
	browser, system := "A browser", ""
	for _, known := range []struct{ mark, name string }{ // those that call themselves by others' names too come first
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(agent, known.mark) {
			browser = known.name
			break
		}
	}
	for _, known := range []struct{ mark, name string }{
		{"Android", "Android"}, {"iPhone", "an iPhone"}, {"iPad", "an iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, known.mark) {
			system = " on " + known.name
			break
		}
	}
	return browser + system
}
