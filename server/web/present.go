package web

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/server"
)

// sentence makes a message one: with a capital and a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") {
		return text
	}
	return text + "."
}

// consequence says what became of the work after a failure, and what to do.
func consequence(problem *server.Problem) string {
	switch problem.Code {
	case domain.CodeUnavailable:
		return "What you wrote is kept here. Send it again in a moment: however often it is sent, it is done once."
	case domain.CodeInternal:
		return "What you wrote is kept here. Sending it again is safe: it is done once. If it fails again, tell whoever runs Holdfast the time it happened."
	case domain.CodeConflict:
		return "Nothing was changed. Look at the record as it is now, then decide again."
	case domain.CodePreconditionFailed:
		return "Nothing was changed: somebody, or a deadline, was faster. Look at the record as it is now, then decide again."
	case domain.CodeInvalid, domain.CodeMalformed, domain.CodeTooLarge:
		return "Nothing was changed, and what you wrote is kept here."
	case domain.CodeForbidden:
		return "Nothing was changed. An administrator can give you the permission."
	case domain.CodeNotFound:
		return "It may never have existed, or it is not for you to see."
	}
	return "Nothing was changed."
}

// aftermath says the same where there is no form: after reading a page, or after a form that is one page back.
func aftermath(problem *server.Problem, reading bool) string {
	again := problem.Code == domain.CodeUnavailable || problem.Code == domain.CodeInternal
	switch {
	case problem.Code == domain.CodeUnauthenticated:
		return "Sign in to go on."
	case problem.Code == domain.CodeNotFound:
		return "It may never have existed, or it is not for you to see."
	case reading && problem.Code == domain.CodeForbidden:
		return "An administrator can give you the permission."
	case reading && again:
		return "Nothing is lost. Load the page again in a moment; if it fails again, tell whoever runs Holdfast the time it happened."
	case reading:
		return "The address asks for something that cannot be answered. Begin again from the list."
	case again:
		return "Go back in your browser: the form still has what you wrote. Send it again in a moment; however often it is sent, it is done once."
	}
	return "Nothing was changed. Go back in your browser: the form still has what you wrote."
}

func verbList(verbs []string) string {
	titles := make([]string, len(verbs))
	for i, verb := range verbs {
		titles[i] = verbTitle(verb)
	}
	return strings.Join(titles, ", ")
}

func looseTexts(errors []domain.FieldError) []string {
	var texts []string
	for _, wrong := range errors {
		texts = append(texts, sentence(human(strings.TrimPrefix(wrong.Location, "body."))+" "+wrong.Message))
	}
	return texts
}

// wrongText words what is wrong with a field; the rules word it so that it follows the field's own name.
func wrongText(f field) string {
	return sentence(human(f.Name[strings.LastIndex(f.Name, ".")+1:]) + " " + f.Error)
}

func inputID(f field) string { return "f-" + strings.ReplaceAll(f.Name, ".", "-") }

// describe gives the attributes that every input has.
func describe(f field, focus bool) templ.Attributes {
	attributes := templ.Attributes{"id": inputID(f)}
	var described []string
	if f.Hint != "" || f.Kind == moment {
		described = append(described, inputID(f)+"-hint")
	}
	if f.Error != "" {
		described = append(described, inputID(f)+"-wrong")
		attributes["aria-invalid"] = "true"
	}
	if described != nil {
		attributes["aria-describedby"] = strings.Join(described, " ")
	}
	if f.Required && f.Kind != yesNo {
		attributes["required"] = true
	}
	if f.MaxLength > 0 && f.Kind != items {
		attributes["maxlength"] = strconv.Itoa(f.MaxLength)
	}
	if focus {
		attributes["autofocus"] = true
	}
	return attributes
}

// lookup has an input ask for values as one types.
func lookup(f field) templ.Attributes {
	if f.Lookup == "" {
		return nil
	}
	return templ.Attributes{
		"hx-get": f.Lookup, "hx-trigger": "focus once, input changed delay:200ms", "hx-target": "#" + inputID(f) + "-list", "hx-swap": "innerHTML",
	}
}

func emptyChoice(f field) string {
	if f.Required {
		return "Choose …"
	}
	return "–"
}

// firstToFill is the field that a form begins at: the first with an error, else the first needed and empty one, else the first.
func firstToFill(fields []field) int {
	if i := slices.IndexFunc(fields, func(f field) bool { return f.Error != "" }); i >= 0 {
		return i
	}
	return max(0, slices.IndexFunc(fields, func(f field) bool { return f.Required && f.Value == "" }))
}

// soon reports whether a moment is close enough to look at it now.
func soon(at, now time.Time) bool { return !at.Before(now) && at.Before(now.Add(30*time.Minute)) }

// soonWord tells the same without a colour.
func soonWord(at, now time.Time) string {
	if soon(at, now) {
		return "soon"
	}
	return ""
}

// relative says how far off a moment is: "in 2 h 5 min", "3 d over".
func relative(at, now time.Time) string {
	distance := at.Sub(now)
	if distance < 0 {
		return spanOf(-distance) + " over"
	}
	return "in " + spanOf(distance)
}

