package app_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
)

func TestNamesReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	d := setup(t)
	record, agent, admin := d.incident(), d.as("bo", all(domain.RoleAgent)), d.as("ana", all(domain.RoleAdmin))
	for _, bad := range []string{"a\nb", "a\x1b[2Jb", "a\u202eb", "a\u0085b", "a\xffb"} {
		_, err := d.AddAttachment(agent, record.ID, "", app.Upload{Name: bad, Content: strings.NewReader("x")})
		require.Equal(t, "body.name", refuses(t, domain.CodeInvalid, err).Fields[0].Location, "%q", bad)
		_, err = d.SavePerson(admin, app.Person{Handle: "new", Name: bad, Active: true})
		require.Equal(t, "body.name", refuses(t, domain.CodeInvalid, err).Fields[0].Location, "%q", bad)
		_, err = d.SavePerson(admin, app.Person{Handle: "new", Name: "New", Mail: bad, Active: true})
		require.Equal(t, "body.mail", refuses(t, domain.CodeInvalid, err).Fields[0].Location, "%q", bad)
		_, err = d.CreateToken(agent, "", app.TokenBody{Name: bad})
		require.Equal(t, "body.name", refuses(t, domain.CodeInvalid, err).Fields[0].Location, "%q", bad)
	}
	file, err := d.AddAttachment(agent, record.ID, "", app.Upload{Name: " läuft.txt", Content: strings.NewReader("x")})
	require.NoError(t, err)
	require.Equal(t, "läuft.txt", file.Name)
}
