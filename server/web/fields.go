package web

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
)

// kind says how a field is entered and what it becomes in the body.
type kind int

const (
	oneLine kind = iota
	manyLines
	number
	yesNo
	moment
	items // a list of short texts, parted by commas
)

// field is one input of a command's form, derived from one field of the command's body.
type field struct {
	Name  string // in the form and, by its dots, in the body: "resolution.code"
	Label string
	Hint  string
	Kind  kind
	// Required: the command is refused without it.
	Required bool
	// Optional is said beside the label; in a form that needs nothing it would say nothing.
	Optional bool
	// Later is said beside the label instead: until when it may be left out.
	Later string
	// Clears: an empty value is sent, because it empties what the record has.
	Clears    bool
	MinLength int
	MaxLength int
	Minimum   string
	Maximum   string
	// Choices are the values there are; Suggested ones may be left for another.
	Choices   []choice
	Suggested bool
	// Lookup is where more choices are looked for while one types; empty: nowhere.
	Lookup string
	// Value is what stands in the input, Was what stood there when the form was made: what was not touched is not sent.
	Value string
	Was   string
	// At is the instant that a moment was filled in with, which the page's script shows in the viewer's zone.
	At    *time.Time
	Error string
}

// choice is one value of a field.
type choice struct {
	Value string
	Title string
}

// unshown are fields of bodies that no form has: custom fields are typed by a document that the console does not read yet.
var unshown = map[string]bool{"custom_fields": true}

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

// fieldsOf derives the fields of a command's form from the type of its body: names, bounds and what is needed come from the
// same tags as the API's schema, so that the two cannot disagree.
func fieldsOf(transition domain.Transition) []field {
	fields := structFields(reflect.TypeOf(transition.Body()).Elem(), "", transition.Verb)
	needs := slices.ContainsFunc(fields, func(f field) bool { return f.Required })
	for i, f := range fields {
		fields[i].Optional = needs && !f.Required
	}
	return fields
}

func structFields(body reflect.Type, prefix, verb string) []field {
	var fields []field
	for i := range body.NumField() {
		member := body.Field(i)
		name, options, _ := strings.Cut(member.Tag.Get("json"), ",")
		if unshown[name] || member.Type == rawType || compound(member.Type) {
			continue
		}
		optional := strings.Contains(options, "omitempty")
		if member.Type.Kind() == reflect.Pointer && member.Type.Elem().Kind() == reflect.Struct && member.Type.Elem() != timeType {
			for _, inner := range structFields(member.Type.Elem(), prefix+name+".", verb) {
				inner.Required = inner.Required && !optional
				fields = append(fields, inner)
			}
			continue
		}
		fields = append(fields, fieldOf(member, prefix+name, verb, !optional))
	}
	return fields
}

// compound reports whether a member of a body takes more than one input holds: a map, or a list of structures. Forms that have such
// a member draw it themselves.
func compound(member reflect.Type) bool {
	if member.Kind() == reflect.Pointer {
		member = member.Elem()
	}
	return member.Kind() == reflect.Map || member.Kind() == reflect.Slice && member.Elem().Kind() == reflect.Struct
}

func fieldOf(member reflect.StructField, name, verb string, required bool) field {
	tag := member.Tag
	f := field{
		Name: name, Label: label(verb, name), Hint: hint(verb, name, tag.Get("doc")), Required: required,
		Minimum: tag.Get("minimum"), Maximum: tag.Get("maximum"),
	}
	f.MinLength, f.MaxLength = tagNumber(tag, "minLength"), tagNumber(tag, "maxLength")
	kind := member.Type
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
		f.Clears = kind != timeType
	}
	switch {
	case kind == timeType:
		f.Kind = moment
	case kind.Kind() == reflect.Bool:
		f.Kind = yesNo
	case kind.Kind() == reflect.Int || kind.Kind() == reflect.Int64:
		f.Kind = number
	case kind.Kind() == reflect.Slice:
		f.Kind = items
		f.Clears = true
	case f.MaxLength >= domain.MaxReasonBytes:
		f.Kind = manyLines
	}
	f.Choices = span(f)
	for _, value := range strings.Split(tag.Get("enum"), ",") {
		if value != "" {
			f.Choices = append(f.Choices, choice{Value: value, Title: human(value)})
		}
	}
	return f
}