// spanOf words a duration by its two largest units.
func spanOf(d time.Duration) string {
	minutes := int(d / time.Minute)
	days, hours, minutes := minutes/(24*60), minutes/60%24, minutes%60
	switch {
	case days > 0 && hours > 0:
		return strconv.Itoa(days) + " d " + strconv.Itoa(hours) + " h"
	case days > 0:
		return strconv.Itoa(days) + " d"
	case hours > 0 && minutes > 0:
		return strconv.Itoa(hours) + " h " + strconv.Itoa(minutes) + " min"
	case hours > 0:
		return strconv.Itoa(hours) + " h"
	}
	if minutes == 0 {
		return "under 1 min"
	}
	return strconv.Itoa(minutes) + " min"
}

// fact is one thing that an event says.
type fact struct {
	Label    string
	From, To string
	Change   bool
	At       *time.Time // the value is a moment
	Text     bool       // the value is free text
	Markdown bool       // and was written to be shown as such
}

// silent are parts of events that say nothing to people, or that say again what stands beside them.
var silent = map[string]bool{
	"id": true, "sha256": true, "fields": true, "incident": true, "to": true, "base": true, "held_since": true,
	"cadence": true, "turn": true,
}

// freeText are the words of people.
var freeText = map[string]bool{"body": true, "notes": true, "comment": true, "text": true, "description": true}

// factsOf reads what an event says from its facts and its personal part, in the order of their names, free text last.
func factsOf(ctx context.Context, event domain.StoredEvent) []fact {
	return factsIn(ctx, event.Type, allSaid(event))
}

// factsIn are the facts among what an event of a type says.
func factsIn(ctx context.Context, kind string, said map[string]any) []fact {
	var plain, texts []fact
	for name, value := range said {
		if silent[name] || name == "source" && strings.HasPrefix(kind, "escalation.") || name == "after_cut_off" && value == false {
			continue
		}
		for _, one := range factsUnder(ctx, name, value) {
			if one.Text {
				texts = append(texts, one)
			} else {
				plain = append(plain, one)
			}
		}
	}
	byLabel := func(a, b fact) int { return strings.Compare(a.Label, b.Label) }
	slices.SortFunc(plain, byLabel)
	slices.SortFunc(texts, byLabel)
	return append(plain, texts...)
}

// factsUnder reads what is said under a name: one fact, or, as the source of an imported record has them, several.
func factsUnder(ctx context.Context, name string, value any) []fact {
	several, _ := value.(map[string]any)
	if _, changed := several["to"]; len(several) == 0 || changed {
		if one, telling := factOf(ctx, name, value); telling {
			return []fact{one}
		}
		return nil
	}
	var list []fact
	for inner, value := range several {
		if one, telling := factOf(ctx, inner, value); telling {
			one.Label = human(name) + ": " + inner
			list = append(list, one)
		}
	}
	return list
}

func factOf(ctx context.Context, name string, value any) (fact, bool) {
	one := fact{Label: human(strings.TrimSuffix(name, "_ms")), Text: freeText[name], Markdown: name == "body"}
	if name == "bytes" {
		one.Label = "Size"
	}
	if change, isMap := value.(map[string]any); isMap {
		_, hasFrom := change["from"]
		if _, hasTo := change["to"]; hasFrom && hasTo {
			one.From, one.To, one.Change = plainText(ctx, name, change["from"]), plainText(ctx, name, change["to"]), true
			return one, true
		}
	}
	one.To = plainText(ctx, name, value)
	if at, err := time.Parse(time.RFC3339Nano, one.To); err == nil {
		one.At = &at
	}
	return one, one.To != ""
}

// plainText words a value of JSON; names of the wire that the lifecycle knows are worded as it does.
func plainText(ctx context.Context, name string, value any) string {
	switch known := value.(type) {
	case nil:
		return ""
	case string:
		switch name {
		case "board":
			return boardText(known)
		case "state":
			return stateTitle(domain.State(known))
		}
		if name == "code" || name == "reason" || name == "held_for" || name == "type" {
			return human(known)
		}
		return known
	case bool:
		if known {
			return "yes"
		}
		return "no"
	case float64:
		if strings.HasSuffix(name, "_ms") {
			return openTime(int64(known))
		}
		if name == "bytes" {
			return size(ctx, int64(known))
		}
		return strconv.FormatFloat(known, 'f', -1, 64)
	case []any:
		texts := make([]string, 0, len(known))
		for _, item := range known {
			texts = append(texts, plainText(ctx, "", item))
		}
		return strings.Join(texts, ", ")
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// author words who an event is by.
func author(actor domain.Actor) string {
	switch actor.Kind {
	case domain.ActorTimer:
		return "by itself (timer)"
	case domain.ActorPolicy:
		return "by the policy " + actor.Name
	case domain.ActorMachine:
		return "by " + orNone(actor.Name) + " (machine)"
	}
	return "by " + orNone(actor.Name)
}

// newsWord says what a live update brought, for those who hear the page.
func newsWord(news []domain.StoredEvent) string {
	words := make([]string, len(news))
	for i, event := range news {
		words[i] = eventTitle(event.Type) + " " + author(event.Actor)
	}
	return strings.Join(words, ", ")
}

// orNone shows that a value is missing.
func orNone(value string) string {
	if value == "" {
		return "–"
	}
	return value
}

func verbOfCommand(name string) string { return domain.Command{Name: name}.Verb() }

func doURL(number, verb string) string { return recordURL(number) + "?do=" + slug(verb) }

func liveURL(view recordView) string {
	return recordURL(view.Record.Number) + "/live?after=" + strconv.FormatInt(view.After, 10) + "&seq=" + strconv.FormatInt(view.LastSeq, 10)
}
