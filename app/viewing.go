package app

import (
	"context"
	"time"

	"github.com/holdfast-itsm/holdfast/schemas"
)

// Viewing says that somebody has a record open; Record is its id, Person a handle.
type Viewing = schemas.Viewing

// ViewingLasts is how long it counts what a process said of who has records open: a process that died says nothing more.
const ViewingLasts = 20 * time.Second

// LivePages is what pages that stay open need beside the service. It asks nobody who they are: pages ask for those whom they know.
type LivePages interface {
	// Place is the id of the place where the stream of events ends now: whatever is read after it holds all that came before.
	Place(ctx context.Context) (string, error)
	// SayViewing replaces what a server process, by an id of its own, said of who has which record open. It must be said again
	// within ViewingLasts.
	SayViewing(ctx context.Context, process string, here []Viewing) error
	// Viewing answers who has the records of here open in the other processes.
	Viewing(ctx context.Context, process string, here []Viewing) ([]Viewing, error)
	// UnreadOf counts what the bells of people have that they have not read; 100 stands for more than 99.
	UnreadOf(ctx context.Context, people []string) (map[string]int, error)
}

var _ LivePages = (*App)(nil)

// Place is where the stream of events ends now.
func (a *App) Place(ctx context.Context) (string, error) {
	place, err := schemas.StreamEnd(ctx, a.DB)
	return placeID(place), a.fault(ctx, "finding the end of the stream", err)
}

// SayViewing says who has which record open in a process.
func (a *App) SayViewing(ctx context.Context, process string, here []Viewing) error {
	return a.fault(ctx, "saying who has records open", schemas.SayViewing(ctx, a.DB, process, here, ViewingLasts))
}

// Viewing answers who has records open in the other processes.
func (a *App) Viewing(ctx context.Context, process string, here []Viewing) ([]Viewing, error) {
	there, err := schemas.ReadViewing(ctx, a.DB, process, here, ViewingLasts)
	return there, a.fault(ctx, "reading who has records open", err)
}

// UnreadOf counts the bells of people.
func (a *App) UnreadOf(ctx context.Context, people []string) (map[string]int, error) {
	rings, err := schemas.UnreadOf(ctx, a.DB, people)
	unread := make(map[string]int, len(rings))
	for _, one := range rings {
		unread[one.Person] = one.Unread
	}
	return unread, a.fault(ctx, "counting bells", err)
}
