//go:build !linux

package cluster

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

func tie(*exec.Cmd, syscall.Signal) {}

// watch leaves a shell that waits for the engine's end of a pipe to close, and then signals the program. What it returns ends
// the shell, for when the program has ended. Should it not start, the next engine on the folder ends what was left.
func watch(pid int, onDeath syscall.Signal) (unwatch func()) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return func() {}
	}
	defer reader.Close()
	watcher := exec.Command("/bin/sh", "-c", `read -r x; kill -"$2" "$1"`, "watch", strconv.Itoa(pid), strconv.Itoa(int(onDeath)))
	watcher.Stdin = reader
	watcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if watcher.Start() != nil {
		writer.Close()
		return func() {}
	}
	return func() {
		_ = watcher.Process.Kill() // before its pipe closes, or it would signal a number that may be somebody else's by now
		_ = watcher.Wait()
		writer.Close()
	}
}
