package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/holdfast-itsm/holdfast/app"
	"github.com/holdfast-itsm/holdfast/domain"
	"github.com/holdfast-itsm/holdfast/domain/change"
	"github.com/holdfast-itsm/holdfast/server/client"
)

// changeRun carries a standard change out in one call, for pipelines.
type changeRun struct {
	Model              string        `required:"" placeholder:"NAME" help:"The standard model that it follows."`
	Title              string        `help:"What is changed, in one line; left out: the model's."`
	Description        string        `placeholder:"TEXT" help:"More about it, such as the pipeline's address."`
	Service            string        `short:"s" help:"The service that it is about most; left out: the model's."`
	ConfigurationItems []string      `name:"configuration-item" aliases:"ci" placeholder:"CI" help:"A configuration item that is touched; left out: the model's."`
	Within             time.Duration `default:"1h" placeholder:"TIME" help:"How long the window is, from now."`
	Lines              int           `default:"20" placeholder:"N" help:"How many of the last lines of output the change keeps; 0: none."`
	Wait               time.Duration `default:"2m" placeholder:"TIME" help:"How long to try to reach Holdfast before a step is given up."`
	Command            []string      `arg:"" help:"What to run, after --."`
}

// Run registers, starts, runs and completes. It ends with the exit code of the command; with 1 where the change was refused, and the
// command was not run.
func (c *changeRun) Run(ctx context.Context, s *session) error {
	if c.Within < time.Minute || c.Lines < 0 {
		return misusef("--within takes at least 1m, --lines at least 0")
	}
	program, err := exec.LookPath(c.Command[0])
	if err != nil {
		return misusef("%s cannot be run, and no change was registered: %w", c.Command[0], err)
	}
	number, tasks, err := c.begin(ctx, s)
	if err != nil {
		return err
	}
	code, output, err := c.command(ctx, s, program, number)
	if err != nil {
		output = strings.TrimSpace(output + "\n" + err.Error())
	}
	// The change is told how it went also after an interrupt.
	if err := c.end(context.WithoutCancel(ctx), s, number, tasks, code, output); err != nil {
		if err := s.hint("%s could not be completed: complete it by holdfast change complete %s, once this is mended: %v", number, number, err); err != nil {
			return err
		}
		if code == exitDone {
			code = exitFailed
		}
	}
	if code == exitDone {
		return nil
	}
	return silent{code}
}

// beforeNow is where the window begins: the clocks of two machines are never quite the same.
const beforeNow = time.Minute

// begin registers and starts the change; one that may not start is canceled, and says why.
func (c *changeRun) begin(ctx context.Context, s *session) (number string, tasks []change.Task, err error) {
	from := s.now().UTC().Truncate(time.Millisecond)
	to := from.Add(c.Within)
	from = from.Add(-beforeNow)
	made, err := c.insist(ctx, s, "", "from_model", change.FromModel{
		Model: c.Model, Title: c.Title, Description: c.Description, Service: c.Service, ConfigurationItems: c.ConfigurationItems,
		WindowFrom: &from, WindowTo: &to,
	})
	if err != nil {
		return "", nil, err
	}
	if made.Type != change.Standard {
		c.giveUp(ctx, s, made, "the model is not a standard one")
		return "", nil, domain.Errorf(domain.CodeInvalid, "the model %s is of type %s: only standard changes are carried out without a vote", c.Model, made.Type)
	}
	if err := s.hint("%s registered by the model %s", made.Number, c.Model); err != nil {
		return "", nil, err
	}
	started, err := c.insist(ctx, s, made.ID, "start", change.Timed{})
	if err != nil {
		c.giveUp(context.WithoutCancel(ctx), s, made, "it could not be started by its pipeline")
		if against := conflictsText(made); made.State != change.Scheduled && against != "" {
			return "", nil, domain.Errorf(domain.CodeConflict, "%s may not start:\n%s", made.Number, against)
		}
		return "", nil, err
	}
	return started.Number, started.Tasks, s.hint("%s started", started.Number)
}

// giveUp cancels a change that is not begun. Why it was not begun is what counts; a failure to cancel is told beside it.
func (c *changeRun) giveUp(ctx context.Context, s *session, made app.ChangeView, why string) {
	if _, err := c.insist(ctx, s, made.ID, "cancel", change.Because{Reason: why}); err != nil {
		fmt.Fprintf(s.err, "%s was not started, and could not be canceled: %v\n", made.Number, err)
	}
}

