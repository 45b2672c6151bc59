package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// stored lists the content of attachments.
func (d *desk) stored() []string {
	d.t.Helper()
	files, err := os.ReadDir(d.blobs)
	require.NoError(d.t, err)
	names := []string{}
	for _, file := range files {
		names = append(names, file.Name())
	}
	return names
}

func TestOfAnUploadThatBreaksOffNothingStays(t *testing.T) {
	t.Parallel()
	d := setup(t)
	var said bytes.Buffer
	d.Log = slog.New(slog.NewTextHandler(&said, nil))
	record, agent := d.incident(), d.as("bo", all(domain.RoleAgent))
	broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("connection reset")))
	_, err := d.AddAttachment(agent, record.ID, "", app.Upload{Name: "a", Content: broken})
	require.Contains(t, refuses(t, domain.CodeMalformed, err).Message, "broke off after 4 bytes")
	require.Empty(t, d.stored())
	_, err = d.AddAttachment(agent, record.ID, "", app.Upload{Name: "a", Content: bytes.NewReader(make([]byte, app.MaxAttachmentBytes+1))})
	refuses(t, domain.CodeTooLarge, err)
	require.Empty(t, d.stored())
	require.Empty(t, said.String(), "nothing of ours failed")
	file, err := d.AddAttachment(agent, record.ID, "key", app.Upload{Name: "a", Content: iotest.OneByteReader(strings.NewReader("whole"))})
	require.NoError(t, err)
	again, err := d.AddAttachment(agent, record.ID, "key", app.Upload{Name: "a", Content: strings.NewReader("whole")})
	require.NoError(t, err)
	require.Equal(t, file.ID, again.ID)
	require.Equal(t, []string{file.ID}, d.stored(), "content of a repeated upload is not kept twice")
}

func TestContentThatNobodyKnowsIsSwept(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record, agent := d.incident(), d.as("bo", all(domain.RoleAgent))
	kept, err := d.AddAttachment(agent, record.ID, "", app.Upload{Name: "a", Content: strings.NewReader("x")})
	require.NoError(t, err)
	now := d.clock.Now()
	orphan, fresh, strange := domain.NewID("orphan"), domain.NewID("fresh"), "README"
	for name, age := range map[string]time.Duration{kept.ID: 48 * time.Hour, orphan: 25 * time.Hour, fresh: 23 * time.Hour, strange: 48 * time.Hour} {
		path := filepath.Join(d.blobs, name)
		if name != kept.ID {
			require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
		}
		require.NoError(t, os.Chtimes(path, now.Add(-age), now.Add(-age)))
	}
	swept, err := d.SweepAttachments(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, swept)
	require.ElementsMatch(t, []string{kept.ID, fresh, strange}, d.stored())
}

func TestWhoTakesFilesAway(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record, agent, lead := d.incident(), d.as("bo", all(domain.RoleAgent)), d.as("lou", all(domain.RoleTeamLead))
	attach := func(as context.Context) app.Attachment {
		file, err := d.AddAttachment(as, record.ID, "", app.Upload{Name: "secrets.txt", Content: strings.NewReader("hunter2")})
		require.NoError(t, err)
		require.True(t, file.MayRemove)
		return file
	}
	file := attach(agent)
	seen, err := d.Attachments(d.as("cy", all(domain.RoleAgent)), record.ID)
	require.NoError(t, err)
	require.False(t, seen[0].MayRemove)
	refuses(t, domain.CodeForbidden, d.RemoveAttachment(d.as("cy", all(domain.RoleAgent)), record.ID, file.ID))
	refuses(t, domain.CodeForbidden, d.RemoveAttachment(d.as("au", all(domain.RoleAuditor)), record.ID, file.ID))
	refuses(t, domain.CodeNotFound, d.RemoveAttachment(agent, d.incident().ID, file.ID))
	refuses(t, domain.CodeNotFound, d.RemoveAttachment(agent, record.ID, "none"))
	require.Equal(t, []string{file.ID}, d.stored())

	require.NoError(t, d.RemoveAttachment(agent, record.ID, file.ID))
	require.NoError(t, d.RemoveAttachment(agent, record.ID, file.ID), "asked again, it is done")
	refuses(t, domain.CodeNotFound, d.RemoveAttachment(lead, record.ID, file.ID))
	require.Empty(t, d.stored(), "its content is gone")
	_, _, err = d.OpenAttachment(agent, record.ID, file.ID)
	refuses(t, domain.CodeNotFound, err)
	events, err := d.Timeline(agent, record.ID, 0, 200)
	require.NoError(t, err)
	last := events.Items[len(events.Items)-1]
	require.Equal(t, "attachment.removed", last.Type)
	require.Contains(t, string(last.Data), file.SHA256)
	require.Contains(t, string(last.Personal), "secrets.txt")
	requesters, err := d.Timeline(d.as(record.Requester, all(domain.RoleRequester)), record.ID, 0, 200)
	require.NoError(t, err)
	for _, event := range requesters.Items {
		require.NotContains(t, event.Type, "attachment", "it was internal")
	}

	require.NoError(t, d.RemoveAttachment(lead, record.ID, attach(agent).ID), "who leads takes away what others attached")
}

func TestFilesOfWhatIsOverStay(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record := d.incident(func(one *incident.Incident) { one.State, one.Open, one.Active = incident.Closed, false, false })
	agent := d.as("bo", all(domain.RoleAgent))
	file, err := d.AddAttachment(agent, record.ID, "", app.Upload{Name: "proof.txt", Content: strings.NewReader("x")})
	require.NoError(t, err)
	require.False(t, file.MayRemove)
	refused := refuses(t, domain.CodeForbidden, d.RemoveAttachment(agent, record.ID, file.ID))
	require.Contains(t, refused.Message, "is over")
	refuses(t, domain.CodeForbidden, d.RemoveAttachment(d.as("lou", all(domain.RoleTeamLead)), record.ID, file.ID))
	require.NoError(t, d.RemoveAttachment(d.as("root", all(domain.RoleAdmin)), record.ID, file.ID), "what should never have been there")
}
