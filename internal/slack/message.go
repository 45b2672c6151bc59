package slack

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/domain/escalation"
	"github.com/holdfast-itsm/holdfast/internal/notice"
)

// The bounds of Block Kit, in characters, with room to spare.
const (
	headerMost = 150
	textMost   = 2900
	fieldMost  = 1900
)

// The actions of the buttons. Each but the link is the verb of a command to the escalation that is its value.
const (
	ActionAcknowledge = "acknowledge"
	ActionEscalateNow = "escalate_now"
	actionOpen        = "open"
)

// actionsBlock names the block of the buttons.
const actionsBlock = "holdfast"

// messageOf writes a parcel in Block Kit, with the same in plain text for notifications and readers aloud. What people wrote is plain
// text throughout: it cannot call a channel or hide a link.
func messageOf(parcel domain.Parcel, words notice.Words) []slack.MsgOption {
	title := words.Subject
	if words.About != "" {
		title = words.About + "  " + title
	}
	plain := title + "\n\n" + words.Text
	if words.Link != "" {
		plain += "\n\n" + words.Link
	}
	blocks := []slack.Block{slack.NewHeaderBlock(plainText(title, headerMost))}
	if words.Text != "" {
		blocks = append(blocks, slack.NewSectionBlock(plainText(words.Text, textMost), nil, nil))
	}
	newest := parcel.Told[len(parcel.Told)-1]
	if len(parcel.Told) == 1 {
		if fields := fieldsOf(newest, words.About); len(fields) > 0 {
			blocks = append(blocks, slack.NewSectionBlock(nil, fields, nil))
		}
	}
	if buttons := buttonsOf(parcel, newest, words.Link); len(buttons) > 0 {
		blocks = append(blocks, slack.NewActionBlock(actionsBlock, buttons...))
	}
	return []slack.MsgOption{
		slack.MsgOptionText(clip(plain, textMost), true), slack.MsgOptionBlocks(blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "holdfast_notice", EventPayload: map[string]any{"id": parcel.ID, "kind": newest.Kind}}),
	}
}

// fieldsOf are what one looks for first: what it is about, how urgent, and of which service.
func fieldsOf(told domain.Told, about string) (fields []*slack.TextBlockObject) {
	if told.Record == nil {
		return nil
	}
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, plainText(name+"\n"+value, fieldMost))
		}
	}
	add("Record", about)
	if told.Record.Priority > 0 && told.Record.Practice != change.Practice { // nobody rates a change
		add("Priority", strconv.Itoa(told.Record.Priority))
	}
	add("Service", told.Record.Service)
	return fields
}

// buttonsOf are what the reader can do at once: with a page whatever its escalation still takes, and the way to the console.
func buttonsOf(parcel domain.Parcel, told domain.Told, link string) (buttons []slack.BlockElement) {
	if record := told.Record; record != nil && told.Kind == "escalation.page" && record.Practice == escalation.Practice && len(parcel.Told) == 1 {
		takes := escalation.Lifecycle.Allowed(record.State, domain.Actor{Kind: domain.ActorPerson, Roles: []domain.Role{domain.RoleAgent}})
		if slices.Contains(takes, ActionAcknowledge) {
			button := slack.NewButtonBlockElement(ActionAcknowledge, record.ID, plainText("Acknowledge", headerMost))
			buttons = append(buttons, button.WithStyle(slack.StylePrimary))
		}
		if record.State == escalation.Calling && slices.Contains(takes, ActionEscalateNow) {
			button := slack.NewButtonBlockElement(ActionEscalateNow, record.ID, plainText("Escalate now", headerMost))
			buttons = append(buttons, button.WithConfirm(slack.NewConfirmationBlockObject(
				plainText("Escalate now?", headerMost), plainText("Whoever is next in line is called at once.", fieldMost),
				plainText("Escalate", headerMost), plainText("Not yet", headerMost),
			)))
		}
	}
	if link != "" && len(link) <= 3000 {
		button := slack.NewButtonBlockElement(actionOpen, "", plainText("Open in Holdfast", headerMost))
		buttons = append(buttons, button.WithURL(link))
	}
	return buttons
}

func plainText(text string, most int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, clip(text, most), false, false)
}

// clip keeps a text within so many characters.
func clip(text string, most int) string {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
