package integration

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

// modelsNeedASecondPerson: the edit of a model waits, over the API and the command line, until another person has approved exactly what
// it says.
func modelsNeedASecondPerson(t *testing.T, s *kit.Stack) {
	b := newBoard(t, s, "models", object{"name": "board", "electorate": []string{"person:ana-models"}, "rule": object{"threshold": 1}})
	s.Admin(t).Post("/grants", object{"person": b.handle("dee"), "role": "admin", "scope_kind": "all"}).Is(200)
	dee, mona, eli := b.as("dee"), b.as("mona"), b.as("eli")
	const document = "/policies/ChangeModel/a-models"
	spec := object{"type": "standard", "title": "Restart", "plan": "Restart it", "back_out_plan": "Start the old one"}
	held := dee.Do(http.MethodPut, document, object{"reason": "test", "spec": spec}, nil).Is(202).Map()
	path := "/policy-proposals/" + held["proposal"].(string)
	dee.Get(document).Is(404)
	view := dee.Get(path).Is(200).Map()
	require.Contains(t, view["waits_for"], b.handle("mona"))
	require.NotContains(t, view["waits_for"], b.handle("dee"))
	said := object{"vote": "approve", "hash": view["hash"]}
	dee.Post(path+"/decide", said).Is(403)
	eli.Post(path+"/decide", said).Is(403)
	mona.Post(path+"/decide", object{"vote": "approve", "hash": strings.Repeat("0", 64)}).Is(409)
	require.Equal(t, "applied", mona.Post(path+"/decide", said).Is(200).Map()["state"])
	stored := dee.Get(document).Is(200).Map()
	require.Equal(t, []any{b.handle("dee"), b.handle("mona")}, []any{stored["author"], stored["approved_by"]})

	spec["plan"] = "Restart it twice"
	file := filepath.Join(t.TempDir(), "model.yaml")
	text, err := json.Marshal(object{"kind": "ChangeModel", "name": "a-models", "spec": spec})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, text, 0o600))
	at := func(person string) []string {
		return []string{"HOLDFAST_URL=" + s.URL, "HOLDFAST_TOKEN=" + b.token(person), "HOME=" + t.TempDir()}
	}
	require.Contains(t, kit.Run(t, at("dee"), "apply", file, "--reason", "test"), "proposed")
	require.Contains(t, kit.Run(t, at("mona"), "policy", "proposals"), "ChangeModel/a-models")
	_, _, code := kit.TryRun(t, at("dee"), "", "policy", "approve", "ChangeModel/a-models")
	require.Equal(t, 1, code)
	require.Contains(t, kit.Run(t, at("mona"), "policy", "proposal", "ChangeModel/a-models"), "Restart it twice")
	require.Contains(t, kit.Run(t, at("mona"), "policy", "approve", "ChangeModel/a-models"), "applied")
	require.EqualValues(t, 2, dee.Get(document).Is(200).Map()["version"])
}
