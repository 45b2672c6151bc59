package notice

import (
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

// gathering are the facts of notices about meetings; moments are in the zone of whom it is for.
type gathering struct {
	StartsAt, CutOffAt string
	// Items is how many changes are on the agenda.
	Items int
}

func gatheringOf(told domain.Told, zone string) gathering {
	if told.Record != nil && told.Record.Practice != meeting.Practice {
		return gathering{}
	}
	items, _ := told.Data["items"].(float64) // what names none has none
	return gathering{StartsAt: momentIn(told, "starts_at", zone), CutOffAt: momentIn(told, "cut_off_at", zone), Items: int(items)}
}
