package config

import (
	"fmt"
	"io"
	"net/url"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// hidden stands for a secret that is set.
const hidden = "********"

// Setting is one value that is in force. Secrets are masked already.
type Setting struct {
	Name   string `json:"name"`   // the flag's name
	Value  string `json:"value"`  // as one would write it
	Source string `json:"source"` // flag, environment NAME, FILE:LINE, or default
}

// InForce lists the settings of the selected command and where each value came from, in the order they are declared.
func InForce(ctx *kong.Context) []Setting {
	given := map[*kong.Value]bool{}
	var read *file
	for _, path := range ctx.Path {
		if path.Flag != nil && !path.Resolved {
			given[path.Flag.Value] = true
		}
	}
	// Without a file nothing is bound, and there is nothing to look up.
	_, _ = ctx.Call(func(bound *file) error { read = bound; return nil })

	var settings []Setting
	for _, flag := range ctx.Flags() {
		if !flag.Tag.Has("config") {
			continue
		}
		settings = append(settings, Setting{
			Name:   flag.Name,
			Value:  mask(flag.Tag.Get("secret"), fmt.Sprint(ctx.FlagValue(flag))),
			Source: source(flag, given[flag.Value], read),
		})
	}
	return settings
}

func source(flag *kong.Flag, given bool, read *file) string {
	if given {
		return "flag"
	}
	if name := fromEnvironment(flag); name != "" {
		return "environment " + name
	}
	if read != nil {
		if found, ok := read.entries[flag.Name]; ok {
			return found.at
		}
	}
	return "default"
}

// mask hides what the secret tag says is secret. A URL that cannot be read is hidden whole: the secret is in it somewhere.
func mask(kind, value string) string {
	if kind == "" || value == "" {
		return value
	}
	if kind != "url" {
		return hidden
	}
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme == "" {
		return hidden
	}
	query := parsed.Query()
	if query.Has("password") {
		query.Set("password", "xxxxx")
		parsed.RawQuery = query.Encode()
	}
	return parsed.Redacted()
}

// Write prints settings as a table for people.
func Write(w io.Writer, settings []Setting) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, setting := range settings {
		value := setting.Value
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", setting.Name, value, setting.Source)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the settings: %w", err)
	}
	return nil
}
