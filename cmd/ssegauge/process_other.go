//go:build !unix

package main

import "syscall"

// ownGroup has nothing to set on this system.
func ownGroup() *syscall.SysProcAttr { return nil }
