package policyfile

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// fit holds a value of encoding/json against a Go type: keys the type does not know, keys it needs, values of another type.
// encoding/json's own strictness names no path, and takes a key in any mixture of cases.
func fit(path string, value, into any) []policy.Problem {
	f := &fitting{}
	f.fit(path, value, reflect.TypeOf(into).Elem())
	return f.problems
}

type fitting struct{ problems []policy.Problem }

func (f *fitting) wrong(path, format string, args ...any) {
	f.problems = append(f.problems, policy.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// Types that read themselves from text must be given text; those that read themselves from JSON check themselves.
var (
	textual = reflect.TypeFor[encoding.TextUnmarshaler]()
	reader  = reflect.TypeFor[json.Unmarshaler]()
)

func (f *fitting) fit(path string, value any, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if value == nil && t.Kind() != reflect.Interface {
		f.wrong(path, "has no value; leave it out")
		return
	}
	if reflect.PointerTo(t).Implements(reader) {
		return
	}
	if reflect.PointerTo(t).Implements(textual) {
		f.want(path, value, reflect.String)
		return
	}
	switch t.Kind() {
	case reflect.Interface:
	case reflect.Struct:
		f.object(path, value, t)
	case reflect.Map:
		entries, right := value.(map[string]any)
		if !right {
			f.wrong(path, "must hold key: value")
			return
		}
		for _, key := range slices.Sorted(maps.Keys(entries)) {
			f.fit(join(path, key), entries[key], t.Elem())
		}
	case reflect.Slice:
		items, right := value.([]any)
		if !right {
			f.wrong(path, "must be a list")
			return
		}
		for i, item := range items {
			f.fit(fmt.Sprintf("%s[%d]", path, i), item, t.Elem())
		}
	default:
		f.want(path, value, t.Kind())
	}
}

func (f *fitting) want(path string, value any, kind reflect.Kind) {
	right, named := false, "a whole number"
	switch kind {
	case reflect.String:
		_, right = value.(string)
		named = "text; quotes make a number or a word such as true one"
	case reflect.Bool:
		_, right = value.(bool)
		named = "true or false"
	default:
		right = whole(value)
	}
	if !right {
		f.wrong(path, "must be %s", named)
	}
}

// whole reports whether a value is a number without a fraction that every machine can hold.
func whole(value any) bool {
	number, right := value.(json.Number)
	n, err := number.Int64()
	return right && err == nil && n >= math.MinInt32 && n <= math.MaxInt32
}

// object fits a struct's fields by their json names; those without omitempty are needed.
func (f *fitting) object(path string, value any, t reflect.Type) {
	entries, right := value.(map[string]any)
	if !right {
		f.wrong(path, "must hold key: value")
		return
	}
	var known []string
	for _, field := range fieldsOf(t) {
		known = append(known, field.name)
		entry, found := entries[field.name]
		switch {
		case found:
			f.fit(join(path, field.name), entry, field.of)
		case field.needed:
			f.wrong(join(path, field.name), "is missing")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if !slices.Contains(known, key) {
			f.wrong(join(path, key), "is not a key here; there are %s", strings.Join(known, ", "))
		}
	}
}

// field is one key of a struct.
type field struct {
	name   string
	of     reflect.Type
	needed bool
}

func fieldsOf(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		name, options, tagged := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		list = append(list, field{name: name, of: t.Field(i).Type, needed: !tagged || !strings.Contains(options, "omit")})
	}
	return list
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// readJSON reads one JSON value with numbers as they are written, and refuses a key that stands twice and deep nesting:
// encoding/json takes the last one, another reader the first.
func readJSON(content []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	value, err := readValue(decoder, 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after its end")
	}
	return value, nil
}

func readValue(decoder *json.Decoder, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, fmt.Errorf("is nested deeper than %d", MaxDepth)
	}
	next, err := decoder.Token()
	if err != nil {
		return nil, fmt.Errorf("is not JSON: %w", err)
	}
	switch next {
	case json.Delim('{'):
		object := map[string]any{}
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, fmt.Errorf("is not JSON: %w", err)
			}
			name, _ := key.(string) // the decoder takes nothing else as a key
			if _, twice := object[name]; twice {
				return nil, fmt.Errorf("the key %q stands twice", name)
			}
			if object[name], err = readValue(decoder, depth+1); err != nil {
				return nil, err
			}
		}
		_, err := decoder.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			item, err := readValue(decoder, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		_, err := decoder.Token()
		return list, err
	}
	return next, nil
}
