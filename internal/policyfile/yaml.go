package policyfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// ParseTrees reads every document of a file's content. Anchors, aliases, tags and merge keys are refused: a document says
// what it says where it says it, and no text of a few lines can unfold into gigabytes.
func ParseTrees(file string, content []byte) (trees []Tree, err error) {
	if len(content) > MaxFileBytes {
		return nil, fmt.Errorf("%s: is larger than %d bytes", file, MaxFileBytes)
	}
	// The parser is a library's, and what it reads may come from anybody.
	defer func() {
		if fault := recover(); fault != nil {
			trees, err = nil, fmt.Errorf("%s: is not YAML that can be read: %v", file, fault)
		}
	}()
	if err := spaced(file, content); err != nil {
		return nil, err
	}
	tokens := lexer.Tokenize(string(content))
	if err := plain(file, tokens); err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, syntax(file, err)
	}
	for _, document := range parsed.Docs {
		if document.Body == nil || document.Body.Type() == ast.NullType || document.Body.Type() == ast.CommentType {
			continue
		}
		tree := Tree{File: file, Line: lineOf(document.Body), lines: map[string]int{}}
		value, err := (&builder{tree: &tree}).value("", document.Body)
		if err != nil {
			return nil, err
		}
		mapping, right := value.(map[string]any)
		if !right {
			return nil, tree.Errorf("", "a document must hold key: value")
		}
		tree.value = mapping
		if tree.Kind, right = mapping["kind"].(string); !right {
			return nil, tree.Errorf("", "the document has no kind")
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

// syntax turns a parser's error into one line that names the place.
func syntax(file string, err error) error {
	var fault yaml.Error
	if errors.As(err, &fault) && fault.GetToken() != nil && fault.GetToken().Position != nil {
		return &Fault{File: file, Line: fault.GetToken().Position.Line, Message: fault.GetMessage()}
	}
	return fmt.Errorf("%s: %w", file, err)
}

// spaced refuses long runs of blank lines.
func spaced(file string, content []byte) error {
	blank, number := 0, 1
	for _, letter := range string(content) {
		switch {
		case letter == '\n':
			number++
			blank++
		case letter == '\r':
			blank++
		case !unicode.IsSpace(letter):
			blank = 0
		}
		if blank > maxBlankLines {
			return &Fault{File: file, Line: number, Message: "there are too many blank lines in a row"}
		}
	}
	return nil
}

// plain refuses what documents do not need, and nesting so deep that a recursive parser would suffer.
func plain(file string, tokens token.Tokens) error {
	var columns []int
	flow, keys := 0, 0
	for _, tk := range tokens {
		wrong := func(format string, args ...any) error {
			return &Fault{File: file, Line: tk.Position.Line, Message: fmt.Sprintf(format, args...)}
		}
		if tk.Type == token.MappingValueType {
			if keys++; keys > maxKeys {
				return wrong("has more than %d keys; spread them over several files", maxKeys)
			}
		}
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.DirectiveType:
			return wrong("anchors, aliases, tags, directives and merge keys are not taken")
		case token.MappingKeyType:
			return wrong("a key is a word, not written with \"? \"")
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.DocumentHeaderType, token.DocumentEndType:
			columns = columns[:0]
		case token.SequenceEntryType, token.MappingValueType:
			if flow > 0 {
				break
			}
			start := tk
			if tk.Type == token.MappingValueType && tk.Prev != nil {
				start = tk.Prev
			}
			for len(columns) > 0 && columns[len(columns)-1] >= start.Position.Column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, start.Position.Column)
		}
		if flow+len(columns) > MaxDepth {
			return wrong("is nested deeper than %d", MaxDepth)
		}
	}
	return nil
}

