package api

import (
	"context"
	"net/http"
	"time"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
)

type itemQuery struct {
	Words       string    `query:"q" maxLength:"200" doc:"Within handles and titles"`
	Class       string    `query:"class" maxLength:"100"`
	Service     string    `query:"service" maxLength:"100"`
	Team        string    `query:"team" maxLength:"100"`
	Environment string    `query:"environment" maxLength:"200"`
	Criticality string    `query:"criticality" maxLength:"100" doc:"That of their services"`
	At          time.Time `query:"at" doc:"As it was at this instant; left out: as it is"`
	Limit       int       `query:"limit" minimum:"0" maximum:"200"`
	Cursor      string    `query:"cursor" maxLength:"400"`
}

// ByHandle is the path of an operation on one configuration item.
type ByHandle struct {
	Handle string `path:"handle" maxLength:"200" doc:"The item's handle" example:"mx1"`
}

const itemPath = "/configuration-items/{handle}"

// importPath takes bodies of maxImport bytes.
const (
	importPath = "/configuration-import"
	maxImport  = 32 << 20
)

func (a *API) configuration() {
	read, write, tag := app.PermissionConfigurationRead, app.PermissionConfigurationWrite, "Configuration"
	register(a, operation(http.MethodGet, "/configuration-items", "list-configuration-items", "List configuration items by their handles", tag, read),
		func(ctx context.Context, in *itemQuery) (*answer[app.Page[configuration.Item]], error) {
			return answered(a.Service.ConfigurationItems(ctx, app.ItemQuery{
				Words: in.Words, Class: in.Class, Service: in.Service, Team: in.Team, Environment: in.Environment,
				Criticality: in.Criticality, At: given(in.At), Limit: in.Limit, Cursor: in.Cursor,
			}))
		})
	register(a, operation(http.MethodGet, itemPath, "read-configuration-item", "Read an item with its relations, and what is open on it", tag, read),
		func(ctx context.Context, in *struct {
			ByHandle
			At time.Time `query:"at" doc:"As it was at this instant; left out: as it is, or was at its end"`
		},
		) (*answer[app.ItemView], error) {
			return answered(a.Service.ConfigurationItem(ctx, in.Handle, given(in.At)))
		})
	register(a, operation(http.MethodGet, itemPath+"/versions", "list-configuration-item-versions", "What was ever said of an item, the newest first", tag, read),
		func(ctx context.Context, in *ByHandle) (*list[configuration.Item], error) {
			return listed(a.Service.ItemVersions(ctx, in.Handle))
		})
	register(a, operation(http.MethodPut, itemPath, "save-configuration-item", "Write an item's next version, unless nothing differs", tag, write, http.StatusConflict),
		func(ctx context.Context, in *struct {
			ByHandle
			Body app.ItemBody
		},
		) (*answer[configuration.Item], error) {
			return answered(a.Service.SaveItem(ctx, in.Handle, in.Body))
		})
	register(a, operation(http.MethodPost, itemPath+"/end", "end-configuration-item", "End an item, and its relations with it", tag, write, http.StatusConflict),
		func(ctx context.Context, in *struct {
			ByHandle
			Body struct {
				Reason string `json:"reason,omitempty" maxLength:"4096" doc:"Why"`
			}
		},
		) (*answer[configuration.Item], error) {
			return answered(a.Service.EndItem(ctx, in.Handle, in.Body.Reason))
		})
	a.relations(read, write, tag)
	a.impact(read, write, tag)
}

// relating is the input of an operation on a relation of an item.
type relating struct {
	ByHandle
	Body app.RelationBody
}

func (a *API) relations(read, write app.Permission, tag string) {
	register(a, operation(http.MethodGet, itemPath+"/relations", "list-configuration-relations", "The relations that an item has or ever had, the newest first", tag, read),
		func(ctx context.Context, in *ByHandle) (*list[app.RelatedRow], error) {
			return listed(a.Service.ItemRelations(ctx, in.Handle))
		})
	op := operation(http.MethodPost, itemPath+"/relations", "relate-configuration-item", "Tie an item to another; the same again does nothing", tag, write, http.StatusConflict)
	op.DefaultStatus = http.StatusNoContent
	register(a, op, func(ctx context.Context, in *relating) (*struct{}, error) {
		return nil, a.Service.Relate(ctx, in.Handle, in.Body)
	})
	op = operation(http.MethodPost, itemPath+"/relations/end", "end-configuration-relation", "End a relation of an item", tag, write, http.StatusConflict)
	op.DefaultStatus = http.StatusNoContent
	register(a, op, func(ctx context.Context, in *relating) (*struct{}, error) {
		return nil, a.Service.EndRelation(ctx, in.Handle, in.Body)
	})
}

func (a *API) impact(read, write app.Permission, tag string) {
	register(a, operation(http.MethodGet, "/configuration-impact", "read-configuration-impact", "Who feels what happens to some items", tag, read),
		func(ctx context.Context, in *struct {
			Items   []string  `query:"item" required:"true" minItems:"1" maxItems:"100" doc:"Handles"`
			At      time.Time `query:"at" doc:"As they hung together at this instant; left out: now"`
			Depth   int       `query:"depth" minimum:"0" maximum:"10" doc:"Over how many relations; 0: over 10"`
			Through bool      `query:"through_shared" doc:"Shared items do not stop it"`
		},
		) (*answer[configuration.Impact], error) {
			return answered(a.Service.Impact(ctx, app.ImpactQuery{Items: in.Items, At: given(in.At), Depth: in.Depth, Through: in.Through}))
		})
	op := operation(http.MethodPost, importPath, "import-configuration", "Import items and relations from CSV and JSON: all of it, or with any fault nothing", tag, write)
	op.MaxBodyBytes = maxImport
	register(a, op, func(ctx context.Context, in *struct{ Body app.ImportBody }) (*answer[configuration.Report], error) {
		return answered(a.Service.ImportConfiguration(ctx, in.Body))
	})
}
