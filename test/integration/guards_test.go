package integration

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/internal/pg"
	"github.com/holdfast-itsm/holdfast/test/kit"
)

// theLastAdministrator stays one. Others of these tests make administrators of their own: this is asked before they begin.
func theLastAdministrator(t *testing.T, s *kit.Stack) {
	admin := s.Admin(t)
	own := object{"person": "admin", "role": "admin", "scope_kind": "all"}
	require.Contains(t, string(admin.Post("/grants/revoke", own).Is(422).Body), "last active administrator")
	admin.Do(http.MethodPut, "/people/admin", object{"name": "Administrator", "active": false}, nil).Is(422)
}

func governance(t *testing.T, s *kit.Stack) {
	admin := s.Admin(t)
	admin.Do(http.MethodPut, "/people/gus", object{"name": "Gus Gov"}, nil).Is(200)
	for _, grant := range []object{
		{"person": "gus", "role": "admin", "scope_kind": "team", "scope_name": "network"},
		{"person": "gus", "role": "agent", "scope_kind": "team", "scope_name": "no-such-team"},
		{"person": "gus", "role": "agent", "scope_kind": "service", "scope_name": "network"},
	} {
		require.Equal(t, "invalid", admin.Post("/grants", grant).Is(422).Code())
	}
	admin.Do(http.MethodPut, "/people/none", object{"name": "None"}, nil).Is(422)

	gus := s.As(t, "gus")
	gus.Post("/policies/validate", object{"kind": "Team", "name": "x", "spec": object{}}).Is(403)
	gus.Post("/grants", object{"person": "gus", "role": "agent", "scope_kind": "all"}).Is(403)
	db, err := pg.Open(s.DatabaseURL, pg.App, 1)
	require.NoError(t, err)
	defer db.Close()
	var refused int
	require.NoError(t, db.NewRaw(`SELECT count(*) FROM audit WHERE actor = 'gus' AND outcome = 'forbidden'`).Scan(t.Context(), &refused))
	require.Equal(t, 2, refused)
	gus.Get("/people/ana/grants").Is(403)
	require.Empty(t, gus.Get("/people/ana").Is(200).Map()["mail"])
	require.Equal(t, "ana@example.org", s.As(t, "dee").Get("/people/ana").Is(200).Map()["mail"])
}

func tokens(t *testing.T, s *kit.Stack) {
	admin := s.Admin(t)
	admin.Do(http.MethodPut, "/people/tom", object{"name": "Tom Token"}, nil).Is(200)
	first := admin.Post("/tokens", object{"person": "tom", "name": "first", "days": 1}).Is(201).Map()
	tom := s.API(t, first["secret"].(string))
	second := tom.Post("/tokens", object{"name": "second", "days": 3650}).Is(201).Map()
	require.Equal(t, first["expires_at"], second["expires_at"], "a token outlives not the one that made it")
	require.Equal(t, first["id"], second["created_by_token"])
	later := s.API(t, second["secret"].(string))
	later.Get("/me").Is(200)
	admin.Do(http.MethodDelete, "/tokens/"+first["id"].(string), nil, nil).Is(204)
	later.Get("/me").Is(401)
}

func requesters(t *testing.T, s *kit.Stack) {
	pia, bo := s.As(t, "pia"), s.As(t, "bo")
	for field, value := range map[string]any{
		"requester": "quin", "team": "network", "assignee": "eli", "tags": []string{"vip"}, "restricted": true,
		"resolution": object{"code": "fixed", "notes": "x"},
	} {
		body := object{"title": "For others", "impact": "low", "urgency": "low", field: value}
		require.Contains(t, string(pia.Post("/incidents", body).Is(403).Body), "logging with "+field)
	}
	log(pia, "For herself", object{"requester": "pia", "category": "mail", "location": "Berlin", "custom_fields": object{"floor": 3}})

	incident := log(bo, "On her behalf", object{"requester": "pia"})
	give(bo, incident, "resolve", object{"code": "fixed", "notes": "Done"})
	path := "/incidents/" + incident["number"].(string)
	require.NotContains(t, read(bo, incident)["allowed_commands"], "confirm")
	bo.Post(path+"/confirm", object{"score": 5}).Is(403)
	bo.Post(path+"/close", object{}).Is(200)
	bo.Post(path+"/rate", object{"score": 5}).Is(403)
	require.EqualValues(t, 2, give(pia, incident, "rate", object{"score": 2})["satisfaction"].(object)["score"])
}

func unseen(t *testing.T, s *kit.Stack) {
	ana, eli := s.As(t, "ana"), s.As(t, "eli")
	hidden := log(ana, "Hidden from the network's lead", object{"service": "mail"})
	own := log(eli, "The network's", object{"service": "vpn", "team": "network"})
	path := "/incidents/" + own["number"].(string)
	for verb, body := range map[string]object{"merge-into": {}, "link": {"type": "blocks"}} {
		field := map[string]string{"merge-into": "incident", "link": "to"}[verb]
		body[field] = "INC-999999"
		missing := string(eli.Post(path+"/"+verb, body).Is(422).Body)
		body[field] = hidden["number"]
		told := string(eli.Post(path+"/"+verb, body).Is(422).Body)
		require.Equal(t, strings.ReplaceAll(missing, "INC-999999", hidden["number"].(string)), told, "it is told as one that does not exist")
	}
	require.EqualValues(t, 1, read(ana, hidden)["version"])
	require.Equal(t, []string{"incident.logged"}, happened(ana, hidden), "nothing landed on it")
}

func hostileInput(t *testing.T, s *kit.Stack) {
	agent := s.As(t, "bo")
	incident := log(agent, "Attacked", nil)
	path := "/incidents/" + incident["number"].(string)
	deep := strings.Repeat("[", 9) + strings.Repeat("]", 9)
	for name, body := range map[string]any{
		"a control character":   object{"title": "a\u001b[2Jb"},
		"a mark of direction":   object{"title": "invoice\u202egpj.exe"},
		"an end of line":        object{"category": "a\nb"},
		"deep custom fields":    []byte(`{"custom_fields":{"a":` + deep + `}}`),
		"half a surrogate pair": []byte(`{"custom_fields":{"a":"\ud800"}}`),
	} {
		require.Equal(t, "invalid", agent.Post(path+"/edit", body).Is(422).Code(), name)
	}
	require.Equal(t, "invalid", agent.Post(path+"/hold", object{"reason": "scheduled", "until": "9999-12-31T23:59:59-23:59"}).Is(422).Code())
	agent.Do(http.MethodPost, path+"/attachments?name=a%0Ab", []byte("x"), nil).Is(422)
	require.EqualValues(t, 1, read(agent, incident)["version"])
	give(agent, incident, "edit", object{"custom_fields": object{"smile": "\U0001f600", "list": []any{1, object{"a": []string{}}}}})
	out, problems, code := kit.TryRun(t, []string{"HOLDFAST_URL=" + s.URL, "HOLDFAST_TOKEN=" + s.Token}, "", "incident", "show", incident["number"].(string), "-o", "yaml")
	require.Zero(t, code, problems)
	require.Contains(t, out, "custom_fields:")
}
