package main

import (
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/alecthomas/kong"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/internal/config"
	"github.com/holdfast-itsm/holdfast/server/client"
)

// session is what every client command runs with.
type session struct {
	printer
	service app.Service
	in      io.Reader
	address string // of the Holdfast it talks to
	given   string // token that was named, not kept
	logins  loginFile
	now     func() time.Time
}

// bind gives client commands their session, made when one runs, and all commands the address, the token and the form of output.
func (c *clientCommands) bind(parsed *kong.Context, io streams) error {
	parsed.Bind(&c.Client, &c.Output)
	return parsed.BindToProvider(func() (*session, error) { return newSession(parsed, c, io, usersLogins()) })
}

// fail tells why a command failed, in the form that was asked for, and gives the exit code.
func (c *clientCommands) fail(io streams, err error) int {
	p := newPrinter(c.Output, io)
	return p.fail(err)
}

// newSession makes the session of a parsed command line. Where a flag, the environment or the configuration file names an
// address, the token kept for that very address is used; else both come from the last login. A token that was given wins.
func newSession(parsed *kong.Context, commands *clientCommands, io streams, file loginFile) (*session, error) {
	s := &session{
		printer: newPrinter(commands.Output, io),
		in:      io.in, address: commands.Client.URL, given: commands.Client.Token, logins: file,
		now: time.Now,
	}
	kept, err := file.read()
	if err != nil {
		return nil, err
	}
	if !addressGiven(parsed) && kept.Current != "" {
		s.address = kept.Current
	}
	token := s.given
	if token == "" {
		token = kept.Tokens[plainAddress(s.address)]
	}
	s.service = client.New(s.address, token, client.Options{Agent: "holdfast-cli"})
	return s, nil
}

// usersLogins is where logins of this person are kept: nowhere for who has no home.
func usersLogins() loginFile {
	folder, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return loginFile(filepath.Join(folder, "holdfast", "login.json"))
}

// addressGiven reports whether the address is somebody's choice and not the default.
func addressGiven(parsed *kong.Context) bool {
	for _, setting := range config.InForce(parsed) {
		if setting.Name == "url" {
			return setting.Source != "default"
		}
	}
	return false
}
