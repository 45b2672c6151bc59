package app

import (
	"context"
	"slices"

	"github.com/holdfast-itsm/holdfast/schemas"
)

// Introduce makes inactive accounts for people that an import names (handle → name), so that records can show who they
// were; who has an account keeps it as it is. Nobody can be called by a word that lists take for others. It answers how many
// are new.
func (a *App) Introduce(ctx context.Context, people map[string]string) (int, error) {
	if _, err := a.govern(ctx, PermissionPeopleWrite, "introduce people", ""); err != nil {
		return 0, err
	}
	rows := make([]schemas.PersonRow, 0, len(people))
	for handle, name := range people {
		if slices.Contains(reserved, handle) {
			continue
		}
		rows = append(rows, schemas.PersonRow{Handle: handle, Name: name, Kind: "person", Zone: "UTC", CreatedAt: a.now()})
	}
	// In one order everywhere, so that two imports at a time never wait for each other in a circle.
	slices.SortFunc(rows, func(a, b schemas.PersonRow) int {
		if a.Handle < b.Handle {
			return -1
		}
		return 1
	})
	added := 0
	for page := range slices.Chunk(rows, introducePage) {
		count, err := schemas.AddPeople(ctx, a.DB, page)
		if err != nil {
			return added, a.fault(ctx, "introducing people", err)
		}
		added += count
	}
	return added, nil
}

const introducePage = 1000
