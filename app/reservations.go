package app

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// exclusives are the items that become exclusive, and those that no longer are.
type exclusives struct{ Alone, Free []string }

// turn says what of an item's version is one, against the version before.
func (t *exclusives) turn(handle string, was, is bool) {
	switch {
	case is && !was:
		t.Alone = append(t.Alone, handle)
	case was && !is:
		t.Free = append(t.Free, handle)
	}
}

// turnsOf are those of an import.
func exclusivesOf(plan configuration.Plan, estate configuration.Estate) exclusives {
	var t exclusives
	for _, item := range plan.Items {
		t.turn(item.Handle, estate.Items[item.Handle].Exclusive, item.Exclusive)
	}
	return t
}

// reserve lets the reservations of changes follow items that become exclusive or no longer are, in the transaction that writes the
// items (docs/adr/0018). An item that two changes reserve at overlapping times cannot become one change's alone: conflict.
func (a *App) reserve(ctx context.Context, tx bun.Tx, t exclusives) error {
	if len(t.Alone)+len(t.Free) == 0 {
		return nil
	}
	if err := schemas.StillReservations(ctx, tx); err != nil {
		return err
	}
	if len(t.Alone) > 0 {
		twice, err := schemas.ReservedTwice(ctx, tx, t.Alone)
		if err != nil {
			return err
		}
		if len(twice) > 0 {
			return domain.Errorf(domain.CodeConflict, "%s cannot be exclusive yet: %s", twice[0].Item, twiceWords(twice[0]))
		}
	}
	return schemas.ReserveItems(ctx, tx, t.Alone, t.Free)
}

func twiceWords(twice schemas.HeldTwice) string {
	return fmt.Sprintf("%s and %s reserve it at overlapping times; move one of them first", twice.One, twice.Other)
}

// twiceFaults tells by line which items of an import cannot be exclusive yet.
func twiceFaults(ctx context.Context, tx bun.Tx, wanted configuration.Wanted, alone []string) ([]configuration.Fault, error) {
	if len(alone) == 0 {
		return nil, nil
	}
	twice, err := schemas.ReservedTwice(ctx, tx, alone)
	if err != nil || len(twice) == 0 {
		return nil, err
	}
	places := map[string]configuration.Place{}
	for _, item := range wanted.Items {
		places[item.Handle] = item.Place
	}
	faults := make([]configuration.Fault, len(twice))
	for i, one := range twice {
		faults[i] = configuration.Fault{Place: places[one.Item], Message: one.Item + " cannot be exclusive yet: " + twiceWords(one)}
	}
	return faults, nil
}
