package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

const (
	dispatchMost = 100
	// How long a delivery is tried before it is given up.
	pageLives   = 4 * time.Hour
	noticeLives = 72 * time.Hour
)

// Dispatch turns what waits in the outbox into bell rows and deliveries, the oldest first, in one transaction. Done again, it
// does nothing. It answers at which destinations something was added, and whether more may wait. Several workers may call it;
// one at a time does the work.
func (a *Activities) Dispatch(ctx context.Context) (destinations []string, more bool, err error) {
	if wait, err := schemas.NoticesWait(ctx, a.DB); err != nil || !wait {
		return nil, false, err
	}
	unreached := false
	err = a.DB.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		alone, err := schemas.LockDispatch(ctx, tx)
		if err != nil || !alone {
			return err
		}
		notices, err := schemas.WaitingNotices(ctx, tx, dispatchMost)
		if err != nil || len(notices) == 0 {
			return err
		}
		more = len(notices) == dispatchMost
		d := dispatch{now: domain.Millisecond(a.Clock.Now()), mails: a.Carriers[domain.ChannelMail] != nil, log: a.Log}
		if d.instances, err = schemas.ActiveDestinations(ctx, tx); err != nil {
			return err
		}
		if d.away, err = schemas.OpenCircuits(ctx, tx, d.now, d.now.Add(pagesWait)); err != nil {
			return err
		}
		positions := make([]int64, len(notices))
		for i, notice := range notices {
			positions[i] = notice.Position
			to := audience(notice)
			standing, err := standIns(ctx, tx, notice, to.People, d.now)
			if err != nil {
				return err
			}
			to.Delegates = slices.Sorted(maps.Keys(standing))
			people, err := schemas.FindAudience(ctx, tx, notice.RecordID, to)
			if err != nil {
				return err
			}
			d.tell(ctx, notice, people, standing)
		}
		for _, delivery := range d.deliveries {
			destinations = append(destinations, delivery.Destination)
		}
		if err := schemas.Dispatched(ctx, tx, positions, d.deliveries, d.bell, d.now); err != nil {
			return err
		}
		unreached, err = d.unreached(ctx, tx)
		return err
	})
	if err != nil {
		return nil, false, fmt.Errorf("dispatching the outbox: %w", err)
	}
	if unreached && a.Committed != nil {
		a.Committed()
	}
	slices.Sort(destinations)
	return slices.Compact(destinations), more, nil
}

// forEverybody are the kinds that a record's watchers are told: those that its requester may be told too, and that ask nothing.
var forEverybody = []string{
	"incident.logged", "incident.resolved", "incident.canceled", "incident.reopened", "incident.closed", "incident.note",
	"change.approved", "change.rejected", "change.approval_void", "change.scheduled", "change.started", "change.ended", "change.window_missed", "change.note",
}

// receipts are the kinds that tell somebody also of what they did themselves.
var receipts = []string{"incident.logged", "incident.satisfaction"}

// audience reads a notice's recipients. Nobody is told of what they did themselves.
func audience(notice schemas.WaitingNotice) schemas.Audience {
	who := schemas.Audience{Watchers: slices.Contains(forEverybody, notice.Kind)}
	var data struct {
		By string `json:"by"`
	}
	if !strings.HasPrefix(notice.Kind, "account.") && !slices.Contains(receipts, notice.Kind) && json.Unmarshal(notice.Data, &data) == nil {
		who.But = data.By
	}
	for _, recipient := range notice.Recipients {
		form, name, _ := strings.Cut(recipient, ":")
		switch form {
		case "person":
			who.People = append(who.People, name)
		case "team":
			who.Teams = append(who.Teams, name)
		case "team_lead":
			who.Leads = append(who.Leads, name)
		case "service_owner":
			who.Owners = append(who.Owners, name)
		case "role":
			who.Roles = append(who.Roles, name)
		case "watchers":
			who.Watchers = true
		}
	}
	return who
}

// dispatch gathers what a transaction writes.
type dispatch struct {
	now        time.Time
	log        *slog.Logger
	mails      bool // the workers can send mail
	instances  []schemas.DestinationRow
	away       []string // the destinations that do not answer now
	deliveries []schemas.DeliveryRow
	bell       []schemas.BellRow
}

