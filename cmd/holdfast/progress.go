package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress says how far a long work is: by a bar on a terminal, elsewhere by a line now and then.
type progress struct {
	bar *progressbar.ProgressBar // nil: lines

	mu    sync.Mutex
	lines io.Writer
	doing string
	unit  unit
	total int64
	done  int64
	due   time.Time // of the next line
}

// unit is what a work is measured in.
type unit string

const (
	bytesUnit     unit = "MB"
	incidentsUnit unit = "incidents"
	stepsUnit     unit = "steps"
)

// linePause is how often a line is written where there is no terminal; a work that is done sooner needs none.
const linePause = 2 * time.Second

// progress begins to tell of a work of so many units, what it is doing in the form "importing". Quiet, it says nothing.
func (p *printer) progress(doing string, total int64, in unit) *progress {
	if p.Quiet {
		return newProgress(io.Discard, doing, total, in)
	}
	return newProgress(p.err, doing, total, in)
}

func newProgress(w io.Writer, doing string, total int64, in unit) *progress {
	p := &progress{lines: w, doing: doing, unit: in, total: total, due: time.Now().Add(linePause)}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return p
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(doing), progressbar.OptionSetWidth(40),
		progressbar.OptionThrottle(100 * time.Millisecond), progressbar.OptionClearOnFinish(),
	}
	if in != bytesUnit {
		options = append(options, progressbar.OptionShowCount())
	}
	p.bar = progressbar.NewOptions64(total, options...)
	return p
}

// add counts units that are done.
func (p *progress) add(n int64) {
	if p.bar != nil {
		_ = p.bar.Add64(n) // a bar that cannot be drawn is no reason to fail
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if now := time.Now(); now.After(p.due) {
		p.due = now.Add(linePause)
		fmt.Fprintln(p.lines, p.line())
	}
}

// line is as far as the work is now: "importing: 1.3 of 2.4 MB (54 %)".
func (p *progress) line() string {
	done, total := fmt.Sprint(p.done), fmt.Sprint(p.total)
	if p.unit == bytesUnit {
		done, total = fmt.Sprintf("%.1f", float64(p.done)/1e6), fmt.Sprintf("%.1f", float64(p.total)/1e6)
	}
	return fmt.Sprintf("%s: %s of %s %s (%d %%)", p.doing, done, total, p.unit, 100*p.done/max(p.total, 1))
}

// Write counts the bytes of what is read through it.
func (p *progress) Write(read []byte) (int, error) {
	p.add(int64(len(read)))
	return len(read), nil
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
