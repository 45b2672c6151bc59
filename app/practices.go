package app

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/domain/incident"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// practice is what the way of a command needs to know of the practice that the command belongs to.
type practice struct {
	table *domain.Lifecycle
	// read finds a record by id or number, if the reader may.
	read func(ctx context.Context, db bun.IDB, reader schemas.Reader, reference string) (row, bool, error)
	// annotated says how notes and files are kept at its records; nil: they take none.
	annotated *annotated
	// show puts the committed record into a reply.
	show func(ctx context.Context, a *App, record string, reply *Reply) error
}

// row is a record as it stands, whatever its practice.
type row struct {
	practice practice
	head     domain.Record
	check    func(domain.Command) error
	// open names commands that are for whoever may read the record: whether it is theirs to decide, its own rules say.
	open []string
	// names are the ids of other records that it names in fields of its own.
	names []string
}

// practices are those whose records take commands.
var practices = map[domain.Practice]practice{
	domain.Incident: {
		table:     incident.Lifecycle,
		annotated: incidentPapers,
		read: func(ctx context.Context, db bun.IDB, reader schemas.Reader, reference string) (row, bool, error) {
			found, exists, err := schemas.ReadIncident(ctx, db, reader, reference)
			return row{head: found.Record, check: func(command domain.Command) error { return incident.Check(found, command) }}, exists, err
		},
		show: func(ctx context.Context, a *App, record string, reply *Reply) error {
			view, err := a.Incident(ctx, record)
			if err == nil {
				reply.Incident = &view
			}
			return err
		},
	},
	change.Practice: {
		table:     change.Lifecycle,
		annotated: changePapers,
		read: func(ctx context.Context, db bun.IDB, reader schemas.Reader, reference string) (row, bool, error) {
			found, exists, err := schemas.ReadChange(ctx, db, reader, reference)
			return row{
				head: found.Record, check: func(command domain.Command) error { return change.Check(found, command) }, open: change.Ballots,
				names: found.Predecessors,
			}, exists, err
		},
		show: func(ctx context.Context, a *App, record string, reply *Reply) error {
			view, err := a.Change(ctx, record)
			if err == nil {
				reply.Change = &view
			}
			return err
		},
	},
	meeting.Practice: {
		table: meeting.Lifecycle,
		read: func(ctx context.Context, db bun.IDB, reader schemas.Reader, reference string) (row, bool, error) {
			found, exists, err := schemas.ReadMeeting(ctx, db, reader, reference)
			return row{head: found.Record, check: func(command domain.Command) error { return meeting.Check(found, command) }}, exists, err
		},
		show: func(ctx context.Context, a *App, record string, reply *Reply) error {
			view, err := a.Meeting(ctx, record)
			if err == nil {
				reply.Meeting = &view
			}
			return err
		},
	},
	escalation.Practice: {
		table: escalation.Lifecycle,
		read: func(ctx context.Context, db bun.IDB, reader schemas.Reader, reference string) (row, bool, error) {
			found, exists, err := schemas.ReadEscalation(ctx, db, reader, reference)
			return row{head: found.Record, check: func(command domain.Command) error { return escalation.Check(found, command) }}, exists, err
		},
		show: func(ctx context.Context, a *App, record string, reply *Reply) error {
			view, err := a.Escalation(ctx, record)
			if err == nil {
				reply.Escalation = &view
			}
			return err
		},
	},
}
