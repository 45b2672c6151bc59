package integration

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// The table of the object rules: each animal is a word that stands in one place, and these are all who may ever read it,
// whatever they ask. rita and sam ask for help; dee is an agent of the team that works on their incidents, fay of another one;
// bo is an agent and ana the incident manager of all, nora audits all; cy leads dee's team. The restricted incident is leo's,
// and cy's to solve: nobody else is named in it. Administrators read what is restricted, too, and that is written down.
var marks = []mark{
	{"okapi", "the title of rita's incident", "rita cy dee bo ana nora admin"},
	{"narwhal", "a public note at it", "rita cy dee bo ana nora admin"},
	{"dugong", "a public file at it", "rita cy dee bo ana nora admin"},
	{"quagga", "an internal note at it", "cy dee bo ana nora admin"},
	{"pangolin", "an internal file at it", "cy dee bo ana nora admin"},
	{"axolotl", "why a field of it was changed", "cy dee bo ana nora admin"},
	{"fayre", "its category before that", "cy dee bo ana nora admin"},
	{notPublic, "an event or a file that is not public", "cy dee bo ana nora admin"},
	{"wombat", "the title of sam's incident", "sam cy dee bo ana nora admin"},
	{"capybara", "a public note at it", "sam cy dee bo ana nora admin"},
	{"markhor", "how it was resolved", "sam cy dee bo ana nora admin"},
	{"ibex", "a public note at it, marked as an answer for others", "rita sam leo cy dee fay bo ana nora admin"},
	{"tapir", "the title of the restricted incident", "leo cy admin"},
	{"gharial", "a public note at it", "leo cy admin"},
	{"kakapo", "an internal note at it", "cy admin"},
}

const notPublic = `"public":false`

// mark is a word, where it stands, and who may read it.
type mark struct{ word, where, readers string }

func (m mark) mayRead(who string) bool { return slices.Contains(strings.Fields(m.readers), who) }

// zoo is the organisation with the marks in their places.
type zoo struct {
	*kit.Stack
	hers, his, named object
	// The files are at rita's incident, the command is one that sam gave to his.
	publicFile, internalFile, command string
}

func (z *zoo) number(record object) string { return record["number"].(string) }

// newZoo puts every mark into its place, over the API.
func newZoo(t *testing.T, s *kit.Stack) *zoo {
	t.Helper()
	admin, cy, dee, rita, sam := s.Admin(t), s.As(t, "cy"), s.As(t, "dee"), s.As(t, "rita"), s.As(t, "sam")
	z := &zoo{Stack: s}
	z.hers = log(rita, "Okapi crossing on the display", object{"service": "mail", "category": "fayre"})
	z.his = log(sam, "Wombat crossing on the display", object{"service": "mail"})
	z.named = log(admin, "Tapir crossing on the display", object{"service": "mail", "restricted": true, "requester": "leo"})

	note := func(as *kit.API, at object, body object) {
		as.Insist("/incidents/"+z.number(at)+"/notes", body).Is(201)
	}
	note(dee, z.hers, object{"body": "The narwhal is looked at"})
	note(dee, z.hers, object{"body": "The quagga is difficult", "internal": true})
	give(dee, z.hers, "edit", object{"category": "software", "reason": "axolotl"})
	z.publicFile = attach(dee, z.hers, "dugong", true)
	z.internalFile = attach(dee, z.hers, "pangolin", false)
	dee.Do(http.MethodPut, "/incidents/"+z.number(z.hers)+"/watchers/bo", nil, nil).Is(200)

	note(dee, z.his, object{"body": "The capybara is looked at"})
	note(dee, z.his, object{"body": "Turn the ibex off and on: the crossing leaves the display", "answer": true})
	give(dee, z.his, "resolve", object{"code": "fixed", "notes": "Chased the markhor away"})

	give(admin, z.named, "assign", object{"assignee": "cy"})
	note(cy, z.named, object{"body": "The gharial is looked at"})
	note(cy, z.named, object{"body": "The kakapo is difficult", "internal": true})
	give(cy, z.hers, "link", object{"type": "blocks", "to": z.number(z.named)})
	give(cy, z.his, "link", object{"type": "blocks", "to": z.number(z.hers)})

	queued := sam.Post("/incidents/"+z.number(z.his)+"/confirm", object{"comment": "thanks"}, "Prefer", "respond-async").Is(202)
	z.command = strings.TrimPrefix(queued.Header.Get("Location"), "/api/v1/commands/")
	kit.Eventually(t, soon, func() bool { return read(sam, z.his)["state"] == "closed" })
	return z
}

// attach adds a file that is called, and holds, a word.
func attach(as *kit.API, to object, word string, public bool) string {
	path := "/incidents/" + to["number"].(string) + "/attachments?name=" + word + ".txt"
	if public {
		path += "&public=true"
	}
	return as.Do(http.MethodPost, path, []byte("a "+word), nil).Is(201).Map()["id"].(string)
}

// surface is one place where Holdfast says something, and what it says to somebody. It shows some marks to whoever may read
// them, or only to those named: without, a surface that shows nothing to anybody would look safe.
type surface struct {
	name  string
	ask   func(*visitor) string
	shows string
	to    string
}

func (s surface) mustShow(mark mark, who string) bool {
	return slices.Contains(strings.Fields(s.shows), mark.word) && (s.to == "" || slices.Contains(strings.Fields(s.to), who))
}

func objectRules(t *testing.T, s *kit.Stack) {
	z := newZoo(t, s)
	for who, status := range map[string]int{"sam": 200, "dee": 200, "rita": 404, "fay": 404} {
		s.As(t, who).Get("/commands/" + z.command).Is(status)
	}
	watchers := "/incidents/" + z.number(z.hers) + "/watchers"
	require.Len(t, items(s.As(t, "dee").Get(watchers).Is(200)), 1)
	require.Empty(t, items(s.As(t, "rita").Get(watchers).Is(200)))
	for _, who := range []string{"rita", "sam", "leo", "cy", "dee", "fay", "bo", "ana", "nora", "admin"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			z.keepsTheRules(t, who)
		})
	}
}

// keepsTheRules asks every surface as somebody.
func (z *zoo) keepsTheRules(t *testing.T, who string) {
	z.visitor(t, who).sees(slices.Concat(apiSurfaces(z), pageSurfaces(z), streamSurfaces(z)), marks)
}

// sees asks some surfaces for some marks.
func (v *visitor) sees(surfaces []surface, marks []mark) {
	v.t.Helper()
	for _, place := range surfaces {
		said := strings.ToLower(place.ask(v))
		for _, mark := range marks {
			switch {
			case !mark.mayRead(v.handle):
				assert.NotContains(v.t, said, mark.word, "%s shows %s to %s", place.name, mark.where, v.handle)
			case place.mustShow(mark, v.handle):
				assert.Contains(v.t, said, mark.word, "%s hides %s from %s", place.name, mark.where, v.handle)
			}
		}
	}
}
