package app

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/notice"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// Notifications is how the caller is told things: the console's bell, their contacts, and what they chose.
type Notifications interface {
	// Bell lists what the caller was told, the newest first.
	Bell(ctx context.Context, query BellQuery) (Page[Rung], error)
	// Unread counts what they have not read; 100 stands for more than 99.
	Unread(ctx context.Context) (int, error)
	// ReadBell marks one of them read, or all up to it.
	ReadBell(ctx context.Context, id int64, upTo bool) error
	NotificationSettings(ctx context.Context) (NotificationSettings, error)
	// SaveNotificationRules says how the caller is told: invalid where a contact is not theirs or not verified.
	SaveNotificationRules(ctx context.Context, rules NotificationRules) (NotificationSettings, error)
	// AddContact sends a code to a new contact; it counts when VerifyContact brings that back.
	AddContact(ctx context.Context, body ContactBody) (Contact, error)
	VerifyContact(ctx context.Context, id, code string) (Contact, error)
	DropContact(ctx context.Context, id string) error
	// TestPage pages the caller, by the contacts and after the times that they chose.
	TestPage(ctx context.Context) error
}

// BellQuery narrows the bell.
type BellQuery struct {
	Unread bool   `json:"unread"`
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// Rung is one notice of the bell.
type Rung struct {
	ID   int64       `json:"id"`
	Kind string      `json:"kind"`
	Lane domain.Lane `json:"lane"`
	// Text is what it says, in one line.
	Text string `json:"text"`
	// Record is the number of what it is about; empty: nothing, or what the caller may not see any more.
	Record    string          `json:"record,omitempty"`
	Practice  domain.Practice `json:"practice,omitempty"`
	CreatedAt time.Time       `json:"created_at"`
	ReadAt    *time.Time      `json:"read_at,omitempty"`
}

// Contact is where somebody is reached. The one with the id "mail" is the address of their account.
type Contact struct {
	ID         string         `json:"id"`
	Channel    domain.Channel `json:"channel"`
	Address    string         `json:"address"`
	VerifiedAt *time.Time     `json:"verified_at,omitempty"`
	// Verified contacts can be chosen. An account's address is: an administrator wrote it.
	Verified bool `json:"verified"`
	// CodeExpiresAt is until when the code that was sent works.
	CodeExpiresAt *time.Time `json:"code_expires_at,omitempty"`
}

// ContactBody is a new contact.
type ContactBody struct {
	Channel domain.Channel `json:"channel" enum:"mail,sms,voice,push,slack"`
	Address string         `json:"address" minLength:"1" maxLength:"320" doc:"A mail address; a number such as +4930123456; for push whatever the gateway knows the device by; for slack the member ID, U024BE7LH, after the workspace and a slash where there are several"`
}

// NotificationRules are how somebody is told. Nothing of it holds back what is about their account.
type NotificationRules struct {
	// Notices are the contacts that notices go to, at once.
	Notices []NoticeRule `json:"notices" maxItems:"20"`
	// Pages are the contacts that pages go to, each after its time, until the page is read.
	Pages []PageRule `json:"pages" maxItems:"20"`
	// QuietFrom and QuietTo are local times between which notices wait; pages do not.
	QuietFrom string `json:"quiet_from,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"In the person's zone: 22:00"`
	QuietTo   string `json:"quiet_to,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$"`
}

// NoticeRule sends notices to a contact.
type NoticeRule struct {
	Contact string `json:"contact" minLength:"1" maxLength:"64"`
}

// PageRule sends pages to a contact, after a time.
type PageRule struct {
	Contact      string `json:"contact" minLength:"1" maxLength:"64"`
	AfterSeconds int    `json:"after_seconds,omitempty" minimum:"0" maximum:"3600"`
}

// NotificationSettings are somebody's contacts and rules.
type NotificationSettings struct {
	Contacts []Contact `json:"contacts"`
	// Chosen: the rules are theirs, not those that hold without a choice.
	Chosen bool              `json:"chosen"`
	Rules  NotificationRules `json:"rules"`
	// Channels are those by which this installation reaches people now.
	Channels []domain.Channel `json:"channels"`
}

const accountContact = "mail"

// Bell lists what the caller was told.
func (a *App) Bell(ctx context.Context, query BellQuery) (Page[Rung], error) {
	page := Page[Rung]{Items: []Rung{}}
	principal, err := a.own(ctx)
	if err != nil {
		return page, err
	}
	place, err := decodeCursor[int64](query.Cursor)
	if err != nil {
		return page, err
	}
	var before int64
	if place != nil {
		before = *place
	}
	limit := pageSize(query.Limit)
	rows, err := schemas.Bell(ctx, a.DB, a.reader(principal), before, query.Unread, limit+1)
	if err != nil {
		return page, a.fault(ctx, "reading the bell", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		if page.NextCursor, err = encodeCursor(rows[limit-1].Outbox); err != nil {
			return page, a.fault(ctx, "reading the bell", err)
		}
	}
	for _, row := range rows {
		one, err := rungOf(row)
		if err != nil {
			return page, a.fault(ctx, "reading the bell", err)
		}
		page.Items = append(page.Items, one)
	}
	return page, nil
}

func rungOf(row schemas.Rung) (Rung, error) {
	told := domain.Told{Kind: row.Kind, At: row.CreatedAt, Note: row.Note, NoteBy: row.NoteBy}
	if err := json.Unmarshal(row.Data, &told.Data); err != nil {
		return Rung{}, err
	}
	told.Record = &domain.Record{Practice: row.Practice, Number: row.Number, Title: row.Title, Service: row.Service, Team: row.Team, Assignee: row.Assignee}
	text, err := notice.Line(told)
	if source := told.Word("source_number"); source != "" && row.Number != "" { // an escalation is read where it was called for
		row.Number, row.Practice = source, domain.Incident
	}
	return Rung{
		ID: row.Outbox, Kind: row.Kind, Lane: row.Lane, Text: strings.TrimSuffix(text, ":"), Record: row.Number, Practice: row.Practice,
		CreatedAt: row.CreatedAt.UTC(), ReadAt: inUTC(row.ReadAt),
	}, err
}

// own finds the caller, who asks for what is theirs.
func (a *App) own(ctx context.Context) (Principal, error) {
	principal, err := PrincipalFrom(ctx)
	if err != nil {
		return principal, err
	}
	return principal, principal.mayAnywhere(PermissionNotifyOwn)
}

// Unread counts what the caller has not read.
func (a *App) Unread(ctx context.Context) (int, error) {
	principal, err := a.own(ctx)
	if err != nil {
		return 0, err
	}
	count, err := schemas.Unread(ctx, a.DB, principal.Handle)
	return count, a.fault(ctx, "counting the bell", err)
}

// ReadBell marks what the caller has read.
func (a *App) ReadBell(ctx context.Context, id int64, upTo bool) error {
	principal, err := a.own(ctx)
	if err != nil {
		return err
	}
	return a.fault(ctx, "marking the bell", schemas.ReadBell(ctx, a.DB, principal.Handle, id, !upTo, a.now()))
}

// NotificationSettings reads how the caller is told.
func (a *App) NotificationSettings(ctx context.Context) (NotificationSettings, error) {
	principal, err := a.own(ctx)
	if err != nil {
		return NotificationSettings{}, err
	}
	settings, err := a.settings(ctx, a.DB, principal.Handle)
	return settings, a.fault(ctx, "reading notification rules", err)
}

func (a *App) settings(ctx context.Context, db bun.IDB, handle string) (NotificationSettings, error) {
	settings := NotificationSettings{Contacts: []Contact{}, Rules: NotificationRules{Notices: []NoticeRule{}, Pages: []PageRule{}}}
	person, found, err := schemas.ReadPerson(ctx, db, handle)
	if err != nil || !found {
		return settings, err
	}
	if person.Mail != "" {
		settings.Contacts = append(settings.Contacts, Contact{ID: accountContact, Channel: domain.ChannelMail, Address: person.Mail, Verified: true})
		settings.Rules.Notices = append(settings.Rules.Notices, NoticeRule{Contact: accountContact})
		settings.Rules.Pages = append(settings.Rules.Pages, PageRule{Contact: accountContact})
	}
	contacts, err := schemas.Contacts(ctx, db, handle)
	if err != nil {
		return settings, err
	}
	for _, row := range contacts {
		settings.Contacts = append(settings.Contacts, contactOf(row))
	}
	if settings.Channels, err = schemas.ReachedChannels(ctx, db); err != nil {
		return settings, err
	}
	row, chosen, err := schemas.ReadRules(ctx, db, handle)
	if err != nil || !chosen {
		return settings, err
	}
	settings.Chosen = true
	settings.Rules = NotificationRules{Notices: []NoticeRule{}, Pages: []PageRule{}, QuietFrom: row.QuietFrom, QuietTo: row.QuietTo}
	if err := json.Unmarshal(row.Notices, &settings.Rules.Notices); err != nil {
		return settings, err
	}
	if err := json.Unmarshal(row.Pages, &settings.Rules.Pages); err != nil {
		return settings, err
	}
	gone := func(id string) bool {
		return !slices.ContainsFunc(settings.Contacts, func(contact Contact) bool { return contact.ID == id })
	}
	settings.Rules.Notices = slices.DeleteFunc(settings.Rules.Notices, func(rule NoticeRule) bool { return gone(rule.Contact) })
	settings.Rules.Pages = slices.DeleteFunc(settings.Rules.Pages, func(rule PageRule) bool { return gone(rule.Contact) })
	return settings, nil
}

func contactOf(row schemas.ContactRow) Contact {
	contact := Contact{ID: row.ID, Channel: row.Channel, Address: row.Address, VerifiedAt: inUTC(row.VerifiedAt), Verified: row.VerifiedAt != nil}
	if row.VerifiedAt == nil {
		contact.CodeExpiresAt = inUTC(row.CodeExpiresAt)
	}
	return contact
}

// SaveNotificationRules writes how the caller is told.
func (a *App) SaveNotificationRules(ctx context.Context, rules NotificationRules) (NotificationSettings, error) {
	principal, err := a.own(ctx)
	if err != nil {
		return NotificationSettings{}, err
	}
	var settings NotificationSettings
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		before, err := a.settings(ctx, tx, principal.Handle)
		if err != nil {
			return err
		}
		if err := checkRules(rules, before.Contacts); err != nil {
			return err
		}
		row := schemas.RulesRow{Person: principal.Handle, QuietFrom: rules.QuietFrom, QuietTo: rules.QuietTo, UpdatedAt: a.now()}
		if row.Notices, err = json.Marshal(append([]NoticeRule{}, rules.Notices...)); err != nil {
			return err
		}
		if row.Pages, err = json.Marshal(append([]PageRule{}, rules.Pages...)); err != nil {
			return err
		}
		if err := schemas.SaveRules(ctx, tx, row); err != nil {
			return err
		}
		settings, err = a.settings(ctx, tx, principal.Handle)
		return err
	})
	return settings, a.fault(ctx, "writing notification rules", err)
}

var clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// checkRules says what is wrong with rules: each contact is one of the person's, verified, and named once.
func checkRules(rules NotificationRules, contacts []Contact) error {
	if (rules.QuietFrom == "") != (rules.QuietTo == "") {
		return domain.Invalid("quiet_to", "quiet hours have a beginning and an end")
	}
	if rules.QuietFrom != "" && (!clockTime.MatchString(rules.QuietFrom) || !clockTime.MatchString(rules.QuietTo) || rules.QuietFrom == rules.QuietTo) {
		return domain.Invalid("quiet_from", "quiet hours lie between two times of day such as 22:00 and 06:00")
	}
	known := func(id string) bool {
		return slices.ContainsFunc(contacts, func(contact Contact) bool { return contact.ID == id && contact.Verified })
	}
	named := map[string]bool{}
	for _, rule := range rules.Notices {
		if !known(rule.Contact) || named[rule.Contact] {
			return domain.Invalid("notices", "names verified contacts of yours, each once")
		}
		named[rule.Contact] = true
	}
	clear(named)
	for _, rule := range rules.Pages {
		if !known(rule.Contact) || named[rule.Contact] {
			return domain.Invalid("pages", "names verified contacts of yours, each once")
		}
		if rule.AfterSeconds < 0 || rule.AfterSeconds > 3600 {
			return domain.Invalid("pages", "begin within an hour")
		}
		named[rule.Contact] = true
	}
	return nil
}

// TestPage pages the caller.
func (a *App) TestPage(ctx context.Context) error {
	principal, err := a.own(ctx)
	if err != nil {
		return err
	}
	if err := a.seldom(ctx, a.DB, principal.Handle, "account.test_page"); err != nil {
		return err
	}
	return a.fault(ctx, "paging you", schemas.TellAccount(ctx, a.DB, "account.test_page", principal.Handle, "{}", a.now()))
}
