package policyfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/holdfast-itsm/holdfast/domain"
)

// Bounds of one expression. The cost limit is CEL's own count of steps; it ends an evaluation within about a tenth of a
// second, and leaves room for a long pattern on the longest description.
const (
	MaxExpressionRunes = 4096
	maxNodes           = 4000
	maxRecursion       = 60
	maxRegexSize       = 2000
	costLimit          = 200_000
)

// typeMark begins the names of the types of variables, which list their fields: a misspelt one is found when the document is
// written, not when the first record meets it. No expression can write such a name, so none can make a record up.
const typeMark = "@"

// record is the variable that every language has.
const record = "record"

// fields are what an expression may ask of a record that is being opened, by practice.
var fields = map[string]map[string]*cel.Type{
	string(domain.Incident): {
		"practice": cel.StringType, "title": cel.StringType, "description": cel.StringType, "impact": cel.StringType,
		"urgency": cel.StringType, "service": cel.StringType, "category": cel.StringType, "channel": cel.StringType,
		"location": cel.StringType, "environment": cel.StringType, "requester": cel.StringType,
		"tags": cel.ListType(cel.StringType), "configuration_items": cel.ListType(cel.StringType),
	},
	agreements: rated(nil),
	approvals:  rated(map[string]*cel.Type{"type": cel.StringType, "model": cel.StringType, "risk": cel.ObjectType(riskType)}),
}

// rated are the fields of a record of any practice once it is rated and routed, and some more.
func rated(more map[string]*cel.Type) map[string]*cel.Type {
	known := map[string]*cel.Type{
		"practice": cel.StringType, "title": cel.StringType, "priority": cel.IntType, "service": cel.StringType,
		"category": cel.StringType, "team": cel.StringType, "channel": cel.StringType, "location": cel.StringType,
		"environment": cel.StringType, "requester": cel.StringType,
		"tags": cel.ListType(cel.StringType), "configuration_items": cel.ListType(cel.StringType),
	}
	maps.Copy(known, more)
	return known
}

// riskType names the type of record.risk; parts are the fields of such types.
const riskType = "@record.risk"

var parts = map[string]map[string]*cel.Type{riskType: {"level": cel.StringType, "score": cel.IntType}}

// agreements stands for the records of every practice, as an SLA asks about them once they are rated and routed. No document
// can name it as its practice.
const agreements = "@agreements"

// variablesOf are the variables of a language with their fields.
func variablesOf(practice string) (map[string]map[string]*cel.Type, bool) {
	if practice == automations {
		return situation, true
	}
	known, found := fields[practice]
	return map[string]map[string]*cel.Type{record: known}, found
}

// language is CEL over one practice's records.
type language struct{ env *cel.Env }

var errPractice = errors.New("has no records that rules can ask about; there is incident")

func newLanguage(practice string) (*language, error) {
	known, found := variablesOf(practice)
	if !found {
		return nil, fmt.Errorf("%q %w", practice, errPractice)
	}
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	options := []cel.EnvOption{
		// Only macros that answer one bool: map and filter would let a short text build large values.
		cel.ClearMacros(), cel.Macros(cel.HasMacro, cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro),
		cel.CustomTypeProvider(&records{Registry: registry, variables: known}),
		cel.CustomTypeAdapter(registry),
		cel.ParserExpressionSizeLimit(MaxExpressionRunes), cel.ExpressionNodeLimit(maxNodes),
		cel.ParserRecursionLimit(maxRecursion), cel.RegexProgramSizeLimit(maxRegexSize),
		cel.DefaultUTCTimeZone(true), cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals()),
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		options = append(options, cel.Variable(name, cel.ObjectType(typeMark+name)))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	return &language{env: env}, nil
}

// spoken keeps each practice's language; making one takes longer than checking or compiling with it.
var spoken = struct {
	sync.Mutex
	by map[string]*language
}{by: map[string]*language{}}

func languageOf(practice string) (*language, error) {
	spoken.Lock()
	defer spoken.Unlock()
	if found, known := spoken.by[practice]; known {
		return found, nil
	}
	made, err := newLanguage(practice)
	if err != nil {
		return nil, err
	}
	spoken.by[practice] = made
	return made, nil
}

