package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-itsm/holdfast/app"
)

// demoPasswordFile holds the one password of all people of the demo.
const demoPasswordFile = "demo-password"

// demoPassword gives the people of the demo a password that is made here and known to this installation alone.
func (c *upCommand) demoPassword(ctx context.Context, service *app.App) error {
	path := filepath.Join(c.Data, demoPasswordFile)
	if _, err := os.Stat(path); err == nil {
		return nil // of the start that was interrupted after it
	}
	people, err := readDemoPeople()
	if err != nil {
		return err
	}
	password := "demo-" + strings.ToLower(rand.Text())
	group, within := errgroup.WithContext(system(ctx))
	group.SetLimit(runtime.GOMAXPROCS(0)) // a password is made slowly, on purpose
	for _, person := range people {
		group.Go(func() error {
			if err := service.SetPassword(within, person.Handle, password); err != nil {
				return fmt.Errorf("set up the password of %s: %w", person.Handle, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return writeWhole(path, []byte(password+"\n"))
}

// demoWord tells where the demo's password is, where there is a demo.
func (c *upCommand) demoWord() string {
	path := filepath.Join(c.Data, demoPasswordFile)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return fmt.Sprintf("                        or as somebody of the demo, such as ana or rita, with the password in %s\n", path)
}
