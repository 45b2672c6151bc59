package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-itsm/holdfast/app"
)

// demoPasswordFile holds the one password of all people of the demo.
const demoPasswordFile = "demo-password"

// demoPassword gives the people of the demo a password that is made here and known to this installation alone.
func (c *upCommand) demoPassword(ctx context.Context, service *app.App) error {
	password := "demo-" + strings.ToLower(rand.Text())
	for _, person := range demoPeople {
		if err := service.SetPassword(system(ctx), person.handle, password); err != nil {
			return fmt.Errorf("set up the password of %s: %w", person.handle, err)
		}
	}
	return writeWhole(filepath.Join(c.Data, demoPasswordFile), []byte(password+"\n"))
}

// demoWord tells where the demo's password is, where there is a demo.
func (c *upCommand) demoWord() string {
	path := filepath.Join(c.Data, demoPasswordFile)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return fmt.Sprintf("                        or as somebody of the demo, such as ana or rita, with the password in %s\n", path)
}
