package config

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// commands is a command line as small as one can be that has every group of settings.
type commands struct {
	File
	Show struct {
		Database `embed:""`
		Temporal `embed:""`
		HTTP     `embed:""`
		Storage  `embed:""`
		Log      `embed:""`
		Client   `embed:""`
		DryRun   bool `help:"Not a setting."`
	} `cmd:""`
	Version struct{} `cmd:""`
}

func parseWith(t *testing.T, yaml string, args ...string) (*commands, *kong.Context, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "holdfast.yaml")
	require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
	var cli commands
	parser, err := kong.New(&cli, FromFile())
	require.NoError(t, err)
	ctx, err := parser.Parse(append([]string{"--config", path}, args...))
	return &cli, ctx, err
}

func TestFlagWinsOverEnvironmentOverFileOverDefault(t *testing.T) {
	t.Setenv("HOLDFAST_LISTEN", "127.0.0.1:2")
	t.Setenv("TEMPORAL_ADDRESS", "environment:7233")
	cli, ctx, err := parseWith(t, `
listen: 127.0.0.1:3
temporal:
  address: file:7233
database:
  url: postgres://holdfast:quiet@db/holdfast
  pool: 7
log_level: warn
`, "show", "--listen", "127.0.0.1:1")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:1", cli.Show.Listen)
	require.Equal(t, "environment:7233", cli.Show.Address)
	require.Equal(t, 7, cli.Show.Pool)
	require.Equal(t, "warn", cli.Show.Level)
	require.Equal(t, "holdfast", cli.Show.Namespace)

	sources := map[string]string{}
	for _, setting := range InForce(ctx) {
		sources[setting.Name] = setting.Source
	}
	require.Equal(t, "flag", sources["listen"])
	require.Equal(t, "environment TEMPORAL_ADDRESS", sources["temporal-address"])
	require.Regexp(t, `holdfast\.yaml:7$`, sources["database-pool"])
	require.Regexp(t, `holdfast\.yaml:8$`, sources["log-level"])
	require.Equal(t, "default", sources["temporal-namespace"])
	require.NotContains(t, sources, "dry-run")
	require.NotContains(t, sources, "config")
}

func TestFileFaultsNameTheirLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ yaml, fault string }{
		"unknown key":        {"listen: 127.0.0.1:1\nlisen: 127.0.0.1:2\n", `holdfast\.yaml:2: there is no setting lisen`},
		"unknown nested key": {"database:\n  url: x\n  user: me\n", `holdfast\.yaml:3: there is no setting database-user`},
		"flag, no setting":   {"\ndry-run: true\n", `holdfast\.yaml:2: there is no setting dry-run`},
		"not a number":       {"database:\n  pool: many\n", `holdfast\.yaml:2: expected a valid 64 bit int`},
		"set twice":          {"database:\n  pool: 1\ndatabase-pool: 2\n", `holdfast\.yaml:3: database-pool is set a second time; the first is at .*:2`},
		"a list":             {"listen: [a, b]\n", `holdfast\.yaml:1: listen takes one value`},
		"no value":           {"listen:\n", `holdfast\.yaml:1: listen has no value`},
		"no settings":        {"- listen\n", `holdfast\.yaml:1: the file must hold settings`},
		"not YAML":           {"listen: [\n", `holdfast\.yaml: yaml: line`},
		"not a known level":  {"log-level: loud\n", `--log-level must be one of`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := parseWith(t, c.yaml, "show")
			require.Error(t, err)
			require.Regexp(t, c.fault, err.Error())
		})
	}
}

func TestAnyCommandAcceptsSettingsOfOthers(t *testing.T) {
	t.Parallel()
	_, _, err := parseWith(t, "listen: 127.0.0.1:1\n", "version")
	require.NoError(t, err)
}

func TestEmptyFileChangesNothing(t *testing.T) {
	t.Parallel()
	cli, _, err := parseWith(t, "# nothing yet\n", "show")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", cli.Show.Listen)
}

func TestNamedFileMustExistAndTheDefaultNeedNot(t *testing.T) {
	t.Chdir(t.TempDir())
	var cli commands
	parser, err := kong.New(&cli, FromFile())
	require.NoError(t, err)
	ctx, err := parser.Parse([]string{"show"})
	require.NoError(t, err)
	require.Equal(t, "default", InForce(ctx)[0].Source)

	_, err = parser.Parse([]string{"--config", "missing.yaml", "show"})
	require.ErrorIs(t, err, os.ErrNotExist)

	t.Setenv("HOLDFAST_CONFIG", "missing-too.yaml")
	_, err = parser.Parse([]string{"show"})
	require.ErrorContains(t, err, "missing-too.yaml")
}

func TestDefaultFileIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile(DefaultPath, []byte("data: elsewhere\n"), 0o600))
	var cli commands
	parser, err := kong.New(&cli, FromFile())
	require.NoError(t, err)
	_, err = parser.Parse([]string{"show"})
	require.NoError(t, err)
	require.Equal(t, "elsewhere", cli.Show.Data)
}

func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	for value, shown := range map[string]string{
		"": "",
		"postgres://holdfast:quiet@db:5432/holdfast":            "postgres://holdfast:xxxxx@db:5432/holdfast",
		"postgres://db/holdfast?password=quiet&sslmode=disable": "postgres://db/holdfast?password=xxxxx&sslmode=disable",
		"host=db password=quiet":                                hidden,
		"postgres://holdfast:qu%iet@db":                         hidden,
	} {
		require.Equal(t, shown, mask("url", value), value)
	}
	require.Equal(t, hidden, mask("all", "hf_secret"))
	require.Equal(t, "plain", mask("", "plain"))
}

func TestWritePrintsOneLineASetting(t *testing.T) {
	t.Parallel()
	_, ctx, err := parseWith(t, "database:\n  url: postgres://holdfast:quiet@db/holdfast\n", "show", "--token", "hf_quiet")
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, Write(&out, InForce(ctx)))
	require.NotContains(t, out.String(), "quiet")
	require.Contains(t, out.String(), "postgres://holdfast:xxxxx@db/holdfast")
	require.Regexp(t, `(?m)^token +\*{8} +flag$`, out.String())
	require.Regexp(t, `(?m)^temporal-address +- +(default|environment TEMPORAL_ADDRESS)$`, out.String())
}
