package cluster

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a running program. done is closed when it has ended; err says how, after that.
type process struct {
	pid  int
	done chan struct{}
	err  error
}

// run starts a program and waits for it on a thread of its own: Linux ties the signal on a parent's death to the thread
// that started the child. The signal is what the child gets when the engine dies.
func run(command *exec.Cmd, onDeath syscall.Signal) (*process, error) {
	p := &process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		tie(command, onDeath)
		err := command.Start()
		if err != nil {
			started <- err
			return
		}
		p.pid = command.Process.Pid
		unwatch := watch(p.pid, onDeath)
		started <- nil
		p.err = command.Wait()
		unwatch()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// end asks PostgreSQL to stop: fast (clients are disconnected), then at once (recovery at the next start), then not at all.
func (p *process) end(patience time.Duration) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		select {
		case <-p.done:
			return
		default:
		}
		_ = syscall.Kill(p.pid, signal) // it may have ended in between
		select {
		case <-p.done:
			return
		case <-time.After(patience):
		}
	}
}
