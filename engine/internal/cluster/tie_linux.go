package cluster

import (
	"os/exec"
	"syscall"
)

// tie has the kernel stop PostgreSQL when the engine dies, however that happens.
func tie(command *exec.Cmd) { command.SysProcAttr.Pdeathsig = syscall.SIGINT }

func watch(int) {}
