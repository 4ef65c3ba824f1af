//go:build unix

package main

import "syscall"

// ownGroup starts a process in a group of its own, so that an interrupt from
// the terminal reaches only the parent, which then winds both down in order.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
