// Package json carries the JSON Schema of every kind of policy document, one file a kind, for editors and the API. The files
// are generated from the types in domain; a test keeps them fresh.
package json

import "embed"

// Files holds the schemas by file name: "calendar.json".
//
//go:embed *.json
var Files embed.FS
