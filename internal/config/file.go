package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// DefaultPath is the file that is read where it exists and --config names no other.
const DefaultPath = "holdfast.yaml"

// entry is one value of the file, kept by its flag's name.
type entry struct {
	value string
	at    string // file:line
}

// file is a strict kong.Resolver over one YAML file: every key must be a setting, and every fault names its line.
type file struct {
	entries map[string]entry
	order   []string // names as they stand in the file
}

// FromFile makes a kong parser read the configuration file before it fills in flags. The parser's root embeds File.
func FromFile() kong.Option {
	return kong.WithBeforeResolve(func(ctx *kong.Context) error {
		path, named := DefaultPath, false
		for _, flag := range ctx.Flags() {
			if flag.Name != "config" {
				continue
			}
			if chosen, ok := ctx.FlagValue(flag).(string); ok && chosen != "" {
				path, named = chosen, true
			}
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) && !named {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the configuration: %w", err)
		}
		read, err := parse(path, content)
		if err != nil {
			return err
		}
		ctx.AddResolver(read)
		ctx.Bind(read)
		return nil
	})
}

func parse(path string, content []byte) (*file, error) {
	read := &file{entries: map[string]entry{}}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(document.Content) == 0 {
		return read, nil
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s:%d: the file must hold settings as key: value", path, root.Line)
	}
	return read, read.add(path, "", root)
}

// add keeps the values of a mapping under their flags' names: a nested key is joined to those above it by a dash.
func (f *file) add(path, prefix string, mapping *yaml.Node) error {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		at := fmt.Sprintf("%s:%d", path, key.Line)
		name := prefix + strings.ReplaceAll(key.Value, "_", "-")
		switch {
		case value.Kind == yaml.MappingNode:
			if err := f.add(path, name+"-", value); err != nil {
				return err
			}
			continue
		case value.Kind != yaml.ScalarNode:
			return fmt.Errorf("%s: %s takes one value", at, name)
		case value.Tag == "!!null":
			return fmt.Errorf("%s: %s has no value; leave it out, or write \"\" for an empty one", at, name)
		}
		if before, twice := f.entries[name]; twice {
			return fmt.Errorf("%s: %s is set a second time; the first is at %s", at, name, before.at)
		}
		f.entries[name] = entry{value: value.Value, at: at}
		f.order = append(f.order, name)
	}
	return nil
}

// Validate refuses keys that are no setting of any command.
func (f *file) Validate(app *kong.Application) error {
	known := map[string]bool{}
	if err := kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && flag.Tag.Has("config") {
			known[flag.Name] = true
		}
		return next(nil)
	}); err != nil {
		return fmt.Errorf("listing the settings: %w", err)
	}
	for _, name := range f.order {
		if !known[name] {
			return fmt.Errorf("%s: there is no setting %s", f.entries[name].at, name)
		}
	}
	return nil
}

// Resolve gives kong the file's value for a flag, unless the environment has one: kong asks resolvers after it has
// read the environment, and would let them win.
func (f *file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	found, ok := f.entries[flag.Name]
	if !ok || !flag.Tag.Has("config") || fromEnvironment(flag) != "" {
		return nil, nil
	}
	scratch := reflect.New(flag.Target.Type()).Elem()
	token := kong.Token{Type: kong.FlagValueToken, Value: found.value}
	if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: kong.ScanFromTokens(token)}, scratch); err != nil {
		return nil, fmt.Errorf("%s: %w", found.at, err)
	}
	return found.value, nil
}

// fromEnvironment names the variable that sets the flag, or is empty.
func fromEnvironment(flag *kong.Flag) string {
	for _, name := range flag.Tag.Envs {
		if _, set := os.LookupEnv(name); set {
			return name
		}
	}
	return ""
}