func lineOf(node ast.Node) int {
	if mapping, right := node.(*ast.MappingValueNode); right && mapping.Key != nil {
		return lineOf(mapping.Key)
	}
	if mapping, right := node.(*ast.MappingNode); right && len(mapping.Values) > 0 {
		return lineOf(mapping.Values[0])
	}
	if tk := node.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 0
}

// builder turns nodes into the values of encoding/json and notes each one's line by its path.
type builder struct{ tree *Tree }

func (b *builder) wrong(node ast.Node, format string, args ...any) error {
	return &Fault{File: b.tree.File, Line: lineOf(node), Message: fmt.Sprintf(format, args...)}
}

func (b *builder) value(path string, node ast.Node) (any, error) {
	if _, noted := b.tree.lines[path]; !noted {
		b.tree.lines[path] = lineOf(node)
	}
	switch node := node.(type) {
	case *ast.MappingNode:
		return b.mapping(path, node.Values)
	case *ast.MappingValueNode:
		return b.mapping(path, []*ast.MappingValueNode{node})
	case *ast.SequenceNode:
		list := make([]any, len(node.Values))
		for i, item := range node.Values {
			if word, is := wordWithColon(item); is {
				list[i] = word
				continue
			}
			value, err := b.value(fmt.Sprintf("%s[%d]", path, i), item)
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	case *ast.StringNode:
		return node.Value, nil
	case *ast.LiteralNode:
		return node.Value.Value, nil
	case *ast.BoolNode:
		return node.Value, nil
	case *ast.IntegerNode:
		return json.Number(fmt.Sprint(node.Value)), nil
	case *ast.FloatNode:
		if math.IsInf(node.Value, 0) || math.IsNaN(node.Value) {
			return nil, b.wrong(node, "%q is not a number that is taken", node.Token.Value)
		}
		return node.Value, nil
	case *ast.NullNode:
		return nil, b.wrong(node, "%s has no value; leave it out, or write \"\", [] or {} for an empty one", path)
	}
	return nil, b.wrong(node, "%s is written in a way that is not taken", path)
}

// wordWithColon gives an item such as schedule:primary of a list in brackets: it is one word, because no space follows its
// colon, but within braces the parser takes it for a key with a value.
func wordWithColon(item ast.Node) (string, bool) {
	if mapping, right := item.(*ast.MappingNode); right && len(mapping.Values) == 1 && !mapping.IsFlowStyle {
		item = mapping.Values[0]
	}
	pair, right := item.(*ast.MappingValueNode)
	if !right || pair.Start == nil || pair.Value == nil {
		return "", false
	}
	key, colon, value := pair.Key.GetToken(), pair.Start.Position, pair.Value.GetToken()
	if key == nil || value == nil || key.Indicator == token.QuotedScalarIndicator || value.Indicator == token.QuotedScalarIndicator {
		return "", false
	}
	at := value.Position
	return key.Value + ":" + value.Value, at.Line == colon.Line && at.Column == colon.Column+1
}

func (b *builder) mapping(path string, entries []*ast.MappingValueNode) (any, error) {
	values := make(map[string]any, len(entries))
	for _, entry := range entries {
		key, err := b.key(entry)
		if err != nil {
			return nil, err
		}
		at := key
		if path != "" {
			at = path + "." + key
		}
		if _, twice := values[key]; twice {
			return nil, b.wrong(entry.Key, "%s stands here a second time", at)
		}
		b.tree.lines[at] = lineOf(entry.Key)
		if values[key], err = b.value(at, entry.Value); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// key gives a key's text; a number is taken as it is written, so that priorities can be keys.
func (b *builder) key(entry *ast.MappingValueNode) (string, error) {
	switch key := entry.Key.(type) {
	case *ast.StringNode:
		return key.Value, nil
	case *ast.IntegerNode:
		return key.Token.Value, nil
	case *ast.BoolNode:
		return strconv.FormatBool(key.Value), nil
	}
	return "", b.wrong(entry.Key, "%q is not a key that is taken", entry.Key.GetToken().Value)
}
