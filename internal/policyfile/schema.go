package policyfile

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

//go:generate go run ./schemagen ../../schemas/json

// SchemaFile names the file that holds the JSON Schema of a kind: "priority_matrix.json".
func SchemaFile(kind string) string {
	var name strings.Builder
	for i, letter := range kind {
		if i > 0 && isCapital(letter) && !isCapital(rune(kind[i-1])) {
			name.WriteByte('_')
		}
		name.WriteString(strings.ToLower(string(letter)))
	}
	return name.String() + ".json"
}

func isCapital(letter rune) bool { return letter >= 'A' && letter <= 'Z' }

// Schema writes the JSON Schema (draft 2020-12) of a kind's documents as they stand in files, from the types that Check
// holds them against: what a schema refuses, Check refuses. Check knows more: what the values mean.
func Schema(kind string) ([]byte, error) {
	found, known := kinds[kind]
	if !known {
		return nil, fmt.Errorf("%q is not a kind", kind)
	}
	document := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   kind,
		"type":    "object",
		"properties": map[string]any{
			"kind": map[string]any{"const": kind},
			"name": map[string]any{"type": "string", "pattern": policy.NamePattern},
			"spec": schemaOf(reflect.TypeOf(found.spec)),
		},
		"required":             []string{"kind", "name", "spec"},
		"additionalProperties": false,
	}
	content, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the schema of %s: %w", kind, err)
	}
	return append(content, '\n'), nil
}

func schemaOf(t reflect.Type) map[string]any {
	if t.Kind() == reflect.Pointer {
		return schemaOf(t.Elem())
	}
	if reflect.PointerTo(t).Implements(reader) {
		return map[string]any{"type": []string{"string", "integer"}} // a length of time or 0, a share or a number
	}
	if reflect.PointerTo(t).Implements(textual) {
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Struct:
		properties, needed := map[string]any{}, []string{}
		for _, field := range fieldsOf(t) {
			properties[field.name] = schemaOf(field.of)
			if field.needed {
				needed = append(needed, field.name)
			}
		}
		schema := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
		if len(needed) > 0 {
			schema["required"] = needed
		}
		return schema
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return map[string]any{"type": "integer"}
}
