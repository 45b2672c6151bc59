package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/holdfast-itsm/holdfast/internal/config"
)

type healthCommand struct {
	Path string `default:"/readyz" help:"What is asked for."`
}

const (
	healthTime  = 5 * time.Second
	healthBytes = 4096
)

// Run fails where the server does not answer that it is ready.
func (c *healthCommand) Run(ctx context.Context, streams streams, client *config.Client) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(client.URL, "/")+c.Path, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", client.URL, err)
	}
	asker := &http.Client{Timeout: healthTime}
	response, err := asker.Do(request)
	if err != nil {
		fmt.Fprintln(streams.err, "holdfast: nothing answers:", err)
		return silent{exitUnreachable}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, healthBytes))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", client.URL, err)
	}
	fmt.Fprintln(streams.out, strings.TrimSpace(string(text)))
	if response.StatusCode != http.StatusOK {
		return silent{exitFailed}
	}
	return nil
}

// configCommand carries every setting, so that all of them can be shown.
type configCommand struct {
	config.Database `embed:""`
	config.Temporal `embed:""`
	config.HTTP     `embed:""`
	config.Storage  `embed:""`
	config.Log      `embed:""`
}

// Run prints the settings in force.
func (c *configCommand) Run(streams streams, parsed *kong.Context) error {
	return config.Write(streams.out, config.InForce(parsed))
}
