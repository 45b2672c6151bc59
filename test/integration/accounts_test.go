package integration

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

func policies(t *testing.T, s *kit.Stack) {
	admin := s.Admin(t)
	document := object{"spec": object{"timezone": "UTC", "weekly": object{"mon": []string{"09:00-17:00"}}}, "reason": "A test"}
	put := func(body object) *kit.Answer {
		return admin.Do(http.MethodPut, "/policies/Calendar/integration", body, nil)
	}
	require.EqualValues(t, 1, put(document).Is(200).Map()["version"])
	require.EqualValues(t, 1, put(document).Is(200).Map()["version"], "the same content is no new version")
	document["spec"] = object{"timezone": "UTC", "weekly": object{"tue": []string{"09:00-17:00"}}}
	require.EqualValues(t, 2, put(document).Is(200).Map()["version"])
	require.Len(t, items(admin.Get("/policies/Calendar/integration/versions").Is(200)), 2)
	require.EqualValues(t, 1, admin.Get("/policies/Calendar/integration?version=1").Is(200).Map()["version"])
	admin.Get("/policies/Calendar/integration?version=9").Is(404)
	require.NotEmpty(t, items(admin.Get("/policies?kind=Calendar").Is(200)))
	document["spec"] = object{"timezone": "Mars/Olympus", "weekly": object{"mon": []string{"17:00-09:00"}}, "holydays": []string{}}
	problem := put(document).Is(422)
	require.NotEmpty(t, problem.Map()["errors"])
	verdict := admin.Post("/policies/validate", object{"kind": "Calendar", "name": "x", "spec": object{"timezone": "UTC", "weekly": object{"mon": []string{"25:00-26:00"}}}}).Is(200)
	require.NotEmpty(t, verdict.Map()["problems"])
}

func accounts(t *testing.T, s *kit.Stack) {
	admin := s.Admin(t)
	person := object{"name": "Pat Kim", "mail": "pat@example.org", "active": true, "zone": "Asia/Seoul"}
	admin.Do(http.MethodPut, "/people/pat", person, nil).Is(200)
	require.Equal(t, "Pat Kim", admin.Get("/people/pat").Is(200).Map()["name"])
	pat := s.As(t, "pat")
	require.Equal(t, "pat", pat.Get("/me").Is(200).Map()["handle"])
	incident := log(pat, "As a requester", nil)
	pat.Post("/incidents/"+incident["number"].(string)+"/start", object{}).Is(403)
	grant := object{"person": "pat", "role": "agent", "scope_kind": "team", "scope_name": "service-desk"}
	admin.Post("/grants", grant).Is(200)
	pat.Post("/incidents/"+incident["number"].(string)+"/start", object{}).Is(200)
	admin.Post("/grants/revoke", grant).Is(200)
	pat.Post("/incidents/"+incident["number"].(string)+"/resolve", object{"code": "fixed", "notes": "x"}).Is(403)

	made := pat.Post("/tokens", object{"name": "narrow", "permissions": []string{"incident.read"}, "days": 1}).Is(201).Map()
	narrow := s.API(t, made["secret"].(string))
	narrow.Get("/incidents").Is(200)
	require.Equal(t, "forbidden", narrow.Post("/incidents", object{"title": "x", "impact": "low", "urgency": "low"}).Is(403).Code())
	narrow.Post("/tokens", object{"name": "wider"}).Is(403)
	pat.Do(http.MethodDelete, "/tokens/"+made["id"].(string), nil, nil).Is(204)
	narrow.Get("/incidents").Is(401)
	person["active"] = false
	admin.Do(http.MethodPut, "/people/pat", person, nil).Is(200)
	pat.Get("/me").Is(401)
}

func permissions(t *testing.T, s *kit.Stack) {
	rita, dee := s.As(t, "rita"), s.As(t, "dee")
	rita.Do(http.MethodPut, "/policies/Calendar/default", object{"spec": object{}}, nil).Is(403)
	rita.Post("/grants", object{"person": "rita", "role": "admin", "scope_kind": "all"}).Is(403)
	rita.Post("/tokens", object{"person": "ana", "name": "stolen"}).Is(403)
	incident := log(rita, "Mine", object{"service": "vpn"})
	path := "/incidents/" + incident["number"].(string)
	require.Contains(t, string(rita.Post(path+"/assign", object{"team": "network"}).Is(403).Body), "incident.assign")
	other := log(s.As(t, "sam"), "Not hers", object{"service": "vpn"})
	rita.Get("/incidents/" + other["number"].(string)).Is(404)
	dee.Get(path).Is(404) // her role is for another team
	for _, item := range items(rita.Get("/incidents?limit=200").Is(200)) {
		require.Equal(t, "rita", item["requester"])
	}
}

func restricted(t *testing.T, s *kit.Stack) {
	lead, agent := s.As(t, "ana"), s.As(t, "bo")
	incident := log(lead, "Giraffe among the personnel files", object{"restricted": true})
	path := "/incidents/" + incident["number"].(string)
	lead.Get(path).Is(200)
	agent.Get(path).Is(404)
	agent.Get(path + "/timeline").Is(404)
	require.Empty(t, agent.Get("/search?q=giraffe").Is(200).Map()["items"])
	agent.Post(path+"/start", object{}).Is(404)
}
