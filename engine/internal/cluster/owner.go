package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// owner is the user that PostgreSQL runs as. It refuses to run as root, so root runs it as somebody else.
type owner struct {
	uid, gid int
	name     string
	other    bool // not the user of this process
}

// ownerOf says who runs a cluster: this process's user; for root the owner of an existing cluster, else the system's
// postgres user, else nobody.
func ownerOf(data string) (owner, error) {
	if os.Geteuid() != 0 {
		return owner{uid: os.Geteuid(), gid: os.Getegid(), name: "you"}, nil
	}
	info, err := os.Stat(data)
	if err == nil {
		stat, ok := info.Sys().(*syscall.Stat_t)
		if ok && stat.Uid != 0 {
			return owner{uid: int(stat.Uid), gid: int(stat.Gid), name: nameOf(stat.Uid), other: true}, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return owner{}, fmt.Errorf("look at the database's folder: %w", err)
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(found.Uid)
		gid, gidErr := strconv.Atoi(found.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return owner{uid: uid, gid: gid, name: name, other: true}, nil
		}
	}
	return owner{}, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as")
}

func nameOf(uid uint32) string {
	if found, err := user.LookupId(strconv.Itoa(int(uid))); err == nil {
		return found.Username
	}
	return "user " + strconv.Itoa(int(uid))
}

// mayEnter checks that the owner can reach a folder: somebody else's home folder is often closed.
func (o owner) mayEnter(folder string) error {
	if !o.other {
		return nil
	}
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return fmt.Errorf("look at the data folder: %w", err)
	}
	for at := folder; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return fmt.Errorf("look at %s: %w", at, err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil
		}
		need := fs.FileMode(0o001)
		switch {
		case int(stat.Uid) == o.uid:
			need = 0o100
		case int(stat.Gid) == o.gid:
			need = 0o010
		}
		if info.Mode().Perm()&need == 0 {
			return fmt.Errorf("PostgreSQL runs as the user %s, who may not enter %s: choose a data folder elsewhere with --data, "+
				"or start as an ordinary user", o.name, at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// give makes a file or folder the owner's.
func (o owner) give(path string) error {
	if !o.other {
		return nil
	}
	if err := os.Chown(path, o.uid, o.gid); err != nil {
		return fmt.Errorf("give %s to the user %s: %w", path, o.name, err)
	}
	return nil
}

// attributes start a program as the owner, in a group of its own so that Ctrl-C at a terminal reaches the engine alone,
// which then stops its parts in order.
func (o owner) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if o.other {
		attributes.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.gid)}
	}
	return attributes
}
