package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/schemas"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// messageBound is how long a message may take on a busy machine, with its pauses.
const messageBound = time.Minute

// mailbox leaves messages for records, as other records and the application do.
type mailbox struct {
	t    *testing.T
	rows *bun.DB
	app  *bun.DB
	keys int
}

func openMailbox(t *testing.T, s *kit.Stack) *mailbox {
	t.Helper()
	db, err := pg.Open(s.DatabaseURL, pg.App, 2)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return &mailbox{t: t, rows: s.Rows(t), app: db}
}

// post leaves a machine's command for a record and answers its id.
func (m *mailbox) post(record, verb string, content object, closed domain.ClosedTarget) string {
	m.t.Helper()
	text, err := json.Marshal(content)
	require.NoError(m.t, err)
	m.keys++
	now := domain.Millisecond(time.Now())
	command := domain.Command{
		ID: domain.CommandID(m.t.Name(), fmt.Sprint(m.keys)), Name: "incident." + verb, Practice: domain.Incident, Record: record,
		Actor: domain.Actor{Kind: domain.ActorMachine, Name: "mailbox"}, ReceivedAt: now, Body: text, Digest: domain.Digest(text),
	}
	text, err = json.Marshal(command)
	require.NoError(m.t, err)
	_, err = schemas.PostCommand(m.t.Context(), m.app, command, text, closed, now)
	require.NoError(m.t, err)
	return command.ID
}

func (m *mailbox) read(id string) schemas.MessageRow {
	m.t.Helper()
	row, found, err := schemas.ReadMessage(m.t.Context(), m.rows, id)
	require.NoError(m.t, err)
	require.True(m.t, found)
	return row
}

// becomes waits until a message has a state.
func (m *mailbox) becomes(state schemas.MessageState, ids ...string) {
	m.t.Helper()
	for _, id := range ids {
		kit.Eventually(m.t, messageBound, func() bool { return m.read(id).State == state }, id)
	}
}

// edits leaves messages that each give a record another category.
func (m *mailbox) edits(record string, categories ...string) (ids []string) {
	m.t.Helper()
	for _, category := range categories {
		ids = append(ids, m.post(record, "edit", object{"category": category}, domain.TargetSend))
	}
	return ids
}

// categories are those that a record was given, in order.
func categories(api *kit.API, record object) (given []string) {
	for _, event := range items(api.Get("/incidents/" + record["number"].(string) + "/timeline?limit=200").Is(200)) {
		if event["type"] == "incident.edited" {
			given = append(given, event["data"].(object)["category"].(object)["to"].(string))
		}
	}
	return given
}

var inOrder = []string{"one", "two", "three", "four", "five", "six"}

// A fault that stops one record's messages holds up nobody else's; its own come in their order when it is mended.
func messagesPastAFault(t *testing.T, s *kit.Stack) {
	agent, m := s.As(t, "bo"), openMailbox(t, s)
	faulty, sound := log(agent, "Its row cannot be written", nil), log(agent, "Beside it", nil)
	owner, err := pg.Open(s.DatabaseURL, pg.Owner, 1)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, owner.Close()) })
	tamper := func(statement string) {
		_, err := owner.ExecContext(context.WithoutCancel(t.Context()), statement)
		require.NoError(t, err)
	}
	tamper(`CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a fault of the test'; END $$;
		CREATE TRIGGER fault BEFORE UPDATE ON records FOR EACH ROW WHEN (NEW.id = '` + faulty["id"].(string) + `') EXECUTE FUNCTION fault()`)
	t.Cleanup(func() { tamper(`DROP TRIGGER IF EXISTS fault ON records; DROP FUNCTION fault`) })

	stopped := m.edits(faulty["id"].(string), inOrder...)
	kit.Eventually(t, messageBound, func() bool { return m.read(stopped[0]).Attempts > 1 })
	m.becomes(schemas.MessageDelivered, m.edits(sound["id"].(string), inOrder...)...)
	require.Equal(t, inOrder, categories(agent, sound))
	require.Equal(t, schemas.MessagePending, m.read(stopped[0]).State)
	require.NotEmpty(t, m.read(stopped[0]).Fault)
	for _, id := range stopped[1:] {
		require.Zero(t, m.read(id).Attempts, "it waits for the one before it")
	}
	require.Empty(t, categories(agent, faulty))

	tamper(`DROP TRIGGER fault ON records`)
	m.becomes(schemas.MessageDelivered, stopped...)
	require.Equal(t, inOrder, categories(agent, faulty))
}

// A message says what becomes of it when its record has ended: it is forgotten, noted, or left to the record's own rules.
func messagesToTheEnded(t *testing.T, s *kit.Stack) {
	agent, m := s.As(t, "bo"), openMailbox(t, s)
	ended := log(agent, "Closed already", object{"resolution": object{"code": "fixed", "notes": "Done."}})
	ended = give(agent, ended, "close", object{})
	id := ended["id"].(string)

	dropped := m.post(id, "parent_closed", object{"incident": id}, domain.TargetDrop)
	noted := m.post(id, "duplicate_left", object{"incident": id, "number": "INC-999999"}, domain.TargetNote)
	refused := m.post(id, "hold_over", object{}, domain.TargetSend)
	followed := m.post(id, "reply", object{"text": "It is back."}, domain.TargetSend)
	m.becomes(schemas.MessageDropped, dropped)
	m.becomes(schemas.MessageDelivered, noted, followed)
	m.becomes(schemas.MessageRefused, refused)
	require.Equal(t, []string{"incident.logged", "incident.resolved", "incident.closed", "incident.duplicate_left", "incident.replied"}, happened(agent, ended))
	kit.Eventually(t, messageBound, func() bool {
		for _, link := range items(agent.Get("/incidents/" + ended["number"].(string) + "/links").Is(200)) {
			if link["type"] == "followed_by" {
				return true
			}
		}
		return false
	}, "a new incident follows")
}