// command runs what was asked for. Its output goes where ours does, and the end of it is kept.
func (c *changeRun) command(ctx context.Context, s *session, program, number string) (int, string, error) {
	kept := &lastLines{lines: c.Lines}
	command := exec.CommandContext(ctx, program, c.Command[1:]...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Env = append(os.Environ(), "HOLDFAST_CHANGE="+number)
	command.Stdin, command.Stdout, command.Stderr = s.in, io.MultiWriter(s.out, kept), io.MultiWriter(s.err, kept)
	err := command.Run()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return exitDone, kept.text(), nil
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		return ended.ExitCode(), kept.text(), nil
	}
	return exitFailed, kept.text(), err // it could not be run, or a signal ended it
}

// end completes the change by how the command ended.
func (c *changeRun) end(ctx context.Context, s *session, number string, tasks []change.Task, code int, output string) error {
	outcome, notes := change.Successful, fmt.Sprintf("%s ended with exit code %d", safe(c.Command[0]), code)
	if code != exitDone {
		outcome = change.Failed
	}
	if output != "" {
		notes += ":\n" + output
	}
	if outcome == change.Successful {
		if err := c.tasks(ctx, s, number, tasks); err != nil {
			return err
		}
	}
	if _, err := c.insist(ctx, s, number, "complete", change.Complete{Outcome: outcome, Notes: notes}); err != nil {
		return err
	}
	return s.hint("%s completed: %s", number, outcome)
}

// tasks are done by the command: each is told so once those before it are.
func (c *changeRun) tasks(ctx context.Context, s *session, number string, tasks []change.Task) error {
	done := map[string]bool{}
	for range tasks {
		for _, task := range tasks {
			ready := !done[task.ID] && task.State != change.TaskDone
			for _, before := range task.After {
				ready = ready && done[before]
			}
			if !ready {
				continue
			}
			if _, err := c.insist(ctx, s, number, "complete_task", change.OfTask{Task: task.ID}); err != nil {
				return err
			}
			done[task.ID] = true
		}
	}
	return nil
}

// insist gives a command until it is decided: under one key it is given once, however often it is sent.
func (c *changeRun) insist(ctx context.Context, s *session, record, verb string, body any) (app.ChangeView, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return app.ChangeView{}, fmt.Errorf("encoding %s: %w", verb, err)
	}
	request := app.Request{Practice: change.Practice, Verb: verb, Record: record, Key: uuid.NewString(), Body: text}
	patience, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	for {
		reply, err := s.service.Execute(patience, request)
		switch {
		case err == nil && reply.Change != nil:
			return *reply.Change, nil
		case err != nil && !client.Unreachable(err) && domain.CodeOf(err) != domain.CodeUnavailable:
			return app.ChangeView{}, err
		}
		select {
		case <-patience.Done():
			if err == nil {
				err = domain.Errorf(domain.CodeUnavailable, "%s was not decided in time; holdfast command show %s tells what became of it", verb, reply.CommandID)
			}
			return app.ChangeView{}, err
		case <-time.After(time.Second):
		}
	}
}

// maxKept bounds what is kept of output, with room for the words before it.
const maxKept = domain.MaxReasonBytes - 300

// lastLines keeps the end of what is written to it.
type lastLines struct {
	lines int
	mu    sync.Mutex // a command writes its output and its errors side by side
	end   []byte
}

// Write keeps what may still be needed.
func (l *lastLines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = append(l.end, text...)
	if len(l.end) > 2*maxKept {
		l.end = append([]byte{}, l.end[len(l.end)-maxKept:]...)
	}
	return len(text), nil
}

// text is the end, in whole lines where it can be.
func (l *lastLines) text() string {
	words := strings.Trim(safe(strings.ToValidUTF8(string(l.end), "")), "\n")
	if len(words) > maxKept {
		words = strings.ToValidUTF8(words[len(words)-maxKept:], "")
		if _, whole, more := strings.Cut(words, "\n"); more {
			words = whole
		}
	}
	lines := strings.Split(words, "\n")
	return strings.Join(lines[max(0, len(lines)-l.lines):], "\n")
}
