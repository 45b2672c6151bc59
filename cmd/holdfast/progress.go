package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows on a terminal how much of a file has been read. Elsewhere it is silent.
type progress struct {
	bar *progressbar.ProgressBar // nil: silent
}

// newProgress measures by the file's own bytes, packed or not.
func newProgress(w io.Writer, file *os.File) (*progress, error) {
	terminal, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return &progress{}, nil
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return &progress{bar: progressbar.NewOptions64(info.Size(),
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("importing"), progressbar.OptionShowBytes(true),
		progressbar.OptionSetWidth(40), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
	)}, nil
}

// reading counts what is read from the file.
func (p *progress) reading(file *os.File) io.Reader {
	if p.bar == nil {
		return file
	}
	return io.TeeReader(file, p.bar)
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish() // a bar that cannot be drawn is no reason to fail
	}
}
