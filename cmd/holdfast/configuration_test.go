package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	hostItem = `{"handle":"host-3","version":2,"title":"The third host","class":"server","service":"mail","owner_team":"network","environment":"production",
"attributes":{"rack":"A12","cores":8},"exclusive":true,"valid_from":"2026-11-01T09:00:00Z","changed_by":"cy","reason":"moved"}`
	hostView = `{"handle":"host-3","version":2,"title":"The third host","class":"server","service":"mail","owner_team":"network","environment":"production",
"attributes":{"rack":"A12","cores":8},"exclusive":true,"valid_from":"2026-11-01T09:00:00Z","changed_by":"cy","reason":"moved",
"relations_from":[{"from":"host-3","type":"connected_to","to":"sw-1","class":"network","valid_from":"2026-11-01T09:00:00Z","made_by":"cy"}],
"relations_to":[{"from":"vm-1","type":"runs_on","to":"host-3","class":"virtual_machine","valid_from":"2026-11-01T09:00:00Z","made_by":"cy"}],
"open_incidents":[{"number":"INC-000123","title":"Slow","state":"new","priority":2,"opened_at":"2026-11-20T09:00:00Z"}],
"open_changes":[{"number":"CHG-000007","title":"New board","state":"scheduled","window_from":"2026-11-21T20:00:00Z","window_to":"2026-11-21T22:00:00Z"}],"may_edit":true}`
	hostImpact = `{"items":["host-3"],"at":"2026-11-20T12:00:00Z","depth":10,"reached":[{"handle":"host-3","class":"server","depth":0},
{"handle":"vm-1","class":"virtual_machine","depth":1,"via":"host-3","type":"runs_on"},{"handle":"dns","class":"server","shared":true,"depth":1,"via":"host-3","type":"runs_on"},
{"handle":"app","class":"application","depth":2,"via":"vm-1","type":"depends_on"}],"services":[{"name":"mail","criticality":"high","owner":"ana","depth":0}]}`
)

func TestItemsAreShownWithWhatIsAroundThem(t *testing.T) {
	t.Parallel()
	address, d := openDesk(t, map[string]string{
		"GET /configuration-items": `200 {"items":[` + hostItem + `]}`, "GET /configuration-items/host-3": "200 " + hostView, "GET /configuration-impact": "200 " + hostImpact,
	})
	list := run(t, address, "", strings.Fields("ci list host -c server --criticality high -t network --at 2026-11-10T00:00:00Z")...)
	require.Equal(t, exitDone, list.code, list.err)
	require.Contains(t, list.out, "host-3")
	require.Contains(t, list.out, "exclusive")
	require.Contains(t, d.asked, "GET /configuration-items?at=2026-11-10T00%3A00%3A00Z&class=server&criticality=high&limit=50&q=host&team=network")
	require.Equal(t, "host-3\n", run(t, address, "", "ci", "list", "-q").out)

	require.Equal(t, strings.Join([]string{
		"host-3: The third host, server, production, exclusive", "service: mail", "team: network", `attributes: {"rack":"A12","cores":8}`,
		"version 2 since 2026-11-01 09:00, by cy: moved", "is connected to sw-1", "carries vm-1", "open: INC-000123 P2 Slow", "open: CHG-000007 scheduled New board", "",
	}, "\n"), run(t, address, "", "ci", "show", "host-3").out)
	require.Equal(t, strings.Join([]string{
		"host-3", "  dns  (runs on host-3)  shared", "  vm-1  (runs on host-3)", "    app  (depends on vm-1)", "service mail: high, owned by ana", "",
	}, "\n"), run(t, address, "", strings.Fields("ci impact host-3 --depth 4 --through-shared")...).out)
	require.Contains(t, d.asked, "GET /configuration-impact?depth=4&item=host-3&through_shared=true")
	gone := run(t, address, "", "ci", "show", "gone")
	require.Equal(t, exitFailed, gone.code)
	require.Contains(t, gone.err, "no such thing")
}

func TestItemsAreWrittenOnTopOfWhatWasRead(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"add host-3 -c server -s mail --attribute rack=A12 --shared": `{"class":"server","service":"mail","attributes":{"rack":"A12"},"shared":true,"base":0}`,
		"edit host-3 --title New --no-exclusive --attribute rack= --attribute site=Berlin --reason sold": `{"title":"New","class":"server","service":"mail","owner_team":"network",
			"environment":"production","attributes":{"cores":8,"site":"Berlin"},"reason":"sold","base":2}`,
		"edit host-3 -c database": `{"title":"The third host","class":"database","service":"mail","owner_team":"network","environment":"production",
			"attributes":{"rack":"A12","cores":8},"exclusive":true,"base":2}`,
	} {
		address, d := openDesk(t, map[string]string{"GET /configuration-items/host-3": "200 " + hostView, "PUT /configuration-items/host-3": "200 " + hostItem})
		got := run(t, address, "", append([]string{"ci"}, strings.Fields(line)...)...)
		require.Equal(t, exitDone, got.code, "%s: %s", line, got.err)
		require.JSONEq(t, want, d.asked["PUT /configuration-items/host-3"], line)
		require.Equal(t, "host-3 is at version 2 since 2026-11-01 09:00.\n", got.out)
	}
	address, d := openDesk(t, map[string]string{
		"GET /configuration-items/host-3": "200 " + strings.Replace(hostView, `"changed_by"`, `"valid_to":"2026-11-19T09:00:00Z","ended_by":"cy","changed_by"`, 1),
	})
	got := run(t, address, "", strings.Fields("ci edit host-3 --title New")...)
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "ci add begins it anew")
	require.NotContains(t, d.asked, "PUT /configuration-items/host-3")
}

