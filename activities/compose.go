package activities

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/schemas"
)

// compose reads what deliveries tell, as it stands now. False: nobody needs it any more.
func (b *batch) compose(ctx context.Context, rows []schemas.DeliveryRow) (domain.Parcel, bool, error) {
	first := rows[0]
	parcel := domain.Parcel{
		ID: first.ID, Destination: first.Destination, Channel: first.Channel, Address: first.Address, Lane: first.Lane,
		Person: domain.Person{Handle: first.Person},
	}
	for _, row := range rows {
		content, err := schemas.ReadContent(ctx, b.DB, row)
		if err != nil {
			return parcel, false, err
		}
		if !content.Active {
			return parcel, false, nil
		}
		parcel.Person.Name, parcel.Person.Zone = content.Name, content.Zone
		told, wanted, err := b.told(ctx, row, content)
		if err != nil || !wanted {
			return parcel, false, err
		}
		parcel.Told = append(parcel.Told, told)
	}
	return parcel, true, nil
}

func (b *batch) told(ctx context.Context, row schemas.DeliveryRow, content schemas.Content) (domain.Told, bool, error) {
	told := domain.Told{Kind: content.Kind, At: content.At.UTC(), Note: content.Note, NoteBy: content.NoteBy}
	if err := json.Unmarshal(content.Data, &told.Data); err != nil {
		return told, false, fmt.Errorf("reading notice %d: %w", row.Outbox, err)
	}
	if content.RecordID != "" {
		head, found, err := schemas.ReadHead(ctx, b.DB, content.RecordID)
		if err != nil || !found {
			return told, false, err
		}
		told.Record = &head
	}
	switch kind := content.Kind; {
	case kind == "account.invited":
		return b.invite(ctx, told)
	case kind == "account.contact":
		return b.ask(ctx, told)
	case kind == "escalation.page":
		return b.takeCare(ctx, row, told)
	case asksVote(kind):
		return b.askVote(ctx, row, told)
	}
	return told, true, nil
}

// invite makes the secret of an invitation's mail, which is in no row: only its hash is, beside the invitation's own.
func (b *batch) invite(ctx context.Context, told domain.Told) (domain.Told, bool, error) {
	told.Secret = newSecret()
	expires, err := schemas.MailInvitation(ctx, b.DB, told.Word("invitation"), domain.SecretHash(told.Secret), b.now())
	if err != nil || expires == nil {
		return told, false, err
	}
	told.ExpiresAt = expires.UTC()
	return told, true, nil
}

func newSecret() string {
	var random [32]byte
	rand.Read(random[:]) // never fails
	return "hf_" + base64.RawURLEncoding.EncodeToString(random[:])
}

// acknowledgeLasts is how long the link in the mail of a page works, at most.
const acknowledgeLasts = 24 * time.Hour

// takeCare makes the secret of the link in the mail of a page, with which its reader acknowledges. Other channels have none: what
// they carry is read by others on its way. A mail that is sent again has another secret, and the one before keeps working, because
// either may be the one that arrived.
func (b *batch) takeCare(ctx context.Context, row schemas.DeliveryRow, told domain.Told) (domain.Told, bool, error) {
	if row.Channel != domain.ChannelMail || row.Person == "" || row.GuardID == "" {
		return told, true, nil
	}
	now := b.now()
	told.Secret, told.ExpiresAt = newSecret(), now.Add(acknowledgeLasts)
	err := schemas.MailAcknowledgement(ctx, b.DB, domain.SecretHash(told.Secret), row.GuardID, row.Person, now, told.ExpiresAt)
	return told, err == nil, err
}

// voteLasts is how long the link in the mail that asks for a vote works, at most: an edit of the change ends it before.
const voteLasts = 14 * 24 * time.Hour

// askVote makes the secret of the link in the mail that asks for a vote, and says in whose place, where it is a delegate's. Who has voted
// meanwhile, or is not asked any more, is not asked by mail either.
func (b *batch) askVote(ctx context.Context, row schemas.DeliveryRow, told domain.Told) (domain.Told, bool, error) {
	if row.Person == "" || told.Record == nil {
		return told, true, nil
	}
	now, stage := b.now(), told.Word("stage")
	seat, err := schemas.SeatAsked(ctx, b.DB, told.Record.ID, stage, row.Person, now)
	if err != nil {
		return told, false, err
	}
	if seat != "" && seat != row.Person {
		told.Data["for"] = seat
	}
	if row.Channel != domain.ChannelMail {
		return told, true, nil
	}
	told.Secret, told.ExpiresAt = newSecret(), now.Add(voteLasts)
	asked, err := schemas.MailApprovalLink(ctx, b.DB, domain.SecretHash(told.Secret), told.Record.ID, stage, row.Person, seat, now, told.ExpiresAt)
	return told, asked, err
}

// codeLasts is how long somebody has to bring the code of a contact back.
const codeLasts = time.Hour

// ask makes the code that shows that a contact is its owner's.
func (b *batch) ask(ctx context.Context, told domain.Told) (domain.Told, bool, error) {
	number, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		return told, false, fmt.Errorf("making a code: %w", err)
	}
	told.Secret, told.ExpiresAt = fmt.Sprintf("%08d", number), b.now().Add(codeLasts)
	contact := told.Word("id")
	asked, err := schemas.AskContact(ctx, b.DB, contact, domain.CodeHash(contact, told.Secret), told.ExpiresAt)
	return told, asked, err
}
