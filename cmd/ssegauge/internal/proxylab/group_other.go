//go:build !unix

package proxylab

import (
	"os"
	"syscall"
)

// ownGroup has nothing to set on this system.
func ownGroup() *syscall.SysProcAttr { return nil }

func unprivileged(string) (*syscall.SysProcAttr, error) { return nil, nil }

// endGroup ends the process; there are no process groups here.
func endGroup(group int, ended <-chan struct{}) {
	killGroup(group)
	<-ended
}

func killGroup(group int) {
	if p, err := os.FindProcess(group); err == nil {
		_ = p.Kill()
	}
}
