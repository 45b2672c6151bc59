package api_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/configuration"
	"github.com/holdfast-itsm/holdfast/server/api"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

var braces = regexp.MustCompile(`\{(\w+)\}`)

// What a path names and no input takes reaches no operation.
func TestEveryPartOfAPathIsTaken(t *testing.T) {
	t.Parallel()
	seen := 0
	for path, item := range api.Mount(gin.New(), api.Dependencies{}).OpenAPI().Paths {
		for _, operation := range []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete} {
			if operation == nil {
				continue
			}
			taken := []string{}
			for _, parameter := range operation.Parameters {
				if parameter.In == "path" {
					taken = append(taken, parameter.Name)
				}
			}
			for _, named := range braces.FindAllStringSubmatch(path, -1) {
				seen++
				require.Contains(t, taken, named[1], "%s %s", operation.OperationID, path)
			}
		}
	}
	require.Greater(t, seen, 50)
}

func TestAConfigurationItemIsReachedByItsHandle(t *testing.T) {
	t.Parallel()
	d := setup(t)
	_, err := d.service.GiveGrant(d.installs(), app.Grant{Person: "cy", Role: domain.RoleConfigurationManager, ScopeKind: "all"})
	require.NoError(t, err)
	keeper := (&kit.Stack{URL: d.url}).API(t, d.token("cy"))
	for _, handle := range []string{"mx1", "mx1.example.com:25"} {
		saved := keeper.Do(http.MethodPut, "/configuration-items/"+handle, app.ItemBody{Content: configuration.Content{Class: "server"}}, nil).Is(200).Map()
		require.Equal(t, handle, saved["handle"])
	}
	keeper.Post("/configuration-items/mx1/relations", app.RelationBody{Type: "depends_on", To: "mx1.example.com:25"}).Is(204)
	require.Len(t, keeper.Get("/configuration-items/mx1").Is(200).Map()["relations_from"], 1)
	keeper.Post("/configuration-items/mx1/relations/end", app.RelationBody{Type: "depends_on", To: "mx1.example.com:25"}).Is(204)
	keeper.Post("/configuration-items/mx1/end", map[string]any{"reason": "sold"}).Is(200)
	keeper.Get("/configuration-items/nowhere").Is(404)
}
