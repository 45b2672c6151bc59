package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/holdfast-itsm/holdfast/test/kit"
)

func commandLine(t *testing.T, s *kit.Stack) {
	home := t.TempDir()
	environment := []string{"HOLDFAST_URL=" + s.URL, "HOLDFAST_TOKEN=" + s.Token, "HOME=" + home, "XDG_CONFIG_HOME=" + home}
	var logged struct {
		Outcome  string `json:"outcome"`
		Incident struct {
			Number string `json:"number"`
		} `json:"incident"`
	}
	require.NoError(t, json.Unmarshal([]byte(kit.Run(t, environment, "incident", "log", "--title", "From the command line",
		"--impact", "high", "--urgency", "high", "-o", "json")), &logged))
	number := logged.Incident.Number
	require.NotEmpty(t, number)
	require.Equal(t, "applied", logged.Outcome)
	require.Contains(t, kit.Run(t, environment, "incident", "list"), number)
	require.Contains(t, kit.Run(t, environment, "incident", "assign", number, "--team", "messaging"), number)
	require.Contains(t, kit.Run(t, environment, "incident", "show", number), "messaging")
	kit.Run(t, environment, "incident", "resolve", number, "--code", "fixed", "--notes", "Done")
	require.Contains(t, kit.Run(t, environment, "incident", "timeline", number), "incident.resolved")
	require.Contains(t, kit.Run(t, environment, "search", "command line"), number)
	require.Contains(t, kit.Run(t, environment, "whoami"), "admin")

	_, problems, code := kit.TryRun(t, environment, "", "incident", "start", number)
	require.Equal(t, 1, code)
	require.Contains(t, problems, "reopen", "a refusal names what is allowed")
	_, _, code = kit.TryRun(t, environment, "", "incident", "start")
	require.Equal(t, 2, code)
	_, _, code = kit.TryRun(t, append(environment, "HOLDFAST_URL=http://127.0.0.1:1"), "", "incident", "list")
	require.Equal(t, 3, code)

	_, problems, code = kit.TryRun(t, []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home}, s.Token+"\n", "login", "--url", s.URL)
	require.Zero(t, code, problems)
	require.Contains(t, kit.Run(t, []string{"HOME=" + home, "XDG_CONFIG_HOME=" + home}, "incident", "show", number), number)

	require.Contains(t, kit.Run(t, nil, "doctor", "--sample", "20", "--config", filepath.Join(s.Folder, "data", "connection.yaml")), "processes   sound")

	file := filepath.Join(home, "team.yaml")
	require.NoError(t, os.WriteFile(file, []byte("kind: Team\nname: cli\nspec: {title: Command line, members: [ana]}\n"), 0o600))
	_, _, code = kit.TryRun(t, environment, "", "diff", file)
	require.Equal(t, 1, code)
	kit.Run(t, environment, "apply", file)
	_, _, code = kit.TryRun(t, environment, "", "diff", file)
	require.Zero(t, code)
	require.Contains(t, kit.Run(t, environment, "get", "Team", "cli"), "Command line")
	require.Contains(t, kit.Run(t, nil, "cron", "next", "0 9 * * 1", "--zone", "Europe/Berlin"), "T")
}
