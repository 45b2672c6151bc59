package integration

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// soon is long enough for a busy machine.
const soon = time.Minute

// visitor is somebody who asks over the API, in the console and on the command line.
type visitor struct {
	t       *testing.T
	stack   *kit.Stack
	handle  string
	api     *kit.API
	token   string
	browser *http.Client
	// own is an incident of theirs, logged when all marks were in place: a stream that shows it has shown what came before.
	own object
}

func (z *zoo) visitor(t *testing.T, handle string) *visitor {
	t.Helper()
	token := z.Token
	if handle != "admin" {
		token = z.Admin(t).Post("/tokens", object{"person": handle, "name": "rules"}).Is(201).Map()["secret"].(string)
	}
	v := newVisitor(t, z.Stack, handle, token)
	v.own = log(v.api, "The last of all", object{"service": "mail"})
	return v
}

// newVisitor signs somebody in with a token.
func newVisitor(t *testing.T, stack *kit.Stack, handle, token string) *visitor {
	t.Helper()
	v := &visitor{t: t, stack: stack, handle: handle, token: token, api: stack.API(t, token)}
	cookies, err := cookiejar.New(nil)
	require.NoError(t, err)
	v.browser = &http.Client{Jar: cookies, Timeout: soon}
	request := v.request(t.Context(), http.MethodPost, "/sign-in", strings.NewReader(url.Values{"token": {v.token}}.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := v.browser.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return v
}

func (v *visitor) request(ctx context.Context, method, path string, body io.Reader) *http.Request {
	request, err := http.NewRequestWithContext(ctx, method, v.stack.URL+path, body)
	require.NoError(v.t, err)
	return request
}

// page is what the console answers, whatever the status; a record's number may lead to its page.
func (v *visitor) page(path string) string {
	answer, err := v.browser.Do(v.request(v.t.Context(), http.MethodGet, path, nil))
	require.NoError(v.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(v.t, err)
	require.Less(v.t, answer.StatusCode, 500, "%s: %s", path, text)
	return string(text)
}

// commandLine is what a command prints for them, refused or not.
func (v *visitor) commandLine(arguments ...string) string {
	out, problems, _ := kit.TryRun(v.t, []string{"HOLDFAST_URL=" + v.stack.URL, "HOLDFAST_TOKEN=" + v.token}, "", arguments...)
	return out + problems
}

// stream is what a stream says, to the end of the message with a word; what it answers, where it does not begin.
func (v *visitor) stream(client *http.Client, request *http.Request, end string) string {
	bounded, cancel := context.WithTimeout(request.Context(), soon)
	defer cancel()
	answer, err := client.Do(request.WithContext(bounded))
	require.NoError(v.t, err)
	defer answer.Body.Close()
	var heard strings.Builder
	lines, last := bufio.NewScanner(answer.Body), false
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		heard.WriteString(lines.Text() + "\n")
		last = last || strings.Contains(lines.Text(), end)
		if last && lines.Text() == "" && answer.StatusCode == http.StatusOK {
			return heard.String()
		}
	}
	require.NotEqual(v.t, http.StatusOK, answer.StatusCode, "the stream ended before %s came: %s", end, heard.String())
	return heard.String()
}

const words = "crossing+on+the+display" // of all three titles

// apiSurfaces are what machines read, and the exports of the command line.
func apiSurfaces(z *zoo) []surface {
	get := func(path, shows string) surface {
		return surface{"GET " + path, func(v *visitor) string { return string(v.api.Get(path).Body) }, shows, ""}
	}
	of := func(title, path, shows string) surface {
		one := get(path, shows)
		one.to = readersOf(title)
		return one
	}
	prints := func(shows string, arguments ...string) surface {
		return surface{"holdfast " + strings.Join(arguments, " "), func(v *visitor) string { return v.commandLine(arguments...) }, shows, ""}
	}
	hers, his, named := "/incidents/"+z.number(z.hers), "/incidents/"+z.number(z.his), "/incidents/"+z.number(z.named)
	return []surface{
		get("/incidents?limit=200&q=crossing", "okapi wombat markhor tapir"),
		get("/incidents?limit=200&service=mail", "okapi wombat tapir"),
		of("okapi", hers, "okapi wombat tapir"), of("wombat", his, "wombat markhor okapi"), of("tapir", named, "tapir okapi"),
		get("/incidents/"+z.named["id"].(string), "tapir"),
		of("okapi", hers+"/timeline?limit=200", `okapi narwhal quagga axolotl fayre dugong pangolin `+notPublic), of("wombat", his+"/timeline?limit=200", "wombat capybara ibex markhor"),
		of("tapir", named+"/timeline?limit=200", "tapir gharial kakapo"),
		of("okapi", hers+"/notes", "narwhal quagga"), of("wombat", his+"/notes", "capybara ibex"), of("tapir", named+"/notes", "gharial kakapo"),
		of("okapi", hers+"/links", "wombat tapir"), of("wombat", his+"/links", "okapi"), of("tapir", named+"/links", "okapi"),
		of("okapi", hers+"/attachments", "dugong pangolin"), of("okapi", hers+"/attachments/"+z.publicFile, "dugong"), of("okapi", hers+"/attachments/"+z.internalFile, "pangolin"),
		of("okapi", hers+"/similar?limit=20", "wombat"), of("wombat", his+"/similar?limit=20", "okapi tapir"), get("/incidents/similar?limit=20&q="+words, "okapi wombat tapir"),
		get("/search?limit=200&q=crossing", "okapi wombat tapir"), get("/search?q="+z.number(z.named), "tapir"),
		get("/work", ""), get("/waiting?service=mail&limit=200", "okapi"), get("/answers?q="+words, "ibex"), get("/commands/"+z.command, ""),
		{"searching for each mark", func(v *visitor) string {
			return v.finds(func(word string) int { return len(items(v.api.Get("/search?q=" + word))) })
		}, "okapi wombat tapir", ""},
		{"listing by each mark", func(v *visitor) string {
			return v.finds(func(word string) int { return len(items(v.api.Get("/incidents?q=" + word))) })
		}, "okapi wombat tapir", ""},
		{"counting by each mark", func(v *visitor) string { return v.finds(v.counts) }, "okapi wombat tapir", ""},
		prints("okapi wombat tapir", "incident", "list", "--words", "crossing", "-o", "csv"),
		prints("okapi quagga narwhal", "incident", "timeline", z.number(z.hers), "-o", "json"),
		prints("tapir", "incident", "show", z.number(z.named), "-o", "yaml"),
	}
}

// readersOf are those who may read a mark.
func readersOf(word string) string {
	return marks[slices.IndexFunc(marks, func(m mark) bool { return m.word == word })].readers
}

// finds are the marks that a question finds something by.
func (v *visitor) finds(number func(word string) int) string { return v.findsOf(marks, number) }

func (v *visitor) findsOf(marks []mark, number func(word string) int) string {
	var found []string
	for _, mark := range marks {
		if !strings.Contains(mark.word, `"`) && number(mark.word) > 0 {
			found = append(found, mark.word)
		}
	}
	return strings.Join(found, " ")
}

func (v *visitor) counts(word string) int {
	counted := v.api.Post("/views/count", object{"filters": []object{{"q": word}}}).Is(200).Map()
	return int(counted["counts"].([]any)[0].(float64))
}

// pageSurfaces are what people see in the console and in the portal.
func pageSurfaces(z *zoo) []surface {
	get := func(path, shows string) surface {
		return surface{"page " + path, func(v *visitor) string { return v.page(path) }, shows, ""}
	}
	of := func(title, path, shows string) surface {
		one := get(path, shows)
		one.to = readersOf(title)
		return one
	}
	own := func(path, shows, to string) surface {
		return surface{"page " + path, func(v *visitor) string { return v.page(path) }, shows, to}
	}
	hers, his, named := "/incidents/"+z.number(z.hers), "/incidents/"+z.number(z.his), "/incidents/"+z.number(z.named)
	return []surface{
		get("/incidents?state=all&q=crossing", "okapi wombat tapir"), get("/incidents?state=all&service=mail", ""),
		of("okapi", hers, "okapi narwhal quagga axolotl dugong pangolin wombat tapir"), of("wombat", his, "wombat capybara ibex markhor okapi"), of("tapir", named, "tapir gharial kakapo okapi"),
		of("okapi", hers+"?do=edit", ""), of("tapir", named+"?do=edit", "tapir"),
		of("okapi", hers+"/history", "okapi fayre axolotl"), of("okapi", hers+"/history?field=category", "axolotl"), of("tapir", named+"/history", "tapir"),
		of("okapi", hers+"/attachments/"+z.publicFile, "dugong"), of("okapi", hers+"/attachments/"+z.internalFile, "pangolin"),
		get("/incidents/similar?title="+words, "okapi wombat tapir"), get("/incidents/new?title="+words, ""),
		get("/incidents/bulk?do=assign&id="+z.number(z.hers)+"&id="+z.number(z.named), "okapi tapir"), get("/incidents/views", ""),
		get("/search?q=crossing", "okapi wombat tapir"), get("/search?q="+z.number(z.named), "tapir"),
		get("/search/options?q=crossing", "okapi wombat tapir"), get("/search/options?q="+z.number(z.named), "tapir"),
		get("/waiting", ""), get("/", ""), get("/commands/"+z.command, ""),
		get("/caller?requester=rita", "okapi"), get("/caller?requester=sam", "wombat"), get("/caller?requester=leo", "tapir"),
		get("/portal/answers?title="+words, "ibex"), get("/portal/report?title="+words, "ibex"),
		own("/portal", "okapi", "rita"), own("/portal", "tapir", "leo"), own("/portal", "wombat", "sam"),
		own("/portal/records/"+z.number(z.hers), "okapi narwhal dugong", "rita"), own("/portal/records/"+z.number(z.his), "wombat capybara ibex markhor", "sam"),
		own("/portal/records/"+z.number(z.named), "tapir gharial", "leo"),
	}
}

// streamSurfaces are what comes live: events for machines, and parts of pages for people.
func streamSurfaces(z *zoo) []surface {
	record := func(title, number, shows string) surface {
		path := "/incidents/" + number + "/live?seq=0"
		return surface{"stream " + path, func(v *visitor) string {
			return v.stream(v.browser, v.request(v.t.Context(), http.MethodGet, live(path), nil), "#timeline-list")
		}, shows, readersOf(title)}
	}
	hers, his, named := z.number(z.hers), z.number(z.his), z.number(z.named)
	return []surface{
		{"GET /events", func(v *visitor) string {
			request := v.request(v.t.Context(), http.MethodGet, "/api/v1/events?service=mail", nil)
			request.Header.Set("Authorization", "Bearer "+v.token)
			request.Header.Set("Last-Event-ID", "0")
			return v.stream(http.DefaultClient, request, v.own["number"].(string))
		}, "axolotl fayre " + notPublic, ""},
		record("okapi", hers, "narwhal quagga pangolin wombat tapir"),
		record("wombat", his, "capybara okapi"),
		record("tapir", named, "gharial kakapo"),
		{"stream of the queue", func(v *visitor) string {
			rows := url.Values{"state": {"all"}, "service": {"mail"}, "rows": {row(z.hers) + row(z.his) + row(z.named) + row(v.own)}}
			return v.stream(v.browser, v.request(v.t.Context(), http.MethodGet, live("/incidents/live?"+rows.Encode()), nil), v.own["number"].(string))
		}, "okapi wombat tapir", ""},
		{"stream of all pages of a browser", func(v *visitor) string {
			all := []string{"/home/live"}
			for _, number := range []string{hers, his, named} {
				all = append(all, "/incidents/"+number+"/live?seq=0", "/portal/records/"+number+"/live?seq=0")
			}
			all = append(all, "/incidents/live?state=all&service=mail&rows="+row(z.hers)+row(z.his)+row(z.named)+row(v.own)) // read to its end
			return v.stream(v.browser, v.request(v.t.Context(), http.MethodGet, live(all...), nil), "row-"+v.own["number"].(string))
		}, "okapi wombat tapir", ""},
		{"stream of the portal", func(v *visitor) string {
			return v.portalStream(map[string]string{"rita": named, "sam": hers, "leo": hers}) + v.portalStream(map[string]string{"rita": hers, "sam": his, "leo": named})
		}, "narwhal capybara gharial", "rita sam leo"},
	}
}

// row is an incident on a page that shows an older version of it.
func row(record object) string {
	return strings.TrimPrefix(record["number"].(string), "INC-") + "-0."
}

// portalStream follows the record of the portal that is somebody's to try.
func (v *visitor) portalStream(records map[string]string) string {
	number, asks := records[v.handle]
	if !asks {
		return ""
	}
	return v.stream(v.browser, v.request(v.t.Context(), http.MethodGet, live("/portal/records/"+number+"/live?seq=0"), nil), "#said")
}

// live is the connection of a browser with pages that show something.
func live(addresses ...string) string { return "/live?" + url.Values{"of": addresses}.Encode() }
