package activities

import (
	"context"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// tellInterested lets those look for themselves to whom it matters that an incident of high priority is, or is no longer, open on a
// service, or that such a one is linked, maybe with them: changes of that service, and of what it hangs on (docs/adr/0018, 0019). For
// every other incident it asks nothing of the database.
func (p *passage[R, F]) tellInterested(ctx context.Context, head domain.Record) error {
	was, is := urgent(p.before), urgent(head)
	if was == is && (is == urgency{} || len(p.links)+len(p.unlinks) == 0) {
		return nil
	}
	services := []string{}
	for _, one := range []urgency{was, is} {
		if one.service != "" {
			services = append(services, one.service)
		}
	}
	messages, err := schemas.InterestedInService(ctx, p.tx, services, p.now)
	if err != nil {
		return err
	}
	p.messages = append(p.messages, messages...)
	return nil
}

// urgency is what of an incident matters to changes of its service.
type urgency struct {
	service  string
	priority int
}

// urgent answers nothing for whatever keeps no change from starting.
func urgent(head domain.Record) urgency {
	if head.Practice != domain.Incident || !head.Open || head.Priority > 2 {
		return urgency{}
	}
	return urgency{head.Service, head.Priority}
}
