package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	onCallNow = `200 {"items":[{"schedule":"messaging","title":"Messaging","at":"2026-11-20T12:00:00Z","people":[{"person":"cy","name":"Cy","active":true,"override":"o","replaces":"bo","layer":"week"},{"person":"ana","name":"Ana","active":true,"override":"p"}],
		"until":"2026-11-23T08:00:00Z","next":[{"person":"bo","layer":"week","name":"bo","active":false}]},{"schedule":"network","title":"Network","at":"2026-11-20T12:00:00Z","people":[],"next":[]}]}`
	twoSchedules = `200 {"items":[{"name":"messaging","accept_gaps":false},{"name":"network","accept_gaps":true}]}`
)

func TestOnCallIsShown(t *testing.T) {
	t.Parallel()
	address, d := openDesk(t, map[string]string{
		"GET /on-call":                   onCallNow,
		"GET /on-call/shifts":            `200 {"items":[{"schedule":"messaging","title":"Messaging","person":"bo","layer":"week","name":"Bo","active":true,"from":"2026-11-23T08:00:00Z","to":"2026-11-30T08:00:00Z"}]}`,
		"GET /schedules":                 twoSchedules,
		"GET /schedules/messaging/check": `200 {"schedule":"messaging","gaps":[],"doubles":[],"load":[],"unreachable":["bo"]}`,
		"GET /schedules/network/check": `200 {"schedule":"network","gaps":[{"from":"2026-11-21T00:00:00Z","to":"2026-11-22T00:00:00Z"}],"doubles":[{"from":"2026-11-22T00:00:00Z","to":"2026-11-23T00:00:00Z","layers":["day","weekend"]},
			{"from":"2026-11-29T00:00:00Z","to":"2026-11-30T00:00:00Z","layers":["day","weekend"]}],"load":[{"person":"eli","seconds":15724800},{"person":"fay","seconds":900000}],"unreachable":[]}`,
	})
	golden(t, "on_call_who.txt", run(t, address, "", "on-call", "who").out)
	require.Equal(t, "cy\nana\n", run(t, address, "", "on-call", "who", "-q").out)
	golden(t, "on_call_shifts.txt", run(t, address, "", "on-call", "shifts", "messaging", "--person", "me", "--to", "2026-12-20").out)
	require.Contains(t, d.asked, "GET /on-call/shifts?person=me&schedule=messaging&to=2026-12-20T00%3A00%3A00Z")
	got := run(t, address, "", "on-call", "check")
	require.Equal(t, exitDone, got.code, "the gap is accepted")
	golden(t, "on_call_check.txt", got.out)
}

func TestAGapThatIsNotAcceptedFailsTheCheck(t *testing.T) {
	t.Parallel()
	address, _ := openDesk(t, map[string]string{
		"GET /schedules":                 `200 {"items":[{"name":"messaging","accept_gaps":false}]}`,
		"GET /schedules/messaging/check": `200 {"schedule":"messaging","gaps":[{"from":"2026-11-21T00:00:00Z","to":"2026-11-22T00:00:00Z"}],"doubles":[],"load":[],"unreachable":[]}`,
		"GET /schedules/none/check":      `404 {"status":404,"code":"not_found","detail":"no on-call schedule none"}`,
	})
	require.Equal(t, exitFailed, run(t, address, "", "on-call", "check", "messaging").code)
	got := run(t, address, "", "on-call", "check", "none")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.err, "no on-call schedule none")
}

func TestOverridesAndSwapsSendTheirBodies(t *testing.T) {
	t.Parallel()
	override := `{"id":"o","schedule":"messaging","kind":"replace","person":"cy","replaces":"bo","from":"2026-11-21T08:00:00Z","to":"2026-11-22T08:00:00Z","made_by":"ana"}`
	swap := `{"id":"s","schedule":"messaging","proposer":"bo","with":"cy","gives":{"from":"2026-11-21T08:00:00Z","to":"2026-11-22T08:00:00Z"},"state":"proposed"}`
	address, d := openDesk(t, map[string]string{
		"POST /schedules/messaging/overrides": "201 " + override, "DELETE /overrides/o": "204 ", "GET /schedules/messaging/overrides": `200 {"items":[` + override + `]}`,
		"POST /schedules/messaging/swaps": "201 " + swap, "POST /swaps/s/accept": "200 " + swap, "GET /swaps": `200 {"items":[` + swap + `]}`,
		"POST /on-call/feeds": `201 {"id":"f","path":"/feeds/on-call/hf_x.ics"}`, "GET /on-call/feeds": `200 {"items":[{"id":"f"}]}`, "DELETE /on-call/feeds/f": "204 ",
	})
	require.Equal(t, "o\n", run(t, address, "", "on-call", "override", "add", "messaging", "cy", "--for", "bo", "--from", "2026-11-21 08:00", "--to", "+20h", "-r", "course", "-q").out)
	require.JSONEq(t, `{"kind":"replace","person":"cy","replaces":"bo","from":"2026-11-21T08:00:00Z","to":"2026-11-21T08:00:00Z","reason":"course"}`, d.asked["POST /schedules/messaging/overrides"])
	require.Equal(t, exitDone, run(t, address, "", "on-call", "override", "add", "messaging", "cy", "--beside", "--to", "+20h").code)
	require.JSONEq(t, `{"kind":"add","person":"cy","to":"2026-11-21T08:00:00Z"}`, d.asked["POST /schedules/messaging/overrides"])
	require.Equal(t, exitUsage, run(t, address, "", "on-call", "override", "add", "messaging", "cy").code)
	golden(t, "on_call_overrides.txt", run(t, address, "", "on-call", "override", "list", "messaging").out)
	require.Equal(t, "Override o is ended.\n", run(t, address, "", "on-call", "override", "end", "o").out)

	require.Equal(t, "s\n", run(t, address, "", "on-call", "swap", "propose", "messaging", "cy", "--give-from", "2026-11-21 08:00", "--give-to", "2026-11-22 08:00", "-q").out)
	require.JSONEq(t, `{"with":"cy","gives":{"from":"2026-11-21T08:00:00Z","to":"2026-11-22T08:00:00Z"}}`, d.asked["POST /schedules/messaging/swaps"])
	require.Equal(t, exitUsage, run(t, address, "", "on-call", "swap", "propose", "messaging", "cy", "--give-from", "2026-11-21 08:00").code)
	require.Equal(t, exitUsage, run(t, address, "", "on-call", "swap", "propose", "messaging", "cy").code)
	require.Equal(t, "s\n", run(t, address, "", "on-call", "swap", "accept", "s", "-q").out)
	golden(t, "on_call_swaps.txt", run(t, address, "", "on-call", "swap", "list").out)

	got := run(t, address, "", "on-call", "feed", "make")
	require.Equal(t, address+"/feeds/on-call/hf_x.ics\n", got.out)
	require.Contains(t, got.err, "feed revoke f")
	require.Equal(t, "f\n", run(t, address, "", "on-call", "feed", "list", "-q").out)
	require.Equal(t, exitDone, run(t, address, "", "on-call", "feed", "revoke", "f").code)
}
