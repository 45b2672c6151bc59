package browser

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// TestOneLiveConnection opens three pages in one browser, and ends and starts the server under them.
func TestOneLiveConnection(t *testing.T) {
	t.Parallel()
	stack := kit.Parts(t, 1, 1)
	browser := newBrowser(t)
	number := logged(t, stack.Admin(t), "Three pages")
	record := open(t, browser, stack)
	record.inSight()
	record.signIn(stack.Token)
	queue, home := record.beside(), record.beside()
	record.visit("/incidents/" + number)
	queue.visit("/incidents?state=open")
	home.visit("/")
	pages := map[string]*tab{"record": record, "queue": queue, "home": home}
	connections(t, stack, 1)

	change := func(title string) {
		t.Helper()
		stack.Admin(t).Post("/incidents/"+number+"/edit", map[string]any{"title": title}).Is(http.StatusOK)
		record.await(`document.querySelector(".record-head h1").innerText === "` + title + `"`)
		queue.await(`document.querySelector("#row-` + number + ` .subject a").innerText === "` + title + `"`)
		home.await(`document.querySelector("#home-lists").innerText.includes("` + title + `")`)
		connections(t, stack, 1)
	}
	home.do(chromedp.SendKeys("#f-title", "half a ti"))
	change("Seen by all")
	require.Equal(t, "half a ti", home.value("#f-title"), "what is being typed stays")
	require.Equal(t, "f-title", home.attribute("body :focus", "id"), "and where it is typed")

	home.do(chromedp.Focus("#home-lists a"))
	stack.Admin(t).Post("/incidents/"+number+"/edit", map[string]any{"title": "Held back"}).Is(http.StatusOK)
	home.await(`document.querySelector("#home-news button") !== null`)
	require.Contains(t, home.text("#home-lists"), "Seen by all", "nothing moves under the reader's hand")
	require.Empty(t, home.barriers())
	home.do(chromedp.Click("#home-news button"))
	home.await(`document.querySelector("#home-lists").innerText.includes("Held back") && document.querySelector("#home-news button") === null`)
	for name, one := range pages {
		require.Empty(t, one.complained(), name)
	}

	stack.Servers[0].Stop()
	for _, one := range pages {
		one.await(`document.querySelector("#toasts").innerText.includes("The connection is lost")`)
	}
	stack.Servers[0].Start()
	stack.AwaitReady(t)
	for _, one := range pages {
		one.await(`!document.querySelector("#toasts").innerText.includes("The connection is lost")`)
	}
	change("Seen again")

	alone := record.beside()
	alone.do(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "delete window.SharedWorker"})
		return chromedp.Void{}, err
	})
	alone.visit("/incidents/" + number)
	connections(t, stack, 2)
	stack.Admin(t).Post("/incidents/"+number+"/edit", map[string]any{"title": "Without a worker"}).Is(http.StatusOK)
	alone.await(`document.querySelector(".record-head h1").innerText === "Without a worker"`)

	queue.do(chromedp.Click(".masthead .menu summary"))
	queue.submit(`form[action="/sign-out"] button`)
	for _, one := range []*tab{record, home, alone} {
		one.await(`document.querySelector("#toasts").innerText.includes("You are signed out")`)
	}
	connections(t, stack, 0)
}

// beside opens another page of the same browser.
func (v *tab) beside() *tab {
	v.t.Helper()
	ctx, end := chromedp.NewContext(v.ctx)
	v.t.Cleanup(end)
	other := &tab{t: v.t, ctx: ctx, stack: v.stack}
	require.NoError(v.t, chromedp.Listen(ctx, other.hear))
	other.inSight()
	other.dress(1280, "light")
	return other
}

// inSight lets a page be as if its window had the focus: of several only one has.
func (v *tab) inSight() {
	v.t.Helper()
	v.do(func(ctx context.Context, _ *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return chromedp.Void{}, err
	})
}

func (v *tab) complained() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.complaints
}

var liveConnections = regexp.MustCompile(`(?m)^holdfast_live_connections (\d+)$`)

// connections waits until so many live connections are open in the server.
func connections(t *testing.T, stack *kit.Stack, want int) {
	t.Helper()
	said := ""
	kit.Eventually(t, 20*time.Second, func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, stack.URL+"/metrics", nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		if found := liveConnections.FindStringSubmatch(string(text)); found != nil {
			said = found[1]
		}
		return said == string(rune('0'+want))
	}, "%d live connections", want)
}
