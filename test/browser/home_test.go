package browser

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// homeIsTheirs shows each what is theirs: an agent their work, a requester no desk.
func homeIsTheirs(t *testing.T, browser context.Context, stack *kit.Stack) {
	admin := stack.Admin(t)
	number := logged(t, admin, "Work for Eli")
	admin.Post("/incidents/"+number+"/assign", map[string]any{"team": "network", "assignee": "eli"}).Is(http.StatusOK)
	v := as(t, browser, stack, "eli")
	v.visit("/")
	require.Contains(t, v.text(`[aria-labelledby="mine-title"]`), "Work for Eli")
	require.NotEmpty(t, v.text(".due-list li"))
	v.submit(`.work a[href="/incidents/` + number + `"]`)
	require.Equal(t, "Work for Eli", v.text("h1"))

	admin.Do(http.MethodPut, "/people/perla", map[string]any{"name": "Perla"}, nil).Is(http.StatusOK)
	asker := as(t, browser, stack, "perla")
	asker.visit("/")
	require.Empty(t, asker.text(".quick"), "no desk for those who only ask")
	asker.await(`location.pathname !== "/"`)
	asker.quiet()
}
