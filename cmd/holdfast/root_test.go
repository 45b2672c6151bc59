package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// trialRoot is a command line of the client commands alone.
type trialRoot struct{ clientCommands }

func trialParser(t *testing.T, root *trialRoot) *kong.Kong {
	t.Helper()
	parser, err := kong.New(root, kong.Name("holdfast"), kong.Exit(func(int) { t.Error("kong ended the program") }), kong.Bind(&root.clientCommands))
	require.NoError(t, err)
	return parser
}

// trial is what a run of the command line gave.
type trial struct {
	code     int
	out, err string
}

// noon is the moment of every trial.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// run parses and runs a command line against an address, as somebody in UTC without kept logins.
func run(t *testing.T, address, input string, args ...string) trial {
	t.Helper()
	var root trialRoot
	parser := trialParser(t, &root)
	return runWith(t, parser, &root, loginFile(t.TempDir()+"/holdfast/login.json"), input, append([]string{"--url=" + address, "--token=hf_secret"}, args...)...)
}

func runWith(t *testing.T, parser *kong.Kong, root *trialRoot, kept loginFile, input string, args ...string) trial {
	t.Helper()
	var out, errs bytes.Buffer
	parsed, err := parser.Parse(args)
	if err != nil {
		return trial{code: exitUsage, err: err.Error()}
	}
	s, err := newSession(parsed, &root.clientCommands, streams{in: strings.NewReader(input), out: &out, err: &errs}, kept)
	require.NoError(t, err)
	s.zone = time.UTC
	s.now = func() time.Time { return noon }
	parsed.BindTo(t.Context(), (*context.Context)(nil))
	code := s.fail(parsed.Run(s))
	return trial{code: code, out: out.String(), err: errs.String()}
}

// desk is a server that answers each path with a recorded answer and keeps what was asked.
type desk struct {
	answers map[string]string // "GET /path" → status and body, one space between
	asked   map[string]string // "GET /path?query" → body
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		panic(err)
	}
	d.asked[r.Method+" "+strings.TrimPrefix(r.URL.RequestURI(), "/api/v1")] = body.String()
	answer, known := d.answers[r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v1")]
	if !known {
		answer = `404 {"type":"https://holdfast.dev/problems/not_found","title":"Not Found","status":404,"detail":"no such thing","code":"not_found"}`
	}
	status, text, _ := strings.Cut(answer, " ")
	media := "application/json"
	if status >= "400" {
		media = "application/problem+json"
	}
	w.Header().Set("Content-Type", media)
	code := map[string]int{"200": 200, "201": 201, "202": 202, "204": 204, "403": 403, "404": 404, "409": 409, "422": 422}[status]
	w.WriteHeader(code)
	if _, err := w.Write([]byte(text)); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		panic(err)
	}
}

func openDesk(t *testing.T, answers map[string]string) (string, *desk) {
	t.Helper()
	d := &desk{answers: answers, asked: map[string]string{}}
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	return s.URL, d
}

// golden compares with a file of testdata; HOLDFAST_GOLDEN=write writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("HOLDFAST_GOLDEN") == "write" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
