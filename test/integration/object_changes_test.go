package integration

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// The object rules of a restricted change, beside one that is not: dee drafts both and eli carries them out, ana has voted on both, cy is
// asked still, and hal stands in for cy. Nobody else is named in the restricted one, whatever may be theirs elsewhere: mona manages
// changes and assessed it before it was restricted, kim sits on boards, oz is an agent of everything, aud audits, fay approves other
// things, and rex asks for help.
var (
	namedInIt   = "dee eli ana cy hal admin"
	changeMarks = []mark{
		{"lemming", "the restricted change's title", namedInIt},
		{"jackal", "why it is made", namedInIt},
		{"ocelot", "its plan", namedInIt},
		{"gerbil", "how it is tested", namedInIt},
		{"caracal", "its way back", namedInIt},
		{"numbat", "its description", namedInIt},
		{"serval", "one of its tasks", namedInIt},
		{"bandicoot", "what was said with a vote", namedInIt},
		{"meerkat", "a question about it", namedInIt},
		{"mongoose", "what users are told", namedInIt},
		{"peccary", "a note about it in the minutes", namedInIt},
		{"bobcat", "the other change's title", namedInIt + " mona kim oz aud"},
		{"dingo", "a note about that", namedInIt + " mona kim oz aud"},
	}
)

// closed are a restricted change, an open one, the meeting that talks about both, and the one-use links that people were mailed.
type closed struct {
	*board
	hidden, shown, meeting string
	id, item               string
	links                  map[string]string
	command                string
}

func newClosed(t *testing.T, s *kit.Stack) *closed {
	t.Helper()
	const name = "kept"
	b := newBoard(t, s, name, object{
		"name": "board", "electorate": (&board{name: name}).asked("ana", "cy"), "rule": object{"threshold": "2"},
	})
	for person, role := range map[string]string{"kim": "cab_member", "oz": "agent", "aud": "auditor", "rex": "requester"} {
		b.person(person, role)
	}
	b.delegate("cy", "hal")
	c := &closed{board: b, item: "item-" + name, links: map[string]string{}}
	b.Admin(t).Do(http.MethodPut, "/configuration-items/"+c.item, object{"class": "server"}, nil).Is(200)
	hidden := b.submitted(object{
		"title": "Lemming swap", "justification": "The jackal is old", "plan": "The ocelot goes", "test_plan": "Feed the gerbil", "back_out_plan": "The caracal comes",
		"description": "The numbat knows", "tasks": []object{{"title": "Catch the serval"}}, "expected_outage": "The mongoose rests",
	})
	b.changed("dee", hidden, "edit", object{"restricted": true})
	b.changed("cy", hidden, "request-info", object{"text": "Where is the meerkat?"})
	b.changed("dee", hidden, "answer-info", object{"text": "The meerkat is away"})
	voted := b.as("ana").Insist("/changes/"+hidden["number"].(string)+"/cast-vote", b.ballot(hidden, "approve", object{"comment": "bandicoot"})).Is(200)
	c.command = voted.Header.Get("Holdfast-Command")
	shown := b.submitted(object{"title": "Bobcat swap", "window_from": b.window(6 * time.Hour), "window_to": b.window(8 * time.Hour)})
	b.vote("ana", shown, "approve", nil)
	c.hidden, c.id, c.shown = hidden["number"].(string), hidden["id"].(string), shown["number"].(string)
	for _, person := range []string{"cy", "hal"} {
		c.links[person] = ""
	}
	c.links["cy"] = b.mailed("cy", hidden, "board")
	planned := b.Admin(t).Insist("/cab-meetings", object{
		"title": "Board of " + name, "board": object{"role": "cab_member", "scope": "service:nothing"}, "at": time.Now().Add(48 * time.Hour), "cut_off": "1h",
	}).Is(201).Map()
	c.meeting = planned["number"].(string)
	for change, text := range map[string]string{c.hidden: "The peccary is angry", c.shown: "The dingo is tame"} {
		b.Admin(t).Insist("/cab-meetings/"+c.meeting+"/add-item", object{"change": change}).Is(200)
		b.Admin(t).Insist("/cab-meetings/"+c.meeting+"/note", object{"change": change, "text": text}).Is(200)
	}
	return c
}

