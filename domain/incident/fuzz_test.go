package incident_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/incident"
)

// FuzzBodies gives any text as the body of any verb: it is decided or refused in words, and whatever is decided is sound.
func FuzzBodies(f *testing.F) {
	for _, transition := range incident.Lifecycle.Transitions {
		text, err := json.Marshal(bodyOf(transition.Verb))
		require.NoError(f, err)
		f.Add(transition.Verb, text)
		for _, wrong := range []string{
			``, `null`, `[]`, `{`, `{"unknown":1}`, `{"title":null,"team":3}`, `{"effective_at":"2026-12-07T10:00:00+99:00"}`,
			`{"reason":"scheduled","until":"9999-12-31T23:59:59Z"}`, `{"score":1e9}`, `{"tags":["",null]}`, `{"custom_fields":null}`,
			`{"title":"\ud800","impact":"low","urgency":"low"}`, `{} {}`, "{\"notes\":\"\xff\",\"code\":\"fixed\"}",
			`{"title":"` + strings.Repeat("ü", 151) + `"}`,
		} {
			f.Add(transition.Verb, []byte(wrong))
		}
	}
	bases := map[domain.State]*desk{}
	for _, state := range incident.Lifecycle.States {
		d := logged(f, "2026-12-07 10:00")
		for _, verb := range map[domain.State][]string{
			incident.Triaged: {"triage"}, incident.InProgress: {"start"}, incident.OnHold: {"hold"}, incident.Resolved: {"resolve"},
			incident.Closed: {"resolve", "close"}, incident.Canceled: {"cancel"},
		}[state.Name] {
			d.do(ana, verb, bodyOf(verb))
		}
		bases[state.Name] = d
	}
	f.Fuzz(func(t *testing.T, verb string, text []byte) {
		actor := domain.Actor{Kind: domain.ActorMachine, Name: "INC-2"}
		records := []incident.Incident{{}}
		for _, state := range incident.Lifecycle.States {
			records = append(records, bases[state.Name].record)
		}
		for _, record := range records {
			command := domain.Command{ID: "c", Name: "incident." + verb, Practice: domain.Incident, Record: recordID, Actor: actor, Body: text}
			decision, err := decide(t, record, command, known(), berlin("2026-12-07 11:00"))
			if err != nil {
				require.True(t, utf8.ValidString(domain.AsError(err).Message) || !utf8.Valid(text) || !utf8.ValidString(verb))
				continue
			}
			written, err := json.Marshal(decision.Record)
			require.NoError(t, err)
			var read incident.Incident
			require.NoError(t, json.Unmarshal(written, &read))
		}
	})
}