// compile type-checks an expression that answers true or false. Its errors are written for the author of the document.
func (l *language) compile(expression string) (cel.Program, error) {
	ast, issues := l.env.Compile(expression)
	if err := issues.Err(); err != nil {
		texts := make([]string, 0, len(issues.Errors()))
		for _, issue := range issues.Errors() {
			texts = append(texts, fmt.Sprintf("at character %d: %s", issue.Location.Column()+1, issue.Message))
		}
		return nil, errors.New("is not a valid expression: " + strings.Join(texts, "; "))
	}
	if ast.OutputType() != cel.BoolType {
		return nil, fmt.Errorf("must answer true or false, not %s", ast.OutputType())
	}
	program, err := l.env.Program(ast, cel.CostLimit(costLimit))
	if err != nil {
		return nil, fmt.Errorf("is not a valid expression: %w", err)
	}
	return program, nil
}

// records tells CEL of the fields of variables and of their parts, and reads them from maps. A field that is not there is empty,
// and has() asks whether a field is empty.
type records struct {
	*types.Registry
	variables map[string]map[string]*cel.Type
}

// fieldsOf are the fields of the variable, or the part of one, that a type is of.
func (r *records) fieldsOf(typeName string) (string, map[string]*cel.Type, bool) {
	variable, marked := strings.CutPrefix(typeName, typeMark)
	if part, known := parts[typeName]; known {
		return variable, part, true
	}
	known, found := r.variables[variable]
	return variable, known, marked && found
}

func (r *records) FindStructType(name string) (*types.Type, bool) {
	if _, _, found := r.fieldsOf(name); found {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return r.Registry.FindStructType(name)
}

func (r *records) FindStructFieldNames(name string) ([]string, bool) {
	if _, known, found := r.fieldsOf(name); found {
		return slices.Sorted(maps.Keys(known)), true
	}
	return r.Registry.FindStructFieldNames(name)
}

func (r *records) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	variable, all, found := r.fieldsOf(name)
	if !found {
		return r.Registry.FindStructFieldType(name, field)
	}
	of, known := all[field]
	if !known {
		return nil, false
	}
	return &types.FieldType{
		Type: of,
		IsSet: func(target any) bool {
			switch value := entry(target, field).(type) {
			case string:
				return value != ""
			case []string:
				return len(value) > 0
			case []any:
				return len(value) > 0
			case int64:
				return value != 0
			case map[string]any:
				return len(value) > 0
			case bool:
				return value
			}
			return false
		},
		GetFrom: func(target any) (any, error) { return asked(variable+"."+field, of, entry(target, field)) },
	}, true
}

// asked gives a field's value as its type; what is not there is empty.
func asked(field string, of *cel.Type, value any) (any, error) {
	switch value.(type) {
	case nil:
		return map[types.Kind]any{
			types.ListKind: []string{}, types.StringKind: "", types.IntKind: int64(0), types.BoolKind: false, types.StructKind: map[string]any{},
		}[of.Kind()], nil
	case string:
		if of.Kind() == types.StringKind {
			return value, nil
		}
	case []string, []any:
		if of.Kind() == types.ListKind {
			return value, nil
		}
	case int64:
		if of.Kind() == types.IntKind {
			return value, nil
		}
	case map[string]any:
		if of.Kind() == types.StructKind {
			return value, nil
		}
	case bool:
		if of.Kind() == types.BoolKind {
			return value, nil
		}
	}
	return nil, fmt.Errorf("%s is not %s", field, of)
}

func entry(target any, field string) any {
	record, right := target.(map[string]any)
	if !right {
		return nil
	}
	return record[field]
}

// CheckRecord refuses a record whose fields rules of a practice cannot ask about, or that are of another type: a test with
// a misspelt field would prove nothing.
func CheckRecord(practice string, record map[string]any) error {
	known, found := fields[practice]
	if !found {
		return fmt.Errorf("%q %w", practice, errPractice)
	}
	return checkFields("record", known, record)
}

// checkFields refuses values that are no fields of a variable, or of another type.
func checkFields(variable string, known map[string]*cel.Type, record map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(record)) {
		of, right := known[name]
		if !right {
			return fmt.Errorf("%s.%s is not a field; there are %s", variable, name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		switch value := record[name].(type) {
		case string:
			right = of.Kind() == types.StringKind
		case int64:
			right = of.Kind() == types.IntKind
		case bool:
			right = of.Kind() == types.BoolKind
		case []any:
			right = of.Kind() == types.ListKind && !slices.ContainsFunc(value, func(item any) bool { _, text := item.(string); return !text })
		default:
			right = false
		}
		if !right {
			return fmt.Errorf("%s.%s must be %s", variable, name, of)
		}
	}
	return nil
}
