package notice_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/internal/notice"
)

func told(kind string) domain.Told {
	return domain.Told{
		Kind: kind, At: time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC), Note: "Try it now.", NoteBy: "bo", Secret: "secret",
		Data:      map[string]any{"number": "INC-000007", "by": "ana", "code": "fixed", "parent": "INC-000001", "vendor": "Acme"},
		Record:    &domain.Record{Practice: domain.Incident, Number: "INC-000007", Title: "Mail is slow", State: "in_progress", Priority: 2, Service: "mail", Team: "messaging"},
		ExpiresAt: time.Date(2026, time.December, 1, 9, 0, 0, 0, time.UTC),
	}
}

var used = regexp.MustCompile(`(?:notify\(|d\.tell\(|Kind: |TellAccount\(ctx, tx, )"((?:incident|account|escalation|change|meeting)\.[a-z_]+)"`)

// Whatever the code tells somebody has words of its own.
func TestEveryKindThatIsToldHasWords(t *testing.T) {
	t.Parallel()
	kinds := map[string]bool{}
	for _, pattern := range []string{"../../domain/incident/*.go", "../../domain/escalation/*.go", "../../domain/change/*.go", "../../domain/meeting/*.go", "../../app/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, found := range used.FindAllStringSubmatch(string(text), -1) {
				kinds[found[1]] = true
			}
		}
	}
	require.Greater(t, len(kinds), 37)
	for kind := range kinds {
		require.Contains(t, notice.Kinds(), kind)
	}
}

func TestEveryKindReads(t *testing.T) {
	t.Parallel()
	for _, kind := range append(notice.Kinds(), "release.began") {
		parcel := domain.Parcel{Person: domain.Person{Handle: "rita", Zone: "Europe/Berlin"}, Told: []domain.Told{told(kind)}}
		words, err := notice.Of(parcel, "https://desk.example.org/")
		require.NoError(t, err, kind)
		require.NotEmpty(t, words.Subject, kind)
		require.NotContains(t, words.Subject, "\n")
		require.NotContains(t, words.Text, "<no value>", kind)
		if kind != "account.invited" {
			require.Equal(t, "https://desk.example.org/incidents/INC-000007", words.Link, kind)
		}
		switch kind {
		case "incident.note", "change.note":
			require.Contains(t, words.Text, "Try it now.")
		case "account.invited":
			require.Contains(t, words.Text, "https://desk.example.org/welcome/secret")
			require.Contains(t, words.Text, "1 December 2026 10:00 CET", "in the zone of whom it is for")
		default:
			require.NotContains(t, words.Text, "Try it now.", kind)
		}
	}
}

func TestSeveralNoticesAreALineEach(t *testing.T) {
	t.Parallel()
	words, err := notice.Of(domain.Parcel{Told: []domain.Told{told("incident.logged"), told("incident.resolved")}}, "")
	require.NoError(t, err)
	require.Equal(t, "2 notices about mail", words.Subject)
	require.Equal(t, "INC-000007  Logged: Mail is slow\nINC-000007  Resolved: Mail is slow", words.Text)
	require.Empty(t, words.Link)
}

func TestANoticeAboutAMeetingSaysWhenItIs(t *testing.T) {
	t.Parallel()
	for kind, wants := range map[string][]string{
		"meeting.called":       {"Called for 9 December 2026 15:00 CET: Board of December", "fixed on 8 December 2026 15:00 CET", "can vote before"},
		"meeting.agenda_fixed": {"The agenda is fixed: Board of December", "2 changes are on the agenda of CAB-000003"},
		"meeting.rescheduled":  {"Moved to 9 December 2026 15:00 CET: Board of December"},
		"meeting.ended":        {"To be closed: Board of December"},
		"meeting.canceled":     {"Called off: Board of December", "waits as before"},
	} {
		words, err := notice.Of(domain.Parcel{Person: domain.Person{Handle: "cy", Zone: "Europe/Berlin"}, Told: []domain.Told{{
			Kind: kind, Record: &domain.Record{Practice: "meeting", Number: "CAB-000003", Title: "Board of December", State: "planned", Priority: 3},
			Data: map[string]any{"number": "CAB-000003", "title": "Board of December", "starts_at": "2026-12-09T14:00:00Z", "cut_off_at": "2026-12-08T14:00:00Z", "items": 2.0},
		}}}, "https://desk.example.org/")
		require.NoError(t, err, kind)
		require.Equal(t, "https://desk.example.org/cab-meetings/CAB-000003", words.Link)
		require.Contains(t, words.Text, "It is planned.", "nobody rates a meeting")
		for _, want := range wants {
			require.Contains(t, words.Subject+"\n"+words.Text, want, kind)
		}
	}
}

func TestANoticeAboutAChangeSaysWhatIsAsked(t *testing.T) {
	t.Parallel()
	asked := domain.Told{
		Kind: "change.vote_asked", Secret: "secret", ExpiresAt: time.Date(2026, time.December, 9, 9, 0, 0, 0, time.UTC),
		Data:   map[string]any{"number": "CHG-000007", "title": "New routers", "stage": "board", "due_at": "2026-12-01T09:00:00Z"},
		Record: &domain.Record{Practice: "change", Number: "CHG-000007", Title: "New routers", State: "awaiting_approval", Priority: 3, Service: "vpn"},
	}
	void := asked
	void.Kind, void.Secret, void.Data = "change.vote_void", "", map[string]any{"number": "CHG-000007", "stage": "board", "fields": []any{"back_out_plan", "plan"}}
	parcel := domain.Parcel{Person: domain.Person{Handle: "cy", Zone: "Europe/Berlin"}, Told: []domain.Told{asked}}
	words, err := notice.Of(parcel, "https://desk.example.org/")
	require.NoError(t, err)
	require.Equal(t, "Your vote is asked: New routers", words.Subject)
	require.Equal(t, "https://desk.example.org/changes/CHG-000007", words.Link)
	require.Contains(t, words.Text, "in the stage board, until 1 December 2026 10:00 CET")
	require.Contains(t, words.Text, "https://desk.example.org/approve/secret")
	require.Contains(t, words.Text, "It is awaiting approval, service vpn.", "nobody rates a change")

	parcel.Told = []domain.Told{void}
	words, err = notice.Of(parcel, "https://desk.example.org/")
	require.NoError(t, err)
	require.Contains(t, words.Text, "was edited: back out plan, plan.")
	require.NotContains(t, words.Text, "/approve/")

	parcel.Told = []domain.Told{asked, void}
	words, err = notice.Of(parcel, "https://desk.example.org/")
	require.NoError(t, err)
	require.Contains(t, words.Text, "https://desk.example.org/approve/secret", "a bundle has the link too")
}
