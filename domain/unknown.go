package domain

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Unknown holds the fields of a JSON object that this build does not know. Commands, views, results and errors pass through
// processes of two builds at a time; what the older one does not understand it hands on as it came.
//
// A record's own types have none: their rows are columns, and nobody sends a record back.
type Unknown map[string]json.RawMessage

// decodeKnown reads data into the fields that T has and answers the other ones. T must not have an UnmarshalJSON.
func decodeKnown[T any](data []byte, into *T) (Unknown, error) {
	if err := json.Unmarshal(data, into); err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	known := reflect.TypeFor[T]()
	for i := range known.NumField() {
		name, _, _ := strings.Cut(known.Field(i).Tag.Get("json"), ",")
		for key := range all {
			if name != "-" && strings.EqualFold(key, name) { // as encoding/json matches names
				delete(all, key)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// encodeKnown writes a value and what was unknown beside it. T must not have a MarshalJSON.
func encodeKnown[T any](value T, unknown Unknown) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil || len(unknown) == 0 {
		return text, err
	}
	rest, err := json.Marshal(unknown)
	if err != nil {
		return nil, fmt.Errorf("encoding unknown fields: %w", err)
	}
	if len(text) == len("{}") {
		return rest, nil
	}
	return append(append(text[:len(text)-1], ','), rest[1:]...), nil
}

// UnmarshalJSON keeps unknown fields.
func (c *Command) UnmarshalJSON(data []byte) error {
	type plain Command
	unknown, err := decodeKnown(data, (*plain)(c))
	c.Unknown = unknown
	return err
}

// MarshalJSON writes unknown fields back.
func (c Command) MarshalJSON() ([]byte, error) {
	type plain Command
	return encodeKnown(plain(c), c.Unknown)
}

// UnmarshalJSON keeps unknown fields.
func (r *Result) UnmarshalJSON(data []byte) error {
	type plain Result
	unknown, err := decodeKnown(data, (*plain)(r))
	r.Unknown = unknown
	return err
}

// MarshalJSON writes unknown fields back.
func (r Result) MarshalJSON() ([]byte, error) {
	type plain Result
	return encodeKnown(plain(r), r.Unknown)
}

// UnmarshalJSON keeps unknown fields.
func (v *View) UnmarshalJSON(data []byte) error {
	type plain View
	unknown, err := decodeKnown(data, (*plain)(v))
	v.Unknown = unknown
	return err
}

// MarshalJSON writes unknown fields back.
func (v View) MarshalJSON() ([]byte, error) {
	type plain View
	return encodeKnown(plain(v), v.Unknown)
}

// UnmarshalJSON keeps unknown fields.
func (e *Error) UnmarshalJSON(data []byte) error {
	type plain Error
	unknown, err := decodeKnown(data, (*plain)(e))
	e.Unknown = unknown
	return err
}

// MarshalJSON writes unknown fields back.
func (e Error) MarshalJSON() ([]byte, error) {
	type plain Error
	return encodeKnown(plain(e), e.Unknown)
}

// UnmarshalJSON keeps unknown fields.
func (s *Start) UnmarshalJSON(data []byte) error {
	type plain Start
	unknown, err := decodeKnown(data, (*plain)(s))
	s.Unknown = unknown
	return err
}

// MarshalJSON writes unknown fields back.
func (s Start) MarshalJSON() ([]byte, error) {
	type plain Start
	return encodeKnown(plain(s), s.Unknown)
}