// aRestrictedChange: its words stand nowhere for those who are not named in it, and everywhere for those who are.
func aRestrictedChange(t *testing.T, s *kit.Stack) {
	c := newClosed(t, s)
	for _, who := range []string{"dee", "eli", "ana", "cy", "hal", "mona", "kim", "oz", "aud", "fay", "rex", "admin"} {
		token := s.Token
		if who != "admin" {
			token = c.token(who)
		}
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			visitor := newVisitor(t, s, who, token)
			visitor.sees(slices.Concat(c.read(), c.pages(), c.printed(), c.live()), changeMarks)
			if !slices.Contains(strings.Fields(namedInIt), who) {
				visitor.api.Get("/changes/" + c.hidden).Is(404)
				visitor.api.Get("/changes/" + c.id).Is(404)
				visitor.api.Do(http.MethodPut, "/changes/"+c.hidden+"/watchers/me", nil, nil).Is(404)
			}
		})
	}
}

const changeWords = "lemming jackal ocelot gerbil caracal numbat serval mongoose"

// read is what machines read.
func (c *closed) read() []surface {
	get := func(path, shows, to string) surface {
		return surface{"GET " + path, func(v *visitor) string { return string(v.api.Get(path).Body) }, shows, to}
	}
	hidden, meeting := "/changes/"+c.hidden, "/cab-meetings/"+c.meeting
	day := c.window(0).Format(time.RFC3339)
	staff := "dee eli admin"
	return []surface{
		get("/changes?limit=200&item="+c.item, "lemming ocelot bobcat", staff), get("/changes?limit=200&q=swap", "lemming bobcat", staff), get("/changes?limit=200&q=swap", "bobcat", "mona kim oz aud"),
		{"listing changes by each word", func(v *visitor) string {
			return v.findsOf(changeMarks, func(word string) int { return len(items(v.api.Get("/changes?q=" + word))) })
		}, "lemming numbat bobcat", staff},
		get("/changes?limit=200&from="+day+"&to="+c.window(24*time.Hour).Format(time.RFC3339), "lemming", staff),
		get(hidden, changeWords+" bandicoot meerkat", namedInIt), get("/changes/"+c.id, changeWords, namedInIt), get(hidden+"/timeline?limit=200", "bandicoot meerkat", namedInIt),
		get("/changes/"+c.shown, "bobcat", "mona kim oz aud dee eli"), get("/approvals", "lemming", "cy hal"), get("/approvals", "lemming", "ana"),
		get("/search?limit=200&q=swap", "", ""), get("/search?q="+c.hidden, "lemming", staff),
		get("/notifications?limit=100", "lemming", "cy dee hal"), get("/work", "", ""), get("/waiting?limit=200&service=vpn", "", ""), get("/commands/"+c.command, "", ""),
		get(meeting, "", ""), get(meeting+"/paper", "lemming bobcat bandicoot peccary dingo", "admin"), get(meeting+"/agenda.md", "lemming bobcat", "admin"),
		get(meeting+"/minutes.md", "lemming bandicoot peccary dingo", "admin"), get(meeting+"/minutes.md", "dingo", "mona kim"), get(meeting+"/timeline?limit=200", "", ""),
		get("/configuration-items/"+c.item, "lemming bobcat", staff), get("/configuration-items?limit=200&q="+c.item, "", ""), get("/configuration-impact?item="+c.item, "", ""),
		get(hidden+"/watchers", "", ""),
		{"counting changes by each word", func(v *visitor) string {
			return v.findsOf(changeMarks, func(word string) int {
				counted := v.api.Post("/views/count", object{"practice": "change", "filters": []object{{"q": word}}}).Is(200).Map()
				return int(counted["counts"].([]any)[0].(float64))
			})
		}, "lemming numbat bobcat", staff},
		{"POST /changes/bulk", func(v *visitor) string {
			return string(v.api.Post("/changes/bulk", object{"ids": []string{c.hidden, c.id, c.shown}, "command": "close"}).Body)
		}, "", ""},
		get("/teams/"+c.documentName()+"/change-record", "", ""), get("/alerts?change="+c.hidden, "", ""),
	}
}

