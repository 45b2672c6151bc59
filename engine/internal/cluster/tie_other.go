//go:build !linux

package cluster

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

func tie(*exec.Cmd) {}

// watch leaves a shell that waits for the engine's end of a pipe to close, and then stops PostgreSQL. It ends by itself when
// PostgreSQL does not run any more. Should it not start, the next engine on the folder ends what was left.
func watch(pid int) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return
	}
	const script = `while kill -0 "$1" 2>/dev/null; do if ! read -r -t 1 x; then if [ $? -le 1 ]; then kill -INT "$1"; exit; fi; fi; done`
	watcher := exec.Command("/bin/bash", "-c", script, "watch", strconv.Itoa(pid))
	watcher.Stdin = reader
	watcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if watcher.Start() == nil {
		go func() { _ = watcher.Wait(); writer.Close() }()
	}
	reader.Close()
}
