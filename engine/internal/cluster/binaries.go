package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// OldestMajor is the oldest major version of PostgreSQL that Holdfast and Temporal are tested with.
const OldestMajor = 14

// Binaries is a folder with PostgreSQL's server programs.
type Binaries struct {
	Folder string
	Major  int
}

// versioned are the folders where distributions put the programs of each major version.
var versioned = []string{
	"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
	"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
}

// FindBinaries looks for initdb and postgres: in named alone where it is not empty; otherwise on the PATH, then in the
// distributions' versioned folders, newest first. A wanted major version other than 0 passes the others over.
func FindBinaries(named string, wanted int) (Binaries, error) {
	folders := []string{named}
	if named == "" {
		folders = candidates()
	}
	var seen []string
	for _, folder := range folders {
		found, err := look(folder)
		switch {
		case err != nil && named != "":
			return Binaries{}, err
		case err != nil:
			continue
		case found.Major < OldestMajor || wanted != 0 && found.Major != wanted:
			seen = append(seen, strconv.Itoa(found.Major))
			continue
		}
		return found, nil
	}
	return Binaries{}, missing(wanted, seen)
}

func missing(wanted int, seen []string) error {
	have := "none is here"
	if len(seen) > 0 {
		slices.Sort(seen)
		have = "here is " + strings.Join(slices.Compact(seen), ", ")
	}
	if wanted != 0 && wanted < OldestMajor {
		return fmt.Errorf("the data folder was made by PostgreSQL %d, which is older than the oldest that works here, %d; nothing "+
			"was changed", wanted, OldestMajor)
	}
	if wanted != 0 {
		return fmt.Errorf("the data folder was made by PostgreSQL %d and needs its programs; %s; nothing was changed", wanted, have)
	}
	return fmt.Errorf("PostgreSQL's server programs (initdb and postgres, version %d or newer) are needed; %s: install them, "+
		"or name their folder with --postgres-bin", OldestMajor, have)
}

func candidates() []string {
	var folders []string
	if path, err := exec.LookPath("postgres"); err == nil {
		// The programs beside the real file belong together; a link on the PATH may stand alone.
		if real, err := filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(real))
		}
		folders = append(folders, filepath.Dir(path))
	}
	var found []Binaries
	for _, pattern := range versioned {
		matches, _ := filepath.Glob(pattern) // the patterns are constants: no error is possible
		for _, folder := range matches {
			if b, err := look(folder); err == nil {
				found = append(found, b)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Binaries) int { return cmp.Compare(b.Major, a.Major) })
	for _, b := range found {
		folders = append(folders, b.Folder)
	}
	return folders
}

var majorOf = regexp.MustCompile(`(\d+)`)

func look(folder string) (Binaries, error) {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(folder, program)); err != nil {
			return Binaries{}, fmt.Errorf("there is no %s in %s", program, folder)
		}
	}
	text, err := exec.Command(filepath.Join(folder, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("ask %s for its version: %w", folder, err)
	}
	major, err := strconv.Atoi(majorOf.FindString(string(text)))
	if err != nil {
		return Binaries{}, fmt.Errorf("%s says no version: %q", folder, text)
	}
	return Binaries{Folder: folder, Major: major}, nil
}

// madeBy reads the major version of an existing cluster; 0 where there is none.
func madeBy(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of the database's folder: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s holds no PostgreSQL cluster that can be read", data)
	}
	return major, nil
}

// locales in which text sorts by code point and letters have upper and lower forms beyond ASCII.
func locale() string {
	if runtime.GOOS == "linux" {
		return "C.UTF-8"
	}
	return "en_US.UTF-8"
}