// pages are what people see in the console.
func (c *closed) pages() []surface {
	get := func(path, shows, to string) surface {
		return surface{"page " + path, func(v *visitor) string { return v.page(path) }, shows, to}
	}
	day, staff := c.window(0).Format(time.DateOnly), "dee eli admin"
	meeting := "/cab-meetings/" + c.meeting
	return []surface{
		get("/changes?state=all", "lemming", staff), get("/changes?state=all&q=swap", "lemming bobcat", staff), get("/changes?state=all&q=swap", "bobcat", "mona kim oz"),
		get("/changes/bulk?do=tag&id="+c.hidden+"&id="+c.id+"&id="+c.shown, "lemming bobcat", staff), get("/changes/views?state=open", "", ""),
		{"page counting changes by each word", func(v *visitor) string {
			return v.findsOf(changeMarks, func(word string) int {
				if strings.Contains(v.page("/changes?state=all&q="+word), `class="subject"`) {
					return 1
				}
				return 0
			})
		}, "lemming numbat bobcat", staff},
		get("/changes/"+c.hidden, changeWords+" bandicoot", namedInIt), get("/changes/"+c.id, "lemming", namedInIt),
		get("/changes/"+c.hidden+"?do=edit", "ocelot", "dee"), get("/changes/"+c.shown, "bobcat", "mona oz kim"), get("/changes/board", "lemming", "admin"), get("/changes/board", "bobcat", "mona kim"),
		get("/changes/calendar?day="+day, "lemming bobcat", staff), get("/changes/calendar?view=week&day="+day, "lemming bobcat", staff), get("/changes/calendar?day="+day, "bobcat", "mona oz"), get("/approvals", "lemming", "cy hal ana"),
		get("/search?q=swap", "", ""), get("/search?q="+c.hidden, "lemming", staff), get("/search/options?q="+c.hidden, "lemming", staff), get("/notifications", "lemming", "cy dee hal"),
		get("/", "", ""), get("/waiting", "", ""), get("/commands/"+c.command, "", ""), get("/cab-meetings", "", ""), get(meeting, "lemming bobcat", "admin"),
		get(meeting+"/agenda.md", "lemming", "admin"), get(meeting+"/minutes.md", "peccary bandicoot", "admin"),
		get("/approve/"+c.links["cy"], "ocelot", "cy"),
		{"the calendar's address", func(v *visitor) string {
			made := v.api.Post("/change-feeds", object{})
			if made.Status != http.StatusCreated {
				return string(made.Body)
			}
			return v.page(made.Map()["path"].(string))
		}, "bobcat", staff},
	}
}

// printed is what the command line prints.
func (c *closed) printed() []surface {
	const staff = "dee eli admin"
	prints := func(shows, to string, arguments ...string) surface {
		return surface{"holdfast " + strings.Join(arguments, " "), func(v *visitor) string { return v.commandLine(arguments...) }, shows, to}
	}
	return []surface{
		prints("lemming", "dee", "change", "list", "--ci", c.item, "-o", "csv"), prints("lemming bobcat", staff, "change", "list", "--words", "swap", "--sort=-updated_at"),
		prints("ocelot bandicoot", namedInIt, "change", "show", c.hidden),
		prints("bandicoot", namedInIt, "change", "timeline", c.hidden, "-o", "json"), prints("peccary", "admin", "cab", "minutes", c.meeting),
		prints("lemming bobcat", staff, "change", "calendar", "--from", c.window(0).Format(time.RFC3339), "--to", c.window(24*time.Hour).Format(time.RFC3339)),
	}
}

// live is what comes by itself.
func (c *closed) live() []surface {
	return []surface{
		{"stream of the change's page", func(v *visitor) string {
			return v.stream(v.browser, v.request(v.t.Context(), http.MethodGet, live("/changes/"+c.hidden+"/live?after=0&seq=0"), nil), "#timeline-list")
		}, "lemming ocelot bandicoot", namedInIt},
		{"GET /events", func(v *visitor) string {
			if !slices.Contains([]string{"admin", "mona", "kim", "oz", "dee", "eli"}, v.handle) {
				return "" // whoever reads no meetings waits for their events for ever
			}
			request := v.request(v.t.Context(), http.MethodGet, "/api/v1/events?practice=meeting", nil)
			request.Header.Set("Authorization", "Bearer "+v.token)
			request.Header.Set("Last-Event-ID", "0")
			return v.stream(http.DefaultClient, request, "meeting.noted")
		}, "", ""},
	}
}