// contact is where somebody is reached.
type contact struct {
	ID      string         `json:"id"`
	Channel domain.Channel `json:"channel"`
	Address string         `json:"address"`
	after   time.Duration
}

// tell adds what one notice means for the people it is for, of whom some stand in for others, and for the webhooks that ask for its kind.
func (d *dispatch) tell(ctx context.Context, notice schemas.WaitingNotice, people []schemas.Reachable, standing map[string]string) {
	for _, instance := range d.instances {
		if instance.Channel == domain.ChannelWebhook && notice.RecordID != "" && !notice.Restricted &&
			(asksFor(instance.Kinds, notice.Kind) || slices.Contains(notice.Recipients, "webhook:"+instance.Name)) {
			d.add(notice, instance.Name, contact{Channel: domain.ChannelWebhook}, "", d.now, notice.Lane == domain.LanePage && slices.Contains(d.away, instance.Name))
		}
	}
	for _, person := range people {
		contacts, err := contactsFor(notice, person)
		if err != nil { // what one person chose must not keep everybody else from being told
			d.log.ErrorContext(ctx, "what somebody chose of how they are told cannot be read; they are told as if they had chosen nothing",
				"person", person.Handle, "notice", notice.Position, "error", err)
		}
		if !silent(notice.Kind) {
			data, err := inPlaceOf(notice.Data, standing[person.Handle])
			if err != nil {
				d.log.ErrorContext(ctx, "a delegate's bell does not say in whose place they are asked", "person", person.Handle, "notice", notice.Position, "error", err)
			}
			d.bell = append(d.bell, schemas.BellRow{
				Person: person.Handle, Outbox: notice.Position, Kind: notice.Kind, Lane: notice.Lane, RecordID: notice.RecordID,
				Data: data, CreatedAt: d.now,
			})
		}
		at := d.now
		if notice.Lane == domain.LaneNotice && notice.RecordID != "" {
			at = afterQuiet(person, d.now)
		}
		d.reach(notice, person.Handle, contacts, at)
	}
}

// reach adds a delivery for each contact of somebody that anything carries. A page that cannot be sent to one now is not kept from
// the next until its time comes.
func (d *dispatch) reach(notice schemas.WaitingNotice, person string, contacts []contact, at time.Time) {
	slices.SortStableFunc(contacts, func(a, b contact) int { return cmp.Compare(a.after, b.after) })
	turn := false // the contact before this one gave its turn up
	for _, each := range contacts {
		destination, when := d.carrier(each), at.Add(each.after)
		if turn {
			when, turn = at, false
		}
		vain := notice.Lane == domain.LanePage && (destination == "" || slices.Contains(d.away, destination))
		if destination != "" {
			d.add(notice, destination, each, person, when, vain)
		}
		turn = vain && !when.After(at)
	}
}

// unreached tells escalations of pages that are in vain from the beginning; it answers whether there were any.
func (d *dispatch) unreached(ctx context.Context, tx bun.Tx) (some bool, err error) {
	seen := map[int64]bool{}
	for _, delivery := range d.deliveries {
		if !delivery.InVain || seen[delivery.Outbox] {
			continue
		}
		seen[delivery.Outbox] = true
		left, err := leaveUnreached(ctx, tx, delivery.Outbox, d.now)
		if err != nil {
			return some, err
		}
		some = some || left
	}
	return some, nil
}

// silent are the kinds that reach people who cannot read a bell yet, or that are about reaching them at all.
func silent(kind string) bool { return kind == "account.invited" || kind == "account.contact" }

// add adds one delivery. What somebody is told of a record comes in order; pages do not wait for each other.
func (d *dispatch) add(notice schemas.WaitingNotice, destination string, to contact, person string, at time.Time, vain bool) {
	position := strconv.FormatInt(notice.Position, 10)
	id := domain.NewID(domain.CommandID("delivery", position, destination, string(to.Channel), to.Address))
	row := schemas.DeliveryRow{
		ID: id, Outbox: notice.Position, Destination: destination, Channel: to.Channel, Lane: notice.Lane, Person: person, Address: to.Address,
		Line: id, RecordID: notice.RecordID, Service: notice.Service, Kind: notice.Kind, GuardKind: notice.GuardKind, GuardID: notice.GuardID,
		State: schemas.DeliveryPending, InVain: vain, NextAt: at, DeadAt: at.Add(noticeLives), CreatedAt: d.now,
	}
	switch {
	case notice.Lane == domain.LanePage:
		row.DeadAt = at.Add(pageLives)
		if row.GuardKind == "" {
			row.GuardKind, row.GuardID = domain.GuardUnread, position+"/"+person
		}
	case notice.RecordID != "":
		row.Line = notice.RecordID + "/" + string(to.Channel) + "/" + to.Address
	}
	d.deliveries = append(d.deliveries, row)
}

