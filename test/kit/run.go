package kit

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Run runs the holdfast program, expects it to succeed, and answers what it printed.
func Run(t testing.TB, environment []string, arguments ...string) string {
	t.Helper()
	out, errors, code := TryRun(t, environment, "", arguments...)
	require.Zero(t, code, "holdfast %s\n%s%s", strings.Join(arguments, " "), out, errors)
	return out
}

// TryRun runs the holdfast program with a standard input and answers what it printed and its exit code.
func TryRun(t testing.TB, environment []string, input string, arguments ...string) (out, problems string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), Program(t, "holdfast"), arguments...)
	command.Env = append(clean(os.Environ()), environment...)
	command.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