// span offers the numbers between narrow bounds; 0 is what stands for no answer and is not offered.
func span(f field) []choice {
	least, lowErr := strconv.Atoi(f.Minimum)
	most, highErr := strconv.Atoi(f.Maximum)
	if lowErr != nil || highErr != nil || most-least > 10 {
		return nil
	}
	var choices []choice
	for value := max(least, 1); value <= most; value++ {
		choices = append(choices, choice{Value: strconv.Itoa(value), Title: strconv.Itoa(value)})
	}
	return choices
}

func tagNumber(tag reflect.StructTag, name string) int {
	number, err := strconv.Atoi(tag.Get(name))
	if err != nil {
		return 0 // no such bound
	}
	return number
}

// fill puts the record's present values into fields of the same name.
func fill(fields []field, record map[string]any) {
	for i, f := range fields {
		value := ""
		switch present := record[f.Name].(type) {
		case string:
			value = present
		case bool:
			if present {
				value = "true"
			}
		case float64:
			value = strconv.FormatFloat(present, 'f', -1, 64)
		case []any:
			texts := make([]string, len(present))
			for i, item := range present {
				texts[i], _ = item.(string)
			}
			value = strings.Join(texts, ", ")
		default:
			continue
		}
		fields[i].Value, fields[i].Was = value, value
	}
}

// wasPrefix names the hidden input that holds what stood in a field when the form was made.
const wasPrefix = "was."

// read takes the values of a submitted form.
func read(fields []field, form map[string][]string) {
	first := func(name string) string {
		if values := form[name]; len(values) > 0 {
			return strings.ReplaceAll(values[0], "\r\n", "\n")
		}
		return ""
	}
	for i, f := range fields {
		fields[i].Value, fields[i].Was = first(f.Name), first(wasPrefix+f.Name)
	}
}

// zoneField names the hidden input in which the page's script says the viewer's time zone; without it, times are UTC.
const zoneField = "zone"

// bodyOf makes a command's body of a form's values. What was left empty or untouched is left out, so that two people who
// edit different fields at once do not undo each other. Values that cannot be read are field errors.
func bodyOf(fields []field, zone string) (json.RawMessage, error) {
	body := map[string]any{}
	var wrong []domain.FieldError
	for _, f := range fields {
		if !f.Required && f.Value == f.Was || f.Value == "" && !f.Clears {
			continue
		}
		value, problem := f.parse(zone)
		if problem != "" {
			wrong = append(wrong, domain.FieldError{Location: "body." + f.Name, Message: problem})
			continue
		}
		place(body, f.Name, value)
	}
	if err := domain.Join(wrong); err != nil {
		return nil, err
	}
	return json.Marshal(body)
}

func place(body map[string]any, name string, value any) {
	outer, inner, nested := strings.Cut(name, ".")
	if !nested {
		body[name] = value
		return
	}
	within, exists := body[outer].(map[string]any)
	if !exists {
		within = map[string]any{}
		body[outer] = within
	}
	place(within, inner, value)
}

// momentLayouts are the forms in which browsers send a datetime-local input.
var momentLayouts = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04:05.999"}

// parse gives the value as the body wants it, or says what is wrong with it.
func (f field) parse(zone string) (any, string) {
	switch f.Kind {
	case yesNo:
		return f.Value == "true", ""
	case number:
		value, err := strconv.Atoi(strings.TrimSpace(f.Value))
		if err != nil {
			return nil, "must be a whole number"
		}
		return value, ""
	case items:
		return splitItems(f.Value), ""
	case moment:
		location, err := time.LoadLocation(zone)
		if err != nil {
			return nil, "cannot be read: the time zone " + strconv.Quote(zone) + " is not known here"
		}
		for _, layout := range momentLayouts {
			if at, err := time.ParseInLocation(layout, f.Value, location); err == nil {
				return at.UTC(), ""
			}
		}
		return nil, "must be a date and a time, such as 2026-03-01T09:30"
	}
	return f.Value, ""
}

func splitItems(text string) []string {
	list := []string{}
	for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if item = strings.TrimSpace(item); item != "" && !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}

// blame puts the messages of field errors beside their fields, and gives those that belong to none.
func blame(fields []field, errors []domain.FieldError) []domain.FieldError {
	var rest []domain.FieldError
	for _, wrong := range errors {
		name := strings.TrimPrefix(wrong.Location, "body.")
		found := slices.IndexFunc(fields, func(f field) bool { return f.Name == name || strings.HasSuffix(f.Name, "."+name) })
		if found < 0 {
			rest = append(rest, wrong)
			continue
		}
		fields[found].Error = wrong.Message
	}
	return rest
}
