package cluster

import (
	"os/exec"
	"syscall"
)

// tie has the kernel signal a program when the engine dies, however that happens.
func tie(command *exec.Cmd, onDeath syscall.Signal) { command.SysProcAttr.Pdeathsig = onDeath }

// watch is for systems whose kernel does not do that.
func watch(int, syscall.Signal) (unwatch func()) { return func() {} }
