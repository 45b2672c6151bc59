package app_test

import (
	"bytes"
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
