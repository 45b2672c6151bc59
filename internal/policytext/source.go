// Package policytext shows policy documents to people: as the YAML that they are written in, and how two of them differ.
package policytext

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/holdfast-itsm/holdfast/domain/policy"
)

// Source writes a document as one would write its file, the keys in order.
func Source(document policy.Document) (string, error) {
	var spec any
	decoder := json.NewDecoder(bytes.NewReader(document.Spec))
	decoder.UseNumber()
	if err := decoder.Decode(&spec); err != nil {
		return "", fmt.Errorf("reading %s/%s: %w", document.Kind, document.Name, err)
	}
	var b bytes.Buffer
	err := WriteYAML(&b, struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
		Spec any    `json:"spec"`
	}{document.Kind, document.Name, spec})
	return b.String(), err
}

// WriteYAML prints data as its JSON is, key by key, in block style.
func WriteYAML(w io.Writer, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("printing YAML: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	node, err := nodeOf(decoder)
	if err != nil {
		return fmt.Errorf("printing YAML: %w", err)
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return fmt.Errorf("printing YAML: %w", err)
	}
	return encoder.Close()
}

// nodeOf makes YAML of the next JSON value. The text is not given to a YAML parser, which refuses characters and escapes that
// JSON takes: what is stored must always be printed.
func nodeOf(decoder *json.Decoder) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch value := token.(type) {
	case json.Delim:
		node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		if value == '{' {
			node.Kind, node.Tag = yaml.MappingNode, "!!map"
		}
		for decoder.More() {
			child, err := nodeOf(decoder) // in an object, keys and values in turn
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		if len(node.Content) == 0 {
			node.Style = yaml.FlowStyle
		}
		_, err := decoder.Token()
		return node, err
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: numberTag(value), Value: value.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(value)}, nil
	case string:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

func numberTag(number json.Number) string {
	if strings.ContainsAny(number.String(), ".eE") {
		return "!!float"
	}
	return "!!int"
}
