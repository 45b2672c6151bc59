package mail

import (
	"fmt"
	"html"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/notice"
)

// message writes a parcel as a mail. Its Message-ID is the delivery's, so that a mail that comes twice is one for who reads it;
// all mails about a record refer to the same id, so that they stand together.
func (r *Relay) message(parcel domain.Parcel) (*gomail.Msg, error) {
	words, err := notice.Of(parcel, r.public)
	if err != nil {
		return nil, err
	}
	message := gomail.NewMsg()
	message.FromMailAddress(&r.from)
	to := parcel.Person.Name
	if err := message.AddToFormat(to, parcel.Address); err != nil {
		return nil, &domain.DeliveryFault{Consequence: domain.FaultRefused, Message: "the address is none: " + parcel.Address}
	}
	subject := words.Subject
	if words.About != "" {
		subject = "[" + words.About + "] " + subject
	}
	message.Subject(subject)
	message.SetDateWithValue(parcel.Told[len(parcel.Told)-1].At)
	message.SetMessageIDWithValue(parcel.ID + "@" + r.domain)
	if record := threadOf(parcel); record != "" {
		thread := "<" + record + "@" + r.domain + ">"
		message.SetGenHeaderPreformatted("References", thread)
		message.SetGenHeaderPreformatted("In-Reply-To", thread)
	}
	// A machine wrote it (RFC 3834): nobody's absence needs to be told, and no list's rules apply but these.
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	message.SetGenHeader("X-Auto-Response-Suppress", "All")
	message.SetGenHeaderPreformatted("List-Id", "Holdfast <holdfast."+r.domain+">")
	message.SetUserAgent("Holdfast")
	message.SetBodyString(gomail.TypeTextPlain, r.plain(words))
	message.AddAlternativeString(gomail.TypeTextHTML, r.html(words))
	return message, nil
}

// threadOf is the record that a mail stands with: what an escalation was called for, else its own; "" for a bundle.
func threadOf(parcel domain.Parcel) string {
	told := parcel.Told[0]
	switch source := told.Word("source"); {
	case len(parcel.Told) > 1 || told.Record == nil:
		return ""
	case source != "" && told.Word("source_number") != "":
		return source
	}
	return told.Record.ID
}

// foot says why the mail came.
func (r *Relay) foot() string {
	if r.public == "" {
		return "Holdfast tells you this. How you are told is on your profile."
	}
	return "Holdfast tells you this. How you are told is on your profile: " + strings.TrimSuffix(r.public, "/") + "/profile"
}

func (r *Relay) plain(words notice.Words) string {
	text := words.Text
	if words.Link != "" {
		text += "\n\n" + words.Link
	}
	return text + "\n\n-- \n" + r.foot() + "\n"
}

// html is the same in simple HTML, with nothing to load.
func (r *Relay) html(words notice.Words) string {
	var body strings.Builder
	body.WriteString(`<!DOCTYPE html><html lang="en"><body style="font-family:system-ui,sans-serif;line-height:1.5;max-width:40em">`)
	for paragraph := range strings.SplitSeq(words.Text, "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			fmt.Fprintf(&body, "<p>%s</p>", linked(paragraph))
		}
	}
	if words.Link != "" {
		title := "Open it in Holdfast"
		if words.About != "" {
			title = "Open " + words.About
		}
		fmt.Fprintf(&body, `<p><a href="%s">%s</a></p>`, html.EscapeString(words.Link), html.EscapeString(title))
	}
	fmt.Fprintf(&body, `<p style="color:#666;font-size:0.875em">%s</p></body></html>`, linked(r.foot()))
	return body.String()
}

// linked escapes a paragraph, keeps its lines, and makes a link of an address at a line's end.
func linked(paragraph string) string {
	lines := strings.Split(paragraph, "\n")
	for i, line := range lines {
		before, last := "", line
		if at := strings.LastIndexByte(line, ' '); at >= 0 {
			before, last = line[:at+1], line[at+1:]
		}
		lines[i] = html.EscapeString(line)
		if strings.HasPrefix(last, "https://") || strings.HasPrefix(last, "http://") {
			lines[i] = html.EscapeString(before) + `<a href="` + html.EscapeString(last) + `">` + html.EscapeString(last) + `</a>`
		}
	}
	return strings.Join(lines, "<br>")
}