func TestItemsAreTiedAndEnded(t *testing.T) {
	t.Parallel()
	address, d := openDesk(t, map[string]string{
		"POST /configuration-items/vm-1/relations": "204 ", "POST /configuration-items/vm-1/relations/end": "204 ", "POST /configuration-items/host-3/end": "200 " + hostItem,
	})
	require.Equal(t, "vm-1 runs on host-3.\n", run(t, address, "", strings.Fields("ci relate vm-1 runs_on host-3")...).out)
	require.JSONEq(t, `{"type":"runs_on","to":"host-3"}`, d.asked["POST /configuration-items/vm-1/relations"])
	require.Contains(t, run(t, address, "", strings.Fields("ci end vm-1 runs_on host-3")...).out, "no longer")
	require.JSONEq(t, `{"type":"runs_on","to":"host-3"}`, d.asked["POST /configuration-items/vm-1/relations/end"])
	require.Contains(t, run(t, address, "", strings.Fields("ci end host-3 --reason sold")...).out, "host-3 has ended")
	require.JSONEq(t, `{"reason":"sold"}`, d.asked["POST /configuration-items/host-3/end"])
	require.Equal(t, exitUsage, run(t, address, "", strings.Fields("ci relate vm-1 likes host-3")...).code)
}

func TestAnImportSaysWhatItWritesOrWhatToMend(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	items, both := filepath.Join(folder, "items.csv"), filepath.Join(folder, "both.JSON")
	require.NoError(t, os.WriteFile(items, []byte("handle,class\nhost-3,server\n"), 0o600))
	require.NoError(t, os.WriteFile(both, []byte(`{"items":[]}`), 0o600))
	report := `{"dry_run":DRY,"items":{"created":1,"changed":1,"unchanged":3},"relations":{"created":1,"changed":0,"unchanged":2},"faults":[],"planned":[
		{"source":"items.csv","line":2,"what":"changed","handle":"host-3","fields":{"title":{"from":"a","to":"b"},"class":{"from":"c","to":"d"}}},
		{"source":"items.csv","line":3,"what":"created","relation":{"from":"vm-1","type":"runs_on","to":"host-3"}}]}`
	address, d := openDesk(t, map[string]string{"POST /configuration-import": "200 " + strings.Replace(report, "DRY", "true", 1)})
	dry := run(t, address, "", "ci", "import", items, both, "--dry-run", "--reason", "audit")
	require.Equal(t, exitDone, dry.code, dry.err)
	for _, words := range []string{"Would be written: 1 items added, 1 changed, 3 as they were; 1 relations added, 2 as they were.", "class title", "vm-1 runs_on host-3", "items.csv:3"} {
		require.Contains(t, dry.out, words)
	}
	var sent struct {
		DryRun  bool   `json:"dry_run"`
		Reason  string `json:"reason"`
		Sources []struct{ Name, Format, Text string }
	}
	require.NoError(t, json.Unmarshal([]byte(d.asked["POST /configuration-import"]), &sent))
	require.Equal(t, []any{true, "audit", "csv", "json", "handle,class\nhost-3,server\n"}, []any{sent.DryRun, sent.Reason, sent.Sources[0].Format, sent.Sources[1].Format, sent.Sources[0].Text})

	address, _ = openDesk(t, map[string]string{"POST /configuration-import": "200 " + strings.Replace(report, "DRY", "false", 1)})
	written := run(t, address, "", "ci", "import", items)
	require.Equal(t, "Written: 1 items added, 1 changed, 3 as they were; 1 relations added, 2 as they were.\n", written.out)

	address, _ = openDesk(t, map[string]string{
		"POST /configuration-import": `200 {"dry_run":false,"items":{},"relations":{},"planned":[],"faults":[{"source":"items.csv","line":2,"message":"class \"toaster\" is no term"}]}`,
	})
	faults := run(t, address, "", "ci", "import", items)
	require.Equal(t, exitFailed, faults.code)
	require.Equal(t, "items.csv:2: class \"toaster\" is no term\n", faults.out)
	require.Contains(t, faults.err, "Nothing was written.")
	require.Equal(t, exitUsage, run(t, address, "", "ci", "import", filepath.Join(folder, "none.csv")).code)
}

func TestAlertsAreListedByItemAndByWhatHoldsThem(t *testing.T) {
	t.Parallel()
	address, d := openDesk(t, map[string]string{
		"GET /alerts": `200 {"items":[{"id":"a","service":"mail","key":"k","firing":true,"title":"Full","item":"mx1","change":"CHG-000007","held":true,"times":3,"first_at":"2026-11-20T09:00:00Z","last_at":"2026-11-20T09:30:00Z"}]}`,
	})
	got := run(t, address, "", strings.Fields("alert list --item mx1 --held --firing")...)
	require.Equal(t, exitDone, got.code, got.err)
	require.Contains(t, got.out, "CHG-000007")
	require.Contains(t, d.asked, "GET /alerts?firing=true&held=true&item=mx1&limit=50")
}
