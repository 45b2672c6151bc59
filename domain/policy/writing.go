package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The kinds of documents that save people writing; they decide nothing.
const (
	KindRecordTemplate = "RecordTemplate"
	KindCannedReply    = "CannedReply"
)

// MaxText bounds the text of a template or a reply, in bytes.
const MaxText = 16 << 10

// RecordTemplate fills in the form that logs a record.
type RecordTemplate struct {
	// Title is what the form offers it as.
	Title string `json:"title"`
	// Practice is whose form it fills in: incident.
	Practice string `json:"practice"`
	// Fields are what it fills in; what is left out stays to be written.
	Fields TemplateFields `json:"fields"`
}

// TemplateFields are the fields of a record that a template can fill in, named as the body of the command that logs it.
type TemplateFields struct {
	Title              string   `json:"title,omitempty"`
	Description        string   `json:"description,omitempty"`
	Impact             string   `json:"impact,omitempty"`
	Urgency            string   `json:"urgency,omitempty"`
	Service            string   `json:"service,omitempty"`
	Category           string   `json:"category,omitempty"`
	Team               string   `json:"team,omitempty"`
	Channel            string   `json:"channel,omitempty"`
	Location           string   `json:"location,omitempty"`
	Environment        string   `json:"environment,omitempty"`
	Tags               []string `json:"tags,omitempty"`
	ConfigurationItems []string `json:"configuration_items,omitempty"`
}

// CannedReply is a text that is written often.
type CannedReply struct {
	// Title is what the form offers it as.
	Title string `json:"title"`
	// Text is Markdown, in which {{number}} and the other placeholders stand for what the record says.
	Text string `json:"text"`
	// Teams are those on whose records it is offered; none: on all.
	Teams []string `json:"teams,omitempty"`
}

// Placeholders are the words that a canned reply can have in double braces.
var Placeholders = []string{"number", "title", "requester", "assignee", "service", "team", "me"}

// placeholder is a word in double braces, or what was meant to be one.
var placeholder = regexp.MustCompile(`\{\{([^{}\n]*)\}\}`)

// Fill puts values in place of the placeholders: each in one line, and none of them read for placeholders again. What has no
// value is left out.
func (r CannedReply) Fill(values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(r.Text, func(found string) string {
		name := strings.TrimSpace(found[2 : len(found)-2])
		return strings.Join(strings.Fields(values[name]), " ")
	})
}

// For reports whether the reply is offered on the records of a team.
func (r CannedReply) For(team string) bool {
	return len(r.Teams) == 0 || slices.Contains(r.Teams, team)
}

// Validate answers what is wrong with the template. Whether its levels, team and service are known is found out by the form
// that it fills in, which is open to be put right.
func (t RecordTemplate) Validate() []Problem {
	f := &findings{}
	f.words("title", t.Title)
	f.identifier("practice", t.Practice)
	fields := t.Fields
	filled := len(fields.Tags) + len(fields.ConfigurationItems)
	for _, one := range []struct{ name, text string }{
		{"title", fields.Title},
		{"category", fields.Category},
		{"channel", fields.Channel},
		{"location", fields.Location},
		{"environment", fields.Environment},
	} {
		if filled += len(one.text); one.text != "" {
			f.words("fields."+one.name, one.text)
		}
	}
	for _, one := range []struct{ name, text string }{{"impact", fields.Impact}, {"urgency", fields.Urgency}} {
		if filled += len(one.text); one.text != "" {
			f.identifier("fields."+one.name, one.text)
		}
	}
	f.reference("fields.service", fields.Service)
	f.reference("fields.team", fields.Team)
	f.text("fields.description", fields.Description)
	f.texts("fields.tags", fields.Tags)
	f.texts("fields.configuration_items", fields.ConfigurationItems)
	if filled+len(fields.Service)+len(fields.Team)+len(fields.Description) == 0 {
		f.add("fields", "fills in nothing")
	}
	return f.list
}

// Validate answers what is wrong with the reply.
func (r CannedReply) Validate() []Problem {
	f := &findings{}
	f.words("title", r.Title)
	if strings.TrimSpace(r.Text) == "" {
		f.add("text", "is empty")
	}
	f.text("text", r.Text)
	for _, found := range placeholder.FindAllStringSubmatch(r.Text, -1) {
		if name := strings.TrimSpace(found[1]); !slices.Contains(Placeholders, name) {
			f.add("text", "{{%s}} is not a placeholder; there are %s", name, strings.Join(Placeholders, ", "))
		}
	}
	f.count("teams", len(r.Teams), 0, MaxMembers)
	seen := map[string]bool{}
	for i, team := range r.Teams {
		path := fmt.Sprintf("teams[%d]", i)
		f.name(path, team)
		f.once(seen, path, team)
	}
	return f.list
}

func (f *findings) text(path, text string) {
	if len(text) > MaxText {
		f.add(path, "takes at most %d bytes, has %d", MaxText, len(text))
	}
}

// texts checks a list of short texts.
func (f *findings) texts(path string, texts []string) {
	f.count(path, len(texts), 0, MaxTags)
	seen := map[string]bool{}
	for i, text := range texts {
		at := fmt.Sprintf("%s[%d]", path, i)
		f.words(at, text)
		f.once(seen, at, text)
	}
}
