// Package notice words what Holdfast tells people, from one template for each kind: the same words in mails, messages and the
// console's bell. Its data holds nothing that is internal, because a requester may read it.
package notice

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/meeting"
)

//go:embed templates/*.txt
var files embed.FS

const (
	otherKind  = "other"
	bundleKind = "bundle"
)

// Words are a message: one line, and paragraphs of plain text.
type Words struct {
	Subject string
	Text    string
	// Link leads to what it is about; empty where there is nothing, or nobody knows where the console is.
	Link string
	// About is the record's number, "INC-000123"; empty where the words are about several or none.
	About string
}

// Kinds lists the kinds that have words of their own.
func Kinds() []string {
	names, err := fs.Glob(files, "templates/*.txt")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	kinds := make([]string, 0, len(names))
	for _, name := range names {
		if kind := strings.TrimSuffix(path.Base(name), ".txt"); kind != otherKind && kind != bundleKind {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// Of words a parcel. Public is where people reach the console; its links begin with it.
func Of(parcel domain.Parcel, public string) (Words, error) {
	if len(parcel.Told) == 0 {
		return Words{}, errors.New("a parcel tells nothing")
	}
	if len(parcel.Told) == 1 {
		return of(parcel.Told[0], parcel.Person, public)
	}
	return ofSeveral(parcel, public)
}

// Line words one notice for the console's bell, without the record's number.
func Line(told domain.Told) (string, error) {
	words, err := of(told, domain.Person{}, "")
	return words.Subject, err
}

func of(told domain.Told, person domain.Person, public string) (Words, error) {
	facts := factsOf(told, person, public)
	subject, text, err := fill(told.Kind, facts)
	if err != nil {
		return Words{}, err
	}
	words := Words{Subject: subject, Text: text, Link: facts.Link, About: facts.about()}
	if facts.State != "" && facts.SourceNumber == "" {
		words.Text += "\n\n" + facts.state()
	}
	return words, nil
}

// ofSeveral words a bundle: one line for each notice.
func ofSeveral(parcel domain.Parcel, public string) (Words, error) {
	var several struct {
		Lines   []string
		Service string
	}
	for _, told := range parcel.Told {
		words, err := of(told, parcel.Person, public)
		if err != nil {
			return Words{}, err
		}
		line := words.Subject
		if words.About != "" {
			line = words.About + "  " + line
		}
		if link := cmp.Or(factsOf(told, parcel.Person, public).ownLink(), words.Link); link != "" {
			line += "\n" + link
		}
		several.Lines = append(several.Lines, line)
		if told.Record != nil {
			several.Service = told.Record.Service
		}
	}
	subject, text, err := fill(bundleKind, several)
	return Words{Subject: subject, Text: text}, err
}

// facts are what templates may name.
type facts struct {
	Kind, KindWords                                      string
	Number, Title, Service, Team, Assignee, State        string
	Priority                                             int
	By, Code, Vendor, Parent, Note, NoteBy, Handle, Name string
	Secret, Expires, Link, SecretLink                    string
	Metric, Agreement, At, Why, SourceNumber, Rule       string

	onCall
	decision
	gathering
}

func factsOf(told domain.Told, person domain.Person, public string) facts {
	f := facts{
		Kind: told.Kind, KindWords: kindWords(told.Kind), Number: told.Word("number"), By: told.Word("by"), Code: told.Word("code"),
		Vendor: told.Word("vendor"), Parent: told.Word("parent"), Note: strings.TrimSpace(told.Note), NoteBy: told.NoteBy,
		Handle: person.Handle, Name: person.Name, Secret: told.Secret, onCall: onCallOf(told, person.Zone), decision: decisionOf(told, person.Zone), gathering: gatheringOf(told, person.Zone),
		Metric: told.Word("metric"), Agreement: told.Word("agreement"), At: told.Word("at"), Why: told.Word("why"), SourceNumber: told.Word("source_number"), Rule: told.Word("rule"),
		Title: told.Word("title"),
	}
	if record := told.Record; record != nil {
		f.Number, f.Title, f.Service, f.Team, f.Assignee = record.Number, record.Title, record.Service, record.Team, record.Assignee
		f.State, f.Priority = string(record.State), record.Priority
		if record.Practice == changePractice || record.Practice == meeting.Practice {
			f.Priority = 0 // nobody rates a change, or a meeting
		}
		if record.Practice == changePractice && record.Restricted { // who reads a mail on its way nobody can be asked
			f.Title = change.RestrictedTitle
		}
	}
	if !told.ExpiresAt.IsZero() {
		f.Expires = moment(told.ExpiresAt, person.Zone)
	}
	if public != "" {
		public = strings.TrimSuffix(public, "/")
		if told.Kind == "escalation.page" && told.Secret != "" {
			f.SecretLink = public + "/acknowledge/" + told.Secret
		}
		if strings.HasPrefix(told.Kind, "change.vote_") && told.Secret != "" {
			f.SecretLink = public + "/approve/" + told.Secret
		}
		switch {
		case told.Kind == "account.invited":
			f.SecretLink = public + "/welcome/" + told.Secret
		case f.SourceNumber != "": // an escalation is read where it was called for
			f.Link = public + "/" + string(domain.Incident) + "s/" + f.SourceNumber
		case f.Number != "":
			f.Link = public + pageOf(practice(told)) + f.Number
		case f.Schedule != "":
			f.Link = public + f.onCall.path()
		default:
			f.Link = public + "/notifications"
		}
	}
	return f
}

// ownLink is the way to the vote that a notice asks for; a bundle has it in place of the way to the record.
func (f facts) ownLink() string {
	if strings.HasPrefix(f.Kind, "change.vote_") {
		return f.SecretLink
	}
	return ""
}

func practice(told domain.Told) domain.Practice {
	if told.Record != nil {
		return told.Record.Practice
	}
	for _, one := range []domain.Practice{changePractice, meeting.Practice} {
		if strings.HasPrefix(told.Kind, string(one)+".") {
			return one
		}
	}
	return domain.Incident
}

// pageOf is where the console has the records of a practice.
func pageOf(of domain.Practice) string {
	if of == meeting.Practice {
		return "/cab-meetings/"
	}
	return "/" + string(of) + "s/"
}

// about is the number that people know it by: that of what an escalation was called for.
func (f facts) about() string {
	if f.SourceNumber != "" {
		return f.SourceNumber
	}
	return f.Number
}

// state tells how the record stands now, in one line.
func (f facts) state() string {
	parts := []string{strings.ReplaceAll(f.State, "_", " ")}
	if f.Priority > 0 {
		parts = append(parts, "priority "+strconv.Itoa(f.Priority))
	}
	if f.Service != "" {
		parts = append(parts, "service "+f.Service)
	}
	return "It is " + strings.Join(parts, ", ") + "."
}

func kindWords(kind string) string {
	words := strings.NewReplacer(".", " ", "_", " ").Replace(kind)
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// moment tells an instant in somebody's zone.
func moment(at time.Time, zone string) string {
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	return at.In(place).Format("2 January 2006 15:04 MST")
}

var parsed = sync.OnceValues(func() (*template.Template, error) {
	return template.New("notices").Option("missingkey=error").ParseFS(files, "templates/*.txt")
})

// fill fills the template of a kind in: its first line is the subject, what follows the text.
func fill(kind string, data any) (subject, text string, err error) {
	all, err := parsed()
	if err != nil {
		return "", "", fmt.Errorf("reading the templates of notices: %w", err)
	}
	one := all.Lookup(kind + ".txt")
	if one == nil {
		one = all.Lookup(otherKind + ".txt")
	}
	var filled strings.Builder
	if err := one.Execute(&filled, data); err != nil {
		return "", "", fmt.Errorf("wording %s: %w", kind, err)
	}
	subject, text, _ = strings.Cut(filled.String(), "\n")
	return oneLine(subject), strings.TrimSpace(text), nil
}

// oneLine keeps words that people wrote from breaking out of a line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
