package kit

import "syscall"

// tie lets the kernel kill a program when the thread that started it ends: at the latest with the test's own process, which
// may be killed before it can clean up.
func tie(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
