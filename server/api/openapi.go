package api

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/gin-gonic/gin"
)

//go:generate go run ./openapigen ../../schemas/openapi.json

// Version is the version of the API, which only grows.
const Version = "1.0.0"

// Document is the OpenAPI of the API as it is kept in schemas/openapi.json: indented, with keys in order.
func Document() ([]byte, error) {
	gin.SetMode(gin.ReleaseMode)
	mounted := Mount(gin.New(), Dependencies{Log: slog.New(slog.DiscardHandler)})
	text, err := json.Marshal(mounted.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	var tree any // maps are written with their keys in order
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	text, err = json.MarshalIndent(tree, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	return append(text, '\n'), nil
}