// carrier is the destination that reaches a contact; "" where there is none.
func (d *dispatch) carrier(to contact) string {
	workspace, _, _ := strings.Cut(to.Address, "/")
	for _, instance := range d.instances {
		switch {
		case to.Channel == domain.ChannelMail && instance.Channel == domain.ChannelMail && d.mails,
			to.Channel == domain.ChannelSlack && instance.Channel == domain.ChannelSlack && instance.Name == workspace,
			to.Channel != domain.ChannelSlack && slices.Contains(instance.Carries, to.Channel):
			return instance.Name
		}
	}
	return ""
}

// asksFor reports whether a kind is among patterns such as "incident.*".
func asksFor(patterns []string, kind string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matches, err := path.Match(pattern, kind)
		return err == nil && matches
	})
}

// accountMail names the address of somebody's account among their contacts.
const accountMail = "mail"

// contactsFor are the contacts of somebody that a notice goes to, by what they chose; without a choice, their account's address.
// With an error come those without a choice; of a page every contact that is known, since nobody knows which of them wakes.
func contactsFor(notice schemas.WaitingNotice, person schemas.Reachable) ([]contact, error) {
	var known, mails []contact
	if person.Mail != "" {
		mails = append(mails, contact{ID: accountMail, Channel: domain.ChannelMail, Address: person.Mail})
	}
	if err := json.Unmarshal(person.Contacts, &known); err != nil {
		return mails, fmt.Errorf("reading the contacts of %s: %w", person.Handle, err)
	}
	known = append(known, mails...)
	if strings.HasPrefix(notice.Kind, "account.") && notice.Lane == domain.LaneNotice || !person.Chose {
		return accountContacts(notice, known), nil
	}
	chosen := []struct {
		Contact      string `json:"contact"`
		AfterSeconds int    `json:"after_seconds"`
	}{}
	rules := person.Notices
	if notice.Lane == domain.LanePage {
		rules = person.Pages
	}
	if err := json.Unmarshal(rules, &chosen); err != nil {
		if notice.Lane == domain.LanePage {
			mails = known
		}
		return mails, fmt.Errorf("reading the notification rules of %s: %w", person.Handle, err)
	}
	var contacts []contact
	for _, rule := range chosen {
		for _, each := range known {
			if each.ID == rule.Contact {
				each.after = time.Duration(rule.AfterSeconds) * time.Second
				contacts = append(contacts, each)
			}
		}
	}
	return contacts, nil
}

// accountContacts are the account's address, or the contact that is asked whether it is there.
func accountContacts(notice schemas.WaitingNotice, known []contact) []contact {
	if notice.Kind == "account.contact" {
		var asked contact
		if json.Unmarshal(notice.Data, &asked) != nil {
			return nil
		}
		return []contact{asked}
	}
	return slices.DeleteFunc(known, func(each contact) bool { return each.ID != accountMail })
}

// afterQuiet is when somebody may be told: now, or when their quiet hours end.
func afterQuiet(person schemas.Reachable, now time.Time) time.Time {
	if person.QuietAt == "" || person.QuietAt == person.QuietEnd {
		return now
	}
	zone, err := time.LoadLocation(person.Zone)
	if err != nil {
		zone = time.UTC
	}
	local := now.In(zone)
	clock := local.Format("15:04")
	overnight := person.QuietAt > person.QuietEnd
	if quiet := clock >= person.QuietAt && (overnight || clock < person.QuietEnd) || overnight && clock < person.QuietEnd; !quiet {
		return now
	}
	end, err := time.Parse("15:04", person.QuietEnd)
	if err != nil {
		return now
	}
	at := time.Date(local.Year(), local.Month(), local.Day(), end.Hour(), end.Minute(), 0, 0, zone)
	if !at.After(local) {
		at = time.Date(local.Year(), local.Month(), local.Day()+1, end.Hour(), end.Minute(), 0, 0, zone)
	}
	return domain.Millisecond(at)
}
