package policyfile

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/pb33f/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain/policy"
	schemas "github.com/holdfast-itsm/holdfast/schemas/json"
)

func TestSchemaFilesAreFresh(t *testing.T) {
	t.Parallel()
	entries, err := schemas.Files.ReadDir(".")
	require.NoError(t, err)
	require.Len(t, entries, len(Kinds()))
	require.Len(t, kinds, len(Kinds()))
	for _, kind := range Kinds() {
		want, err := Schema(kind)
		require.NoError(t, err)
		have, err := schemas.Files.ReadFile(SchemaFile(kind))
		require.NoError(t, err)
		require.Equal(t, string(want), string(have), "run go generate in internal/policyfile")
	}
	_, err = Schema("Kalender")
	require.Error(t, err)
}

func schemaOfKind(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	content, err := schemas.Files.ReadFile(SchemaFile(kind))
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource(SchemaFile(kind), value))
	schema, err := compiler.Compile(SchemaFile(kind))
	require.NoError(t, err)
	return schema
}

func validates(t *testing.T, schema *jsonschema.Schema, document policy.Document) bool {
	t.Helper()
	content, err := json.Marshal(map[string]any{"kind": document.Kind, "name": document.Name, "spec": document.Spec})
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	require.NoError(t, err)
	return schema.Validate(value) == nil
}

// An independent validator agrees with the reader about structure.
func TestSchemasAgreeWithCheck(t *testing.T) {
	t.Parallel()
	documents, err := Defaults()
	require.NoError(t, err)
	for _, document := range documents {
		require.True(t, validates(t, schemaOfKind(t, document.Kind), document), document.Name)
	}
	for _, test := range []struct{ kind, spec string }{
		{"Team", `{"members":[]}`},
		{"Team", `{"title":"A","members":null}`},
		{"Team", `{"title":"A","members":[],"boss":"ana"}`},
		{"Team", `{"title":1,"members":[]}`},
		{"Vocabulary", `{"terms":[{"id":"a"}]}`},
		{"PriorityMatrix", `{"levels":["high"],"priorities":{"high":{"high":"1"}}}`},
		{"ServicePolicy", `{"title":"A"}`},
		{"Calendar", `{"timezone":"UTC","weekly":{"mon":"09:00-17:00"}}`},
		{"AssignmentRules", `{"practice":"incident","rules":[{"name":"a","when":"true","set":{"people":"x"}}]}`},
	} {
		document := policy.Document{Kind: test.kind, Name: "a", Spec: json.RawMessage(test.spec)}
		require.NotEmpty(t, Check(document), test.spec)
		require.False(t, validates(t, schemaOfKind(t, test.kind), document), test.spec)
	}
}
