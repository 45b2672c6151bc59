package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// between is the application, in which something happens after the first of the reads that make a page about a record.
type between struct {
	app.Service
	once    sync.Once
	happens func()
}

func (b *between) Incident(ctx context.Context, reference string) (app.IncidentView, error) {
	view, err := b.Service.Incident(ctx, reference)
	b.once.Do(b.happens)
	return view, err
}

func (b *between) Timeline(ctx context.Context, reference string, after int64, limit int) (app.Page[domain.StoredEvent], error) {
	page, err := b.Service.Timeline(ctx, reference, after, limit)
	b.once.Do(b.happens)
	return page, err
}

// A page that says it knows an event, and shows the record as it was before, would never hear of it again.
func TestAPageShowsWhatItsEventsDid(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/incidents/INC-000001", "/portal/records/INC-000001"} {
		d := setupDesk(t)
		record := d.put("INC-000001", "Before", "rita", incident.New, false)
		rita := app.WithPrincipal(t.Context(), app.Principal{Handle: "rita", Kind: "person"})
		service := &between{Service: d.App, happens: func() {
			_, err := d.base.Worker(t).NewRaw("UPDATE records SET title = 'Afterwards' WHERE id = ?", record.ID).Exec(t.Context())
			require.NoError(t, err)
			_, err = d.AddNote(rita, record.ID, "", app.NoteBody{Body: "It is another thing now"})
			require.NoError(t, err)
		}}
		engine := gin.New()
		require.NoError(t, Mount(engine, Dependencies{Service: service, SignIns: d.App, Pages: d.App, Log: slog.New(slog.DiscardHandler)}))
		d.pages = engine
		page := d.get("rita", path, http.StatusOK)
		if !strings.Contains(page, "Afterwards") {
			require.NotContains(t, page, "It is another thing now", path)
		}
	}
}
